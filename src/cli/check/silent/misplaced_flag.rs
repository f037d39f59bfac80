//! A flag that stands behind other words, or with one dash, and is taken for something else.

use super::super::fix::{Edit, Fix, Safety};
use super::{Found, part, warning};
use crate::instruction::{CommandLine, Instruction, Transfer};
use crate::text::{SourceFile, Span};

/// Finds flags among the paths.
pub(super) fn among_paths(source: &SourceFile, instruction: &Instruction, transfer: &Transfer) -> Vec<Found> {
    const FLAGS: [&str; 9] =
        ["checksum", "chmod", "chown", "exclude", "from", "keep-git-dir", "link", "parents", "unpack"];
    let words = transfer.sources.iter().chain([&transfer.destination]);
    let words = words.filter(|word| is_flag(&word.text, &FLAGS));
    words.map(|word| flag(source, instruction, word.span, "is taken for a file")).collect()
}

/// Finds a RUN whose command is a flag.
pub(super) fn as_command(
    source: &SourceFile,
    instruction: &Instruction,
    command: &CommandLine,
) -> Option<Found> {
    const FLAGS: [&str; 4] = ["device", "mount", "network", "security"];
    let first = command.words.first()?;
    let word = first.value.split_whitespace().next()?;
    let is_whole = source.slice(first.span).starts_with(word);
    let span = part(first.span.start, 0, word.len());
    let is_found = command.is_shell && is_flag(word, &FLAGS) && is_whole;
    is_found.then(|| flag(source, instruction, span, "is taken for a command"))
}

fn is_flag(word: &str, flags: &[&str]) -> bool {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    let name = name.map(|name| name.split_once('=').map_or(name, |(name, _)| name));
    name.is_some_and(|name| flags.contains(&name))
}

fn flag(source: &SourceFile, instruction: &Instruction, span: Span, fate: &str) -> Found {
    let written = source.slice(span);
    let name = written.split('=').next().unwrap_or(written);
    let found = |message: String| warning("misplaced-flag", message, span, instruction);
    if !written.starts_with("--") {
        let message = format!("`{name}` {fate}: flags begin with two dashes");
        let fix = Fix::suggested(format!("write `-{name}`"), Span::new(span.start, span.start), "-");
        return (found(message).hint(format!("write `-{name}`")), Some(fix));
    }
    let keyword = instruction.head.keyword.span;
    let between = source.slice(Span::new(keyword.end, span.start));
    let blanks = between.len() - between.trim_end().len();
    let fix = (!between.contains('\n')).then(|| Fix {
        title: "move it to the front".to_owned(),
        edits: vec![
            Edit { span: Span::new(keyword.end, keyword.end), text: format!(" {written}") },
            Edit { span: Span::new(span.start - blanks as u32, span.end), text: String::new() },
        ],
        safety: Safety::Suggested,
    });
    let message = format!("`{name}` {fate}: flags stand in front of all other words");
    (found(message).hint(format!("move it right behind {}", instruction.kind.keyword())), fix)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn flags_that_are_none() {
        check("FROM a\nCOPY -from=b c d\n", &["misplaced-flag: -from=b"]);
        check("FROM a\nCOPY c --from=b d\n", &["misplaced-flag: --from=b"]);
        check("FROM a\nADD c d --chown=e\n", &["misplaced-flag: --chown=e"]);
        check(
            "FROM a\nRUN -mount=type=tmpfs,target=/b c\n",
            &["misplaced-flag: -mount=type=tmpfs,target=/b"],
        );
        check("FROM a\nCOPY -f b\nRUN -from\nRUN x --mount=y\n", &[]);
    }
}

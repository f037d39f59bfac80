//! Mistakes that no build tells of, since what is written means something else: a flag taken for a file, an instruction
//! taken for a part of the one above, a comment taken for arguments.
//!
//! In: a typed file. Out: warnings, each with a fix where one is at hand. All are about what is written, so each is sure.

use super::fix::{Edit, Fix, Safety};
use super::mend;
use crate::instruction::{CommandLine, File, Instruction, Kind, StageDecl, Transfer, Word};
use crate::lint;
use crate::stage::SCRATCH;
use crate::suggest::{self, Case};
use crate::syntax::{Keyword, NotJson};
use crate::text::{Diagnostic, SourceFile, Span};
use std::collections::HashMap;

/// A warning, and how to mend what it is about.
type Found = (Diagnostic, Option<Fix>);

/// Returns all such mistakes of a file.
pub(super) fn all(source: &SourceFile, file: &File) -> Vec<Found> {
    let mut found = unknown_rules(source, file);
    for instruction in &file.global_args {
        found.extend(comment(source, file.escape, instruction));
    }
    found.extend(run_in_scratch(source, &file.stages));
    for stage in &file.stages {
        for instruction in &stage.instructions {
            found.extend(swallowed(source, file.escape, instruction));
            found.extend(comment(source, file.escape, instruction));
            match &instruction.kind {
                Kind::Copy(copy) => {
                    found.extend(transfer(source, instruction, &copy.transfer, copy.from.is_none()));
                }
                Kind::Add(add) => found.extend(transfer(source, instruction, &add.transfer, true)),
                Kind::Volume(volume) => found.extend(path_in_brackets(source, instruction, &volume.paths)),
                Kind::Run(run) => found.extend(command(source, instruction, &run.command)),
                Kind::Onbuild(onbuild) => found.extend(trigger(instruction, &onbuild.keyword)),
                _ => {}
            }
        }
    }
    found
}

fn warning(code: &'static str, message: impl Into<String>, span: Span, within: &Instruction) -> Diagnostic {
    Diagnostic::warning(code, message, span).within(within.head.span)
}

/// Finds an instruction on a line that belongs to the one above, since that ends with a backslash.
fn swallowed(source: &SourceFile, escape: char, instruction: &Instruction) -> Option<Found> {
    let head = &instruction.head;
    let text = source.slice(head.lines_span);
    // What makes the line above go on, and that with the blanks in front of it.
    let mut above: Option<(Span, Span)> = None;
    let mut is_quoted = [false; 2];
    let mut start = head.lines_span.start;
    for line in text.split_inclusive('\n') {
        let word = line.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
        let is_keyword = Keyword::of(word).is_some_and(|keyword| keyword.as_str() == word);
        // A text in quotes may hold anything.
        let is_found = is_keyword && line.trim_end().len() > word.len() && is_quoted == [false; 2];
        if let Some((above, behind)) = above.filter(|_| is_found) {
            let keyword = instruction.kind.keyword();
            let message = format!("`{word}` is a part of the {keyword} above, which goes on over this line");
            let found = warning("swallowed-instruction", message, part(start, 0, word.len()), instruction)
                .label(above, "goes on below")
                .hint(format!("take the `{}` away where the {keyword} should end", source.slice(above)));
            let fix = Fix::suggested(format!("end the {keyword} above"), behind, "");
            return Some((found, Some(fix)));
        }
        for (is_open, mark) in is_quoted.iter_mut().zip(['"', '\'']) {
            *is_open ^= line.matches(mark).count() % 2 == 1;
        }
        let trimmed = line.trim();
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            let end = line.trim_end();
            let kept = end.strip_suffix(escape).unwrap_or(end).trim_end();
            let kept = ["&&", "||", ";"].iter().find_map(|it| kept.strip_suffix(it)).unwrap_or(kept);
            let kept = kept.trim_end();
            let gap = end[kept.len()..].len() - end[kept.len()..].trim_start().len();
            let behind = part(start, kept.len(), end.len() - kept.len());
            above = Some((Span::new(behind.start + gap as u32, behind.end), behind));
        }
        start += line.len() as u32;
    }
    None
}

/// Finds what is meant as a comment behind arguments, where a `#` is a character like others.
fn comment(source: &SourceFile, escape: char, instruction: &Instruction) -> Option<Found> {
    // A shell has comments of its own.
    if matches!(
        instruction.kind,
        Kind::Run(_)
            | Kind::Cmd(_)
            | Kind::Entrypoint(_)
            | Kind::Healthcheck(_)
            | Kind::Onbuild(_)
            | Kind::Maintainer(_)
    ) {
        return None;
    }
    let text = source.slice(instruction.head.lines_span).trim_end();
    if text.contains('\n') {
        return None;
    }
    let mut quote = None;
    let mut rest = text.char_indices().peekable();
    let mut previous = ' ';
    let mut start = None;
    while let Some((at, c)) = rest.next() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(mark), c) if c == mark => quote = None,
            (None, '#')
                if previous.is_whitespace()
                    && rest.peek().is_some_and(|(_, next)| matches!(next, ' ' | '\t' | '#')) =>
            {
                start = Some(at);
                break;
            }
            (_, c) if c == escape => drop(rest.next()),
            _ => {}
        }
        previous = c;
    }
    let start = start?;
    let span = part(instruction.head.lines_span.start, start, text.len() - start);
    let keyword = instruction.kind.keyword();
    let message = format!("`#` begins no comment here: {keyword} takes these words as its arguments");
    let found = warning("comment-as-argument", message, span, instruction)
        .hint("a comment stands on a line of its own");
    let line = text[start..].trim_end();
    let kept = text[..start].trim_end();
    let edits = vec![
        Edit {
            span: Span::new(instruction.head.lines_span.start, instruction.head.lines_span.start),
            text: format!("{line}\n"),
        },
        Edit {
            span: part(instruction.head.lines_span.start, kept.len(), text.len() - kept.len()),
            text: String::new(),
        },
    ];
    let fix = Fix { title: "put it above".to_owned(), edits, safety: Safety::Suggested };
    Some((found, Some(fix)))
}

/// Finds flags and JSON among the paths, and paths that lead out of the context.
fn transfer(
    source: &SourceFile,
    instruction: &Instruction,
    transfer: &Transfer,
    is_context: bool,
) -> Vec<Found> {
    const FLAGS: [&str; 9] =
        ["checksum", "chmod", "chown", "exclude", "from", "keep-git-dir", "link", "parents", "unpack"];
    let mut found: Vec<Found> =
        path_in_brackets(source, instruction, &transfer.sources).into_iter().collect();
    let words = transfer.sources.iter().chain([&transfer.destination]);
    for word in words {
        if is_flag(&word.text, &FLAGS) {
            found.push(flag(source, instruction, word.span, "is taken for a file"));
        }
    }
    for word in transfer.sources.iter().filter(|_| is_context) {
        if let Some(inside) = outside(&word.text) {
            let message =
                format!("nothing outside of the build context can be copied: this means {inside} in it");
            let found_here = warning("outside-context", message, word.span, instruction).hint(
                "build with a folder further up as the context (`docker build -f app/Dockerfile ..`), or hand \
                 the other one in with `--build-context NAME=FOLDER` and write `--from=NAME`",
            );
            found.push((found_here, None));
        }
    }
    found
}

/// Returns what a path means that leads out of the context; nothing if it stays in it.
fn outside(path: &str) -> Option<String> {
    if !path.starts_with("..") || path.contains(['$', ':', '\\']) {
        return None;
    }
    let mut rest = path;
    while let Some(next) =
        rest.strip_prefix("../").or_else(|| rest.strip_prefix("..").filter(|it| it.is_empty()))
    {
        rest = next.trim_start_matches('/');
    }
    match rest {
        "" => Some("all".to_owned()),
        rest if rest.starts_with("..") => None,
        rest => Some(format!("`{rest}`")),
    }
}

fn is_flag(word: &str, flags: &[&str]) -> bool {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    let name = name.map(|name| name.split_once('=').map_or(name, |(name, _)| name));
    name.is_some_and(|name| flags.contains(&name))
}

/// Says of a word that it should have been a flag.
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

/// Finds a RUN whose command is a flag, or nearly JSON.
fn command(source: &SourceFile, instruction: &Instruction, command: &CommandLine) -> Option<Found> {
    const FLAGS: [&str; 4] = ["device", "mount", "network", "security"];
    let first = command.words.first()?;
    let word = first.value.split_whitespace().next()?;
    if command.is_shell && is_flag(word, &FLAGS) {
        let span = part(first.span.start, 0, word.len());
        let is_whole = source.slice(first.span).starts_with(word);
        return is_whole.then(|| flag(source, instruction, span, "is taken for a command"));
    }
    let (reason, fix) = nearly_json(source, command)?;
    let message = "this begins like a JSON array but is none, so a shell gets it as it is";
    let found = warning("not-json", message, command.span, instruction)
        .label(reason.span, reason.reason)
        .hint("a JSON array holds strings in double quotes with commas between");
    Some((found, fix))
}

/// Returns why a command is no JSON, if it looks as if it were meant to be, and how to make it so.
pub(super) fn nearly_json<'a>(
    source: &SourceFile,
    command: &'a CommandLine,
) -> Option<(&'a NotJson, Option<Fix>)> {
    let reason = command.not_json.as_ref()?;
    let inner = source.slice(command.span).strip_prefix('[')?;
    // `[ -f x ] && y` is a command.
    let is_meant = inner.starts_with(['"', '\''])
        || (inner.trim_start().starts_with(['"', '\''])
            && inner.contains(',')
            && inner.trim_end().ends_with(']'));
    is_meant.then(|| (reason, mend::json_quotes(source, command.span)))
}

/// Finds a path that was meant to begin a JSON array.
fn path_in_brackets(source: &SourceFile, instruction: &Instruction, paths: &[Word]) -> Option<Found> {
    let first = paths.first().filter(|path| path.text.starts_with("[\"") || path.text.starts_with("['"))?;
    let message = "this begins like a JSON array but is none, so it is taken for a path";
    let found = warning("not-json", message, first.span, instruction)
        .hint("a JSON array holds strings in double quotes with commas between, and ends with `]`");
    let end = source.base() + source.text().len() as u32;
    let whole = Span::new(first.span.start, instruction.head.lines_span.end.min(end));
    Some((found, mend::json_quotes(source, whole)))
}

/// Finds a trigger that no build can run.
fn trigger(instruction: &Instruction, keyword: &crate::text::Spanned<String>) -> Option<Found> {
    if Keyword::of(&keyword.value).is_some() {
        return None;
    }
    let names = Keyword::ALL.iter().map(|keyword| keyword.as_str());
    let nearest = suggest::nearest(&keyword.value, names, Case::Ignored);
    let mut message = format!("no instruction is called {}", keyword.value);
    if let Some(nearest) = &nearest {
        message.push_str(&format!(" (did you mean {nearest}?)"));
    }
    let found = warning("unknown-trigger", message, keyword.span, instruction)
        .hint("this build keeps it as it is; builds that start from its image fail at it");
    let fix = nearest.map(|nearest| Fix::suggested(format!("write `{nearest}`"), keyword.span, nearest));
    Some((found, fix))
}

/// Finds commands in images that hold no file.
fn run_in_scratch(source: &SourceFile, stages: &[StageDecl]) -> Vec<Found> {
    let makes_files =
        |it: &&Instruction| matches!(it.kind, Kind::Copy(_) | Kind::Add(_) | Kind::Run(_) | Kind::Onbuild(_));
    let mut empty: HashMap<&str, bool> = HashMap::new();
    let mut found = Vec::new();
    for stage in stages {
        // A base that was wrong is taken out, which leaves the name of the empty image, but not in the file.
        let starts_empty =
            source.slice(stage.base.span) == SCRATCH || empty.get(&*stage.base.text) == Some(&true);
        let first = stage.instructions.iter().find(makes_files);
        if let Some(name) = &stage.name {
            empty.insert(&name.text, starts_empty && first.is_none());
        }
        if let Some(first) = first.filter(|_| starts_empty)
            && let Kind::Run(run) = &first.kind
            && run.mounts.is_empty()
        {
            let message =
                "there is nothing to run this with: the stage starts empty, and nothing was copied into it";
            let warning = warning("run-in-scratch", message, first.head.keyword.span, first)
                .label(stage.base.span, "starts empty")
                .hint("start from an image with a shell, or run it in another stage and copy what it makes");
            found.push((warning, None));
        }
    }
    found
}

/// Finds names in the settings of checks that no rule has.
fn unknown_rules(source: &SourceFile, file: &File) -> Vec<Found> {
    let comments = file.stages.iter().flat_map(|stage| {
        stage.head.comments.iter().chain(stage.instructions.iter().flat_map(|it| &it.head.comments))
    });
    let comments =
        comments.filter(|comment| comment.value.trim_start().starts_with("check=")).map(|it| it.span);
    let directive = file.check.iter().map(|directive| directive.value_span);
    let mut found = Vec::new();
    for span in directive.chain(comments) {
        let written = source.slice(span);
        let lists = ["skip=", "experimental="].iter().flat_map(|key| written.match_indices(key));
        for (at, key) in lists {
            let mut at = at + key.len();
            let list = written[at..].split([' ', ';', '\n']).next().unwrap_or_default();
            for name in list.split(',') {
                let is_known = name == "all" || lint::all_rules().any(|rule| rule.name == name);
                if !name.is_empty() && !is_known {
                    let names = lint::all_rules().map(|rule| rule.name);
                    let nearest = match lint::rule(name) {
                        Some(rule) => Some(rule.name.to_owned()),
                        None => suggest::nearest(name, names, Case::Matters),
                    };
                    let mut message = format!("no rule is called `{name}`");
                    if let Some(nearest) = &nearest {
                        message.push_str(&format!(" (did you mean {nearest}?)"));
                    }
                    let place = part(span.start, at, name.len());
                    let warning = Diagnostic::warning("unknown-rule", message, place)
                        .hint("`multistage check --explain` lists all rules");
                    let fix = nearest.map(|it| Fix::suggested(format!("write `{it}`"), place, it));
                    found.push((warning, fix));
                }
                at += name.len() + 1;
            }
        }
    }
    found
}

fn part(start: u32, at: usize, length: usize) -> Span {
    let start = start + at as u32;
    Span::new(start, start + length as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruction::parse_file;
    use crate::syntax;
    use crate::text::SourceMap;

    /// Tells of each mistake its code and the text that is underlined, and makes sure that its fix removes it.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = |text: &str| {
            let sources = SourceMap::of("Dockerfile", text);
            let file = &sources.files()[0];
            let found = all(file, &parse_file(syntax::parse(file)));
            let told: Vec<String> =
                found.iter().map(|(it, _)| format!("{}: {}", it.code, file.slice(it.span))).collect();
            let edits = super::super::fix::merge(found.iter().filter_map(|(_, fix)| fix.as_ref()));
            (told, super::super::fix::apply(file, &edits), found.iter().all(|(_, fix)| fix.is_some()))
        };
        let (told, mended, is_mendable) = found(text);
        assert_eq!(told, expected);
        if is_mendable && !told.is_empty() {
            assert_eq!(found(&mended).0, [""; 0], "{mended}");
        }
    }

    #[test]
    fn instructions_within_instructions() {
        check("FROM a\nRUN x && \\\n  y && \\\nCMD [\"z\"]\n", &["swallowed-instruction: CMD"]);
        check("FROM a\nRUN x \\\n\n# why\nCOPY a b\n", &["swallowed-instruction: COPY"]);
        check("FROM a\nRUN x && \\\n  CMD y\nRUN echo \"\\\nFROM b\"\nRUN x \\\nENV=1 y\n", &[]);
        check("FROM a\nRUN <<E\nCOPY a b\nE\nRUN x \\\nrun y\n", &[]);
    }

    #[test]
    fn comments_within_instructions() {
        check("FROM a\nWORKDIR /a # b\n", &["comment-as-argument: # b"]);
        check(
            "ARG A=1 # b\nFROM a\nCOPY a b ## c\n",
            &["comment-as-argument: # b", "comment-as-argument: ## c"],
        );
        check("FROM a\nRUN a # b\nENV A \"x # y\"\nENV B #fff\nCOPY a#b c\nLABEL a='# b'\n", &[]);
    }

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

    #[test]
    fn paths_that_lead_out() {
        check("FROM a\nCOPY ../b /\nADD .. /\n", &["outside-context: ../b", "outside-context: .."]);
        check("FROM a\nCOPY --from=b ../c /\nCOPY a/../b /\nCOPY ..b /\nCOPY ../$c /\nADD ../...d /\n", &[]);
    }

    #[test]
    fn nearly_json() {
        check("FROM a\nRUN ['x', 'y']\n", &["not-json: ['x', 'y']"]);
        check("FROM a\nRUN [\"x\" \"y\"]\n", &["not-json: [\"x\" \"y\"]"]);
        check("FROM a\nVOLUME [\"/x\"\nCOPY ['a', 'b']\n", &["not-json: [\"/x\"", "not-json: ['a',"]);
        check("FROM a\nRUN [ \"$x\" = \"y\" ] && z\nRUN [ -f x ]\nCOPY [a-z]* b\nVOLUME [\"/x\"]\n", &[]);
    }

    #[test]
    fn other_mistakes() {
        check("FROM a\nONBUILD RUNN x\nONBUILD copy a b\n", &["unknown-trigger: RUNN"]);
        check("FROM scratch\nENV A=b\nRUN x\nRUN y\n", &["run-in-scratch: RUN"]);
        check("FROM scratch AS a\nCOPY x y\nFROM a\nRUN z\n", &[]);
        check("FROM scratch AS a\nFROM a\nRUN z\n", &["run-in-scratch: RUN"]);
        check("FROM scratch\nRUN --mount=from=a,target=/b /b/c\nFROM b\nRUN d\n", &[]);
        check(
            "# check=skip=FromAsCasin,all,StageNameCasing;error=true why\nFROM a\n# check=skip=undefinedVar\nRUN x\n",
            &["unknown-rule: FromAsCasin", "unknown-rule: undefinedVar"],
        );
    }
}

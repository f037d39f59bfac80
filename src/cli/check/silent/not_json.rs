//! What begins like a JSON array and is none.

use super::super::fix::Fix;
use super::super::mend;
use super::{Found, warning};
use crate::instruction::{CommandLine, Instruction, Word};
use crate::syntax::NotJson;
use crate::text::{SourceFile, Span};

/// Finds a RUN whose command is nearly JSON.
pub(super) fn command(
    source: &SourceFile,
    instruction: &Instruction,
    command: &CommandLine,
) -> Option<Found> {
    let (reason, fix) = nearly_json(source, command)?;
    let message = "this begins like a JSON array but is none, so a shell gets it as it is";
    let found = warning("not-json", message, command.span, instruction)
        .label(reason.span, reason.reason)
        .hint("a JSON array holds strings in double quotes with commas between");
    Some((found, fix))
}

/// Returns why a command is no JSON, if it looks as if it were meant to be, and how to make it so.
pub(in super::super) fn nearly_json<'a>(
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

pub(super) fn path(source: &SourceFile, instruction: &Instruction, paths: &[Word]) -> Option<Found> {
    let first = paths.first().filter(|path| path.text.starts_with("[\"") || path.text.starts_with("['"))?;
    let message = "this begins like a JSON array but is none, so it is taken for a path";
    let found = warning("not-json", message, first.span, instruction)
        .hint("a JSON array holds strings in double quotes with commas between, and ends with `]`");
    let end = source.base() + source.text().len() as u32;
    let whole = Span::new(first.span.start, instruction.head.lines_span.end.min(end));
    Some((found, mend::json_quotes(source, whole)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn what_begins_like_json() {
        check("FROM a\nRUN ['x', 'y']\n", &["not-json: ['x', 'y']"]);
        check("FROM a\nRUN [\"x\" \"y\"]\n", &["not-json: [\"x\" \"y\"]"]);
        check("FROM a\nVOLUME [\"/x\"\nCOPY ['a', 'b']\n", &["not-json: [\"/x\"", "not-json: ['a',"]);
        check("FROM a\nRUN [ \"$x\" = \"y\" ] && z\nRUN [ -f x ]\nCOPY [a-z]* b\nVOLUME [\"/x\"]\n", &[]);
    }
}

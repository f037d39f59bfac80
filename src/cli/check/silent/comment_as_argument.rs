//! What is meant as a comment behind arguments.

use super::super::fix::{Edit, Fix, Safety};
use super::{Found, part, warning};
use crate::instruction::{Instruction, Kind};
use crate::text::{SourceFile, Span};

pub(super) fn find(source: &SourceFile, escape: char, instruction: &Instruction) -> Option<Found> {
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

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn comments_within_instructions() {
        check("FROM a\nWORKDIR /a # b\n", &["comment-as-argument: # b"]);
        check(
            "ARG A=1 # b\nFROM a\nCOPY a b ## c\n",
            &["comment-as-argument: # b", "comment-as-argument: ## c"],
        );
        check("FROM a\nRUN a # b\nENV A \"x # y\"\nENV B #fff\nCOPY a#b c\nLABEL a='# b'\n", &[]);
    }
}

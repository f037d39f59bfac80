//! What to do about errors that do not say so themselves, and how to mend those that name the right word.

use super::advice::suggestion;
use super::fix::Fix;
use crate::text::{Diagnostic, SourceFile, Span};

/// Adds help to an error that has none.
pub(super) fn add(error: &mut Diagnostic) {
    if !error.hints.is_empty() || suggestion(&error.message).is_some() {
        return;
    }
    let help = match error.code {
        "missing-destination" => "name what to copy and, last, where to: `COPY app.tar /app/`",
        "missing-argument" => "say what the instruction is about, or remove it",
        "expansion" if error.message.contains("matching") => {
            "close the quote; a quote that is text stands behind a backslash: `\\\"`"
        }
        "expansion" if error.message.contains("substitution") => {
            "a dollar sign that is text stands behind a backslash: `\\$`"
        }
        "invalid-platform" | "empty-platform" => {
            "write `os/architecture` or `os/architecture/variant`: `linux/amd64`, `linux/arm64/v8`"
        }
        "circular-dependency" => "move what both stages need to a third one, above them",
        "unknown-source" if error.message.starts_with("invalid stage index") => {
            "stages count from 0, in the order of the file; give the stage a name and use that"
        }
        "invalid-base" => "write the name of an image, `name:tag`, or that of a stage above",
        "empty-base" => "give the variable a value: `ARG NAME=value` before the first FROM",
        _ => return,
    };
    error.hints.push(help.to_owned());
}

/// Returns how to mend a misspelled word.
pub(super) fn mend(error: &Diagnostic, source: &SourceFile) -> Option<Fix> {
    let new = suggestion(&error.message)?;
    let written = source.slice(error.span);
    let place = match error.code {
        "unknown-instruction" => error.span,
        "unknown-flag" => {
            let name = written.strip_prefix("--")?;
            let length = name.find('=').unwrap_or(name.len());
            part(error.span, 2, length)
        }
        "invalid-mount" => {
            let mark = error.message.find(['\'', '"'])?;
            let (quote, rest) = error.message[mark..].split_at(1);
            let word = rest.split_once(quote)?.0;
            part(error.span, written.find(word)?, word.len())
        }
        _ => return None,
    };
    Some(Fix::suggested(format!("write `{new}`"), place, new))
}

fn part(span: Span, at: usize, length: usize) -> Span {
    let start = span.start + at as u32;
    Span::new(start, start + length as u32)
}

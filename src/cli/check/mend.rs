//! Fixes, one for each kind of mistake that can be mended by a program.
//!
//! A fix that is called safe is proven to be so where that is not plain to see: the old and the new text are expanded
//! and compared. What cannot be proven is left to people.

use super::fix::{Edit, Fix, Safety};
use crate::expand::{Env, Lexer, NoEnv};
use crate::instruction::{CommandLine, Head, Instruction, Kind, Pair, StageDecl};
use crate::syntax::{self, Args};
use crate::text::{SourceFile, SourceMap, Span, lower, upper};
use std::collections::BTreeSet;

/// Words that only a shell knows.
const SHELL_WORDS: [&str; 10] =
    [".", ":", "alias", "cd", "eval", "exec", "export", "set", "source", "ulimit"];

/// Writes a keyword in the case of the others.
pub(super) fn keyword_casing(head: &Head, is_upper: bool) -> Option<Fix> {
    let written = &head.keyword.value;
    let text = if is_upper { upper(written) } else { lower(written) };
    Some(Fix::safe(format!("write `{text}`"), head.keyword.span, text))
}

/// Writes AS as FROM is written.
pub(super) fn as_casing(from: &StageDecl) -> Option<Fix> {
    let keyword = &from.head.keyword.value;
    let text = if **keyword == *lower(keyword) { "as" } else { "AS" };
    from.as_keyword.as_ref().map(|word| Fix::safe(format!("write `{text}`"), word.span, text))
}

/// Writes the name of a stage in lower case, as it is used anyway.
pub(super) fn stage_name(from: &StageDecl) -> Option<Fix> {
    from.name
        .as_ref()
        .map(|name| Fix::safe(format!("write `{}`", name.text), name.written.span, name.text.clone()))
}

/// Puts an equals sign between key and value.
pub(super) fn legacy_pair(source: &SourceFile, escape: char, head: &Head, pair: &Pair) -> Option<Fix> {
    let place = pair.key.span.to(pair.value.span);
    if source.slice(place).contains('\n') {
        return None;
    }
    let (key, value) = (&pair.key.text, &pair.value.text);
    // Who writes blanks around an equals sign means no value that begins with it.
    if let Some(meant) = value.strip_prefix('=') {
        let meant = meant.trim();
        let new = format!("{key}={meant}");
        let is_one_word = !meant.is_empty() && !meant.contains(char::is_whitespace);
        return is_one_word.then(|| Fix::suggested(format!("write `{new}`"), place, new));
    }
    let candidates = [format!("{key}={value}"), format!("{key}=\"{value}\"")];
    let new = candidates.into_iter().find(|new| {
        let escape = if escape == '`' { "# escape=`\n" } else { "" };
        let sources = SourceMap::of("", format!("{escape}{} {new}\n", head.keyword.value));
        let tree = syntax::parse(&sources.files()[0]);
        let [statement] = &tree.statements[..] else { return false };
        match &statement.args {
            Args::Pairs(pairs) if tree.diagnostics.is_empty() => {
                let [read] = &pairs[..] else { return false };
                let lexer = Lexer::new(tree.escape);
                !read.is_legacy && read.key.text == *key && means_same(&lexer, value, &read.value.text)
            }
            _ => false,
        }
    })?;
    Some(Fix::safe(format!("write `{new}`"), place, new))
}

/// Every variable is set, to something with blanks.
struct AllSet;

impl Env for AllSet {
    fn get(&self, _: &str) -> Option<&str> {
        Some("a b")
    }
}

/// Tells whether two words expand to the same, whatever variables hold.
fn means_same(lexer: &Lexer, old: &str, new: &str) -> bool {
    [&NoEnv as &dyn Env, &AllSet].into_iter().all(|env| {
        let all = |word: &str| {
            let expanded = lexer.word(word, env).ok()?;
            let names: BTreeSet<String> = expanded.used.into_iter().chain(expanded.unset).collect();
            Some((expanded.text, names))
        };
        all(old).is_some_and(|old| all(new) == Some(old))
    })
}

/// Makes MAINTAINER a label.
pub(super) fn maintainer(source: &SourceFile, escape: char, instruction: &Instruction) -> Option<Fix> {
    let Kind::Maintainer(maintainer) = &instruction.kind else { return None };
    let place = instruction.head.keyword.span.to(maintainer.name.span);
    if source.slice(place).contains('\n') {
        return None;
    }
    let mut name = String::new();
    for c in maintainer.name.value.chars() {
        if c == '"' || c == '$' || c == escape {
            name.push(escape);
        }
        name.push(c);
    }
    let keyword = &instruction.head.keyword.value;
    let label = if **keyword == *lower(keyword) { "label" } else { "LABEL" };
    let text = format!("{label} org.opencontainers.image.authors=\"{name}\"");
    Some(Fix::safe("write a label", place, text))
}

/// Takes out lines without text.
pub(super) fn empty_lines(source: &SourceFile, head: &Head) -> Option<Fix> {
    let edits: Vec<Edit> = head
        .empty_lines
        .iter()
        .map(|line| Edit {
            span: whole_lines(source, Span::new(line.start, line.start)),
            text: String::new(),
        })
        .collect();
    let title = if edits.len() == 1 { "remove the empty line" } else { "remove the empty lines" };
    (!edits.is_empty()).then(|| Fix { title: title.to_owned(), edits, safety: Safety::Safe })
}

/// Returns the command of a CMD or an ENTRYPOINT.
pub(super) fn command(instruction: &Instruction) -> Option<&CommandLine> {
    match &instruction.kind {
        Kind::Cmd(cmd) => Some(&cmd.command),
        Kind::Entrypoint(entrypoint) => Some(&entrypoint.command),
        _ => None,
    }
}

/// Makes a command of plain words a JSON array.
pub(super) fn json_form(source: &SourceFile, instruction: &Instruction) -> Option<Fix> {
    let command = command(instruction)?;
    let [text] = &command.words[..] else { return None };
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, ' ' | '\t' | '_' | '.' | '/' | ':' | '@' | '%' | '+' | ',' | '-' | '=')
    };
    let mut words = text.value.split_ascii_whitespace();
    let first = words.next()?;
    if text.value != source.slice(text.span)
        || !text.value.chars().all(is_plain)
        || SHELL_WORDS.contains(&first)
        || first.contains('=')
    {
        return None;
    }
    let list: Vec<String> = text.value.split_ascii_whitespace().map(|word| format!("\"{word}\"")).collect();
    let array = format!("[{}]", list.join(", "));
    Some(Fix::suggested(format!("write `{array}`"), text.span, array))
}

/// Writes an array with the quotes that JSON has.
pub(super) fn json_quotes(source: &SourceFile, place: Span) -> Option<Fix> {
    let written = source.slice(place).trim_end();
    let place = Span::new(place.start, place.start + written.len() as u32);
    let array = written.replace('\'', "\"");
    let is_array =
        !written.contains(['"', '\\', '\n']) && serde_json::from_str::<Vec<String>>(&array).is_ok();
    is_array.then(|| Fix::suggested(format!("write `{array}`"), place, array))
}

/// Takes out an instruction.
pub(super) fn remove(source: &SourceFile, head: &Head) -> Option<Fix> {
    Some(Fix::suggested("remove it", whole_lines(source, head.span), ""))
}

/// Takes out a `--platform`.
pub(super) fn platform(source: &SourceFile, from: &StageDecl) -> Option<Fix> {
    let value = from.platform.as_ref()?.span;
    let start = from.head.keyword.span.end;
    let before = source.slice(Span::new(start, value.start));
    let flag = start + u32::try_from(before.find("--")?).ok()?;
    let after = source.slice(Span::new(value.end, from.base.span.start));
    let place = Span::new(flag, from.base.span.start);
    let is_plain = after.chars().all(char::is_whitespace) && !source.slice(place).contains(['\n', '"', '\'']);
    is_plain.then(|| Fix::suggested("remove the flag", place, ""))
}

/// Puts another name in place of a variable's.
pub(super) fn rename(source: &SourceFile, place: Span, name: &str, new: &str) -> Option<Fix> {
    let at = u32::try_from(source.slice(place).find(name)?).ok()?;
    let start = place.start + at;
    let place = Span::new(start, start + name.len() as u32);
    Some(Fix::suggested(format!("write `{new}`"), place, new))
}

/// Declares an argument at the start of a stage.
pub(super) fn declare(source: &SourceFile, from: &Head, name: &str) -> Option<Fix> {
    let below = whole_lines(source, from.span).end;
    let text = if source.slice(from.span.to(Span::new(below, below))).ends_with('\n') {
        format!("ARG {name}\n")
    } else {
        format!("\nARG {name}\n")
    };
    Some(Fix::suggested(format!("add `ARG {name}` below the FROM"), Span::new(below, below), text))
}

/// Writes the protocol of a port in lower case.
pub(super) fn port_casing(source: &SourceFile, place: Span) -> Option<Fix> {
    let written = source.slice(place);
    let (port, protocol) = written.split_once('/')?;
    if protocol.contains('$') || !protocol.is_ascii() {
        return None;
    }
    let new = format!("{port}/{}", lower(protocol));
    Some(Fix::safe(format!("write `{new}`"), place, new))
}

/// Puts a slash in front of a path.
pub(super) fn absolute(source: &SourceFile, place: Span) -> Option<Fix> {
    let written = source.slice(place);
    let is_plain = written.starts_with(|c: char| c.is_ascii_alphanumeric()) && !written.contains(['\\', ':']);
    is_plain.then(|| Fix::suggested(format!("write `/{written}`"), place, format!("/{written}")))
}

/// Returns the lines that a place touches, with their ends.
fn whole_lines(source: &SourceFile, place: Span) -> Span {
    let text = source.text();
    let (start, end) = ((place.start - source.base()) as usize, (place.end - source.base()) as usize);
    let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let ends_line = end > start && text[..end].ends_with('\n');
    let last = if ends_line { end } else { text[end..].find('\n').map_or(text.len(), |at| end + at + 1) };
    Span::new(source.base() + first as u32, source.base() + last as u32)
}

//! Directives: `# key=value` lines at the top of a file.
//!
//! They are read in three ways that differ a little. The parser takes them with white space in front. The linter and
//! the search for a `syntax` do not, but skip a `#!` line; the latter knows `//` and JSON as well.

use super::json;
use super::line::{Line, Lines, Origin};
use crate::text::{Span, lower};
use std::borrow::Cow;

/// A directive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Directive {
    /// The key, in lower case: `syntax`, `escape` or `check`.
    pub name: &'static str,
    /// The value, without white space around.
    pub value: String,
    /// The whole line.
    pub span: Span,
    /// The value alone.
    pub value_span: Span,
}

/// The frontend that a file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxLine {
    /// The image of the frontend: the value up to the first space.
    pub reference: String,
    /// The whole value.
    pub cmdline: String,
    /// The number of the line, as the reference counts it: 0 for a JSON file.
    pub line: u32,
}

/// Finds the frontend that a file asks for: after `# syntax=`, `// syntax=`, or in a JSON object.
pub fn detect_syntax(data: &[u8]) -> Option<SyntaxLine> {
    let text = String::from_utf8_lossy(data);
    let (rest, skipped) = body(&text);
    let found = search(rest, "#", "syntax").or_else(|| search(rest, "//", "syntax"));
    let (cmdline, line) = match found {
        Some((line, count, value)) => (line.text[value..].trim_end_matches(REGEX_SPACE).to_owned(), count),
        None => (json::field(rest, "syntax")?, 0),
    };
    let reference = cmdline.split(' ').next().unwrap_or_default().to_owned();
    Some(SyntaxLine { reference, cmdline, line: line + skipped })
}

/// Finds the `check` directive that the linter goes by.
pub(super) fn check(text: &str, origin: Origin) -> Option<Directive> {
    let (rest, _) = body(text);
    let (line, _, value) = search(rest, "#", "check")?;
    let start = text.len() - rest.len() + line.start;
    let parsed = Parsed { name: "check", value: &line.text[value..], at: value };
    Some(parsed.at(origin, start, line.text))
}

/// Returns the text behind a byte order mark and a `#!` line, and the number of lines skipped.
fn body(text: &str) -> (&str, u32) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.starts_with("#!") {
        return (text, 0);
    }
    (text.split_once('\n').map_or("", |(_, rest)| rest), 1)
}

/// Returns the line of a directive, its number and where the value starts in it.
fn search<'a>(text: &'a str, mark: &str, name: &str) -> Option<(Line<'a>, u32, usize)> {
    let mut seen = Seen::default();
    for (line, count) in Lines::new(text, &[], Origin::File { base: 0 }).zip(1..) {
        let parsed = parse(line.text, mark)?;
        if !seen.add(parsed.name) {
            return None;
        }
        if parsed.name == name {
            return Some((line, count, parsed.at));
        }
    }
    None
}

/// The keys seen so far: each may stand once.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<&'static str>);

impl Seen {
    /// Notes a key. Returns false if it is there already.
    pub(super) fn add(&mut self, name: &'static str) -> bool {
        let is_new = !self.0.contains(&name);
        if is_new {
            self.0.push(name);
        }
        is_new
    }
}

/// White space as the reference's regular expressions know it.
pub(super) const REGEX_SPACE: [char; 5] = ['\t', '\n', '\x0c', '\r', ' '];

const NAMES: [&str; 3] = ["check", "escape", "syntax"];

/// A directive within its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parsed<'a> {
    pub name: &'static str,
    pub value: &'a str,
    /// Where the value starts.
    pub at: usize,
}

impl Parsed<'_> {
    /// Gives the directive its place: that of its line.
    pub(super) fn at(self, origin: Origin, start: usize, line: &str) -> Directive {
        let value = self.value.trim_end_matches(REGEX_SPACE);
        let value = if value.is_empty() { self.value } else { value };
        Directive {
            name: self.name,
            value: value.to_owned(),
            span: origin.span(start, start + line.len()),
            value_span: origin.span(start + self.at, start + self.at + value.len()),
        }
    }
}

/// Reads a line. Returns none if it is no directive, which ends them.
pub(super) fn parse<'a>(line: &'a str, mark: &str) -> Option<Parsed<'a>> {
    let rest = line.strip_prefix(mark)?.trim_start();
    let name = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (name, rest) = rest.split_at(name);
    let name: Cow<str> = lower(name);
    let name = NAMES.into_iter().find(|n| *n == name)?;
    let rest = rest.trim_start_matches(REGEX_SPACE).strip_prefix('=')?;
    let value = match rest.trim_start_matches(REGEX_SPACE) {
        // A value is one character at least, if need be the last blank.
        "" => &rest[rest.char_indices().next_back()?.0..],
        value => value,
    };
    Some(Parsed { name, value, at: line.len() - value.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_parse(line: &str, expected: Option<(&str, &str)>) {
        let found = parse(line, "#").map(|p| p.at(Origin::File { base: 0 }, 0, line));
        assert_eq!(found.as_ref().map(|d| (d.name, d.value.as_str())), expected, "{line}");
        if let Some(found) = found {
            assert_eq!(line[found.value_span.start as usize..found.value_span.end as usize], found.value);
        }
    }

    #[test]
    fn directive_lines() {
        check_parse("# escape=`", Some(("escape", "`")));
        check_parse("#\u{a0} EsCape \t= ` x \t", Some(("escape", "` x")));
        check_parse("# check=", None);
        check_parse("# check=  ", Some(("check", " ")));
        check_parse("# che ck=1", None);
        check_parse("# other=1", None);
        check_parse("# 1check=1", None);
        check_parse(" # check=1", None);
    }

    #[track_caller]
    fn check_syntax(text: &str, expected: Option<(&str, &str, u32)>) {
        let found = detect_syntax(text.as_bytes());
        assert_eq!(
            found.as_ref().map(|s| (s.reference.as_str(), s.cmdline.as_str(), s.line)),
            expected,
            "{text}"
        );
    }

    #[test]
    fn syntax_lines() {
        check_syntax("# syntax=a/b:1 x\r\nFROM c", Some(("a/b:1", "a/b:1 x", 1)));
        check_syntax("\u{feff}#!/usr/bin/env x\n# check=skip=all\n# SYNTAX = a \n", Some(("a", "a", 3)));
        check_syntax("// syntax=a\n", Some(("a", "a", 1)));
        check_syntax("{\"x\": [1], \"syntax\": \"a b\"}", Some(("a", "a b", 0)));
        check_syntax("#!x\n{\"syntax\": \"a\"}", Some(("a", "a", 1)));
        check_syntax(" # syntax=a\n", None);
        check_syntax("# a comment\n# syntax=a\n", None);
        check_syntax("\n# syntax=a\n", None);
        check_syntax("# check=a\n# check=b\n# syntax=a\n", None);
        check_syntax("#! x", None);
        check_syntax("", None);
    }
}

//! One joined line to keyword, flags and arguments.
//!
//! Every function here works on a [`Slice`]: a stretch of the line that knows where it comes from.

use super::line::{LineMap, trim_start};
use super::{Flag, Name, Pair, Word};
use crate::text::{Diagnostic, Span, Spanned, Text, quote};
use std::ops::Range;

/// A stretch of a joined line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice<'a> {
    pub text: &'a str,
    /// Where it starts in the line.
    pub at: usize,
    pub map: &'a LineMap,
}

impl<'a> Slice<'a> {
    pub(super) fn span(&self) -> Span {
        self.span_of(0..self.text.len())
    }

    pub(super) fn span_of(&self, range: Range<usize>) -> Span {
        self.map.span(self.at + range.start, self.at + range.end)
    }

    pub(super) fn sub(&self, range: Range<usize>) -> Slice<'a> {
        Slice { text: &self.text[range.clone()], at: self.at + range.start, map: self.map }
    }

    pub(super) fn trim(&self) -> Slice<'a> {
        let rest = trim_start(self.text);
        let start = self.text.len() - rest.len();
        self.sub(start..start + rest.trim_end().len())
    }

    pub(super) fn word(&self) -> Word {
        Word { text: self.shared(), span: self.span() }
    }

    pub(super) fn spanned(&self) -> Spanned<Text> {
        Spanned::new(self.shared(), self.span())
    }

    pub(super) fn shared(&self) -> Text {
        self.map.cut(self.at, self.at + self.text.len())
    }

    /// Splits at the first white space. The rest is none if there is no white space.
    fn split_first(&self) -> (Slice<'a>, Option<Slice<'a>>) {
        let bytes = self.text.as_bytes();
        let Some(end) = bytes.iter().position(|b| is_space(*b)) else { return (*self, None) };
        let blanks = bytes[end..].iter().take_while(|b| is_space(**b)).count();
        (self.sub(0..end), Some(self.sub(end + blanks..bytes.len())))
    }
}

/// What separates keyword, sources and ports. Elsewhere, all white space of Unicode does.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\x0b' | b'\x0c' | b'\r' | b' ')
}

/// A line split into its parts.
#[derive(Debug)]
pub(super) struct Command<'a> {
    pub keyword: Slice<'a>,
    pub flags: Vec<Flag>,
    pub args: Slice<'a>,
}

/// Splits a line into keyword, flags and arguments.
pub(super) fn command(line: Slice<'_>, escape: u8) -> Command<'_> {
    let line = line.trim();
    let (keyword, rest) = line.split_first();
    let Some(rest) = rest else {
        let end = line.text.len();
        return Command { keyword, flags: Vec::new(), args: line.sub(end..end) };
    };
    let (flags, args) = flags(rest, escape);
    Command { keyword, flags, args: args.trim() }
}

/// Takes the flags off the start of a line: words that start with `--`, up to a word that is just that.
///
/// The reference goes through flags byte by byte, so a character beyond ASCII is taken apart, and a byte of it may
/// count as white space.
fn flags<'a>(line: Slice<'a>, escape: u8) -> (Vec<Flag>, Slice<'a>) {
    let bytes = line.text.as_bytes();
    let mut flags = Vec::new();
    let mut at = 0;
    loop {
        while at < bytes.len() && is_byte_space(bytes[at]) {
            at += 1;
        }
        if !bytes[at..].starts_with(b"--") {
            return (flags, line.sub(char_start(line.text, at)..bytes.len()));
        }
        let start = at;
        let (text, end) = flag(line, start, escape);
        at = end;
        if text == "--" {
            return (flags, line.sub(char_start(line.text, at)..bytes.len()));
        }
        let (start, end) = (char_start(line.text, start), char_start(line.text, end));
        let value = line.text[start..end].find('=').map_or(start, |equals| start + equals + 1);
        flags.push(Flag { text, span: line.span_of(start..end), value_span: line.span_of(value..end) });
    }
}

/// Returns the flag at `start`, and where it ends.
fn flag(line: Slice<'_>, start: usize, escape: u8) -> (Text, usize) {
    let bytes = line.text.as_bytes();
    // Most flags stay as they are written.
    let is_plain = |b: &&u8| b.is_ascii_graphic() && !matches!(b, b'\'' | b'"') && **b != escape;
    let plain_end = start + bytes[start..].iter().take_while(is_plain).count();
    if bytes.get(plain_end).is_none_or(|b| is_byte_space(*b)) {
        return (line.sub(start..plain_end).shared(), plain_end);
    }
    let mut text = String::new();
    let mut quote = None;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if quote.is_none() && is_byte_space(byte) {
            break;
        }
        at += 1;
        if quote == Some(byte) {
            quote = None;
        } else if quote.is_none() && matches!(byte, b'\'' | b'"') {
            quote = Some(byte);
        } else if byte == escape {
            // An escape at the end of the line stands for nothing.
            let Some(&escaped) = bytes.get(at) else { break };
            text.push(char::from(escaped));
            at += 1;
        } else {
            text.push(char::from(byte));
        }
    }
    (text.into(), at)
}

fn is_byte_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0x85 | 0xa0)
}

/// Returns the first start of a character at or after an offset.
pub(super) fn char_start(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// Splits at white space.
pub(super) fn plain_words(args: Slice<'_>) -> Vec<Word> {
    if args.text.is_empty() {
        return Vec::new();
    }
    let mut words = Vec::new();
    let mut rest = Some(args);
    while let Some(line) = rest {
        let (first, after) = line.split_first();
        words.push(first.word());
        rest = after;
    }
    words
}

/// Splits at white space that is neither quoted nor escaped. Quotes and escapes stay.
pub(super) fn quoted_words(args: Slice<'_>, escape: u8) -> impl Iterator<Item = Slice<'_>> {
    let bytes = args.text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            while let Some(len) = space_len(args.text, at) {
                at += len;
            }
            if at == bytes.len() {
                return None;
            }
            let start = at;
            let mut end = bytes.len();
            let mut quote = 0;
            while let Some(&byte) = bytes.get(at) {
                // Most characters mean nothing, within quotes or not.
                if byte.is_ascii_graphic() && !matches!(byte, b'\'' | b'"') && byte != escape {
                    at += 1;
                    continue;
                }
                if quote == 0 && space_len(args.text, at).is_some() {
                    end = at;
                    break;
                }
                at += 1;
                if byte == quote {
                    quote = 0;
                } else if quote == 0 && matches!(byte, b'\'' | b'"') {
                    quote = byte;
                } else if byte == escape && quote != b'\'' {
                    if at == bytes.len() {
                        // An escape at the end of the line stands for nothing.
                        end = at - 1;
                    } else {
                        at = char_start(args.text, at + 1);
                    }
                }
            }
            if end > start {
                return Some(args.sub(start..end));
            }
        }
    })
}

/// Returns the length of the white space character at an offset, if there is one.
fn space_len(text: &str, at: usize) -> Option<usize> {
    match text.as_bytes().get(at)? {
        b'\t'..=b'\r' | b' ' => Some(1),
        0..0x80 => None,
        // The middle of a character cannot come up: words move by whole ones, or pass over it below.
        _ => text.get(at..)?.chars().next().filter(|c| c.is_whitespace()).map(char::len_utf8),
    }
}

/// Splits into pairs of key and value: `key=value …`, or in the old form `key value`.
pub(super) fn pairs(args: Slice<'_>, escape: u8, keyword: &str) -> (Vec<Pair>, Vec<Diagnostic>) {
    let mut words = quoted_words(args, escape).peekable();
    let Some(first) = words.peek() else { return (Vec::new(), Vec::new()) };
    if !first.text.contains('=') {
        let (key, value) = args.split_first();
        let Some(value) = value else {
            let message = format!("{keyword} must have two arguments");
            let error = Diagnostic::error("missing-value", message, args.span());
            return (Vec::new(), vec![error.hint(format!("write `{keyword} {}=value`", args.text))]);
        };
        return (vec![Pair { key: key.word(), value: value.word(), is_legacy: true }], Vec::new());
    }
    // Most have one.
    let mut pairs = Vec::with_capacity(1);
    let mut errors = Vec::new();
    let mut is_wrong = false;
    for word in words {
        let Some(equals) = word.text.find('=') else {
            // Words in a row are one mistake: a value without quotes, or a comment.
            if std::mem::replace(&mut is_wrong, true) {
                continue;
            }
            let message = format!(
                "Syntax error - can't find = in {}. Must be of the form: name=value",
                quote(word.text)
            );
            let error = Diagnostic::error("missing-equals", message, word.span());
            errors.push(error.hint("a value with white space in it needs quotes around"));
            continue;
        };
        is_wrong = false;
        pairs.push(Pair {
            key: word.sub(0..equals).word(),
            value: word.sub(equals + 1..word.text.len()).word(),
            is_legacy: false,
        });
    }
    (pairs, errors)
}

/// Splits into names with or without a value.
pub(super) fn names(args: Slice<'_>, escape: u8) -> Vec<Name> {
    let name = |word: Slice<'_>| match word.text.find('=') {
        Some(equals) => Name {
            key: word.sub(0..equals).word(),
            value: Some(word.sub(equals + 1..word.text.len()).word()),
        },
        None => Name { key: word.word(), value: None },
    };
    quoted_words(args, escape).map(name).collect()
}

/// Splits off the first argument of HEALTHCHECK.
///
/// The reference looks for white space byte by byte, as in flags.
pub(super) fn first_arg<'a>(args: Slice<'a>) -> (Slice<'a>, Slice<'a>) {
    let bytes = args.text.as_bytes();
    let len = bytes.iter().take_while(|b| !is_byte_space(**b)).count();
    let blanks = bytes[len..].iter().take_while(|b| is_byte_space(**b)).count();
    let end = char_start(args.text, len);
    let next = char_start(args.text, len + blanks);
    (args.sub(0..end), args.sub(next..bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::super::line::{Held, Origin};
    use super::*;

    fn map(line: &str) -> LineMap {
        let mut map = LineMap::new(&line.into(), Origin::File { base: 0 });
        map.hold(Held::Alone(0..line.len()));
        map.push(0, 0);
        map
    }

    #[track_caller]
    fn check_command(line: &str, keyword: &str, flags: &[&str], args: &str) {
        let map = map(line);
        let found = command(Slice { text: line, at: 0, map: &map }, b'\\');
        assert_eq!(found.keyword.text, keyword);
        assert_eq!(found.flags.iter().map(|f| f.text.as_str()).collect::<Vec<_>>(), flags);
        assert_eq!(found.args.text, args);
        let span = found.args.span();
        assert_eq!(&line[span.start as usize..span.end as usize], args);
    }

    #[test]
    fn commands() {
        check_command(" RUN  a  b ", "RUN", &[], "a  b");
        check_command("RUN", "RUN", &[], "");
        check_command("RUN\u{a0}x", "RUN\u{a0}x", &[], "");
        check_command("RUN --a --b=c\td", "RUN", &["--a", "--b=c"], "d");
        check_command("RUN --a -- --b", "RUN", &["--a"], "--b");
        check_command("RUN --a='b c' d", "RUN", &["--a=b c"], "d");
        check_command("RUN --a=\"b\\\"c\"d\\ e f", "RUN", &["--a=b\"cd e"], "f");
        check_command("RUN --a='b c", "RUN", &["--a=b c"], "");
        check_command("RUN --a\\", "RUN", &["--a"], "");
        check_command("RUN --", "RUN", &[], "");
        check_command("RUN -a --b", "RUN", &[], "-a --b");
        // Latin-1, and byte 0xa0 of the character is white space.
        check_command("RUN --a=é à", "RUN", &["--a=Ã©"], "à");
        check_command("RUN --a=à b", "RUN", &["--a=Ã"], "b");
    }

    #[track_caller]
    fn check_words(args: &str, expected: &[&str]) {
        let map = map(args);
        let words = quoted_words(Slice { text: args, at: 0, map: &map }, b'\\');
        assert_eq!(words.map(|w| w.text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn words_in_quotes() {
        check_words("a  b\u{a0}c\u{85}d", &["a", "b", "c", "d"]);
        check_words("'a b' \"c d\"e \"\"", &["'a b'", "\"c d\"e", "\"\""]);
        check_words("a\\ b \\'c d", &["a\\ b", "\\'c", "d"]);
        check_words("'a\\' b", &["'a\\'", "b"]);
        check_words("\"a\\\" b\" c", &["\"a\\\" b\"", "c"]);
        check_words("a b\\", &["a", "b"]);
        check_words("a \\", &["a"]);
        check_words("\"a b", &["\"a b"]);
        check_words("é\\éé ü", &["é\\éé", "ü"]);
    }

    #[track_caller]
    fn check_pairs(args: &str, expected: &[(&str, &str, bool)], errors: &[&str]) {
        let map = map(args);
        let (pairs, found) = pairs(Slice { text: args, at: 0, map: &map }, b'\\', "ENV");
        let pairs: Vec<_> =
            pairs.iter().map(|p| (p.key.text.as_str(), p.value.text.as_str(), p.is_legacy)).collect();
        assert_eq!(pairs, expected);
        assert_eq!(found.iter().map(|d| d.message.as_str()).collect::<Vec<_>>(), errors);
    }

    #[test]
    fn keys_and_values() {
        check_pairs("a=b c='d e'", &[("a", "b", false), ("c", "'d e'", false)], &[]);
        check_pairs("a  b = c", &[("a", "b = c", true)], &[]);
        check_pairs("=a", &[("", "a", false)], &[]);
        check_pairs("a", &[], &["ENV must have two arguments"]);
        check_pairs("a\u{a0}b", &[], &["ENV must have two arguments"]);
        check_pairs(
            "a=b c d=e",
            &[("a", "b", false), ("d", "e", false)],
            &["Syntax error - can't find = in \"c\". Must be of the form: name=value"],
        );
    }
}

//! Physical lines, and where the characters of a joined line come from.

use crate::limits::LINE_BYTES;
use crate::text::{Span, Text};
use std::ops::Range;

/// Where a text comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// A file whose first byte has this offset in the source map.
    File { base: u32 },
    /// Something that stands in no file: all its places are this one.
    Elsewhere(Span),
}

impl Origin {
    /// Returns the place of the bytes `start..end`.
    pub(super) fn span(self, start: usize, end: usize) -> Span {
        match self {
            Origin::File { base } => Span::new(base + start as u32, base + end as u32),
            Origin::Elsewhere(span) => span,
        }
    }
}

/// A line of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// The text without the line ending.
    pub text: &'a str,
    /// The offset of the text.
    pub start: usize,
    /// The offset of the next line.
    next: usize,
}

impl Line<'_> {
    /// Returns the rest of the line.
    pub(super) fn from(mut self, offset: usize) -> Self {
        self.text = &self.text[offset..];
        self.start += offset;
        self
    }

    /// Returns the line without a byte order mark.
    pub(super) fn without_mark(self) -> Self {
        self.from(if self.text.starts_with('\u{feff}') { 3 } else { 0 })
    }

    /// Returns the offset of the end: that of the text, or for an empty line that of its line ending, so that the
    /// byte before the end lies on this line.
    pub(super) fn end(&self) -> usize {
        if self.text.is_empty() { self.next } else { self.start + self.text.len() }
    }
}

/// Reads a text line by line, and counts.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
    origin: Origin,
    /// Where one byte of the file became the three of U+FFFD, in order. Mostly empty.
    replaced: &'a [Span],
    /// The number of lines read.
    pub count: u32,
    /// Start and end of the line read last.
    pub last: Option<(usize, usize)>,
    /// Start and end of the line before that.
    pub before: Option<(usize, usize)>,
    /// Set when a line was too long; reading ends there.
    pub too_long: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, replaced: &'a [Span], origin: Origin) -> Lines<'a> {
        Lines { text, at: 0, origin, replaced, count: 0, last: None, before: None, too_long: false }
    }

    /// Returns the offset of the next line.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Returns the place of the next line, however long.
    pub(super) fn rest(&self) -> Span {
        let rest = &self.text[self.at..];
        self.origin.span(self.at, self.at + line_len(rest))
    }

    /// Returns the number of bytes that a stretch of text had in the file.
    fn raw_len(&self, start: usize, end: usize) -> usize {
        let span = self.origin.span(start, end);
        let from = self.replaced.partition_point(|at| at.start < span.start);
        let to = self.replaced.partition_point(|at| at.start < span.end);
        end - start - 2 * (to - from)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let start = self.at;
        if start == self.text.len() || self.too_long {
            return None;
        }
        let rest = &self.text[start..];
        let end = start + line_len(rest);
        if end - start > LINE_BYTES && self.raw_len(start, end) > LINE_BYTES {
            self.too_long = true;
            return None;
        }
        let next = (end + 1).min(self.text.len());
        let mut text = &self.text[start..end];
        // Few lines end so, and a look at the last byte takes less than a search from the end.
        if text.as_bytes().last() == Some(&b'\r') {
            text = text.trim_end_matches('\r');
        }
        let line = Line { text, start, next };
        self.at = next;
        self.count += 1;
        self.before = self.last.replace((start, line.end()));
        Some(line)
    }
}

/// Returns the length of the first line, without its line ending.
fn line_len(text: &str) -> usize {
    memchr::memchr(b'\n', text.as_bytes()).unwrap_or(text.len())
}

/// Returns the text without white space at its start. Most texts have none, or blanks.
pub(super) fn trim_start(text: &str) -> &str {
    let blanks = text.bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let rest = &text[blanks..];
    if rest.starts_with(|c: char| c.is_ascii_graphic()) { rest } else { rest.trim_start() }
}

/// Tells whether a line goes on in the next one, and returns its text without the escape character.
///
/// Two escape characters in a row continue nothing, and neither do three.
pub(super) fn continued(line: &str, escape: u8) -> Option<&str> {
    let bytes = line.as_bytes();
    let blanks = bytes.iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let last = (bytes.len() - blanks).checked_sub(1)?;
    if bytes[last] != escape || (last > 0 && bytes[last - 1] == escape) {
        return None;
    }
    Some(&line[..last])
}

/// What holds a joined line.
#[derive(Debug)]
pub(super) enum Held {
    /// The file, as it is one line only.
    Alone(Range<usize>),
    /// A text of its own.
    Joined(Text),
}

/// A joined line, and which bytes of the file it is made of.
#[derive(Debug)]
pub(super) struct LineMap {
    file: Text,
    line: Held,
    origin: Origin,
    /// Offset in the joined line, offset in the file; both rise.
    segments: Vec<(usize, usize)>,
}

impl LineMap {
    pub(super) fn new(file: &Text, origin: Origin) -> LineMap {
        LineMap { file: file.clone(), line: Held::Alone(0..0), origin, segments: Vec::new() }
    }

    /// Returns the joined line.
    pub(super) fn text(&self) -> &str {
        match &self.line {
            Held::Alone(range) => &self.file[range.clone()],
            Held::Joined(text) => text,
        }
    }

    /// Returns the bytes `start..end` of the joined line, as a text that shares its memory.
    pub(super) fn cut(&self, start: usize, end: usize) -> Text {
        match &self.line {
            Held::Alone(range) => self.file.cut(range.start + start..range.start + end),
            Held::Joined(text) => text.cut(start..end),
        }
    }

    /// Forgets everything, for the next line.
    pub(super) fn clear(&mut self) {
        self.segments.clear();
    }

    /// Sets what holds the line.
    pub(super) fn hold(&mut self, line: Held) {
        self.line = line;
    }

    /// Notes that from `joined` on, the line is what stands in the file at `file`.
    pub(super) fn push(&mut self, joined: usize, file: usize) {
        self.segments.push((joined, file));
    }

    /// Returns the place of the bytes `start..end` of the joined line.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        // Most lines go on in no other.
        if let [(_, file)] = self.segments[..] {
            return self.origin.span(file + start, file + end);
        }
        // The end belongs to the last byte, not to the line after it; and so does a place without bytes.
        let behind = |end: usize| end.checked_sub(1).map_or(self.at(end), |last| self.at(last) + 1);
        let to = behind(end);
        let from = if end > start { self.at(start) } else { to };
        self.origin.span(from, to)
    }

    fn at(&self, joined: usize) -> usize {
        let index = self.segments.partition_point(|&(start, _)| start <= joined).saturating_sub(1);
        self.segments.get(index).map_or(0, |&(start, file)| file + (joined - start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines<'a>(text: &'a str, replaced: &'a [Span]) -> Lines<'a> {
        Lines::new(text, replaced, Origin::File { base: 0 })
    }

    #[test]
    fn line_endings() {
        let found: Vec<_> = lines("a\r\n\r\n\nb\r", &[]).map(|l| (l.text, l.start, l.end())).collect();
        assert_eq!(found, [("a", 0, 1), ("", 3, 5), ("", 5, 6), ("b", 6, 7)]);
    }

    #[test]
    fn a_line_may_be_too_long() {
        let text = format!("a\n{}\nb", "x".repeat(LINE_BYTES + 1));
        let mut found = lines(&text, &[]);
        assert_eq!(found.by_ref().count(), 1);
        assert!(found.too_long);
        assert_eq!(lines(&text, &[Span::new(5, 8)]).count(), 3);
    }

    #[test]
    fn a_place_without_bytes_is_where_the_line_was_left() {
        let mut map = LineMap::new(&Text::default(), Origin::File { base: 0 });
        map.push(0, 10);
        map.push(2, 20);
        for (range, expected) in
            [((0, 0), (10, 10)), ((1, 3), (11, 21)), ((2, 2), (12, 12)), ((3, 3), (21, 21))]
        {
            assert_eq!(map.span(range.0, range.1), Span::new(expected.0, expected.1), "{range:?}");
        }
    }

    #[track_caller]
    fn check(line: &str, escape: u8, expected: Option<&str>) {
        assert_eq!(continued(line, escape), expected);
    }

    #[test]
    fn continuation() {
        check("a \\", b'\\', Some("a "));
        check("a \\ \t", b'\\', Some("a "));
        check("\\", b'\\', Some(""));
        check("a\\\\", b'\\', None);
        check("a\\\\\\", b'\\', None);
        check("é`", b'`', Some("é"));
        check("a\\", b'`', None);
        check("", b'\\', None);
        check("a\\\u{a0}", b'\\', None);
    }
}

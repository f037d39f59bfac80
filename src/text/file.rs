//! The files of a build and their lines.

use super::{Span, Text};
use std::ops::Range;

/// A line and a column, for people and for the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Counted from 1.
    pub line: u32,
    /// In bytes, counted from 0.
    pub column: u32,
}

/// One file: its name, its bytes, its text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: String,
    text: Text,
    /// The bytes, if they are not those of the text.
    data: Option<Vec<u8>>,
    base: u32,
    line_starts: Vec<u32>,
    invalid: Vec<Range<u32>>,
}

impl SourceFile {
    fn new(name: String, data: Vec<u8>, base: u32) -> SourceFile {
        let Decoded { text, data, invalid } = decode(data);
        let mut line_starts = vec![0];
        line_starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1));
        SourceFile { name, text, data, base, line_starts, invalid }
    }

    /// Returns the name as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the bytes of the file, unchanged.
    pub fn data(&self) -> &[u8] {
        self.data.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// Returns the text. A byte that is no UTF-8 stands in it as U+FFFD; see [`SourceFile::invalid`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the same text, to be shared.
    pub fn shared(&self) -> &Text {
        &self.text
    }

    /// Returns the offset of the first byte of the text in the build's source map.
    pub fn base(&self) -> u32 {
        self.base
    }

    /// Returns the span of the whole text.
    pub fn span(&self) -> Span {
        Span::new(self.base, self.base + self.text.len() as u32)
    }

    /// Returns the places where the bytes were no UTF-8, in order.
    pub fn invalid(&self) -> impl Iterator<Item = Span> + '_ {
        self.invalid.iter().map(|r| Span::new(self.base + r.start, self.base + r.end))
    }

    /// Returns the text at a span of this file.
    ///
    /// # Panics
    /// If the span lies outside this file or splits a character.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[(span.start - self.base) as usize..(span.end - self.base) as usize]
    }

    /// Returns the bytes at a span of this file, as they are in the file.
    ///
    /// # Panics
    /// If the span lies outside this file.
    pub fn bytes(&self, span: Span) -> &[u8] {
        // Each byte that is no UTF-8 has become a character of three.
        let offset = |offset: u32| {
            let local = offset - self.base;
            let before = self.invalid.partition_point(|run| run.end <= local);
            local as usize - 2 * before
        };
        &self.data()[offset(span.start)..offset(span.end)]
    }

    /// Returns the number of lines; a file that ends in a newline has an empty last line.
    pub fn line_count(&self) -> u32 {
        self.line_starts.len() as u32
    }

    /// Returns the text of a line, counted from 1, without its line ending.
    pub fn line(&self, line: u32) -> &str {
        let start = self.line_starts[line as usize - 1] as usize;
        let end = self.line_starts.get(line as usize).map_or(self.text.len(), |&next| next as usize);
        self.text[start..end].trim_end_matches('\n').trim_end_matches('\r')
    }

    /// Returns line and column of an offset of this file.
    pub fn position(&self, offset: u32) -> Position {
        let local = offset.saturating_sub(self.base);
        let line = self.line_starts.partition_point(|&start| start <= local);
        Position { line: line as u32, column: local - self.line_starts[line - 1] }
    }
}

/// All files of a build. Offsets run on from file to file.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Returns a map without files.
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Returns a map of one file.
    pub fn of(name: impl Into<String>, data: impl Into<Vec<u8>>) -> SourceMap {
        let mut map = SourceMap::new();
        map.add(name, data);
        map
    }

    /// Adds a file and returns its index.
    ///
    /// # Panics
    /// If all files together pass 4 GiB. The edges limit the size of a file long before.
    pub fn add(&mut self, name: impl Into<String>, data: impl Into<Vec<u8>>) -> usize {
        // One byte between two files, so that an empty span belongs to one file only.
        let base = self.files.last().map_or(0, |last| last.span().end + 1);
        let file = SourceFile::new(name.into(), data.into(), base);
        assert!(u32::try_from(base as u64 + file.text.len() as u64).is_ok(), "source text over 4 GiB");
        self.files.push(file);
        self.files.len() - 1
    }

    /// Returns all files, in the order they were added.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Returns the index of the file that a span lies in.
    ///
    /// # Panics
    /// If the map has no file.
    pub fn index_of(&self, span: Span) -> usize {
        self.files.partition_point(|file| file.base <= span.start) - 1
    }

    /// Returns the file that a span lies in.
    ///
    /// # Panics
    /// If the map has no file.
    pub fn file_of(&self, span: Span) -> &SourceFile {
        &self.files[self.index_of(span)]
    }

    /// Returns the first and last line of a span, counted from 1.
    ///
    /// An empty span at the start of a file lies before its first line, on line 0: the reference reports some errors
    /// at the line before the one they are on.
    pub fn lines(&self, span: Span) -> (u32, u32) {
        let file = self.file_of(span);
        if span == Span::new(file.base, file.base) {
            return (0, 0);
        }
        let last = if span.is_empty() { span.start } else { span.end - 1 };
        let first_line = file.position(span.start).line;
        let is_before_end = |start: &u32| *start <= last - file.base;
        // Mostly it ends on the line it starts on.
        let later = &file.line_starts[first_line as usize..];
        let count =
            if later.first().is_some_and(is_before_end) { later.partition_point(is_before_end) } else { 0 };
        (first_line, first_line + count as u32)
    }
}

/// The text that some bytes are, the bytes if they are no UTF-8, and where they are none.
struct Decoded {
    text: Text,
    data: Option<Vec<u8>>,
    invalid: Vec<Range<u32>>,
}

/// Decodes UTF-8. Each bad byte becomes U+FFFD, as in Go, and is noted.
fn decode(data: Vec<u8>) -> Decoded {
    let data = match String::from_utf8(data) {
        Ok(text) => return Decoded { text: text.into(), data: None, invalid: Vec::new() },
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(data.len());
    let mut invalid = Vec::new();
    for chunk in data.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            let start = text.len() as u32;
            text.push(char::REPLACEMENT_CHARACTER);
            invalid.push(start..text.len() as u32);
        }
    }
    Decoded { text: text.into(), data: Some(data), invalid }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let map = SourceMap::of("Dockerfile", "FROM a\r\nRUN b\n");
        let file = &map.files()[0];
        assert_eq!(file.line_count(), 3);
        assert_eq!(file.line(1), "FROM a");
        assert_eq!(file.position(9), Position { line: 2, column: 1 });
        assert_eq!(map.lines(Span::new(5, 12)), (1, 2));
        assert_eq!(map.lines(Span::new(0, 8)), (1, 1));
        assert_eq!(map.lines(Span::new(0, 0)), (0, 0));
        assert_eq!(map.lines(Span::new(1, 1)), (1, 1));
    }

    #[test]
    fn offsets_run_on_from_file_to_file() {
        let mut map = SourceMap::of("a", "12");
        let second = map.add("b", "34\n5");
        let base = map.files()[second].base();
        assert_eq!(base, 3);
        assert_eq!(map.file_of(Span::new(2, 2)).name(), "a");
        assert_eq!(map.file_of(Span::new(3, 3)).name(), "b");
        assert_eq!(map.lines(Span::new(base + 3, base + 4)), (2, 2));
        assert_eq!(map.files()[second].slice(Span::new(base + 3, base + 4)), "5");
    }

    #[test]
    fn bytes_that_are_no_utf8_are_noted() {
        let map = SourceMap::of("Dockerfile", &b"a\xe2\x82b"[..]);
        let file = &map.files()[0];
        assert_eq!(file.text(), "a\u{fffd}\u{fffd}b");
        assert_eq!(file.data(), b"a\xe2\x82b");
        assert_eq!(file.invalid().collect::<Vec<_>>(), [Span::new(1, 4), Span::new(4, 7)]);
        assert_eq!(file.bytes(Span::new(4, 8)), &file.data()[2..4]);
        assert_eq!(file.bytes(file.span()), file.data());
    }
}

//! JSON spelled as Go's `encoding/json` spells it, so that digests of it agree.
//!
//! Beyond what JSON asks for, Go escapes `<`, `>`, `&` and the two Unicode line separators.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use std::io;

/// Returns `value` as compact JSON.
pub fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, Html(CompactFormatter));
    value.serialize(&mut serializer).expect("plain data with string keys has a JSON form");
    out
}

/// Returns `value` as JSON in lines, each level indented by `indent`.
pub fn to_json_pretty<T: Serialize>(value: &T, indent: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let formatter = Html(PrettyFormatter::with_indent(indent.as_bytes()));
    let mut serializer = Serializer::with_formatter(&mut out, formatter);
    value.serialize(&mut serializer).expect("plain data with string keys has a JSON form");
    out
}

/// Another formatter, and Go's escapes on top.
struct Html<F>(F);

impl<F: Formatter> Formatter for Html<F> {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut written = 0;
        for (at, c) in text.char_indices() {
            let escape = match c {
                '<' => "\\u003c",
                '>' => "\\u003e",
                '&' => "\\u0026",
                '\u{2028}' => "\\u2028",
                '\u{2029}' => "\\u2029",
                _ => continue,
            };
            writer.write_all(&text.as_bytes()[written..at])?;
            writer.write_all(escape.as_bytes())?;
            written = at + c.len_utf8();
        }
        writer.write_all(&text.as_bytes()[written..])
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn escapes() {
        let value = json!("a<b>&\u{2028}\u{2029}\"\\\n\u{1}\u{8}\u{c}\u{7f}é/'");
        let want = "\"a\\u003cb\\u003e\\u0026\\u2028\\u2029\\\"\\\\\\n\\u0001\\b\\f\u{7f}é/'\"";
        assert_eq!(String::from_utf8(to_json(&value)).unwrap(), want);
    }

    #[test]
    fn pretty() {
        let value = json!({"a": [1, "<"], "b": [], "c": {}});
        let want = "{\n  \"a\": [\n    1,\n    \"\\u003c\"\n  ],\n  \"b\": [],\n  \"c\": {}\n}";
        assert_eq!(String::from_utf8(to_json_pretty(&value, "  ")).unwrap(), want);
    }
}

//! The JSON form of arguments.
//!
//! Only two shapes matter, an array of strings and the fields of an object, but whether a text is JSON at all must be
//! answered as the reference's reader answers it: depth, surrogates and numbers out of range included. Values inside
//! are checked with a stack on the heap, so that no input can exhaust ours.

use crate::limits::JSON_DEPTH;
use crate::text::Span;
use std::borrow::Cow;
use std::ops::Range;

/// Why a text that starts like a JSON array is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// What was found, for people.
    pub reason: &'static str,
    /// Where.
    pub span: Span,
}

/// A text is no JSON: what is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub reason: &'static str,
    pub at: usize,
}

/// An element of an array: a string and its place, or the place of something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub string: Option<Cow<'a, str>>,
    pub range: Range<usize>,
}

/// Reads a text that is an array as a whole.
pub(super) fn array(text: &str) -> Result<Vec<Element<'_>>, Bad> {
    let mut reader = Reader { text, at: 0 };
    let mut elements = Vec::new();
    reader.blanks();
    reader.expect(b'[', "expected `[`")?;
    reader.blanks();
    if reader.peek() == Some(b']') {
        reader.at += 1;
    } else {
        loop {
            reader.blanks();
            let start = reader.at;
            let string = reader.string_or_value()?;
            elements.push(Element { string, range: start..reader.at });
            reader.blanks();
            match reader.next() {
                Some(b',') => {}
                Some(b']') => break,
                None => return reader.bad("the array has no end"),
                Some(_) => {
                    reader.at -= 1;
                    return reader.bad("expected `,` or `]` after an element");
                }
            }
        }
    }
    reader.end("text after the array")?;
    Ok(elements)
}

/// Reads a text that is an object as a whole, and returns the string that it holds under a key.
pub(super) fn field(text: &str, key: &str) -> Option<String> {
    let mut reader = Reader { text, at: 0 };
    let mut found = None;
    reader.blanks();
    reader.expect(b'{', "expected `{`").ok()?;
    reader.blanks();
    if reader.peek() == Some(b'}') {
        reader.at += 1;
    } else {
        loop {
            reader.blanks();
            let name = reader.string().ok()?;
            reader.blanks();
            reader.expect(b':', "expected `:`").ok()?;
            reader.blanks();
            let value = reader.string_or_value().ok()?;
            if name == key {
                found = value.map(Cow::into_owned);
            }
            reader.blanks();
            match reader.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
    }
    reader.end("text after the object").ok()?;
    found
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn bad<T>(&self, reason: &'static str) -> Result<T, Bad> {
        Err(Bad { reason, at: self.at })
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), Bad> {
        if self.peek() != Some(byte) {
            return self.bad(reason);
        }
        self.at += 1;
        Ok(())
    }

    fn end(&mut self, reason: &'static str) -> Result<(), Bad> {
        self.blanks();
        if self.at < self.text.len() { self.bad(reason) } else { Ok(()) }
    }

    fn string_or_value(&mut self) -> Result<Option<Cow<'a, str>>, Bad> {
        if self.peek() == Some(b'"') {
            return self.string().map(Some);
        }
        self.value().map(|()| None)
    }

    /// Skips one value, however deep.
    fn value(&mut self) -> Result<(), Bad> {
        let mut closers: Vec<u8> = Vec::new();
        loop {
            // A value is to come.
            match self.peek() {
                Some(open @ (b'[' | b'{')) => {
                    if closers.len() + 1 >= JSON_DEPTH {
                        return self.bad("nested too deep");
                    }
                    self.at += 1;
                    self.blanks();
                    let close = if open == b'[' { b']' } else { b'}' };
                    if self.peek() == Some(close) {
                        self.at += 1;
                    } else {
                        closers.push(close);
                        self.key_if(close)?;
                        continue;
                    }
                }
                Some(b'"') => self.string().map(drop)?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal("true")?,
                Some(b'f') => self.literal("false")?,
                Some(b'n') => self.literal("null")?,
                Some(b'\'') => return self.bad("a string is in double quotes, not single ones"),
                Some(b']') => return self.bad("nothing stands between `,` and `]`"),
                Some(_) => return self.bad("expected a string in double quotes"),
                None => return self.bad("the array has no end"),
            }
            // A value has ended.
            loop {
                let Some(&close) = closers.last() else { return Ok(()) };
                self.blanks();
                match self.next() {
                    Some(b',') => {
                        self.blanks();
                        self.key_if(close)?;
                        break;
                    }
                    Some(byte) if byte == close => {
                        closers.pop();
                    }
                    _ => return self.bad("expected `,` or the end of a list"),
                }
            }
        }
    }

    /// Reads the key of an object's field, if the closing character says that it is an object.
    fn key_if(&mut self, close: u8) -> Result<(), Bad> {
        if close == b'}' {
            self.blanks();
            self.string()?;
            self.blanks();
            self.expect(b':', "expected `:`")?;
        }
        self.blanks();
        Ok(())
    }

    fn literal(&mut self, word: &'static str) -> Result<(), Bad> {
        if !self.text[self.at..].starts_with(word) {
            return self.bad("expected a string in double quotes");
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), Bad> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.next() {
            Some(b'0') => {}
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.bad("expected a digit"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.some_digits()?;
        }
        match self.text[start..self.at].parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(()),
            _ => self.bad("the number is too large"),
        }
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Result<(), Bad> {
        let start = self.at;
        self.digits();
        if self.at == start { self.bad("expected a digit") } else { Ok(()) }
    }

    /// Reads a string. One without escapes stays where it stands.
    fn string(&mut self) -> Result<Cow<'a, str>, Bad> {
        let open = self.at;
        self.expect(b'"', "expected a string in double quotes")?;
        let mut out = String::new();
        let mut start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = &self.text[start..self.at];
                    self.at += 1;
                    if start == open + 1 {
                        return Ok(Cow::Borrowed(rest));
                    }
                    out.push_str(rest);
                    return Ok(Cow::Owned(out));
                }
                Some(b'\\') => {
                    out.push_str(&self.text[start..self.at]);
                    self.escape(&mut out)?;
                    start = self.at;
                }
                Some(0..0x20) => return self.bad("a control character in a string"),
                Some(_) => self.at += 1,
                None => return Err(Bad { reason: "the string has no end", at: open }),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Bad> {
        let wrong = Bad { reason: "JSON knows no such escape; write `\\\\` for a backslash", at: self.at };
        self.at += 1;
        out.push(match self.next() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.hex4().ok_or(wrong)?;
                match char::from_u32(first) {
                    Some(c) => c,
                    None => self.low_surrogate(first).unwrap_or(char::REPLACEMENT_CHARACTER),
                }
            }
            _ => return Err(wrong),
        });
        Ok(())
    }

    /// Reads the second half of a character beyond 16 bits; if there is none, nothing is read.
    fn low_surrogate(&mut self, high: u32) -> Option<char> {
        let start = self.at;
        if self.text[start..].starts_with("\\u") {
            self.at += 2;
            if let (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) = (high, self.hex4()) {
                return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            }
        }
        self.at = start;
        None
    }

    fn hex4(&mut self) -> Option<u32> {
        let mut value = 0;
        for _ in 0..4 {
            value = value * 16 + char::from(self.peek()?).to_digit(16)?;
            self.at += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[Option<&str>], &str>) {
        let found = array(text);
        match (&found, expected) {
            (Ok(elements), Ok(expected)) => {
                assert_eq!(elements.iter().map(|e| e.string.as_deref()).collect::<Vec<_>>(), expected);
            }
            (Err(bad), Err(reason)) => assert_eq!(bad.reason, reason),
            _ => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn arrays() {
        check("[]", Ok(&[]));
        check(" [ \"a\" , \"\" ] ", Ok(&[Some("a"), Some("")]));
        check(r#"["\"\\\/\b\f\n\r\té\ud83d\ude00\ud83dx"]"#, Ok(&[Some("\"\\/\x08\x0c\n\r\té😀\u{fffd}x")]));
        check(r#"["\ud83dA"]"#, Ok(&[Some("\u{fffd}A")]));
        check(
            r#"["a", 1, null, [["x"], {"a": {}}], -0.5e+3, true]"#,
            Ok(&[Some("a"), None, None, None, None, None]),
        );
        check("['a']", Err("a string is in double quotes, not single ones"));
        check("[\"a\",]", Err("nothing stands between `,` and `]`"));
        check("[\"a\"] b", Err("text after the array"));
        check("[\"a\" \"b\"]", Err("expected `,` or `]` after an element"));
        check("[\"a", Err("the string has no end"));
        check("[\"a\"", Err("the array has no end"));
        check("[\"c:\\win\"]", Err("JSON knows no such escape; write `\\\\` for a backslash"));
        check("[\"a\tb\"]", Err("a control character in a string"));
        check("[1e999]", Err("the number is too large"));
        check("[01]", Err("expected `,` or `]` after an element"));
        check("[[1}]", Err("expected `,` or the end of a list"));
        check("[ $x ]", Err("expected a string in double quotes"));
        check("a", Err("expected `[`"));
    }

    #[test]
    fn depth_has_a_limit_and_needs_no_stack() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        check(&nested(10_000), Ok(&[None]));
        check(&nested(10_001), Err("nested too deep"));
        check(&"[".repeat(1_000_000), Err("nested too deep"));
    }

    #[test]
    fn fields() {
        assert_eq!(field(r#"{"a": {"syntax": "no"}, "syntax": "x y"}"#, "syntax").as_deref(), Some("x y"));
        assert_eq!(field(r#"{"syntax": 1}"#, "syntax"), None);
        assert_eq!(field(r#"{"syntax": "a"} x"#, "syntax"), None);
        assert_eq!(field("{}", "syntax"), None);
    }
}

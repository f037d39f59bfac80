//! What is wrong with a text that is no JSON, in the words of Go.

use super::quote;

/// Checks that a text is JSON.
///
/// # Errors
/// The first byte that does not fit, as Go's `encoding/json` says it.
pub fn check_json(text: &str) -> Result<(), String> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    // What is open: an object or a list.
    let mut open: Vec<Open> = Vec::new();
    loop {
        // A value, or the bracket that begins one.
        match scanner.skip_space() {
            Some(b'{') => {
                scanner.at += 1;
                match scanner.skip_space() {
                    Some(b'}') => scanner.at += 1,
                    _ => {
                        scanner.key()?;
                        open.push(Open::Object);
                        continue;
                    }
                }
            }
            Some(b'[') => {
                scanner.at += 1;
                match scanner.skip_space() {
                    Some(b']') => scanner.at += 1,
                    _ => {
                        open.push(Open::List);
                        continue;
                    }
                }
            }
            _ => scanner.scalar()?,
        }
        // What may stand behind a value, until another one must follow.
        loop {
            match (open.last(), scanner.skip_space()) {
                (None, None) => return Ok(()),
                (None, _) => return Err(scanner.wrong("after top-level value")),
                (Some(Open::Object), Some(b',')) => {
                    scanner.at += 1;
                    scanner.skip_space();
                    scanner.key()?;
                    break;
                }
                (Some(Open::List), Some(b',')) => {
                    scanner.at += 1;
                    break;
                }
                (Some(Open::Object), Some(b'}')) | (Some(Open::List), Some(b']')) => {
                    scanner.at += 1;
                    open.pop();
                }
                (Some(Open::Object), _) => return Err(scanner.wrong("after object key:value pair")),
                (Some(Open::List), _) => return Err(scanner.wrong("after array element")),
            }
        }
    }
}

enum Open {
    Object,
    List,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    fn wrong(&self, place: &str) -> String {
        match self.peek() {
            None => "unexpected end of JSON input".to_owned(),
            Some(b'\'') => format!("invalid character '\\'' {place}"),
            Some(b'"') => format!("invalid character '\"' {place}"),
            Some(b) => {
                let quoted = quote(char::from(b).encode_utf8(&mut [0; 4]));
                format!("invalid character '{}' {place}", &quoted[1..quoted.len() - 1])
            }
        }
    }

    fn key(&mut self) -> Result<(), String> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("looking for beginning of object key string"));
        }
        self.string()?;
        if self.skip_space() != Some(b':') {
            return Err(self.wrong("after object key"));
        }
        self.at += 1;
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), String> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong("looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for expected in word.chars() {
            if self.peek().map(char::from) != Some(expected) {
                return Err(self.wrong(&format!("in literal {word} (expecting '{expected}')")));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                                    return Err(self.wrong("in \\u hexadecimal character escape"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.wrong("in string escape code")),
                    }
                }
                Some(b' '..) => self.at += 1,
                _ => return Err(self.wrong("in string literal")),
            }
        }
    }

    fn number(&mut self) -> Result<(), String> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits("in numeric literal")?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, place: &str) -> Result<(), String> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.wrong(place));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(check_json(text).map_or_else(|err| err, |()| String::new()), want, "{text}");
    }

    #[test]
    fn good() {
        for text in [" {\"a\" : [1, -0.5e+3, {}, [] , \"\\u00e9\\n\" ], \"b\":null} ", "true", "0", "\"é\""]
        {
            check(text, "");
        }
    }

    #[test]
    fn bad() {
        let end = "unexpected end of JSON input";
        for text in ["", " ", "[", "{", "{\"a\"", "{\"a\":", "[1", "[1,", "\"a", "tr", "-", "1.", "1e"] {
            check(text, end);
        }
        check("not json", "invalid character 'o' in literal null (expecting 'u')");
        check("x", "invalid character 'x' looking for beginning of value");
        check("[1,]", "invalid character ']' looking for beginning of value");
        check("{,}", "invalid character ',' looking for beginning of object key string");
        check("{\"a\":1,}", "invalid character '}' looking for beginning of object key string");
        check("{\"a\" 1}", "invalid character '1' after object key");
        check("{\"a\":1 'b'}", "invalid character '\\'' after object key:value pair");
        check("[1 \"2\"]", "invalid character '\"' after array element");
        check("[1] ]", "invalid character ']' after top-level value");
        check("01", "invalid character '1' after top-level value");
        check("\"\n\"", "invalid character '\\n' in string literal");
        check("\"\\x\"", "invalid character 'x' in string escape code");
        check("\"\\u00g\"", "invalid character 'g' in \\u hexadecimal character escape");
        check("-a", "invalid character 'a' in numeric literal");
        check("1.e", "invalid character 'e' after decimal point in numeric literal");
        check("1e-x", "invalid character 'x' in exponent of numeric literal");
        check("é", "invalid character 'Ã' looking for beginning of value");
    }

    #[test]
    fn depth_costs_no_stack() {
        check(&"[".repeat(1 << 20), "unexpected end of JSON input");
    }
}

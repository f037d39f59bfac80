//! Quoting of user text in messages.

/// Returns the text in double quotes, escaped as Go's `%q` does, since the reference's messages hold it so.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            ' '..='~' => out.push(c),
            '\0'..='\x7f' => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if is_printable(c) => out.push(c),
            c if (c as u32) < 0x10000 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    out.push('"');
    out
}

/// Tells whether a character beyond ASCII shows up by itself.
fn is_printable(c: char) -> bool {
    // A combining mark is escaped by the standard library only at the start of a string.
    let mut buffer = String::from("a");
    buffer.push(c);
    !c.is_whitespace() && buffer.escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_does() {
        for (text, quoted) in [
            ("a b", r#""a b""#),
            ("\"\\", r#""\"\\""#),
            ("\0\x1b\x7f\n", r#""\x00\x1b\x7f\n""#),
            ("é\u{301}\u{fffd}", "\"é\u{301}\u{fffd}\""),
            ("\u{a0}\u{200b}", r#""\u00a0\u200b""#),
            ("\u{e0001}", r#""\U000e0001""#),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }
}

//! Upper and lower case, one character at a time, as the reference maps it.
//!
//! Rust's own mapping may turn one character into several ("ß" into "SS") and looks at the
//! neighbours of a final sigma. Names that two frontends compare must not differ in that.

use std::borrow::Cow;

/// Returns the text in lower case.
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    Cow::Owned(text.chars().map(lower_char).collect())
}

/// Returns the text in upper case.
pub fn upper(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_lowercase()) {
            Cow::Owned(text.to_ascii_uppercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    Cow::Owned(text.chars().map(upper_char).collect())
}

fn lower_char(c: char) -> char {
    // The only character whose lower case has a second, combining, character.
    if c == 'İ' { 'i' } else { c.to_lowercase().next().unwrap_or(c) }
}

fn upper_char(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_stays_one() {
        for (text, low, up) in [
            ("aB", "ab", "AB"),
            ("Straße", "straße", "STRAßE"),
            ("İ", "i", "İ"),
            ("ΑΣ", "ας".replace('ς', "σ").as_str(), "ΑΣ"),
            ("", "", ""),
        ] {
            assert_eq!(lower(text), low);
            assert_eq!(upper(text), up);
        }
    }
}

//! Where exactly a finding lies: from the word it is about to the part of that word that is meant.
//!
//! In: the word's place and what is meant of it. Out: a place to the byte. A word is known by the text that its lines
//! were joined to, while a part of it has to be found in the file, so this happens late, and only for who wants it.

use crate::text::{SourceFile, Span};

/// What is meant of a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    #[default]
    All,
    /// The use of a variable, `$name` or `${name…}`.
    Variable {
        /// Its name.
        name: String,
        /// The character that makes a dollar sign mean itself.
        escape: char,
    },
    /// A piece of its text.
    Text {
        /// The piece.
        text: String,
        /// How many like it stand before.
        skip: usize,
    },
}

impl Part {
    /// Finds the part. What cannot be found, since a line ends within it, leaves the whole word.
    pub(super) fn find(&self, source: &SourceFile, word: Span) -> Span {
        let written = source.slice(word);
        let found = match self {
            Part::All => None,
            Part::Variable { name, escape } => find_variable(written, name, *escape),
            Part::Text { text, skip } => {
                let first = text.split_whitespace().next().unwrap_or_default();
                // The first word of it does, if a line ends behind that.
                let found = written.match_indices(text.as_str()).nth(*skip);
                let found = found.or_else(|| written.match_indices(first).next());
                found.map(|(at, text)| (at, text.len()))
            }
        };
        match found {
            Some((at, length)) => {
                let start = word.start + at as u32;
                Span::new(start, start + length as u32)
            }
            None => word,
        }
    }
}

/// Finds where a variable is used: the offset, and the length of what is meant.
fn find_variable(written: &str, name: &str, escape: char) -> Option<(usize, usize)> {
    let mut is_quoted = false;
    let mut rest = written.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => is_quoted = !is_quoted,
            // Nothing is expanded between single quotes, unless they stand between double quotes.
            '\'' if !is_quoted => drop(rest.find(|(_, c)| *c == '\'')),
            '$' => {
                if let Some(length) = use_of(&written[at..], name) {
                    return Some((at, length));
                }
            }
            c if c == escape => drop(rest.next()),
            _ => {}
        }
    }
    // Within a heredoc quotes mean nothing.
    written.match_indices('$').find_map(|(at, _)| Some((at, use_of(&written[at..], name)?)))
}

/// Returns the length of `$name` or `${name…}` at the start of a text.
fn use_of(text: &str, name: &str) -> Option<usize> {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    match text.strip_prefix("${") {
        Some(inner) => {
            inner.strip_prefix(name).filter(|rest| is_end(rest))?;
            let mut depth = 0_usize;
            let end = text.bytes().position(|b| {
                match b {
                    b'{' => depth += 1,
                    b'}' => depth -= 1,
                    _ => {}
                }
                b == b'}' && depth == 0
            });
            Some(end.map_or(2 + name.len(), |end| end + 1))
        }
        None => {
            let rest = text.strip_prefix('$')?.strip_prefix(name)?;
            is_end(rest).then_some(1 + name.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SourceMap;

    #[track_caller]
    fn check(part: &Part, text: &str, expected: (usize, usize)) {
        let sources = SourceMap::of("Dockerfile", text);
        let file = &sources.files()[0];
        let found = part.find(file, file.span());
        assert_eq!((found.start as usize, found.end as usize), expected, "{}", file.slice(found));
    }

    #[test]
    fn variables() {
        let variable = Part::Variable { name: "A".to_owned(), escape: '\\' };
        check(&variable, "x$A", (1, 3));
        check(&variable, "$AB${A}", (3, 7));
        check(&variable, "${A:-${B}}}", (0, 10));
        check(&variable, r"\$A'$A'$A", (7, 9));
        check(&variable, r#""'$A'""#, (2, 4));
        check(&variable, "it's $A", (5, 7));
        check(&variable, "nothing", (0, 7));
        let windows = Part::Variable { name: "A".to_owned(), escape: '`' };
        check(&windows, r"C:\$A", (3, 5));
    }

    #[test]
    fn pieces() {
        let piece = |skip| Part::Text { text: "apt install".to_owned(), skip };
        check(&piece(0), "x && apt install y", (5, 16));
        check(&piece(1), "echo apt install; apt install", (18, 29));
        check(&piece(0), "apt \\\n install", (0, 3));
    }
}

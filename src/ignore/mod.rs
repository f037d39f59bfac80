//! `.dockerignore`: which files of a context stay behind.
//!
//! In: the bytes of the file, and paths. Out: its patterns, as the engine wants them, and whether a path matches.
//! The engine does the filtering; here it is asked only for the sake of a warning, so a path or pattern that would
//! take long to match is said not to.

mod pattern;
mod regex;

use crate::limits::{IGNORE_BYTES, IGNORE_LINE_BYTES, IGNORE_PATTERNS, MATCH_STEPS};
use crate::path;
use pattern::Pattern;
use std::cell::Cell;
use std::fmt;

/// An ignore file that cannot be read. The words are the reference's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreError {
    /// A line is longer than [`IGNORE_LINE_BYTES`].
    LongLine,
    /// The file is larger than [`IGNORE_BYTES`].
    TooLarge,
    /// There are more than [`IGNORE_PATTERNS`].
    TooMany,
    /// A pattern is a lone `!`.
    LoneExclusion,
    /// A pattern has a bracket that is not closed, or a backslash at its end.
    BadPattern,
}

impl fmt::Display for IgnoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IgnoreError::LongLine => f.write_str("bufio.Scanner: token too long"),
            IgnoreError::TooLarge => write!(f, "the file is larger than {} KiB", IGNORE_BYTES >> 10),
            IgnoreError::TooMany => write!(f, "the file has more than {IGNORE_PATTERNS} patterns"),
            IgnoreError::LoneExclusion => f.write_str("illegal exclusion pattern: \"!\""),
            IgnoreError::BadPattern => f.write_str("syntax error in pattern"),
        }
    }
}

impl std::error::Error for IgnoreError {}

/// Returns the patterns of an ignore file: without comments, empty lines, spaces around and slashes before them.
///
/// # Errors
/// If the file or a line is too long, or there are too many patterns.
pub fn read(data: &[u8]) -> Result<Vec<String>, IgnoreError> {
    if data.len() > IGNORE_BYTES {
        return Err(IgnoreError::TooLarge);
    }
    let data = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let mut patterns = Vec::new();
    for line in data.split(|b| *b == b'\n') {
        if line.len() >= IGNORE_LINE_BYTES {
            return Err(IgnoreError::LongLine);
        }
        let line = String::from_utf8_lossy(line);
        if line.starts_with('#') {
            continue;
        }
        let line = line.trim();
        let (mark, rest) = match line.strip_prefix('!') {
            Some(rest) => ("!", rest.trim()),
            None => ("", line),
        };
        if line.is_empty() {
            continue;
        }
        let cleaned = if rest.is_empty() { String::new() } else { path::clean(rest) };
        let relative = match cleaned.strip_prefix('/') {
            Some(relative) if !relative.is_empty() => relative,
            _ => &cleaned,
        };
        if patterns.len() == IGNORE_PATTERNS {
            return Err(IgnoreError::TooMany);
        }
        patterns.push(format!("{mark}{relative}"));
    }
    Ok(patterns)
}

/// Patterns, to be asked about paths.
#[derive(Clone, Debug)]
pub struct Matcher {
    patterns: Vec<Pattern>,
    /// The steps that may still be taken.
    left: Cell<usize>,
}

/// The longest path that is matched, in bytes. Linux has no longer ones.
const MAX_PATH: usize = 4096;

impl Matcher {
    /// Reads patterns. One that begins with `!` takes back what others match.
    ///
    /// # Errors
    /// If a pattern is malformed.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Matcher, IgnoreError> {
        let texts = patterns.iter().map(|text| text.as_ref().trim()).filter(|text| !text.is_empty());
        let patterns = texts.map(Pattern::new).collect::<Result<_, _>>()?;
        Ok(Matcher { patterns, left: Cell::new(MATCH_STEPS) })
    }

    /// Tells whether a pattern takes back what others match.
    pub fn has_exclusions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_exclusion)
    }

    /// Tells whether a pattern matches whatever lies in the root.
    pub fn matches_all_of_root(&self) -> bool {
        let is_all = |pattern: &&Pattern| matches!(pattern.text.as_str(), "*" | "**" | "**/*");
        self.patterns.iter().filter(|pattern| !pattern.is_exclusion).any(|pattern| is_all(&pattern))
    }

    /// Tells whether a path, or a folder that it lies in, matches. The last pattern that has a say decides.
    pub fn matches_or_parent_matches(&self, file: &str) -> bool {
        if file.len() > MAX_PATH {
            return false;
        }
        let file = path::clean(file);
        let mut is_matched = false;
        for pattern in self.patterns.iter().filter(|pattern| !pattern.is_broken()) {
            if pattern.is_exclusion != is_matched {
                continue;
            }
            match self.left.get().checked_sub(pattern.steps(&file)) {
                Some(left) => self.left.set(left),
                None => return false,
            }
            if pattern.matches_or_parent(&file) {
                is_matched = !pattern.is_exclusion;
            }
        }
        is_matched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_read(data: &str, want: &[&str]) {
        assert_eq!(read(data.as_bytes()).unwrap(), want);
    }

    #[track_caller]
    fn check(patterns: &[&str], matched: &[&str], unmatched: &[&str]) {
        let matcher = Matcher::new(patterns).unwrap();
        for path in matched {
            assert!(matcher.matches_or_parent_matches(path), "{patterns:?} must match {path}");
        }
        for path in unmatched {
            assert!(!matcher.matches_or_parent_matches(path), "{patterns:?} must not match {path}");
        }
    }

    #[test]
    fn reading() {
        check_read("", &[]);
        check_read("\u{feff}a\r\n# c\n #d\n\n  b/ \n", &["a", "#d", "b"]);
        check_read("/\n/a\n//b/../c\n.\n..\n", &["/", "a", "c", ".", ".."]);
        check_read("!a\n! /b/\n!\n!!x\n", &["!a", "!b", "!", "!!x"]);
        let long = "a".repeat(IGNORE_LINE_BYTES);
        assert_eq!(read(long.as_bytes()), Err(IgnoreError::LongLine));
        assert_eq!(read(&long.as_bytes()[1..]).unwrap().len(), 1);
    }

    #[test]
    fn plain_names() {
        check(&["a"], &["a", "a/b", "a/b/c"], &["b", "b/a", "ab"]);
        check(&["a/b"], &["a/b", "a/b/c"], &["a", "b", "a/bc"]);
        check(&["a", "!a/b"], &["a", "a/c"], &["a/b", "a/b/c"]);
        check(&["!a", "a"], &["a"], &["b"]);
        check(&["a", "!a", "a/b"], &["a/b"], &["a", "a/c"]);
        check(&["."], &["."], &["a"]);
        check(&["/"], &["/", "/a"], &["a", "/a/b"]);
        check(&["a+b(c)|{d}$.x"], &["a+b(c)|{d}$.x"], &["aab"]);
    }

    #[test]
    fn wildcards() {
        check(&["*"], &["a", "a/b", ".x"], &[]);
        check(&["*.md"], &["x.md", ".md"], &["x.mdx", "a/x.md"]);
        check(&["a?c"], &["abc", "aéc"], &["ac", "a/c", "abbc"]);
        check(&["a*/b"], &["a/b", "axx/b", "ax/b/c"], &["a/x/b"]);
        check(&["**"], &["a", "a/b"], &[]);
        check(&["**/*"], &["a", "a/b"], &[]);
        check(&["**/b"], &["b", "a/b", "a/x/b", "a/b/c"], &["ab", "bc"]);
        check(&["**b"], &["b", "ab", "a/xb"], &["bc"]);
        check(&["a/**"], &["a/b", "a/b/c"], &["a", "b"]);
        check(&["a/**/b"], &["a/b", "a/x/b", "a/x/y/b"], &["a/xb", "ab"]);
        check(&["**/*.go"], &["x.go", "a/b/x.go"], &["x.goo"]);
        check(&["a**b/c"], &["ab/c", "a/b/c", "axx/b/c"], &["axb/c"]);
        check(&["**/a/**"], &["x/a/b", "a/b"], &["a", "x/a"]);
    }

    #[test]
    fn classes_and_escapes() {
        check(&["[a-c]x"], &["ax", "cx"], &["dx", "x"]);
        check(&["[^a-c]x"], &["dx"], &["ax"]);
        check(&["[^b]"], &["a", "/", "/b"], &["b", "/b/c"]);
        check(&["[\\]a]"], &["]", "a"], &["\\"]);
        check(&["[[:digit:]]z"], &["1z"], &["az"]);
        check(&["\\*"], &["*"], &["a"]);
        check(&["\\d"], &["1"], &["d"]);
        check(&["a.b*"], &["a.b", "a.bc"], &["axb"]);
        check(&["x^*"], &[], &["x^", "x"]);
        check(&["[z-a]"], &[], &["z", "a"]);
    }

    #[test]
    fn classes_with_a_name() {
        for (name, members, others) in [
            ("alnum", "aZ0", "-é"),
            ("alpha", "aZ", "0é"),
            ("ascii", "a~ ", "é"),
            ("blank", " \t", "\na"),
            ("cntrl", "\t\x7f", " a"),
            ("graph", "a~", " é"),
            ("lower", "az", "A0"),
            ("print", "a ~", "\té"),
            ("punct", "!~_", "a "),
            ("space", " \t\x0b", "a"),
            ("upper", "AZ", "a0"),
            ("word", "a_0", "-é"),
            ("xdigit", "0fA", "g"),
        ] {
            let matcher = Matcher::new(&[format!("x[[:{name}:]]x")]).unwrap();
            let matches = |c: char| matcher.matches_or_parent_matches(&format!("x{c}x"));
            assert!(members.chars().all(matches), "{name} holds {members:?}");
            assert!(!others.chars().any(matches), "{name} holds none of {others:?}");
        }
        assert!(!Matcher::new(&["[[:none:]]"]).unwrap().matches_or_parent_matches("a"));
    }

    #[test]
    fn malformed() {
        for (pattern, want) in [
            ("!", IgnoreError::LoneExclusion),
            ("[", IgnoreError::BadPattern),
            ("[a", IgnoreError::BadPattern),
            ("a\\", IgnoreError::BadPattern),
            ("[]a]", IgnoreError::BadPattern),
            ("[-x]", IgnoreError::BadPattern),
            ("a/b[", IgnoreError::BadPattern),
        ] {
            assert_eq!(Matcher::new(&[pattern]).unwrap_err(), want, "{pattern}");
        }
        assert!(Matcher::new(&["", "a]", "[a-]x]"]).is_err());
        assert!(Matcher::new(&["a]", "[\\-x]"]).is_ok());
    }

    #[test]
    fn whole_root() {
        assert!(Matcher::new(&["a", "**/*"]).unwrap().matches_all_of_root());
        assert!(!Matcher::new(&["a*", "!*"]).unwrap().matches_all_of_root());
        assert!(Matcher::new(&["!x"]).unwrap().has_exclusions());
    }

    #[test]
    fn hostile_input_ends() {
        let matcher = Matcher::new(&["*a".repeat(10_000) + "b", "**/".repeat(10_000) + "x"]).unwrap();
        assert!(!matcher.matches_or_parent_matches(&"a".repeat(4000)));
        assert!(!matcher.matches_or_parent_matches(&"a/".repeat(1000)));
    }
}

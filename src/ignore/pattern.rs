//! One pattern of an ignore file.

use super::IgnoreError;
use super::regex::Regex;
use crate::path;

/// A pattern, ready to match.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// What it says, without its `!`.
    pub(super) text: String,
    /// Whether it takes back what others match.
    pub(super) is_exclusion: bool,
    kind: Kind,
}

/// How to match. The first three are what most patterns need.
#[derive(Clone, Debug)]
enum Kind {
    Exact,
    /// All before a final `**`.
    Prefix(String),
    /// All behind a first `**`.
    Suffix(String),
    Regex(Regex),
    /// A pattern that the reference cannot translate. Whoever meets it there gets an error that nobody looks at.
    Broken,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Result<Pattern, IgnoreError> {
        let cleaned = path::clean(text);
        let (text, is_exclusion) = match cleaned.strip_prefix('!') {
            Some("") => return Err(IgnoreError::LoneExclusion),
            Some(rest) => (rest, true),
            None => (cleaned.as_str(), false),
        };
        check_syntax(text)?;
        Ok(Pattern { text: text.to_owned(), is_exclusion, kind: kind(text) })
    }

    pub(super) fn is_broken(&self) -> bool {
        matches!(self.kind, Kind::Broken)
    }

    /// Returns how many steps it takes to match a path, at the most.
    pub(super) fn steps(&self, path: &str) -> usize {
        match &self.kind {
            Kind::Exact | Kind::Broken => 1 + self.text.len().min(path.len()),
            Kind::Prefix(prefix) => 1 + prefix.len().min(path.len()),
            // It is compared with the end of each folder.
            Kind::Suffix(suffix) => (1 + path.matches('/').count()) * (1 + suffix.len().min(path.len()) / 8),
            Kind::Regex(regex) => regex.steps(path),
        }
    }

    /// Tells whether a clean path or a folder that it lies in matches.
    pub(super) fn matches_or_parent(&self, path: &str) -> bool {
        // The reference cuts folders off at slashes and puts them together again, so the folder of `/a` is `/`; that of
        // `/a/b` is `/a`, and so on down to none at all.
        if path.len() > 1 && path.rfind('/') == Some(0) && self.matches_or_parent("/") {
            return true;
        }
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        match &self.kind {
            Kind::Exact => {
                path.strip_prefix(&self.text).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Kind::Prefix(prefix) => path.starts_with(prefix),
            // `**/a` matches `a`, too.
            Kind::Suffix(suffix) => ends
                .map(|end| &path[..end])
                .any(|part| part.ends_with(suffix) || suffix.strip_prefix('/') == Some(part)),
            Kind::Regex(regex) => regex.matches_or_parent(path),
            Kind::Broken => false,
        }
    }
}

/// Checks brackets and backslashes, as Go's `filepath.Match` does.
fn check_syntax(text: &str) -> Result<(), IgnoreError> {
    let mut chars = text.chars().peekable();
    // One character of a class, maybe behind a backslash; the class must go on behind it.
    let member = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        match chars.next() {
            None | Some('-' | ']') => return Err(IgnoreError::BadPattern),
            Some('\\') if chars.next().is_none() => return Err(IgnoreError::BadPattern),
            Some(_) => {}
        }
        if chars.peek().is_none() { Err(IgnoreError::BadPattern) } else { Ok(()) }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next().is_none() => return Err(IgnoreError::BadPattern),
            '[' => {
                chars.next_if_eq(&'^');
                loop {
                    member(&mut chars)?;
                    if chars.next_if_eq(&'-').is_some() {
                        member(&mut chars)?;
                    }
                    if chars.next_if_eq(&']').is_some() {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Translates a pattern the way the reference does.
///
/// What stands in brackets goes into the regular expression as it is, wildcards included, and so does a backslash
/// with its character. Odd as `[a*]` and `\d` then are, they mean here what they mean there.
fn kind(text: &str) -> Kind {
    let mut regex = String::new();
    let mut chars = text.chars().peekable();
    let (mut is_regex, mut is_prefix, mut is_suffix) = (false, false, false);
    let mut is_first = true;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                chars.next_if_eq(&'/');
                if chars.peek().is_some() {
                    regex.push_str("(.*/)?");
                    is_regex = true;
                } else if is_regex || is_suffix {
                    regex.push_str(".*");
                    is_regex = true;
                } else {
                    is_prefix = true;
                }
                if is_first {
                    (is_regex, is_prefix, is_suffix) = (false, false, true);
                }
            }
            '*' => {
                regex.push_str("[^/]*");
                is_regex = true;
            }
            '?' => {
                regex.push_str("[^/]");
                is_regex = true;
            }
            '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => {
                regex.push('\\');
                regex.push(c);
            }
            '\\' => {
                regex.push('\\');
                regex.extend(chars.next());
                is_regex = true;
            }
            '[' | ']' => {
                regex.push(c);
                is_regex = true;
            }
            c => regex.push(c),
        }
        is_first = false;
    }
    match (is_regex, is_suffix, is_prefix) {
        (true, _, _) => Regex::parse(&regex).map_or(Kind::Broken, Kind::Regex),
        (_, true, _) => Kind::Suffix(text[2..].to_owned()),
        (_, _, true) => Kind::Prefix(text.strip_suffix("**").unwrap_or(text).to_owned()),
        _ => Kind::Exact,
    }
}

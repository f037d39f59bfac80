//! Patterns of `${name#pattern}` and its kin: `*` is any text, `?` any character, a backslash takes both literally.
//!
//! The reference turns a pattern into a regular expression, and what it finds is what Go's engine finds: the
//! leftmost match, each `*` as long as can be (or as short), none of them across the end of a line.

use super::chars::is_name_char;
use super::error::ErrorKind;

/// One character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// Any character but a newline.
    Any,
}

impl Token {
    fn matches(self, c: char) -> bool {
        match self {
            Token::Char(wanted) => wanted == c,
            Token::Any => c != '\n',
        }
    }
}

/// A pattern, cut at its stars.
pub(super) struct Pattern {
    pieces: Vec<Vec<Token>>,
    is_greedy: bool,
}

/// How many steps a search may still take, and the count of all that were taken.
pub(super) struct Steps<'a>(usize, &'a mut usize);

impl<'a> Steps<'a> {
    /// Returns the steps for a pattern and a value of these lengths. What people write needs a handful for each
    /// character; 64 leaves room and keeps the time linear.
    pub(super) fn for_lengths(pattern: usize, value: usize, taken: &'a mut usize) -> Steps<'a> {
        Steps((1 << 18) + 64 * (pattern + value), taken)
    }

    fn take(&mut self) -> Result<(), ErrorKind> {
        *self.1 += 1;
        self.0 = self.0.checked_sub(1).ok_or(ErrorKind::TooCostly)?;
        Ok(())
    }
}

impl Pattern {
    /// Reads a pattern. `\}` and `\/` stand for the character alone, as both end a part of `${…}`.
    pub(super) fn parse(pattern: &[char], is_greedy: bool) -> Result<Pattern, ErrorKind> {
        // The reference's scanner drops a byte order mark at the start.
        let mut chars = pattern.strip_prefix(&['\u{feff}']).unwrap_or(pattern).iter().copied().peekable();
        let mut pieces = vec![Vec::new()];
        while let Some(c) = chars.next() {
            let token = match c {
                '*' => {
                    pieces.push(Vec::new());
                    continue;
                }
                '?' => Token::Any,
                '\\' => match chars.peek() {
                    Some('}' | '/') => continue,
                    Some(&escaped @ ('*' | '?' | '\\')) => {
                        chars.next();
                        Token::Char(escaped)
                    }
                    other => {
                        let escaped = other.copied().unwrap_or(char::REPLACEMENT_CHARACTER);
                        return Err(ErrorKind::InvalidEscape { pattern: pattern.iter().collect(), escaped });
                    }
                },
                c => Token::Char(c),
            };
            pieces.last_mut().expect("there is always a piece").push(token);
        }
        Ok(Pattern { pieces, is_greedy })
    }

    /// Returns the end of the match that begins at `start`.
    fn match_at(
        &self,
        text: &[char],
        start: usize,
        steps: &mut Steps<'_>,
    ) -> Result<Option<usize>, ErrorKind> {
        if !fits(&self.pieces[0], text, start, steps)? {
            return Ok(None);
        }
        let at = start + self.pieces[0].len();
        if self.is_greedy { self.place_last(text, at, steps) } else { self.place_first(text, at, steps) }
    }

    /// Places each piece as far left as it goes.
    ///
    /// A later place never helps those that follow: what lies between is free of newlines, so they reach it anyway.
    fn place_first(
        &self,
        text: &[char],
        mut at: usize,
        steps: &mut Steps<'_>,
    ) -> Result<Option<usize>, ErrorKind> {
        for piece in &self.pieces[1..] {
            while !fits(piece, text, at, steps)? {
                if at >= text.len() || text[at] == '\n' {
                    return Ok(None);
                }
                at += 1;
            }
            at += piece.len();
        }
        Ok(Some(at))
    }

    /// Places each piece as far right as it goes.
    ///
    /// A piece that holds a newline has one place only: its first newline is the next one of the text. The pieces
    /// before it, or before the end of the line, are pushed right, the last of them first.
    fn place_last(
        &self,
        text: &[char],
        mut at: usize,
        steps: &mut Steps<'_>,
    ) -> Result<Option<usize>, ErrorKind> {
        let mut pieces = &self.pieces[1..];
        while !pieces.is_empty() {
            let mut line_end = at;
            while line_end < text.len() && text[line_end] != '\n' {
                steps.take()?;
                line_end += 1;
            }
            let newline_in = |piece: &[Token]| piece.iter().position(|token| *token == Token::Char('\n'));
            let bridge = pieces.iter().position(|piece| newline_in(piece).is_some());
            let limit = match bridge {
                None => line_end,
                Some(index) => {
                    let offset = newline_in(&pieces[index]).unwrap_or_default();
                    match line_end.checked_sub(offset) {
                        Some(place) if place >= at && fits(&pieces[index], text, place, steps)? => place,
                        _ => return Ok(None),
                    }
                }
            };
            let group = &pieces[..bridge.unwrap_or(pieces.len())];
            let Some(end) = push_right(group, text, at, limit, steps)? else { return Ok(None) };
            match bridge {
                None => return Ok(Some(end)),
                Some(index) => {
                    at = limit + pieces[index].len();
                    pieces = &pieces[index + 1..];
                }
            }
        }
        Ok(Some(at))
    }

    /// Returns start and end of the first match at or behind `from`.
    fn find(
        &self,
        text: &[char],
        from: usize,
        steps: &mut Steps<'_>,
    ) -> Result<Option<(usize, usize)>, ErrorKind> {
        let first = &self.pieces[0];
        let mut start = from;
        while start + first.len() <= text.len() {
            if let Some(end) = self.match_at(text, start, steps)? {
                return Ok(Some((start, end)));
            }
            // If the star behind the first piece leads nowhere, it leads nowhere from all of this line.
            let is_hopeless = self.pieces.len() > 1
                && !first.contains(&Token::Char('\n'))
                && fits(first, text, start, steps)?;
            if is_hopeless {
                while start < text.len() && text[start] != '\n' {
                    steps.take()?;
                    start += 1;
                }
            }
            start += 1;
        }
        Ok(None)
    }
}

/// Tells whether a piece stands at this place of a text.
fn fits(piece: &[Token], text: &[char], at: usize, steps: &mut Steps<'_>) -> Result<bool, ErrorKind> {
    steps.take()?;
    if text.len() < at + piece.len() {
        return Ok(false);
    }
    for (token, c) in piece.iter().zip(&text[at..]) {
        steps.take()?;
        if !token.matches(*c) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Places pieces between `from` and `to`, each as far right as it goes. Returns the end of the last one.
fn push_right(
    pieces: &[Vec<Token>],
    text: &[char],
    from: usize,
    to: usize,
    steps: &mut Steps<'_>,
) -> Result<Option<usize>, ErrorKind> {
    let mut end = None;
    let mut limit = to;
    for piece in pieces.iter().rev() {
        let Some(mut place) = limit.checked_sub(piece.len()) else { return Ok(None) };
        loop {
            if place < from {
                return Ok(None);
            }
            if fits(piece, text, place, steps)? {
                break;
            }
            match place.checked_sub(1) {
                Some(left) => place = left,
                None => return Ok(None),
            }
        }
        end = end.or(Some(place + piece.len()));
        limit = place;
    }
    Ok(Some(end.unwrap_or(to)))
}

/// Returns `value` without the text that `pattern` finds at its start.
pub(super) fn trim_prefix(
    pattern: &str,
    value: &str,
    is_greedy: bool,
    steps: &mut usize,
) -> Result<String, ErrorKind> {
    let (pattern, value): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
    Ok(value[trimmed_len(&pattern, &value, is_greedy, steps)?..].iter().collect())
}

/// Returns `value` without the text that `pattern` finds at its end.
pub(super) fn trim_suffix(
    pattern: &str,
    value: &str,
    is_greedy: bool,
    steps: &mut usize,
) -> Result<String, ErrorKind> {
    let mut value: Vec<char> = value.chars().collect();
    value.reverse();
    let len = trimmed_len(&reverse(pattern), &value, is_greedy, steps)?;
    Ok(value[len..].iter().rev().collect())
}

fn trimmed_len(
    pattern: &[char],
    value: &[char],
    is_greedy: bool,
    steps: &mut usize,
) -> Result<usize, ErrorKind> {
    let mut steps = Steps::for_lengths(pattern.len(), value.len(), steps);
    let end = Pattern::parse(pattern, is_greedy)?.match_at(value, 0, &mut steps)?;
    Ok(end.unwrap_or(0))
}

/// Reverses a pattern, but leaves each backslash before its character.
fn reverse(pattern: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            out.extend(chars.next());
        }
        out.push(c);
    }
    out.reverse();
    out
}

/// Returns `value` with the first match replaced.
pub(super) fn replace_first(
    pattern: &str,
    value: &str,
    replacement: &str,
    steps: &mut usize,
) -> Result<String, ErrorKind> {
    let (chars, value): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
    let mut steps = Steps::for_lengths(chars.len(), value.len(), steps);
    let Some((start, end)) = Pattern::parse(&chars, true)?.find(&value, 0, &mut steps)? else {
        return Ok(value.iter().collect());
    };
    let mut out: String = value[..start].iter().collect();
    out.push_str(replacement);
    out.extend(&value[end..]);
    Ok(out)
}

/// Returns `value` with every match replaced, but stops with an error once it is longer than `max_len` bytes.
///
/// In the replacement `$0` stands for the match and `$$` for `$`; any other `$name` or `${name}` is empty. The
/// reference hands it to a function of Go that reads it so (see the kit's case `replace-dollar-in-replacement`).
pub(super) fn replace_all(
    pattern: &str,
    value: &str,
    replacement: &str,
    max_len: usize,
    steps: &mut usize,
) -> Result<String, ErrorKind> {
    let (chars, value): (Vec<char>, Vec<char>) = (pattern.chars().collect(), value.chars().collect());
    let mut steps = Steps::for_lengths(chars.len(), value.len(), steps);
    let pattern = Pattern::parse(&chars, true)?;
    let template = Template::parse(replacement);
    let mut out = String::new();
    let (mut copied, mut from) = (0, 0);
    while from <= value.len() {
        let Some((start, end)) = pattern.find(&value, from, &mut steps)? else { break };
        out.extend(&value[copied..start]);
        // An empty match right behind another match is not replaced.
        if end > copied || start == 0 {
            template.push(&mut out, &value[start..end]);
        }
        if out.len() > max_len {
            return Err(ErrorKind::TooLong);
        }
        copied = end;
        from = end.max(from + 1);
    }
    if copied < value.len() {
        out.extend(&value[copied..]);
    }
    Ok(out)
}

/// A replacement: text, and places where the match goes.
struct Template {
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    Match,
}

impl Template {
    fn parse(replacement: &str) -> Template {
        let mut parts = Vec::new();
        let mut rest = replacement;
        while let Some((before, after)) = rest.split_once('$') {
            parts.push(Part::Text(before.to_owned()));
            rest = match after.strip_prefix('$') {
                Some(after) => {
                    parts.push(Part::Text("$".to_owned()));
                    after
                }
                None => match variable(after) {
                    Some((name, after)) => {
                        if name == "0" {
                            parts.push(Part::Match);
                        }
                        after
                    }
                    None => {
                        parts.push(Part::Text("$".to_owned()));
                        after
                    }
                },
            };
        }
        parts.push(Part::Text(rest.to_owned()));
        Template { parts }
    }

    fn push(&self, out: &mut String, matched: &[char]) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Match => out.extend(matched),
            }
        }
    }
}

/// Cuts `name` or `{name}` off a text.
fn variable(text: &str) -> Option<(&str, &str)> {
    let (inner, is_braced) = match text.strip_prefix('{') {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let len = inner.find(|c| !is_name_char(c)).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(len);
    if name.is_empty() {
        return None;
    }
    Some((name, if is_braced { rest.strip_prefix('}')? } else { rest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_trim(value: &str, pattern: &str, wants: [&str; 4]) {
        let got = [
            trim_prefix(pattern, value, false, &mut 0),
            trim_prefix(pattern, value, true, &mut 0),
            trim_suffix(pattern, value, false, &mut 0),
            trim_suffix(pattern, value, true, &mut 0),
        ];
        assert_eq!(got.map(|r| r.unwrap_or_else(|err| err.to_string())), wants, "{value:?} {pattern:?}");
    }

    #[track_caller]
    fn check_replace(value: &str, pattern: &str, replacement: &str, first: &str, all: &str) {
        assert_eq!(
            replace_first(pattern, value, replacement, &mut 0).unwrap(),
            first,
            "{value:?} {pattern:?}"
        );
        assert_eq!(
            replace_all(pattern, value, replacement, 1000, &mut 0).unwrap(),
            all,
            "{value:?} {pattern:?}"
        );
    }

    #[test]
    fn pieces_do_not_share_characters() {
        check_trim("ab\nc", "ab*b\nc", ["ab\nc", "ab\nc", "ab\nc", "ab\nc"]);
        check_trim("abb\nc", "ab*b\nc", ["", "", "", ""]);
    }

    #[test]
    fn trimming() {
        check_trim("a/b/c", "*/", ["b/c", "c", "a/b/c", "a/b/c"]);
        check_trim("a/b/c", "/*", ["a/b/c", "a/b/c", "a/b", "a"]);
        check_trim("abc", "", ["abc", "abc", "abc", "abc"]);
        check_trim("abc", "*", ["abc", "", "abc", ""]);
        check_trim("abc", "?", ["bc", "bc", "ab", "ab"]);
        check_trim("abcabc", "a*c", ["abc", "", "abc", ""]);
        check_trim("aXbXc", "*X*", ["bXc", "", "aXb", ""]);
        check_trim("a*b*", "a\\*", ["b*", "b*", "a*b*", "a*b*"]);
        check_trim("x*y", "\\*y", ["x*y", "x*y", "x", "x"]);
        check_trim("a.b", ".b", ["a.b", "a.b", "a", "a"]);
        check_trim("日本", "?", ["本", "本", "日", "日"]);
        check_trim("a}b", "a\\}", ["b", "b", "a}b", "a}b"]);
    }

    #[test]
    fn lines() {
        check_trim("a\nb", "*b", ["a\nb", "a\nb", "a\n", "a\n"]);
        check_trim("a\nb", "*", ["a\nb", "\nb", "a\nb", "a\n"]);
        check_trim("ab\ncd", "a*\n*", ["cd", "", "", ""]);
        check_trim("ab\ncd", "?\n?", ["ab\ncd", "ab\ncd", "ab\ncd", "ab\ncd"]);
        check_replace("ab\ncd\nef", "b*\n*f", "-", "ab\ncd\nef", "ab\ncd\nef");
        check_replace("ab\ncd\nef", "b*\n*d", "-", "a-\nef", "a-\nef");
        check_replace("x1y1\nx2y2", "x*y", "-", "-1\nx2y2", "-1\n-2");
    }

    #[test]
    fn replacing() {
        check_replace("aaa", "a", "b", "baa", "bbb");
        check_replace("a.b.c", ".", "-", "a-b.c", "a-b-c");
        check_replace("abcabc", "b*", "X", "aX", "aX");
        check_replace("abcabc", "b*c", "X", "aX", "aX");
        check_replace("abc", "*", "X", "X", "X");
        check_replace("abc", "", "-", "-abc", "-a-b-c-");
        check_replace("", "*", "X", "X", "X");
        check_replace("abc", "z", "X", "abc", "abc");
        check_replace("日本日", "日", "x", "x本日", "x本x");
        check_replace("aab", "a*a", "x", "xb", "xb");
    }

    #[test]
    fn replacements_of_all_matches_are_templates() {
        let all = |replacement| replace_all("b", "abc", replacement, 1000, &mut 0).unwrap();
        assert_eq!(all("[$0]"), "a[b]c");
        assert_eq!(all("${0}x$0x"), "abxc");
        assert_eq!(all("$$0"), "a$0c");
        assert_eq!(all("$1$name${name}$00"), "ac");
        assert_eq!(all("$-${x-$"), "a$-${x-$c");
        assert_eq!(replace_first("b", "abc", "$0", &mut 0).unwrap(), "a$0c");
    }

    #[test]
    fn bad_escapes() {
        check_trim("a", "\\a", ["invalid pattern (\\a) in substitution: invalid escape '\\a'"; 4]);
        let err = trim_prefix("a\\", "a", false, &mut 0).unwrap_err();
        assert_eq!(err.to_string(), "invalid pattern (a\\) in substitution: invalid escape '\\\u{fffd}'");
    }

    #[test]
    fn hostile_patterns_end() {
        let value = "a".repeat(20_000);
        let stars = "*a".repeat(5_000) + "b";
        assert!(matches!(
            replace_all(&stars, &value, "", 1 << 20, &mut 0),
            Ok(_) | Err(ErrorKind::TooCostly)
        ));
        assert_eq!(replace_first(&("a".repeat(9_999) + "b"), &value, "", &mut 0), Err(ErrorKind::TooCostly));
        assert_eq!(replace_all("", &value, &value, 1 << 20, &mut 0), Err(ErrorKind::TooLong));
    }

    #[test]
    fn what_people_write_is_within_the_limits() {
        assert_eq!(replace_all("a", "aa", "bb", 4, &mut 0).as_deref(), Ok("bbbb"));
        assert_eq!(replace_all("a", "aa", "bb", 3, &mut 0), Err(ErrorKind::TooLong));
        // Many steps for each character of a short value, fewer for those of a long one; all of them count.
        for (pattern, value) in [(249, 500), (29, 20_000)] {
            let (pattern, value) = ("a".repeat(pattern) + "b", "a".repeat(value));
            let mut steps = 1;
            assert_eq!(replace_first(&pattern, &value, "", &mut steps).as_deref(), Ok(value.as_str()));
            assert!(steps > value.len() * pattern.len() / 2, "{steps}");
        }
    }
}

//! Characters that make a text look like another one: what a terminal obeys instead of showing it, marks that turn
//! the direction of writing, letters that look like others, and what cannot be seen at all.
//!
//! Whoever wrote a Dockerfile chooses its words, and its words reach terminals: names of steps, messages, frames. They
//! are shown so that they do nothing there.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

/// Returns a text that a terminal shows and does not obey: what it would obey is written as `\u{1b}`. Line ends and
/// tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, |c| (c.is_control() && !matches!(c, '\n' | '\t')) || is_bidirectional(c))
}

/// Returns a text that moves no more than the cursor: without what starts a command to a terminal, and without marks
/// that turn the direction of writing. Other control characters stay, as they do in messages of the reference.
pub fn defused(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '\u{1b}' | '\u{80}'..='\u{9f}') || is_bidirectional(c))
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(&is_escaped) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        match is_escaped(c) {
            true => write!(out, "{}", c.escape_unicode()).expect("a string takes all"),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Tells whether a character turns the direction in which the text around it is shown.
pub fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Why a text is not what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deception {
    /// A mark that turns the direction of writing: what is read is in another order than what is run.
    Direction(char),
    /// A character without a shape, in the middle of a word.
    Invisible(char),
    /// A letter of another alphabet in a word of Latin ones, and the Latin letter that it looks like.
    Lookalike(char, char),
}

/// Returns the places in a text that are not what they look like.
pub fn deceptions(text: &str) -> Vec<(Range<usize>, Deception)> {
    let mut found = Vec::new();
    let mut done = 0;
    // ASCII is what it looks like, and most of a text: only words with other characters in them are looked at.
    while let Some(strange) = beyond_ascii(text, done) {
        let start = text[done..strange].rfind(|c| !is_of_word(c)).map_or(done, |at| done + at + 1);
        done = word_from(text, start, &mut found);
    }
    found
}

/// Returns the place of the first character beyond ASCII, from `start` on.
fn beyond_ascii(text: &str, start: usize) -> Option<usize> {
    let bytes = &text.as_bytes()[start..];
    // Many bytes at a time, as a processor can.
    let chunk = bytes.chunks(64).position(|chunk| !chunk.is_ascii())? * 64;
    Some(start + chunk + bytes[chunk..].iter().position(|byte| !byte.is_ascii())?)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Looks at all from `start` to the next character of ASCII that is part of no word, and returns where that is.
fn word_from(text: &str, start: usize, found: &mut Vec<(Range<usize>, Deception)>) -> usize {
    // What stands before the character that is looked at, and the word that it may be in.
    let mut before = text[..start].chars().next_back().unwrap_or(' ');
    let mut word = Word::default();
    let mut end = text.len();
    for (at, c) in text[start..].char_indices() {
        let place = start + at..start + at + c.len_utf8();
        if is_bidirectional(c) {
            found.push((place, Deception::Direction(c)));
        } else if is_invisible(c) {
            let after = text[place.end..].chars().next().unwrap_or(' ');
            if before.is_ascii_graphic() && after.is_ascii_graphic() {
                found.push((place, Deception::Invisible(c)));
            }
        } else if matches!(before, '\\' | '%') && c.is_ascii_alphabetic() {
            // `\n` and `%s` belong to no word.
            word.end(found);
        } else if is_of_word(c) {
            word.has_latin |= c.is_ascii_alphabetic();
            word.has_others |= !c.is_ascii() && lookalike(c).is_none();
            word.lookalikes.extend(lookalike(c).map(|latin| (place, Deception::Lookalike(c, latin))));
        } else if c.is_ascii() {
            end = place.start;
            break;
        } else {
            word.end(found);
        }
        before = c;
    }
    word.end(found);
    end
}

/// Letters and digits without anything between them.
#[derive(Default)]
struct Word {
    has_latin: bool,
    /// Whether there are letters that look like none of ours: then the word is what it seems to be.
    has_others: bool,
    lookalikes: Vec<(Range<usize>, Deception)>,
}

impl Word {
    fn end(&mut self, found: &mut Vec<(Range<usize>, Deception)>) {
        if self.has_latin && !self.has_others {
            found.append(&mut self.lookalikes);
        }
        *self = Word::default();
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{61c}' | '\u{feff}')
}

/// Returns the Latin letter that a letter of the Greek or Cyrillic alphabet, or a wide one, looks like.
fn lookalike(c: char) -> Option<char> {
    const CYRILLIC: &str = "аaеeоoрpсcуyхxіiјjѕsԁdԛqԝwһhАAВBЕEЅSІIЈJКKМMНHОOРPСCТTУYХXԌG";
    const GREEK: &str = "οoνvΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX";
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{370}'..='\u{52f}' => {
            let mut pairs = CYRILLIC.chars().chain(GREEK.chars());
            while let (Some(other), Some(latin)) = (pairs.next(), pairs.next()) {
                if other == c {
                    return Some(latin);
                }
            }
            None
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        #[track_caller]
        fn check(text: &str, expected: &str, expected_defused: &str) {
            assert_eq!(visible(text), expected);
            assert_eq!(defused(text), expected_defused);
        }
        check("plain ä\n\tx", "plain ä\n\tx", "plain ä\n\tx");
        check("\x1b[2J\x1b]0;x\x07", "\\u{1b}[2J\\u{1b}]0;x\\u{7}", "\\u{1b}[2J\\u{1b}]0;x\u{7}");
        check("\u{9b}31m", "\\u{9b}31m", "\\u{9b}31m");
        check("a\rb\x08\0\x7f", "a\\u{d}b\\u{8}\\u{0}\\u{7f}", "a\rb\x08\0\x7f");
        check("a\u{202e}b\u{2069}", "a\\u{202e}b\\u{2069}", "a\\u{202e}b\\u{2069}");
    }

    #[test]
    fn deceptions_are_found_and_foreign_words_are_not() {
        #[track_caller]
        fn check(text: &str, expected: &[(usize, Deception)]) {
            let found: Vec<_> =
                deceptions(text).into_iter().map(|(place, what)| (place.start, what)).collect();
            assert_eq!(found, expected, "{text}");
        }
        check("RUN echo hi", &[]);
        check("# \u{202e}txt", &[(2, Deception::Direction('\u{202e}'))]);
        check("apt\u{200b}-get", &[(3, Deception::Invisible('\u{200b}'))]);
        check("\u{feff}FROM x", &[]);
        // After plain stretches, and where an escape ends in a letter.
        check(
            "a b\u{430} c 100%s\u{430}x \\n\u{430}\u{200b}e",
            &[
                (3, Deception::Lookalike('\u{430}', 'a')),
                (13, Deception::Lookalike('\u{430}', 'a')),
                (19, Deception::Lookalike('\u{430}', 'a')),
            ],
        );
        check("RUN p\u{430}ypal", &[(5, Deception::Lookalike('\u{430}', 'a'))]);
        check("\u{ff32}UN", &[(0, Deception::Lookalike('\u{ff32}', 'R'))]);
        // Words of other languages, also next to Latin ones, and signs that happen to be Greek.
        check("echo Привет, κόσμε: 5 µm, λx, 大きいABC, naïve", &[]);
        check("printf 'a\\n\u{410} %s\u{410}'", &[]);
        check("👩\u{200d}💻 می\u{200c}خواهم", &[]);
        // A word that only has such letters is a word of that language.
        check("оса", &[]);
    }
}

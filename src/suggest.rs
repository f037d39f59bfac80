//! "Did you mean …?": the nearest of the words in reach.
//!
//! In: what was written, and what could have been. Out: the one word that lies less than three edits away.
//! Which words are in reach is the caller's matter.

use crate::limits::COMPARE_STEPS;
use std::borrow::Cow;

/// Fewer edits than this make a word worth suggesting.
const TOO_FAR: usize = 3;

/// Whether upper and lower case are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// They are: the suggestion is one of the options as given.
    Matters,
    /// They are not: the suggestion is cased as the word was.
    Ignored,
}

/// Counts down the steps that comparing may take; see [`COMPARE_STEPS`].
#[derive(Clone, Debug)]
pub struct Patience(usize);

impl Default for Patience {
    fn default() -> Patience {
        Patience(COMPARE_STEPS)
    }
}

/// Returns the option nearest to `word`; of several equally near, the first.
///
/// Returns nothing if `word` is itself an option: then the spelling was not the problem. With patience at an end it
/// returns the nearest so far.
pub fn nearest_within<'a>(
    word: &str,
    options: impl IntoIterator<Item = &'a str>,
    case: Case,
    patience: &mut Patience,
) -> Option<String> {
    let wanted = match case {
        Case::Matters => word.to_owned(),
        Case::Ignored => word.to_lowercase(),
    };
    let length = wanted.chars().count();
    let mut found = None;
    let mut limit = TOO_FAR;
    for option in options {
        let option = match case {
            Case::Matters => Cow::Borrowed(option),
            Case::Ignored => Cow::Owned(option.to_lowercase()),
        };
        if option == wanted {
            return None;
        }
        // An edit changes the length by one at most.
        let other = option.chars().count();
        let is_near = other.abs_diff(length) < limit;
        let steps = if is_near { length.saturating_mul(other) } else { other };
        match patience.0.checked_sub(steps + 1) {
            Some(left) => patience.0 = left,
            None => {
                patience.0 = 0;
                break;
            }
        }
        if !is_near {
            continue;
        }
        let edits = strsim::levenshtein(&wanted, &option);
        if edits < limit {
            limit = edits;
            found = Some(option);
        }
    }
    found.filter(|option| !option.is_empty()).map(|option| match case {
        Case::Ignored if word == word.to_uppercase() && word != word.to_lowercase() => option.to_uppercase(),
        _ => option.into_owned(),
    })
}

/// Returns the option nearest to `word`, with patience for this word alone.
pub fn nearest<'a>(word: &str, options: impl IntoIterator<Item = &'a str>, case: Case) -> Option<String> {
    nearest_within(word, options, case, &mut Patience::default())
}

/// Adds the suggestion to a message: `message (did you mean option?)`.
pub fn hint<'a>(
    message: impl Into<String>,
    word: &str,
    options: impl IntoIterator<Item = &'a str>,
    case: Case,
) -> String {
    let message = message.into();
    match nearest(word, options, case) {
        Some(option) => format!("{message} (did you mean {option}?)"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, options: &[&str], case: Case, expected: Option<&str>) {
        assert_eq!(nearest(word, options.iter().copied(), case).as_deref(), expected);
    }

    #[test]
    fn the_nearest_wins() {
        check("biulder", &["alpine", "builder"], Case::Matters, Some("builder"));
        check("c", &["a", "b"], Case::Matters, Some("a"));
        check("zzzzzz", &["builder"], Case::Matters, None);
        check("abcd", &["abxy", "abcx"], Case::Matters, Some("abcx"));
    }

    #[test]
    fn long_words_take_no_time() {
        let (one, two) = ("a".repeat(60_000), "a".repeat(59_999) + "b");
        check(&one, &[two.as_str(); 100], Case::Matters, None);
    }

    #[test]
    fn three_edits_are_too_far() {
        check("abc", &["xyz"], Case::Matters, None);
        check("abc", &["xyc"], Case::Matters, Some("xyc"));
    }

    #[test]
    fn an_exact_match_needs_no_suggestion() {
        check("a", &["b", "a"], Case::Matters, None);
        check("RUN", &["ran", "run"], Case::Ignored, None);
    }

    #[test]
    fn the_case_follows_the_word() {
        check("COYP", &["copy"], Case::Ignored, Some("COPY"));
        check("coyp", &["COPY"], Case::Ignored, Some("copy"));
        check("Coyp", &["COPY"], Case::Ignored, Some("copy"));
        check("1", &["Ab"], Case::Ignored, Some("ab"));
    }

    #[test]
    fn the_hint_follows_the_message() {
        assert_eq!(
            hint("no such flag", "form", ["from"], Case::Matters),
            "no such flag (did you mean from?)"
        );
        assert_eq!(hint("no such flag", "x", ["from"], Case::Matters), "no such flag");
    }
}

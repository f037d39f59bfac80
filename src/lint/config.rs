//! Which rules are on: `# check=skip=…;experimental=…;error=…`.

use super::Rule;
use crate::text::{Spanned, Text, parse_bool, quote};
use std::collections::BTreeSet;

/// The settings of a `check` directive, of an option, or of a comment above an instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Rules that are off.
    pub skip: Selection,
    /// Experimental rules that are on.
    pub experimental: Selection,
    /// Whether a finding fails the build.
    pub is_error: bool,
    /// Whether the checks of our own are on. No directive can say so: there each is called by its name.
    pub takes_own: bool,
}

/// Some rules, or all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    all: bool,
    names: BTreeSet<String>,
}

impl Selection {
    /// Tells whether a rule is among them. Names must agree in case.
    pub fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    /// Tells whether a rule is among them by its own name.
    pub fn names(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Adds other rules.
    fn add(&mut self, other: &Selection) {
        self.all |= other.all;
        self.names.extend(other.names.iter().cloned());
    }

    /// Replaces the names; `all` stays once it was said.
    fn set(&mut self, text: &str) {
        if text == "all" {
            self.all = true;
        } else {
            self.names = text.split(',').map(|name| name.trim().to_owned()).collect();
        }
    }
}

impl Config {
    /// Adds other settings: what either of them says holds.
    pub fn add(&mut self, other: &Config) {
        self.skip.add(&other.skip);
        self.experimental.add(&other.experimental);
        self.is_error |= other.is_error;
        self.takes_own |= other.takes_own;
    }

    /// Tells whether a check of our own is on.
    pub(super) fn asks_for(&self, rule: &Rule) -> bool {
        self.takes_own || self.experimental.names(rule.name)
    }

    /// Reads settings: `key=value`, with `;` between two of them.
    ///
    /// # Errors
    /// If a key is not known, a value is missing, or that of `error` is no boolean. The words are the reference's.
    pub fn parse(text: &str) -> Result<Config, String> {
        let mut config = Config::default();
        let text = text.trim();
        if text.is_empty() {
            return Ok(config);
        }
        // Only two separators are looked at: a third belongs to the last value.
        for part in text.splitn(3, ';') {
            let (key, value) =
                part.split_once('=').ok_or_else(|| format!("invalid check option {}", quote(part)))?;
            let value = value.trim();
            match key.trim() {
                "skip" => config.skip.set(value),
                "experimental" => config.experimental.set(value),
                "error" => {
                    config.is_error = parse_bool(value).ok_or_else(|| {
                        let (part, value) = (quote(part), quote(value));
                        format!(
                            "failed to parse check option {part}: strconv.ParseBool: parsing {value}: invalid syntax"
                        )
                    })?;
                }
                key => return Err(format!("invalid check option {}", quote(key))),
            }
        }
        Ok(config)
    }

    /// Returns the settings in the comments above an instruction: those of the first comment that has any.
    ///
    /// A comment with settings that cannot be read changes nothing, and neither do those after it.
    pub fn of_comments(comments: &[Spanned<Text>]) -> Option<Config> {
        let value = comments.iter().find_map(|comment| check_value(&comment.value))?;
        Config::parse(without_reason(value)).ok()
    }

    /// Returns the settings of a `check` directive.
    ///
    /// # Errors
    /// As [`Config::parse`].
    pub fn of_directive(value: &str) -> Result<Config, String> {
        Config::parse(without_reason(value))
    }
}

/// What follows the first space is the reason, for people.
fn without_reason(value: &str) -> &str {
    value.split(' ').next().unwrap_or(value)
}

/// Returns the value of a comment that says `check=value`.
fn check_value(comment: &str) -> Option<&str> {
    let (key, value) = comment.trim_start().split_once('=')?;
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\x0c' | '\r');
    let value = value.trim_matches(is_space);
    (key.trim_end_matches(is_space).eq_ignore_ascii_case("check") && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        assert_eq!(Config::parse(text).unwrap_err(), expected);
    }

    #[track_caller]
    fn check_comments(comments: &[&str], skipped: &[&str]) {
        let span = Span::default();
        let comments: Vec<_> = comments.iter().map(|text| Spanned::new(Text::from(*text), span)).collect();
        let names = Config::of_comments(&comments).map(|config| config.skip.names).unwrap_or_default();
        assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), skipped);
    }

    #[test]
    fn settings_are_read() {
        let config = Config::parse(" skip = A , B;experimental=all; error=T ").unwrap();
        assert!(config.skip.has("A") && config.skip.has("B") && !config.skip.has("a"));
        assert!(config.experimental.has("C"));
        assert!(config.is_error);
        assert_eq!(Config::parse("  ").unwrap(), Config::default());
        assert!(Config::parse("skip=all;skip=A").unwrap().skip.has("B"));
        let twice = Config::parse("skip=A;skip=B").unwrap();
        assert!(!twice.skip.has("A") && twice.skip.has("B"));
    }

    #[test]
    fn mistakes_are_named() {
        check_error("skip", r#"invalid check option "skip""#);
        check_error("ignore=A", r#"invalid check option "ignore""#);
        check_error("skip=A; ;error=1", r#"invalid check option " ""#);
        check_error(
            "error=perhaps",
            r#"failed to parse check option "error=perhaps": strconv.ParseBool: parsing "perhaps": invalid syntax"#,
        );
        check_error(
            "skip=A;skip=B;error=true;x",
            r#"failed to parse check option "error=true;x": strconv.ParseBool: parsing "true;x": invalid syntax"#,
        );
    }

    #[test]
    fn a_directive_may_give_a_reason() {
        let config = Config::of_directive("skip=A,B error=true").unwrap();
        assert!(config.skip.has("A") && config.skip.has("B") && !config.is_error);
        assert_eq!(Config::of_directive("").unwrap(), Config::default());
    }

    #[test]
    fn the_first_comment_with_settings_counts() {
        check_comments(&["a b", "check=skip=A because of B", "check=skip=C"], &["A"]);
        check_comments(&["Check = skip=A"], &["A"]);
        check_comments(&["check=nonsense", "check=skip=A"], &[]);
        check_comments(&["checks=skip=A", "check="], &[]);
    }
}

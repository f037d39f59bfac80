//! The commands in a RUN, as far as they can be told without a shell.
//!
//! A text is cut at `&&`, `||`, `;`, `|`, `&` and line ends, then into words. Quotes are not looked at, except that they
//! are taken off a word: good enough to find `apt-get update`, and no judge of anything finer.

use crate::instruction::Run;
use crate::text::Span;

/// The commands of a RUN.
pub(super) struct Commands {
    text: String,
    /// Where each part of the text starts, and the word of the file that it is from.
    parts: Vec<(usize, Span)>,
}

/// A command that was looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call<'a> {
    /// Its name and all up to the verb.
    pub text: &'a str,
    /// The word of the file that it stands in.
    pub word: Span,
    /// How often the same text stands before it in that word.
    pub skip: usize,
}

impl Commands {
    pub(super) fn of(run: &Run) -> Commands {
        let mut text = String::new();
        let mut parts = Vec::new();
        let words = run.command.words.iter().map(|word| {
            // The words of a JSON array are one command, which may begin in one and go on in the next.
            (&word.value, if run.command.is_shell { word.span } else { run.command.span })
        });
        for (part, span) in words.chain(run.heredocs.iter().map(|it| (&it.content, it.content_span))) {
            parts.push((text.len(), span));
            text.push_str(part);
            // The words of a JSON array are one command.
            text.push(if run.command.is_shell { '\n' } else { ' ' });
        }
        Commands { text, parts }
    }

    /// Returns the whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the words of each command, without what stands in front of its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = Vec<&str>> {
        self.text.split(['&', '|', ';', '\n', '(', ')']).filter_map(|command| {
            let words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'', '`', '\\']));
            let words: Vec<&str> = words.skip_while(|word| is_prefix(word)).collect();
            (!words.is_empty()).then_some(words)
        })
    }

    /// Returns the first command that has this name, and this verb among its words that are no flags.
    pub(super) fn find(&self, names: &[&str], verbs: &[&str]) -> Option<Call<'_>> {
        let words = self.iter().find(|words| is_call(words, names, verbs))?;
        let (first, rest) = words.split_first()?;
        let last = rest.iter().find(|word| verbs.contains(word)).unwrap_or(first);
        // All words are pieces of the text.
        let offset = |word: &str| word.as_ptr() as usize - self.text.as_ptr() as usize;
        let (start, end) = (offset(first), offset(last) + last.len());
        let text = self.text.get(start..end)?;
        let part = self.parts.partition_point(|(at, _)| *at <= start).checked_sub(1)?;
        let (at, word) = self.parts[part];
        Some(Call { text, word, skip: self.text[at..start].matches(text).count() })
    }
}

/// Tells whether the words call one of these programs with one of these verbs; no verbs: with any.
pub(super) fn is_call(words: &[&str], names: &[&str], verbs: &[&str]) -> bool {
    let Some((name, rest)) = words.split_first() else { return false };
    let name = name.rsplit('/').next().unwrap_or(name);
    names.contains(&name) && (verbs.is_empty() || rest.iter().any(|word| verbs.contains(word)))
}

/// Tells whether a word stands before the name of a command.
fn is_prefix(word: &str) -> bool {
    const WORDS: [&str; 20] = [
        "!",
        "/bin/bash",
        "/bin/sh",
        "-c",
        "bash",
        "command",
        "do",
        "elif",
        "else",
        "env",
        "exec",
        "if",
        "sh",
        "sudo",
        "then",
        "time",
        "until",
        "while",
        "{",
        "",
    ];
    let is_assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    WORDS.contains(&word) || is_assignment || (word.starts_with('-') && word.ends_with('c') && word.len() < 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, names: &[&str], verbs: &[&str], expected: bool) {
        let commands = Commands { text: text.to_owned(), parts: vec![(0, Span::default())] };
        assert_eq!(commands.find(names, verbs).is_some(), expected, "{text}");
    }

    #[test]
    fn commands_are_found() {
        for text in [
            "apt-get update",
            "set -e; DEBIAN_FRONTEND=x apt-get -qq update",
            "if a; then sudo apt-get update; fi",
        ] {
            check(text, &["apt-get"], &["update"], true);
        }
        check("/usr/bin/apt-get update", &["apt-get"], &["update"], true);
        check("bash -ec \"apt-get update\"", &["apt-get"], &["update"], true);
        for text in ["echo apt-get update", "apt-get install x && y update", "apt-getter update", ""] {
            check(text, &["apt-get"], &["update"], false);
        }
    }
}

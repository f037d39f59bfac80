//! The commands in a RUN, as far as they can be told without a shell.
//!
//! A text is cut at `&&`, `||`, `;`, `|`, `&` and line ends, then into words. Quotes are not looked at, except that they
//! are taken off a word: good enough to find `apt-get update`, and no judge of anything finer.

use crate::instruction::Run;

/// The commands of a RUN.
pub(super) struct Commands {
    text: String,
}

impl Commands {
    pub(super) fn of(run: &Run) -> Commands {
        let mut text = String::new();
        for part in
            run.command.words.iter().map(|word| &word.value).chain(run.heredocs.iter().map(|it| &it.content))
        {
            text.push_str(part);
            // The words of a JSON array are one command.
            text.push(if run.command.is_shell { '\n' } else { ' ' });
        }
        Commands { text }
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

    /// Tells whether a command has this name, and this verb among its words that are no flags.
    pub(super) fn has(&self, names: &[&str], verbs: &[&str]) -> bool {
        self.iter().any(|words| is_call(&words, names, verbs))
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
        assert_eq!(Commands { text: text.to_owned() }.has(names, verbs), expected, "{text}");
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

//! A word and variables: no more comes out than may, and what means nothing stays as it is.
//!
//! An input is lines `NAME=value`, a line `%%`, and the word. A first line without a name says how words are read: one
//! letter for each setting.

use super::{parts, settings};
use multistage::internal::expand::{EnvList, Expanded, Lexer};
use multistage::internal::limits::EXPANSION_BYTES;

pub fn check(data: &[u8]) {
    let parts = parts(data);
    let (env, word) = parts.split_at(parts.len() - 1);
    let word = String::from_utf8_lossy(word[0]);
    let mut how = String::new();
    let mut list = EnvList::new();
    for (name, value) in settings(env.first().copied().unwrap_or_default()) {
        match name.strip_prefix('-') {
            Some(letters) => letters.clone_into(&mut how),
            None => list.set(name, value),
        }
    }
    let lexer = Lexer {
        escape: if how.contains('w') { '`' } else { '\\' },
        raw_quotes: how.contains('q'),
        raw_escapes: how.contains('e'),
        skip_process_quotes: how.contains('s'),
        skip_unset_env: how.contains('u'),
    };
    let found = lexer.word(&word, &list);
    assert_eq!(lexer.word(&word, &list), found);
    if let Ok(Expanded { text, used, unset, .. }) = &found {
        assert!(text.len() <= EXPANSION_BYTES + 2 * word.len());
        assert!(used.iter().all(|name| list.get(name).is_some()));
        assert!(unset.iter().all(|name| list.get(name).is_none()));
        assert!(used.iter().chain(unset).all(|name| word.contains(name.as_str())));
    }
    if let Err(error) = &found {
        assert!(!error.to_string().is_empty());
    }
    if !word.contains('$') {
        without_variables(&lexer, &word);
    }
    let words = lexer.words(&word, &list);
    assert_eq!(lexer.words(&word, &list), words);
    // What is wrong with the text is wrong with its words.
    assert_eq!(words.as_ref().err().map(|error| &error.kind), found.as_ref().err().map(|error| &error.kind));
    if let Ok((words, _)) = words {
        assert!(words.iter().map(String::len).sum::<usize>() <= EXPANSION_BYTES + 2 * word.len());
    }
}

/// A text without variables is what it was, but for quotes and escapes, and those stay if they are to.
fn without_variables(lexer: &Lexer, word: &str) {
    let none = EnvList::new();
    let word = word.strip_prefix('\u{feff}').unwrap_or(word);
    // In double quotes the reference writes a backslash twice that means nothing.
    let is_doubled = word.contains('"') && word.contains(lexer.escape);
    let raw = Lexer { raw_quotes: true, raw_escapes: true, ..lexer.clone() };
    if let Ok(found) = raw.word(word, &none).as_ref()
        && !is_doubled
    {
        assert_eq!(found.text, word.strip_prefix('\u{feff}').unwrap_or(word));
        assert!(found.used.is_empty() && found.unset.is_empty());
    }
    if !word.contains(['\'', '"', '\u{feff}', lexer.escape]) {
        assert_eq!(lexer.word(word, &none).expect("nothing is special").text, word);
    }
}

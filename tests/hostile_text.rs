//! No text makes the rooms that read small texts panic, hang or answer without bound.

use multistage::image::{Config, Digest, Platform, Reference, Timestamp};
use multistage::internal::expand::{EnvList, Lexer, MAX_GROWTH};
use multistage::internal::options::Options;
use multistage::internal::{ignore, path, remote, text};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Text made of what these rooms look for, and of anything.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => proptest::sample::select(vec![
            "$", "${", "}", ":", "-", "+", "?", "#", "%", "/", "//", "\\", "\"", "'", "`", "<<", " ", "*", "**", "A",
            "B", "@", "!", "[", "]", "^", "(", ")", "=", ",", "&", ".", "..", "\n", "\u{feff}", "git@h:", "http://",
            "https://h/a.git", "github.com/", "sha256:", "linux", "arm", "v7", "C:", "0", "%2",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn expansion_ends(word in texts(), value in texts(), flags in 0..32u8) {
        let env: EnvList = [("A", value.as_str()), ("B", "b c")].into_iter().collect();
        let lexer = Lexer {
            escape: if flags & 1 == 0 { '\\' } else { '`' },
            raw_quotes: flags & 2 != 0,
            raw_escapes: flags & 4 != 0,
            skip_process_quotes: flags & 8 != 0,
            skip_unset_env: flags & 16 != 0,
        };
        if let Ok(expanded) = lexer.word(&word, &env) {
            prop_assert!(expanded.text.len() <= MAX_GROWTH + 2 * word.len());
        }
        if let Err(err) = lexer.words(&word, &env) {
            prop_assert!(!err.to_string().is_empty());
        }
    }

    #[test]
    fn plain_text_stays(word in "[a-zA-Z0-9 ,.:;/_=-]*") {
        prop_assert_eq!(Lexer::new('\\').word(&word, &EnvList::new()).unwrap().text, word);
    }

    #[test]
    fn names_print_as_they_were_read(text in texts()) {
        if let Ok(name) = Reference::parse(&text) {
            prop_assert_eq!(name.to_string(), text.clone());
        }
        if let Ok(name) = Reference::parse_normalized(&text) {
            let again = Reference::parse_normalized(&name.to_string()).unwrap();
            prop_assert_eq!(Reference::parse_normalized(&again.familiar()).unwrap(), name);
        }
        let host = Platform::new("linux", "amd64");
        if let Ok(platform) = Platform::parse(&text, &host) {
            let normalized = platform.normalized();
            prop_assert_eq!(normalized.normalized(), normalized.clone());
            prop_assert!(normalized.matches(&platform));
        }
        let _ = Digest::parse(&text);
        if let Ok(time) = Timestamp::parse(&text) {
            prop_assert_eq!(Timestamp::parse(&time.to_string()).unwrap(), time);
        }
    }

    #[test]
    fn addresses_and_paths_end(text in texts(), other in texts()) {
        let _ = remote::GitRef::parse(&text).map(|git| remote::GitRemote::parse(&git.remote));
        let _ = (remote::GitRemote::parse(&text).identifier(&other, &other), remote::http_filename(&text));
        let clean = path::clean(&text);
        prop_assert_eq!(path::clean(&clean), clean.clone());
        for os in ["", "linux", "windows"] {
            let _ = (path::normalize(&other, &text, os, true), path::normalize_workdir(&other, &text, os));
        }
        let _ = (text::csv_fields(&text), text::quote(&text), path::base(&text), path::dir(&text));
    }

    #[test]
    fn ignore_files_end(data in proptest::collection::vec(texts(), 0..6), file in texts()) {
        let patterns = ignore::read(data.join("\n").as_bytes()).unwrap();
        if let Ok(matcher) = ignore::Matcher::new(&patterns) {
            let _ = (matcher.matches_or_parent_matches(&file), matcher.matches_all_of_root());
        }
    }

    #[test]
    fn options_end(values in proptest::collection::btree_map(
        proptest::sample::select(vec![
            "platform", "add-hosts", "ulimit", "shm-size", "memory", "cpusetcpus", "cache-imports", "cache-from",
            "attest:sbom", "attest:x", "multi-platform", "no-cache", "frontend.caps", "context:A", "image-resolve-mode",
        ]),
        texts(),
        0..4,
    )) {
        let map: BTreeMap<String, String> = values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        if let Err(err) = Options::from_map(&map, &[], &Platform::new("linux", "amd64")) {
            prop_assert!(!err.to_string().is_empty());
        }
    }

    #[test]
    fn a_config_is_read_as_it_was_written(json in any::<Vec<u8>>(), name in texts(), value in texts()) {
        let _ = Config::from_json(&json);
        let mut config = Config::empty(&Platform::new("linux", "amd64"));
        config.config.labels.insert(name.clone(), value.clone());
        config.config.env.push(format!("{name}={value}"));
        config.config.volumes.insert(name);
        prop_assert_eq!(Config::from_json(&config.to_json()).unwrap(), config);
    }
}

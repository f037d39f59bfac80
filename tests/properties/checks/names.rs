//! Names of images, platforms, digests, times, addresses, paths: one text, and below a line `%%` another.

use super::parts;
use multistage::image::{Digest, Platform, Reference, Timestamp};
use multistage::internal::{path, remote, text};

pub fn check(data: &[u8]) {
    let parts = parts(data);
    let one = String::from_utf8_lossy(parts[0]);
    let other = String::from_utf8_lossy(parts.get(1).copied().unwrap_or_default());
    names(&one);
    addresses(&one, &other);
    paths(&one, &other);
    let _ = (text::csv_fields(&one), text::quote(&one));
    let shown = text::visible(&one);
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
}

/// Names print as they were read.
pub fn names(text: &str) {
    if let Ok(name) = Reference::parse(text) {
        assert_eq!(name.to_string(), text);
    }
    if let Ok(name) = Reference::parse_normalized(text) {
        let again = Reference::parse_normalized(&name.to_string()).expect("it is a name");
        assert_eq!(again, name);
        // The short form is for people: what looks like a registry in it was none before.
        let short = Reference::parse_normalized(&again.familiar()).expect("it is one still");
        let is_read_otherwise = short.domain() != name.domain() || name.familiar().starts_with("docker.io/");
        assert!(short == name || is_read_otherwise);
        let tagged = name.tag_name_only();
        assert_eq!(Reference::parse_normalized(&tagged.to_string()).expect("it is one still"), tagged);
    }
    let host = Platform::new("linux", "amd64");
    if let Ok(platform) = Platform::parse(text, &host) {
        let normalized = platform.normalized();
        assert_eq!(normalized.normalized(), normalized);
        assert!(normalized.matches(&platform));
    }
    if let Ok(digest) = Digest::parse(text) {
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(time) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&time.to_string()).expect("it is a time"), time);
    }
}

/// Addresses are read or refused, and named again.
pub fn addresses(text: &str, other: &str) {
    if let Ok(git) = remote::GitRef::parse(text) {
        let remote = remote::GitRemote::parse(&git.remote);
        let _ = remote.identifier(&git.reference, &git.subdir);
    }
    let _ = (remote::GitRemote::parse(text).identifier(other, other), remote::http_filename(text));
}

fn paths(text: &str, other: &str) {
    let clean = path::clean(text);
    assert_eq!(path::clean(&clean), clean);
    for os in ["", "linux", "windows"] {
        let _ = (path::normalize(other, text, os, true), path::normalize_workdir(other, text, os));
    }
    let rooted = path::join(&["/", text]);
    assert!(rooted.starts_with('/') && !path::climbs(&rooted), "{rooted:?}");
    let _ = (path::base(text), path::dir(text));
}

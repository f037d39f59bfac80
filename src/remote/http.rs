//! Addresses of files over HTTP.

use super::git::is_git_source;
use super::url::Url;
use crate::path;
use crate::text::quote;

/// Tells whether a text is the address of something over HTTP.
pub fn is_http_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Tells whether a text is the address of a file over HTTP, and not of a git repository.
pub fn is_http_source(text: &str) -> bool {
    is_http_url(text) && !is_git_source(text)
}

/// Checks that an address of this kind names something: `http://` alone does not, nor does `https:x`.
///
/// # Errors
/// If it names nothing. The reference leaves that to the engine, which cannot even tell what kind of source it is.
pub fn check_http_url(text: &str) -> Result<(), String> {
    match text.split_once("://") {
        // Behind a single slash, `https:/h?http://h`, another scheme may come.
        Some(("http" | "https", rest)) if !rest.is_empty() => Ok(()),
        _ => Err(format!("invalid address {}: it names no host", quote(text))),
    }
}

/// Returns the name under which the file of an address is stored.
pub fn http_filename(text: &str) -> String {
    let path = Url::parse(text).map(|url| url.path).unwrap_or_default();
    match path::base(&path) {
        // The reference lets `..` pass: a file that an engine would look for above its folder.
        "." | ".." | "/" => "__unnamed__".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        assert!(is_http_source("https://h/a") && is_http_source("http://h/a.git/"));
        assert!(
            !is_http_source("https://h/a.git#x") && !is_http_source("HTTP://h/a") && !is_http_source("h/a")
        );
    }

    #[test]
    fn addresses_of_nothing() {
        for text in ["http://", "https:x", "http:/x", "https:/x?http://h"] {
            let message = format!("invalid address \"{text}\": it names no host");
            assert_eq!(check_http_url(text), Err(message));
        }
        assert_eq!(check_http_url("http://h"), Ok(()));
    }

    #[test]
    fn filenames() {
        for (text, want) in [
            ("https://h/a/b.tar.gz?x=1#y", "b.tar.gz"),
            ("https://h/a/b/", "b"),
            ("https://h/a%20b", "a b"),
            ("https://h/", "__unnamed__"),
            ("https://h", "__unnamed__"),
            ("https://h/.", "__unnamed__"),
            ("https://h/%zz", "__unnamed__"),
        ] {
            assert_eq!(http_filename(text), want, "{text}");
        }
    }
}

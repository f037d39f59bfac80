//! Image names: `[domain/]path[:tag][@digest]`, as the distribution project reads, completes and shortens them.

use crate::limits::NAME_BYTES;
use std::fmt;

/// A full image name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image name. The words are the reference's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceError {
    /// It does not have the form of one.
    Invalid,
    /// It is empty.
    Empty,
    /// Only its capital letters are wrong.
    Uppercase,
    /// Its path, given here, has capital letters.
    UppercasePath(String),
    /// Its path is too long.
    TooLong,
    /// It looks like an image id.
    Identifier(String),
    /// Its digest is no digest.
    Digest(DigestError),
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReferenceError::Invalid => f.write_str("invalid reference format"),
            ReferenceError::Empty => f.write_str("repository name must have at least one component"),
            ReferenceError::Uppercase => f.write_str("repository name must be lowercase"),
            ReferenceError::UppercasePath(path) => {
                write!(f, "invalid reference format: repository name ({path}) must be lowercase")
            }
            ReferenceError::TooLong => {
                write!(f, "repository name must not be more than {MAX_PATH} characters")
            }
            ReferenceError::Identifier(text) => {
                write!(f, "invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
            }
            ReferenceError::Digest(err) => err.fmt(f),
        }
    }
}

impl std::error::Error for ReferenceError {}

/// The digest of content, such as `sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

/// Why a text is no digest. The words are the reference's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestError {
    /// It does not have the form of one.
    Format,
    /// It has too few or too many digits.
    Length,
    /// It is of a kind that nobody here knows.
    Unsupported,
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DigestError::Format => "invalid checksum digest format",
            DigestError::Length => "invalid checksum digest length",
            DigestError::Unsupported => "unsupported digest algorithm",
        })
    }
}

impl std::error::Error for DigestError {}

impl Digest {
    /// Reads `algorithm:hex`; the algorithm is `sha256`, `sha384` or `sha512`.
    ///
    /// # Errors
    /// If it is another one, or the digits are not as many as it has, or not in lower case.
    pub fn parse(text: &str) -> Result<Digest, DigestError> {
        let (algorithm, encoded) = text.split_once(':').ok_or(DigestError::Format)?;
        if algorithm.is_empty() || encoded.is_empty() {
            return Err(DigestError::Format);
        }
        let len = match algorithm {
            "sha256" => 64,
            "sha384" => 96,
            "sha512" => 128,
            _ if is_digest_form(algorithm, encoded) => return Err(DigestError::Unsupported),
            _ => return Err(DigestError::Format),
        };
        if encoded.len() != len {
            return Err(DigestError::Length);
        }
        if !encoded.bytes().all(is_lower_hex) {
            return Err(DigestError::Format);
        }
        Ok(Digest(text.to_owned()))
    }

    /// Returns the whole digest.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The most characters of a name without its domain, as in the reference.
const MAX_PATH: usize = 255;
const DEFAULT_DOMAIN: &str = "docker.io";
const LEGACY_DOMAIN: &str = "index.docker.io";
const OFFICIAL: &str = "library/";

impl Reference {
    /// Reads a name as it stands; nothing is filled in.
    ///
    /// # Errors
    /// If it does not have the form of a name, or its digest is none.
    pub fn parse(text: &str) -> Result<Reference, ReferenceError> {
        if text.len() > NAME_BYTES {
            return Err(ReferenceError::TooLong);
        }
        let Some(parts) = split(text) else {
            return Err(match text {
                "" => ReferenceError::Empty,
                _ if split(&text.to_lowercase()).is_some() => ReferenceError::Uppercase,
                _ => ReferenceError::Invalid,
            });
        };
        if parts.path.len() > MAX_PATH {
            return Err(ReferenceError::TooLong);
        }
        let digest = parts.digest.map(Digest::parse).transpose().map_err(ReferenceError::Digest)?;
        Ok(Reference {
            domain: parts.domain.unwrap_or_default().to_owned(),
            path: parts.path.to_owned(),
            tag: parts.tag.map(str::to_owned),
            digest,
        })
    }

    /// Reads a name as people write it: `alpine` is `docker.io/library/alpine`.
    ///
    /// # Errors
    /// As [`Reference::parse`], and if it is 64 hexadecimal digits or has capital letters in its path.
    pub fn parse_normalized(text: &str) -> Result<Reference, ReferenceError> {
        if text.len() > NAME_BYTES {
            return Err(ReferenceError::TooLong);
        }
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return Err(ReferenceError::Identifier(text.to_owned()));
        }
        let (domain, rest) = complete(text);
        let path = rest.split(':').next().unwrap_or_default();
        if path.to_lowercase() != path {
            return Err(ReferenceError::UppercasePath(path.to_owned()));
        }
        Reference::parse(&format!("{domain}/{rest}"))
    }

    /// Returns the registry, such as `docker.io`, or nothing.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the name within the registry, such as `library/alpine`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the name without tag and digest.
    pub fn name(&self) -> String {
        if self.domain.is_empty() { self.path.clone() } else { format!("{}/{}", self.domain, self.path) }
    }

    /// Returns the tag.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns the name with tag `latest`, if it has neither tag nor digest.
    pub fn tag_name_only(mut self) -> Reference {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some("latest".to_owned());
        }
        self
    }

    /// Returns the name with this digest.
    pub fn with_digest(mut self, digest: Digest) -> Reference {
        self.digest = Some(digest);
        self
    }

    /// Returns the name as people write it: without `docker.io/library/`.
    pub fn familiar(&self) -> String {
        let mut short = self.clone();
        if short.domain == DEFAULT_DOMAIN {
            short.domain.clear();
            if let Some(name) = short.path.strip_prefix(OFFICIAL)
                && !name.contains('/')
            {
                short.path = name.to_owned();
            }
        }
        short.to_string()
    }
}

/// The whole name, with its domain.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// Adds what people leave out: the domain, and `library/` on Docker's own.
fn complete(text: &str) -> (&str, String) {
    let Some((first, rest)) = text.split_once('/') else {
        return (DEFAULT_DOMAIN, format!("{OFFICIAL}{text}"));
    };
    let is_domain = first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first;
    let (domain, rest) = match first {
        LEGACY_DOMAIN => (DEFAULT_DOMAIN, rest),
        _ if is_domain => (first, rest),
        _ => (DEFAULT_DOMAIN, text),
    };
    if domain == DEFAULT_DOMAIN && !rest.contains('/') {
        return (domain, format!("{OFFICIAL}{rest}"));
    }
    (domain, rest.to_owned())
}

struct Parts<'a> {
    domain: Option<&'a str>,
    path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

/// Splits a name, or returns nothing if a part does not have its form.
///
/// No part but the domain may hold a slash or a colon of its own, so the cuts are certain: the digest begins at
/// the only `@`, the tag at the last colon behind the last slash.
fn split(text: &str) -> Option<Parts<'_>> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return None;
    }
    let after_slash = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[after_slash..].rfind(':') {
        Some(at) => (&rest[..after_slash + at], Some(&rest[after_slash + at + 1..])),
        None => (rest, None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return None;
    }
    // What can be a domain is one; only then is the whole name taken as a path.
    if let Some((domain, path)) = name.split_once('/')
        && is_domain(domain)
        && is_path(path)
    {
        return Some(Parts { domain: Some(domain), path, tag, digest });
    }
    is_path(name).then_some(Parts { domain: None, path: name, tag, digest })
}

fn is_path(text: &str) -> bool {
    text.split('/').all(is_component)
}

/// Words of small letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_component(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let word = bytes[at..].iter().take_while(|b| is_word(**b)).count();
        if word == 0 {
            return false;
        }
        at += word;
        if at == bytes.len() {
            return true;
        }
        let joint = bytes[at..].iter().take_while(|b| !is_word(**b)).count();
        match &bytes[at..at + joint] {
            b"." | b"_" | b"__" => {}
            joint if joint.iter().all(|b| *b == b'-') => {}
            _ => return false,
        }
        at += joint;
    }
}

/// A host name, an IPv4 address or an IPv6 address in brackets, and maybe a port.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) => {
                let is_address = !host.is_empty() && host.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
                return is_address && (port.is_empty() || port.strip_prefix(':').is_some_and(is_number));
            }
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_label = |label: &str| {
        label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && label.starts_with(|c: char| c != '-')
            && !label.ends_with('-')
    };
    host.split('.').all(is_label) && port.is_none_or(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

/// The form of a digest inside a name: an algorithm, a colon, 32 or more hexadecimal digits of either case.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(is_word)
        && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The form of any digest.
fn is_digest_form(algorithm: &str, encoded: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    algorithm.split(['.', '+', '_', '-']).all(is_word)
        && encoded.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'_' | b'-'))
}

fn is_lower_hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[track_caller]
    fn check(text: &str, full: &str, familiar: &str) {
        let name = Reference::parse_normalized(text).unwrap();
        assert_eq!((name.to_string().as_str(), name.familiar().as_str()), (full, familiar));
    }

    #[track_caller]
    fn check_error(text: &str, want: &str) {
        assert_eq!(Reference::parse_normalized(text).unwrap_err().to_string(), want, "{text}");
    }

    #[test]
    fn names() {
        check("alpine", "docker.io/library/alpine", "alpine");
        check("alpine:3.15", "docker.io/library/alpine:3.15", "alpine:3.15");
        check("docker.io/alpine", "docker.io/library/alpine", "alpine");
        check("index.docker.io/library/alpine", "docker.io/library/alpine", "alpine");
        check("docker.io/library/a/b", "docker.io/library/a/b", "library/a/b");
        check("user/app_x__y---z.w", "docker.io/user/app_x__y---z.w", "user/app_x__y---z.w");
        check("localhost/app", "localhost/app", "localhost/app");
        check("host:5000/app:v1", "host:5000/app:v1", "host:5000/app:v1");
        check("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app");
        check("Host/app", "Host/app", "Host/app");
        check("host:5000", "docker.io/library/host:5000", "host:5000");
        let pinned = format!("alpine:3@{SHA}");
        check(&pinned, &format!("docker.io/library/{pinned}"), &pinned);
    }

    #[test]
    fn errors() {
        check_error("Base", "invalid reference format: repository name (library/Base) must be lowercase");
        check_error("a/B:c", "invalid reference format: repository name (a/B) must be lowercase");
        check_error("", "invalid reference format");
        check_error("a b", "invalid reference format");
        check_error("a__-b", "invalid reference format");
        check_error("a:", "invalid reference format");
        check_error("host:port/a", "invalid reference format");
        check_error("-a", "invalid reference format");
        check_error("a@sha256:12", "invalid reference format");
        check_error(
            &SHA[7..],
            &format!("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", &SHA[7..]),
        );
        check_error(&format!("a@sha512:{}", &SHA[7..]), "invalid checksum digest length");
        check_error(&format!("a@md5:{}", &SHA[7..]), "unsupported digest algorithm");
        check_error(&format!("a@{}", SHA.replace("abc", "ABC")), "invalid checksum digest format");
        check_error(&"a".repeat(249), "repository name must not be more than 255 characters");
        assert_eq!(Reference::parse("").unwrap_err(), ReferenceError::Empty);
        assert_eq!(Reference::parse("a/B").unwrap_err(), ReferenceError::Uppercase);
    }

    #[test]
    fn as_it_stands() {
        let name = Reference::parse("store/x@".to_owned().as_str()).unwrap_err();
        assert_eq!(name, ReferenceError::Invalid);
        let name = Reference::parse(&format!("store/x@{SHA}")).unwrap();
        assert_eq!((name.domain(), name.path(), name.name()), ("store", "x", "store/x".to_owned()));
        assert_eq!(name.digest().map(Digest::as_str), Some(SHA));
        let name = Reference::parse("x").unwrap().tag_name_only();
        assert_eq!(
            (name.domain(), name.tag(), name.to_string()),
            ("", Some("latest"), "x:latest".to_owned())
        );
    }
}

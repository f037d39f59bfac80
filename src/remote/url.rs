//! URLs, as Go's package `net/url` takes them apart and puts them together.

use crate::text::quote;
use std::fmt;

/// A URL in its parts, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// In lower case; empty if there is none.
    pub scheme: String,
    /// Host and port.
    pub host: String,
    /// The path.
    pub path: String,
    /// What stands behind `#`.
    pub fragment: String,
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// What stands behind the scheme if that is no path.
    opaque: String,
    raw_path: String,
    raw_query: String,
    /// Whether a scheme is followed by a path at once.
    omits_host: bool,
    /// Whether the URL ends in a lone `?`.
    is_query_forced: bool,
}

/// A text that is no URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError {
    text: String,
    reason: String,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parse {}: {}", quote(&self.text), self.reason)
    }
}

impl std::error::Error for UrlError {}

/// A part of a URL; each leaves other characters as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Host,
    Path,
    Query,
    Fragment,
}

impl Url {
    /// Reads a URL; it may be relative.
    ///
    /// # Errors
    /// If it holds a control character, a wrong escape, a wrong host or port, or a colon where a scheme ends.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
        let error = |text: &str| {
            let text = text.to_owned();
            move |reason| UrlError { text, reason }
        };
        let mut url = Url::parse_before_fragment(before).map_err(error(before))?;
        url.fragment = decoded(fragment, Part::Fragment).map_err(error(text))?;
        Ok(url)
    }

    fn parse_before_fragment(text: &str) -> Result<Url, String> {
        if text.bytes().any(|b| b < b' ' || b == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let (scheme, rest) = split_scheme(text)?;
        let mut url = Url { scheme: scheme.to_ascii_lowercase(), ..Url::default() };
        let mut rest = match rest.split_once('?') {
            Some((rest, "")) => {
                url.is_query_forced = true;
                rest
            }
            Some((rest, query)) => {
                query.clone_into(&mut url.raw_query);
                rest
            }
            None => rest,
        };
        if !rest.starts_with('/') {
            if !url.scheme.is_empty() {
                rest.clone_into(&mut url.opaque);
                return Ok(url);
            }
            if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
                return Err("first path segment in URL cannot contain colon".to_owned());
            }
        }
        if let Some(after) = rest.strip_prefix("//")
            && (!url.scheme.is_empty() || !after.starts_with('/'))
        {
            let end = after.find('/').unwrap_or(after.len());
            rest = &after[end..];
            url.set_authority(&after[..end])?;
        } else {
            url.omits_host = !url.scheme.is_empty();
        }
        url.path = decoded(rest, Part::Path)?;
        rest.clone_into(&mut url.raw_path);
        Ok(url)
    }

    fn set_authority(&mut self, text: &str) -> Result<(), String> {
        let (user, host) = match text.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, text),
        };
        // A port follows the bracket of an IPv6 address, or else the last colon.
        let port = match host.rfind('[') {
            Some(_) => {
                let end = host.rfind(']').ok_or("missing ']' in host")?;
                &host[end + 1..]
            }
            None => host.rfind(':').map_or("", |at| &host[at..]),
        };
        let digits = port.strip_prefix(':').unwrap_or(port);
        if !port.is_empty() && (digits.len() == port.len() || !digits.bytes().all(|b| b.is_ascii_digit())) {
            return Err(format!("invalid port {} after host", quote(port)));
        }
        self.host = decoded(host, Part::Host)?;
        if let Some(user) = user {
            let is_valid = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
            if !user.bytes().all(is_valid) {
                return Err("net/url: invalid userinfo".to_owned());
            }
            self.user = Some(match user.split_once(':') {
                Some((name, password)) => {
                    (unescape(name, Part::User)?, Some(unescape(password, Part::User)?))
                }
                None => (unescape(user, Part::User)?, None),
            });
        }
        Ok(())
    }

    /// Returns names and values of the query, decoded, in their order. A malformed pair is left out.
    pub fn query(&self) -> Vec<(String, String)> {
        query_pairs(&self.raw_query).0
    }

    /// Returns the URL without its query and fragment, with `scheme`.
    pub(super) fn without_query(&self, scheme: &str) -> String {
        let mut out = String::new();
        if !scheme.is_empty() {
            out.push_str(scheme);
            out.push(':');
        }
        if !self.opaque.is_empty() {
            out.push_str(&self.opaque);
        } else {
            let is_hostless = self.host.is_empty() && self.user.is_none();
            let has_authority = if is_hostless {
                !scheme.is_empty() && !self.omits_host && !self.path.is_empty()
            } else {
                true
            };
            if has_authority {
                out.push_str("//");
                if let Some((name, password)) = &self.user {
                    escape(&mut out, name, Part::User);
                    if let Some(password) = password {
                        out.push(':');
                        escape(&mut out, password, Part::User);
                    }
                    out.push('@');
                }
                escape(&mut out, self.host.as_bytes(), Part::Host);
            }
            if !self.path.is_empty() && !self.path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            self.push_path(&mut out);
        }
        if self.is_query_forced {
            out.push('?');
        }
        out
    }

    /// Writes the path as it was written, if it was written well.
    fn push_path(&self, out: &mut String) {
        let is_well = |b: u8| b"!$&'()*+,;=:@[]%".contains(&b) || !must_escape(b, Part::Path);
        if self.raw_path.bytes().all(is_well) {
            out.push_str(&self.raw_path);
        } else {
            let path = unescape(&self.raw_path, Part::Path).unwrap_or_default();
            escape(out, &path, Part::Path);
        }
    }
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

/// Takes a query apart. Also tells whether all of it was well formed.
pub(super) fn query_pairs(query: &str) -> (Vec<(String, String)>, bool) {
    let mut pairs = Vec::new();
    let mut is_well = true;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (decoded(name, Part::Query), decoded(value, Part::Query)) {
            (Ok(name), Ok(value)) if !pair.contains(';') => pairs.push((name, value)),
            _ => is_well = false,
        }
    }
    (pairs, is_well)
}

/// Decodes `%XX`. Bytes that make no UTF-8 become U+FFFD.
fn decoded(text: &str, part: Part) -> Result<String, String> {
    Ok(String::from_utf8_lossy(&unescape(text, part)?).into_owned())
}

fn unescape(text: &str, part: Part) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'%' => {
                let hex = tail.get(..2).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
                let value = hex
                    .and_then(|hex| std::str::from_utf8(hex).ok())
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                // In a host only what is no ASCII may be escaped, and the percent sign of a zone.
                let value = value.filter(|value| part != Part::Host || *value >= 0x80 || *value == b'%');
                let Some(value) = value else {
                    let end = tail.len().min(2);
                    let bad = format!("%{}", String::from_utf8_lossy(&tail[..end]));
                    return Err(format!("invalid URL escape {}", quote(&bad)));
                };
                out.push(value);
                rest = &tail[2..];
            }
            b'+' if part == Part::Query => out.push(b' '),
            b if part == Part::Host && b.is_ascii() && must_escape(*b, part) => {
                return Err(format!("invalid character {} in host name", quote(&char::from(*b).to_string())));
            }
            b => out.push(*b),
        }
    }
    Ok(out)
}

fn escape(out: &mut String, bytes: &[u8], part: Part) {
    for b in bytes {
        if must_escape(*b, part) {
            out.push_str(&format!("%{b:02X}"));
        } else {
            out.push(char::from(*b));
        }
    }
}

fn must_escape(b: u8, part: Part) -> bool {
    match b {
        b'-' | b'_' | b'.' | b'~' => false,
        b if b.is_ascii_alphanumeric() => false,
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match part {
            Part::User => matches!(b, b'@' | b'/' | b'?' | b':'),
            Part::Host => matches!(b, b'/' | b'?' | b'@'),
            Part::Path => b == b'?',
            Part::Query => true,
            Part::Fragment => false,
        },
        b'!' | b'\'' | b'(' | b')' | b'*' | b'[' | b']' | b'<' | b'>' | b'"' => part != Part::Host,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, parts: [&str; 4], printed: &str) {
        let url = Url::parse(text).unwrap();
        assert_eq!([&url.scheme, &url.host, &url.path, &url.fragment], parts, "{text}");
        assert_eq!(url.without_query(&url.scheme), printed, "{text}");
    }

    #[track_caller]
    fn check_error(text: &str, want: &str) {
        assert_eq!(Url::parse(text).unwrap_err().to_string(), want);
    }

    #[test]
    fn parts() {
        check(
            "HTTPS://h:1/a/b.git?x=y#f%20g:h",
            ["https", "h:1", "/a/b.git", "f g:h"],
            "https://h:1/a/b.git",
        );
        check("http://u:p%40!@[::1]:80/", ["http", "[::1]:80", "/", ""], "http://u:p%40%21@[::1]:80/");
        check("http://h/a%20b/c d", ["http", "h", "/a b/c d", ""], "http://h/a%20b/c%20d");
        check("http://h/a%2fb(c)", ["http", "h", "/a/b(c)", ""], "http://h/a%2fb(c)");
        check("http://h/é?", ["http", "h", "/é", ""], "http://h/%C3%A9?");
        check("http://h", ["http", "h", "", ""], "http://h");
        check("http:a/b", ["http", "", "", ""], "http:a/b");
        check("http:/a", ["http", "", "/a", ""], "http:/a");
        check("http:///a", ["http", "", "/a", ""], "http:///a");
        check("a/b:c", ["", "", "a/b:c", ""], "a/b:c");
    }

    #[test]
    fn errors() {
        check_error("http://h/%zz", "parse \"http://h/%zz\": invalid URL escape \"%zz\"");
        check_error("http://h:x/", "parse \"http://h:x/\": invalid port \":x\" after host");
        check_error("http://[::1", "parse \"http://[::1\": missing ']' in host");
        check_error("http://a b/", "parse \"http://a b/\": invalid character \" \" in host name");
        check_error("http://h/\x01", "parse \"http://h/\\x01\": net/url: invalid control character in URL");
        check_error(":a", "parse \":a\": missing protocol scheme");
        check_error("1:a", "parse \"1:a\": first path segment in URL cannot contain colon");
        check_error("http://a\\@h/", "parse \"http://a\\\\@h/\": net/url: invalid userinfo");
    }

    #[test]
    fn queries() {
        let query = |text: &str| Url::parse(text).unwrap().query();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(query("x?a=1&b&&c=d+e%3D&%zz=1&f;g"), [pair("a", "1"), pair("b", ""), pair("c", "d e=")]);
    }
}

//! Platforms: `linux/arm64/v8` and friends, as containerd reads, normalizes, prints and matches them.

use crate::path;
use crate::text::quote;
use std::fmt;

/// What a build step or an image runs on. An empty part is an unset one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// The operating system, such as `linux`.
    pub os: String,
    /// The processor, such as `amd64`.
    pub architecture: String,
    /// The kind of that processor, such as `v7` for `arm`.
    pub variant: String,
    /// The version of the operating system; only Windows has one.
    pub os_version: String,
    /// What the operating system must be able to do.
    pub os_features: Vec<String>,
}

/// Why a text names no platform. The words are containerd's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformError(String);

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PlatformError {}

const PART: &str = "^[A-Za-z0-9_.-]+$";
const OS_PART: &str = r"^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$";

impl Platform {
    /// Returns the platform of `os/architecture`.
    pub fn new(os: &str, architecture: &str) -> Platform {
        Platform { os: os.to_owned(), architecture: architecture.to_owned(), ..Platform::default() }
    }

    /// Returns the platform that this program was built for.
    pub fn host() -> Platform {
        let (architecture, variant) = match std::env::consts::ARCH {
            "x86_64" => ("amd64", ""),
            "x86" => ("386", ""),
            "aarch64" => ("arm64", "v8"),
            "arm" => ("arm", "v7"),
            "powerpc64" if cfg!(target_endian = "little") => ("ppc64le", ""),
            "loongarch64" => ("loong64", ""),
            other => (other, ""),
        };
        Platform { variant: variant.to_owned(), ..Platform::new("linux", architecture) }
    }

    /// Reads `os[(version[+feature]*)][/architecture[/variant]]`, or an architecture alone.
    ///
    /// A part that is not written is taken from `host`.
    ///
    /// # Errors
    /// If a part holds a character that none may, if there are more than three parts, or if the only part is
    /// neither a known operating system nor a known architecture.
    pub fn parse(text: &str, host: &Platform) -> Result<Platform, PlatformError> {
        if text.contains('*') {
            return fail(format!("{}: wildcards not yet supported", quote(text)));
        }
        let parts: Vec<&str> = text.splitn(4, '/').collect();
        let mut platform = parse_os(parts[0], text)?;
        for part in &parts[1..] {
            if part.is_empty() || !part.bytes().all(is_part_byte) {
                return fail(format!(
                    "{} is an invalid component of {}: platform specifier component must match {}",
                    quote(part),
                    quote(text),
                    quote(PART)
                ));
            }
        }
        match parts[..] {
            [_] if is_known_os(&platform.os) => {
                platform.architecture = host.architecture.clone();
                if platform.architecture == "arm" && host.variant != "v7" {
                    platform.variant = host.variant.clone();
                }
            }
            [name] => {
                platform.set_architecture(name, "");
                if !is_known_architecture(&platform.architecture) {
                    return fail(format!("{}: unknown operating system or architecture", quote(text)));
                }
                platform.os = host.os.clone();
            }
            [_, architecture] => platform.set_architecture(architecture, ""),
            [_, architecture, variant] => {
                (platform.architecture, platform.variant) = normalize_architecture(architecture, variant);
                if platform.architecture == "arm64" && platform.variant.is_empty() {
                    platform.variant = "v8".to_owned();
                }
            }
            _ => return fail(format!("{}: cannot parse platform specifier", quote(text))),
        }
        Ok(platform)
    }

    fn set_architecture(&mut self, architecture: &str, variant: &str) {
        (self.architecture, self.variant) = normalize_architecture(architecture, variant);
        if self.architecture == "arm" && self.variant == "v7" {
            self.variant.clear();
        }
    }

    /// Returns the same platform under its one canonical name: `x86_64` becomes `amd64`, and so on.
    pub fn normalized(&self) -> Platform {
        let (architecture, variant) = normalize_architecture(&self.architecture, &self.variant);
        let mut os_features = self.os_features.clone();
        os_features.sort();
        os_features.dedup();
        Platform {
            os: normalize_os(&self.os),
            architecture,
            variant,
            os_version: self.os_version.clone(),
            os_features,
        }
    }

    /// Returns `os/architecture/variant`, without version and features.
    pub fn short(&self) -> String {
        if self.os.is_empty() {
            return "unknown".to_owned();
        }
        path::join(&[&self.os, &self.architecture, &self.variant])
    }

    /// Tells whether an image of platform `other` runs where this one is asked for.
    ///
    /// Both are normalized first. The version counts on Windows only; features must be a subset.
    pub fn matches(&self, other: &Platform) -> bool {
        let (want, have) = (self.normalized(), other.normalized());
        let is_windows = self.os == "windows";
        let wanted_features: Vec<&String> = want.os_features.iter().collect();
        let features: Vec<&String> =
            have.os_features.iter().filter(|feature| !(is_windows && *feature == "win32k")).collect();
        want.os == have.os
            && want.architecture == have.architecture
            && want.variant == have.variant
            && (!is_windows || windows_version_matches(&self.os_version, &other.os_version))
            && features.iter().all(|feature| wanted_features.contains(feature))
    }
}

/// The full name, `os(version+feature)/architecture/variant`.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.os.is_empty() {
            return f.write_str("unknown");
        }
        let mut features: Vec<&str> =
            self.os_features.iter().map(String::as_str).filter(|feature| !feature.is_empty()).collect();
        features.sort_unstable();
        features.dedup();
        let mut os = self.os.clone();
        if !self.os_version.is_empty() || !features.is_empty() {
            os.push('(');
            encode(&mut os, &self.os_version);
            for feature in features {
                os.push('+');
                encode(&mut os, feature);
            }
            os.push(')');
        }
        f.write_str(&path::join(&[&os, &self.architecture, &self.variant]))
    }
}

fn fail<T>(message: String) -> Result<T, PlatformError> {
    Err(PlatformError(format!("{message}: invalid argument")))
}

fn is_part_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')
}

/// Reads the first part, `os[(version[+feature]*)]`.
fn parse_os(part: &str, text: &str) -> Result<Platform, PlatformError> {
    let invalid = || {
        fail(format!(
            "{} is an invalid OS component of {}: OSAndVersion specifier component must match {}",
            quote(part),
            quote(text),
            quote(OS_PART)
        ))
    };
    let is_option = |text: &str| text.bytes().all(|b| is_part_byte(b) || b == b'%');
    let (name, options) = match part.split_once('(') {
        Some((name, options)) => match options.strip_suffix(')') {
            Some(options) => (name, options),
            None => return invalid(),
        },
        None => (part, ""),
    };
    if name.is_empty() || !name.bytes().all(|b| is_part_byte(b) && b != b'.') {
        return invalid();
    }
    let (version, features) = match options.split_once('+') {
        Some((version, features)) => (version, Some(features)),
        None => (options, None),
    };
    let mut names = features.into_iter().flat_map(|features| features.split('+'));
    if !is_option(version) || !names.all(|name| !name.is_empty() && is_option(name)) {
        return invalid();
    }
    let os_version = decode(version).map_err(|err| {
        PlatformError(format!("{} has an invalid OS version {}: {err}", quote(text), quote(version)))
    })?;
    let mut os_features = Vec::new();
    for feature in features.into_iter().flat_map(|features| features.split('+')) {
        os_features.push(decode(feature).map_err(|err| {
            PlatformError(format!(
                "{} has invalid OS features: invalid os feature {}: {err}",
                quote(text),
                quote(feature)
            ))
        })?);
    }
    Ok(Platform { os: normalize_os(name), os_version, os_features, ..Platform::default() })
}

/// Writes what would be read as syntax as `%XX`.
fn encode(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '+' => out.push_str("%2B"),
            '(' => out.push_str("%28"),
            ')' => out.push_str("%29"),
            '/' => out.push_str("%2F"),
            c => out.push(c),
        }
    }
}

/// Reads `%XX`. Bytes that make no UTF-8 become U+FFFD.
fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if tail[0] != b'+' => bytes.push(byte),
            _ => {
                let bad = String::from_utf8_lossy(&rest[..rest.len().min(3)]).into_owned();
                return Err(format!("invalid URL escape {}", quote(&bad)));
            }
        }
        rest = &tail[2..];
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_known_os(os: &str) -> bool {
    matches!(
        os,
        "aix"
            | "android"
            | "darwin"
            | "dragonfly"
            | "freebsd"
            | "hurd"
            | "illumos"
            | "ios"
            | "js"
            | "linux"
            | "nacl"
            | "netbsd"
            | "openbsd"
            | "plan9"
            | "solaris"
            | "windows"
            | "zos"
    )
}

fn is_known_architecture(architecture: &str) -> bool {
    matches!(
        architecture,
        "386"
            | "amd64"
            | "amd64p32"
            | "arm"
            | "armbe"
            | "arm64"
            | "arm64be"
            | "ppc64"
            | "ppc64le"
            | "loong64"
            | "mips"
            | "mipsle"
            | "mips64"
            | "mips64le"
            | "mips64p32"
            | "mips64p32le"
            | "ppc"
            | "riscv"
            | "riscv64"
            | "s390"
            | "s390x"
            | "sparc"
            | "sparc64"
            | "wasm"
    )
}

fn normalize_os(os: &str) -> String {
    match os.to_lowercase().as_str() {
        "" => "linux".to_owned(),
        "macos" => "darwin".to_owned(),
        other => other.to_owned(),
    }
}

fn normalize_architecture(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = (architecture.to_lowercase(), variant.to_lowercase());
    let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", "" | "7") => ("arm", "v7"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "6") => ("arm", "v6"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    };
    (architecture.to_owned(), variant.to_owned())
}

/// Windows Server 2022, the first release whose hosts run older images.
const LTSC_2022: u16 = 20348;
/// Windows Server 2025.
const LTSC_2025: u16 = 26100;

/// Tells whether a Windows host of one version runs images of another. An unknown host version takes all.
fn windows_version_matches(host: &str, image: &str) -> bool {
    let host = windows_version(host);
    if host == (0, 0, 0) || image.is_empty() {
        return true;
    }
    let image = windows_version(image);
    if (host.0, host.1) != (image.0, image.1) {
        return false;
    }
    if host.2 < LTSC_2022 {
        return host.2 == image.2;
    }
    let oldest = if host.2 > LTSC_2025 { LTSC_2025 } else { LTSC_2022 };
    (oldest..=host.2).contains(&image.2)
}

/// Returns major, minor and build of `major.minor.build…`, or zeros.
fn windows_version(text: &str) -> (u8, u8, u16) {
    let mut parts = text.split('.');
    let mut number = || {
        parts.next().filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))?.parse::<u32>().ok()
    };
    let version = (|| Some((number()?, number()?, number()?)))();
    match version {
        Some((major, minor, build)) => match (major.try_into(), minor.try_into(), build.try_into()) {
            (Ok(major), Ok(minor), Ok(build)) => (major, minor, build),
            _ => (0, 0, 0),
        },
        None => (0, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Platform, PlatformError> {
        Platform::parse(text, &Platform::new("linux", "amd64"))
    }

    /// Checks what a text means, and what that is once normalized.
    #[track_caller]
    fn check(text: &str, want: &str, normalized: &str) {
        let platform = parse(text).unwrap();
        assert_eq!(
            (platform.to_string().as_str(), platform.normalized().to_string().as_str()),
            (want, normalized)
        );
    }

    #[track_caller]
    fn check_error(text: &str, want: &str) {
        assert_eq!(parse(text).unwrap_err().to_string(), format!("{want}: invalid argument"));
    }

    #[test]
    fn names() {
        check("linux", "linux/amd64", "linux/amd64");
        check("arm64", "linux/arm64", "linux/arm64");
        check("armhf", "linux/arm", "linux/arm/v7");
        check("armel", "linux/arm/v6", "linux/arm/v6");
        check("Linux/X86_64", "linux/amd64", "linux/amd64");
        check("linux/amd64/v1", "linux/amd64", "linux/amd64");
        check("linux/amd64/v2", "linux/amd64/v2", "linux/amd64/v2");
        check("linux/arm", "linux/arm", "linux/arm/v7");
        check("linux/arm/7", "linux/arm/v7", "linux/arm/v7");
        check("linux/arm64/v8", "linux/arm64/v8", "linux/arm64");
        check("linux/arm64/9", "linux/arm64/v9", "linux/arm64/v9");
        check("macos/i386", "darwin/386", "darwin/386");
        check("any/thing", "any/thing", "any/thing");
        check("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64");
        check("windows(1%2B2+b+a+b)/amd64", "windows(1%2B2+a+b)/amd64", "windows(1%2B2+a+b)/amd64");
        check("linux(+x)/amd64", "linux(+x)/amd64", "linux(+x)/amd64");
        assert_eq!(parse("windows(1+f)/amd64/v2").unwrap().short(), "windows/amd64/v2");
        assert_eq!(Platform::default().to_string(), "unknown");
    }

    #[test]
    fn errors() {
        check_error("linux/*", "\"linux/*\": wildcards not yet supported");
        check_error("bogus", "\"bogus\": unknown operating system or architecture");
        check_error("a/b/c/d", "\"a/b/c/d\": cannot parse platform specifier");
        let part = "platform specifier component must match \"^[A-Za-z0-9_.-]+$\"";
        check_error("a/b/c/d/e", &format!("\"d/e\" is an invalid component of \"a/b/c/d/e\": {part}"));
        check_error("linux/", &format!("\"\" is an invalid component of \"linux/\": {part}"));
        let os = r#"OSAndVersion specifier component must match "^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.%-]*)((?:\\+[A-Za-z0-9_.%-]+)*)\\))?$""#;
        for (text, part) in [
            ("", ""),
            (" linux", " linux"),
            ("linux(1/amd64", "linux(1"),
            ("w(1+)/a", "w(1+)"),
            ("a.b/c", "a.b"),
        ] {
            check_error(
                text,
                &format!("{} is an invalid OS component of {}: {os}", quote(part), quote(text)),
            );
        }
        let err = parse("windows(%zz)/amd64").unwrap_err().to_string();
        assert_eq!(
            err,
            "\"windows(%zz)/amd64\" has an invalid OS version \"%zz\": invalid URL escape \"%zz\""
        );
    }

    #[track_caller]
    fn check_match(wanted: &str, other: &str, want: bool) {
        assert_eq!(parse(wanted).unwrap().matches(&parse(other).unwrap()), want, "{wanted} {other}");
    }

    #[test]
    fn matching() {
        check_match("linux/amd64", "linux/x86_64/v1", true);
        check_match("linux/arm", "linux/arm/v7", true);
        check_match("linux/arm", "linux/arm/v6", false);
        check_match("linux/amd64", "linux/amd64/v2", false);
        check_match("linux(1)/amd64", "linux(2)/amd64", true);
        check_match("linux(+a+b)/amd64", "linux(+b)/amd64", true);
        check_match("linux(+a)/amd64", "linux(+b)/amd64", false);
        check_match("windows(10.0.17763.1)/amd64", "windows(10.0.17763.9)/amd64", true);
        check_match("windows(10.0.17763)/amd64", "windows(10.0.20348)/amd64", false);
        check_match("windows(10.0.26100)/amd64", "windows(10.0.20348)/amd64", true);
        check_match("windows(10.0.26200)/amd64", "windows(10.0.20348)/amd64", false);
        check_match("windows/amd64", "windows(10.0.1)/amd64", true);
        check_match("windows/amd64", "windows(1+win32k)/amd64", true);
    }
}

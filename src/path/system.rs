//! Paths inside an image of some operating system.

use super::clean::{clean, is_absolute, join};
use crate::text::quote;
use std::fmt;

/// Why a path cannot be used. The words are the reference's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathError {
    /// It is a drive letter and nothing more.
    DriveOnly(String),
    /// It names a share on the network.
    Unc,
    /// It is on another drive than `C:`.
    OtherDrive,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathError::DriveOnly(path) => write!(f, "No relative path specified in {}", quote(path)),
            PathError::Unc => f.write_str("UNC paths are not supported"),
            PathError::OtherDrive => f.write_str("The specified path is not on the system drive (C:)"),
        }
    }
}

impl std::error::Error for PathError {}

/// Returns the `PATH` of an image that sets none.
pub fn default_path_env(os: &str) -> &'static str {
    match os {
        "windows" => "c:\\Windows\\System32;c:\\Windows;C:\\Windows\\System32\\WindowsPowerShell\\v1.0",
        _ => "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }
}

/// Returns the shell of instructions in shell form, in an image that sets none.
pub fn default_shell(os: &str) -> &'static [&'static str] {
    match os {
        "windows" => &["cmd", "/S", "/C"],
        _ => &["/bin/sh", "-c"],
    }
}

/// Returns a path with slashes; on Windows a backslash is one.
pub fn to_slash(path: &str, os: &str) -> String {
    if os == "windows" { path.replace('\\', "/") } else { path.to_owned() }
}

/// Returns a path with the separator of the operating system.
pub fn from_slash(path: &str, os: &str) -> String {
    if os == "windows" { path.replace('/', "\\") } else { path.to_owned() }
}

/// Returns `path`, seen from `parent`, as an absolute path with slashes and without a drive letter.
///
/// With `keep_slash` a slash or `/.` at the end stays.
///
/// # Errors
/// On Windows: see [`PathError`]. The message says which step failed, as the reference's does.
pub fn normalize(parent: &str, path: &str, os: &str, keep_slash: bool) -> Result<String, String> {
    let written = to_slash(path, os);
    let parent = match to_slash(parent, os) {
        parent if parent.is_empty() => "/".to_owned(),
        parent => parent,
    };
    let without_drive = |path: &str| {
        remove_drive_letter(path, os, keep_slash).map_err(|err| format!("removing drive letter: {err}"))
    };
    let mut parent = without_drive(&parent)?;
    if !is_abs(&parent, os) {
        parent = join(&["/", &parent]);
    }
    let mut path = without_drive(if written.is_empty() { &parent } else { &written })?;
    if !is_abs(&path, os) {
        path = join(&[&parent, &path]);
    }
    if keep_slash {
        if written.ends_with('/') && !path.ends_with('/') {
            path.push('/');
        } else if written.ends_with("/.") {
            if path != "/" {
                path.push('/');
            }
            path.push('.');
        }
    }
    Ok(to_slash(&path, os))
}

/// Returns the working directory after `WORKDIR path`, with the separator of the operating system.
///
/// # Errors
/// As [`normalize`].
pub fn normalize_workdir(current: &str, path: &str, os: &str) -> Result<String, String> {
    let path =
        normalize(current, path, os, false).map_err(|err| format!("normalizing working directory: {err}"))?;
    Ok(from_slash(&path, os))
}

/// Tells whether a path is absolute. On Windows one without a drive letter is, too.
pub fn is_abs(path: &str, os: &str) -> bool {
    remove_drive_letter(path, os, false).is_ok_and(|path| is_absolute(&to_slash(&path, os)))
}

/// Returns a Windows path cleaned, with slashes and without `C:`. A path of another system stays as it is.
///
/// With `keep_slash` a slash at the end stays.
///
/// # Errors
/// If the path is on another drive or on the network, or is a drive alone.
pub fn remove_drive_letter(path: &str, os: &str, keep_slash: bool) -> Result<String, PathError> {
    if os != "windows" {
        return Ok(path.to_owned());
    }
    if path.len() == 2 && path.ends_with(':') {
        return Err(PathError::DriveOnly(path.to_owned()));
    }
    let path = to_slash(path, os);
    if path.starts_with("//") {
        return Err(PathError::Unc);
    }
    let rest = match path.split_once(':') {
        None => path.as_str(),
        Some((drive, rest)) if drive.eq_ignore_ascii_case("c") => rest,
        Some(_) => return Err(PathError::OtherDrive),
    };
    let mut cleaned = clean(rest);
    if keep_slash && cleaned.len() > 1 && rest.ends_with('/') {
        cleaned.push('/');
    }
    Ok(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parent: &str, path: &str, os: &str, keep_slash: bool, want: &str) {
        let got = normalize(parent, path, os, keep_slash);
        assert_eq!(got.unwrap_or_else(|err| err), want, "{path:?} in {parent:?} on {os:?}");
    }

    #[test]
    fn unix() {
        check("", "a", "", false, "/a");
        check("/x", "a/../b/", "linux", false, "/x/b");
        check("x", "", "linux", false, "/x");
        check("/x", "/a//b", "linux", false, "/a//b");
        check("/x", "a/", "linux", true, "/x/a/");
        check("/x", "a/.", "linux", true, "/x/a/.");
        check("/x", "/a/", "linux", true, "/a/");
        check("/x", ".", "linux", true, "/x");
        check("/x", "./", "linux", true, "/x/");
        check("/", "c:\\a", "linux", false, "/c:\\a");
    }

    #[test]
    fn windows() {
        check("", "C:\\a\\..\\b", "windows", false, "/b");
        check("C:\\x", "a/b", "windows", false, "/x/a/b");
        check("/x", "c:a", "windows", false, "/x/a");
        check("/x", "a\\", "windows", true, "/x/a/");
        check(
            "/x",
            "D:\\a",
            "windows",
            false,
            "removing drive letter: The specified path is not on the system drive (C:)",
        );
        check("/x", "d:", "windows", false, "removing drive letter: No relative path specified in \"d:\"");
        check("/x", "\\\\host\\a", "windows", false, "removing drive letter: UNC paths are not supported");
        assert_eq!(normalize_workdir("/", "C:/a/b", "windows").unwrap(), "\\a\\b");
        assert_eq!(
            normalize_workdir("/", "D:/a", "windows").unwrap_err(),
            "normalizing working directory: removing drive letter: The specified path is not on the system drive (C:)"
        );
    }

    #[test]
    fn absolute() {
        assert!(is_abs("/a", "") && is_abs("C:\\a", "windows") && is_abs("\\a", "windows"));
        assert!(!is_abs("a", "linux") && !is_abs("C:a", "windows") && !is_abs("D:\\a", "windows"));
        assert!(!is_abs("C:\\a", "linux"));
    }
}

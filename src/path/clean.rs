//! Paths of slashes, as Go's package `path` treats them.

/// Returns the shortest path that means the same: no `.`, no `..` that could go, no double slash. Empty is `.`.
pub fn clean(path: &str) -> String {
    let is_rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if is_rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    match (is_rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Tells whether a path leaves, on its way, the folder that it starts from.
pub fn climbs(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// Returns a path as it is written, unless it leaves the root on its way: then where it leads to.
pub fn within_root(path: &str) -> String {
    if climbs(path) { join(&["/", path]) } else { path.to_owned() }
}

/// Joins the parts that are not empty and cleans the result; nothing at all stays empty.
pub fn join(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { clean(&parts.join("/")) }
}

/// Returns the last part of a path. Empty is `.`, and slashes alone are `/`.
pub fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { trimmed.rsplit('/').next().unwrap_or(trimmed) }
}

/// Returns all but the last part of a path, cleaned.
pub fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |at| &path[..=at]))
}

/// Returns the ending of the last part, with its dot, or nothing.
pub fn extension(path: &str) -> &str {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.rfind('.').map_or("", |at| &last[at..])
}

/// Tells whether a path begins with a slash.
pub fn is_absolute(path: &str) -> bool {
    path.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning() {
        for (path, want) in [
            ("", "."),
            (".", "."),
            ("/", "/"),
            ("//", "/"),
            ("a//b/./c/", "a/b/c"),
            ("a/..", "."),
            ("a/../..", ".."),
            ("../../a/../b", "../../b"),
            ("/../a", "/a"),
            ("/a/b/../../..", "/"),
            ("a/...", "a/..."),
        ] {
            assert_eq!(clean(path), want, "{path}");
        }
    }

    #[test]
    fn climbing() {
        for path in ["..", "/..", "a/../..", "/a/./../../b", "//../a"] {
            assert!(climbs(path), "{path}");
            assert!(!climbs(&within_root(path)), "{path}");
        }
        for path in ["", "/", "a/..", "/a/../b", "...", "/a/b/../..", "..a/.."] {
            assert!(!climbs(path), "{path}");
            assert_eq!(within_root(path), path);
        }
    }

    #[test]
    fn parts() {
        assert_eq!(join(&["a", "", "../b"]), "b");
        assert_eq!(join(&["", ""]), "");
        assert_eq!(join(&["/", "/x"]), "/x");
        assert_eq!((base(""), base("///"), base("a/b/"), base("a")), (".", "/", "b", "a"));
        assert_eq!(
            (dir(""), dir("a"), dir("/a"), dir("a/b/")),
            (".".into(), ".".into(), "/".into(), "a/b".into())
        );
        assert_eq!((extension("a.b/c"), extension("c.tar.gz"), extension("c.")), ("", ".gz", "."));
    }
}

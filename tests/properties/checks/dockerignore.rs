//! An ignore file and paths, which stand below a line `%%`.

use super::parts;
use multistage::internal::ignore::{self, Matcher};
use multistage::internal::path;

pub fn check(data: &[u8]) {
    let parts = parts(data);
    let Ok(patterns) = ignore::read(parts[0]) else { return };
    assert!(patterns.iter().all(|pattern| !pattern.is_empty()));
    // Read again they are the same, unless one has become a comment, or white space is at its end now.
    let again = patterns.join("\n");
    let is_odd = |pattern: &String| {
        pattern.starts_with(['#', '\u{feff}', '/'])
            || pattern.starts_with("!/")
            // The slash in front of a mark is taken off, and then it is one.
            || pattern.strip_prefix('!').is_some_and(|rest| path::clean(rest) != rest)
            || pattern.trim_start_matches('!').trim() != pattern.trim_start_matches('!')
    };
    if !patterns.iter().any(is_odd) {
        assert_eq!(ignore::read(again.as_bytes()).ok().as_ref(), Some(&patterns));
    }
    let Ok(matcher) = Matcher::new(&patterns) else { return };
    let all = matcher.matches_all_of_root() && !matcher.has_exclusions();
    for path in parts[1..].iter().flat_map(|part| part.split(|byte| *byte == b'\n')) {
        let path = String::from_utf8_lossy(path);
        let found = matcher.matches_or_parent_matches(&path);
        assert_eq!(matcher.matches_or_parent_matches(&path), found);
        let is_plain = !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if all && is_plain {
            assert!(found, "{path:?}");
        }
    }
}

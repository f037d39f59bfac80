//! The paths that a build uses of each source of files, so that no more than those are sent.

use crate::path;
use std::collections::BTreeSet;

/// A source of files: the build context, or what a stage starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SourceId(u32);

/// The paths in use of all sources.
#[derive(Debug, Default)]
pub(super) struct Sources {
    used: Vec<Used>,
}

/// The paths in use of one source.
#[derive(Debug, Default)]
struct Used {
    everything: bool,
    paths: BTreeSet<String>,
}

impl Sources {
    /// Adds a source nobody uses yet.
    pub(super) fn add(&mut self) -> SourceId {
        self.used.push(Used::default());
        SourceId(self.used.len() as u32 - 1)
    }

    /// Notes that a path is used.
    pub(super) fn mark(&mut self, id: SourceId, path: &str) {
        let used = &mut self.used[id.0 as usize];
        match path::join(&["/", path]) {
            root if root == "/" => used.everything = true,
            path => {
                used.paths.insert(path[1..].to_owned());
            }
        }
    }

    /// Notes that everything may be used.
    pub(super) fn mark_all(&mut self, id: SourceId) {
        self.used[id.0 as usize].everything = true;
    }

    /// Returns the paths to send, sorted; none if all are to be sent.
    pub(super) fn follow_paths(&self, id: SourceId) -> Vec<String> {
        let used = &self.used[id.0 as usize];
        match used.everything {
            true => Vec::new(),
            false => used.paths.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(marks: &[&str], expected: &[&str]) {
        let mut sources = Sources::default();
        let (id, other) = (sources.add(), sources.add());
        sources.mark(other, "other");
        marks.iter().for_each(|path| sources.mark(id, path));
        assert_eq!(sources.follow_paths(id), expected);
    }

    #[test]
    fn paths() {
        check(&[], &[]);
        check(&["b", "/a/../c", "./a/", "b"], &["a", "b", "c"]);
        check(&["*.go", "src/*"], &["*.go", "src/*"]);
        check(&["a", "."], &[]);
        check(&["a", ""], &[]);
        check(&["../x"], &["x"]);
    }
}

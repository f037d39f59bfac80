//! What goes from the client's folders to the engine, and what stays behind.

use super::cache::{ChangedPath, Taken};
use super::ops::{Op, OpKind, Ops};
use crate::ignore::{IgnoreError, Matcher};

/// What is taken of one folder of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextUse {
    /// What the client calls the folder.
    pub name: String,
    /// The paths that are asked for; empty: all.
    pub paths: Vec<String>,
    /// The patterns of the ignore file.
    pub ignore_patterns: Vec<String>,
}

/// What becomes of one file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextFile {
    /// It goes to the engine.
    Sent,
    /// No step asks for it.
    Unused,
    /// A pattern of the ignore file keeps it back: the last one that has a say.
    Ignored(String),
}

/// Returns what is taken of each folder of the client. A folder may be read more than once, each time for other files.
pub fn contexts(ops: &Ops) -> Vec<ContextUse> {
    let mut found: Vec<ContextUse> = ops.list.iter().filter_map(ContextUse::of).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup();
    found
}

/// Tells of files what becomes of them. Reading the patterns is the costly part, so it is done once.
pub struct Judge {
    all: Matcher,
    each: Vec<(String, Matcher)>,
    paths: Vec<Taken<'static>>,
}

impl ContextUse {
    /// Returns what an op takes; nothing if it reads no folder of the client.
    pub(super) fn of(op: &Op) -> Option<ContextUse> {
        (op.kind() == OpKind::Local).then(|| ContextUse {
            name: op.local_name().to_owned(),
            paths: op.list_attr("local.followpaths"),
            ignore_patterns: op.list_attr("local.excludepatterns"),
        })
    }

    /// Returns what tells of files what becomes of them.
    ///
    /// # Errors
    /// If a pattern of the ignore file is malformed.
    pub fn judge(&self) -> Result<Judge, IgnoreError> {
        let each = self.ignore_patterns.iter().map(|text| {
            let bare = text.strip_prefix('!').unwrap_or(text);
            Ok((text.clone(), Matcher::new(&[bare])?))
        });
        Ok(Judge {
            all: Matcher::new(&self.ignore_patterns)?,
            each: each.collect::<Result<_, _>>()?,
            paths: self.paths.iter().map(|path| Taken::of(path, true, &[], &[])).collect(),
        })
    }
}

impl Judge {
    /// Tells what becomes of a file, given by its path from the root of the folder.
    pub fn file(&self, file: &str) -> ContextFile {
        self.path(&ChangedPath::file("", file))
    }

    /// Tells what becomes of a path.
    pub fn path(&self, path: &ChangedPath) -> ContextFile {
        if self.all.matches_or_parent_matches(&path.path) {
            let mut said = self.each.iter().rev().filter(|(text, _)| !text.starts_with('!'));
            let pattern = said.find(|(_, matcher)| matcher.matches_or_parent_matches(&path.path));
            return ContextFile::Ignored(pattern.map_or(String::new(), |(text, _)| text.clone()));
        }
        match self.paths.is_empty() || self.paths.iter().any(|taken| taken.takes(path)) {
            true => ContextFile::Sent,
            false => ContextFile::Unused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(paths: &[&str], ignore: &[&str], file: &str, expected: ContextFile) {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let context =
            ContextUse { name: "context".to_owned(), paths: own(paths), ignore_patterns: own(ignore) };
        assert_eq!(context.judge().unwrap().file(file), expected);
    }

    #[test]
    fn files() {
        check(&[], &[], "a/b", ContextFile::Sent);
        check(&["a"], &[], "a/b", ContextFile::Sent);
        check(&["a"], &[], "ab", ContextFile::Unused);
        check(&["*.go"], &[], "main.go", ContextFile::Sent);
        check(&["*.go"], &[], "go.mod", ContextFile::Unused);
        check(&["src"], &["*", "!src"], "src/a", ContextFile::Sent);
        check(&[], &["x", "*.md", "!README.md"], "a.md", ContextFile::Ignored("*.md".to_owned()));
        check(&[], &["x", "*.md", "!README.md"], "README.md", ContextFile::Sent);
        check(&[], &["x", "!x/y", "x/y/z"], "x/y/z", ContextFile::Ignored("x/y/z".to_owned()));
    }
}

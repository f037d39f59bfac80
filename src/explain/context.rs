//! What goes from the client's folders to the engine, and what stays behind.

use super::ops::{OpKind, Ops};
use crate::ignore::{IgnoreError, Matcher};
use crate::path;

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

/// Returns what is taken of each folder of the client.
pub fn contexts(ops: &Ops) -> Vec<ContextUse> {
    let locals = ops.list.iter().filter(|op| op.kind() == OpKind::Local);
    let mut found: Vec<ContextUse> = locals
        .map(|op| {
            let name = op.identifier().unwrap_or_default().trim_start_matches("local://").to_owned();
            let mut paths = op.list_attr("local.followpaths");
            paths.extend(op.list_attr("local.includepattern"));
            ContextUse { name, paths, ignore_patterns: op.list_attr("local.excludepatterns") }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup();
    found
}

/// Tells of files what becomes of them. Reading the patterns is the costly part, so it is done once.
#[derive(Clone, Debug)]
pub struct Judge {
    all: Matcher,
    each: Vec<(String, Matcher)>,
    paths: Vec<(String, Option<Matcher>)>,
}

impl ContextUse {
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
            paths: self.paths.iter().map(|path| (path.clone(), Matcher::new(&[path]).ok())).collect(),
        })
    }
}

impl Judge {
    /// Tells what becomes of a file, given by its path from the root of the folder.
    pub fn file(&self, file: &str) -> ContextFile {
        if self.all.matches_or_parent_matches(file) {
            let mut said = self.each.iter().rev().filter(|(text, _)| !text.starts_with('!'));
            let pattern = said.find(|(_, matcher)| matcher.matches_or_parent_matches(file));
            return ContextFile::Ignored(pattern.map_or(String::new(), |(text, _)| text.clone()));
        }
        match self.paths.is_empty() || self.paths.iter().any(|(path, matcher)| covers(path, matcher, file)) {
            true => ContextFile::Sent,
            false => ContextFile::Unused,
        }
    }
}

fn covers(path: &str, matcher: &Option<Matcher>, file: &str) -> bool {
    let is_below = |folder: &str| {
        folder.is_empty()
            || file.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_below(path) || matcher.as_ref().is_some_and(|matcher| matcher.matches_or_parent_matches(file))
}

/// Tells whether a path as a step names it (from the root of a source, maybe with wildcards) takes in a file.
pub(super) fn takes(path: &str, has_wildcard: bool, file: &str) -> bool {
    let path = path::clean(path);
    let path = path.trim_start_matches('/');
    if path.is_empty() || path == "." {
        return true;
    }
    let matcher = if has_wildcard { Matcher::new(&[path]).ok() } else { None };
    covers(path, &matcher, file)
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

    #[test]
    fn paths_of_steps() {
        for (path, has_wildcard, file, expected) in [
            ("/", false, "a", true),
            ("/src", false, "src/a", true),
            ("/src/", false, "srca", false),
            ("/*.go", true, "main.go", true),
            ("/*.go", false, "main.go", false),
            ("/go.mod", true, "go.mod", true),
        ] {
            assert_eq!(takes(path, has_wildcard, file), expected, "{path} {file}");
        }
    }
}

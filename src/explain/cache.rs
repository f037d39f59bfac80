//! How BuildKit looks a step up in its cache.
//!
//! In: an op. Out: what of its words counts, how it looks at each of its inputs, and whether it takes a file. A step is
//! known by its words and by its inputs. Most inputs count as a whole: if they ran again, so does the step. Of others
//! only the files that are taken count, by their content.

use super::ops::{Op, OpKind};
use crate::ignore::Matcher;
use crate::path;
use crate::pb::ops::{self, MountContentCache, MountType, file_action::Action, op::Op as Kind};
use prost::Message;

/// A file of a folder of the client that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedPath {
    /// What the client calls the folder: `context`, or the name of a named context.
    pub context: String,
    /// The path from the root of the folder.
    pub path: String,
    /// Whether it stands for all that is, or was, below it.
    pub is_folder: bool,
    /// How many parts of the path lead to a symbolic link through which a file is seen that has another path of its own;
    /// 0 if there is none. Steps follow links on the way to what they name, but not below it.
    pub link_depth: usize,
}

impl ChangedPath {
    /// Returns a file that is no link.
    pub fn file(context: impl Into<String>, path: impl Into<String>) -> ChangedPath {
        ChangedPath { context: context.into(), path: path.into(), is_folder: false, link_depth: 0 }
    }
}

/// How a step looks at an input.
pub(super) enum Look<'a> {
    /// At all of it: the step stands on it.
    Whole,
    /// At the content of some of its files.
    Content(Taken<'a>),
}

/// Returns how an op looks at one of its inputs.
pub(super) fn looks(op: &ops::Op, input: usize) -> Vec<Look<'_>> {
    let input = input as i64;
    match &op.op {
        Some(Kind::Exec(exec)) => {
            let has_files = |kind| !matches!(kind, MountType::Secret | MountType::Ssh | MountType::Tmpfs);
            let mounts =
                exec.mounts.iter().filter(|mount| mount.input == input && has_files(mount.mount_type()));
            // Where an input is mounted twice, the engine takes the word of the last mount.
            let Some(last) = mounts.clone().next_back() else { return Vec::new() };
            match is_known_by_content(last) {
                true => {
                    mounts.map(|mount| Look::Content(Taken::of(&mount.selector, false, &[], &[]))).collect()
                }
                false => vec![Look::Whole],
            }
        }
        Some(Kind::File(file)) => {
            if file.actions.iter().any(|action| action.input == input) {
                return vec![Look::Whole];
            }
            let copies = file.actions.iter().filter(|action| action.secondary_input == input);
            let copies = copies.filter_map(|action| match &action.action {
                Some(Action::Copy(copy)) => {
                    let (include, exclude) = (&copy.include_patterns, &copy.exclude_patterns);
                    Some(Look::Content(Taken::of(&copy.src, copy.allow_wildcard, include, exclude)))
                }
                _ => None,
            });
            copies.collect()
        }
        _ => vec![Look::Whole],
    }
}

fn is_known_by_content(mount: &ops::Mount) -> bool {
    let is_safe = mount.output == -1 || mount.readonly || matches!(mount.selector.as_str(), "" | "/");
    match mount.content_cache() {
        MountContentCache::On => true,
        MountContentCache::Off => false,
        MountContentCache::Default => is_safe && mount.dest != "/",
    }
}

/// Returns what an op says by itself, as far as results depend on it. Two ops that say the same of the same inputs share
/// a result.
///
/// What is sent of a folder says nothing: what counts is what the steps above take of it.
pub(super) fn words(op: &Op) -> Vec<u8> {
    let mut wire = op.wire.clone();
    wire.inputs.clear();
    match &mut wire.op {
        Some(Kind::Source(source)) if op.kind() == OpKind::Local => {
            source.attrs.retain(|entry| !entry.key.as_deref().is_some_and(is_no_file));
        }
        Some(Kind::Exec(exec)) => {
            if let Some(meta) = &mut exec.meta {
                meta.proxy_env = None;
                meta.extra_hosts.iter_mut().for_each(|host| host.ip.clear());
            }
        }
        _ => {}
    }
    wire.encode_to_vec()
}

/// Tells whether an attribute of a folder of the client says nothing about the files that steps take of it.
pub(super) fn is_no_file(key: &str) -> bool {
    const KEYS: [&str; 5] =
        ["local.followpaths", "local.includepattern", "local.session", "local.sharedkeyhint", "local.unique"];
    KEYS.contains(&key)
}

/// Returns what of an op's words the engine compares before it looks at inputs. Where files come from is left out: that
/// is told by their content.
pub(super) fn key(op: &Op) -> Vec<u8> {
    let mut bare = op.clone();
    match &mut bare.wire.op {
        Some(Kind::Exec(exec)) => {
            for mount in &mut exec.mounts {
                mount.selector.clear();
                if let Some(cache) = &mut mount.cache_opt {
                    cache.id.clear();
                    cache.sharing = 0;
                }
            }
        }
        Some(Kind::File(file)) => {
            for action in &mut file.actions {
                if let Some(Action::Copy(copy)) = &mut action.action {
                    let name = copy.src.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                    copy.src = name.to_owned();
                }
            }
        }
        _ => {}
    }
    words(&bare)
}

/// A path that a step takes from one of its inputs.
#[derive(Clone, Debug)]
pub(super) struct Taken<'a> {
    parts: Vec<Part>,
    include: &'a [String],
    include_matcher: Option<Matcher>,
    exclude_matcher: Option<Matcher>,
}

/// One part of a path between slashes.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Pattern(Matcher),
}

impl<'a> Taken<'a> {
    pub(super) fn of(
        path: &str,
        has_wildcard: bool,
        include: &'a [String],
        exclude: &'a [String],
    ) -> Taken<'a> {
        let path = path::clean(path);
        let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
        let parts = parts.map(|part| match pattern(part).filter(|_| has_wildcard) {
            Some(matcher) => Part::Pattern(matcher),
            None => Part::Text(part.to_owned()),
        });
        // The engine refuses patterns that cannot be read, so such a build has no cache to speak of.
        let matcher =
            |patterns: &[String]| if patterns.is_empty() { None } else { Matcher::new(patterns).ok() };
        Taken {
            parts: parts.collect(),
            include,
            include_matcher: matcher(include),
            exclude_matcher: matcher(exclude),
        }
    }

    /// Tells whether a changed path is among what is taken.
    pub(super) fn takes(&self, changed: &ChangedPath) -> bool {
        let names: Vec<&str> = changed.path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        let fits = |(part, name): (&Part, &&str)| match part {
            Part::Text(text) => text == name,
            Part::Pattern(matcher) => matcher.matches_or_parent_matches(name),
        };
        if changed.link_depth > self.parts.len() || !self.parts.iter().zip(&names).all(fits) {
            return false;
        }
        if names.len() < self.parts.len() {
            return changed.is_folder;
        }
        // Patterns are relative to what the path named, and have no say about that itself.
        let rest = names[self.parts.len()..].join("/");
        if rest.is_empty() {
            return true;
        }
        let is_included = match &self.include_matcher {
            None => true,
            Some(matcher) => {
                matcher.matches_or_parent_matches(&rest)
                    || changed.is_folder && self.include.iter().any(|pattern| may_lie_below(pattern, &rest))
            }
        };
        let is_excluded =
            self.exclude_matcher.as_ref().is_some_and(|matcher| matcher.matches_or_parent_matches(&rest));
        is_included && !is_excluded
    }
}

/// Returns what matches one part of a path; nothing if it holds no wildcard.
fn pattern(part: &str) -> Option<Matcher> {
    if !part.contains(['*', '?', '[', '\\']) {
        return None;
    }
    // Two stars say no more than one here, other than in patterns of an ignore file, where `!` is special, too.
    let mut text = part.to_owned();
    while text.contains("**") {
        text = text.replace("**", "*");
    }
    if text.starts_with('!') {
        text.insert(0, '\\');
    }
    Matcher::new(&[text]).ok()
}

/// Tells whether a pattern may match something below a folder.
fn may_lie_below(pattern: &str, folder: &str) -> bool {
    let mut parts = pattern.split('/').filter(|part| !part.is_empty());
    for name in folder.split('/') {
        match parts.next() {
            None => return false,
            Some("**") => return true,
            Some(part) if part == name => {}
            Some(part) if self::pattern(part).is_some_and(|part| part.matches_or_parent_matches(name)) => {}
            Some(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A changed path that ends in `/` is a folder.
    #[track_caller]
    fn check(path: &str, include: &[&str], exclude: &[&str], taken: &[&str], not_taken: &[&str]) {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (include, exclude) = (own(include), own(exclude));
        let look = Taken::of(path, path.contains('*'), &include, &exclude);
        let takes = |text: &str| {
            let file = ChangedPath::file("context", text.trim_end_matches('/'));
            look.takes(&ChangedPath { is_folder: text.ends_with('/'), ..file })
        };
        for text in taken {
            assert!(takes(text), "{path} takes {text}");
        }
        for text in not_taken {
            assert!(!takes(text), "{path} does not take {text}");
        }
    }

    #[test]
    fn paths() {
        check("/", &[], &[], &["a", "a/b"], &[]);
        check("/src/", &[], &[], &["src/a", "src", "src/"], &["srca", "other/src", "other/"]);
        check("/src/a", &[], &[], &["src/a", "src/a/b", "src/"], &["src/ab", "src"]);
        check("/*.go", &[], &[], &["main.go", "x.go/y"], &["go.mod", "a/main.go"]);
        check(
            "/*/package.json",
            &[],
            &[],
            &["a/package.json", "a/"],
            &["package.json", "README.md", "a/b/package.json"],
        );
        check("/**/x", &[], &[], &["a/x"], &["a/b/x", "x"]);
        check("/!*.md", &[], &[], &["!a.md"], &["a.md"]);
    }

    #[test]
    fn patterns_are_relative_to_the_path() {
        check("/src", &[], &["*.md"], &["src/docs/a.md", "src/a.go"], &["src/a.md", "a.md"]);
        check("/src", &[], &["**/*.md"], &["src/a.go"], &["src/a.md", "src/docs/a.md"]);
        check("/src", &[], &["docs", "!docs/a.md"], &["src/docs/a.md"], &["src/docs/b.md"]);
        check("/*", &[], &["*.md"], &["a.md", "src/a.go"], &["src/a.md"]);
        check(
            "/",
            &["src/*/*.go"],
            &[],
            &["src/a/b.go", "src/", "src/a/"],
            &["src/b.go", "lib/", "src", "src/a/b/"],
        );
        check("/", &["src/**/*.go"], &[], &["src/a/b/c.go", "src/a/b/"], &["src/a/b/c.c"]);
    }

    #[test]
    fn links_are_followed_on_the_way_only() {
        let through = ChangedPath { link_depth: 2, ..ChangedPath::file("context", "a/link/x") };
        assert!(Taken::of("/a/link", false, &[], &[]).takes(&through));
        assert!(Taken::of("/a/*", true, &[], &[]).takes(&through));
        assert!(!Taken::of("/a", false, &[], &[]).takes(&through));
    }
}

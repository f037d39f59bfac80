//! Which steps run again when files of the context change.
//!
//! This follows how BuildKit looks a step up: by the step, by the results it stands on, and, for files that it takes from
//! elsewhere, by their content. So a COPY runs again if the files it takes have changed, and so does all that stands on
//! it. What takes files out of a step that ran again may still be known, if those files came out as before: no one can
//! tell that without running it.

use super::context::{self, ContextFile, ContextUse};
use super::ops::{OpKind, Ops};
use crate::ignore::Matcher;
use crate::pb::ops::{self, MountContentCache, file_action::Action, op::Op as Kind};

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It comes from the cache, if it was built before.
    Cached,
    /// It runs again only if the files that it takes from another step come out different.
    MayRerun,
    /// It runs again.
    Reruns,
}

/// How a step looks at an input.
enum Look<'a> {
    /// At all of it: the step stands on it.
    Whole,
    /// At the content of one path.
    Content { path: &'a str, has_wildcard: bool, include: &'a [String], exclude: &'a [String] },
}

/// Returns what becomes of each op if `files` of the folder `context` change, and the input or file that is the reason.
pub fn changed(ops: &Ops, context: &str, files: &[String]) -> Vec<(Fate, Option<String>)> {
    let identifier = format!("local://{context}");
    let uses = context::contexts(ops);
    let judge =
        uses.iter().find(|found| found.name == context).and_then(|found| ContextUse::judge(found).ok());
    let sent: Vec<&str> = files
        .iter()
        .map(String::as_str)
        .filter(|file| judge.as_ref().is_none_or(|judge| judge.file(file) == ContextFile::Sent))
        .collect();
    let mut fates: Vec<(Fate, Option<String>)> = Vec::with_capacity(ops.list.len());
    for op in &ops.list {
        let mut fate = (Fate::Cached, None);
        if op.kind() == OpKind::Local {
            if op.identifier() == Some(&identifier) && !sent.is_empty() {
                fate = (Fate::Reruns, Some(sent[0].to_owned()));
            }
            fates.push(fate);
            continue;
        }
        for (at, input) in op.inputs.iter().enumerate() {
            let below = &ops.list[input.op];
            let is_context = below.kind() == OpKind::Local;
            let because = || Some(below.name.clone());
            for look in looks(&op.wire, at) {
                let found = match look {
                    Look::Whole => (fates[input.op].0, because()),
                    look if is_context && below.identifier() == Some(&identifier) => {
                        match sent.iter().find(|file| takes(&look, file)) {
                            Some(file) => (Fate::Reruns, Some((*file).to_owned())),
                            None => (Fate::Cached, None),
                        }
                    }
                    _ => (fates[input.op].0.min(Fate::MayRerun), because()),
                };
                if found.0 > fate.0 {
                    fate = found;
                }
            }
        }
        fates.push(fate);
    }
    fates
}

/// Returns how an op looks at one of its inputs.
fn looks(op: &ops::Op, input: usize) -> Vec<Look<'_>> {
    let input = input as i64;
    match &op.op {
        Some(Kind::Exec(exec)) => {
            let mounts = exec.mounts.iter().filter(|mount| mount.input == input);
            mounts
                .map(|mount| {
                    let is_whole = matches!(mount.selector.as_str(), "" | "/");
                    let is_safe = mount.output == -1 || mount.readonly || is_whole;
                    let by_content = match mount.content_cache() {
                        MountContentCache::On => true,
                        MountContentCache::Off => false,
                        MountContentCache::Default => is_safe && mount.dest != "/",
                    };
                    match by_content {
                        false => Look::Whole,
                        true => {
                            let path = &mount.selector;
                            Look::Content { path, has_wildcard: false, include: &[], exclude: &[] }
                        }
                    }
                })
                .collect()
        }
        Some(Kind::File(file)) => {
            let mut looks = Vec::new();
            for action in &file.actions {
                if action.input == input {
                    looks.push(Look::Whole);
                }
                if let (Some(Action::Copy(copy)), true) = (&action.action, action.secondary_input == input) {
                    looks.push(Look::Content {
                        path: &copy.src,
                        has_wildcard: copy.allow_wildcard,
                        include: &copy.include_patterns,
                        exclude: &copy.exclude_patterns,
                    });
                }
            }
            looks
        }
        _ => vec![Look::Whole],
    }
}

/// Tells whether a step that looks at content sees a file.
fn takes(look: &Look<'_>, file: &str) -> bool {
    let Look::Content { path, has_wildcard, include, exclude } = look else { return true };
    if !context::takes(path, *has_wildcard, file) {
        return false;
    }
    let matches = |patterns: &[String]| {
        let matcher = Matcher::new(patterns);
        // Patterns are relative to the path that is copied, which may hold wildcards: all ends of the file's are tried.
        let ends = std::iter::once(file).chain(file.match_indices('/').map(|(at, _)| &file[at + 1..]));
        matcher.is_ok_and(|matcher| ends.into_iter().any(|end| matcher.matches_or_parent_matches(end)))
    };
    (include.is_empty() || matches(include)) && (exclude.is_empty() || !matches(exclude))
}

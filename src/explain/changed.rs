//! Which steps run again when files of the context change.
//!
//! A COPY runs again if the files it takes have changed, and so does all that stands on it. What takes files out of a
//! step that ran again may still be known, if those files came out as before: no one can tell that without running it.

use super::cache::{ChangedPath, Look, looks};
use super::context::{ContextFile, ContextUse};
use super::ops::Ops;
use std::collections::HashMap;

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

/// Returns what becomes of each op if some files change, and the input or file that is the reason.
pub fn changed(ops: &Ops, paths: &[ChangedPath]) -> Vec<(Fate, Option<String>)> {
    // By op: the paths that it sends.
    let mut sent: HashMap<usize, Vec<&ChangedPath>> = HashMap::new();
    let mut fates: Vec<(Fate, Option<String>)> = Vec::with_capacity(ops.list.len());
    for (at, op) in ops.list.iter().enumerate() {
        let mut fate = (Fate::Cached, None);
        if let Some(used) = ContextUse::of(op) {
            let judge = used.judge().ok();
            let is_sent = |path: &&ChangedPath| {
                judge.as_ref().is_none_or(|judge| judge.path(path) == ContextFile::Sent)
            };
            let own =
                paths.iter().filter(|path| path.context == used.name).filter(is_sent).collect::<Vec<_>>();
            if let Some(first) = own.first() {
                fate = (Fate::Reruns, Some(first.path.clone()));
            }
            sent.insert(at, own);
            fates.push(fate);
            continue;
        }
        for (at, input) in op.inputs.iter().enumerate() {
            let below = &ops.list[input.op];
            let sent = sent.get(&input.op);
            for look in looks(&op.wire, at) {
                let found = match (look, sent) {
                    (Look::Content(taken), Some(sent)) => match sent.iter().find(|path| taken.takes(path)) {
                        Some(path) => (Fate::Reruns, Some(path.path.clone())),
                        None => (Fate::Cached, None),
                    },
                    (look, _) => (after(&look, fates[input.op].0), Some(below.name.clone())),
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

/// Returns what a step makes of what became of an input.
pub(super) fn after(look: &Look<'_>, below: Fate) -> Fate {
    match look {
        Look::Whole => below,
        Look::Content(_) => below.min(Fate::MayRerun),
    }
}

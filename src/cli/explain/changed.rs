//! `--changed`: which steps run again if files change, and which stay cached.
//!
//! Files may have more names than one: a folder stands for all below it, and a symbolic link leads to what lies elsewhere.
//! Those names are found here, as the room `explain` touches no files.

use super::{Context, at_line, is_step, op_json, shown, slashed};
use crate::cli::output::{Failure, Output};
use crate::explain::{self, ChangedPath, ContextFile, Fate, Ops};
use crate::options::MainContext;
use ignore::WalkBuilder;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::Path;

/// The most files of a folder that are named one by one.
const MOST_FILES: usize = 100_000;
/// The most names that links give to files.
const MOST_LINKS: usize = 10_000;

/// Which steps run again if files change.
pub(super) struct Changed {
    /// The paths that were given, and what becomes of each.
    files: Vec<(String, ContextFile)>,
    fates: Vec<(Fate, Option<String>)>,
}

impl Changed {
    /// Looks for the steps that see any of some paths: `PATH` of the context, `NAME=PATH` of a named context.
    pub(super) fn of(given: &[String], ops: &Ops, contexts: &[Context]) -> Changed {
        let mut all = Vec::new();
        let mut files = Vec::with_capacity(given.len());
        for text in given {
            let (name, path) = find(text, contexts);
            let paths = names(name, path, contexts);
            files.push((text.clone(), fate(&paths, contexts.iter().filter(|it| it.used.name == name))));
            all.extend(paths);
        }
        Changed { files, fates: explain::changed(ops, &all) }
    }

    fn steps<'a>(&'a self, ops: &'a Ops, fate: Fate) -> impl Iterator<Item = (usize, &'a Option<String>)> {
        let all =
            self.fates.iter().enumerate().filter(move |(at, (found, _))| *found == fate && is_step(ops, *at));
        all.map(|(at, (_, because))| (at, because))
    }

    pub(super) fn show(&self, ops: &Ops, output: &mut Output) -> Result<(), Failure> {
        for (file, fate) in &self.files {
            match fate {
                ContextFile::Sent => {}
                ContextFile::Unused => writeln!(output, "{file} is not sent: no step asks for it")?,
                ContextFile::Ignored(pattern) => {
                    writeln!(output, "{file} is not sent: the ignore file leaves it out ({pattern})")?;
                }
            }
        }
        let titles = [
            (Fate::Reruns, "run again"),
            (Fate::MayRerun, "run again only if the files they take come out different"),
            (Fate::Cached, "stay cached"),
        ];
        for (fate, title) in titles {
            if self.steps(ops, fate).next().is_none() {
                continue;
            }
            writeln!(output, "{title}:")?;
            for (at, because) in self.steps(ops, fate) {
                let op = &ops.list[at];
                write!(output, "  {}{}", shown(&op.name), at_line(op.lines.map(|(line, _)| line)))?;
                match because {
                    Some(because) if fate != Fate::Cached => writeln!(output, "  <- {}", shown(because))?,
                    _ => writeln!(output)?,
                }
            }
        }
        Ok(())
    }

    pub(super) fn to_json(&self, ops: &Ops) -> Value {
        let files = self.files.iter().map(|(file, fate)| match fate {
            ContextFile::Sent => json!({ "path": file, "fate": "sent" }),
            ContextFile::Unused => json!({ "path": file, "fate": "unused" }),
            ContextFile::Ignored(pattern) => json!({ "path": file, "fate": "ignored", "pattern": pattern }),
        });
        let steps = |fate: Fate| {
            let steps = self.steps(ops, fate).map(|(at, because)| {
                let mut step = op_json(ops, at);
                if fate != Fate::Cached {
                    step["because"] = json!(because);
                }
                step
            });
            steps.collect::<Vec<_>>()
        };
        json!({
            "files": files.collect::<Vec<_>>(),
            "reruns": steps(Fate::Reruns),
            "mayRerun": steps(Fate::MayRerun),
            "cached": steps(Fate::Cached),
        })
    }
}

/// Tells what becomes of paths that are all the same file, or below the same folder.
fn fate<'a>(paths: &[ChangedPath], contexts: impl Iterator<Item = &'a Context>) -> ContextFile {
    let mut found = ContextFile::Unused;
    for judge in contexts.filter_map(|context| context.used.judge().ok()) {
        for path in paths {
            match judge.path(path) {
                ContextFile::Sent => return ContextFile::Sent,
                ContextFile::Unused => {}
                ignored => found = ignored,
            }
        }
    }
    found
}

/// Returns the name of the context that a text means, and the path in it.
fn find<'a>(text: &'a str, contexts: &[Context]) -> (&'a str, &'a str) {
    let named =
        text.split_once('=').filter(|(name, _)| contexts.iter().any(|context| context.used.name == *name));
    named.unwrap_or((MainContext::LOCAL_NAME, text))
}

/// Returns all names by which steps may see a path.
fn names(name: &str, text: &str, contexts: &[Context]) -> Vec<ChangedPath> {
    let path = crate::path::clean(text);
    let path = path.trim_start_matches('/');
    let path = if path == "." { "" } else { path };
    let own = |path: &str, is_folder| ChangedPath { is_folder, ..ChangedPath::file(name, path) };
    let context = contexts.iter().find(|context| context.used.name == name);
    let place = context.and_then(|context| context.folder.as_ref()).map(|folder| folder.join(path));
    let mut found: Vec<ChangedPath> = match &place {
        Some(place) if place.is_dir() && !place.is_symlink() => {
            let below = below(place);
            below.iter().map(|file| own(&crate::path::join(&[path, file]), false)).collect()
        }
        _ => Vec::new(),
    };
    if found.is_empty() {
        // What is gone was a folder if it is written as one.
        let is_folder = text.ends_with('/') || place.is_some_and(|place| place.is_dir());
        found.push(own(path, is_folder));
    }
    if let Some(context) = context {
        add_links(&mut found, &context.links);
    }
    found
}

fn below(folder: &Path) -> Vec<String> {
    let files = WalkBuilder::new(folder).standard_filters(false).follow_links(false).build().flatten();
    let files = files.filter(|file| file.file_type().is_some_and(|kind| !kind.is_dir()));
    files.take(MOST_FILES).filter_map(|file| file.path().strip_prefix(folder).map(slashed).ok()).collect()
}

/// Adds the names that paths have through links.
fn add_links(paths: &mut Vec<ChangedPath>, links: &[(String, String)]) {
    let mut by_target: HashMap<&str, Vec<&str>> = HashMap::new();
    for (link, target) in links {
        by_target.entry(target).or_default().push(link);
    }
    let mut known: HashSet<String> = paths.iter().map(|path| path.path.clone()).collect();
    // Links through links come behind, so they are found, too. Some lead around in circles.
    let most = paths.len() + MOST_LINKS;
    let mut at = 0;
    while at < paths.len() && paths.len() < most {
        let from = paths[at].clone();
        let ends = from.path.match_indices('/').map(|(at, _)| at).chain([from.path.len()]);
        for end in std::iter::once(0).chain(ends) {
            let (folder, rest) = from.path.split_at(end);
            for link in by_target.get(folder).into_iter().flatten() {
                let path = crate::path::join(&[link, rest]);
                if known.insert(path.clone()) {
                    paths.push(ChangedPath { path, link_depth: link.split('/').count(), ..from.clone() });
                }
            }
        }
        at += 1;
    }
}

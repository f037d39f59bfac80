//! Finds Dockerfiles as people name them.
//!
//! In: files, folders. Out: paths, each once, in order. A file that is named is taken whatever its name is; in a folder
//! only what looks like a Dockerfile counts, and what .gitignore leaves out does not.

use super::side_by_side;
use crate::cli::output::Failure;
use ignore::{WalkBuilder, WalkState};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The path that stands for standard input.
pub(super) const STDIN: &str = "-";

/// Folders that hold no sources, also where no .gitignore says so.
const NEVER: [&str; 3] = [".git", ".hg", ".svn"];

/// Endings of files that are about a Dockerfile, or would become one.
const OTHERS: [&str; 14] = [
    "dockerignore",
    "md",
    "txt",
    "j2",
    "jinja",
    "jinja2",
    "tmpl",
    "tpl",
    "template",
    "erb",
    "orig",
    "rej",
    "bak",
    "swp",
];

/// Returns the Dockerfiles that are meant.
///
/// # Errors
/// If a path does not exist or a folder cannot be read.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut found = Vec::new();
    // One look takes a microsecond or two, and there may be thousands.
    for (path, what) in paths.iter().zip(side_by_side(paths, |path| path.metadata())) {
        match what {
            Ok(what) if what.is_dir() => found.extend(below(path)?),
            Ok(_) => found.push(path.clone()),
            Err(_) if path.as_os_str() == STDIN => found.push(path.clone()),
            Err(_) => {
                let name = path.display();
                return Err(Failure::new(format!("{name}: no such file or folder"))
                    .hint("name a Dockerfile, a folder to search, or `-` for standard input"));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let found = Mutex::new(Ok(Vec::new()));
    let mut walk = WalkBuilder::new(folder);
    // Folders such as .devcontainer hold Dockerfiles, too. Ignore rules hold outside of a repository as well.
    walk.hidden(false)
        .require_git(false)
        .filter_entry(|entry| !NEVER.iter().any(|never| entry.file_name() == *never));
    walk.build_parallel().run(|| {
        Box::new(|entry| {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            match (entry, &mut *found) {
                (Ok(entry), Ok(paths)) => {
                    let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
                    if is_file && entry.file_name().to_str().is_some_and(is_dockerfile) {
                        let path = entry.into_path();
                        let inside = path.strip_prefix(".").map(Path::to_owned);
                        paths.push(inside.unwrap_or(path));
                    }
                }
                (Err(error), found @ Ok(_)) => *found = Err(error),
                (_, Err(_)) => return WalkState::Quit,
            }
            WalkState::Continue
        })
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.map_err(|error| Failure::new(error.to_string()))
}

/// Tells whether a file of this name is a Dockerfile.
fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let kinds = ["dockerfile", "containerfile"];
    if kinds.contains(&name.as_str()) {
        return true;
    }
    if name.ends_with('~') || OTHERS.iter().any(|other| ending(&name) == Some(other)) {
        return false;
    }
    kinds.iter().any(|kind| {
        let rest = name.strip_prefix(kind);
        rest.is_some_and(|rest| rest.starts_with(['.', '-', '_'])) || ending(&name) == Some(kind)
    })
}

fn ending(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, ending)| ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "Dockerfile",
            "dockerfile",
            "Containerfile",
            "Dockerfile.dev",
            "Dockerfile-dev",
            "Dockerfile.alpine3.19",
            "web.Dockerfile",
            "web.dockerfile",
            "web.containerfile",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile.md",
            "Dockerfile.j2",
            "Dockerfile~",
            "Dockerfiles",
            "docker-compose.yml",
            "mydockerfile",
            "dockerfile_parser.orig",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}

//! Where the files come from: the main context, the Dockerfile, the named contexts.

use super::Options;
use crate::image::{Platform, Reference};
use crate::text::parse_bool;
use std::collections::BTreeMap;

/// The main context and the Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainContext {
    /// What the context option holds: a git or http address; anything else is a local folder.
    pub input: String,
    /// The folder within the context that is the root, if given.
    pub subdir: Option<String>,
    /// The path of the Dockerfile.
    pub filename: String,
    /// The local folder of the Dockerfile, if it must come from there whatever the context is. An empty one is none: no
    /// client has a folder without a name.
    pub dockerfile_local_name: Option<String>,
    /// Whether a git checkout keeps its `.git`, if given.
    pub keep_git_dir: Option<bool>,
    /// Whether files of a git checkout have the time of its commit.
    pub is_reproducible: bool,
}

impl Default for MainContext {
    fn default() -> MainContext {
        MainContext {
            input: String::new(),
            subdir: None,
            filename: "Dockerfile".to_owned(),
            dockerfile_local_name: None,
            keep_git_dir: None,
            is_reproducible: false,
        }
    }
}

impl MainContext {
    /// The local folder of the context.
    pub const LOCAL_NAME: &'static str = "context";
    /// The local folder of the Dockerfile, unless it is given.
    pub const DOCKERFILE_LOCAL_NAME: &'static str = "dockerfile";

    pub(super) fn from_map(map: &BTreeMap<String, String>) -> MainContext {
        let key = map.get("contextkey").map_or(MainContext::LOCAL_NAME, String::as_str);
        let default = MainContext::default();
        MainContext {
            input: map.get(key).cloned().unwrap_or_default(),
            subdir: map.get("contextsubdir").cloned(),
            filename: map.get("filename").cloned().unwrap_or(default.filename),
            dockerfile_local_name: map.get("dockerfilekey").filter(|name| !name.is_empty()).cloned(),
            keep_git_dir: map
                .get("build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR")
                .and_then(|value| parse_bool(value)),
            is_reproducible: map.get("build-arg:SOURCE_DATE_EPOCH").is_some_and(|value| !value.is_empty()),
        }
    }
}

/// A named context that a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamedContext {
    /// The name, shortened: `alpine` for `docker.io/library/alpine:latest`.
    pub name: String,
    /// The name it was given under, maybe with `::` and a platform.
    pub name_with_platform: String,
    /// What it is, such as `docker-image://alpine`.
    pub input: String,
    /// What tells it apart from other local folders of its name.
    pub shared_key: String,
}

impl Options {
    /// Finds the named context that replaces an image, a stage or a `from`. One for the platform goes first.
    ///
    /// # Errors
    /// If `name` cannot be the name of an image. The message is the reference's.
    pub fn named_context(
        &self,
        name: &str,
        platform: Option<&Platform>,
    ) -> Result<Option<NamedContext>, String> {
        let reference =
            Reference::parse_normalized(name).map_err(|err| format!("invalid context name {name}: {err}"))?;
        if self.named_contexts.is_empty() {
            return Ok(None);
        }
        let familiar = reference.familiar();
        let name = familiar.strip_suffix(":latest").unwrap_or(&familiar);
        let platform = platform.unwrap_or(&self.host).normalized();
        let names = [format!("{name}::{platform}"), name.to_owned()];
        Ok(names.into_iter().find_map(|name_with_platform| {
            let input = self.named_contexts.get(&name_with_platform)?.clone();
            let shared_key = self.shared_keys.get(&name_with_platform).cloned().unwrap_or_default();
            Some(NamedContext { name: name.to_owned(), name_with_platform, input, shared_key })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[test]
    fn named_contexts() {
        let options = read(&[
            ("context:alpine", "docker-image://busybox"),
            ("context:alpine::linux/arm64", "local:x"),
            ("sharedkey:localdir:alpine::linux/arm64", "key"),
            ("context:host:5000/a:1", "input:y"),
        ])
        .unwrap();
        let find = |name: &str, arch: &str| {
            let found = options.named_context(name, Some(&Platform::new("linux", arch))).unwrap();
            found.map(|c| (c.name_with_platform, c.input, c.shared_key))
        };
        let want = |a: &str, b: &str, c: &str| Some((a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(find("alpine", "amd64"), want("alpine", "docker-image://busybox", ""));
        assert_eq!(
            find("docker.io/library/alpine:latest", "aarch64"),
            want("alpine::linux/arm64", "local:x", "key")
        );
        assert_eq!(find("alpine:3", "amd64"), None);
        assert_eq!(find("host:5000/a:1", "amd64"), want("host:5000/a:1", "input:y", ""));
        assert_eq!(
            options.named_context("SRC", None).unwrap_err(),
            "invalid context name SRC: invalid reference format: repository name (library/SRC) must be lowercase"
        );
    }

    #[test]
    fn main_context() {
        let context = read(&[
            ("contextkey", "src"),
            ("src", "https://example.com/x.git"),
            ("context", "ignored"),
            ("filename", "a/B"),
            ("dockerfilekey", "df"),
            ("build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR", "1"),
        ])
        .unwrap()
        .context;
        assert_eq!(context.input, "https://example.com/x.git");
        assert_eq!(
            (context.filename.as_str(), context.dockerfile_local_name.as_deref()),
            ("a/B", Some("df"))
        );
        assert_eq!(
            (context.keep_git_dir, context.is_reproducible, context.subdir),
            (Some(true), false, None)
        );
        assert_eq!(read(&[("dockerfilekey", "")]).unwrap().context.dockerfile_local_name, None);
    }
}

//! Where the files of a context come from, said before there is a graph.

use super::Error;
use crate::image::Platform;
use crate::llb::op::{Copy, File, Git, GitSsh, Http, Local, Source};
use crate::llb::{Definition, Edge, Graph, MarshalOptions, Meta};
use crate::path;
use crate::remote::{GitRef, GitRemote};
use std::sync::Arc;

/// How to get at the files of a context.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Where they come from.
    pub root: Root,
    /// How the step is shown to users.
    pub custom_name: Option<String>,
    /// For which platform they are, if somebody asked for one.
    pub platform: Option<Platform>,
    /// A file among them that is unpacked, its content being the context.
    pub unpack: Option<String>,
    /// The folder among them that is the context.
    pub folder: Option<String>,
}

/// Where files come from.
#[derive(Clone, Debug)]
pub enum Root {
    /// There are none.
    Empty,
    /// A source of the engine.
    Source(Source),
    /// An input that was handed to the frontend.
    Input(Definition),
}

impl Recipe {
    /// Returns the recipe for no files at all.
    pub fn empty() -> Recipe {
        Recipe { root: Root::Empty, custom_name: None, platform: None, unpack: None, folder: None }
    }

    /// Returns the recipe for the files of a source.
    pub fn source(source: impl Into<Source>, custom_name: impl Into<String>) -> Recipe {
        Recipe { root: Root::Source(source.into()), custom_name: Some(custom_name.into()), ..Recipe::empty() }
    }

    /// Returns the recipe for the files of an input.
    pub fn input(definition: Definition) -> Recipe {
        Recipe { root: Root::Input(definition), ..Recipe::empty() }
    }

    /// Returns the recipe for a checkout.
    pub fn git(git: Git, custom_name: impl Into<String>) -> Recipe {
        Recipe::source(Source::Git(Box::new(git)), custom_name)
    }

    /// Returns the recipe for a file behind an address.
    pub fn http(url: &str, filename: &str, custom_name: impl Into<String>) -> Recipe {
        let http = Http { url: url.to_owned(), filename: filename.to_owned(), ..Http::default() };
        Recipe::source(Source::Http(Box::new(http)), custom_name)
    }

    /// Returns the recipe for a folder of the client.
    pub fn local(local: Local, custom_name: impl Into<String>) -> Recipe {
        Recipe::source(Source::Local(Box::new(local)), custom_name)
    }

    /// Limits a folder of the client to some paths; no paths means all. Other sources stay whole.
    pub fn with_follow_paths(mut self, paths: Vec<String>) -> Recipe {
        if let Root::Source(Source::Local(local)) = &mut self.root {
            local.follow_paths = paths;
        }
        self
    }

    /// Returns the folder of the client that the files come from, if they do.
    pub fn as_local(&self) -> Option<&Local> {
        match &self.root {
            Root::Source(Source::Local(local)) => Some(local),
            _ => None,
        }
    }

    /// Adds the steps to a graph and returns the files; nothing if there are none.
    ///
    /// # Errors
    /// If an input is malformed.
    pub fn add(&self, graph: &mut Graph) -> Result<Option<Edge>, Error> {
        let mut files = match &self.root {
            Root::Empty => None,
            Root::Source(source) => {
                let mut meta = self.custom_name.as_ref().map_or_else(Meta::default, Meta::named);
                meta.platform = self.platform.clone().map(Arc::new);
                Some(graph.add(source.clone(), meta).into())
            }
            Root::Input(definition) => graph.import(definition).map_err(|error| {
                Error::new("invalid-input", format!("failed to parse input definition: {error}"))
            })?,
        };
        if let Some(file) = &self.unpack {
            files = Some(copy(graph, files, &format!("/{file}"), |copy| copy.unpacks = true));
        }
        if let Some(folder) = &self.folder {
            files =
                Some(copy(graph, files, &path::join(&["/", folder]), |copy| copy.copies_dir_contents = true));
        }
        Ok(files)
    }

    /// Returns the definition of the files alone.
    ///
    /// # Errors
    /// If an input is malformed.
    pub fn definition(&self, host: &Platform) -> Result<Definition, Error> {
        let mut graph = Graph::new();
        let files = self.add(&mut graph)?;
        let definition = graph
            .marshal(files, &MarshalOptions::new(host))
            .map_err(|error| Error::new("internal", format!("failed to marshal local source: {error}")))?;
        graph.prove(&definition);
        Ok(definition)
    }
}

/// Copies from a file system into an empty one.
fn copy(graph: &mut Graph, source: Option<Edge>, src: &str, set: impl FnOnce(&mut Copy)) -> Edge {
    let mut copy = Copy { source, src: src.to_owned(), dest: "/".to_owned(), ..Copy::default() };
    set(&mut copy);
    graph.add(File { base: None, actions: vec![copy.into()] }, Meta::default()).into()
}

/// Returns the source of a checkout, as its address describes it.
pub fn git_source(git: &GitRef) -> Git {
    let remote = GitRemote::parse(&git.remote);
    let identifier = remote.identifier(&git.reference, &git.subdir);
    Git {
        // The identifier already holds reference and folder, unless the address cannot be read.
        id: identifier.strip_prefix("git://").unwrap_or(&identifier).to_owned(),
        url: remote.full_url,
        keeps_git_dir: git.keep_git_dir == Some(true),
        ssh: remote.is_ssh.then(GitSsh::default),
        checksum: git.checksum.clone(),
        skips_submodules: git.submodules == Some(false),
        mtime: git.mtime.clone(),
        fetches_by_commit: git.fetch_by_commit,
        ..Git::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_what_its_address_says() {
        let source = |address: &str| git_source(&GitRef::parse(address).expect("it names a repository"));
        let plain = source("https://example.com/a.git#v1:dir");
        let url = "https://example.com/a.git".to_owned();
        assert_eq!(
            plain,
            Git { id: "example.com/a.git#v1:dir".to_owned(), url: url.clone(), ..Git::default() }
        );
        let checksum = "a".repeat(40);
        let address = format!(
            "{url}?ref=v1&checksum={checksum}&keep-git-dir=1&submodules=0&mtime=commit&fetch-by-commit=1"
        );
        let full = Git {
            id: "example.com/a.git#v1".to_owned(),
            url,
            keeps_git_dir: true,
            checksum,
            skips_submodules: true,
            mtime: "commit".to_owned(),
            fetches_by_commit: true,
            ..Git::default()
        };
        assert_eq!(source(&address), full);
        let off = source("https://example.com/a.git?keep-git-dir=0&submodules=1");
        assert!(!off.keeps_git_dir && !off.skips_submodules);
        assert!(plain.ssh.is_none() && source("git@example.com:a/b.git").ssh.is_some());
    }
}

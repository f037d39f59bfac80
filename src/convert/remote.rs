//! Addresses that ADD takes: git repositories and files over HTTP.

use super::{COMMAND, Cx, Step};
use crate::image::Digest;
use crate::llb::op::{Git, GitSsh, Http};
use crate::llb::{Edge, Meta};
use crate::remote::{
    GitRef, GitRefError, GitRemote, check_http_url, http_filename, is_git_source, is_http_source,
};
use crate::text::{Diagnostic, Spanned, quote};

/// What ADD says about addresses. What one address says counts for those after it, too.
pub(super) struct Remote {
    /// `--keep-git-dir`, if given.
    pub keep_git_dir: Option<bool>,
    /// `--unpack`, if given.
    pub unpack: Option<bool>,
    /// `--checksum`; may be empty.
    pub checksum: Spanned<String>,
}

/// What an address leads to.
pub(super) struct Found {
    /// The files.
    pub files: Edge,
    /// Which of them.
    pub path: String,
    /// Whether an archive is unpacked.
    pub unpacks: bool,
}

impl Remote {
    /// Checks that a checksum has exactly one address to be about.
    pub(super) fn check(&self, step: &Step<'_>, sources: &[Spanned<String>]) -> Result<(), Diagnostic> {
        let fail = |message| Err(step.error("invalid-checksum", message, self.checksum.span));
        match sources {
            _ if self.checksum.value.is_empty() => Ok(()),
            [only] if is_git_source(&only.value) || is_http_source(&only.value) => Ok(()),
            [_] => fail("checksum requires HTTP(S) or Git sources"),
            _ => fail("checksum can't be specified for multiple sources"),
        }
    }

    /// Takes in what the query of an address says.
    fn merge(&mut self, git: &GitRef) -> Result<(), String> {
        if let Some(keeps) = git.keep_git_dir
            && self.keep_git_dir.replace(keeps).is_some_and(|kept| kept != keeps)
        {
            return Err("inconsistent keep-git-dir configuration".to_owned());
        }
        if !git.checksum.is_empty() {
            let checksum = std::mem::replace(&mut self.checksum.value, git.checksum.clone());
            if !checksum.is_empty() && checksum != git.checksum {
                return Err(format!("checksum mismatch {} != {}", quote(&checksum), quote(&git.checksum)));
            }
        }
        Ok(())
    }
}

/// Adds what an address leads to, under the name of the step that wants it; nothing if the source is a path.
///
/// # Errors
/// If COPY has an address (`remote` is `None`), or the address is wrong.
pub(super) fn source(
    cx: &mut Cx<'_>,
    step: &Step<'_>,
    remote: Option<&mut Remote>,
    source: &Spanned<String>,
    name: &str,
) -> Result<Option<Found>, Diagnostic> {
    let error = |message: String| step.error("invalid-source", message, source.span);
    match GitRef::parse(&source.value) {
        Err(GitRefError::Query(message)) => return Err(error(message)),
        Ok(git) if !git.looks_local => {
            let Some(remote) = remote else {
                return Err(error("source can't be a git ref for COPY".to_owned()));
            };
            remote.merge(&git).map_err(error)?;
            let files = cx.graph.add(git_source(&git, remote), Meta::named(name)).into();
            return Ok(Some(Found { files, path: "/".to_owned(), unpacks: false }));
        }
        _ => {}
    }
    if !is_http_source(&source.value) {
        return Ok(None);
    }
    let Some(remote) = remote else { return Err(error("source can't be a URL for COPY".to_owned())) };
    check_http_url(&source.value).map_err(error)?;
    let checksum = &remote.checksum;
    if !checksum.value.is_empty() {
        Digest::parse(&checksum.value)
            .map_err(|why| step.error("invalid-checksum", why.to_string(), checksum.span))?;
    }
    let filename = http_filename(&source.value);
    let path = crate::path::join(&["/", &filename]);
    let http =
        Http { url: source.value.clone(), checksum: checksum.value.clone(), filename, ..Http::default() };
    // The reference names the instruction, but has no text for it.
    let files = cx.graph.add(http, Meta::named(name).describe(COMMAND, "")).into();
    Ok(Some(Found { files, path, unpacks: remote.unpack.unwrap_or(false) }))
}

fn git_source(git: &GitRef, remote: &Remote) -> Git {
    let repository = GitRemote::parse(&git.remote);
    let identifier = repository.identifier("", "");
    Git {
        id: identifier.strip_prefix("git://").unwrap_or(&identifier).to_owned(),
        url: repository.full_url.clone(),
        reference: git.reference.clone(),
        subdir: git.subdir.clone(),
        keeps_git_dir: remote.keep_git_dir.unwrap_or(false),
        ssh: repository.is_ssh.then(GitSsh::default),
        checksum: remote.checksum.value.clone(),
        skips_submodules: git.submodules == Some(false),
        fetches_by_commit: git.fetch_by_commit,
        ..Git::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_error, check_steps};

    #[test]
    fn sources() {
        check_steps(
            "ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 https://x/y?z /a",
            &[
                "http.checksum \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
                "http.filename \"y\"",
                "copy #1/y to /a parents",
            ],
        );
        check_steps("ADD --unpack https://x/y /a", &["copy #1/y to /a unpack parents"]);
        check_steps(
            "ADD https://x/y.git?branch=b&keep-git-dir=1&submodules=0#:d /a",
            &[
                "#1 git://x/y.git#refs/heads/b:d",
                "git.keepgitdir \"true\"",
                "git.skipsubmodules \"true\"",
                "copy #1/ to /a parents",
            ],
        );
        check_steps(
            "ADD github.com/a/b /c",
            &["copy #1/github.com/a/b to /c follow contents unpack parents wildcard empty"],
        );
    }

    #[test]
    fn errors() {
        check_error("ADD --checksum=sha256:1 a b", "checksum requires HTTP(S) or Git sources");
        check_error(
            "ADD --checksum=sha256:1 https://x/1 https://x/2 b",
            "checksum can't be specified for multiple sources",
        );
        check_error("ADD --checksum=md5:1 https://x/1 b", "unsupported digest algorithm");
        check_error(
            "ADD --keep-git-dir https://x/y.git?keep-git-dir=0 b",
            "inconsistent keep-git-dir configuration",
        );
        check_error("ADD --checksum=a https://x/y.git?commit=b c", "checksum mismatch \"a\" != \"b\"");
        check_error("ADD https://x/y.git?z=1 c", "unexpected query \"z\"");
        check_error("ADD http:// c", "invalid address \"http://\": it names no host");
    }
}

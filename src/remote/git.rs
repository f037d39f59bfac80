//! Addresses of git repositories, with what to check out of them.

use super::url::{Url, query_pairs};
use crate::path;
use crate::text::{parse_bool, quote};
use std::collections::BTreeMap;
use std::fmt;

/// A repository and what to check out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitRef {
    /// The address for git itself, without query and fragment.
    pub remote: String,
    /// The last part of the address, without `.git`.
    pub short_name: String,
    /// A branch, tag or commit. Empty: the repository's default.
    pub reference: String,
    /// The commit that it must be.
    pub checksum: String,
    /// The folder that is wanted.
    pub subdir: String,
    /// Whether the address has the form `github.com/…`, as a local path may; it counts for a context only.
    pub looks_local: bool,
    /// Whether it is reached without encryption.
    pub is_unencrypted: bool,
    /// Whether `.git` stays, if said.
    pub keep_git_dir: Option<bool>,
    /// Whether submodules are fetched, if said.
    pub submodules: Option<bool>,
    /// Which time files get: `checkout` or `commit`. Empty: the engine's default.
    pub mtime: String,
    /// Whether the checksum is fetched as it is.
    pub fetch_by_commit: bool,
}

/// Why a text names no checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitRefError {
    /// It is no address of a git repository; it may be something else.
    NotGit,
    /// It is one, and its query is wrong. The words are the reference's.
    Query(String),
}

impl fmt::Display for GitRefError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GitRefError::NotGit => f.write_str("invalid argument"),
            GitRefError::Query(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for GitRefError {}

/// Tells whether a text names a checkout.
pub fn is_git_source(text: &str) -> bool {
    GitRef::parse(text).is_ok()
}

impl GitRef {
    /// Reads an address: `https://host/x.git`, `git://…`, `ssh://…`, `user@host:path` or `github.com/…`, maybe
    /// with `?name=value&…` and `#reference:folder`.
    ///
    /// # Errors
    /// If the address is not one of these, or its query is wrong.
    pub fn parse(text: &str) -> Result<GitRef, GitRefError> {
        let not_git = |_| GitRefError::NotGit;
        if text.starts_with("./") || text.starts_with("../") {
            return Err(GitRefError::NotGit);
        }
        let mut git = GitRef::default();
        let address = if text.starts_with("github.com/") {
            git.looks_local = true;
            let url = Url::parse(text).map_err(not_git)?;
            let remote = url.without_query("https");
            let remote = remote.split_once("://").map_or("", |(_, rest)| rest).to_owned();
            Address { remote, ..Address::from_url(url) }
        } else {
            let address = Address::parse(text).ok_or(GitRefError::NotGit)?;
            git.is_unencrypted = matches!(address.scheme.as_str(), "http" | "git");
            if matches!(address.scheme.as_str(), "http" | "https") && !address.path.ends_with(".git") {
                return Err(GitRefError::NotGit);
            }
            address
        };
        let last = address.remote.rsplit('/').next().unwrap_or_default();
        git.short_name = last.strip_suffix(".git").unwrap_or(last).to_owned();
        git.remote = address.remote;
        if !address.fragment.is_empty() {
            let (reference, subdir) = address.fragment.split_once(':').unwrap_or((&address.fragment, ""));
            git.reference = reference.to_owned();
            git.subdir = path::join(&["/", subdir])[1..].to_owned();
        }
        git.read_query(address.query).map_err(GitRefError::Query)?;
        if path::climbs(&git.subdir) {
            git.subdir = path::join(&["/", &git.subdir])[1..].to_owned();
        }
        // Git reads what begins with a dash as an option, and older engines hand it on.
        if [&git.reference, &git.remote, &address.host].iter().any(|text| text.starts_with('-')) {
            return Err(GitRefError::Query(format!("invalid git ref {}", quote(text))));
        }
        Ok(git)
    }

    /// Reads what stands behind `?`. The names are taken in order, so that of several errors it is always the same.
    fn read_query(&mut self, pairs: Vec<(String, String)>) -> Result<(), String> {
        let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in pairs {
            query.entry(name).or_default().push(value);
        }
        let (mut tag, mut branch) = (String::new(), String::new());
        for (name, values) in &query {
            let [value] = values.as_slice() else {
                return Err(format!("query {} has multiple values", quote(name)));
            };
            let is_switch = matches!(name.as_str(), "submodules" | "keep-git-dir" | "fetch-by-commit");
            if value.is_empty() && !is_switch {
                return Err(format!("query {} has no value", quote(name)));
            }
            let switch = || match value.as_str() {
                "" => Ok(true),
                value => parse_bool(value).ok_or_else(|| format!("invalid {name} value: {}", quote(value))),
            };
            match name.as_str() {
                "ref" => set(&mut self.reference, value, "ref")?,
                "subdir" => set(&mut self.subdir, value, "subdir")?,
                "tag" => tag.clone_from(value),
                "branch" => branch.clone_from(value),
                "checksum" | "commit" => self.checksum.clone_from(value),
                "keep-git-dir" => self.keep_git_dir = Some(switch()?),
                "submodules" => self.submodules = Some(switch()?),
                "fetch-by-commit" => self.fetch_by_commit = switch()?,
                "mtime" if matches!(value.as_str(), "checkout" | "commit") => self.mtime.clone_from(value),
                "mtime" => {
                    return Err(format!(
                        "invalid mtime value: {} (must be \"checkout\" or \"commit\")",
                        quote(value)
                    ));
                }
                _ => return Err(format!("unexpected query {}", quote(name))),
            }
        }
        if !tag.is_empty() {
            set(&mut self.reference, &with_prefix("refs/tags/", &tag), "ref")?;
        }
        if !branch.is_empty() {
            if !tag.is_empty() {
                return Err("branch conflicts with tag".to_owned());
            }
            set(&mut self.reference, &with_prefix("refs/heads/", &branch), "ref")?;
        }
        Ok(())
    }
}

fn with_prefix(prefix: &str, text: &str) -> String {
    if text.starts_with(prefix) { text.to_owned() } else { format!("{prefix}{text}") }
}

/// Sets what may have been set to the same value only.
fn set(slot: &mut String, value: &str, name: &str) -> Result<(), String> {
    if !slot.is_empty() && slot != value {
        return Err(format!("{name} conflicts: {} vs {}", quote(slot), quote(value)));
    }
    value.clone_into(slot);
    Ok(())
}

/// An address of git, whatever its form.
#[derive(Default)]
struct Address {
    scheme: String,
    host: String,
    path: String,
    query: Vec<(String, String)>,
    fragment: String,
    remote: String,
}

impl Address {
    fn from_url(url: Url) -> Address {
        Address {
            query: url.query(),
            remote: url.without_query(&url.scheme),
            scheme: url.scheme,
            host: url.host,
            path: url.path,
            fragment: url.fragment,
        }
    }

    fn parse(text: &str) -> Option<Address> {
        let scheme_len = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if scheme_len > 0 && text[scheme_len..].starts_with("://") {
            let scheme = text[..scheme_len].to_ascii_lowercase();
            if !matches!(scheme.as_str(), "http" | "https" | "ssh" | "git") {
                return None;
            }
            return Url::parse(text).ok().map(Address::from_url);
        }
        Address::parse_scp(text)
    }

    /// Reads `user@host:path?query#fragment`.
    fn parse_scp(text: &str) -> Option<Address> {
        if text.contains('\n') {
            return None;
        }
        let (user, rest) = text.split_once('@')?;
        let (host, rest) = rest.split_once(':')?;
        let is_name = |text: &str, more: &[u8]| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || more.contains(&b))
        };
        if !is_name(user, b"_") || !is_name(host, b".") {
            return None;
        }
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (query, is_well) = query_pairs(query);
        is_well.then(|| Address {
            scheme: "ssh".to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            query,
            fragment: fragment.to_owned(),
            remote: format!("{user}@{host}:{path}"),
        })
    }
}

/// A repository as a source op names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitRemote {
    /// Host and path, the same whatever the protocol; the address itself if it cannot be read.
    name: String,
    has_parts: bool,
    /// The address for git itself.
    pub full_url: String,
    /// Whether it is reached over SSH.
    pub is_ssh: bool,
}

impl GitRemote {
    /// Reads the address of a repository, as [`GitRef::remote`] holds it.
    pub fn parse(remote: &str) -> GitRemote {
        let mut full_url = remote.to_owned();
        let has_scheme = |text: &str| {
            let len = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
            len > 0 && text[len..].starts_with("://")
        };
        let mut address = Address::parse(remote);
        if address.is_none() && !has_scheme(remote) {
            full_url = format!("https://{remote}");
            address = Address::parse(&full_url);
        }
        match address {
            Some(address) => GitRemote {
                name: format!("{}{}", address.host, path::join(&["/", &address.path])),
                has_parts: true,
                full_url: address.remote,
                is_ssh: address.scheme == "ssh",
            },
            None => GitRemote { name: full_url.clone(), has_parts: false, full_url, is_ssh: false },
        }
    }

    /// Returns the identifier of the source op.
    pub fn identifier(&self, reference: &str, subdir: &str) -> String {
        let mut id = format!("git://{}", self.name);
        if self.has_parts && !(reference.is_empty() && subdir.is_empty()) {
            id.push('#');
            id.push_str(reference);
            if !subdir.is_empty() {
                id.push(':');
                id.push_str(subdir);
            }
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks remote, name, reference and folder.
    #[track_caller]
    fn check(text: &str, want: [&str; 4]) {
        let git = GitRef::parse(text).unwrap_or_else(|err| panic!("{text}: {err}"));
        assert_eq!([&git.remote, &git.short_name, &git.reference, &git.subdir], want, "{text}");
    }

    #[track_caller]
    fn check_error(text: &str, want: &str) {
        assert_eq!(GitRef::parse(text).unwrap_err().to_string(), want, "{text}");
    }

    #[test]
    fn forms() {
        check("https://h/a/b.git", ["https://h/a/b.git", "b", "", ""]);
        check("https://u:p@h/b.git#v1/x:sub/./dir/", ["https://u:p@h/b.git", "b", "v1/x", "sub/dir"]);
        check("https://h/b.git#:../../x", ["https://h/b.git", "b", "", "x"]);
        check("https://h/b.git?subdir=../../x", ["https://h/b.git", "b", "", "x"]);
        check("git://h/b", ["git://h/b", "b", "", ""]);
        check("SSH://git@h:22/b.git", ["ssh://git@h:22/b.git", "b", "", ""]);
        check("git@h.com:a/b.git#main", ["git@h.com:a/b.git", "b", "main", ""]);
        check("me@h:b?ref=x#x:y", ["me@h:b", "me@h:b", "x", "y"]);
        check("github.com/a/b#main:c", ["github.com/a/b", "b", "main", "c"]);
        assert!(GitRef::parse("github.com/a/b").unwrap().looks_local);
        assert!(GitRef::parse("http://h/b.git").unwrap().is_unencrypted);
        assert!(!GitRef::parse("https://h/b.git").unwrap().is_unencrypted);
    }

    #[test]
    fn what_reads_as_an_option_is_refused() {
        check_error("https://h/b.git#-x", "invalid git ref \"https://h/b.git#-x\"");
        check_error(
            "https://h/b.git?ref=--upload-pack=x",
            "invalid git ref \"https://h/b.git?ref=--upload-pack=x\"",
        );
        check_error("git@-oProxyCommand:b.git", "invalid git ref \"git@-oProxyCommand:b.git\"");
        check_error("-x@h:b.git", "invalid git ref \"-x@h:b.git\"");
        check("https://h/b.git?tag=-x", ["https://h/b.git", "b", "refs/tags/-x", ""]);
    }

    #[test]
    fn other_things() {
        for text in [
            "",
            ".",
            "./a.git",
            "../a@b:c",
            "a",
            "a/b.git",
            "https://h/a",
            "https://h/a.git/",
            "https://h/a.git:x",
            "https://h/%zz.git",
            "ftp://h/a.git",
            "a b@h:c",
            "git@h",
            "example.com/a/b.git",
            "a@b:c\nd",
            "a@b:c?d;e",
        ] {
            assert_eq!(GitRef::parse(text), Err(GitRefError::NotGit), "{text}");
            assert!(!is_git_source(text));
        }
    }

    #[test]
    fn queries() {
        check("https://h/b.git?ref=v1&subdir=/s", ["https://h/b.git", "b", "v1", "/s"]);
        check("https://h/b.git?subdir=s#v1:s", ["https://h/b.git", "b", "v1", "s"]);
        check("https://h/b.git?tag=v1", ["https://h/b.git", "b", "refs/tags/v1", ""]);
        check("https://h/b.git?branch=refs/heads/v1", ["https://h/b.git", "b", "refs/heads/v1", ""]);
        check("https://h/b.git?", ["https://h/b.git?", "b.git?", "", ""]);
        let git = GitRef::parse(
            "github.com/a/b?keep-git-dir&submodules=0&mtime=commit&fetch-by-commit=1&commit=abc#main",
        )
        .unwrap();
        assert_eq!((git.keep_git_dir, git.submodules, git.fetch_by_commit), (Some(true), Some(false), true));
        assert_eq!((git.mtime.as_str(), git.checksum.as_str()), ("commit", "abc"));
        check_error("https://h/b.git?ref=a#b", "ref conflicts: \"b\" vs \"a\"");
        check_error("https://h/b.git?subdir=a#b:c", "subdir conflicts: \"c\" vs \"a\"");
        check_error("https://h/b.git?tag=a&ref=a", "ref conflicts: \"a\" vs \"refs/tags/a\"");
        check_error("https://h/b.git?tag=a&branch=a", "branch conflicts with tag");
        check_error("https://h/b.git?ref=a&ref=a", "query \"ref\" has multiple values");
        check_error("https://h/b.git?ref=", "query \"ref\" has no value");
        check_error("https://h/b.git?x=1", "unexpected query \"x\"");
        check_error("https://h/b.git?submodules=x", "invalid submodules value: \"x\"");
        check_error(
            "https://h/b.git?mtime=x",
            "invalid mtime value: \"x\" (must be \"checkout\" or \"commit\")",
        );
    }

    #[track_caller]
    fn check_remote(remote: &str, id: &str, full_url: &str, is_ssh: bool) {
        let got = GitRemote::parse(remote);
        let got = (got.identifier("r", "s"), got.full_url, got.is_ssh);
        assert_eq!(got, (id.to_owned(), full_url.to_owned(), is_ssh));
    }

    #[test]
    fn remotes() {
        check_remote("https://u@h/a/../b.git", "git://h/b.git#r:s", "https://u@h/a/../b.git", false);
        check_remote("github.com/a/b", "git://github.com/a/b#r:s", "https://github.com/a/b", false);
        check_remote("git@h:a/b.git", "git://h/a/b.git#r:s", "git@h:a/b.git", true);
        check_remote("ssh://git@h:22/b", "git://h:22/b#r:s", "ssh://git@h:22/b", true);
        assert_eq!(GitRemote::parse("https://h/b.git").identifier("", ""), "git://h/b.git");
        assert_eq!(GitRemote::parse("https://h/b.git").identifier("", "s"), "git://h/b.git#:s");
    }
}

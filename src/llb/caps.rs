//! Capabilities: what an op needs an engine to know, by name.

use super::Meta;
use super::op::{Exec, MountKind, Network, Op, ResolveMode, Security, Source};
use crate::pb::caps::ApiCap;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub const SOURCE_IMAGE: &str = "source.image";
pub const SOURCE_IMAGE_RESOLVE_MODE: &str = "source.image.resolvemode";
pub const SOURCE_IMAGE_LAYER_LIMIT: &str = "source.image.layerlimit";
pub const SOURCE_IMAGE_CHECKSUM: &str = "source.image.checksum";
pub const SOURCE_LOCAL: &str = "source.local";
pub const SOURCE_LOCAL_UNIQUE: &str = "source.local.unique";
pub const SOURCE_LOCAL_SESSION_ID: &str = "source.local.sessionid";
pub const SOURCE_LOCAL_INCLUDE_PATTERNS: &str = "source.local.includepatterns";
pub const SOURCE_LOCAL_FOLLOW_PATHS: &str = "source.local.followpaths";
pub const SOURCE_LOCAL_EXCLUDE_PATTERNS: &str = "source.local.excludepatterns";
pub const SOURCE_LOCAL_SHARED_KEY_HINT: &str = "source.local.sharedkeyhint";
pub const SOURCE_LOCAL_METADATA_TRANSFER: &str = "source.local.metadatatransfer";
pub const SOURCE_GIT: &str = "source.git";
pub const SOURCE_GIT_KEEP_DIR: &str = "source.git.keepgitdir";
pub const SOURCE_GIT_FULL_URL: &str = "source.git.fullurl";
pub const SOURCE_GIT_KNOWN_SSH_HOSTS: &str = "source.git.knownsshhosts";
pub const SOURCE_GIT_MOUNT_SSH_SOCK: &str = "source.git.mountsshsock";
pub const SOURCE_GIT_CHECKSUM: &str = "source.git.checksum";
pub const SOURCE_GIT_SKIP_SUBMODULES: &str = "source.git.skipsubmodules";
pub const SOURCE_GIT_MTIME: &str = "source.git.mtime";
pub const SOURCE_GIT_FETCH_BY_COMMIT: &str = "source.git.fetchbycommit";
pub const SOURCE_HTTP: &str = "source.http";
pub const SOURCE_HTTP_AUTH: &str = "source.http.auth";
pub const SOURCE_HTTP_CHECKSUM: &str = "source.http.checksum";
pub const SOURCE_HTTP_PERM: &str = "source.http.perm";
/// The misspelling is BuildKit's.
pub const SOURCE_HTTP_UID_GID: &str = "soruce.http.uidgid";
pub const SOURCE_HTTP_HEADER: &str = "source.http.header";
pub const SOURCE_HTTP_SIGNATURE_VERIFY: &str = "source.http.signatureverify";
pub const SOURCE_OCI_LAYOUT: &str = "source.ocilayout";
pub const EXEC_META_BASE: &str = "exec.meta.base";
pub const EXEC_META_CGROUP_PARENT: &str = "exec.meta.cgroup.parent";
pub const EXEC_META_NETWORK: &str = "exec.meta.network";
pub const EXEC_META_PROXY: &str = "exec.meta.proxyenv";
pub const EXEC_META_SECURITY: &str = "exec.meta.security";
pub const EXEC_META_SETS_DEFAULT_PATH: &str = "exec.meta.setsdefaultpath";
pub const EXEC_META_ULIMIT: &str = "exec.meta.ulimit";
pub const EXEC_META_CDI: &str = "exec.meta.cdi";
pub const EXEC_META_LINUX_RESOURCES: &str = "exec.meta.linux.resources";
pub const EXEC_MOUNT_BIND: &str = "exec.mount.bind";
pub const EXEC_MOUNT_BIND_READ_WRITE_NO_OUTPUT: &str = "exec.mount.bind.readwrite-nooutput";
pub const EXEC_MOUNT_CACHE: &str = "exec.mount.cache";
pub const EXEC_MOUNT_CACHE_SHARING: &str = "exec.mount.cache.sharing";
pub const EXEC_MOUNT_SELECTOR: &str = "exec.mount.selector";
pub const EXEC_MOUNT_TMPFS: &str = "exec.mount.tmpfs";
pub const EXEC_MOUNT_TMPFS_SIZE: &str = "exec.mount.tmpfs.size";
pub const EXEC_MOUNT_SECRET: &str = "exec.mount.secret";
pub const EXEC_MOUNT_SSH: &str = "exec.mount.ssh";
pub const EXEC_MOUNT_CONTENT_CACHE: &str = "exec.mount.cache.content";
pub const EXEC_SECRET_ENV: &str = "exec.secretenv";
pub const EXEC_VALID_EXIT_CODE: &str = "exec.validexitcode";
pub const FILE_BASE: &str = "file.base";
pub const FILE_COPY_PATTERNS: &str = "file.copy.includeexcludepatterns";
/// No engine lists it.
pub const FILE_COPY_SYMBOLIC_MODE: &str = "file.copy.modestring";
pub const MERGE_OP: &str = "mergeop";
pub const DIFF_OP: &str = "diffop";
pub const PASSTHROUGH_OP: &str = "passthroughop";
pub const CONSTRAINTS: &str = "constraints";
pub const PLATFORM: &str = "platform";
pub const META_IGNORE_CACHE: &str = "meta.ignorecache";
pub const META_DESCRIPTION: &str = "meta.description";
pub const META_EXPORT_CACHE: &str = "meta.exportcache";

/// All of the above: what the newest engine can do.
pub const ALL: &[&str] = &[
    SOURCE_IMAGE,
    SOURCE_IMAGE_RESOLVE_MODE,
    SOURCE_IMAGE_LAYER_LIMIT,
    SOURCE_IMAGE_CHECKSUM,
    SOURCE_LOCAL,
    SOURCE_LOCAL_UNIQUE,
    SOURCE_LOCAL_SESSION_ID,
    SOURCE_LOCAL_INCLUDE_PATTERNS,
    SOURCE_LOCAL_FOLLOW_PATHS,
    SOURCE_LOCAL_EXCLUDE_PATTERNS,
    SOURCE_LOCAL_SHARED_KEY_HINT,
    SOURCE_LOCAL_METADATA_TRANSFER,
    SOURCE_GIT,
    SOURCE_GIT_KEEP_DIR,
    SOURCE_GIT_FULL_URL,
    SOURCE_GIT_KNOWN_SSH_HOSTS,
    SOURCE_GIT_MOUNT_SSH_SOCK,
    SOURCE_GIT_CHECKSUM,
    SOURCE_GIT_SKIP_SUBMODULES,
    SOURCE_GIT_MTIME,
    SOURCE_GIT_FETCH_BY_COMMIT,
    SOURCE_HTTP,
    SOURCE_HTTP_AUTH,
    SOURCE_HTTP_CHECKSUM,
    SOURCE_HTTP_PERM,
    SOURCE_HTTP_UID_GID,
    SOURCE_HTTP_HEADER,
    SOURCE_HTTP_SIGNATURE_VERIFY,
    SOURCE_OCI_LAYOUT,
    EXEC_META_BASE,
    EXEC_META_CGROUP_PARENT,
    EXEC_META_NETWORK,
    EXEC_META_PROXY,
    EXEC_META_SECURITY,
    EXEC_META_SETS_DEFAULT_PATH,
    EXEC_META_ULIMIT,
    EXEC_META_CDI,
    EXEC_META_LINUX_RESOURCES,
    EXEC_MOUNT_BIND,
    EXEC_MOUNT_BIND_READ_WRITE_NO_OUTPUT,
    EXEC_MOUNT_CACHE,
    EXEC_MOUNT_CACHE_SHARING,
    EXEC_MOUNT_SELECTOR,
    EXEC_MOUNT_TMPFS,
    EXEC_MOUNT_TMPFS_SIZE,
    EXEC_MOUNT_SECRET,
    EXEC_MOUNT_SSH,
    EXEC_MOUNT_CONTENT_CACHE,
    EXEC_SECRET_ENV,
    EXEC_VALID_EXIT_CODE,
    FILE_BASE,
    MERGE_OP,
    DIFF_OP,
    PASSTHROUGH_OP,
    CONSTRAINTS,
    PLATFORM,
    META_IGNORE_CACHE,
    META_DESCRIPTION,
    META_EXPORT_CACHE,
];

/// Returns the names of what an op needs, sorted.
///
/// The names of a raw op, which may be any, are in [`Raw::caps`](super::op::Raw::caps) instead.
pub fn required(op: &Op, meta: &Meta) -> BTreeSet<&'static str> {
    let mut needs = Needs(BTreeSet::new());
    match op {
        Op::Source(source) => needs.source(source),
        Op::Exec(exec) => {
            needs.exec(exec);
            needs.when(meta.linux_resources.is_some(), EXEC_META_LINUX_RESOURCES);
        }
        // Go's client library means to name patterns, required paths, symbolic modes and links, too, but looks for
        // them before the actions are there. What it names is part of the contract.
        Op::File(_) => needs.always(FILE_BASE),
        Op::Merge(_) => needs.always(MERGE_OP),
        Op::Diff(_) => needs.always(DIFF_OP),
        Op::Passthrough(_) => needs.always(PASSTHROUGH_OP),
        Op::Raw(_) | Op::Forward(_) => {}
    }
    needs.0
}

struct Needs(BTreeSet<&'static str>);

impl Needs {
    fn always(&mut self, cap: &'static str) {
        self.0.insert(cap);
    }

    fn when(&mut self, condition: bool, cap: &'static str) {
        if condition {
            self.0.insert(cap);
        }
    }

    fn source(&mut self, source: &Source) {
        match source {
            Source::Image(image) => {
                self.always(SOURCE_IMAGE);
                // Only where it is a matter of trust is the mode a need; else it is a wish.
                self.when(image.resolve_mode == ResolveMode::ForcePull, SOURCE_IMAGE_RESOLVE_MODE);
                self.when(image.layer_limit.is_some(), SOURCE_IMAGE_LAYER_LIMIT);
                self.when(!image.checksum.is_empty(), SOURCE_IMAGE_CHECKSUM);
            }
            Source::Local(local) => {
                self.always(SOURCE_LOCAL);
                self.when(local.session_id.is_empty(), SOURCE_LOCAL_UNIQUE);
                self.when(!local.session_id.is_empty(), SOURCE_LOCAL_SESSION_ID);
                self.when(!local.include_patterns.is_empty(), SOURCE_LOCAL_INCLUDE_PATTERNS);
                self.when(!local.follow_paths.is_empty(), SOURCE_LOCAL_FOLLOW_PATHS);
                self.when(!local.exclude_patterns.is_empty(), SOURCE_LOCAL_EXCLUDE_PATTERNS);
                self.when(!local.shared_key_hint.is_empty(), SOURCE_LOCAL_SHARED_KEY_HINT);
                self.when(local.metadata_only.is_some(), SOURCE_LOCAL_METADATA_TRANSFER);
            }
            Source::Git(git) => {
                self.always(SOURCE_GIT);
                self.when(git.keeps_git_dir, SOURCE_GIT_KEEP_DIR);
                self.when(!git.url.is_empty(), SOURCE_GIT_FULL_URL);
                self.when(git.ssh.is_some(), SOURCE_GIT_KNOWN_SSH_HOSTS);
                self.when(git.ssh.is_some(), SOURCE_GIT_MOUNT_SSH_SOCK);
                self.when(!git.checksum.is_empty(), SOURCE_GIT_CHECKSUM);
                self.when(git.skips_submodules, SOURCE_GIT_SKIP_SUBMODULES);
                self.when(!git.mtime.is_empty(), SOURCE_GIT_MTIME);
                self.when(git.fetches_by_commit, SOURCE_GIT_FETCH_BY_COMMIT);
            }
            Source::Http(http) => {
                self.always(SOURCE_HTTP);
                self.when(!http.checksum.is_empty(), SOURCE_HTTP_CHECKSUM);
                self.when(http.mode != 0, SOURCE_HTTP_PERM);
                self.when(http.uid != 0 || http.gid != 0, SOURCE_HTTP_UID_GID);
                self.when(!http.auth_header_secret.is_empty(), SOURCE_HTTP_AUTH);
                self.when(http.header.is_some(), SOURCE_HTTP_HEADER);
                self.when(http.signature.is_some(), SOURCE_HTTP_SIGNATURE_VERIFY);
            }
            Source::OciLayout(_) => self.always(SOURCE_OCI_LAYOUT),
        }
    }

    fn exec(&mut self, exec: &Exec) {
        self.always(EXEC_META_BASE);
        self.when(exec.wants_default_path, EXEC_META_SETS_DEFAULT_PATH);
        self.when(!exec.valid_exit_codes.is_empty(), EXEC_VALID_EXIT_CODE);
        self.when(!exec.ulimits.is_empty(), EXEC_META_ULIMIT);
        self.when(exec.network != Network::Sandbox, EXEC_META_NETWORK);
        self.when(exec.security != Security::Sandbox, EXEC_META_SECURITY);
        self.when(exec.proxy.is_some(), EXEC_META_PROXY);
        self.when(!exec.secrets.is_empty(), EXEC_MOUNT_SECRET);
        self.when(exec.secrets.iter().any(|secret| secret.env.is_some()), EXEC_SECRET_ENV);
        self.when(!exec.ssh.is_empty(), EXEC_MOUNT_SSH);
        self.when(!exec.devices.is_empty(), EXEC_META_CDI);
        for mount in &exec.mounts {
            self.when(!mount.selector.is_empty(), EXEC_MOUNT_SELECTOR);
            self.when(mount.content_cache != Default::default(), EXEC_MOUNT_CONTENT_CACHE);
            match &mount.kind {
                MountKind::Cache { .. } => {
                    self.always(EXEC_MOUNT_CACHE);
                    self.always(EXEC_MOUNT_CACHE_SHARING);
                }
                MountKind::Tmpfs { size_bytes } => {
                    self.always(EXEC_MOUNT_TMPFS);
                    self.when(*size_bytes > 0, EXEC_MOUNT_TMPFS_SIZE);
                }
                MountKind::Bind => self.when(mount.source.is_some(), EXEC_MOUNT_BIND),
            }
        }
    }
}

/// What an engine says it can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapSet {
    /// By name: `None` where it is switched on, else why it is not.
    known: BTreeMap<String, Option<String>>,
    product: String,
}

/// Says that an engine lacks a capability. The words are those of BuildKit's client library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapError {
    /// Its name.
    pub cap: String,
    product: String,
    /// Why it is switched off; `None` if the engine does not know it.
    disabled: Option<String>,
}

impl CapSet {
    /// Reads what an engine says. `product` is what its users call it.
    #[doc(hidden)]
    pub fn new(caps: &[ApiCap], product: impl Into<String>) -> CapSet {
        let known = caps.iter().filter(|cap| !cap.id.is_empty());
        let known =
            known.map(|cap| (cap.id.clone(), (!cap.enabled).then(|| cap.disabled_reason_msg.clone())));
        CapSet { known: known.collect(), product: product.into() }
    }

    /// Returns a set of some names, all switched on.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> CapSet {
        let known = names.into_iter().map(|name| (name.to_owned(), None)).collect();
        CapSet { known, product: String::new() }
    }

    /// Tells whether the engine has a capability.
    pub fn has(&self, cap: &str) -> bool {
        matches!(self.known.get(cap), Some(None))
    }

    /// Checks that the engine has a capability.
    ///
    /// # Errors
    /// If it does not know it, or has it switched off.
    pub fn check(&self, cap: &str) -> Result<(), CapError> {
        let disabled = match self.known.get(cap) {
            Some(None) => return Ok(()),
            Some(reason) => reason.clone(),
            None => None,
        };
        Err(CapError { cap: cap.to_owned(), product: self.product.clone(), disabled })
    }
}

impl CapError {
    /// Tells whether the engine knows the capability but has it switched off.
    pub fn is_disabled(&self) -> bool {
        self.disabled.is_some()
    }
}

impl fmt::Display for CapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two blanks: the library leaves room for a name in words, and no capability has one.
        write!(f, "requested experimental feature {}  ", self.cap)?;
        match &self.disabled {
            None => write!(f, "is not supported by build server, please update {}", self.product),
            Some(reason) => {
                f.write_str("has been disabled on the build server")?;
                if !reason.is_empty() { write!(f, ": {reason}") } else { Ok(()) }
            }
        }
    }
}

impl std::error::Error for CapError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llb::op::{Git, Http, Image, Local, Mount, Secret};

    #[test]
    fn ops_and_what_they_need() {
        check(Image::default(), &[SOURCE_IMAGE]);
        check(Image { resolve_mode: ResolveMode::PreferLocal, ..Image::default() }, &[SOURCE_IMAGE]);
        check(Local::default(), &[SOURCE_LOCAL, SOURCE_LOCAL_UNIQUE]);
        check(Http::default(), &[SOURCE_HTTP]);
        check(Http { uid: 1, ..Http::default() }, &["soruce.http.uidgid", SOURCE_HTTP]);
        check(Http { gid: 1, ..Http::default() }, &["soruce.http.uidgid", SOURCE_HTTP]);
        check(Http { mode: 0o600, ..Http::default() }, &[SOURCE_HTTP, SOURCE_HTTP_PERM]);
        check(Git::default(), &[SOURCE_GIT]);
        let text = || "a".to_owned();
        let git = Git { url: text(), checksum: text(), mtime: text(), ..Git::default() };
        check(git, &[SOURCE_GIT, SOURCE_GIT_CHECKSUM, SOURCE_GIT_FULL_URL, SOURCE_GIT_MTIME]);
        let mount = |kind| Mount { kind, ..Mount::default() };
        let exec = Exec {
            mounts: vec![
                Mount::root(None),
                mount(MountKind::Tmpfs { size_bytes: 0 }),
                mount(MountKind::Cache { id: "a".to_owned(), sharing: Default::default() }),
            ],
            secrets: vec![Secret { env: Some("A".to_owned()), ..Secret::default() }],
            ..Exec::default()
        };
        let expected = [
            EXEC_META_BASE,
            EXEC_MOUNT_CACHE,
            EXEC_MOUNT_CACHE_SHARING,
            EXEC_MOUNT_SECRET,
            EXEC_MOUNT_TMPFS,
            EXEC_SECRET_ENV,
        ];
        check(exec, &expected);
        let sized = Exec { mounts: vec![mount(MountKind::Tmpfs { size_bytes: 1 })], ..Exec::default() };
        check(sized, &[EXEC_META_BASE, EXEC_MOUNT_TMPFS, EXEC_MOUNT_TMPFS_SIZE]);
    }

    #[test]
    fn an_engine_says_what_it_lacks() {
        let cap = |id: &str, enabled, message: &str| ApiCap {
            id: id.to_owned(),
            enabled,
            disabled_reason_msg: message.to_owned(),
            ..ApiCap::default()
        };
        let caps = CapSet::new(&[cap("a", true, ""), cap("b", false, "because")], "the engine");
        assert!(caps.has("a") && !caps.has("b") && !caps.has("c"));
        assert_eq!(caps.check("a"), Ok(()));
        let is_disabled = |cap| caps.check(cap).unwrap_err().is_disabled();
        assert!(is_disabled("b") && !is_disabled("c"));
        let message = |cap| caps.check(cap).unwrap_err().to_string();
        assert_eq!(
            message("b"),
            "requested experimental feature b  has been disabled on the build server: because"
        );
        assert_eq!(
            message("c"),
            "requested experimental feature c  is not supported by build server, please update the engine"
        );
    }

    #[track_caller]
    fn check(op: impl Into<Op>, expected: &[&str]) {
        assert_eq!(required(&op.into(), &Meta::default()).into_iter().collect::<Vec<_>>(), expected);
    }
}

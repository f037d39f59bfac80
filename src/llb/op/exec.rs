//! Running a process.

use crate::llb::Edge;
use std::sync::Arc;

/// Runs a process in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Exec {
    /// The program and its arguments.
    pub args: Vec<String>,
    /// The environment, in order, each name once. Steps that see the same may share it.
    pub env: Arc<Vec<(String, String)>>,
    /// Where it starts. Must be set.
    pub cwd: String,
    /// Who runs it: a name or number, with a group after a colon if wanted; empty: root.
    pub user: String,
    /// The name of the machine it sees; empty: the engine's choice.
    pub hostname: String,
    /// Proxies, set for the process without entering the cache key.
    pub proxy: Option<Box<Proxy>>,
    /// More names of hosts.
    pub extra_hosts: Vec<HostIp>,
    /// Limits of a process.
    pub ulimits: Vec<Ulimit>,
    /// The control group that holds the container's; empty: the engine's choice.
    pub cgroup_parent: String,
    /// The exit codes that mean success; empty: 0.
    pub valid_exit_codes: Vec<i32>,
    /// Which network it sees.
    pub network: Network,
    /// What it may do.
    pub security: Security,
    /// Its file systems. The root is the one with the target `/`.
    pub mounts: Vec<Mount>,
    /// Secrets, as files or in the environment.
    pub secrets: Vec<Secret>,
    /// Sockets of SSH agents.
    pub ssh: Vec<Ssh>,
    /// Devices.
    pub devices: Vec<Device>,
    /// Whether the engine is asked to set `PATH` where the environment has none. An engine that cannot gets a
    /// `PATH` in the environment instead.
    pub wants_default_path: bool,
}

impl Exec {
    /// Returns the place in `mounts` of each mount, in the order in which an op has them: by target.
    pub fn mount_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.mounts.len()).collect();
        order.sort_by(|a, b| self.mounts[*a].target.cmp(&self.mounts[*b].target));
        order
    }

    /// Returns which output of the op a mount is, if it is one. The root is output 0, unless it is read-only.
    ///
    /// # Panics
    /// If there is no such mount.
    pub fn output_of(&self, mount: usize) -> Option<u32> {
        let before = self.mount_order().into_iter().take_while(|at| *at != mount);
        let output = before.filter(|at| self.mounts[*at].is_output()).count();
        self.mounts[mount].is_output().then_some(output as u32)
    }
}

/// A file system at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mount {
    /// Where the process sees it.
    pub target: String,
    /// What is in it. A tmpfs has nothing.
    pub source: Option<Edge>,
    /// Which path of the source; empty: all of it.
    pub selector: String,
    /// Whether the process may only read it.
    pub is_readonly: bool,
    /// Whether changes are thrown away.
    pub has_no_output: bool,
    /// What kind of file system.
    pub kind: MountKind,
    /// Whether the content may stand for the digest in the cache key.
    pub content_cache: ContentCache,
    /// Whether it may be left out on an engine that does not know it.
    pub is_dispensable: bool,
}

impl Mount {
    /// Returns the root file system of a process.
    pub fn root(source: Option<Edge>) -> Mount {
        Mount { target: "/".to_owned(), source, ..Mount::default() }
    }

    /// Tells whether what the process makes of it is an output of the op.
    pub fn is_output(&self) -> bool {
        self.kind == MountKind::Bind && !self.is_readonly && !self.has_no_output
    }
}

/// What kind of file system a mount is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum MountKind {
    /// An edge of the graph.
    #[default]
    Bind,
    /// A folder that stays from build to build.
    Cache {
        /// Tells it from others.
        id: String,
        /// Who may use it at a time.
        sharing: CacheSharing,
    },
    /// A file system in memory.
    Tmpfs {
        /// How large it may grow; 0: no limit.
        size_bytes: i64,
    },
}

/// Who may use a cache mount at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CacheSharing {
    /// All.
    #[default]
    Shared,
    /// Each at the same time gets its own.
    Private,
    /// One; others wait.
    Locked,
}

/// Whether the content of a mount may stand for its digest in the cache key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ContentCache {
    /// The engine decides.
    #[default]
    Default,
    /// It may.
    On,
    /// It may not.
    Off,
}

/// Which network a process sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Network {
    /// One of its own.
    #[default]
    Sandbox,
    /// That of the host.
    Host,
    /// None.
    None,
}

/// What a process may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Security {
    /// What is safe.
    #[default]
    Sandbox,
    /// All.
    Insecure,
}

/// Proxies of a process; an empty text sets none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// For `http`.
    pub http: String,
    /// For `https`.
    pub https: String,
    /// For `ftp`.
    pub ftp: String,
    /// What goes without one.
    pub no: String,
    /// For all else.
    pub all: String,
}

/// The address of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HostIp {
    /// Its name.
    pub host: String,
    /// Its address, as Go prints it.
    pub ip: String,
}

/// A limit of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ulimit {
    /// Such as `nofile`.
    pub name: String,
    /// What holds.
    pub soft: i64,
    /// How far the process may raise it.
    pub hard: i64,
}

/// A secret of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Secret {
    /// Its name on the client.
    pub id: String,
    /// The file that holds it.
    pub target: Option<String>,
    /// The environment variable that holds it.
    pub env: Option<String>,
    /// Owner of the file.
    pub uid: u32,
    /// Group of the file.
    pub gid: u32,
    /// Mode of the file, such as `0o400`.
    pub mode: u32,
    /// Whether the build goes on without it.
    pub is_optional: bool,
}

/// The socket of an SSH agent of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ssh {
    /// Its name on the client.
    pub id: String,
    /// Where the process sees it; unset, a path made of its place among the sockets.
    pub target: Option<String>,
    /// Owner of the socket.
    pub uid: u32,
    /// Group of the socket.
    pub gid: u32,
    /// Mode of the socket, such as `0o600`.
    pub mode: u32,
    /// Whether the build goes on without it.
    pub is_optional: bool,
}

/// A device by its name in the Container Device Interface.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Device {
    /// Such as `vendor.com/gpu=all`.
    pub name: String,
    /// Whether the build goes on without it.
    pub is_optional: bool,
}

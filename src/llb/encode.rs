//! One op as a protobuf message: which field holds what, how inputs and outputs are numbered.

use super::error::Reason;
use super::op::{
    CacheSharing, ContentCache, Diff, Exec, File, FileAction, Merge, Mode, MountKind, Network, Op, Owner,
    Passthrough, Security, Source, User,
};
use super::{Digest, Edge, Meta};
use crate::image::Platform;
use crate::pb::ops;
use std::collections::hash_map::{Entry, HashMap};

/// Stands for no input, or no output.
const NONE: i64 = -1;

/// What an op needs to know of the rest of the graph.
pub(super) struct Surroundings<'a> {
    /// Returns what an edge leads to, or `None` if it leads to nothing that has such an output.
    pub input: &'a dyn Fn(Edge) -> Result<Option<(Digest, u32)>, Reason>,
    pub platform: &'a Platform,
    pub local_unique_id: &'a str,
}

/// Returns an op as a message.
///
/// # Errors
/// If it lacks something, or an edge of it names an output that is not there.
pub(super) fn encode(op: &Op, meta: &Meta, around: &Surroundings) -> Result<ops::Op, Reason> {
    let mut inputs = Inputs { around, list: Vec::new(), seen: HashMap::new() };
    let (kind, has_platform) = match op {
        Op::Source(source) => (
            ops::op::Op::Source(encode_source(source, around.local_unique_id)?),
            source.is_platform_specific(),
        ),
        Op::Exec(exec) => (ops::op::Op::Exec(encode_exec(exec, &mut inputs)?), true),
        Op::File(file) => (ops::op::Op::File(encode_file(file, &mut inputs)?), false),
        Op::Merge(merge) => (ops::op::Op::Merge(encode_merge(merge, &mut inputs)?), false),
        Op::Diff(diff) => (ops::op::Op::Diff(encode_diff(diff, &mut inputs)?), false),
        Op::Passthrough(passthrough) => {
            (ops::op::Op::Passthrough(encode_passthrough(passthrough, &mut inputs)?), false)
        }
        Op::Raw(_) | Op::Forward(_) => unreachable!("a raw op has its bytes and a forward is no op"),
    };
    let platform = meta.platform.as_deref().unwrap_or(around.platform);
    Ok(ops::Op {
        inputs: inputs.list,
        op: Some(kind),
        platform: has_platform.then(|| encode_platform(platform)),
        // Present even when empty: Go's client library always sends it, and the digest sees it.
        constraints: Some(ops::WorkerConstraints { filter: meta.filters.clone() }),
    })
}

/// Writes a map in full, as Go does; the entries come in order.
pub(super) fn entries<'a>(map: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<ops::StringEntry> {
    map.map(|(key, value)| ops::StringEntry { key: Some(key.to_owned()), value: Some(value.to_owned()) })
        .collect()
}

/// Returns a platform as a message.
pub(super) fn encode_platform(platform: &Platform) -> ops::Platform {
    ops::Platform {
        architecture: platform.architecture.clone(),
        os: platform.os.clone(),
        variant: platform.variant.clone(),
        os_version: platform.os_version.clone(),
        os_features: platform.os_features.clone(),
    }
}

/// The inputs of one op, numbered as they come.
struct Inputs<'a> {
    around: &'a Surroundings<'a>,
    list: Vec<ops::Input>,
    seen: HashMap<(Digest, u32), i64>,
}

impl Inputs<'_> {
    /// Returns the number of an input. The same input has one number, however often it comes.
    fn shared(&mut self, edge: Option<Edge>) -> Result<i64, Reason> {
        let Some(key) = self.look_up(edge)? else { return Ok(NONE) };
        match self.seen.entry(key) {
            Entry::Occupied(number) => Ok(*number.get()),
            Entry::Vacant(place) => {
                let number = self.list.len() as i64;
                place.insert(number);
                self.list.push(input(key));
                Ok(number)
            }
        }
    }

    /// Returns the number of an input, a new one each time.
    fn each(&mut self, edge: Option<Edge>) -> Result<i64, Reason> {
        let Some(key) = self.look_up(edge)? else { return Ok(NONE) };
        self.list.push(input(key));
        Ok(self.list.len() as i64 - 1)
    }

    fn look_up(&self, edge: Option<Edge>) -> Result<Option<(Digest, u32)>, Reason> {
        edge.map_or(Ok(None), self.around.input)
    }
}

fn input((digest, output): (Digest, u32)) -> ops::Input {
    ops::Input { digest: digest.to_string(), index: output.into() }
}

fn encode_source(source: &Source, unique_id: &str) -> Result<ops::SourceOp, Reason> {
    let identifier = source.identifier();
    if identifier.is_empty() {
        return Err(Reason::Incomplete("source identifier can't be empty"));
    }
    let attrs = source.attrs(unique_id);
    let attrs = entries(attrs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    Ok(ops::SourceOp { identifier, attrs })
}

fn encode_exec(exec: &Exec, inputs: &mut Inputs) -> Result<ops::ExecOp, Reason> {
    if exec.args.is_empty() {
        return Err(Reason::Incomplete("arguments are required"));
    }
    if exec.cwd.is_empty() {
        return Err(Reason::Incomplete("working directory is required"));
    }
    Ok(ops::ExecOp {
        meta: Some(encode_process(exec)),
        mounts: encode_mounts(exec, inputs)?,
        network: match exec.network {
            Network::Sandbox => ops::NetMode::Unset,
            Network::Host => ops::NetMode::Host,
            Network::None => ops::NetMode::None,
        }
        .into(),
        security: match exec.security {
            Security::Sandbox => ops::SecurityMode::Sandbox,
            Security::Insecure => ops::SecurityMode::Insecure,
        }
        .into(),
        secretenv: exec
            .secrets
            .iter()
            .filter_map(|secret| {
                let name = secret.env.clone()?;
                Some(ops::SecretEnv { id: secret.id.clone(), name, optional: secret.is_optional })
            })
            .collect(),
        cdi_devices: exec
            .devices
            .iter()
            .map(|device| ops::CdiDevice { name: device.name.clone(), optional: device.is_optional })
            .collect(),
    })
}

const SSH_AUTH_SOCK: &str = "SSH_AUTH_SOCK";

fn encode_process(exec: &Exec) -> ops::Meta {
    let mut env: Vec<String> = exec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if !exec.ssh.is_empty() && !exec.env.iter().any(|(name, _)| name == SSH_AUTH_SOCK) {
        env.push(format!("{SSH_AUTH_SOCK}={}", ssh_target(exec, 0)));
    }
    ops::Meta {
        args: exec.args.clone(),
        env,
        cwd: exec.cwd.clone(),
        user: exec.user.clone(),
        proxy_env: exec.proxy.as_ref().map(|proxy| ops::ProxyEnv {
            http_proxy: proxy.http.clone(),
            https_proxy: proxy.https.clone(),
            ftp_proxy: proxy.ftp.clone(),
            no_proxy: proxy.no.clone(),
            all_proxy: proxy.all.clone(),
        }),
        extra_hosts: exec
            .extra_hosts
            .iter()
            .map(|entry| ops::HostIp { host: entry.host.clone(), ip: entry.ip.clone() })
            .collect(),
        hostname: exec.hostname.clone(),
        ulimit: exec
            .ulimits
            .iter()
            .map(|limit| ops::Ulimit { name: limit.name.clone(), soft: limit.soft, hard: limit.hard })
            .collect(),
        cgroup_parent: exec.cgroup_parent.clone(),
        remove_mount_stubs_recursive: true,
        valid_exit_codes: exec.valid_exit_codes.clone(),
    }
}

fn ssh_target(exec: &Exec, at: usize) -> String {
    exec.ssh[at].target.clone().unwrap_or_else(|| format!("/run/buildkit/ssh_agent.{at}"))
}

/// Mounts come by target; secrets and sockets follow in the order they were written.
fn encode_mounts(exec: &Exec, inputs: &mut Inputs) -> Result<Vec<ops::Mount>, Reason> {
    let mut mounts = Vec::with_capacity(exec.mounts.len() + exec.secrets.len() + exec.ssh.len());
    let mut outputs = 0;
    for at in exec.mount_order() {
        let mount = &exec.mounts[at];
        let mut message = ops::Mount {
            input: inputs.shared(mount.source)?,
            selector: mount.selector.clone(),
            dest: mount.target.clone(),
            output: NONE,
            readonly: mount.is_readonly,
            content_cache: match mount.content_cache {
                ContentCache::Default => ops::MountContentCache::Default,
                ContentCache::On => ops::MountContentCache::On,
                ContentCache::Off => ops::MountContentCache::Off,
            }
            .into(),
            ..ops::Mount::default()
        };
        if mount.is_output() {
            message.output = outputs;
            outputs += 1;
        }
        match &mount.kind {
            MountKind::Bind => {}
            MountKind::Cache { id, sharing } => {
                let sharing = match sharing {
                    CacheSharing::Shared => ops::CacheSharingOpt::Shared,
                    CacheSharing::Private => ops::CacheSharingOpt::Private,
                    CacheSharing::Locked => ops::CacheSharingOpt::Locked,
                };
                message.mount_type = ops::MountType::Cache.into();
                message.cache_opt = Some(ops::CacheOpt { id: id.clone(), sharing: sharing.into() });
            }
            MountKind::Tmpfs { size_bytes } => {
                if message.input != NONE {
                    return Err(Reason::Incomplete("tmpfs mounts must use scratch"));
                }
                message.mount_type = ops::MountType::Tmpfs.into();
                message.tmpfs_opt = Some(ops::TmpfsOpt { size: *size_bytes });
            }
        }
        mounts.push(message);
    }
    for secret in &exec.secrets {
        let Some(target) = &secret.target else { continue };
        mounts.push(ops::Mount {
            input: NONE,
            dest: target.clone(),
            mount_type: ops::MountType::Secret.into(),
            secret_opt: Some(ops::SecretOpt {
                id: secret.id.clone(),
                uid: secret.uid,
                gid: secret.gid,
                mode: secret.mode,
                optional: secret.is_optional,
            }),
            ..ops::Mount::default()
        });
    }
    for (at, ssh) in exec.ssh.iter().enumerate() {
        mounts.push(ops::Mount {
            input: NONE,
            dest: ssh_target(exec, at),
            mount_type: ops::MountType::Ssh.into(),
            ssh_opt: Some(ops::SshOpt {
                id: ssh.id.clone(),
                uid: ssh.uid,
                gid: ssh.gid,
                mode: ssh.mode,
                optional: ssh.is_optional,
            }),
            ..ops::Mount::default()
        });
    }
    Ok(mounts)
}

/// The first action works on the base, every other one on the result of the one before it.
fn encode_file(file: &File, inputs: &mut Inputs) -> Result<ops::FileOp, Reason> {
    if file.actions.is_empty() {
        return Err(Reason::Incomplete("action is required"));
    }
    let base = inputs.shared(file.base)?;
    let sources: Vec<i64> =
        file.actions.iter().map(|action| inputs.shared(action.source())).collect::<Result<_, _>>()?;
    let results = inputs.list.len() as i64;
    let last = file.actions.len() - 1;
    let actions =
        file.actions.iter().zip(sources).enumerate().map(|(at, (action, secondary_input))| ops::FileAction {
            input: if at == 0 { base } else { results + at as i64 - 1 },
            secondary_input,
            output: if at == last { 0 } else { NONE },
            action: Some(encode_action(action, base)),
        });
    Ok(ops::FileOp { actions: actions.collect() })
}

fn encode_action(action: &FileAction, base: i64) -> ops::file_action::Action {
    let owner = |owner: &Option<Owner>| owner.as_ref().map(|owner| encode_owner(owner, base));
    let time = |created_ns: Option<i64>| created_ns.unwrap_or(-1);
    match action {
        FileAction::Copy(copy) => {
            let (mode, mode_str) = match &copy.mode {
                None => (-1, String::new()),
                Some(Mode::Bits(bits)) => (*bits as i32, String::new()),
                Some(Mode::Symbolic(text)) => (0, text.clone()),
            };
            ops::file_action::Action::Copy(ops::FileActionCopy {
                src: copy.src.clone(),
                dest: copy.dest.clone(),
                owner: owner(&copy.owner),
                mode,
                follow_symlink: copy.follows_symlinks,
                dir_copy_contents: copy.copies_dir_contents,
                attempt_unpack_docker_compatibility: copy.unpacks,
                create_dest_path: copy.creates_dest_path,
                allow_wildcard: copy.allows_wildcard,
                allow_empty_wildcard: copy.allows_empty_wildcard,
                timestamp: time(copy.created_ns),
                include_patterns: copy.include_patterns.clone(),
                exclude_patterns: copy.exclude_patterns.clone(),
                always_replace_existing_dest_paths: copy.replaces_existing,
                mode_str,
                required_paths: copy.required_paths.clone(),
            })
        }
        FileAction::Mkfile(file) => ops::file_action::Action::Mkfile(ops::FileActionMkFile {
            path: file.path.clone(),
            mode: permissions(file.mode),
            data: file.data.clone(),
            owner: owner(&file.owner),
            timestamp: time(file.created_ns),
        }),
        FileAction::Mkdir(dir) => ops::file_action::Action::Mkdir(ops::FileActionMkDir {
            path: dir.path.clone(),
            mode: permissions(dir.mode),
            make_parents: dir.makes_parents,
            owner: owner(&dir.owner),
            timestamp: time(dir.created_ns),
        }),
        FileAction::Rm(rm) => ops::file_action::Action::Rm(ops::FileActionRm {
            path: rm.path.clone(),
            allow_not_found: rm.allows_not_found,
            allow_wildcard: rm.allows_wildcard,
        }),
        FileAction::Symlink(link) => ops::file_action::Action::Symlink(ops::FileActionSymlink {
            oldpath: link.old_path.clone(),
            newpath: link.new_path.clone(),
            owner: owner(&link.owner),
            timestamp: time(link.created_ns),
        }),
    }
}

/// Files and directories that are made have no special bits.
fn permissions(mode: u32) -> i32 {
    (mode & 0o777) as i32
}

fn encode_owner(owner: &Owner, base: i64) -> ops::ChownOpt {
    let user = |user: &Option<User>| {
        user.as_ref().map(|user| ops::UserOpt {
            user: Some(match user {
                User::Name(name) => {
                    ops::user_opt::User::ByName(ops::NamedUserOpt { name: name.clone(), input: base })
                }
                User::Id(id) => ops::user_opt::User::ById(*id),
            }),
        })
    };
    ops::ChownOpt { user: user(&owner.user), group: user(&owner.group) }
}

fn encode_merge(merge: &Merge, inputs: &mut Inputs) -> Result<ops::MergeOp, Reason> {
    let mut layers = Vec::with_capacity(merge.layers.len());
    for layer in &merge.layers {
        let input = inputs.each(*layer)?;
        if input != NONE {
            layers.push(ops::MergeInput { input });
        }
    }
    Ok(ops::MergeOp { inputs: layers })
}

fn encode_diff(diff: &Diff, inputs: &mut Inputs) -> Result<ops::DiffOp, Reason> {
    Ok(ops::DiffOp {
        lower: Some(ops::LowerDiffInput { input: inputs.each(diff.lower)? }),
        upper: Some(ops::UpperDiffInput { input: inputs.each(diff.upper)? }),
    })
}

fn encode_passthrough(passthrough: &Passthrough, inputs: &mut Inputs) -> Result<ops::PassthroughOp, Reason> {
    if passthrough.id.is_empty() {
        return Err(Reason::Incomplete("passthrough requires an id"));
    }
    let numbers: Vec<i64> =
        passthrough.inputs.iter().map(|edge| inputs.each(*edge)).collect::<Result<_, _>>()?;
    let number = |at: &usize| numbers.get(*at).copied().filter(|number| *number != NONE);
    let outputs: Vec<i64> = passthrough.outputs.iter().filter_map(number).collect();
    if outputs.is_empty() {
        return Err(Reason::Incomplete("passthrough must have at least one output"));
    }
    Ok(ops::PassthroughOp { id: passthrough.id.clone(), outputs })
}

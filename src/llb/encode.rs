//! One op as bytes: which field holds what, how inputs and outputs are numbered.
//!
//! The numbers of fields are those of `proto/ops.proto`.

use super::error::Reason;
use super::op::{
    CacheSharing, ContentCache, Copy, Diff, Exec, File, FileAction, Merge, Mode, Mount, MountKind, Network,
    Op, Owner, Passthrough, Secret, Security, Source, Ssh, User,
};
use super::wire::Wire;
use super::{Digest, Edge, Meta};
use crate::image::Platform;
use crate::pb::ops;
use std::borrow::Cow;
use std::collections::HashMap;

/// Stands for no input, or no output.
const NONE: i64 = -1;

/// What an op needs to know of the rest of the graph.
pub(super) struct Surroundings<'a> {
    /// Returns what an edge leads to, or `None` if it leads to nothing that has such an output.
    pub input: &'a dyn Fn(Edge) -> Result<Option<(Digest, u32)>, Reason>,
    pub platform: &'a Platform,
    pub local_unique_id: &'a str,
}

/// Turns ops into bytes, one after the other. It keeps its memory, as a graph may have very many.
#[derive(Default)]
pub(super) struct Encoder {
    /// What kind of op it is: it comes last, but only then all inputs are known.
    kind: Wire,
    inputs: Vec<(Digest, u32)>,
}

impl Encoder {
    /// Adds the bytes of an op. Its fields come in Go's order: by number, but the `oneof` after all others.
    ///
    /// # Errors
    /// If it lacks something, or an edge of it names an output that is not there.
    pub fn encode(
        &mut self,
        wire: &mut Wire,
        op: &Op,
        meta: &Meta,
        around: &Surroundings,
    ) -> Result<(), Reason> {
        let Encoder { kind, inputs } = self;
        kind.cut(0);
        inputs.clear();
        let mut inputs = Inputs { around, list: inputs, seen: HashMap::new() };
        let mut has_platform = false;
        match op {
            Op::Exec(exec) => {
                has_platform = true;
                kind.message(2, |wire| encode_exec(wire, exec, &mut inputs))?;
            }
            Op::Source(source) => {
                has_platform = source.is_platform_specific();
                kind.message(3, |wire| encode_source(wire, source, around.local_unique_id))?;
            }
            Op::File(file) => kind.message(4, |wire| encode_file(wire, file, &mut inputs))?,
            Op::Merge(merge) => kind.message(6, |wire| encode_merge(wire, merge, &mut inputs))?,
            Op::Diff(diff) => kind.message(7, |wire| encode_diff(wire, diff, &mut inputs))?,
            Op::Passthrough(passthrough) => {
                kind.message(8, |wire| encode_passthrough(wire, passthrough, &mut inputs))?;
            }
            Op::Raw(_) | Op::Forward(_) => unreachable!("a raw op has its bytes and a forward is no op"),
        }
        for (digest, output) in inputs.list {
            encode_input(wire, digest, *output);
        }
        if has_platform {
            let platform = meta.platform.as_deref().unwrap_or(around.platform);
            wire.message(10, |wire| encode_platform(wire, platform));
        }
        // Present even when empty: Go's client library always sends it, and the digest sees it.
        wire.message(11, |wire| wire.texts(1, &meta.filters));
        wire.append(kind.bytes());
        Ok(())
    }
}

/// Adds an input. Nothing else is in the op that names the result of a graph.
pub(super) fn encode_input(wire: &mut Wire, digest: &Digest, output: u32) {
    wire.message(1, |wire| {
        wire.digest(1, digest);
        wire.number(2, output);
    });
}

fn encode_platform(wire: &mut Wire, platform: &Platform) {
    wire.text(1, &platform.architecture);
    wire.text(2, &platform.os);
    wire.text(3, &platform.variant);
    wire.text(4, &platform.os_version);
    wire.texts(5, &platform.os_features);
}

/// The inputs of one op, numbered as they come.
struct Inputs<'a> {
    around: &'a Surroundings<'a>,
    list: &'a mut Vec<(Digest, u32)>,
    /// Their numbers, once there are more than a [`FEW`].
    seen: HashMap<(Digest, u32), i64>,
}

/// So many are looked through faster than looked up.
const FEW: usize = 8;

impl Inputs<'_> {
    /// Returns the number of an input. The same input has one number, however often it comes.
    fn shared(&mut self, edge: Option<Edge>) -> Result<i64, Reason> {
        let Some(key) = self.look_up(edge)? else { return Ok(NONE) };
        let known = if self.list.len() <= FEW {
            self.list.iter().position(|input| *input == key).map(|at| at as i64)
        } else {
            let unseen = self.list.iter().zip(0..).skip(self.seen.len());
            self.seen.extend(unseen.map(|(input, number)| (*input, number)));
            self.seen.get(&key).copied()
        };
        Ok(known.unwrap_or_else(|| self.add(key)))
    }

    /// Returns the number of an input, a new one each time.
    fn each(&mut self, edge: Option<Edge>) -> Result<i64, Reason> {
        Ok(self.look_up(edge)?.map_or(NONE, |key| self.add(key)))
    }

    fn add(&mut self, input: (Digest, u32)) -> i64 {
        self.list.push(input);
        self.list.len() as i64 - 1
    }

    fn look_up(&self, edge: Option<Edge>) -> Result<Option<(Digest, u32)>, Reason> {
        edge.map_or(Ok(None), self.around.input)
    }
}

fn encode_source(wire: &mut Wire, source: &Source, unique_id: &str) -> Result<(), Reason> {
    let identifier = source.identifier();
    if identifier.is_empty() {
        return Err(Reason::Incomplete("source identifier can't be empty"));
    }
    wire.text(1, &identifier);
    for (name, value) in source.attrs(unique_id) {
        wire.entry(2, &name, &value);
    }
    Ok(())
}

fn encode_exec(wire: &mut Wire, exec: &Exec, inputs: &mut Inputs) -> Result<(), Reason> {
    if exec.args.is_empty() {
        return Err(Reason::Incomplete("arguments are required"));
    }
    if exec.cwd.is_empty() {
        return Err(Reason::Incomplete("working directory is required"));
    }
    wire.message(1, |wire| encode_process(wire, exec));
    encode_mounts(wire, exec, inputs)?;
    wire.choice(
        3,
        match exec.network {
            Network::Sandbox => ops::NetMode::Unset,
            Network::Host => ops::NetMode::Host,
            Network::None => ops::NetMode::None,
        },
    );
    wire.choice(
        4,
        match exec.security {
            Security::Sandbox => ops::SecurityMode::Sandbox,
            Security::Insecure => ops::SecurityMode::Insecure,
        },
    );
    for secret in &exec.secrets {
        let Some(name) = &secret.env else { continue };
        wire.message(5, |wire| {
            wire.text(1, &secret.id);
            wire.text(2, name);
            wire.flag(3, secret.is_optional);
        });
    }
    for device in &exec.devices {
        wire.message(6, |wire| {
            wire.text(1, &device.name);
            wire.flag(2, device.is_optional);
        });
    }
    Ok(())
}

const SSH_AUTH_SOCK: &str = "SSH_AUTH_SOCK";

fn encode_process(wire: &mut Wire, exec: &Exec) {
    wire.texts(1, &exec.args);
    for (name, value) in exec.env.iter() {
        wire.element(2, &[name.as_bytes(), b"=", value.as_bytes()]);
    }
    if !exec.ssh.is_empty() && !exec.env.iter().any(|(name, _)| name == SSH_AUTH_SOCK) {
        wire.element(2, &[SSH_AUTH_SOCK.as_bytes(), b"=", ssh_target(exec, 0).as_bytes()]);
    }
    wire.text(3, &exec.cwd);
    wire.text(4, &exec.user);
    if let Some(proxy) = &exec.proxy {
        wire.message(5, |wire| {
            wire.text(1, &proxy.http);
            wire.text(2, &proxy.https);
            wire.text(3, &proxy.ftp);
            wire.text(4, &proxy.no);
            wire.text(5, &proxy.all);
        });
    }
    for entry in &exec.extra_hosts {
        wire.message(6, |wire| {
            wire.text(1, &entry.host);
            wire.text(2, &entry.ip);
        });
    }
    wire.text(7, &exec.hostname);
    for limit in &exec.ulimits {
        wire.message(9, |wire| {
            wire.text(1, &limit.name);
            wire.number(2, limit.soft);
            wire.number(3, limit.hard);
        });
    }
    wire.text(10, &exec.cgroup_parent);
    // Whether stubs of mounts are removed with the folders they lie in.
    wire.flag(11, true);
    wire.numbers(12, exec.valid_exit_codes.iter().map(|code| (*code).into()));
}

fn ssh_target(exec: &Exec, at: usize) -> Cow<'_, str> {
    match &exec.ssh[at].target {
        Some(target) => Cow::Borrowed(target),
        None => Cow::Owned(format!("/run/buildkit/ssh_agent.{at}")),
    }
}

/// Mounts come by target; secrets and sockets follow in the order they were written.
fn encode_mounts(wire: &mut Wire, exec: &Exec, inputs: &mut Inputs) -> Result<(), Reason> {
    let mut outputs = 0;
    for at in exec.mount_order() {
        let mount = &exec.mounts[at];
        let output = if mount.is_output() { outputs } else { NONE };
        outputs += i64::from(mount.is_output());
        wire.message(2, |wire| encode_mount(wire, mount, output, inputs))?;
    }
    for secret in &exec.secrets {
        let Some(target) = &secret.target else { continue };
        let Secret { id, uid, gid, mode, is_optional, .. } = secret;
        let granted = Granted { target, id, uid: *uid, gid: *gid, mode: *mode, is_optional: *is_optional };
        encode_granted(wire, ops::MountType::Secret, 21, &granted);
    }
    for (at, ssh) in exec.ssh.iter().enumerate() {
        let Ssh { id, uid, gid, mode, is_optional, .. } = ssh;
        let target = &ssh_target(exec, at);
        let granted = Granted { target, id, uid: *uid, gid: *gid, mode: *mode, is_optional: *is_optional };
        encode_granted(wire, ops::MountType::Ssh, 22, &granted);
    }
    Ok(())
}

/// What the client grants to a process as a file.
struct Granted<'a> {
    target: &'a str,
    id: &'a str,
    uid: u32,
    gid: u32,
    mode: u32,
    is_optional: bool,
}

/// Adds the mount of a secret or a socket. Their options look the same and stand in a field of each kind.
fn encode_granted(wire: &mut Wire, kind: ops::MountType, options: u32, granted: &Granted) {
    wire.message(2, |wire| {
        wire.number(1, NONE);
        wire.text(3, granted.target);
        wire.choice(6, kind);
        wire.message(options, |wire| {
            wire.text(1, granted.id);
            wire.number(2, granted.uid);
            wire.number(3, granted.gid);
            wire.number(4, granted.mode);
            wire.flag(5, granted.is_optional);
        });
    });
}

fn encode_mount(wire: &mut Wire, mount: &Mount, output: i64, inputs: &mut Inputs) -> Result<(), Reason> {
    let input = inputs.shared(mount.source)?;
    wire.number(1, input);
    wire.text(2, &mount.selector);
    wire.text(3, &mount.target);
    wire.number(4, output);
    wire.flag(5, mount.is_readonly);
    match &mount.kind {
        MountKind::Bind => {}
        MountKind::Cache { id, sharing } => {
            wire.choice(6, ops::MountType::Cache);
            wire.message(20, |wire| {
                wire.text(1, id);
                wire.choice(
                    2,
                    match sharing {
                        CacheSharing::Shared => ops::CacheSharingOpt::Shared,
                        CacheSharing::Private => ops::CacheSharingOpt::Private,
                        CacheSharing::Locked => ops::CacheSharingOpt::Locked,
                    },
                );
            });
        }
        MountKind::Tmpfs { size_bytes } => {
            if input != NONE {
                return Err(Reason::Incomplete("tmpfs mounts must use scratch"));
            }
            wire.choice(6, ops::MountType::Tmpfs);
            wire.message(19, |wire| wire.number(1, *size_bytes));
        }
    }
    wire.choice(
        24,
        match mount.content_cache {
            ContentCache::Default => ops::MountContentCache::Default,
            ContentCache::On => ops::MountContentCache::On,
            ContentCache::Off => ops::MountContentCache::Off,
        },
    );
    Ok(())
}

/// The first action works on the base, every other one on the result of the one before it.
fn encode_file(wire: &mut Wire, file: &File, inputs: &mut Inputs) -> Result<(), Reason> {
    let last = file.actions.len().checked_sub(1).ok_or(Reason::Incomplete("action is required"))?;
    let base = inputs.shared(file.base)?;
    // Results are counted after all inputs.
    for action in &file.actions {
        inputs.shared(action.source())?;
    }
    let results = inputs.list.len() as i64;
    for (at, action) in file.actions.iter().enumerate() {
        let secondary_input = inputs.shared(action.source())?;
        wire.message(2, |wire| {
            wire.number(1, if at == 0 { base } else { results + at as i64 - 1 });
            wire.number(2, secondary_input);
            wire.number(3, if at == last { 0 } else { NONE });
            encode_action(wire, action, base);
        });
    }
    Ok(())
}

fn encode_action(wire: &mut Wire, action: &FileAction, base: i64) {
    match action {
        FileAction::Copy(copy) => wire.message(4, |wire| encode_copy(wire, copy, base)),
        FileAction::Mkfile(file) => wire.message(5, |wire| {
            wire.text(1, &file.path);
            wire.number(2, permissions(file.mode));
            wire.data(3, &file.data);
            encode_owner(wire, 4, &file.owner, base);
            wire.number(5, time(file.created_ns));
        }),
        FileAction::Mkdir(dir) => wire.message(6, |wire| {
            wire.text(1, &dir.path);
            wire.number(2, permissions(dir.mode));
            wire.flag(3, dir.makes_parents);
            encode_owner(wire, 4, &dir.owner, base);
            wire.number(5, time(dir.created_ns));
        }),
        FileAction::Rm(rm) => wire.message(7, |wire| {
            wire.text(1, &rm.path);
            wire.flag(2, rm.allows_not_found);
            wire.flag(3, rm.allows_wildcard);
        }),
        FileAction::Symlink(link) => wire.message(8, |wire| {
            wire.text(1, &link.old_path);
            wire.text(2, &link.new_path);
            encode_owner(wire, 3, &link.owner, base);
            wire.number(4, time(link.created_ns));
        }),
    }
}

fn encode_copy(wire: &mut Wire, copy: &Copy, base: i64) {
    wire.text(1, &copy.src);
    wire.text(2, &copy.dest);
    encode_owner(wire, 3, &copy.owner, base);
    wire.number(
        4,
        match &copy.mode {
            None => -1,
            Some(Mode::Bits(bits)) => *bits as i32,
            Some(Mode::Symbolic(_)) => 0,
        },
    );
    wire.flag(5, copy.follows_symlinks);
    wire.flag(6, copy.copies_dir_contents);
    wire.flag(7, copy.unpacks);
    wire.flag(8, copy.creates_dest_path);
    wire.flag(9, copy.allows_wildcard);
    wire.flag(10, copy.allows_empty_wildcard);
    wire.number(11, time(copy.created_ns));
    wire.texts(12, &copy.include_patterns);
    wire.texts(13, &copy.exclude_patterns);
    wire.flag(14, copy.replaces_existing);
    if let Some(Mode::Symbolic(text)) = &copy.mode {
        wire.text(15, text);
    }
    wire.texts(16, &copy.required_paths);
}

/// Unset, it is that of the source, or now.
fn time(created_ns: Option<i64>) -> i64 {
    created_ns.unwrap_or(-1)
}

/// Files and directories that are made have no special bits.
fn permissions(mode: u32) -> u32 {
    mode & 0o777
}

fn encode_owner(wire: &mut Wire, field: u32, owner: &Option<Owner>, base: i64) {
    let Some(owner) = owner else { return };
    wire.message(field, |wire| {
        for (field, user) in [(1, &owner.user), (2, &owner.group)] {
            let Some(user) = user else { continue };
            wire.message(field, |wire| match user {
                User::Name(name) => wire.message(1, |wire| {
                    wire.text(1, name);
                    wire.number(2, base);
                }),
                // Of two that exclude each other, the one that is meant is there even if it is 0.
                User::Id(id) => wire.chosen(2, *id),
            });
        }
    });
}

fn encode_merge(wire: &mut Wire, merge: &Merge, inputs: &mut Inputs) -> Result<(), Reason> {
    for layer in &merge.layers {
        let input = inputs.each(*layer)?;
        if input != NONE {
            wire.message(1, |wire| wire.number(1, input));
        }
    }
    Ok(())
}

fn encode_diff(wire: &mut Wire, diff: &Diff, inputs: &mut Inputs) -> Result<(), Reason> {
    for (field, side) in [(1, diff.lower), (2, diff.upper)] {
        let input = inputs.each(side)?;
        wire.message(field, |wire| wire.number(1, input));
    }
    Ok(())
}

fn encode_passthrough(wire: &mut Wire, passthrough: &Passthrough, inputs: &mut Inputs) -> Result<(), Reason> {
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
    wire.text(1, &passthrough.id);
    wire.numbers(2, outputs.into_iter());
    Ok(())
}

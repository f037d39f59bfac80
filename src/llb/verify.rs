//! The proof that a definition is canonical: no value in it is one that engines have had to refuse or to mend.
//!
//! In: a definition. Out: nothing, or the first fault. BuildKit had to learn about indexes below zero and beyond the
//! end, enums out of range, ops without a process or a root, references of git that read as options of its command
//! line, and paths that climb out of a tree; and they show the names of steps as they are. An engine of a cluster may be older than what it learned. So
//! whoever converts a Dockerfile asserts this of all definitions, in every build with debug assertions: in each test, in
//! the fuzz targets, and in a debug build of the frontend run against a conformance kit.
//!
//! Ops that came from outside as bytes are their maker's matter, but for the edges between ops.

use super::{CUSTOM_NAME, Definition, Digest, Source};
use crate::path;
use crate::pb::ops::{self, file_action::Action, op::Op as Kind};
use crate::text::defused;
use core::net::IpAddr;
use prost::Message;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// Why a definition is not canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The op it is about; `None`: the definition as a whole.
    pub op: Option<Digest>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.op {
            Some(op) => write!(f, "op {op}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Fault {}

type Checked<T = ()> = Result<T, String>;

/// Stands for no input, or no output.
const NONE: i64 = -1;

/// All permission bits, with setuid, setgid and sticky.
const MODE_BITS: u32 = 0o7777;

impl Definition {
    /// Checks that the definition is canonical.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self) -> Result<(), Fault> {
        self.verify_but(|_| false)
    }

    /// Checks that all is canonical but the ops that came from outside.
    ///
    /// # Errors
    /// The first fault.
    pub(super) fn verify_but(&self, is_foreign: impl Fn(Digest) -> bool) -> Result<(), Fault> {
        let whole = |what: String| Fault { op: None, what };
        let Some((last, ops)) = self.ops.split_last() else {
            let is_bare = self.metadata.is_empty() && self.source.is_none();
            return ensure(is_bare, || "something is said about an empty file system".to_owned())
                .map_err(whole);
        };
        let mut outputs = HashMap::with_capacity(ops.len());
        let mut unused = HashSet::with_capacity(ops.len());
        for bytes in ops {
            let digest = Digest::of(bytes);
            let fault = |what: String| Fault { op: Some(digest), what };
            let op = decode(bytes).map_err(fault)?;
            inputs(&op, &outputs, &mut unused).map_err(fault)?;
            let count = match is_foreign(digest) {
                true => u64::MAX,
                false => canonical(&op, bytes).map_err(fault)?,
            };
            ensure(outputs.insert(digest, count).is_none(), || "is listed twice".to_owned())
                .map_err(fault)?;
            unused.insert(digest);
        }
        let last = decode(last).map_err(whole)?;
        inputs(&last, &outputs, &mut unused).map_err(whole)?;
        ensure(last.inputs.len() == 1 && last.op.is_none(), || {
            "the last op does more than name the result".into()
        })
        .map_err(whole)?;
        ensure(unused.is_empty(), || format!("nothing uses {:?}", unused.iter().next())).map_err(whole)?;

        let root = Digest::of(self.ops.last().expect("there is a last op"));
        let is_listed = |digest: &Digest| *digest == root || outputs.contains_key(digest);
        for (digest, said) in &self.metadata {
            let fault = |what: String| Fault { op: Some(*digest), what };
            ensure(is_listed(digest), || "is spoken of, but not there".to_owned()).map_err(fault)?;
            let said = ops::OpMetadata::decode(&**said);
            let said = said.map_err(|error| format!("metadata cannot be read: {error}")).map_err(fault)?;
            metadata(&said).map_err(fault)?;
        }
        places(self.source.as_ref(), is_listed).map_err(whole)
    }
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

fn decode(bytes: &[u8]) -> Checked<ops::Op> {
    ops::Op::decode(bytes).map_err(|error| format!("cannot be read: {error}"))
}

/// Inputs come before what uses them, and have the output that is named.
fn inputs(op: &ops::Op, outputs: &HashMap<Digest, u64>, unused: &mut HashSet<Digest>) -> Checked {
    for input in &op.inputs {
        let digest: Digest =
            input.digest.parse().map_err(|_| format!("input with digest {:?}", input.digest))?;
        let Some(count) = outputs.get(&digest) else {
            return Err(format!("input {digest} does not come before"));
        };
        let is_there = u64::try_from(input.index).is_ok_and(|index| index < *count);
        ensure(is_there, || format!("input {digest} has no output {}", input.index))?;
        unused.remove(&digest);
    }
    Ok(())
}

/// Checks an op of our own and returns how many outputs it has.
fn canonical(op: &ops::Op, bytes: &[u8]) -> Checked<u64> {
    ensure(op.encoded_len() == bytes.len(), || "has fields that nobody reads".to_owned())?;
    ensure(op.constraints.is_some(), || "has no constraints".to_owned())?;
    if let Some(platform) = &op.platform {
        ensure(!platform.os.is_empty() && !platform.architecture.is_empty(), || format!("has {platform:?}"))?;
    }
    let count = op.inputs.len();
    match op.op.as_ref().ok_or("does nothing")? {
        Kind::Exec(exec) => {
            distinct(&op.inputs)?;
            process(exec)?;
            mounts(exec, count)
        }
        Kind::File(file) => {
            distinct(&op.inputs)?;
            actions(file, count)
        }
        Kind::Source(source) => {
            ensure(count == 0, || "a source has inputs".to_owned())?;
            origin(source).map(|()| 1)
        }
        Kind::Merge(merge) => {
            let in_order = merge.inputs.iter().map(|layer| layer.input).eq(0..count as i64);
            ensure(count >= 2 && in_order, || format!("merges {:?} of {count}", merge.inputs)).map(|()| 1)
        }
        Kind::Diff(diff) => {
            let side = |side: Option<i64>| side.filter(|at| *at == NONE || is_index(*at, count));
            let lower = side(diff.lower.as_ref().map(|lower| lower.input));
            let upper = side(diff.upper.as_ref().map(|upper| upper.input));
            ensure(lower.is_some() && upper.is_some(), || format!("compares {diff:?} of {count}")).map(|()| 1)
        }
        Kind::Passthrough(passthrough) => {
            let outputs = &passthrough.outputs;
            let are_inputs = !outputs.is_empty() && outputs.iter().all(|at| is_index(*at, count));
            let is_whole = are_inputs && !passthrough.id.is_empty();
            ensure(is_whole, || format!("hands on {passthrough:?} of {count}")).map(|()| outputs.len() as u64)
        }
        Kind::Build(_) => Err("is a build in a build".to_owned()),
    }
}

fn is_index(at: i64, count: usize) -> bool {
    usize::try_from(at).is_ok_and(|at| at < count)
}

fn distinct(inputs: &[ops::Input]) -> Checked {
    let mut seen = HashSet::with_capacity(inputs.len());
    let is_new = |input: &ops::Input| seen.insert((input.digest.clone(), input.index));
    ensure(inputs.iter().all(is_new), || "has an input twice".to_owned())
}

/// A path that stays in its tree.
fn contained(what: &str, path: &str) -> Checked {
    ensure(path.starts_with('/') && !path::climbs(path), || format!("{what} {path:?}"))
}

fn present(what: &str, text: &str) -> Checked {
    ensure(!text.is_empty(), || format!("{what} without a name"))
}

fn process(exec: &ops::ExecOp) -> Checked {
    let meta = exec.meta.as_ref().ok_or("has no process")?;
    ensure(!meta.args.is_empty(), || "runs nothing".to_owned())?;
    contained("starts in", &meta.cwd)?;
    for entry in &meta.env {
        // The name may be empty, here and for a secret: images of Windows have variables such as `=C:=C:\x`.
        ensure(entry.contains('='), || format!("has a variable {entry:?}"))?;
    }
    for entry in &meta.extra_hosts {
        ensure(entry.ip.parse::<IpAddr>().is_ok(), || format!("knows {entry:?}"))?;
    }
    for limit in &meta.ulimit {
        let is_range = limit.soft >= -1 && (limit.hard == -1 || limit.soft <= limit.hard);
        ensure(!limit.name.is_empty() && is_range, || format!("is limited by {limit:?}"))?;
    }
    ensure(ops::NetMode::try_from(exec.network).is_ok(), || format!("has network {}", exec.network))?;
    ensure(ops::SecurityMode::try_from(exec.security).is_ok(), || format!("has security {}", exec.security))?;
    for secret in &exec.secretenv {
        present("a secret", &secret.id)?;
    }
    exec.cdi_devices.iter().try_for_each(|device| present("a device", &device.name))
}

/// Checks the mounts of a process and returns how many of them are outputs.
fn mounts(exec: &ops::ExecOp, inputs: usize) -> Checked<u64> {
    let roots = exec.mounts.iter().filter(|mount| mount.dest == "/").count();
    ensure(roots == 1, || format!("has {roots} roots"))?;
    let mut outputs = 0;
    for mount in &exec.mounts {
        let fault = |what: &str| format!("{what} at {:?}", mount.dest);
        let is_secret = mount.secret_opt.is_some() || mount.ssh_opt.is_some();
        // Secrets may lie at a path that counts from the root.
        let dest = if is_secret { format!("/{}", mount.dest) } else { mount.dest.clone() };
        contained("mounts at", &dest)?;
        if !mount.selector.is_empty() {
            contained("mounts", &mount.selector)?;
        }
        ensure(mount.input == NONE || is_index(mount.input, inputs), || fault("mounts no input"))?;
        let is_next = mount.output == outputs;
        outputs += i64::from(is_next);
        let kind = ops::MountType::try_from(mount.mount_type).map_err(|_| fault("unknown kind of mount"))?;
        let has_output = is_next && kind == ops::MountType::Bind && !mount.readonly;
        // A field that is left out reads as 0: so secrets and sockets name an output without having one.
        let names_none = mount.output == NONE || matches!(kind, ops::MountType::Secret | ops::MountType::Ssh);
        outputs -= i64::from(is_next && !has_output);
        ensure(has_output || names_none, || fault("output out of order"))?;
        let content = ops::MountContentCache::try_from(mount.content_cache);
        ensure(content.is_ok(), || fault("unknown use of content"))?;
        options(mount, kind).map_err(|what| fault(&what))?;
    }
    Ok(outputs as u64)
}

/// A mount has the options of its kind and no others.
fn options(mount: &ops::Mount, kind: ops::MountType) -> Checked {
    let given = (
        mount.secret_opt.as_ref(),
        mount.ssh_opt.as_ref(),
        mount.cache_opt.as_ref(),
        mount.tmpfs_opt.as_ref(),
    );
    let mode = |bits: u32| ensure(bits <= MODE_BITS, || format!("mode {bits:o}"));
    match (kind, given) {
        (ops::MountType::Bind, (None, None, None, None)) => Ok(()),
        (ops::MountType::Secret, (Some(secret), None, None, None)) => {
            present("a secret", &secret.id).and_then(|()| mode(secret.mode))
        }
        (ops::MountType::Ssh, (None, Some(ssh), None, None)) => mode(ssh.mode),
        (ops::MountType::Cache, (None, None, Some(cache), None)) => {
            present("a cache", &cache.id)?;
            let sharing = ops::CacheSharingOpt::try_from(cache.sharing);
            ensure(sharing.is_ok(), || "unknown sharing".to_owned())
        }
        (ops::MountType::Tmpfs, (None, None, None, Some(tmpfs))) => {
            ensure(tmpfs.size >= 0 && mount.input == NONE, || format!("tmpfs {tmpfs:?}"))
        }
        _ => Err("options of another kind".to_owned()),
    }
}

/// Checks the actions of a file op and returns how many outputs it has.
fn actions(file: &ops::FileOp, inputs: usize) -> Checked<u64> {
    let mut outputs = 0;
    for (at, action) in file.actions.iter().enumerate() {
        // What an earlier action made counts on from the inputs.
        let is_known = |index: i64| index == NONE || is_index(index, inputs + at);
        ensure(is_known(action.input) && is_known(action.secondary_input), || {
            format!("action {at} works on {} and {} of {inputs}", action.input, action.secondary_input)
        })?;
        let is_next = action.output == outputs;
        outputs += i64::from(is_next);
        ensure(is_next || action.output == NONE, || format!("action {at} is output {}", action.output))?;
        let kind = action.action.as_ref().ok_or_else(|| format!("action {at} does nothing"))?;
        self::action(kind, inputs).map_err(|what| format!("action {at}: {what}"))?;
    }
    ensure(outputs > 0, || "has no output".to_owned())?;
    Ok(outputs as u64)
}

fn action(action: &Action, inputs: usize) -> Checked {
    let mode = |mode: i32| {
        ensure(mode == -1 || u32::try_from(mode).is_ok_and(|bits| bits <= MODE_BITS), || {
            format!("mode {mode}")
        })
    };
    // Any time will do: one before 1970 as well as -1, which is none.
    let made =
        |owner: &Option<ops::ChownOpt>| owner.as_ref().map_or(Ok(()), |owner| self::owner(owner, inputs));
    match action {
        Action::Copy(copy) => {
            contained("copies", &copy.src)?;
            contained("copies to", &copy.dest)?;
            copy.required_paths.iter().try_for_each(|path| contained("needs", path))?;
            ensure(copy.mode_str.is_empty() || copy.mode == 0, || "has two modes".to_owned())?;
            mode(copy.mode)?;
            made(&copy.owner)
        }
        Action::Mkfile(file) => {
            contained("writes", &file.path)?;
            mode(file.mode)?;
            made(&file.owner)
        }
        Action::Mkdir(dir) => {
            contained("makes", &dir.path)?;
            mode(dir.mode)?;
            made(&dir.owner)
        }
        Action::Rm(rm) => {
            contained("removes", &rm.path)?;
            ensure(rm.path != "/", || "removes everything".to_owned())
        }
        Action::Symlink(link) => {
            contained("links", &link.newpath)?;
            made(&link.owner)
        }
    }
}

fn owner(owner: &ops::ChownOpt, inputs: usize) -> Checked {
    for user in [&owner.user, &owner.group].into_iter().flatten() {
        let is_whole = match user.user.as_ref() {
            Some(ops::user_opt::User::ByName(name)) => {
                !name.name.is_empty() && (name.input == NONE || is_index(name.input, inputs))
            }
            // To the kernel the highest means: no change.
            Some(ops::user_opt::User::ById(id)) => *id != u32::MAX,
            None => false,
        };
        ensure(is_whole, || format!("owner {user:?}"))?;
    }
    Ok(())
}

fn origin(source: &ops::SourceOp) -> Checked {
    let attrs: Vec<(&str, &str)> = source.attrs.iter().map(|entry| (entry.key(), entry.value())).collect();
    let in_order = attrs.is_sorted_by(|a, b| a.0 < b.0);
    let is_whole = source.attrs.iter().all(|entry| entry.key.is_some() && entry.value.is_some());
    ensure(in_order && is_whole, || "attributes out of order".to_owned())?;
    for (name, value) in attrs {
        attribute(name, value).map_err(|what| format!("attribute {name}={value:?}{what}"))?;
    }
    let identifier = &source.identifier;
    let (scheme, rest) = identifier.split_once("://").ok_or_else(|| format!("no source: {identifier:?}"))?;
    present("a source", rest)?;
    match scheme {
        "docker-image" | "local" | "oci-layout" | "http" | "https" => Ok(()),
        "git" => {
            let (_, fragment) = rest.split_once('#').unwrap_or((rest, ""));
            let (reference, subdir) = fragment.split_once(':').unwrap_or((fragment, ""));
            ensure(!reference.starts_with('-'), || format!("reference {reference:?} of git"))?;
            contained("folder of git", &format!("/{subdir}"))
        }
        _ => Err(format!("unknown scheme of {identifier:?}")),
    }
}

fn attribute(name: &str, value: &str) -> Checked {
    let is_well = match name {
        "image.resolvemode" => matches!(value, "pull" | "local"),
        "image.layerlimit" | "oci.layerlimit" | "http.uid" | "http.gid" => value.parse::<u32>().is_ok(),
        "http.perm" => u32::from_str_radix(value, 8).is_ok_and(|bits| bits <= MODE_BITS),
        "local.differ" => matches!(value, "none" | "metadata"),
        "git.mtime" => matches!(value, "checkout" | "commit"),
        "git.keepgitdir" | "git.skipsubmodules" | "git.fetchbycommit" | "local.metadatatransfer" => {
            value == "true"
        }
        "local.followpaths" => {
            let paths: Vec<String> = serde_json::from_str(value).map_err(|error| error.to_string())?;
            !paths.iter().any(|path| path::climbs(path))
        }
        "local.includepattern" | "local.excludepatterns" | "local.metadatatransferexclude" => {
            serde_json::from_str::<Vec<String>>(value).is_ok()
        }
        // An empty session is none: the engine then takes any.
        "local.unique" => true,
        "http.filename" => !matches!(value, "" | "." | "..") && !value.contains('/'),
        "http.checksum"
        | "http.authheadersecret"
        | "http.header.accept"
        | "http.header.user-agent"
        | "http.sig.pubkey"
        | "http.sig.signature"
        | "git.fullurl"
        | "git.authtokensecret"
        | "git.authheadersecret"
        | "git.knownsshhosts"
        | "git.mountsshsock"
        | "git.checksum"
        | "image.recordtype"
        | "image.checksum"
        | "local.session"
        | "local.sharedkeyhint"
        | "oci.session"
        | "oci.store" => !value.is_empty(),
        _ => return Err(" is not known".to_owned()),
    };
    ensure(is_well, String::new)
}

fn metadata(said: &ops::OpMetadata) -> Checked {
    let caps = said.caps.iter().all(|(name, is_needed)| *is_needed && !name.is_empty());
    ensure(caps, || format!("needs {:?}", said.caps))?;
    ensure(said.description.is_sorted_by(|a, b| a.key() < b.key()), || {
        "description out of order".to_owned()
    })?;
    let names = said.description.iter().filter(|entry| entry.key() == CUSTOM_NAME);
    names.map(|entry| entry.value()).try_for_each(harmless)?;
    if let Some(group) = &said.progress_group {
        present("a progress group", &group.id)?;
        harmless(&group.name)?;
    }
    match &said.linux_resources {
        // Swap may be without limit.
        Some(limits) => {
            let is_range = limits.memory >= 0 && limits.memory_swap >= -1 && limits.cpu_quota >= -1;
            ensure(is_range, || format!("is limited by {limits:?}"))
        }
        None => Ok(()),
    }
}

/// A name that terminals do not obey.
fn harmless(name: &str) -> Checked {
    ensure(defused(name) == name, || format!("is named {name:?}"))
}

fn places(source: Option<&Source>, is_listed: impl Fn(&Digest) -> bool) -> Checked {
    let Some(source) = source else { return Ok(()) };
    for (digest, locations) in &source.locations {
        ensure(is_listed(digest), || format!("{digest} has a place, but is not there"))?;
        let locations = ops::Locations::decode(&**locations);
        let locations = locations.map_err(|error| format!("places of {digest} cannot be read: {error}"))?;
        for location in &locations.locations {
            let file = is_index(location.source_index.into(), source.infos.len());
            ensure(file, || format!("{digest} lies in file {}", location.source_index))?;
            for range in &location.ranges {
                let line =
                    |position: &Option<ops::Position>| position.as_ref().map_or(0, |position| position.line);
                let is_range = 0 < line(&range.start) && line(&range.start) <= line(&range.end);
                ensure(is_range, || format!("{digest} lies in lines {range:?}"))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

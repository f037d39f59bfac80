//! Ops as JSON: the way protobuf's own mapping writes them. Names are those of the schema, 64-bit numbers are text,
//! bytes are base64, and what has its default value is left out.

use super::json::Object;
use crate::pb::ops::{self, file_action::Action, op::Op as Kind, user_opt::User};
use prost::bytes::Bytes;
use serde_json::{Value, json};

impl Object {
    /// Adds a 64-bit number.
    fn long(self, key: &str, value: i64) -> Object {
        self.put(key, value != 0, value.to_string())
    }

    /// Adds a natural 64-bit number.
    fn natural(self, key: &str, value: u64) -> Object {
        self.put(key, value != 0, value.to_string())
    }

    fn strings(self, key: &str, values: &[String]) -> Object {
        self.list(key, values, |value| value.clone())
    }

    /// Adds the name of an enum's value; one without a name is a number.
    fn name<E: TryFrom<i32>>(self, key: &str, value: i32, name: impl Fn(E) -> &'static str) -> Object {
        let value_json = E::try_from(value).map_or_else(|_| json!(value), |known| json!(name(known)));
        self.put(key, value != 0, value_json)
    }
}

/// Returns an op.
pub(super) fn op(op: &ops::Op) -> Value {
    let out = Object::default().list("inputs", &op.inputs, |input| {
        Object::default().text("digest", &input.digest).long("index", input.index).done()
    });
    let out = match &op.op {
        None => out,
        Some(Kind::Exec(it)) => out.put("exec", true, exec(it)),
        Some(Kind::Source(it)) => {
            let source = Object::default().text("identifier", &it.identifier).texts("attrs", &it.attrs);
            out.put("source", true, source.done())
        }
        Some(Kind::File(it)) => {
            out.put("file", true, Object::default().list("actions", &it.actions, action).done())
        }
        Some(Kind::Build(it)) => out.put("build", true, build(it)),
        Some(Kind::Merge(it)) => {
            out.put("merge", true, Object::default().list("inputs", &it.inputs, |i| input(i.input)).done())
        }
        Some(Kind::Diff(it)) => {
            let diff = Object::default()
                .message("lower", it.lower.as_ref(), |lower| input(lower.input))
                .message("upper", it.upper.as_ref(), |upper| input(upper.input));
            out.put("diff", true, diff.done())
        }
        Some(Kind::Passthrough(it)) => {
            let pass = Object::default().text("id", &it.id).list("outputs", &it.outputs, |o| o.to_string());
            out.put("passthrough", true, pass.done())
        }
    };
    out.message("platform", op.platform.as_ref(), |platform| {
        Object::default()
            .text("Architecture", &platform.architecture)
            .text("OS", &platform.os)
            .text("Variant", &platform.variant)
            .text("OSVersion", &platform.os_version)
            .strings("OSFeatures", &platform.os_features)
            .done()
    })
    .message("constraints", op.constraints.as_ref(), |constraints| {
        Object::default().strings("filter", &constraints.filter).done()
    })
    .done()
}

/// Returns the places of ops in files.
pub(super) fn source(source: &ops::Source) -> Value {
    Object::default()
        // Numbers of lines have 32 bits, so both mappings agree on places.
        .messages("locations", places(source), super::json::locations)
        .list("infos", &source.infos, |info| {
            Object::default()
                .text("filename", &info.filename)
                .bytes("data", &info.data)
                .message("definition", info.definition.as_ref(), definition)
                .text("language", &info.language)
                .done()
        })
        .done()
}

fn places(source: &ops::Source) -> impl Iterator<Item = (&String, &Bytes)> {
    source.locations.iter().map(|entry| (&entry.digest, &entry.locations))
}

fn input(index: i64) -> Value {
    Object::default().long("input", index).done()
}

fn exec(exec: &ops::ExecOp) -> Value {
    Object::default()
        .message("meta", exec.meta.as_ref(), meta)
        .list("mounts", &exec.mounts, mount)
        .name("network", exec.network, |it: ops::NetMode| it.as_str_name())
        .name("security", exec.security, |it: ops::SecurityMode| it.as_str_name())
        .list("secretenv", &exec.secretenv, |secret| {
            Object::default()
                .text("ID", &secret.id)
                .text("name", &secret.name)
                .flag("optional", secret.optional)
                .done()
        })
        .list("cdiDevices", &exec.cdi_devices, |device| {
            Object::default().text("name", &device.name).flag("optional", device.optional).done()
        })
        .done()
}

fn meta(meta: &ops::Meta) -> Value {
    Object::default()
        .strings("args", &meta.args)
        .strings("env", &meta.env)
        .text("cwd", &meta.cwd)
        .text("user", &meta.user)
        .message("proxyEnv", meta.proxy_env.as_ref(), |proxy| {
            Object::default()
                .text("httpProxy", &proxy.http_proxy)
                .text("httpsProxy", &proxy.https_proxy)
                .text("ftpProxy", &proxy.ftp_proxy)
                .text("noProxy", &proxy.no_proxy)
                .text("allProxy", &proxy.all_proxy)
                .done()
        })
        .list("extraHosts", &meta.extra_hosts, |host| {
            Object::default().text("Host", &host.host).text("IP", &host.ip).done()
        })
        .text("hostname", &meta.hostname)
        .list("ulimit", &meta.ulimit, |limit| {
            Object::default()
                .text("Name", &limit.name)
                .long("Soft", limit.soft)
                .long("Hard", limit.hard)
                .done()
        })
        .text("cgroupParent", &meta.cgroup_parent)
        .flag("removeMountStubsRecursive", meta.remove_mount_stubs_recursive)
        .list("validExitCodes", &meta.valid_exit_codes, |code| *code)
        .done()
}

fn mount(mount: &ops::Mount) -> Value {
    Object::default()
        .long("input", mount.input)
        .text("selector", &mount.selector)
        .text("dest", &mount.dest)
        .long("output", mount.output)
        .flag("readonly", mount.readonly)
        .name("mountType", mount.mount_type, |it: ops::MountType| it.as_str_name())
        .message("TmpfsOpt", mount.tmpfs_opt.as_ref(), |tmpfs| {
            Object::default().long("size", tmpfs.size).done()
        })
        .message("cacheOpt", mount.cache_opt.as_ref(), |cache| {
            Object::default()
                .text("ID", &cache.id)
                .name("sharing", cache.sharing, |it: ops::CacheSharingOpt| it.as_str_name())
                .done()
        })
        .message("secretOpt", mount.secret_opt.as_ref(), |secret| {
            owned(&secret.id, [secret.uid, secret.gid, secret.mode], secret.optional)
        })
        .message("SSHOpt", mount.ssh_opt.as_ref(), |ssh| {
            owned(&ssh.id, [ssh.uid, ssh.gid, ssh.mode], ssh.optional)
        })
        .text("resultID", &mount.result_id)
        .name("contentCache", mount.content_cache, |it: ops::MountContentCache| it.as_str_name())
        .done()
}

fn owned(id: &str, [uid, gid, mode]: [u32; 3], is_optional: bool) -> Value {
    Object::default()
        .text("ID", id)
        .number("uid", uid.into())
        .number("gid", gid.into())
        .number("mode", mode.into())
        .flag("optional", is_optional)
        .done()
}

fn build(build: &ops::BuildOp) -> Value {
    let inputs = build.inputs.iter().filter_map(|entry| Some((entry.key.as_ref()?, entry.value.as_ref()?)));
    let mut inputs: Vec<_> = inputs.collect();
    inputs.sort_by_key(|(name, _)| *name);
    Object::default()
        .long("builder", build.builder)
        .map("inputs", inputs, |it| input(it.input))
        .message("def", build.def.as_ref(), definition)
        .texts("attrs", &build.attrs)
        .done()
}

fn action(action: &ops::FileAction) -> Value {
    let out = Object::default()
        .long("input", action.input)
        .long("secondaryInput", action.secondary_input)
        .long("output", action.output);
    match &action.action {
        None => out,
        Some(Action::Copy(it)) => out.put("copy", true, copy(it)),
        Some(Action::Mkfile(it)) => {
            let made = Object::default()
                .text("path", &it.path)
                .number("mode", it.mode.into())
                .bytes("data", &it.data)
                .message("owner", it.owner.as_ref(), owner)
                .long("timestamp", it.timestamp);
            out.put("mkfile", true, made.done())
        }
        Some(Action::Mkdir(it)) => {
            let made = Object::default()
                .text("path", &it.path)
                .number("mode", it.mode.into())
                .flag("makeParents", it.make_parents)
                .message("owner", it.owner.as_ref(), owner)
                .long("timestamp", it.timestamp);
            out.put("mkdir", true, made.done())
        }
        Some(Action::Rm(it)) => {
            let removed = Object::default()
                .text("path", &it.path)
                .flag("allowNotFound", it.allow_not_found)
                .flag("allowWildcard", it.allow_wildcard);
            out.put("rm", true, removed.done())
        }
        Some(Action::Symlink(it)) => {
            let linked = Object::default()
                .text("oldpath", &it.oldpath)
                .text("newpath", &it.newpath)
                .message("owner", it.owner.as_ref(), owner)
                .long("timestamp", it.timestamp);
            out.put("symlink", true, linked.done())
        }
    }
    .done()
}

fn copy(copy: &ops::FileActionCopy) -> Value {
    Object::default()
        .text("src", &copy.src)
        .text("dest", &copy.dest)
        .message("owner", copy.owner.as_ref(), owner)
        .number("mode", copy.mode.into())
        .flag("followSymlink", copy.follow_symlink)
        .flag("dirCopyContents", copy.dir_copy_contents)
        .flag("attemptUnpackDockerCompatibility", copy.attempt_unpack_docker_compatibility)
        .flag("createDestPath", copy.create_dest_path)
        .flag("allowWildcard", copy.allow_wildcard)
        .flag("allowEmptyWildcard", copy.allow_empty_wildcard)
        .long("timestamp", copy.timestamp)
        .strings("includePatterns", &copy.include_patterns)
        .strings("excludePatterns", &copy.exclude_patterns)
        .flag("alwaysReplaceExistingDestPaths", copy.always_replace_existing_dest_paths)
        .text("modeStr", &copy.mode_str)
        .strings("requiredPaths", &copy.required_paths)
        .done()
}

fn owner(owner: &ops::ChownOpt) -> Value {
    let user = |it: &ops::UserOpt| match &it.user {
        None => Value::Object(Default::default()),
        Some(User::ByName(named)) => {
            json!({ "byName": Object::default().text("name", &named.name).long("input", named.input).done() })
        }
        // What was chosen is written, be it zero.
        Some(User::ById(id)) => json!({ "byID": id }),
    };
    Object::default()
        .message("user", owner.user.as_ref(), user)
        .message("group", owner.group.as_ref(), user)
        .done()
}

// As in `json`, the files of a definition's files are left out: only this program's own are of interest.
fn definition(definition: &ops::Definition) -> Value {
    Object::default()
        .list("def", &definition.def, |op| super::json::base64(op))
        .messages("metadata", definition.metadata.iter().map(|e| (&e.digest, &e.metadata)), metadata)
        .message("Source", definition.source.as_ref(), |source| {
            Object::default().messages("locations", places(source), super::json::locations).done()
        })
        .done()
}

fn metadata(metadata: &ops::OpMetadata) -> Value {
    Object::default()
        .flag("ignoreCache", metadata.ignore_cache)
        .texts("description", &metadata.description)
        .message("exportCache", metadata.export_cache.as_ref(), |cache| {
            Object::default().flag("Value", cache.value).done()
        })
        .map("caps", &metadata.caps, |is_needed| *is_needed)
        .message("progressGroup", metadata.progress_group.as_ref(), |group| {
            Object::default().text("id", &group.id).text("name", &group.name).flag("weak", group.weak).done()
        })
        .message("linuxResources", metadata.linux_resources.as_ref(), |limits| {
            Object::default()
                .long("memory", limits.memory)
                .long("memorySwap", limits.memory_swap)
                .natural("cpuShares", limits.cpu_shares)
                .natural("cpuPeriod", limits.cpu_period)
                .long("cpuQuota", limits.cpu_quota)
                .text("cpusetCpus", &limits.cpuset_cpus)
                .text("cpusetMems", &limits.cpuset_mems)
                .done()
        })
        .done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_text_and_enums_have_names() {
        let mount = ops::Mount {
            input: -1,
            mount_type: ops::MountType::Cache as i32,
            cache_opt: Some(ops::CacheOpt { id: "c".into(), sharing: ops::CacheSharingOpt::Locked as i32 }),
            ..Default::default()
        };
        let exec =
            ops::ExecOp { mounts: vec![mount], network: ops::NetMode::None as i32, ..Default::default() };
        let whole = ops::Op { op: Some(Kind::Exec(exec)), ..Default::default() };
        assert_eq!(
            op(&whole).to_string(),
            r#"{"exec":{"mounts":[{"input":"-1","mountType":"CACHE","cacheOpt":{"ID":"c","sharing":"LOCKED"}}],"network":"NONE"}}"#
        );
    }

    #[test]
    fn a_choice_is_written_even_if_it_is_zero() {
        let root = Some(ops::UserOpt { user: Some(User::ById(0)) });
        let made = ops::FileActionMkDir {
            path: "/a".into(),
            mode: 0o755,
            owner: Some(ops::ChownOpt { user: root, group: None }),
            timestamp: -1,
            ..Default::default()
        };
        let file = ops::FileOp {
            actions: vec![ops::FileAction { action: Some(Action::Mkdir(made)), ..Default::default() }],
        };
        let whole = ops::Op { op: Some(Kind::File(file)), ..Default::default() };
        assert_eq!(
            op(&whole).to_string(),
            r#"{"file":{"actions":[{"mkdir":{"path":"/a","mode":493,"owner":{"user":{"byID":0}},"timestamp":"-1"}}]}}"#
        );
    }
}

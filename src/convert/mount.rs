//! `RUN --mount`: what a step sees besides its own files.

use super::state::Stage;
use super::{Cx, Step, from};
use crate::facts::Fact;
use crate::instruction::{Mount, MountFlag, MountType, Run, Sharing};
use crate::llb::op::{self, CacheSharing, MountKind, Owner, Secret, Ssh};
use crate::llb::{Edge, Meta};
use crate::path;
use crate::stage::SCRATCH;
use crate::text::{Diagnostic, quote};

/// The mounts of a step.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    /// File systems.
    pub mounts: Vec<op::Mount>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// Sockets of SSH agents.
    pub ssh: Vec<Ssh>,
}

/// Converts all mounts of a RUN.
pub(super) fn mounts(
    cx: &mut Cx<'_>,
    stage: &Stage,
    step: &Step<'_>,
    flags: &[Mount],
    run: &Run,
) -> Result<Mounts, Diagnostic> {
    let mut mounts = Mounts::default();
    for (at, (mount, flag)) in flags.iter().zip(&run.mounts).enumerate() {
        match mount.mount_type {
            MountType::Secret => mounts.secrets.push(secret(cx, stage, step, mount, flag)?),
            MountType::Ssh => mounts.ssh.push(ssh(cx, stage, step, mount, flag)?),
            MountType::Bind | MountType::Cache | MountType::Tmpfs => {
                mounts.mounts.push(files(cx, stage, step, mount, flag, at)?);
            }
        }
    }
    Ok(mounts)
}

/// Expands the mounts of a RUN.
pub(super) fn expand(
    cx: &mut Cx<'_>,
    stage: &Stage,
    step: &Step<'_>,
    run: &Run,
) -> Result<Vec<Mount>, Diagnostic> {
    let lexer = cx.lexer.clone();
    let mut mounts = Vec::with_capacity(run.mounts.len());
    for flag in &run.mounts {
        mounts.push(flag.expand(
            |text, span| cx.expand_text(&lexer, stage, step, text, span),
            |message, span| step.error("invalid-mount", message, span),
        )?);
    }
    Ok(mounts)
}

fn files(
    cx: &mut Cx<'_>,
    stage: &Stage,
    step: &Step<'_>,
    mount: &Mount,
    flag: &MountFlag,
    at: usize,
) -> Result<op::Mount, Diagnostic> {
    let error = |message: String| step.error("invalid-mount", message, flag.text.span);
    // A cache that names no source starts empty. Anything else starts from the build context.
    let from = match mount.from.as_str() {
        "" if mount.mount_type == MountType::Cache => SCRATCH,
        from => from,
    };
    let (mut source, used) = match from {
        "" => (Some(Edge::from(cx.context)), cx.context_source),
        _ => from::files_for(cx, stage, step.sources[at])?.ok_or_else(|| {
            error(format!(
                "cannot mount from stage {} to {}, stage needs to be defined before current command",
                quote(from),
                quote(&mount.target)
            ))
        })?,
    };

    let target = match path::is_absolute(&mount.target) {
        true => path::within_root(&mount.target),
        false => path::join(&["/", &stage.state.dir, &mount.target]),
    };
    // The reference lets `/a/..` pass; an engine would mount it over the root.
    if path::clean(&target) == "/" {
        return Err(error(format!("invalid mount target {}", quote(&target))));
    }

    let kind = match mount.mount_type {
        MountType::Cache => {
            let id = match mount.id.as_str() {
                "" => path::clean(&mount.target),
                id => id.to_owned(),
            };
            let sharing = match mount.sharing {
                None | Some(Sharing::Shared) => CacheSharing::Shared,
                Some(Sharing::Private) => CacheSharing::Private,
                Some(Sharing::Locked) => CacheSharing::Locked,
            };
            MountKind::Cache { id: format!("{}/{id}", cx.options.cache_id_namespace), sharing }
        }
        MountType::Tmpfs => {
            source = None;
            MountKind::Tmpfs { size_bytes: mount.size_bytes }
        }
        MountType::Bind | MountType::Secret | MountType::Ssh => MountKind::Bind,
    };

    let mut selector = path::join(&["/", &mount.source]);
    if selector == "/" {
        selector.clear();
        if has_owner_or_mode(mount) {
            source = Some(cache_folder(cx, mount, source));
            selector.push_str("/cache");
        }
    }
    cx.sources.mark(used, &mount.source);
    Ok(op::Mount {
        target,
        source,
        selector,
        is_readonly: mount.readonly,
        // What a step writes to a bind mount is not kept.
        has_no_output: !mount.readonly && mount.mount_type == MountType::Bind,
        kind,
        ..op::Mount::default()
    })
}

/// Returns the path of a secret or a socket. The reference takes the root for one; an engine can mount no file there.
fn file_target(step: &Step<'_>, target: &str, flag: &MountFlag) -> Result<String, Diagnostic> {
    if path::join(&["/", target]) == "/" {
        let message = format!("invalid mount target {}", quote(target));
        return Err(step.error("invalid-mount", message, flag.text.span));
    }
    Ok(path::within_root(target))
}

/// Returns the bits of a secret or a socket.
fn mode(step: &Step<'_>, mount: &Mount, flag: &MountFlag, default: u32) -> Result<u32, Diagnostic> {
    let bits = mount.mode.unwrap_or(default);
    if bits > 0o7777 {
        let message = format!("invalid value {bits:o} for mode: it should be between 0 and 07777");
        return Err(step.error("invalid-mount", message, flag.text.span));
    }
    Ok(bits)
}

fn has_owner_or_mode(mount: &Mount) -> bool {
    mount.uid.is_some() || mount.gid.is_some() || mount.mode.is_some()
}

/// Adds a folder with the owner and mode that a new cache starts with.
fn cache_folder(cx: &mut Cx<'_>, mount: &Mount, base: Option<Edge>) -> Edge {
    let mkdir = op::Mkdir {
        path: "/cache".to_owned(),
        mode: mount.mode.unwrap_or(0o755) & 0o777,
        owner: Some(Owner::ids(mount.uid.unwrap_or(0), mount.gid.unwrap_or(0))),
        ..op::Mkdir::default()
    };
    let file = op::File { base, actions: vec![mkdir.into()] };
    cx.graph.add(file, Meta::named("[internal] setting cache mount permissions")).into()
}

fn secret(
    cx: &mut Cx<'_>,
    stage: &Stage,
    step: &Step<'_>,
    mount: &Mount,
    flag: &MountFlag,
) -> Result<Secret, Diagnostic> {
    let given = [&mount.source, &mount.id].into_iter().find(|id| !id.is_empty());
    let id = match given {
        Some(id) => id.clone(),
        None if mount.target.is_empty() => {
            let message = "one of source, target required";
            return Err(step.error("invalid-mount", message, flag.text.span));
        }
        None => path::base(&mount.target).to_owned(),
    };
    // A secret in the environment is a file only if somebody says where.
    let target = match (mount.target.as_str(), &mount.env) {
        ("", Some(_)) => None,
        ("", None) => Some(format!("/run/secrets/{}", path::base(&id))),
        (target, _) => Some(file_target(step, target, flag)?),
    };
    cx.note(stage, step, flag.text.span, Fact::Secret { id: id.clone(), is_required: mount.required });
    Ok(Secret {
        target,
        env: mount.env.clone(),
        uid: mount.uid.unwrap_or(0),
        gid: mount.gid.unwrap_or(0),
        mode: mode(step, mount, flag, 0o400)?,
        is_optional: !mount.required,
        id,
    })
}

fn ssh(
    cx: &mut Cx<'_>,
    stage: &Stage,
    step: &Step<'_>,
    mount: &Mount,
    flag: &MountFlag,
) -> Result<Ssh, Diagnostic> {
    if !mount.source.is_empty() {
        return Err(step.error("invalid-mount", "ssh does not support source", flag.text.span));
    }
    let known_as = if mount.id.is_empty() { "default" } else { mount.id.as_str() };
    cx.note(stage, step, flag.text.span, Fact::Ssh { id: known_as.to_owned(), is_required: mount.required });
    Ok(Ssh {
        id: mount.id.clone(),
        target: match mount.target.as_str() {
            "" => None,
            target => Some(file_target(step, target, flag)?),
        },
        uid: mount.uid.unwrap_or(0),
        gid: mount.gid.unwrap_or(0),
        mode: mode(step, mount, flag, 0o600)?,
        is_optional: !mount.required,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_error, check_steps};

    #[test]
    fn files() {
        check_steps("RUN --mount=target=/a,source=b/../c x", &["mount /a <- #1/c readonly"]);
        check_steps("WORKDIR /w\nRUN --mount=target=a,rw x", &["mount /w/a <- #2 no-output"]);
        check_steps(
            "RUN --mount=type=tmpfs,target=/t,size=1k x",
            &["mount /t <- scratch tmpfs of 1024 bytes"],
        );
        check_error("RUN --mount=target=/ x", "invalid mount target \"/\"");
        check_error("RUN --mount=target=/.. x", "invalid mount target \"/\"");
        check_error("RUN --mount=target=/a/.. x", "invalid mount target \"/a/..\"");
        check_steps("RUN --mount=target=/a/../../b x", &["mount /b <- #1 readonly"]);
        check_steps("RUN --mount=target=/a/../b/ x", &["mount /a/../b/ <- #1 readonly"]);
        check_error("RUN --mount=type=cache x", "invalid mount target \"/\"");
    }

    #[test]
    fn caches() {
        check_steps("RUN --mount=type=cache,target=/c/ x", &["mount /c/ <- scratch cache \"//c\" shared"]);
        check_steps(
            "RUN --mount=type=cache,target=/c,id=i,sharing=locked,mode=700 x",
            &["mkdir /cache 0700 owner 0:0", "mount /c <- #1/cache cache \"/i\" locked"],
        );
    }

    #[test]
    fn secrets_and_sockets() {
        check_steps("RUN --mount=type=secret,id=a/b x", &["secret a/b at /run/secrets/b 0:0 0400 optional"]);
        check_steps("RUN --mount=type=secret,target=/x/y,required x", &["secret y at /x/y 0:0 0400"]);
        check_steps("RUN --mount=type=secret,id=a,env=E x", &["secret a as $E optional"]);
        check_steps("RUN --mount=type=ssh,uid=7 x", &["ssh  at its own place 7:0 0600 optional"]);
        check_error("RUN --mount=type=ssh,source=x x", "ssh does not support source");
        check_error("RUN --mount=type=ssh,target=/ x", "invalid mount target \"/\"");
        check_error("RUN --mount=type=secret,id=a,target=b/.. x", "invalid mount target \"b/..\"");
    }

    #[test]
    fn mounts_of_later_stages() {
        let text = "RUN --mount=from=b,target=/x y\nFROM alpine AS b";
        let text = format!("{text}\nFROM alpine\nCOPY --from=0 a b");
        check_error(
            &text,
            "cannot mount from stage \"b\" to \"/x\", stage needs to be defined before current command",
        );
    }
}

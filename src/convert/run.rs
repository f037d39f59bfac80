//! RUN: a step that runs a command.

use super::history::run_line;
use super::mount::{self, Mounts};
use super::name::{summary, uppercase_keyword};
use super::state::Stage;
use super::{COMMAND, Cx, Step, cmd};
use crate::expand::{Env, EnvList, Lexer};
use crate::instruction::{self, MountType, Run};
use crate::llb::op::{self, Device, Exec, HostIp, MountKind, Network, Proxy, Security, Ulimit};
use crate::llb::{Edge, LinuxResources, Meta};
use crate::options::Options;
use crate::path;
use crate::syntax::strip_tabs;
use crate::text::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

/// Where a script that brings its own interpreter lies while it runs.
const SCRIPTS: &str = "/dev/pipes/";

pub(super) fn run(cx: &mut Cx<'_>, stage: &mut Stage, step: &Step<'_>, run: &Run) -> Result<(), Diagnostic> {
    // Each step holds the whole environment, and what its line in the history says of it.
    let (env, args) = (&stage.state.env, stage.state.arg_names.len());
    cx.make(step, 2 * env.count() + args, 2 * env.byte_len(), step.head.keyword.span)?;
    let flags = mount::expand(cx, stage, step, run)?;
    // A command may read anything.
    cx.sources.mark_all(stage.state.source);
    let Command { words, script, heading } = command(stage, step, run);
    // Only what is put on the wire as text must be text; a comment among the lines need not.
    let is_damaged = |text: &str| text.contains(char::REPLACEMENT_CHARACTER);
    if cx.invalid_text.is_none() && (is_damaged(&step.head.text) || words.iter().any(|word| is_damaged(word)))
    {
        cx.invalid_text = step.head.invalid;
    }
    let script = script.map(|(name, content)| {
        let bytes = cx.bytes(step, &content, run.heredocs[0].content_span);
        add_script(cx, &name, bytes)
    });
    let Mounts { mounts: more, secrets, ssh } = mount::mounts(cx, stage, step, &flags, run)?;

    let hidden = flags.iter().filter(|mount| mount.mount_type == MountType::Secret);
    let env =
        Masked { env: &stage.state.env, hidden: hidden.filter_map(|mount| mount.env.as_deref()).collect() };
    let name = uppercase_keyword(&cx.shown(&shows(&cx.lexer), &heading, &env));
    let platform = stage.state.fs_platform.clone();
    let name = cx.step_name(stage, step, platform.as_deref(), &name);

    let state = &stage.state;
    let mut mounts = Vec::with_capacity(1 + more.len());
    mounts.push(op::Mount::root(state.fs));
    mounts.extend(script);
    mounts.extend(more);
    mounts.extend(shared_memory(cx.options.shm_size));
    let line = run_line(&words, &cx.args.list(state.args), state.arg_names.len(), &state.env) + " # buildkit";
    let exec = Exec {
        args: words,
        env: state.env.shared(),
        cwd: path::within_root(&state.dir),
        user: state.user.clone(),
        hostname: state.hostname.clone(),
        proxy: proxy(&cx.plan.build_args).map(Box::new),
        extra_hosts: extra_hosts(cx.options),
        ulimits: ulimits(cx.options),
        cgroup_parent: cx.options.cgroup_parent.clone(),
        network: match run.network {
            None | Some(instruction::Network::Default) => state.network,
            Some(instruction::Network::None) => Network::None,
            Some(instruction::Network::Host) => Network::Host,
        },
        security: match run.security {
            None | Some(instruction::Security::Sandbox) => Security::Sandbox,
            Some(instruction::Security::Insecure) => Security::Insecure,
        },
        mounts,
        secrets,
        ssh,
        devices: devices(run),
        wants_default_path: true,
        ..Exec::default()
    };
    let mut meta = Meta::named(name).describe(COMMAND, &step.head.text).at(step.head.span);
    meta.platform = platform;
    meta.ignore_cache = stage.ignore_cache;
    meta.linux_resources = resources(cx.options).map(Box::new);

    stage.state.fs = Some(Edge::from(cx.graph.add(exec, meta)));
    cx.commit(stage, line, true);
    Ok(())
}

/// What a RUN runs.
struct Command {
    words: Vec<String>,
    /// A script that is to lie in a file: its name and content.
    script: Option<(String, String)>,
    /// The instruction as users see it.
    heading: String,
}

fn command(stage: &Stage, step: &Step<'_>, run: &Run) -> Command {
    let mut heading = String::from(&step.head.text);
    let mut script = None;
    let text = match run.heredocs.as_slice() {
        [] => return Command { words: cmd::with_shell(stage, &run.command), script, heading },
        [only, ..] if run.is_script => {
            heading.push_str(&format!(" ({})", summary(&only.content)));
            let content = match only.strips_tabs {
                true => strip_tabs(&only.content),
                false => String::from(&only.content),
            };
            // With an interpreter of its own it must be a file; else the shell takes it as it is, and need not know
            // heredocs.
            match content.starts_with("#!") && stage.state.image.config.os != "windows" {
                false => content,
                true => {
                    let file = path::join(&[SCRIPTS, &only.name]);
                    script = Some((only.name.clone(), content));
                    file
                }
            }
        }
        heredocs => {
            // The shell gets the whole text back and does the rest.
            let mut text = run.command.words.first().map_or(String::new(), |word| String::from(&word.value));
            for heredoc in heredocs {
                text.extend(["\n", &heredoc.content, &heredoc.name]);
            }
            text
        }
    };
    Command { words: cmd::shell_words(stage, &text), script, heading }
}

fn add_script(cx: &mut Cx<'_>, name: &str, content: Vec<u8>) -> op::Mount {
    let mkfile =
        op::Mkfile { path: path::join(&["/", name]), mode: 0o755, data: content, ..op::Mkfile::default() };
    let file = op::File { base: None, actions: vec![mkfile.into()] };
    let source = cx.graph.add(file, super::inline_document());
    op::Mount {
        target: SCRIPTS.to_owned(),
        source: Some(source.into()),
        selector: "/".to_owned(),
        is_readonly: true,
        ..op::Mount::default()
    }
}

/// Returns how the name of a step is expanded: quotes stay, and so do unset variables.
fn shows(lexer: &Lexer) -> Lexer {
    Lexer { raw_quotes: true, skip_unset_env: true, ..lexer.clone() }
}

/// Variables of which some are secrets. The frontend does not know their values; stars tell the reader what they are.
struct Masked<'a> {
    env: &'a EnvList,
    hidden: BTreeSet<&'a str>,
}

impl Env for Masked<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        match self.hidden.contains(name) {
            true => Some("****"),
            false => self.env.get(name),
        }
    }
}

/// Proxies reach a step without entering its cache key. Their names are known in any case.
fn proxy(args: &BTreeMap<String, String>) -> Option<Proxy> {
    let mut proxy = Proxy::default();
    let mut is_set = false;
    for (name, value) in args {
        let field = match name.to_lowercase().as_str() {
            "http_proxy" => &mut proxy.http,
            "https_proxy" => &mut proxy.https,
            "ftp_proxy" => &mut proxy.ftp,
            "no_proxy" => &mut proxy.no,
            "all_proxy" => &mut proxy.all,
            _ => continue,
        };
        field.clone_from(value);
        is_set = true;
    }
    is_set.then_some(proxy)
}

fn shared_memory(size_bytes: i64) -> Option<op::Mount> {
    (size_bytes > 0).then(|| op::Mount {
        target: "/dev/shm".to_owned(),
        kind: MountKind::Tmpfs { size_bytes },
        is_dispensable: true,
        ..op::Mount::default()
    })
}

fn extra_hosts(options: &Options) -> Vec<HostIp> {
    let hosts = options.extra_hosts.iter();
    hosts.map(|entry| HostIp { host: entry.host.clone(), ip: entry.ip.clone() }).collect()
}

fn ulimits(options: &Options) -> Vec<Ulimit> {
    let limits = options.ulimits.iter();
    limits.map(|limit| Ulimit { name: limit.name.clone(), soft: limit.soft, hard: limit.hard }).collect()
}

fn devices(run: &Run) -> Vec<Device> {
    let devices = run.devices.iter();
    devices.map(|device| Device { name: device.name.clone(), is_optional: !device.required }).collect()
}

fn resources(options: &Options) -> Option<LinuxResources> {
    options.resources.as_ref().map(|limits| LinuxResources {
        memory_bytes: limits.memory,
        memory_swap_bytes: limits.memory_swap,
        cpu_shares: limits.cpu_shares,
        cpu_period_us: limits.cpu_period,
        cpu_quota_us: limits.cpu_quota,
        cpuset_cpus: limits.cpuset_cpus.clone(),
        cpuset_mems: limits.cpuset_mems.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{build_with, check_history, check_steps, options};
    use super::*;

    #[test]
    fn a_folder_above_the_root_is_the_root() {
        check_steps("WORKDIR /../a\nRUN x", &["mkdir /a 0755 with parents", "cwd /a"]);
    }

    #[test]
    fn proxies_in_any_case() {
        let args = [("HTTP_PROXY", "a"), ("http_proxy", "b"), ("No_Proxy", "c"), ("X", "d")];
        let args = args.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let expected = Proxy { http: "b".to_owned(), no: "c".to_owned(), ..Proxy::default() };
        assert_eq!(proxy(&args), Some(expected));
        assert_eq!(proxy(&BTreeMap::new()), None);
    }

    #[test]
    fn secrets_are_masked_in_names() {
        let env = EnvList::from_pairs(["A=1", "TOKEN=real"]);
        let masked = Masked { env: &env, hidden: BTreeSet::from(["TOKEN"]) };
        let name = shows(&Lexer::new('\\')).word("RUN echo $A \"$TOKEN\" $UNSET", &masked).unwrap().text;
        assert_eq!(name, "RUN echo 1 \"****\" $UNSET");
    }

    #[test]
    fn commands() {
        check_steps(
            "RUN echo  $A",
            &["llb.customname \"[2/2] RUN echo  $A\"", "args [\"/bin/sh\", \"-c\", \"echo  $A\"]"],
        );
        check_steps(
            "run [\"a\", \"b c\"]",
            &["llb.customname \"[2/2] RUN [\\\"a\\\", \\\"b c\\\"]\"", "args [\"a\", \"b c\"]"],
        );
        check_steps("SHELL [\"x\", \"-y\"]\nRUN z", &["args [\"x\", \"-y\", \"z\"]"]);
        check_steps(
            "USER u:g\nRUN --network=none --security=insecure z",
            &["args [\"/bin/sh\", \"-c\", \"z\"]", "user u:g", "network none", "insecure"],
        );
    }

    #[test]
    fn heredocs() {
        check_steps("RUN <<-EOF\n\techo 1\nEOF", &["args [\"/bin/sh\", \"-c\", \"echo 1\\n\"]"]);
        check_steps(
            "RUN cat <<A <<B\n1\nA\n2\nB",
            &["args [\"/bin/sh\", \"-c\", \"cat <<A <<B\\n1\\nA\\n2\\nB\"]"],
        );
        check_steps(
            "RUN <<EOF\n#!/usr/bin/env x\nEOF",
            &[
                "mkfile /EOF 0755 \"#!/usr/bin/env x\\n\"",
                "llb.customname \"[2/2] RUN <<EOF (#!/usr/bin/env x)\"",
                "args [\"/bin/sh\", \"-c\", \"/dev/pipes/EOF\"]",
                "mount /dev/pipes/ <- #1/ readonly",
            ],
        );
    }

    #[test]
    fn history_shows_arguments() {
        check_history(
            "ARG A=1\nARG B\nRUN x",
            &["ARG A=1", "ARG B", "RUN |2 A=1 B= /bin/sh -c x # buildkit"],
        );
        check_history("RUN [\"x\"]", &["RUN x # buildkit"]);
    }

    #[test]
    fn text_that_is_no_utf8() {
        let is_invalid = |text: &[u8]| {
            let built = build_with([b"FROM alpine\n", text].concat(), &options()).unwrap();
            built.converted.invalid_text.is_some()
        };
        assert!(is_invalid(b"RUN \xe9") && is_invalid(b"RUN [\"\xe9\"]") && is_invalid(b"RUN <<a\n\xe9\na"));
        assert!(!is_invalid("RUN \u{fffd}".as_bytes()));
        assert!(!is_invalid(b"RUN a \\\n# \xe9\nb"));
        // A script in a file need be no text.
        assert!(!is_invalid(b"RUN <<a\n#!x\n\xe9\na"));
    }
}

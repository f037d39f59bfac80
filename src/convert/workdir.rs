//! WORKDIR: where steps and containers run. The folder is made if it is not there.

use super::name::uppercase_keyword;
use super::state::{Stage, State};
use super::{Cx, Step, copy};
use crate::facts::Fact;
use crate::instruction::Workdir;
use crate::llb::Meta;
use crate::llb::op::{File, Mkdir};
use crate::path;
use crate::text::Diagnostic;
use std::sync::Arc;

pub(super) fn workdir(
    cx: &mut Cx<'_>,
    stage: &mut Stage,
    step: &Step<'_>,
    workdir: &Workdir,
) -> Result<(), Diagnostic> {
    let written = cx.expand(stage, step, &workdir.path)?;
    let is_first = !std::mem::replace(&mut stage.state.has_workdir, true);
    if is_first && !path::is_abs(&written, &stage.state.platform.os) {
        cx.note(stage, step, workdir.path.span, Fact::RelativeWorkdir { path: written.clone() });
    }
    set(&mut stage.state, &written)
        .map_err(|message| step.error("invalid-path", message, workdir.path.span))?;
    let dir = stage.state.dir.clone();
    let makes_folder = dir != "/";
    if makes_folder {
        let shown = cx.shown(&cx.lexer.clone(), &step.head.text, &stage.state.env);
        let platform = Arc::clone(&stage.state.platform);
        let name = cx.step_name(stage, step, Some(&platform), &uppercase_keyword(&shown));
        // It may come from the base image.
        let owner = copy::owner(step, "user", &stage.state.image.config.config.user)?;
        let mkdir = Mkdir {
            path: path::clean(&dir),
            mode: 0o755,
            makes_parents: true,
            owner,
            created_ns: cx.plan.epoch.map(nanoseconds),
        };
        let file = File { base: stage.state.fs, actions: vec![mkdir.into()] };
        stage.state.fs = Some(cx.graph.add(file, Meta::named(name).at(step.head.span)).into());
    }
    cx.commit(stage, format!("WORKDIR {dir}"), makes_folder);
    Ok(())
}

/// Turns seconds into nanoseconds; a time out of range wraps, as it does in Go.
fn nanoseconds(seconds: i64) -> i64 {
    seconds.wrapping_mul(1_000_000_000)
}

/// Changes the working directory; that of a base image leaves no more trace than that.
///
/// # Errors
/// The reference's words: the path is on another drive.
pub(super) fn set(state: &mut State, written: &str) -> Result<(), String> {
    let platform = Arc::clone(&state.platform);
    let os = platform.os.as_str();
    let current = &state.image.config.config.working_dir;
    let dir =
        path::normalize_workdir(current, written, os).map_err(|why| format!("normalizing workdir: {why}"))?;
    state.dir = path::to_slash(&dir, os);
    if *current != dir {
        state.image_mut().config.config.working_dir = dir;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{build, check_history, check_steps};

    #[test]
    fn folders() {
        check_steps(
            "WORKDIR a\nWORKDIR ../b\nRUN x",
            &["mkdir /a 0755 with parents", "mkdir /b 0755 with parents", "cwd /b"],
        );
        check_steps("USER u\nWORKDIR /a", &["mkdir /a 0755 with parents owner u"]);
        check_steps("WORKDIR /../../b/../c\nRUN x", &["mkdir /c 0755 with parents", "cwd /c"]);
        check_history("WORKDIR /\nWORKDIR /a/../b/", &["WORKDIR /", "WORKDIR /a/../b/"]);
        assert!(!build("FROM alpine\nWORKDIR /").dump().contains("mkdir"));
    }

    #[test]
    fn only_the_first_relative_one_is_noted() {
        let built = build("FROM alpine\nWORKDIR a\nWORKDIR b");
        assert_eq!(built.facts, [crate::facts::Fact::RelativeWorkdir { path: "a".to_owned() }]);
        assert!(build("FROM alpine\nWORKDIR /a\nWORKDIR b").facts.is_empty());
    }

    #[test]
    fn windows() {
        let built = build("FROM windows\nWORKDIR C:/a\nWORKDIR b");
        assert_eq!(built.converted.image.config.working_dir, "\\a\\b");
        assert!(built.dump().contains("mkdir /a/b"));
    }
}

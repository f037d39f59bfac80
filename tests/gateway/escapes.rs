//! Terminals: of what somebody wrote into a Dockerfile, an image or an option, nothing that a terminal would obey is in
//! what people get to see: names of steps and of calls, warnings, errors, the log.

use crate::{Engine, Run, run};
use multistage::internal::pb::{gateway as gw, ops};
use multistage::internal::text::defused;
use prost::Message;

/// Clears the screen; the same in one byte; turns the direction of writing.
const COMMANDS: [&str; 3] = ["\x1b[2J", "\u{9b}2J", "\u{202e}"];

#[track_caller]
fn shown(what: &str, text: &str) {
    assert_eq!(text, defused(text), "{what}");
}

/// Checks all that a run showed to anybody.
#[track_caller]
fn check(run: &Run) {
    assert!(run.status.success(), "{}", run.stderr);
    shown("the log", &run.stderr);
    for solve in &run.solves {
        for entry in solve.definition.iter().flat_map(|definition| &definition.metadata) {
            let said = ops::OpMetadata::decode(&entry.metadata[..]).unwrap();
            let names = said.description.iter().filter(|entry| entry.key() == "llb.customname");
            names.for_each(|name| shown("name of a step", name.value()));
            said.progress_group.iter().for_each(|group| shown("name of a group", &group.name));
        }
    }
    for (method, message) in &run.sent {
        if method == "ResolveSourceMeta" {
            let request = gw::ResolveSourceMetaRequest::decode(&message[..]).unwrap();
            shown("name of a call", &request.log_name);
        }
    }
    for warning in &run.warnings {
        shown("a warning", &String::from_utf8_lossy(&warning.short));
        warning.detail.iter().for_each(|line| shown("a warning", &String::from_utf8_lossy(line)));
    }
    if let Some(error) = run.returned.as_ref().and_then(|returned| returned.error.as_ref()) {
        shown("an error", &error.message);
    }
}

#[test]
fn what_a_terminal_would_obey_is_shown_and_not_done() {
    for c in COMMANDS {
        let words = format!("FROM alpine\nRUN echo {c}\nCOPY --link a{c} /b\nENV {c}=$x{c}\nWORKDIR {c}\n");
        let built = run(Engine::with(words), &[]);
        check(&built);
        assert!(built.result().result.is_some());
        for failing in [
            format!("FROM alpine AS a{c}\n"),
            format!("FROM a{c}\n"),
            format!("FROM --platform={c} alpine\n"),
            format!("FROM alpine\n{c}RUN x\n"),
            format!("FROM alpine\nCOPY --{c} a b\n"),
            format!("FROM alpine\nRUN --mount={c} a\n"),
            format!("FROM alpine\nENV A=${{A:?{c}}}\n"),
            format!("# syntax=some/{c}\nFROM alpine\n"),
            format!("# check=skip={c}\nFROM alpine\n"),
        ] {
            check(&run(Engine::with(failing), &[]));
        }
    }
}

#[test]
fn nor_is_what_images_contexts_and_options_say() {
    for c in COMMANDS {
        let file = "FROM alpine\nRUN x\nCOPY --from=other / /\n";
        for option in [
            format!("context:other=docker-image://busybox{c}"),
            format!("context:other{c}=docker-image://busybox"),
            format!("context:other=local:{c}"),
            format!("context:other=https://h.invalid/{c}.tar"),
            format!("context:other=input:{c}"),
            format!("context:other={c}"),
            format!("target={c}"),
            format!("platform={c}"),
            format!("filename={c}"),
            format!("build-arg:A=\"{c}"),
            format!("add-hosts={c}"),
            format!("ulimit={c}"),
            format!("requestid={c}"),
            format!("no-cache={c}"),
        ] {
            check(&run(Engine::with(file), &[&option]));
        }
        let text = serde_json::to_string(c).unwrap();
        for config in [
            format!(r#"{{"os":"linux","architecture":"amd64","config":{{"OnBuild":[{text}]}}}}"#),
            format!(r#"{{"os":{text},"architecture":{text}}}"#),
            format!(
                r#"{{"os":"linux","architecture":"amd64","config":{{"WorkingDir":{text},"User":{text}}}}}"#
            ),
            format!(r#"{{"config":{{"Env":[{text}, "A={c}"]}}}}"#, c = c.escape_unicode()),
            format!(r#"{{"config":{{"Env":{text}}}}}"#),
        ] {
            check(&run(Engine { config: config.into_bytes(), ..Engine::with(file) }, &[]));
        }
    }
}

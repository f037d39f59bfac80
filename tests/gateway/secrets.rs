//! Secrets: what is planted where secrets lie is looked for in every byte that the frontend sends or prints.

use crate::{Engine, Run, command, run_command};
use multistage::internal::pb::ops;
use prost::Message;

/// Nothing else is called so.
const PLANTED: &str = "hunter2-planted-value";

/// Where a planted value may be found: in these messages, and there only.
#[track_caller]
fn check(dockerfile: &str, options: &[&str], allowed: &[&str]) -> Run {
    // The frontend's own environment is a secret of the engine.
    let mut command = command(options);
    command.env("ENGINE_TOKEN", format!("{PLANTED}-of-the-engine")).env("GIT_AUTH_TOKEN", PLANTED);
    let run = run_command(Engine::with(dockerfile), command);
    assert!(run.status.success(), "{}", run.stderr);
    assert!(!run.stderr.contains(PLANTED), "{}", run.stderr);
    for (method, message) in &run.sent {
        let holds = message.windows(PLANTED.len()).any(|bytes| bytes == PLANTED.as_bytes());
        assert!(!holds || allowed.contains(&method.as_str()), "{method} holds it");
    }
    for warning in &run.warnings {
        let words = [&warning.short[..], &warning.detail.concat(), warning.url.as_bytes()].concat();
        assert!(!String::from_utf8_lossy(&words).contains(PLANTED));
    }
    if let Some(error) = run.returned.as_ref().and_then(|returned| returned.error.as_ref()) {
        assert!(!error.message.contains(PLANTED), "{}", error.message);
    }
    // Names of steps are shown to everybody who sees the progress.
    for solve in &run.solves {
        let entries = solve.definition.iter().flat_map(|definition| &definition.metadata);
        let said = |entry: &ops::OpMetadataEntry| ops::OpMetadata::decode(&entry.metadata[..]).unwrap();
        for entry in entries.flat_map(|entry| said(entry).description) {
            assert!(!entry.value().contains(PLANTED), "{}", entry.value());
        }
    }
    run
}

#[test]
fn values_of_build_arguments_are_sent_to_steps_alone() {
    let options = [&format!("build-arg:API_TOKEN={PLANTED}")[..]];
    // Nobody uses it.
    check("FROM alpine\nRUN x\n", &options, &[]);
    check("ARG API_TOKEN\nFROM alpine\nRUN x\n", &options, &[]);
    // A step has it in its environment, and the image's history tells, as with the reference; and a warning says so
    // without saying it.
    let run =
        check("FROM alpine\nARG API_TOKEN\nRUN x\nENV OTHER=$UNDEFINED\n", &options, &["Solve", "Return"]);
    let shorts: Vec<_> = run.warnings.iter().map(|found| String::from_utf8_lossy(&found.short)).collect();
    assert!(shorts.iter().any(|short| short.contains("SecretsUsedInArgOrEnv")), "{shorts:?}");
    check(
        "FROM alpine\nARG API_TOKEN\nENV PASSWORD=$API_TOKEN\nLABEL key=$API_TOKEN\n",
        &options,
        &["Solve", "Return"],
    );
}

#[test]
fn values_of_build_arguments_are_not_in_errors() {
    let options = [&format!("build-arg:API_TOKEN={PLANTED}")[..]];
    for wrong in [
        "RUM x",
        "ENV A=${B:?must be set}",
        "COPY --from=9 / /",
        "COPY --chmod=x a b",
        "RUN --mount=type=nothing x",
    ] {
        let run = check(&format!("FROM alpine\nARG API_TOKEN\nENV A=$API_TOKEN\n{wrong}\n"), &options, &[]);
        run.error();
    }
}

#[test]
fn secrets_of_mounts_have_names_alone() {
    let mounts = "RUN --mount=type=secret,id=token --mount=type=secret,id=file,target=/t x";
    let run = check(&format!("FROM alpine\n{mounts}\n"), &[], &[]);
    assert!(run.sent.iter().any(|(_, message)| message.windows(5).any(|bytes| bytes == b"token")));
}

#[test]
fn proxies_are_sent_as_proxies_alone() {
    let proxy = format!("build-arg:HTTP_PROXY=http://me:{PLANTED}@proxy.invalid");
    let run = check("FROM alpine\nRUN x\n", &[&proxy], &["Solve"]);
    for (name, value) in &run.result().metadata {
        assert!(!String::from_utf8_lossy(value).contains(PLANTED), "{name}");
    }
}

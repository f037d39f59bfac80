//! The programs in `examples/`: each runs, and what it prints is right.

#![cfg(feature = "gateway")]

#[allow(dead_code)]
#[path = "gateway/bridge.rs"]
mod bridge;

use bridge::{Bridge, Reply};
use multistage::internal::pb::{caps, gateway as gw};
use multistage::llb::Definition;
use prost::Message;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

/// Returns the program of an example, built with the features of this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.parent().and_then(|deps| deps.parent()).expect("it lies in target/PROFILE/deps");
    let program = folder.join("examples").join(name);
    // `cargo test` has built all examples by now; `cargo test --test examples` has not.
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--example", name])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the example {name} does not build");
    program
}

#[track_caller]
fn run(name: &str, arguments: &[&str]) -> Output {
    let output = Command::new(example(name)).args(arguments).output().expect("the example runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn a_graph_by_hand_is_a_definition() {
    let definition = Definition::decode(&run("graph_by_hand", &[]).stdout).expect("a definition");
    assert_eq!(definition.ops.len(), 5);
    assert!(definition.root().is_some());
    let text = run("graph_by_hand", &["--text"]).stdout;
    assert!(String::from_utf8_lossy(&text).contains("tr a-z A-Z"));
}

#[test]
fn a_dockerfile_is_converted() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/go-hello/Dockerfile");
    let output = run("convert", &[file]);
    let (text, notes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("go build") && text.contains(r#""Entrypoint":["hello"]"#), "{text}");
    assert!(!text.contains("this stage is not needed"), "{text}");
    assert!(notes.contains("golang:1.21-alpine"), "{notes}");

    let output = Command::new(example("convert")).args([file, "target=nobody"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nobody"));
}

/// Runs the frontend for definitions against an engine whose client has these files.
fn llb_frontend(files: &'static [(&'static str, Vec<u8>)]) -> (gw::ReturnRequest, Vec<gw::SolveRequest>) {
    let seen = Arc::new(Mutex::new((None, Vec::new())));
    let note = seen.clone();
    let bridge = Bridge::new(move |method, message| {
        let mut note = note.lock().unwrap();
        let reply = match method {
            "Ping" => {
                let cap = |id: &str| caps::ApiCap { id: id.to_owned(), enabled: true, ..Default::default() };
                let llb = ["source.local", "source.local.unique", "source.local.sessionid"];
                let llb = llb.iter().chain(&["source.local.followpaths", "source.local.sharedkeyhint"]);
                let llb = llb.chain(&["constraints", "platform", "meta.description", "file.base"]);
                Reply::Message(
                    gw::PongResponse {
                        frontend_api_caps: ["return", "proto.refarray", "readfile"].map(cap).into(),
                        llb_caps: llb.map(|id| cap(id)).collect(),
                        ..Default::default()
                    }
                    .encode_to_vec(),
                )
            }
            "Solve" => {
                note.1.push(gw::SolveRequest::decode(message).expect("a request"));
                let one = gw::Ref { id: format!("ref-{}", note.1.len()), def: None };
                let result = gw::Result { result: Some(gw::result::Result::Ref(one)), ..Default::default() };
                Reply::Message(
                    gw::SolveResponse { result: Some(result), ..Default::default() }.encode_to_vec(),
                )
            }
            "ReadFile" => {
                let path = gw::ReadFileRequest::decode(message).expect("a request").file_path;
                match files.iter().find(|(name, _)| *name == path) {
                    Some((_, data)) => {
                        Reply::Message(gw::ReadFileResponse { data: data.clone() }.encode_to_vec())
                    }
                    None => Reply::Status(5, "no such file", String::new()),
                }
            }
            "Return" => {
                note.0 = gw::ReturnRequest::decode(message).ok();
                Reply::Message(Vec::new())
            }
            other => panic!("{other} is called"),
        };
        async { reply }
    });
    let mut child = Command::new(example("llb_frontend"))
        .env_clear()
        .env("BUILDKIT_FRONTEND_OPT_0", "filename=my.llb")
        .env("BUILDKIT_SESSION_ID", "session")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the frontend starts");
    let (from, to) = (child.stdout.take().expect("a pipe"), child.stdin.take().expect("a pipe"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bridge.serve(OwnedFd::from(from), OwnedFd::from(to)));
    assert!(child.wait().expect("the child is ours").success());
    let mut seen = seen.lock().unwrap();
    (seen.0.take().expect("Return was called"), std::mem::take(&mut seen.1))
}

/// Returns a definition of one op.
fn small() -> Definition {
    use multistage::llb::{Graph, MarshalOptions, Meta, op};
    let mut graph = Graph::new();
    let folder =
        graph.add(op::Local { name: "context".to_owned(), ..Default::default() }, Meta::named("files"));
    let platform = multistage::image::Platform::host();
    let definition =
        graph.marshal(Some(folder.into()), &MarshalOptions::new(&platform)).expect("it is whole");
    definition.verify().expect("it is canonical");
    definition
}

fn leaked(files: Vec<(&'static str, Vec<u8>)>) -> &'static [(&'static str, Vec<u8>)] {
    files.leak()
}

#[test]
fn the_frontend_for_definitions_builds_the_one_that_it_finds() {
    let config =
        br#"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers"},"config":{"Cmd":["x"]}}"#;
    let files = leaked(vec![("my.llb", small().encode()), ("my.llb.json", config.to_vec())]);
    let (returned, solves) = llb_frontend(files);
    assert_eq!(solves.len(), 2);
    assert_eq!(solves[1].definition.as_ref().expect("a definition").def, small().ops);
    let result = returned.result.expect("a result");
    assert_eq!(result.result, Some(gw::result::Result::Ref(gw::Ref { id: "ref-2".to_owned(), def: None })));
    let told = String::from_utf8_lossy(&result.metadata["containerimage.config"]).into_owned();
    assert!(told.contains(r#""Cmd":["x"]"#), "{told}");
}

#[test]
fn the_frontend_for_definitions_says_what_is_wrong() {
    let (returned, _) = llb_frontend(leaked(vec![("my.llb", b"FROM scratch\n".to_vec())]));
    let message = returned.error.expect("an error").message;
    assert!(message.starts_with("my.llb is no definition: "), "{message}");
    let (returned, _) = llb_frontend(&[]);
    assert_eq!(returned.error.expect("an error").message, "no such file");
}

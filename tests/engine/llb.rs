//! Definitions that were made without an engine build on one: by `examples/llb_frontend.rs`, which takes a definition
//! for its Dockerfile, and give the image that a build of the Dockerfile gives.
//!
//! `MULTISTAGE_LLB_FRONTEND` names the image of that frontend; `scripts/test-engine` makes it.

use std::fs;
use std::process::Command;

use multistage::{Options, Question};
use serde_json::{Value, json};

use crate::harness::{Built, Project, engine};

/// The images that the Go example starts from.
const IMAGES: [&str; 2] = ["golang:1.21-alpine", "alpine:3.15"];

/// Every build of this harness has the network of the host.
const NETWORK: &str = "force-network-mode=host";

/// Returns the frontend for definitions; nothing on engines that cannot be told of it, as a definition has no first line.
fn frontend() -> Option<String> {
    let variable = std::env::var("MULTISTAGE_LLB_FRONTEND");
    (engine().version >= 23).then(|| variable.expect("MULTISTAGE_LLB_FRONTEND is set by scripts/test-engine"))
}

/// Returns the config of an image that the engine has.
fn config(image: &str) -> String {
    let found: Value =
        serde_json::from_str(&engine().run(["image", "inspect", image])).expect("the client prints JSON");
    let found = &found[0];
    let rootfs = json!({ "type": "layers", "diff_ids": found["RootFS"]["Layers"] });
    let platform = (&found["Architecture"], &found["Os"]);
    json!({ "architecture": platform.0, "os": platform.1, "config": found["Config"], "rootfs": rootfs })
        .to_string()
}

/// Builds a definition with the folder of the project as its context.
#[track_caller]
fn build(project: &Project, frontend: &str, definition: &[u8], config: Option<&[u8]>) -> Built {
    let file = project.outside("build.llb", "");
    fs::write(&file, definition).expect("the file can be written");
    if let Some(config) = config {
        fs::write(file.with_extension("llb.json"), config).expect("the file can be written");
    }
    let id = file.with_extension("id");
    let path = |path: &std::path::Path| path.to_str().expect("the path is UTF-8").to_owned();
    let syntax = format!("BUILDKIT_SYNTAX={frontend}");
    let arguments = [
        "build",
        "--network",
        "host",
        "-f",
        &path(&file),
        "--build-arg",
        &syntax,
        "--iidfile",
        &path(&id),
        ".",
    ];
    let log = project.client(&arguments);
    Built::of(fs::read_to_string(id).expect("the client wrote the id"), log)
}

#[test]
fn the_definition_of_the_go_example_builds_the_same_image() {
    let Some(frontend) = frontend() else { return };
    let project = Project::of_folder("examples/go-hello");
    let normal = project.build();

    let mut llb = Command::new(env!("CARGO_BIN_EXE_multistage"));
    llb.arg("llb").arg(project.context()).args(["--opt", NETWORK]);
    for (at, image) in IMAGES.iter().enumerate() {
        let file = project.outside(&format!("{at}.json"), &config(image));
        llb.arg("--image").arg(format!("{image}={}", file.display()));
    }
    let output = llb.output().expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    // The library gives the same bytes, and the config that a definition lacks.
    let text = fs::read(project.context().join("Dockerfile")).expect("the example has a Dockerfile");
    let options =
        Options::of([NETWORK.split_once('=').expect("a name and a value")]).expect("the options are right");
    let converted = multistage::convert(&multistage::parse(text), &options, |question| match question {
        Question::ImageConfig(image) => {
            let name = image.reference.trim_start_matches("docker.io/library/");
            image.found("", config(name))
        }
        other => other.unanswered(),
    });
    let converted = converted.expect("the example can be converted");
    assert_eq!(converted.marshal().expect("the graph is whole").encode(), output.stdout);

    let from_llb = build(&project, &frontend, &output.stdout, Some(&converted.image.to_json()));
    from_llb.ran_only(&[]);
    assert_eq!(from_llb.stages(), normal.stages());
    assert_eq!(from_llb.image().config["rootfs"], normal.image().config["rootfs"]);
    assert_eq!(from_llb.image().config["config"], normal.image().config["config"]);
    assert_eq!(from_llb.image().files, normal.image().files);
}

#[test]
fn a_graph_built_by_hand_builds() {
    let Some(frontend) = frontend() else { return };
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--example", "graph_by_hand"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let built = build(&Project::new(""), &frontend, &output.stdout, None);
    built.text("/shout", "BY HAND\n").lacks("/note");
    assert!(built.log.contains("shout it"), "{}", built.log);
}

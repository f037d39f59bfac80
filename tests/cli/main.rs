//! The command line, run as people run it: the built program, its output, its exit code.

#![cfg(feature = "cli")]

#[path = "../common/command.rs"]
mod command;
mod formats;
mod hooks;
mod mistakes;
mod places;
mod real;
#[path = "../common/schema.rs"]
mod schema;

use command::{Ran, folder, put, run_in, snapshot_in};
use multistage::internal::lint::all_rules;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn run(args: &[&str], input: &str) -> Ran {
    run_in(&cases(), args, input)
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).expect("standard output is JSON")
}

/// Compares with a golden file of this folder.
#[track_caller]
fn snapshot(name: &str, text: &str) {
    snapshot_in("tests/cli", name, text);
}

#[test]
fn what_people_see() {
    for entry in fs::read_dir(cases()).expect("the cases are readable") {
        let name = entry.expect("the cases are readable").file_name();
        let name = name.to_str().expect("names are UTF-8");
        if let Some(case) = name.strip_suffix(".Dockerfile") {
            let ran = run(&["check", name], "");
            snapshot(case, &format!("{}exit code {}", ran.out, ran.code));
        }
    }
}

#[test]
fn exit_codes() {
    assert_eq!(run(&["check", "-"], "FROM alpine\nCMD [\"a\"]\n").code, 0);
    assert_eq!(run(&["check", "-"], "FROM alpine AS Base\n").code, 1);
    assert_eq!(run(&["check", "-"], "FORM alpine\n").code, 2);
    assert_eq!(run(&["check", "-"], "").code, 2);
    assert_eq!(run(&["check", "no-such-file"], "").code, 2);
    assert_eq!(run(&["check", "--skip", "NoSuchRule"], "").code, 2);
    assert_eq!(run(&["check", "--no-such-flag"], "").code, 2);
    assert_eq!(run(&["--help"], "").code, 0);
}

#[test]
fn errors_say_what_to_do() {
    let ran = run(&["check", "no-such-file"], "");
    assert_eq!(ran.out, "");
    assert!(ran.err.starts_with("error: no-such-file: no such file or folder"), "{}", ran.err);
    assert!(ran.err.contains("help: name a Dockerfile"), "{}", ran.err);
    let ran = run(&["check", "--skip", "StageNameCasin"], "");
    assert!(
        ran.err.contains("no rule is called `StageNameCasin` (did you mean StageNameCasing?)"),
        "{}",
        ran.err
    );
}

#[test]
fn all_mistakes_of_a_file_are_told() {
    let ran = run(
        &["check", "--format", "json", "-"],
        "FROM a\nRUNN b\nUSER\nCOPY --from=9 a b\nSTOPSIGNAL nope\n",
    );
    let errors = json(&ran)["buildErrors"].as_array().expect("errors").len();
    assert_eq!((ran.code, errors), (2, 4));
}

#[test]
fn an_argument_without_a_default_is_given_later() {
    let ran = run(&["check", "-"], "ARG BASE\nFROM $BASE\n");
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("InvalidDefaultArgInFrom"), "{}", ran.out);
    assert_eq!(run(&["check", "-"], "FROM $BASE\n").code, 2);
}

#[test]
fn an_unknown_image_may_set_a_variable() {
    assert_eq!(run(&["check", "-"], "FROM golang\nWORKDIR $GOPATH/src\n").code, 0);
    assert_eq!(run(&["check", "-"], "FROM scratch\nWORKDIR $GOROOT/src\n").code, 1);
    assert_eq!(run(&["check", "-"], "ARG A=1\nFROM golang\nWORKDIR /$A\n").code, 1);
}

#[test]
fn another_frontend_is_left_alone() {
    let ran = run(&["check", "-"], "# syntax=example.com/mopy\napiVersion: v1\n");
    assert_eq!((ran.code, ran.out.as_str()), (0, "1 file checked, nothing found\n"));
    assert!(ran.err.contains("written for the frontend example.com/mopy"), "{}", ran.err);
}

#[test]
fn folders_are_searched() {
    let folder = folder("search");
    put(
        &folder,
        &[
            ("Dockerfile", "FROM a AS B\n"),
            ("web/app.dockerfile", "FROM a AS B\n"),
            (".devcontainer/Dockerfile", "FROM a AS B\n"),
            ("Dockerfile.dockerignore", "x\n"),
            ("README.md", "x\n"),
            ("out/Dockerfile", "FROM a AS B\n"),
            (".gitignore", "out/\n"),
        ],
    );
    let ran = run_in(&folder, &["check", "--format", "json"], "");
    let names: Vec<_> = json(&ran)["sources"]
        .as_array()
        .expect("sources")
        .iter()
        .map(|source| source["filename"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(names, [".devcontainer/Dockerfile", "Dockerfile", "web/app.dockerfile"]);
    let ran = run_in(&folder, &["check", "out/Dockerfile", "web"], "");
    assert!(ran.out.contains("2 warnings in 2 files"), "{}", ran.out);
}

#[test]
fn safe_fixes_are_made() {
    let folder = folder("fix");
    put(
        &folder,
        &[(
            "Dockerfile",
            "from alpine as Base\nMAINTAINER a $b \"c\"\nENV A b  c\nENV B $A\nLABEL c 'd e'\nEXPOSE 80/TCP\nRUN a \\\n\n  b\nCMD a\n",
        )],
    );
    let ran = run_in(&folder, &["check", "--fix"], "");
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("JSONArgsRecommended") && ran.out.contains("9 mended"), "{}", ran.out);
    let text = fs::read_to_string(folder.join("Dockerfile")).expect("the file is there");
    assert_eq!(
        text,
        "FROM alpine AS base\nLABEL org.opencontainers.image.authors=\"a \\$b \\\"c\\\"\"\nENV A=\"b  c\"\nENV B=$A\nLABEL c='d e'\nEXPOSE 80/tcp\nRUN a \\\n  b\nCMD a\n"
    );
}

#[test]
fn what_cannot_be_proven_is_not_mended() {
    let folder = folder("no-fix");
    let text = "FROM alpine\nENV A \\\n  b\nENV C a\\ \"b\nCMD [\"a\"]\n";
    put(&folder, &[("Dockerfile", text)]);
    run_in(&folder, &["check", "--fix"], "");
    assert_eq!(fs::read_to_string(folder.join("Dockerfile")).expect("the file is there"), text);
}

#[test]
fn a_broken_file_is_not_mended() {
    let folder = folder("broken");
    let text = "FROM alpine AS B\nRUNN x\n";
    put(&folder, &[("Dockerfile", text)]);
    assert_eq!(run_in(&folder, &["check", "--fix"], "").code, 2);
    assert_eq!(fs::read_to_string(folder.join("Dockerfile")).expect("the file is there"), text);
}

#[test]
fn a_diff_shows_all_fixes_and_writes_none() {
    let text = "FROM alpine AS B\nCMD node app.js\n";
    let ran = run(&["check", "--diff", "-"], text);
    let expected = "@@ -1,2 +1,2 @@\n-FROM alpine AS B\n-CMD node app.js\n+FROM alpine AS b\n+CMD [\"node\", \"app.js\"]\n";
    let changed: Vec<&str> = ran.out.lines().skip(3).collect();
    let mut lines: Vec<&str> = expected.lines().skip(1).collect();
    lines.sort_unstable();
    let mut sorted = changed.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, lines, "{}", ran.out);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("2 warnings in 1 file"), "{}", ran.err);
}

#[test]
fn rules_are_chosen() {
    let text = "FROM alpine AS B\nCMD a\n";
    let rules = |args: &[&str]| -> Vec<String> {
        let args = [&["check", "--format", "json", "-"], args].concat();
        let found = json(&run(&args, text));
        let list = found["warnings"].as_array().cloned().unwrap_or_default();
        list.iter().map(|w| w["ruleName"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(rules(&[]), ["StageNameCasing", "JSONArgsRecommended"]);
    assert_eq!(rules(&["--skip", "stagenamecasing"]), ["JSONArgsRecommended"]);
    assert_eq!(rules(&["--skip", "all"]), [""; 0]);
    let ran = run(&["check", "--error", "StageNameCasing", "-"], text);
    assert!(ran.out.contains("error[StageNameCasing]") && ran.out.contains("warning[JSON"), "{}", ran.out);
    assert_eq!(ran.code, 1);
}

#[test]
fn pages_of_rules() {
    let ran = run(&["check", "--explain", "stageNameCasing"], "");
    assert!(ran.out.starts_with("StageNameCasing\n\nStage names should be lowercase\n"), "{}", ran.out);
    assert!(ran.out.contains("https://docs.docker.com/go/dockerfile/rule/stage-name-casing/"), "{}", ran.out);
    assert_eq!(run(&["check", "--explain"], "").out.lines().count(), all_rules().count());
    for rule in all_rules() {
        let page = run(&["check", "--explain", rule.name], "");
        let has = |text: &str| page.out.contains(text);
        assert!(page.code == 0 && has(rule.name) && has(rule.description) && has(rule.url), "{}", page.out);
        assert!(has("Not so:") && has("But so:"), "{}", page.out);
    }
    assert!(run(&["check", "--explain", "UnusedStage"], "").out.contains("--all"));
}

#[test]
fn colours() {
    let text = "FROM alpine AS B\n";
    assert!(!run(&["check", "-"], text).out.contains('\u{1b}'));
    assert!(run(&["--color", "always", "check", "-"], text).out.contains("\u{1b}["));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_multistage"))
        .args(["check", "--format", "sarif", "."])
        .current_dir(cases())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn completions_and_pages() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(run(&["completions", shell], "").out.contains("multistage"), "{shell}");
    }
    assert!(run(&["man"], "").out.contains(".TH multistage 1"));
    let folder = folder("man");
    assert_eq!(run(&["man", folder.to_str().expect("a path of UTF-8")], "").code, 0);
    let page = fs::read_to_string(folder.join("multistage-check.1")).expect("a page for each command");
    assert!(page.contains("Exit codes"), "{page}");
}

/// A build of several stages, of which two are not needed.
const STAGES: &str = "\
ARG GO=1.23
FROM busybox AS tools
FROM golang:${GO} AS base
COPY go.mod ./
FROM base AS builder
COPY . .
RUN --mount=type=bind,from=tools,source=/bin,target=/t go build
FROM base AS test
COPY --from=builder /app /app
FROM test AS report
RUN true
FROM scratch
COPY --from=builder /app /app
";

/// Makes a folder with a Dockerfile and described images.
fn project(name: &str, dockerfile: &str) -> PathBuf {
    let folder = folder(name);
    let config = r#"{"os":"linux","architecture":"amd64","config":{"Env":["PATH=/bin","GOPATH=/go"]},"rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}}"#;
    let list = format!(
        r#"{{"golang:1.23":{config},"busybox":{{"digest":"sha256:{}","image":{config}}}}}"#,
        "1".repeat(64)
    );
    put(
        &folder,
        &[
            ("Dockerfile", dockerfile),
            ("images.json", &list),
            ("config.json", config),
            (".dockerignore", "*.log\n"),
        ],
    );
    folder
}

#[test]
fn a_definition_comes_out_as_bytes_text_and_json() {
    use multistage::llb::Definition;
    let folder = project("llb", STAGES);
    let args = ["llb", "--images", "images.json"];
    let output = Command::new(env!("CARGO_BIN_EXE_multistage")).args(args).current_dir(&folder).output();
    let definition = Definition::decode(&output.expect("the program runs").stdout).expect("a definition");
    let (root, _) = definition.root().expect("a result");
    let ran = run_in(&folder, &["llb", "--json", "--images", "images.json"], "");
    assert!(json(&ran)["def"][root.to_string()].is_object(), "{}", ran.out);
    let ran = run_in(&folder, &["llb", "--text", "--images", "images.json"], "");
    assert!(
        ran.out
            .contains(&format!("docker-image://docker.io/library/busybox:latest@sha256:{}", "1".repeat(64)))
    );
    assert!(!ran.out.contains("[report"), "{}", ran.out);
}

#[test]
fn images_are_never_guessed_in_silence() {
    let folder = project("guess", "FROM golang:1.23\nWORKDIR $GOPATH/src\n");
    let ran = run_in(&folder, &["llb", "--text"], "");
    assert!(
        ran.err.starts_with("note: taken for plain images, as nothing is known of them: golang:1.23"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("mkdir /src"), "{}", ran.out);
    let ran = run_in(&folder, &["llb", "--text", "--image", "golang:1.23=config.json"], "");
    assert!(ran.err.is_empty() && ran.out.contains("mkdir /go/src"), "{}{}", ran.err, ran.out);
}

#[test]
fn images_come_from_an_oci_layout() {
    let folder = project("layout", "FROM golang:1.23\nWORKDIR $GOPATH/src\n");
    let config = fs::read_to_string(folder.join("config.json")).expect("the config is there");
    let digest = |c: &str| format!("sha256:{}", c.repeat(64));
    let manifest = format!(
        r#"{{"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}"}}}}"#,
        digest("b")
    );
    let index = format!(
        r#"{{"manifests":[{{"digest":"{}","annotations":{{"org.opencontainers.image.ref.name":"golang:1.23"}}}}]}}"#,
        digest("a")
    );
    put(
        &folder,
        &[
            ("layout/index.json", &index),
            (&format!("layout/blobs/sha256/{}", "a".repeat(64)), &manifest),
            (&format!("layout/blobs/sha256/{}", "b".repeat(64)), &config),
        ],
    );
    for args in [["--images", "layout"], ["--image", "golang:1.23=layout"]] {
        let ran = run_in(&folder, &[&["llb", "--text"][..], &args].concat(), "");
        assert!(ran.err.is_empty() && ran.out.contains("mkdir /go/src"), "{}{}", ran.err, ran.out);
        assert!(ran.out.contains(&format!("golang:1.23@{}", digest("a"))), "{}", ran.out);
    }
    // The same as an archive, if there is a program that makes one.
    let packed =
        Command::new("tar").args(["cf", "layout.tar", "-C", "layout", "."]).current_dir(&folder).status();
    if packed.is_ok_and(|status| status.success()) {
        let ran = run_in(&folder, &["llb", "--text", "--images", "layout.tar"], "");
        assert!(ran.err.is_empty() && ran.out.contains("mkdir /go/src"), "{}{}", ran.err, ran.out);
    }
}

#[test]
fn a_broken_build_is_shown_with_its_place() {
    let folder = project("broken-build", "FROM scratch\nCOPY --from=7 a b\n");
    let ran = run_in(&folder, &["llb", "--text"], "");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("invalid stage index 7"), "{}", ran.err);
    let ran = run_in(&folder, &["llb", "--text", "--target", "x"], "");
    assert!(ran.err.starts_with("error: target stage \"x\" could not be found"), "{}", ran.err);
    let ran = run_in(&folder, &["llb", "--text", "-f", "missing"], "");
    assert!(ran.err.contains("missing: No such file"), "{}", ran.err);
}

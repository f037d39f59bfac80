//! `graph`, `explain`, `diff` and `llb` as people run them: the built program, its output, its exit code.
//!
//! Golden output lies beside this file; JSON is held against the schemas in `docs/`.

#![cfg(feature = "cli")]

#[path = "../common/command.rs"]
mod command;
mod images;
mod kit;
mod pairs;
mod project;
#[path = "../common/schema.rs"]
mod schema;

use command::{Ran, folder, put, run_in};
use project::{project, snapshot};
use schema::close;
use serde_json::Value;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// A build of several stages, of which two are not needed.
const STAGES: &str = "\
ARG GO=1.23
FROM busybox AS tools
FROM golang:${GO} AS base
COPY go.mod ./
FROM base AS builder
ARG VERSION=dev
COPY . .
RUN --mount=type=bind,from=tools,source=/bin,target=/t go build -ldflags=-X=main.v=$VERSION
FROM base AS test
COPY --from=builder /app /app
FROM test AS report
RUN true
FROM scratch
COPY --from=builder /app /app
";

fn stages(name: &str) -> PathBuf {
    let folder = project(name, STAGES);
    put(
        &folder,
        &[("go.mod", "module x"), ("main.go", "package main"), ("a.log", ""), ("docs/x.md", "text")],
    );
    folder
}

/// Runs a command on the stages, for one platform and with all images described.
fn see(folder: &Path, args: &[&str]) -> Ran {
    run_in(folder, &[args, &["--platform", "linux/amd64", "--images", "images.json"]].concat(), "")
}

#[track_caller]
fn check(name: &str, folder: &Path, args: &[&str], code: i32) {
    let ran = see(folder, args);
    assert_eq!((ran.code, ran.err.as_str()), (code, ""));
    snapshot(name, &ran.out);
}

#[test]
fn formats() {
    let folder = stages("see-formats");
    check("graph", &folder, &["graph"], 0);
    check("graph-ops", &folder, &["graph", "--ops"], 0);
    check("graph-dot", &folder, &["graph", "--format", "dot"], 0);
    check("graph-mermaid", &folder, &["graph", "--format", "mermaid"], 0);
    check("graph-json", &folder, &["graph", "--format", "json"], 0);
    check("explain", &folder, &["explain"], 0);
    check("explain-target", &folder, &["explain", "--target", "report"], 0);
    let changed = ["--changed", "main.go", "--changed", "a.log", "--changed", "docs"];
    check("explain-changed", &folder, &[&["explain"][..], &changed].concat(), 0);
    check("explain-arg", &folder, &["explain", "--arg", "VERSION"], 0);
    check("explain-json", &folder, &[&["explain", "--json", "--arg", "GO=1.24"][..], &changed].concat(), 0);
    check("diff", &folder, &["diff", "Dockerfile", "--then-build-arg", "VERSION=2"], 1);
    check("diff-json", &folder, &["diff", "Dockerfile", "--json", "--then-build-arg", "VERSION=2"], 1);
    check("diff-same", &folder, &["diff", "Dockerfile", "Dockerfile"], 0);
    check("llb-text", &folder, &["llb", "--text"], 0);
}

#[test]
fn pictures_stand_alone() {
    let folder = stages("see-pictures");
    for (format, first, last) in [("svg", "<svg ", "</svg>"), ("html", "<!doctype html>", "</html>")] {
        for more in [&[][..], &["--ops"]] {
            let ran = see(&folder, &[&["graph", "--format", format][..], more].concat());
            assert_eq!(ran.code, 0);
            let picture = ran.out.trim();
            assert!(picture.starts_with(first) && picture.ends_with(last), "{format}");
            assert!(picture.contains("prefers-color-scheme:dark"));
            // No address but that of the language of SVG, which nobody fetches.
            let addresses = picture.replace("http://www.w3.org/2000/svg", "");
            assert!(!addresses.contains("http://") && !addresses.contains("https://"), "{format}");
        }
    }
}

#[test]
fn the_picture_in_the_readme_is_what_is_drawn() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let drawn = run_in(&root.join("examples/go-hello"), &["graph", "--format", "svg"], "").out;
    let kept = std::fs::read_to_string(root.join("docs/go-hello.svg")).expect("the picture can be read");
    assert!(
        drawn == kept,
        "`multistage graph --format svg examples/go-hello > docs/go-hello.svg` draws it anew"
    );
}

#[test]
fn json_has_the_form_of_its_schema() {
    let folder = stages("see-schemas");
    let cases: [(&str, &[&str]); 9] = [
        ("graph", &["graph", "--format", "json"]),
        ("graph", &["graph", "--format", "json", "--ops"]),
        ("graph", &["graph", "--format", "json", "--target", "report"]),
        ("explain", &["explain", "--json"]),
        ("explain", &["explain", "--json", "--target", "tools"]),
        ("explain", &["explain", "--json", "--changed", "main.go", "--changed", "a.log", "--arg", "GO"]),
        ("diff", &["diff", "Dockerfile", "--json"]),
        ("diff", &["diff", "Dockerfile", "--json", "--then-build-arg", "GO=1.24"]),
        ("diff", &["diff", "Dockerfile", "--json", "--then-target", "report"]),
    ];
    for (schema, args) in cases {
        let ran = see(&folder, args);
        let value: Value = serde_json::from_str(&ran.out).expect("it is JSON");
        assert_eq!(faults(schema, &value), "", "{args:?}");
    }
    // A schema that allows anything would tell nothing.
    let mut value: Value = serde_json::from_str(&see(&folder, cases[0].1).out).expect("it is JSON");
    value["nodes"][0]["kind"] = Value::from("box");
    assert!(faults("graph", &value).contains("/nodes/0/kind"), "{}", faults("graph", &value));
    value["nodes"][0]["undocumented"] = Value::from(1);
    assert!(faults("graph", &value).contains("undocumented"));
}

/// Says what of a document its schema does not allow. Here fields that the schema does not name are faults, too.
fn faults(schema: &str, value: &Value) -> String {
    static ALL: LazyLock<(boon::Schemas, HashMap<&str, boon::SchemaIndex>)> = LazyLock::new(|| {
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        let indices = ["graph", "explain", "diff"].map(|schema| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{schema}.schema.json"));
            let text = std::fs::read_to_string(path).expect("the schema can be read");
            let mut rules: Value = serde_json::from_str(&text).expect("the schema is JSON");
            close(&mut rules);
            let name = format!("{schema}.json");
            compiler.add_resource(&name, rules).expect("a name");
            (schema, compiler.compile(&name, &mut schemas).expect("the schema is right"))
        });
        (schemas, indices.into())
    });
    let (schemas, indices) = &*ALL;
    schemas.validate(value, indices[schema]).err().map_or(String::new(), |error| format!("{error:#}"))
}

#[test]
fn exit_codes() {
    let folder = stages("see-codes");
    put(&folder, &[("broken", "FROM scratch\nCOPY --from=7 a b\n")]);
    for (args, code) in [
        (&["graph"][..], 0),
        (&["graph", "--target", "nowhere"], 2),
        (&["graph", "--format", "png"], 2),
        (&["graph", "-f", "broken"], 2),
        (&["explain", "--changed", "nowhere"], 0),
        (&["explain", "--arg", "NOWHERE"], 0),
        (&["explain", "-f", "nowhere"], 2),
        (&["explain", "-f", "broken", "--json"], 2),
        (&["explain", "--arg", "GO=not a tag"], 2),
        (&["diff", "Dockerfile"], 0),
        (&["diff", "Dockerfile", "--then-target", "test"], 1),
        (&["diff", "Dockerfile", "broken"], 2),
        (&["diff"], 2),
        (&["llb", "--text"], 0),
        (&["llb", "--text", "--json"], 2),
        (&["llb", "--platform", "linux/amd64,linux/arm64"], 2),
        (&["completions", "bash"], 0),
        (&["completions", "tcsh"], 2),
        (&["man"], 0),
        (&[], 2),
    ] {
        let ran = run_in(&folder, args, "");
        assert_eq!(ran.code, code, "{args:?}\n{}{}", ran.out, ran.err);
        assert!(
            code != 2 || (ran.out.is_empty() && !ran.err.is_empty()),
            "{args:?} says why, and nothing else"
        );
    }
}

#[test]
fn colours_are_asked_for() {
    let folder = folder("see-colours");
    put(&folder, &[("Dockerfile", "FROM scratch\nCOPY --from=7 a b\n")]);
    let is_coloured = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multistage"));
        command.args(args).current_dir(&folder).env_remove("NO_COLOR").envs(variables.iter().copied());
        let output = command.output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2));
        output.stderr.contains(&0x1b)
    };
    for command in ["graph", "explain", "llb"] {
        assert!(!is_coloured(&[command], &[]), "{command}: nobody looks");
        assert!(is_coloured(&["--color", "always", command], &[]), "{command}");
        assert!(
            is_coloured(&[command, "--color", "always"], &[("NO_COLOR", "1")]),
            "{command}: what is said counts more"
        );
        assert!(!is_coloured(&["--color", "never", command], &[]), "{command}");
        assert!(!is_coloured(&["--color", "auto", command], &[("NO_COLOR", "1")]), "{command}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = stages("see-pipes");
    let commands: [&[&str]; 6] = [
        &["graph", "--format", "html"],
        &["explain", "--json"],
        &["diff", "Dockerfile", "--json"],
        &["llb"],
        &["completions", "zsh"],
        &["man"],
    ];
    for args in commands {
        let mut command = Command::new(env!("CARGO_BIN_EXE_multistage"));
        command.args(args).current_dir(&folder).stdout(Stdio::piped()).stderr(Stdio::piped());
        if !matches!(args[0], "completions" | "man") {
            command.args(["--images", "images.json"]);
        }
        let mut child = command.spawn().expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the program ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*said), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn each_command_has_completions_and_a_page() {
    let commands = ["check", "llb", "graph", "explain", "diff", "completions", "man"];
    let folder = folder("see-manual");
    assert_eq!(run_in(&folder, &["man", "pages"], "").code, 0);
    let completions = run_in(&folder, &["completions", "fish"], "").out;
    for command in commands {
        let page = std::fs::read_to_string(folder.join(format!("pages/multistage-{command}.1")));
        assert!(page.is_ok_and(|page| page.contains(".SH SYNOPSIS")), "{command}");
        assert!(completions.contains(&format!("-a \"{command}\"")), "{command}");
    }
    let page = std::fs::read_to_string(folder.join("pages/multistage-explain.1")).expect("there is a page");
    assert!(page.contains("changed") && page.contains("Examples"), "{page}");
}

/// Lets a program of this machine judge; nothing if it is not there, which is said.
fn judge(program: &str, args: &[&str]) -> Option<(bool, String)> {
    match Command::new(program).args(args).stdin(Stdio::null()).output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
        }
        Err(_) => {
            let _ = writeln!(std::io::stderr(), "skipped: there is no {program} to try what is made for it");
            None
        }
    }
}

#[test]
fn shells_take_their_completions() {
    let folder = folder("see-shells");
    let own = Path::new(env!("CARGO_BIN_EXE_multistage")).parent().expect("a program is in a folder");
    let path = format!("PATH={}:$PATH; ", own.display());
    let file = |shell: &str| {
        put(&folder, &[(shell, &run_in(&folder, &["completions", shell], "").out)]);
        folder.join(shell).display().to_string()
    };
    let bash = format!(
        "{path}source {}; COMP_WORDS=(multistage gr); COMP_CWORD=1; _multistage multistage gr multistage; echo ${{COMPREPLY[@]}}",
        file("bash")
    );
    let fish = format!(
        "source {}; complete -C 'multistage gr'; complete -C 'multistage explain --ch'",
        file("fish")
    );
    let zsh = format!(
        "fpath=({} $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[multistage]; whence -v _multistage",
        folder.display()
    );
    put(&folder, &[("_multistage", &run_in(&folder, &["completions", "zsh"], "").out)]);
    for (shell, args, wanted) in [
        ("bash", ["--norc", "-c", &*bash], &["graph"][..]),
        ("fish", ["--no-config", "-c", &*fish], &["graph", "--changed"]),
        ("zsh", ["-f", "-c", &*zsh], &["_multistage"]),
    ] {
        let Some((is_fine, said)) = judge(shell, &args) else { continue };
        assert!(is_fine && wanted.iter().all(|word| said.contains(word)), "{shell}: {said}");
    }
}

#[test]
fn pages_are_set_without_a_warning() {
    let folder = folder("see-pages");
    assert_eq!(run_in(&folder, &["man", "."], "").code, 0);
    for entry in std::fs::read_dir(&folder).expect("the pages are there") {
        let page = entry.expect("the folder can be read").path().display().to_string();
        let Some((is_fine, said)) = judge("groff", &["-man", "-Kutf8", "-Tutf8", "-ww", "-z", &page]) else {
            return;
        };
        assert!(is_fine && said.is_empty(), "{page}: {said}");
    }
}

#[test]
fn words_of_a_file_reach_no_terminal_as_commands() {
    let folder = folder("see-escapes");
    put(
        &folder,
        &[(
            "Dockerfile",
            "FROM scratch AS a\nCOPY \u{1b}]0;x\u{7} /\u{202e}x\nFROM a\nCOPY --from=a /\u{1b}[2J /\n",
        )],
    );
    let commands: [&[&str]; 6] = [
        &["graph"],
        &["graph", "--ops"],
        &["graph", "--format", "mermaid"],
        &["graph", "--format", "dot"],
        &["explain"],
        &["llb", "--text"],
    ];
    for args in commands {
        let ran = run_in(&folder, args, "");
        assert_eq!(ran.code, 0, "{args:?} {}", ran.err);
        let bad = |c: char| c.is_control() && c != '\n';
        assert!(!ran.out.contains(bad) && !ran.err.contains(bad), "{args:?}: {:?}", ran.out);
    }
}

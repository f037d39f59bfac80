//! The GitHub Action and the pre-commit hooks in this repository, as their runners use them.

use super::{Ran, folder, json, put, run_in};
use std::path::{Path, PathBuf};
use std::process::Command;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).expect("the file is there")
}

/// Returns the script of a step of the action.
fn script(step: &str) -> String {
    let text = read("action.yml");
    let (_, rest) = text.split_once(&format!("- name: {step}\n")).expect("the action has this step");
    let (_, rest) = rest.split_once("run: |\n").expect("the step has a script");
    let is_inside = |line: &&str| line.is_empty() || line.starts_with("        ");
    rest.lines()
        .take_while(is_inside)
        .map(|line| line.trim_start_matches("        ").to_owned() + "\n")
        .collect()
}

/// Runs a step as the runner does: `bash --noprofile --norc -eo pipefail FILE`, with the inputs as variables.
fn step(name: &str, folder: &Path, inputs: &[(&str, &str)]) -> Ran {
    let file = folder.join("step.sh");
    std::fs::write(&file, script(name)).expect("a file can be written");
    let programs = Path::new(env!("CARGO_BIN_EXE_multistage")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail"])
        .arg(&file)
        .env("PATH", format!("{}:{path}", programs.display()))
        .envs(inputs.iter().copied())
        .current_dir(folder)
        .output()
        .expect("bash is there");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}

fn project(name: &str) -> PathBuf {
    let folder = folder(name);
    let text = "FROM alpine AS Base\n";
    put(&folder, &[("a b/My Dockerfile", text), ("web/Dockerfile", text), ("*/Dockerfile", text)]);
    folder
}

#[test]
fn the_action_checks_what_it_is_given() {
    let folder = project("action");
    assert_eq!(step("Install", &folder, &[]).code, 0);
    let files = |paths: &str, args: &str| {
        let ran = step("Check", &folder, &[("PATHS", paths), ("ARGS", args)]);
        let names = ran.out.lines().map(|line| {
            let (_, rest) = line.split_once("file=").expect("an annotation");
            rest.split_once(',').expect("a line").0.to_owned()
        });
        (ran.code, names.collect::<Vec<_>>(), ran.err)
    };
    let found =
        |names: &[&str]| (1, names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), String::new());
    assert_eq!(files(".", ""), found(&["*/Dockerfile", "web/Dockerfile"]));
    // Nothing means this folder.
    assert_eq!(files("", ""), found(&["*/Dockerfile", "web/Dockerfile"]));
    // One a line: a name may have blanks, and means itself.
    assert_eq!(files("a b/My Dockerfile\n\n  web\n", ""), found(&["a b/My Dockerfile", "web/Dockerfile"]));
    assert_eq!(files("*/Dockerfile", ""), found(&["*/Dockerfile"]));
    assert_eq!(files("web", "--skip StageNameCasing").0, 0);
    assert_eq!(files("web", "--skip\nStageNameCasing").0, 0);
    let (code, _, err) = files("nowhere", "");
    assert!(code == 2 && err.contains("nowhere: no such file or folder"), "{code} {err}");
}

/// pre-commit hands in the names of files that its patterns let through; they are those that a search finds.
#[test]
fn the_hooks_take_what_a_search_finds() {
    let text = read(".pre-commit-hooks.yaml");
    let patterns = |key: &str| -> Vec<regex::Regex> {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": '"));
        lines.map(|it| regex::Regex::new(it.trim_end_matches('\'')).expect("a pattern")).collect()
    };
    let (files, exclude) = (patterns("files"), patterns("exclude"));
    assert_eq!((files.len(), exclude.len()), (2, 2));
    const NAMES: [&str; 24] = [
        "Dockerfile",
        "dockerfile",
        "Containerfile",
        "Dockerfile.dev",
        "Dockerfile-dev",
        "Dockerfile_dev",
        "a b/Dockerfile.alpine3.19",
        "web.Dockerfile",
        "web/my app.dockerfile",
        "web.containerfile",
        ".devcontainer/Dockerfile",
        "Dockerfile.dockerignore",
        "Dockerfile.md",
        "Dockerfile.txt",
        "Dockerfile.j2",
        "Dockerfile.tmpl",
        "Dockerfile.template",
        "Dockerfile.erb",
        "Dockerfile.orig",
        "Dockerfile~",
        "Dockerfiles",
        "docker-compose.yml",
        "mydockerfile",
        "dockerfile_parser.orig",
    ];
    let folder = folder("hooks");
    put(&folder, &NAMES.map(|name| (name, "FROM scratch\n")));
    let found = json(&run_in(&folder, &["check", "--format", "json"], ""));
    let found: Vec<&str> = found["sources"]
        .as_array()
        .expect("sources")
        .iter()
        .filter_map(|it| it["filename"].as_str())
        .collect();
    for name in NAMES {
        let is_taken = |at: usize| files[at].is_match(name) && !exclude[at].is_match(name);
        assert_eq!([is_taken(0), is_taken(1)], [found.contains(&name); 2], "{name}");
    }
}

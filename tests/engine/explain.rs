//! What `multistage explain` foretells, held against what the engine does.
//!
//! Each case is built, asked about, changed and built again. The steps that then ran must be those foretold.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Project, engine, nonce};

/// What is foretold, and what happens: steps by the part in brackets.
struct Expected<'a> {
    /// These run again.
    reruns: &'a [&'a str],
    /// Of these nobody can tell beforehand.
    may_rerun: &'a [&'a str],
    /// So many of them do in this case.
    did_rerun: &'a [&'a str],
}

/// Expects that some steps run again and that nothing else may.
fn exactly<'a>(reruns: &'a [&'a str]) -> Expected<'a> {
    Expected { reruns, may_rerun: &[], did_rerun: &[] }
}

/// Builds, gives paths new content, builds again.
#[track_caller]
fn check_changed(project: &Project, paths: &[&str], expected: &Expected<'_>) {
    let content = nonce();
    check(project, paths, expected, |project| paths.iter().for_each(|path| project.write(path, &content)));
}

/// Builds, asks about paths, changes something, builds again.
#[track_caller]
fn check(project: &Project, paths: &[&str], expected: &Expected<'_>, change: impl FnOnce(&Project)) {
    project.build();
    let args: Vec<String> = paths.iter().map(|path| format!("--changed={path}")).collect();
    let foretold = &ask(project, &args)["changed"];
    assert_eq!(places(&foretold["reruns"]), set(expected.reruns), "foretold to run again: {foretold:#}");
    assert_eq!(places(&foretold["mayRerun"]), set(expected.may_rerun), "foretold to run maybe: {foretold:#}");
    change(project);
    project.build().ran_only(&[expected.reruns, expected.did_rerun].concat());
}

/// Builds, asks about an argument, builds again with another value.
#[track_caller]
fn check_arg(project: Project, name: &str, value: &str, expected: &Expected<'_>) {
    project.build();
    let foretold = &ask(&project, &[format!("--arg={name}={value}")])["arg"];
    let fated = |fate: &str| -> BTreeSet<String> {
        let lists = ["direct", "followers"].into_iter().flat_map(|list| foretold[list].as_array().unwrap());
        lists.filter(|step| step["fate"] == fate).filter_map(place).collect()
    };
    assert_eq!(fated("reruns"), set(expected.reruns), "foretold to run again: {foretold:#}");
    assert_eq!(fated("mayRerun"), set(expected.may_rerun), "foretold to run maybe: {foretold:#}");
    let project = project.arg(&format!("--build-arg={name}={value}"));
    project.build().ran_only(&[expected.reruns, expected.did_rerun].concat());
}

/// Runs `multistage explain` with the flags of the build.
#[track_caller]
fn ask(project: &Project, args: &[String]) -> Value {
    let context = project.context();
    let file = context.parent().expect("it lies in a folder").join("Dockerfile");
    let output = Command::new(env!("CARGO_BIN_EXE_multistage"))
        .args(["explain", "--json", "--file"])
        .arg(file)
        .args(project.flags())
        .args(args)
        .arg(context)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

fn set(places: &[&str]) -> BTreeSet<String> {
    places.iter().map(|place| (*place).to_owned()).collect()
}

fn places(steps: &Value) -> BTreeSet<String> {
    steps.as_array().expect("a list of steps").iter().filter_map(place).collect()
}

/// Returns the part in brackets of a step's name.
fn place(step: &Value) -> Option<String> {
    let (place, _) = step["name"].as_str()?.strip_prefix('[')?.split_once("] ")?;
    place.contains('/').then(|| place.split_whitespace().collect::<Vec<_>>().join(" "))
}

const STAGES: &str = "FROM busybox AS left\nCOPY left /\nRUN cat /left >/out\n\
    FROM busybox AS right\nCOPY right/ /right\nRUN cat /right/* >/out\n\
    FROM busybox AS last\nCOPY --from=left /out /left\nCOPY --from=right /out /right\nRUN cat /left /right\n";

fn stages() -> Project {
    Project::new(STAGES).file("left", "1").file("right/a", "1")
}

#[test]
fn a_chain_runs_again_and_what_takes_its_files() {
    let did_rerun = ["last 2/4", "last 3/4", "last 4/4"];
    let expected =
        Expected { reruns: &["left 2/3", "left 3/3"], may_rerun: &did_rerun, did_rerun: &did_rerun };
    check_changed(&stages(), &["left"], &expected);
}

#[test]
fn a_step_is_known_by_the_files_it_takes() {
    // What is copied comes out as before, so the last stage is found again.
    let project = Project::new(
        "FROM busybox AS build\nCOPY src /src\nRUN wc -l </src/a >/out\nFROM busybox\nCOPY --from=build /out /\n",
    );
    let project = project.file("src/a", "1\n");
    let expected =
        Expected { reruns: &["build 2/3", "build 3/3"], may_rerun: &["stage-1 2/2"], did_rerun: &[] };
    let text = format!("{}\n", nonce());
    check(&project, &["src/a"], &expected, |project| project.write("src/a", &text));
}

#[test]
fn globs() {
    let project = Project::new("FROM busybox\nCOPY *.go go.?od /src/\nRUN ls /src\nCOPY */x /x\nRUN ls /x\n");
    let project = project.file("a.go", "1").file("go.mod", "1").file("README.md", "1");
    let project = project.file("one/x", "1").file("two/x", "1").file("one/y", "1");
    check_changed(&project, &["README.md", "one/y"], &exactly(&[]));
    check_changed(&project, &["two/x"], &exactly(&["4/5", "5/5"]));
    check_changed(&project, &["go.mod"], &exactly(&["2/5", "3/5", "4/5", "5/5"]));
}

#[test]
fn ignored_files() {
    let project = Project::new("FROM busybox\nCOPY . /all\nRUN ls /all\n");
    let project = project.file(".dockerignore", "*.md\n!README.md\nnode_modules\n**/*.tmp\n");
    let project = project.file("a.md", "1").file("README.md", "1").file("x/node_modules/y", "1");
    let project = project.file("node_modules/y", "1").file("x/y/z.tmp", "1");
    check_changed(&project, &["a.md", "node_modules/y", "x/y/z.tmp"], &exactly(&[]));
    check_changed(&project, &["README.md"], &exactly(&["2/3", "3/3"]));
    check_changed(&project, &["x/node_modules/y"], &exactly(&["2/3", "3/3"]));
}

#[test]
fn excluded_files() {
    if engine().version < 23 {
        return; // it skips --exclude and --parents
    }
    let project =
        Project::new("FROM busybox\nCOPY --exclude=*.md src /src\nCOPY --exclude=**/*.go src /docs\n");
    let project = project.file("src/a.md", "1").file("src/docs/a.md", "1").file("src/docs/a.go", "1");
    check_changed(&project, &["src/a.md"], &exactly(&["3/3"]));
    check_changed(&project, &["src/docs/a.go"], &exactly(&["2/3", "3/3"]));
    check_changed(&project, &["src/docs/a.md"], &exactly(&["2/3", "3/3"]));
}

#[test]
fn parents() {
    if engine().version < 23 {
        return; // it skips --exclude and --parents
    }
    let project = Project::new("FROM busybox\nCOPY --parents src/*/*.go lib/./deep /out/\nRUN ls -R /out\n");
    let project = project.file("src/a/x.go", "1").file("src/a/x.c", "1").file("src/x.go", "1");
    let project = project.file("lib/deep/y", "1").file("lib/y", "1");
    check_changed(&project, &["src/a/x.c", "src/x.go", "lib/y"], &exactly(&[]));
    check_changed(&project, &["src/a/x.go"], &exactly(&["2/3", "3/3"]));
    check_changed(&project, &["lib/deep/y"], &exactly(&["2/3", "3/3"]));
}

#[test]
fn added_files() {
    let project = Project::new("FROM busybox\nADD --chmod=600 data a/b /data/\nADD c /c\n");
    let project = project.file("data", "1").file("a/b/x", "1").file("c/x", "1").file("a/y", "1");
    check_changed(&project, &["a/y"], &exactly(&[]));
    check_changed(&project, &["c/x"], &exactly(&["3/3"]));
    check_changed(&project, &["a/b/x"], &exactly(&["2/3", "3/3"]));
}

#[test]
fn mounts_of_the_context() {
    let project = Project::new(
        "FROM busybox\nRUN --mount=source=lib,target=/lib cat /lib/a\nRUN --mount=target=/all,rw ls /all\nRUN date\n",
    );
    let project = project.file("lib/a", "1").file("other", "1");
    check_changed(&project, &["other"], &exactly(&["stage-0 3/4", "stage-0 4/4"]));
    let all = ["stage-0 2/4", "stage-0 3/4", "stage-0 4/4"];
    check_changed(&project, &["lib/a"], &exactly(&all));
}

#[test]
fn mounts_of_stages() {
    let project = Project::new(
        "FROM busybox AS tools\nCOPY tool /bin/tool\nRUN date >/date\n\
         FROM busybox AS other\nRUN --mount=from=tools,source=/bin/tool,target=/tool cat /tool\nRUN date\n\
         FROM tools\nRUN --mount=from=tools,target=/t,ro ls /t\n",
    );
    let project = project.file("tool", "1").arg("--target=other");
    let did_rerun = ["other 2/3", "other 3/3"];
    let expected =
        Expected { reruns: &["tools 2/3", "tools 3/3"], may_rerun: &did_rerun, did_rerun: &did_rerun };
    check_changed(&project, &["tool"], &expected);
    // Where a stage is mounted into what stands on it, the engine looks at its files, not at how it came to be.
    let project = project.no_args();
    let expected = Expected {
        reruns: &["tools 2/3", "tools 3/3"],
        may_rerun: &["stage-2 1/1"],
        did_rerun: &["stage-2 1/1"],
    };
    check_changed(&project, &["tool"], &expected);
}

#[test]
fn heredocs() {
    let project = Project::new(
        "FROM busybox\nCOPY <<one /one\ntext\none\nCOPY file <<two /both/\ntext\ntwo\nRUN <<three\ncat /both/*\nthree\n",
    );
    let project = project.file("file", "1").file("one", "1").file("two", "1");
    check_changed(&project, &["one", "two"], &exactly(&[]));
    check_changed(&project, &["file"], &exactly(&["3/4", "4/4"]));
}

#[test]
fn linked_layers_stand_on_nothing() {
    let project = Project::new("FROM busybox\nCOPY a /a\nRUN date\nCOPY --link b /b\n");
    let project = project.file("a", "1").file("b", "1");
    // The layer is kept and laid on what changed, and the engine shows both as one step. Without a merge op the frontend
    // makes it a plain copy.
    check_changed(&project, &["a"], &exactly(&["2/4", "3/4", "4/4"]));
    check_changed(&project, &["b"], &exactly(&["4/4"]));
}

#[test]
fn named_contexts() {
    if engine().version < 23 {
        return; // the flag came with buildx
    }
    let project = Project::new(
        "FROM busybox AS build\nCOPY --from=lib x /x\nCOPY x /y\nFROM base\nCOPY --from=build /x /y /\nRUN --mount=from=lib,source=z,target=/z true\n",
    );
    project.outside("lib/x", "1");
    project.outside("lib/z", "1");
    project.outside("lib/other", "1");
    let project = project.file("x", "1").arg("--build-context=lib={}/lib");
    let project = project.arg("--build-context=base=docker-image://busybox");
    let lib = |name: &'static str| move |project: &Project| drop(project.outside(name, &nonce()));
    check(&project, &["lib=other"], &exactly(&[]), lib("lib/other"));
    check(&project, &["lib=z"], &exactly(&["stage-1 2/3"]), lib("lib/z"));
    let did_rerun = ["stage-1 1/3", "stage-1 2/3"];
    let reruns = ["build 2/3", "build 3/3"];
    let expected = Expected { reruns: &reruns, may_rerun: &did_rerun, did_rerun: &did_rerun };
    check(&project, &["lib=x"], &expected, lib("lib/x"));
    let expected = Expected { reruns: &["build 3/3"], may_rerun: &did_rerun, did_rerun: &did_rerun };
    check_changed(&project, &["x"], &expected);
}

#[test]
fn a_target_leaves_the_rest_out() {
    let project = stages().arg("--target=left");
    check_changed(&project, &["right/a"], &exactly(&[]));
    check_changed(&project, &["left"], &exactly(&["left 2/3", "left 3/3"]));
}

#[test]
fn triggers() {
    let project = Project::new(
        "FROM busybox AS base\nONBUILD COPY src /src\nONBUILD RUN ls /src\nFROM base AS app\nCOPY own /own\n",
    );
    let project = project.file("src/a", "1").file("own", "1");
    check_changed(&project, &["own"], &exactly(&["app 3/3"]));
    check_changed(&project, &["src/a"], &exactly(&["app 1/3", "app 2/3", "app 3/3"]));
}

#[test]
fn files_that_are_not_there() {
    let project = stages();
    check(&project, &["nowhere", "lef", "left-over/x"], &exactly(&[]), |_| {});
    // One that comes to be is taken, and one outside of the context is none of the build's.
    let did_rerun = ["last 3/4", "last 4/4"];
    let expected =
        Expected { reruns: &["right 2/3", "right 3/3"], may_rerun: &did_rerun, did_rerun: &did_rerun };
    check_changed(&project, &["right/b"], &expected);
    check(&project, &["../left"], &exactly(&[]), |project| drop(project.outside("left", &nonce())));
}

#[test]
fn folders_that_move() {
    if engine().version < 23 {
        return; // it skips --exclude and --parents
    }
    let project = Project::new(
        "FROM busybox\nCOPY old* /old/\nRUN ls /old\nCOPY pkg /pkg\nCOPY --exclude=*.md docs /docs\nRUN ls /pkg\n",
    );
    // New content, as the engine may know the moved files from an earlier run.
    let content = nonce();
    let project = ["old/a", "old-b", "pkg/a", "docs/a.md"]
        .into_iter()
        .fold(project, |project, path| project.file(path, &content));
    let rename = |from: &'static str, to: &'static str| {
        move |project: &Project| {
            fs::rename(project.context().join(from), project.context().join(to)).expect("it can be moved");
        }
    };
    // A folder stands for the files in it: none of these is taken.
    check_changed(&project, &["docs/a.md"], &exactly(&[]));
    check(&project, &["docs"], &exactly(&[]), |project| project.write("docs/b.md", &nonce()));
    let new = "pkg/new";
    check(&project, &["pkg/a", new], &exactly(&["4/6", "5/6", "6/6"]), rename("pkg/a", new));
    check(
        &project,
        &["old", "older/"],
        &exactly(&["2/6", "3/6", "4/6", "5/6", "6/6"]),
        rename("old", "older"),
    );
}

#[test]
fn links() {
    let project = Project::new("FROM busybox\nCOPY link /a\nCOPY dir/sub/x /b\nCOPY holds /c\n");
    let project = project.file("real", "1").file("there/x", "1").file("holds/own", "1");
    fs::create_dir_all(project.context().join("dir")).expect("a folder can be made");
    let project =
        project.symlink("link", "real").symlink("dir/sub", "../there").symlink("holds/link", "../real");
    check_changed(&project, &["holds/own"], &exactly(&["4/4"]));
    check_changed(&project, &["there/x"], &exactly(&["3/4", "4/4"]));
    check_changed(&project, &["real"], &exactly(&["2/4", "3/4", "4/4"]));
}

#[test]
fn an_argument_of_a_command() {
    let project = Project::new("FROM busybox\nRUN date\nARG V=1\nRUN echo $V >/v\nARG W\nRUN date >/d\n");
    check_arg(project, "V", &nonce(), &exactly(&["3/4", "4/4"]));
}

#[test]
fn an_argument_that_nothing_sees() {
    let file = "ARG G=1\nFROM busybox\nRUN date\nLABEL v=$G\nARG V=1\nLABEL w=$V\nCOPY <<EOF /x\nV\nEOF\n";
    check_arg(Project::new(file), "V", &nonce(), &exactly(&[]));
    check_arg(Project::new(file), "G", &nonce(), &exactly(&[]));
}

#[test]
fn an_argument_behind_a_copy_from_a_stage() {
    let file = "FROM busybox AS build\nARG V=1\nRUN echo $V >/v; echo same >/out\n\
        FROM busybox\nCOPY --from=build /out /\nRUN cat /out\n";
    let may_rerun = ["stage-1 2/3", "stage-1 3/3"];
    let expected = Expected { reruns: &["build 2/2"], may_rerun: &may_rerun, did_rerun: &[] };
    check_arg(Project::new(file), "V", &nonce(), &expected);
    let file = file.replace("echo same", "echo $V");
    let expected = Expected { did_rerun: &may_rerun, ..expected };
    check_arg(Project::new(&file), "V", &nonce(), &expected);
}

#[test]
fn an_argument_that_chooses_files() {
    // The other COPY takes what it took; that more is sent makes no difference to it.
    let file =
        "FROM busybox\nCOPY go.mod /\nRUN cat /go.mod\nRUN date\nARG DIR=a\nCOPY $DIR/x /x\nWORKDIR /w\n";
    let files = |text: &str| Project::new(file).file("go.mod", "1").file("a/x", "1").file("b/x", text);
    let expected = |did_rerun| Expected { reruns: &[], may_rerun: &["5/6", "6/6"], did_rerun };
    check_arg(files("1"), "DIR", "b", &expected(&[]));
    check_arg(files(&nonce()), "DIR", "b", &expected(&["5/6", "6/6"]));
}

#[test]
fn an_argument_that_chooses_a_stage() {
    let file = "ARG KIND=debug\nFROM busybox AS debug\nRUN echo 1 >/kind\nFROM busybox AS release\nRUN echo 2 >/kind\n\
        FROM $KIND AS chosen\nRUN cat /kind\nFROM busybox\nCOPY --from=chosen /kind /\n";
    let expected = Expected {
        reruns: &["release 2/2", "chosen 1/1"],
        may_rerun: &["stage-3 2/2"],
        did_rerun: &["stage-3 2/2"],
    };
    let file = file.replace("echo 2", &format!("echo {}", nonce()));
    check_arg(Project::new(&file), "KIND", "release", &expected);
}

#[test]
fn an_argument_of_the_environment() {
    let file = "FROM busybox\nARG V=1\nENV V=$V\nRUN date\nWORKDIR /w/$V\nUSER $V\n";
    check_arg(Project::new(file), "V", &nonce(), &exactly(&["2/3", "3/3"]));
}

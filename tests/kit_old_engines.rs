//! Gives the kit's builds to engines inside older Dockers. The kit has no recordings of these pairs; what
//! docker/dockerfile 1.26 makes of them was recorded with it, and `kit_old_engines.txt` holds the digests. Besides, nothing
//! may crash, every op may need only what the engine lists, and a build which the newest engine takes but an old one
//! cannot do must end in words that name what is missing, where, and which engine has it.
//!
//! `MULTISTAGE_KIT` names the folder of the kit and `MULTISTAGE_CONFORMANCE` its program; `scripts/kit engines` sets both.
//! Without them the test says so and passes.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const GROUPS: [&str; 3] = ["copy", "from", "multistage"];
const OLD: [&str; 3] = ["buildkit-0.8", "buildkit-0.13", "buildkit-0.25"];
const NEW: &str = "latest";

/// Which pair gives which result: the first digits of its digests by platform, or `error`.
const REFERENCE: &str = include_str!("kit_old_engines.txt");

/// How BuildKit's client library says that an engine lacks something.
const LACKS: &str = "  is not supported by build server, please update ";

#[test]
fn old_engines_are_given_what_they_know() {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let (Some(kit), Some(program)) = (variable("MULTISTAGE_KIT"), variable("MULTISTAGE_CONFORMANCE")) else {
        eprintln!("skipped: MULTISTAGE_KIT and MULTISTAGE_CONFORMANCE are not set");
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("old-engines-{}", std::process::id()));
    for engine in OLD.into_iter().chain([NEW]) {
        for group in GROUPS {
            let to = folder.join("cases").join(format!("{group}-{engine}"));
            copy(&kit.join("cases").join(group), &to);
            for case in entries(&to).into_iter().filter(|path| path.is_dir()) {
                set_engine(&case.join("case.json"), engine);
            }
        }
    }
    copy(&kit.join("engines"), &folder.join("engines"));
    fs::copy(kit.join("images.json"), folder.join("images.json")).expect("the kit has images");
    fs::create_dir_all(folder.join("expected")).expect("a folder can be made");
    let status = Command::new(program)
        .args(["record", "--runs", "1", "--root"])
        .arg(&folder)
        .args(["--frontend", env!("CARGO_BIN_EXE_multistage-frontend")])
        .status();
    assert!(status.expect("the kit runs").success());

    let (mut built, mut refused) = (0, 0);
    let reference: BTreeSet<&str> = REFERENCE.lines().collect();
    let mut different = Vec::new();
    for engine in OLD {
        let knows = capabilities(&folder.join(format!("engines/{engine}.json")));
        for group in GROUPS {
            for path in entries(&folder.join(format!("expected/{group}-{engine}"))) {
                let name = path.file_name().expect("it has one").to_owned();
                let recording = json(&path);
                let case = path.file_stem().expect("it has one").display();
                let line = format!("{engine} {group}/{case}: {}", result(&recording));
                if !reference.contains(line.trim_end()) {
                    different.push(line);
                }
                let newest = json(&folder.join(format!("expected/{group}-{NEW}")).join(name));
                match check(&recording, &newest, &knows) {
                    Ok(true) => built += 1,
                    Ok(false) => refused += 1,
                    Err(why) => panic!("{}: {why}\n{recording:#}", path.display()),
                }
            }
        }
    }
    assert_eq!(built + refused, reference.len(), "the kit has other cases");
    assert_eq!(different, Vec::<String>::new(), "not as docker/dockerfile has it");
    println!("{built} builds use only what their engine knows, {refused} are refused");
    fs::remove_dir_all(folder).expect("it was made here");
}

fn result(recording: &Value) -> String {
    let digits =
        |digest: &Value| digest.as_str().unwrap_or_default().get(7..19).unwrap_or_default().to_owned();
    match recording["result"]["refs"].as_object() {
        Some(refs) => BTreeMap::from_iter(refs).into_values().map(digits).collect::<Vec<_>>().join(" "),
        None => recording["outcome"].as_str().unwrap_or_default().to_owned(),
    }
}

/// Tells whether a build came about; `Err` if it ended in a way that it must not.
fn check(recording: &Value, newest: &Value, knows: &BTreeSet<String>) -> Result<bool, String> {
    let ops = recording["solves"].as_array().into_iter().flatten();
    for op in ops.flat_map(|solve| solve["ops"].as_array().into_iter().flatten()) {
        for cap in op["metadata"]["caps"].as_array().into_iter().flatten() {
            let cap = cap.as_str().unwrap_or_default();
            if !knows.contains(cap) {
                return Err(format!("the engine does not know {cap}"));
            }
        }
    }
    let message = recording["error"]["message"].as_str().unwrap_or_default();
    match recording["outcome"].as_str() {
        Some("ok") => Ok(true),
        Some("error") if newest["outcome"] == "error" => Ok(false), // wrong on every engine
        Some("error") => {
            let remedy = message.split_once('\n').map(|(_, remedy)| remedy).unwrap_or_default();
            let is_clear = message.contains(LACKS)
                && remedy.contains("(Dockerfile, line ")
                && remedy.contains(") needs BuildKit 0.");
            if is_clear {
                Ok(false)
            } else {
                Err("what is missing, where or since when is not said".to_owned())
            }
        }
        outcome => Err(format!("the outcome is {outcome:?}")),
    }
}

fn json(path: &Path) -> Value {
    let data = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&data).expect("it is JSON")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    paths
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("it lies in a folder")).expect("a folder can be made");
    // Cases hold links and odd modes, which matter.
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(status.expect("cp runs").success());
}

fn set_engine(case: &Path, engine: &str) {
    let mut value = if case.exists() { json(case) } else { serde_json::json!({}) };
    value["engine"] = engine.into();
    fs::write(case, value.to_string()).expect("it can be written");
}

fn capabilities(engine: &Path) -> BTreeSet<String> {
    let listed = json(engine)["llb_caps"].as_array().cloned().expect("a list");
    listed.into_iter().map(|cap| cap.as_str().expect("a name").to_owned()).collect()
}

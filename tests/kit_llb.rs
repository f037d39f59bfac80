//! Prints the definitions of builds of the conformance kit on the command line, and compares the digests of their ops
//! with those recorded of the reference.
//!
//! The folder of the kit comes from `MULTISTAGE_KIT`; without it the test says so and passes. A case is left out if it
//! needs more than is on this machine: a remote source, another platform of workers, an older engine.

#![cfg(feature = "cli")]

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The groups whose cases are compared.
const GROUPS: [&str; 10] =
    ["smoke", "syntax", "expansion", "from", "copy", "add", "run", "meta", "multistage", "real-a"];

/// The session of the recordings.
const SESSION: &str = "conformancesession0000000";

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns the configs and digests of all images that a case asked for; nothing if one of them is made up by the kit, or
/// asked for on several platforms.
fn images(known: &Value, recording: &Value) -> Option<Value> {
    let identifiers = list(&recording["solves"]).iter().flat_map(|solve| list(&solve["ops"]));
    let identifiers: Vec<&str> = identifiers.map(|op| text(&op["op"]["identifier"])).collect();
    let mut out = Map::new();
    for request in list(&recording["image_requests"]) {
        let reference = request.as_str().unwrap_or_else(|| text(&request["ref"]));
        let name = reference.split('@').next()?;
        let mut repository = name.rsplit_once(':').map_or(name, |(repository, _)| repository);
        while known[repository].is_null() {
            repository = repository.rsplit_once('/')?.0;
        }
        let start = format!("docker-image://{name}@");
        let digests: BTreeSet<&str> =
            identifiers.iter().filter_map(|identifier| identifier.strip_prefix(&start)).collect();
        if digests.len() > 1 {
            return None;
        }
        let digest = digests.first().copied().unwrap_or_default();
        let entry = json!({ "image": known[repository]["image"], "digest": digest });
        out.insert(name.to_owned(), entry);
    }
    Some(Value::Object(out))
}

/// Compares one case; nothing if it is left out.
fn check(kit: &Path, known: &Value, folder: &Path) -> Option<Result<(), String>> {
    let name = folder.strip_prefix(kit.join("cases")).ok()?.display().to_string();
    let recording = read(&kit.join("expected").join(format!("{name}.json")))?;
    let case = read(&folder.join("case.json")).unwrap_or_default();
    let options = case["opts"].as_object().cloned().unwrap_or_default();
    let solves = list(&recording["solves"]);
    let mut builds = solves.iter().filter(|solve| text(&solve["purpose"]) == "build");
    let (build, other) = (builds.next()?, builds.next());
    let is_local = |solve: &Value| ["build", "dockerfile", "context"].contains(&text(&solve["purpose"]));
    let is_plain = ["engine", "inputs", "workers", "images"].iter().all(|key| case[key].is_null());
    if other.is_some()
        || !is_plain
        || !solves.iter().all(is_local)
        || list(&build["ops"]).is_empty()
        || text(&recording["outcome"]) != "ok"
        || options.keys().any(|key| key == "requestid" || key.starts_with("context"))
    {
        return None;
    }

    let images = images(known, &recording)?;
    let described = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kit-images.json");
    fs::write(&described, images.to_string()).expect("a file can be written");
    let context = Some(folder.join("context")).filter(|path| path.is_dir()).unwrap_or(folder.to_owned());
    let usual = if folder.join("Dockerfile").exists() { "Dockerfile" } else { "dockerfile" };
    let filename = options.get("filename").map_or(usual, text);
    let mut command = Command::new(env!("CARGO_BIN_EXE_multistage"));
    command.args(["llb", "--json", "--session", SESSION, "--images"]).arg(&described);
    command.arg("--file").arg(folder.join(filename)).arg(context);
    for (key, value) in options.iter().filter(|(key, _)| *key != "filename") {
        command.args(["--opt", &format!("{key}={}", text(value))]);
    }
    let output = command.output().expect("the program runs");
    let Ok(answer) = serde_json::from_slice::<Value>(&output.stdout) else {
        return Some(Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr))));
    };
    let wanted: BTreeSet<&str> = list(&build["ops"]).iter().map(|op| text(&op["digest"])).collect();
    let missing = wanted.iter().filter(|digest| answer["def"][**digest].is_null()).count();
    Some(if missing == 0 { Ok(()) } else { Err(format!("{name}: {missing} of {} ops differ", wanted.len())) })
}

#[test]
fn definitions_have_the_recorded_digests() {
    let Some(kit) = std::env::var_os("MULTISTAGE_KIT").map(PathBuf::from) else {
        eprintln!("MULTISTAGE_KIT is not set: nothing was compared");
        return;
    };
    let known = read(&kit.join("images.json")).expect("the kit describes images");
    let mut same = 0;
    let mut wrong = Vec::new();
    for group in GROUPS {
        for entry in fs::read_dir(kit.join("cases").join(group)).expect("the group is there") {
            match check(&kit, &known, &entry.expect("the group is readable").path()) {
                Some(Ok(())) => same += 1,
                Some(Err(message)) => wrong.push(message),
                None => {}
            }
        }
    }
    eprintln!("{same} definitions are the same");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(same >= 100, "only {same} cases were compared");
}

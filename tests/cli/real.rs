//! `check` over the real Dockerfiles of the conformance kit: what it finds, and that `--fix` changes no build.
//!
//! The folder of the kit comes from `MULTISTAGE_KIT`; without it the tests say so and pass. `UPDATE_FINDINGS=1` writes
//! the tables in docs/check.md anew.

use super::{folder, json, run_in};
use multistage::{Options, Question};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Copies each real file into a folder of its own, with what its context holds. Returns nothing without the kit.
fn files(name: &str) -> Option<PathBuf> {
    let Some(kit) = std::env::var_os("MULTISTAGE_KIT").map(PathBuf::from) else {
        eprintln!("MULTISTAGE_KIT is not set: nothing was checked");
        return None;
    };
    let out = folder(name);
    for group in entries(&kit.join("cases")).filter(|it| it.is_dir() && file_name(it).starts_with("real-")) {
        for case in entries(&group) {
            let target = out.join(format!("{}-{}", file_name(&group), file_name(&case)));
            copy(&case.join("context"), &target);
            let dockerfile = entries(&case).find(|it| file_name(it).eq_ignore_ascii_case("Dockerfile"));
            fs::copy(dockerfile.expect("a case has a Dockerfile"), target.join("Dockerfile"))
                .expect("a copy");
        }
    }
    Some(out)
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("names are UTF-8")
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.expect("the kit is readable").path())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for path in entries(from) {
        let target = to.join(file_name(&path));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}

/// Returns how often each rule finds something, and which files are told to be broken.
fn findings(folder: &Path, args: &[&str]) -> (BTreeMap<String, usize>, BTreeSet<String>, usize) {
    let ran = run_in(folder, &[&["check", "--format", "json"], args].concat(), "");
    assert_eq!((ran.code, ran.err.as_str()), (2, ""));
    let result = json(&ran);
    let sources = result["sources"].as_array().expect("sources");
    let mut found = BTreeMap::new();
    for warning in result["warnings"].as_array().expect("warnings") {
        *found.entry(warning["ruleName"].as_str().expect("a name").to_owned()).or_default() += 1;
    }
    let broken = result["buildErrors"].as_array().expect("errors").iter().map(|error| {
        let index = error["location"]["sourceIndex"].as_u64().unwrap_or(0) as usize;
        let name = sources[index]["filename"].as_str().expect("a name");
        format!("{name}: {}", error["message"].as_str().expect("a message"))
    });
    (found, broken.collect(), sources.len())
}

/// Returns the table of findings, those that are found most often first, in two columns.
fn table(found: &BTreeMap<String, usize>) -> String {
    let mut rows: Vec<(&String, &usize)> = found.iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut out = "| Rule | Findings | Rule | Findings |\n| --- | --- | --- | --- |\n".to_owned();
    let half = rows.len().div_ceil(2);
    for at in 0..half {
        let cell = |at: usize| match rows.get(at) {
            Some((name, count)) => format!("| `{name}` | {count} "),
            None => "| | ".to_owned(),
        };
        out.push_str(&format!("{}{}|\n", cell(at), cell(at + half)));
    }
    out
}

/// Puts a text between two marks.
fn put_between(text: &str, mark: &str, new: &str) -> String {
    let (start, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (before, rest) = text.split_once(&start).expect("the first mark");
    let (_, after) = rest.split_once(&end).expect("the second mark");
    format!("{before}{start}{new}{end}{after}")
}

#[test]
fn findings_are_those_of_the_docs() {
    let Some(folder) = files("real-findings") else { return };
    let (usual, broken, count) = findings(&folder, &["."]);
    assert_eq!(count, 739);
    // Both are broken indeed: one has an unknown instruction, one misspells a stage.
    assert_eq!(broken.len(), 2, "{broken:#?}");
    let (mut all, ..) = findings(&folder, &["--all", "."]);
    all.retain(|rule, _| !usual.contains_key(rule));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check.md");
    let text = fs::read_to_string(&path).expect("the docs are there");
    let new = put_between(&put_between(&text, "findings", &table(&usual)), "all findings", &table(&all));
    if std::env::var_os("UPDATE_FINDINGS").is_some() {
        fs::write(&path, new).expect("the docs can be written");
    } else {
        assert_eq!(text, new, "set UPDATE_FINDINGS=1 to write the tables anew");
    }
}

/// Returns the digest of the last step of each stage that has a name, and of the last stage; or the error.
fn digests(path: &Path) -> Vec<String> {
    let dockerfile = multistage::parse(fs::read(path).expect("the file is there"));
    let build = |target: &str| {
        let options = Options::of([("target", target)]).expect("the options are right");
        let converted = multistage::convert(&dockerfile, &options, |question| match question {
            Question::ImageConfig(image) => image.plain(),
            other => other.unanswered(),
        });
        match converted {
            Ok(converted) => format!("{:?}", converted.marshal().expect("the graph is right").root()),
            Err(error) => error.to_string(),
        }
    };
    let names = dockerfile.file().stages.iter().filter_map(|stage| stage.name.as_ref());
    names.map(|name| name.text.as_str()).chain([""]).map(build).collect()
}

#[test]
fn fixes_change_no_step() {
    let Some(folder) = files("real-fixes") else { return };
    let paths: Vec<PathBuf> = entries(&folder).map(|it| it.join("Dockerfile")).collect();
    let texts = || paths.iter().map(|path| fs::read(path).expect("the file is there")).collect::<Vec<_>>();
    let before: Vec<_> = paths.iter().map(|path| digests(path)).collect();
    let built = before.iter().flatten().filter(|it| it.starts_with("Some")).count();
    assert!(built > paths.len(), "{built} stages were built");
    let first = texts();
    run_in(&folder, &["check", "--fix"], "");
    let second = texts();
    let changed = first.iter().zip(&second).filter(|(old, new)| old != new).count();
    assert!(changed > 100, "{changed}");
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(&digests(path), before, "{}", path.display());
    }
    // What was mended is no longer found, and nothing else is.
    run_in(&folder, &["check", "--fix"], "");
    assert_eq!(texts(), second);
}

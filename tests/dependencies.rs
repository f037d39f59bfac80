//! What the package depends on: `docs/dependencies.md` lists it, so that no crate comes in unseen.
//!
//! After a change that is meant: `make dependencies`, which writes the tables anew. Reasons stand in Cargo.toml, beside
//! each crate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The image's platform; others would bring crates that no program of ours holds.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// A line of Cargo.toml.
struct Direct {
    section: String,
    name: String,
    is_optional: bool,
    reason: String,
}

fn manifest() -> String {
    fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).expect("the package has a manifest")
}

/// Returns the direct dependencies, each with the comment that says what it is for.
fn directs(manifest: &str) -> Vec<Direct> {
    let (mut section, mut above, mut directs) = (String::new(), Vec::new(), Vec::new());
    for line in manifest.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some(comment) = line.strip_prefix('#') {
            above.push(comment.trim());
            continue;
        } else if let Some((name, value)) =
            line.split_once(" = ").filter(|_| section.ends_with("dependencies"))
        {
            let beside = line.rsplit_once(" # ").map(|(_, comment)| comment.to_owned());
            directs.push(Direct {
                section: section.clone(),
                name: name.to_owned(),
                is_optional: value.contains("optional = true"),
                reason: beside.unwrap_or_else(|| first_sentence(&above.join(" "))),
            });
        }
        above.clear();
    }
    directs
}

fn first_sentence(text: &str) -> String {
    let end = text.find(". ").or_else(|| text.find(": ")).unwrap_or(text.trim_end_matches('.').len());
    text[..end].to_owned()
}

/// Returns the crates, as `name version`, that cargo finds behind these arguments; the package itself is not counted.
fn tree(args: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--quiet", "--prefix", "none", "--format", "{p}"])
        .args(args)
        .current_dir(ROOT)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names are UTF-8");
    let names = text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    names.filter(|name| !name.is_empty() && !name.starts_with("multistage ")).collect()
}

/// What is compiled into a program; macros and what builds the package run on the machine that compiles it.
const LINKED: &str = "normal,no-proc-macro";

fn features(list: &str) -> Vec<&str> {
    let mut args = vec!["--no-default-features"];
    if !list.is_empty() {
        args.extend(["--features", list]);
    }
    args
}

fn linked(list: &str) -> BTreeSet<String> {
    tree(&[&features(list)[..], &["--edges", LINKED, "--target", TARGET]].concat())
}

/// Returns the features that switch an optional dependency on.
fn features_of<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let wanted = format!("\"dep:{name}\"");
    let lists = manifest
        .lines()
        .filter_map(|line| line.split_once(" = [").filter(|(_, list)| list.contains(&wanted)));
    lists.map(|(feature, _)| feature).collect()
}

fn tables() -> String {
    let manifest = manifest();
    let directs = directs(&manifest);
    let count = |feature: Option<&str>| {
        let is_in = |direct: &&Direct| match feature {
            _ if direct.section != "dependencies" => false,
            None => !direct.is_optional,
            Some(feature) => !direct.is_optional || features_of(&manifest, &direct.name).contains(&feature),
        };
        directs.iter().filter(is_in).count()
    };
    let of_section = |section: &str| directs.iter().filter(|direct| direct.section == section).count();
    let mut text = String::from("| | direct | in all |\n| --- | ---: | ---: |\n");
    let mut row = |what: &str, direct: usize, all: usize| text += &format!("| {what} | {direct} | {all} |\n");
    row("the library alone, without features", count(None), linked("").len());
    row("feature `gateway`: the frontend in the image", count(Some("gateway")), linked("gateway").len());
    row("feature `cli`: the command line", count(Some("cli")), linked("cli").len());
    let all = linked("gateway,cli");
    row("both", of_section("dependencies"), all.len());
    let building = tree(&["--all-features", "--edges", "normal,build"]);
    row(
        "besides, to compile them: macros and `build.rs`",
        of_section("build-dependencies"),
        building.difference(&all).count(),
    );
    let testing = tree(&["--all-features", "--edges", "normal,build,dev"]);
    row("besides, for tests", of_section("dev-dependencies"), testing.difference(&building).count());

    text += "\n| crate | in | for | with what it needs |\n| --- | --- | --- | ---: |\n";
    for direct in &directs {
        let place = match direct.section.as_str() {
            "dependencies" if direct.is_optional => features_of(&manifest, &direct.name).join(", "),
            "dependencies" => "all".to_owned(),
            section => section.trim_end_matches("-dependencies").replace("dev", "tests"),
        };
        text += &format!("| {} | {place} | {} | {} |\n", direct.name, direct.reason, weight(&direct.name));
    }
    text
}

/// Returns how many crates a crate is, with all that it needs.
fn weight(name: &str) -> usize {
    tree(&["--package", name, "--edges", "normal,build,dev,no-proc-macro"]).len()
}

#[test]
fn the_tables_are_as_written() {
    let path = Path::new(ROOT).join("docs/dependencies.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once("<!-- tables -->\n").expect("the page has a mark");
    let (_, after) = rest.split_once("<!-- /tables -->").expect("the page has a second mark");
    let found = format!("{before}<!-- tables -->\n{}<!-- /tables -->{after}", tables());
    if env::var_os("UPDATE_DEPENDENCIES").is_some() {
        fs::write(&path, &found).expect("the page can be written");
        return;
    }
    assert!(
        found == page,
        "docs/dependencies.md is out of date: `make dependencies`. It should read\n{found}"
    );
}

#[test]
fn every_crate_has_a_reason() {
    for Direct { section, name, reason, .. } in directs(&manifest()) {
        assert!(reason.len() > 8, "[{section}] {name}: a comment says what it is for");
    }
}

/// Each crate is once in each program; deny.toml allows for second versions in what builds and tests alone.
#[test]
fn no_program_holds_two_versions_of_a_crate() {
    for list in ["", "gateway", "cli", "gateway,cli"] {
        let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, version) in linked(list).iter().filter_map(|crate_| crate_.split_once(' ')) {
            versions.entry(name.to_owned()).or_default().push(version.to_owned());
        }
        versions.retain(|_, versions| versions.len() > 1);
        assert!(versions.is_empty(), "features `{list}`: {versions:?}");
    }
}

/// The frontend is held to the few crates that it is known to need, and the core to fewer.
#[test]
fn the_core_knows_no_network() {
    let core = linked("");
    for name in ["h2", "http", "tokio", "tonic", "clap", "rustix"] {
        assert!(!core.iter().any(|crate_| crate_.starts_with(&format!("{name} "))), "{name} is in the core");
    }
}

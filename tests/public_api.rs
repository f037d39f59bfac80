//! The public surface of the library: `tests/public-api.txt` lists it, so that no change to it goes unseen.
//!
//! After a change that is meant: `make public-api`, which writes the list anew, and a line in CHANGELOG.md.
//!
//! The list comes from rustdoc's JSON, which has no stable format yet. A toolchain that writes another version of it
//! than the crate `public-api` reads cannot be asked; then the first test says so, and the second is left: it compares
//! the names of all items with the pages that rustdoc writes, on every toolchain.

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::{env, fs};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/public-api.txt");
/// The version of rustdoc's JSON that the crate `public-api` of Cargo.toml reads.
const FORMAT: u64 = 57;

/// Lets rustdoc describe the library without the command line, which has no public surface; returns where.
fn describe(format: &[&str]) -> PathBuf {
    static ONE_BY_ONE: Mutex<()> = Mutex::new(());
    let _turn = ONE_BY_ONE.lock();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-api");
    let output = Command::new(env!("CARGO"))
        .args(["rustdoc", "--quiet", "--locked", "--lib", "--no-default-features", "--features", "gateway"])
        .args(["--", "--cap-lints", "allow"])
        .args(format)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", &target)
        // Allows a stable rustdoc its unstable output, for this crate alone.
        .env("RUSTC_BOOTSTRAP", "multistage")
        .env_remove("RUSTDOCFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "rustdoc: {}", String::from_utf8_lossy(&output.stderr));
    target.join("doc")
}

#[test]
fn the_public_surface_is_as_listed() {
    let description =
        describe(&["-Z", "unstable-options", "--output-format", "json"]).join("multistage.json");
    let json: Value =
        serde_json::from_slice(&fs::read(&description).expect("rustdoc has written it")).expect("it is JSON");
    let found = json["format_version"].as_u64();
    if found != Some(FORMAT) {
        let found = found.map_or("an unknown one".to_owned(), |found| found.to_string());
        // What is printed by macros is kept back where a test passes.
        let _ = writeln!(
            std::io::stderr(),
            "JUDGED BY NAMES ONLY: this toolchain writes version {found} of rustdoc's JSON, and signatures need version \
             {FORMAT} (Rust 1.95); see `public-api` in Cargo.toml"
        );
        return;
    }
    let surface = public_api::Builder::from_rustdoc_json(&description)
        .omit_auto_trait_impls(true)
        .omit_blanket_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .expect("the JSON is of the version that is read");
    let surface = surface.to_string();
    if env::var_os("UPDATE_PUBLIC_API").is_some() {
        fs::write(LIST, &surface).expect("the list can be written");
        return;
    }
    let listed = fs::read_to_string(LIST).unwrap_or_default();
    let differences = differences(&listed, &surface);
    assert!(
        differences.is_empty(),
        "the public surface has changed. If that is meant: `make public-api`, and a line in CHANGELOG.md.\n{differences}"
    );
}

#[test]
fn the_names_are_as_listed() {
    let index = describe(&[]).join("multistage/all.html");
    let found = pages(&fs::read_to_string(index).expect("rustdoc has written it"));
    let list = fs::read_to_string(LIST).expect("the list is there");
    let mut listed = items(&list);
    assert!(listed.len() > 50 && listed.contains("multistage::llb::Definition"), "{listed:?}");
    // What has two names has one page.
    let name = |item: &str| item.rsplit("::").next().map(str::to_owned);
    let names: BTreeSet<_> = found.iter().map(|item| name(item)).collect();
    listed.retain(|item| found.contains(item) || !names.contains(&name(item)));
    let differences = differences(&lines(&listed), &lines(&found));
    assert!(
        differences.is_empty(),
        "items of the public surface came or went: `make public-api`\n{differences}"
    );
}

fn lines(names: &BTreeSet<String>) -> String {
    names.iter().map(|name| format!("{name}\n")).collect()
}

/// Returns the items of rustdoc's list of all: `llb/struct.Digest.html` is `multistage::llb::Digest`.
fn pages(index: &str) -> BTreeSet<String> {
    let links =
        index.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()?.strip_suffix(".html"));
    let items = links.filter_map(|link| {
        let (modules, page) = link.rsplit_once('/').unwrap_or(("", link));
        let (_, item) = page.split_once('.')?;
        let modules = modules.split('/').filter(|module| !module.is_empty());
        Some(["multistage"].into_iter().chain(modules).chain([item]).collect::<Vec<_>>().join("::"))
    });
    items.collect()
}

/// Returns the items of the list that stand in a module, not in another item.
fn items(list: &str) -> BTreeSet<String> {
    let path = |line: &str, kinds: &[&str]| {
        // An attribute may stand before it.
        let words: Vec<&str> = line.split_whitespace().skip_while(|word| *word != "pub").collect();
        let kind = words.iter().position(|word| kinds.contains(word))?;
        let qualifiers = ["pub", "const", "async", "unsafe"];
        if !words[..kind].iter().all(|word| qualifiers.contains(word)) {
            return None;
        }
        let path = words.get(kind + 1)?;
        Some(path.split(['<', '(']).next().unwrap_or(path).trim_end_matches(':').to_owned())
    };
    let modules: BTreeSet<String> = list.lines().filter_map(|line| path(line, &["mod"])).collect();
    let kinds = ["struct", "enum", "union", "trait", "type", "fn", "static", "use", "macro"];
    // `const` is a kind, or belongs to a `fn`.
    let all = list.lines().filter_map(|line| path(line, &kinds).or_else(|| path(line, &["const"])));
    all.filter(|item| item.rsplit_once("::").is_some_and(|(parent, _)| modules.contains(parent))).collect()
}

/// Returns the lines that went and those that came.
fn differences(listed: &str, found: &str) -> String {
    let (listed, found): (BTreeSet<_>, BTreeSet<_>) = (listed.lines().collect(), found.lines().collect());
    let gone = listed.difference(&found).map(|line| format!("- {line}\n"));
    let new = found.difference(&listed).map(|line| format!("+ {line}\n"));
    gone.chain(new).collect()
}

#[test]
fn a_change_is_shown() {
    assert_eq!(
        differences("pub fn a()\npub fn b()\n", "pub fn a()\npub fn c()\n"),
        "- pub fn b()\n+ pub fn c()\n"
    );
    assert_eq!(differences("pub fn a()\n", "pub fn a()\n"), "");
}

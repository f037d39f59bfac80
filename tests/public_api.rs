//! The public surface of the library: `tests/public-api.txt` lists it, so that no change to it goes unseen.
//!
//! After a change that is meant: `make public-api`, which writes the list anew, and a line in CHANGELOG.md.
//!
//! The list comes from rustdoc's JSON, which has no stable format yet. A toolchain that writes another version of it
//! than the crate `public-api` reads cannot be asked; then this test says so and judges nothing.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/public-api.txt");
/// The version of rustdoc's JSON that the crate `public-api` of Cargo.toml reads.
const FORMAT: u64 = 57;

/// Lets rustdoc describe the library without the command line, which has no public surface.
fn describe() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-api");
    let output = Command::new(env!("CARGO"))
        .args(["rustdoc", "--quiet", "--locked", "--lib", "--no-default-features", "--features", "gateway"])
        .args(["--", "-Z", "unstable-options", "--output-format", "json", "--cap-lints", "allow"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", &target)
        // Allows a stable rustdoc its unstable output, for this crate alone.
        .env("RUSTC_BOOTSTRAP", "multistage")
        .env_remove("RUSTDOCFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "rustdoc: {}", String::from_utf8_lossy(&output.stderr));
    target.join("doc/multistage.json")
}

#[test]
fn the_public_surface_is_as_listed() {
    let description = describe();
    let json: Value =
        serde_json::from_slice(&fs::read(&description).expect("rustdoc has written it")).expect("it is JSON");
    let found = json["format_version"].as_u64();
    if found != Some(FORMAT) {
        let found = found.map_or("an unknown one".to_owned(), |found| found.to_string());
        eprintln!(
            "NOT JUDGED: this toolchain writes version {found} of rustdoc's JSON, and the list needs version {FORMAT} \
             (Rust 1.95); see `public-api` in Cargo.toml"
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

//! The image of the frontend itself: what strangers' builds pull and run.

use crate::harness::{Built, engine};
use crate::image::Kind;

/// Returns the image, if one is tested: not so when the engine's own frontend is.
fn image() -> Option<Built> {
    let frontend = &engine().frontend;
    (!frontend.is_empty()).then(|| Built::of(frontend.clone(), String::new()))
}

const PROGRAM: &str = "bin/multistage-frontend";

#[test]
fn holds_one_static_program() {
    let Some(image) = image() else { return };
    let files: Vec<_> = image.image().files.iter().filter(|(_, entry)| entry.kind != Kind::Folder).collect();
    let [(path, entry)] = files[..] else { panic!("more than one file: {files:?}") };
    assert_eq!(path, PROGRAM);
    assert_eq!((entry.mode, entry.user, entry.group), (0o755, 0, 0), "no setuid, nobody else's");
    assert!(image.image().files.keys().all(|path| path == "bin" || path == PROGRAM), "no other folder");
    let Kind::File(program) = &entry.kind else { panic!("{PROGRAM} is no file") };
    assert!(program.len() < 2_000_000, "{} bytes", program.len());
    // PT_LOAD, PT_DYNAMIC, PT_INTERP: only the first asks for nothing outside the file.
    let segments = segments(program);
    assert!(segments.contains(&1) && !segments.contains(&2) && !segments.contains(&3), "{segments:?}");
}

/// Returns the types of an ELF program's segments (64 bits, little endian).
fn segments(program: &[u8]) -> Vec<u32> {
    assert!(program.starts_with(b"\x7fELF\x02\x01"), "no ELF program");
    let number = |at: usize, bytes: usize| {
        program[at..at + bytes].iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte))
    };
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).map(|nth| number(table + nth * size, 4) as u32).collect()
}

#[test]
fn asks_the_engine_for_no_network() {
    let Some(image) = image() else { return };
    let labels = &image.image().config["config"]["Labels"];
    assert_eq!(labels["moby.buildkit.frontend.network.none"], "true");
    image.config("/config/Entrypoint", serde_json::json!([format!("/{PROGRAM}")]));
}

/// Nothing to write to, nobody to talk to, no rights: it still answers.
#[test]
fn runs_on_a_read_only_root_as_nobody() {
    let Some(image) = image() else { return };
    let output = engine()
        .docker()
        .args(["run", "--rm", "--read-only", "--network", "none", "--cap-drop", "ALL"])
        .args(["--security-opt", "no-new-privileges", "--user", "65534:65534", &image.id, "--version"])
        .output()
        .expect("the client runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, format!("multistage-frontend {}\n", env!("CARGO_PKG_VERSION")), "{output:?}");
}

#[test]
fn has_no_shell() {
    let Some(image) = image() else { return };
    for program in ["/bin/sh", "sh", "/bin/busybox"] {
        let mut command = engine().docker();
        command.args(["run", "--rm", "--network", "none", "--entrypoint", program, &image.id]);
        let output = command.output().expect("the client runs");
        assert_eq!(output.status.code(), Some(127), "{program}: {output:?}");
    }
}

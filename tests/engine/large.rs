//! Builds whose definition is larger than a message of the engine may be.

use crate::harness::{Project, engine, nonce};
use std::fmt::Write as _;

/// Each step says its text three times: in the op, in its name and as its instruction. In all it is 18 MiB, of which the
/// ops are 6: they are sent, and of the rest as much as fits into 16.
#[test]
fn a_definition_larger_than_a_message_is_sent_with_less_said() {
    // Docker 20.10 has no `--exclude`.
    if engine().version < 23 {
        return;
    }
    let long = "n".repeat(60_000);
    let mut dockerfile = String::from("FROM scratch\nCOPY seed /\n");
    for step in 0..105 {
        let _ = writeln!(dockerfile, "COPY --exclude={long} a /{step}");
    }
    let project = Project::new(&dockerfile).file("seed", &nonce()).file("a", "a");
    let first = project.build();
    let first = first.text("/0", "a").text("/104", "a");
    let second = project.build();
    second.ran_only(&[]);
    assert_eq!(first.image().files.len(), second.image().files.len());
}

/// The size that issue reports of the reference speak of: it fails with it. Takes minutes, so it is run by name:
/// `scripts/test-engine --ignored seven_thousand`.
#[test]
#[ignore = "takes minutes"]
fn seven_thousand_steps_in_ninety_stages() {
    let part = "n".repeat(240);
    let mut dockerfile = String::new();
    // The engine allows 127 layers for each stage.
    for stage in 0..89 {
        let _ = writeln!(dockerfile, "FROM scratch AS s{stage}");
        for step in 0..78 {
            let _ = writeln!(dockerfile, "COPY a /s{stage}/{step}/{part}/{part}/{part}/");
        }
    }
    dockerfile.push_str("FROM scratch\n");
    for stage in 0..89 {
        let _ = writeln!(dockerfile, "COPY --from=s{stage} / /");
    }
    let project = Project::new(&dockerfile).file("a", &nonce());
    project.build();
    project.build().ran_only(&[]);
}

//! Builds whose definition is larger than a message of the engine may be.

use crate::harness::{Project, nonce};
use std::fmt::Write as _;

/// The reference fails at this size: its message is larger than 16 MiB. Takes minutes, so it is run by name:
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

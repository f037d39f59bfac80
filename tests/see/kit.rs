//! `graph`, `explain` and `diff` over the Dockerfiles of the conformance kit: what they print for tools has the form of its
//! schema, whatever the Dockerfile.
//!
//! The folder of the kit comes from `MULTISTAGE_KIT`; without it the test says so and passes.

use crate::{command::run_in, faults};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

/// Groups with many kinds of Dockerfiles.
const GROUPS: [&str; 4] = ["multistage", "run", "copy", "real-a"];

#[test]
fn json_of_real_files_has_the_form_of_its_schema() {
    let Some(kit) = std::env::var_os("MULTISTAGE_KIT").map(PathBuf::from) else {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: MULTISTAGE_KIT is not set, so there are no real Dockerfiles"
        );
        return;
    };
    let commands: [(&str, &[&str]); 4] = [
        ("graph", &["graph", "--format", "json"]),
        ("graph", &["graph", "--format", "json", "--ops"]),
        ("explain", &["explain", "--json", "--changed", "src", "--arg", "VERSION"]),
        ("diff", &["diff", "Dockerfile", "--json", "--then-build-arg", "VERSION=of-another-build"]),
    ];
    let (mut count, mut broken) = (0, 0);
    for group in GROUPS {
        for entry in fs::read_dir(kit.join("cases").join(group)).expect("the group is there") {
            let folder = entry.expect("the group is readable").path();
            if !folder.join("Dockerfile").is_file() {
                continue;
            }
            for (schema, args) in commands {
                let ran = run_in(&folder, args, "");
                if ran.code == 2 {
                    broken += 1;
                    assert!(
                        ran.out.is_empty() && ran.err.contains("error"),
                        "{}: {args:?}",
                        folder.display()
                    );
                    continue;
                }
                let value: Value = serde_json::from_str(&ran.out).expect("it is JSON");
                assert_eq!(faults(schema, &value), "", "{}: {args:?}", folder.display());
                count += 1;
            }
        }
    }
    assert!(count > 400 && broken < count / 10, "{count} documents, {broken} runs that failed");
}

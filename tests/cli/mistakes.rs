//! Mistakes that people make, each in a file of a few lines, and what they are told: the code, the place, the words, and
//! what to do.

use super::{folder, json, put, run_in, snapshot};
use std::fmt::Write;

/// The files, with a line of dashes between two of them.
const FILES: &str = include_str!("mistakes.txt");

#[test]
fn what_people_are_told() {
    let folder = folder("mistakes");
    let mut out = String::new();
    for text in FILES.split("----\n") {
        put(&folder, &[("Dockerfile", text)]);
        let ran = run_in(&folder, &["check", "--format", "sarif", "Dockerfile"], "");
        let log = json(&ran);
        let _ = write!(out, "{text}");
        for result in log["runs"][0]["results"].as_array().expect("results") {
            let region = &result["locations"][0]["physicalLocation"]["region"];
            let mut message = result["message"]["text"].as_str().expect("a text").split('\n');
            let _ = writeln!(
                out,
                "  {} {}:{}-{} {}",
                result["ruleId"].as_str().expect("a name"),
                region["startLine"],
                region["startColumn"],
                region["endColumn"],
                message.next().unwrap_or_default()
            );
            for hint in message {
                let _ = writeln!(out, "    {hint}");
            }
            for fix in result["fixes"].as_array().into_iter().flatten() {
                let _ = writeln!(out, "    fix: {}", fix["description"]["text"].as_str().expect("a title"));
            }
        }
        out.push('\n');
    }
    snapshot("mistakes", &out);
}

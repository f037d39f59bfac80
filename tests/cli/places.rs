//! Which word each rule underlines: of the example on its page, or of a file of its own.

use super::{folder, put, run_in};
use multistage::internal::lint::all_rules;
use serde_json::Value;
use std::fmt::Write;

/// Rules that need more than their example, and rules that never speak offline.
const OWN_FILES: [(&str, &[(&str, &str)]); 3] = [
    ("CopyIgnoredFile", &[("Dockerfile", "FROM scratch\nCOPY  a tmp/x  /\n"), (".dockerignore", "tmp\n")]),
    ("InvalidBaseImagePlatform", &[]),
    // What an image sets nobody knows.
    ("UndefinedVar", &[("Dockerfile", "FROM scratch\nCOPY  a /${x}y/$x\n")]),
];

/// Returns the text that a result underlines.
fn underlined(text: &str, result: &Value) -> String {
    let region = &result["locations"][0]["physicalLocation"]["region"];
    let number = |key: &str| region[key].as_u64().expect("a number") as usize;
    let (first, last) = (number("startLine"), number("endLine"));
    let line = text.lines().nth(first - 1).unwrap_or_default();
    let end = if first == last { number("endColumn") - 1 } else { usize::MAX };
    let start = number("startColumn") - 1;
    let word: String = line.chars().take(end).skip(start).collect();
    format!("{first}:{} `{word}`", start + 1)
}

#[test]
fn each_rule_underlines_the_word_that_is_meant() {
    let mut out = String::new();
    for rule in all_rules() {
        let folder = folder("places");
        let own = OWN_FILES.iter().find(|(name, _)| *name == rule.name).map(|(_, files)| *files);
        let files = own.unwrap_or(&[]);
        match own {
            Some([]) => continue,
            Some(files) => put(&folder, files),
            None => put(&folder, &[("Dockerfile", rule.page.bad)]),
        }
        let text = files.first().map_or(rule.page.bad, |(_, text)| text);
        let ran = run_in(&folder, &["check", "--all", "--format", "sarif", "Dockerfile"], "");
        let log: Value = serde_json::from_str(&ran.out).expect("SARIF is JSON");
        let results = log["runs"][0]["results"].as_array().expect("results");
        let places: Vec<String> =
            results.iter().filter(|it| it["ruleId"] == rule.name).map(|it| underlined(text, it)).collect();
        let _ = writeln!(out, "{}: {}", rule.name, places.join(", "));
    }
    assert!(!out.contains(": \n"), "a rule finds nothing in its example: {out}");
    super::snapshot("places", &out);
}

//! Parses every Dockerfile of the conformance kit and compares errors with those recorded of the reference:
//! the first error has its words and its lines, and what builds there parses here.
//!
//! The folder of the kit comes from `MULTISTAGE_KIT`; without it the test says so and passes.

use multistage::instruction;
use multistage::internal::syntax;
use multistage::internal::text::{Diagnostic, SourceMap};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

struct Case {
    name: String,
    dockerfile: Vec<u8>,
    /// The question asked in place of a build, or nothing.
    request: String,
    expected: Value,
}

fn cases(kit: &Path) -> Vec<Case> {
    let mut found = Vec::new();
    let mut folders = vec![kit.join("cases")];
    while let Some(folder) = folders.pop() {
        let name = folder.strip_prefix(kit.join("cases")).expect("below it").display().to_string();
        let options: Value = read(&folder.join("case.json"))
            .map_or(Value::Null, |data| serde_json::from_slice(&data).unwrap_or_default());
        let file = options["opts"]["filename"].as_str().unwrap_or("Dockerfile");
        let expected = kit.join("expected").join(format!("{name}.json"));
        if let (Some(dockerfile), Some(expected)) = (read(&folder.join(file)), read(&expected)) {
            let expected = serde_json::from_slice(&expected).expect("recordings are JSON");
            let request = options["opts"]["requestid"].as_str().unwrap_or_default().to_owned();
            found.push(Case { name, dockerfile, request, expected });
        } else if name.matches('/').count() == 0 {
            folders.extend(fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.path()));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn read(path: &PathBuf) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

/// Returns the words and lines of an error, as the kit writes them.
fn recorded(outcome: &Value) -> (String, Vec<String>) {
    let details = outcome["error"]["details"].as_array().cloned().unwrap_or_default();
    let ranges = details.iter().filter_map(|detail| detail["ranges"].as_array()).flatten();
    let message = outcome["error"]["message"].as_str().unwrap_or_default().to_owned();
    (message, ranges.map(|range| range.as_str().unwrap_or_default().to_owned()).collect())
}

fn found(sources: &SourceMap, error: &Diagnostic) -> (String, Vec<String>) {
    let lines = error.ranges.iter().map(|range| sources.lines(*range));
    (
        error.message.clone(),
        lines.flat_map(|(first, last)| first..=last).map(|n| format!("{n}-{n}")).collect(),
    )
}

/// Tells whether the reference reports an error with such words while it parses the file.
fn is_parse_error((message, lines): &(String, Vec<String>)) -> bool {
    const WORDS: [&str; 8] = [
        "dockerfile parse error",
        "file with no instructions",
        "dockerfile line greater",
        "no build stage in current context",
        "Syntax error - can't find =",
        "must have two arguments",
        "when using JSON array syntax",
        "parser directive",
    ];
    // On one line alone it stands in a trigger of the base image, not in the file.
    let is_heredoc = message == "unterminated heredoc" && lines.len() > 1;
    is_heredoc
        || WORDS.iter().any(|words| message.contains(words))
        || message.starts_with("invalid escape token")
}

/// Tells whether a text stands somewhere in a recording.
fn holds(recorded: &Value, text: &str) -> bool {
    match recorded {
        Value::String(string) => string.contains(text),
        Value::Array(values) => values.iter().any(|value| holds(value, text)),
        Value::Object(fields) => fields.values().any(|value| holds(value, text)),
        _ => false,
    }
}

#[test]
fn errors_are_those_of_the_reference() {
    let Some(kit) = std::env::var_os("MULTISTAGE_KIT") else {
        eprintln!("skipped: MULTISTAGE_KIT names no folder of the conformance kit");
        return;
    };
    let cases = cases(Path::new(&kit));
    assert!(cases.len() > 100, "only {} cases in the kit", cases.len());
    let (mut fine, mut failing, mut wrong) = (0, 0, Vec::new());
    for case in &cases {
        let sources = SourceMap::of("Dockerfile", case.dockerfile.clone());
        let file = instruction::parse_file(syntax::parse(&sources.files()[0]));
        for error in &file.diagnostics {
            assert!(sources.files()[0].span().contains(error.span), "{}: {error:?}", case.name);
            sources.files()[0].slice(error.span);
        }
        let first = file.diagnostics.first().map(|error| found(&sources, error));
        let variants = case.expected["variants"].as_array().cloned().unwrap_or_default();
        let mut outcomes = variants.iter().chain([&case.expected]);
        let is_fine = match &first {
            // A file for another frontend, or a fault before the file is looked at, says nothing about its text.
            Some(_) if syntax::detect_syntax(&case.dockerfile).is_some() => true,
            // Reading an empty file is an error before parsing it is.
            Some(_) if case.dockerfile.is_empty() => true,
            Some(_) if case.request == "frontend.subrequests.describe" => true,
            // Lint answers with the error.
            Some(first) if case.expected["outcome"] == "ok" => holds(&case.expected, &first.0),
            Some(first) => outcomes.any(|outcome| {
                let recorded = recorded(outcome);
                let has_no_place = recorded.1.is_empty() && case.name.starts_with("subrequests/");
                recorded.0 == first.0 && (has_no_place || recorded.1 == first.1)
            }),
            None => !is_parse_error(&recorded(&case.expected)),
        };
        match (is_fine, &first) {
            (true, None) => fine += 1,
            (true, Some(_)) => failing += 1,
            (false, _) => wrong.push(format!("{}: {first:?}, not {:?}", case.name, recorded(&case.expected))),
        }
    }
    println!(
        "{} cases: {fine} parse, {failing} fail with the same words and lines, {} differ",
        cases.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns the first line of each step and the instruction that its metadata holds.
fn steps(expected: &Value) -> Vec<(u32, String)> {
    let ops = expected["solves"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|solve| solve["ops"].as_array())
        .flatten();
    ops.filter_map(|op| {
        let source = op["source"][0].as_str()?.rsplit_once(':')?.1;
        let line = source.split('-').next()?.parse().ok()?;
        Some((line, op["metadata"]["description"]["com.docker.dockerfile.v1.command"].as_str()?.to_owned()))
    })
    .collect()
}

#[test]
fn instructions_read_as_in_the_metadata_of_the_reference() {
    let Some(kit) = std::env::var_os("MULTISTAGE_KIT") else {
        eprintln!("skipped: MULTISTAGE_KIT names no folder of the conformance kit");
        return;
    };
    let (mut same, mut wrong) = (0, Vec::new());
    for case in cases(Path::new(&kit)) {
        let sources = SourceMap::of("Dockerfile", case.dockerfile.clone());
        let tree = syntax::parse(&sources.files()[0]);
        for (line, text) in steps(&case.expected) {
            match tree.statements.iter().find(|statement| statement.line == line) {
                Some(statement) if statement.text == text.as_str() => same += 1,
                // The step of an image named by `--from` alone holds no instruction.
                Some(_) if text.is_empty() => {}
                // A trigger of the base image has the place of the FROM.
                Some(statement) if statement.text.to_lowercase().starts_with("from") => {}
                found => {
                    wrong.push(format!("{}: {:?}, not {text:?}", case.name, found.map(|found| &found.text)))
                }
            }
        }
    }
    println!("{same} steps hold the instruction as parsed here, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! The lint result of BuildKit, of one file or of several.
//!
//! It is what `docker buildx build --check --format json` prints, with `sourceIndex` telling the files apart. BuildKit
//! stops at the first error; `buildErrors` is our own and holds all of them.

use super::Judged;
use crate::lint::Warning;
use crate::pb::ops;
use crate::report::{self, BuildError};
use crate::text::Severity;
use serde_json::{Map, Value, json};

/// Returns the result.
pub(super) fn json(judged: &[&Judged]) -> Value {
    let (mut warnings, mut sources, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (index, one) in judged.iter().enumerate() {
        let file = &one.sources.files()[0];
        let info = ops::SourceInfo {
            filename: file.name().to_owned(),
            data: file.data().to_vec(),
            definition: None,
            language: "Dockerfile".to_owned(),
        };
        let found: Vec<Warning> = one.findings.iter().filter_map(|finding| finding.warning.clone()).collect();
        let mut answer = answer(&found, None, one, &info);
        take(&mut answer, "warnings", index, &mut warnings);
        take(&mut answer, "sources", 0, &mut sources);
        for finding in one.findings.iter().filter(|finding| finding.warning.is_none()) {
            let found = &finding.diagnostic;
            let error = BuildError { message: &found.message, spans: &found.ranges };
            let mut error = answer_error(error, one, &info);
            place(&mut error, index);
            if found.severity == Severity::Error {
                errors.push(error);
            } else {
                let location = error.get("location").cloned().unwrap_or_default();
                let (name, detail) = (found.code, &found.message);
                warnings.push(json!({ "ruleName": name, "detail": detail, "location": location }));
            }
        }
    }
    let mut out = Map::new();
    out.insert("warnings".to_owned(), if warnings.is_empty() { Value::Null } else { Value::Array(warnings) });
    out.insert("sources".to_owned(), Value::Array(sources));
    if let Some(first) = errors.first() {
        out.insert("buildError".to_owned(), first.clone());
        out.insert("buildErrors".to_owned(), Value::Array(errors));
    }
    Value::Object(out)
}

fn answer(
    found: &[Warning],
    error: Option<BuildError<'_>>,
    judged: &Judged,
    info: &ops::SourceInfo,
) -> Value {
    let metadata = report::lint(found, error, &judged.sources, info);
    metadata.get("result.json").and_then(|text| serde_json::from_slice(text).ok()).unwrap_or_default()
}

fn answer_error(error: BuildError<'_>, judged: &Judged, info: &ops::SourceInfo) -> Value {
    let mut answer = answer(&[], Some(error), judged, info);
    answer.get_mut("buildError").map(Value::take).unwrap_or_default()
}

/// Moves the entries of a list over, and says which file they are about.
fn take(answer: &mut Value, list: &str, index: usize, all: &mut Vec<Value>) {
    if let Some(Value::Array(entries)) = answer.get_mut(list) {
        all.extend(entries.drain(..).map(|mut entry| {
            place(&mut entry, index);
            entry
        }));
    }
}

fn place(entry: &mut Value, index: usize) {
    if let (Some(Value::Object(location)), 1..) = (entry.get_mut("location"), index) {
        location.insert("sourceIndex".to_owned(), index.into());
    }
}

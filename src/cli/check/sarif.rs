//! SARIF 2.1.0: the format of code scanning.

use super::fix::Edit;
use super::{Finding, Fix, Judged};
use crate::cli::render;
use crate::lint::{Rule, all_rules};
use crate::text::{Severity, SourceFile, Span};
use serde_json::{Map, Value, json};
use std::path::Path;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A rule of the reference, or a kind of error, which has a name only.
struct Described {
    name: &'static str,
    rule: Option<&'static Rule>,
}

/// Returns the log of one run.
pub(super) fn sarif(judged: &[&Judged]) -> Value {
    let mut rules: Vec<Described> =
        all_rules().map(|rule| Described { name: rule.name, rule: Some(rule) }).collect();
    let mut results = Vec::new();
    for one in judged {
        let file = &one.sources.files()[0];
        for finding in &one.findings {
            let code = finding.diagnostic.code;
            let index = rules.iter().position(|rule| rule.name == code).unwrap_or_else(|| {
                rules.push(Described { name: code, rule: None });
                rules.len() - 1
            });
            results.push(result(file, finding, index));
        }
    }
    let descriptions: Vec<Value> = rules.iter().map(description).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "multistage",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": descriptions,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn description(described: &Described) -> Value {
    let Some(rule) = described.rule else {
        return json!({
            "id": described.name,
            "shortDescription": { "text": described.name.replace('-', " ") },
        });
    };
    let mut out = json!({
        "id": rule.name,
        "shortDescription": { "text": rule.description },
        "fullDescription": { "text": rule.page.text },
        "help": { "text": rule.page.text },
        "defaultConfiguration": { "level": "warning" },
    });
    if !rule.url.is_empty() {
        out["helpUri"] = rule.url.into();
    }
    out
}

fn result(file: &SourceFile, finding: &Finding, index: usize) -> Value {
    let found = &finding.diagnostic;
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = render::message(&found.message).to_owned();
    for hint in &found.hints {
        text.push_str(&format!("\n{hint}"));
    }
    let mut out = Map::new();
    out.insert("ruleId".to_owned(), found.code.into());
    out.insert("ruleIndex".to_owned(), index.into());
    out.insert("level".to_owned(), level.into());
    out.insert("message".to_owned(), json!({ "text": text }));
    out.insert("locations".to_owned(), json!([{ "physicalLocation": location(file, found.span) }]));
    if !found.labels.is_empty() {
        let related: Vec<Value> = found
            .labels
            .iter()
            .map(|(span, text)| json!({ "physicalLocation": location(file, *span), "message": { "text": text } }))
            .collect();
        out.insert("relatedLocations".to_owned(), related.into());
    }
    if let Some(fix) = &finding.fix {
        out.insert("fixes".to_owned(), json!([sarif_fix(file, fix)]));
    }
    Value::Object(out)
}

fn sarif_fix(file: &SourceFile, fix: &Fix) -> Value {
    let replacement = |edit: &Edit| json!({ "deletedRegion": region(file, edit.span), "insertedContent": { "text": edit.text } });
    let replacements: Vec<Value> = fix.edits.iter().map(replacement).collect();
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(file.name()) },
            "replacements": replacements,
        }],
    })
}

fn location(file: &SourceFile, span: Span) -> Value {
    json!({ "artifactLocation": { "uri": uri(file.name()) }, "region": region(file, span) })
}

fn region(file: &SourceFile, span: Span) -> Value {
    let column = |offset: u32| {
        let at = file.position(offset);
        let line_start = offset - at.column;
        file.slice(Span::new(line_start, offset)).chars().count() + 1
    };
    json!({
        "startLine": file.position(span.start).line,
        "startColumn": column(span.start),
        "endLine": file.position(span.end).line,
        "endColumn": column(span.end),
    })
}

/// Returns a path as an address, relative if the path is.
fn uri(path: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/');
    let mut out = if Path::new(path).is_absolute() { "file://".to_owned() } else { String::new() };
    for b in path.trim_start_matches("./").bytes() {
        if is_plain(b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SourceMap;

    #[test]
    fn paths_become_addresses() {
        assert_eq!(uri("a b/Dockerfile#1"), "a%20b/Dockerfile%231");
        assert_eq!(uri("./Dockerfile"), "Dockerfile");
        assert_eq!(uri("/a/ü"), "file:///a/%C3%BC");
    }

    #[test]
    fn columns_count_characters() {
        let sources = SourceMap::of("Dockerfile", "FROM a\n# ü b");
        let region = region(&sources.files()[0], Span::new(12, 13));
        assert_eq!(region, json!({ "startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 6 }));
    }
}

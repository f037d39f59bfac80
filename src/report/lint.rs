//! What the rules found in a file.

use super::json::Object;
use super::{Metadata, Request, frame, json, line, lines};
use crate::lint::Warning;
use crate::pb::ops;
use crate::text::{SourceMap, Span};
use serde_json::{Value, json};

/// Why a file could not be built.
#[derive(Clone, Copy, Debug)]
pub struct BuildError<'a> {
    /// What is wrong.
    pub message: &'a str,
    /// The instructions it is about.
    pub spans: &'a [Span],
}

/// Answers `frontend.lint`. `info` is the file that all places lie in.
pub fn lint(
    warnings: &[Warning],
    error: Option<BuildError<'_>>,
    sources: &SourceMap,
    info: &ops::SourceInfo,
) -> Metadata {
    let located: Vec<_> = warnings.iter().map(|warning| (warning, lines(sources, warning.span))).collect();
    let list: Vec<Value> = located.iter().map(|(warning, ranges)| warning_json(warning, ranges)).collect();
    let list = if list.is_empty() { Value::Null } else { Value::Array(list) };
    let answer = Object::default()
        .put("warnings", true, list)
        .put("sources", true, vec![json::source_info(info)])
        .message("buildError", error.as_ref(), |error| error_json(error, sources));

    let status = if warnings.is_empty() && error.is_none() { "0" } else { "1" };
    let mut metadata = Request::Lint.answer_with_text(&answer.done(), text(located, info));
    metadata.insert("result.statuscode".to_owned(), status.into());
    metadata
}

fn warning_json(warning: &Warning, ranges: &[ops::Range]) -> Value {
    let location = ops::Location { source_index: 0, ranges: ranges.to_vec() };
    Object::default()
        .put("ruleName", true, warning.rule.name)
        .text("description", warning.rule.description)
        .text("url", warning.rule.url)
        .text("detail", &warning.message)
        .put("location", true, json::location(&location))
        .done()
}

fn error_json(error: &BuildError<'_>, sources: &SourceMap) -> Value {
    let mut numbers: Vec<u32> = error
        .spans
        .iter()
        .flat_map(|span| {
            let (first, last) = sources.lines(*span);
            first..=last
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let location = ops::Location { source_index: 0, ranges: numbers.into_iter().map(line).collect() };
    json!({ "message": error.message, "location": json::location(&location) })
}

fn text(mut warnings: Vec<(&Warning, Vec<ops::Range>)>, info: &ops::SourceInfo) -> Vec<u8> {
    warnings.sort_by_key(|(_, ranges)| first_line(ranges));
    let mut out = Vec::new();
    for (warning, ranges) in warnings {
        out.extend_from_slice(format!("\nWARNING: {}", warning.rule.name).as_bytes());
        if !warning.rule.url.is_empty() {
            out.extend_from_slice(format!(" - {}", warning.rule.url).as_bytes());
        }
        out.extend_from_slice(format!("\n{}\n", warning.message).as_bytes());
        out.extend(frame(info, &ranges));
    }
    out
}

fn first_line(ranges: &[ops::Range]) -> i32 {
    ranges.first().and_then(|range| range.start).map_or(0, |start| start.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "FROM a\nRUN b\nCMD c\n";

    fn answer(warnings: &[(&str, u32)], error: Option<BuildError<'_>>) -> (Value, String, String) {
        let sources = SourceMap::of("Dockerfile", FILE);
        let info = ops::SourceInfo {
            filename: "Dockerfile".to_owned(),
            data: FILE.as_bytes().to_vec(),
            ..Default::default()
        };
        let warning = |(name, at): &(&str, u32)| {
            let rule = crate::lint::rule(name).unwrap();
            Warning::new(rule, format!("at {at}"), Span::new(*at, *at + 1))
        };
        let warnings: Vec<_> = warnings.iter().map(warning).collect();
        let mut metadata = lint(&warnings, error, &sources, &info);
        let mut take = |name: &str| String::from_utf8(metadata.remove(name).unwrap()).unwrap();
        (serde_json::from_str(&take("result.json")).unwrap(), take("result.txt"), take("result.statuscode"))
    }

    #[test]
    fn a_clean_file_has_nothing() {
        let (json, text, status) = answer(&[], None);
        assert_eq!(json["warnings"], Value::Null);
        assert_eq!((text.as_str(), status.as_str()), ("", "0"));
    }

    #[test]
    fn text_is_sorted_by_line_and_json_is_not() {
        let (json, text, status) = answer(&[("UndefinedVar", 13), ("InvalidBaseImagePlatform", 0)], None);
        assert_eq!(json["warnings"][0]["ruleName"], "UndefinedVar");
        assert_eq!(json["warnings"][1].get("url"), None);
        assert_eq!(status, "1");
        assert_eq!(
            text,
            "\nWARNING: InvalidBaseImagePlatform\nat 0\nDockerfile:1\n--------------------\n\
             \x20  1 | >>> FROM a\n   2 |     RUN b\n   3 |     CMD c\n--------------------\n\
             \nWARNING: UndefinedVar - https://docs.docker.com/go/dockerfile/rule/undefined-var/\nat 13\n\
             Dockerfile:3\n--------------------\n   1 |     FROM a\n   2 |     RUN b\n   3 | >>> CMD c\n   4 |     \n\
             --------------------\n"
        );
    }

    #[test]
    fn an_error_is_told_with_its_lines() {
        let spans = [Span::new(7, 15), Span::new(8, 9)];
        let (json, _, status) = answer(&[], Some(BuildError { message: "no", spans: &spans }));
        let expected = r#"{"message":"no","location":{"ranges":[{"start":{"line":2},"end":{"line":2}},{"start":{"line":3},"end":{"line":3}}]}}"#;
        assert_eq!(json["buildError"].to_string(), expected);
        assert_eq!(status, "1");
        let (json, ..) = answer(&[], Some(BuildError { message: "no", spans: &[] }));
        assert_eq!(json["buildError"].to_string(), r#"{"message":"no","location":{}}"#);
    }
}

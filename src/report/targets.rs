//! The stages of a file.

use super::json::Object;
use super::table::align;
use super::{Metadata, Request, json, location};
use crate::instruction::File;
use crate::text::SourceMap;
use serde_json::json;

/// Answers `frontend.targets` about a file without errors. `data` is its bytes.
pub fn targets(file: &File, sources: &SourceMap, data: &[u8]) -> Metadata {
    let mut text = String::from("TARGET\tDESCRIPTION\n");
    let mut targets = Vec::new();
    for (at, stage) in file.stages.iter().enumerate() {
        let name = stage.name.as_ref().map_or("", |name| &name.text);
        let description = stage.description.as_ref().map_or("", |text| &text.value);
        let platform = stage.platform.as_ref().map_or("", |word| &word.text);
        let is_default = at + 1 == file.stages.len();
        let target = Object::default()
            .text("name", name)
            .flag("default", is_default)
            .text("description", description)
            .text("base", &stage.base.text)
            .text("platform", platform)
            .put("location", true, json::location(&location(sources, stage.head.span)));
        targets.push(target.done());

        let shown = match (name, is_default) {
            ("", true) => "(default)".to_owned(),
            (name, true) => format!("{name} (default)"),
            (name, false) => name.to_owned(),
        };
        text.push_str(&format!("{shown}\t{description}\n"));
    }
    let targets = if targets.is_empty() { json!(null) } else { json!(targets) };
    let answer = json!({ "targets": targets, "sources": [json::base64(data)] });
    Request::Targets.answer_with_text(&answer, align(&text, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruction::parse_file;
    use crate::syntax;

    #[track_caller]
    fn check(text: &str, expected_text: &str, expected_json: &str) {
        let sources = SourceMap::of("Dockerfile", text);
        let file = parse_file(syntax::parse(&sources.files()[0]));
        let metadata = targets(&file, &sources, text.as_bytes());
        assert_eq!(String::from_utf8(metadata["result.txt"].clone()).unwrap(), expected_text);
        let json: serde_json::Value = serde_json::from_slice(&metadata["result.json"]).unwrap();
        assert_eq!(json["targets"].to_string(), expected_json);
    }

    #[test]
    fn stages_are_listed_as_written() {
        check(
            "FROM a\n",
            "TARGET    DESCRIPTION\n(default) \n",
            r#"[{"default":true,"base":"a","location":{"ranges":[{"start":{"line":1},"end":{"line":1}}]}}]"#,
        );
        check(
            "# base is it\nFROM --platform=$BUILDPLATFORM a AS Base\nFROM base \\\n AS b\n",
            "TARGET      DESCRIPTION\nbase        is it\nb (default) \n",
            r#"[{"name":"base","description":"is it","base":"a","platform":"$BUILDPLATFORM","location":{"ranges":[{"start":{"line":2},"end":{"line":2}}]}},{"name":"b","default":true,"base":"base","location":{"ranges":[{"start":{"line":3},"end":{"line":3}},{"start":{"line":4},"end":{"line":4}}]}}]"#,
        );
    }
}

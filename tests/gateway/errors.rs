//! What is handed back of a build that cannot be.

use crate::{Engine, run};
use multistage::internal::pb::rpc;
use std::collections::BTreeMap;

fn ranges(detail: &rpc::Any) -> String {
    let text = String::from_utf8_lossy(&detail.value);
    text.split_once(r#""ranges":"#)
        .map(|(_, ranges)| ranges.trim_end_matches('}').to_owned())
        .unwrap_or_default()
}

#[test]
fn a_wrong_line_is_returned_with_its_place() {
    let run = run(Engine::with("FROM alpine\nRUNN x \\\n y\n"), &[]);
    assert!(run.status.success(), "after Return the process ends well");
    let error = run.error();
    assert_eq!(error.code, 2);
    assert!(error.message.contains("unknown instruction: RUNN (did you mean RUN?)"), "{}", error.message);
    assert_eq!(
        ranges(&error.details[0]),
        r#"[{"start":{"line":2},"end":{"line":2}},{"start":{"line":3},"end":{"line":3}}]"#
    );
}

#[test]
fn what_the_engine_says_is_handed_back_with_the_place() {
    let run = run(Engine::with("FROM alpine\nFROM missing\n"), &[]);
    let error = run.error();
    assert_eq!((error.code, error.message.as_str()), (5, "no such image"));
    let types: Vec<&str> = error.details.iter().filter_map(|d| d.type_url.rsplit('/').next()).collect();
    assert_eq!(types, ["errdefs.Source+json", "errdefs.Solve+json"]);
    assert_eq!(ranges(&error.details[0]), r#"[{"start":{"line":2},"end":{"line":2}}]"#);
}

#[test]
fn a_missing_dockerfile_is_an_error_of_the_engine() {
    let engine = Engine { files: BTreeMap::new(), ..Engine::with("") };
    let run = run(engine, &[]);
    assert_eq!(run.error().message, "no such file or directory");
}

#[test]
fn an_unknown_subrequest_is_named() {
    let run = run(Engine::with("FROM alpine\n"), &["requestid=frontend.nonsense"]);
    assert_eq!(run.error().message, "unsupported request frontend.nonsense");
    assert!(run.error().details[0].type_url.ends_with("errdefs.Subrequest+json"));
}

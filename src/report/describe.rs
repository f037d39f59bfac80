//! Which subrequests there are.

use super::table::align;
use super::{Metadata, Request};
use serde::Serialize;

#[derive(Serialize)]
struct Description {
    name: &'static str,
    version: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    description: &'static str,
    opts: Option<Vec<Named>>,
    inputs: Option<Vec<Named>>,
    metadata: Vec<Named>,
    refs: Option<Vec<Named>>,
}

#[derive(Serialize)]
struct Named {
    name: &'static str,
    description: &'static str,
}

/// Answers `frontend.subrequests.describe`. As in the reference, checks and conversion are not listed: clients find
/// those by asking.
pub fn describe() -> Metadata {
    let target = Named { name: "target", description: "Target build stage" };
    let all = [
        description(
            "frontend.outline",
            Request::Outline,
            "List all parameters current build target supports",
            Some(vec![target]),
        ),
        description(
            "frontend.targets",
            Request::Targets,
            "List all targets current build supports",
            Some(vec![]),
        ),
        description(
            "frontend.subrequests.describe",
            Request::Describe,
            "List available subrequest types",
            None,
        ),
    ];
    let mut text = String::from("NAME\tVERSION\tDESCRIPTION\n");
    for one in &all {
        let name = one.name.strip_prefix("frontend.").unwrap_or(one.name);
        text.push_str(&format!("{name}\t{}\t{}\n", one.version, one.description));
    }
    Request::Describe.answer_with_text(&all, align(&text, 1))
}

fn description(
    name: &'static str,
    request: Request,
    description: &'static str,
    opts: Option<Vec<Named>>,
) -> Description {
    let metadata = ["result.json", "result.txt"].map(|name| Named { name, description: "" });
    Description {
        name,
        version: request.version(),
        kind: "rpc",
        description,
        opts,
        inputs: None,
        metadata: metadata.into(),
        refs: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_listed() {
        let metadata = describe();
        assert_eq!(
            String::from_utf8(metadata["result.txt"].clone()).unwrap(),
            "NAME                 VERSION DESCRIPTION\n\
             outline              1.0.0   List all parameters current build target supports\n\
             targets              1.0.0   List all targets current build supports\n\
             subrequests.describe 1.0.0   List available subrequest types\n"
        );
        let json = String::from_utf8(metadata["result.json"].clone()).unwrap();
        assert!(json.contains("\"opts\": [],\n    \"inputs\": null,"), "{json}");
        assert_eq!(metadata["version"], b"1.0.0");
    }
}

//! JSON for other programs. docs/graph-json.md tells what the fields mean; `version` counts what is no addition.

use super::model::{Picture, PictureKind};
use serde_json::{Value, json};

/// The version of the format.
const VERSION: u32 = 1;

/// Returns a picture as JSON.
pub fn json(picture: &Picture) -> Value {
    let lines = |lines: Option<(u32, u32)>| lines.map(|(first, last)| json!([first, last]));
    let nodes = picture.nodes.iter().enumerate().map(|(at, node)| {
        let steps = node.steps.iter().map(|step| {
            let ops = step
                .ops
                .iter()
                .map(|op| json!({ "digest": op.digest, "kind": op.kind, "name": op.name, "does": op.does }));
            json!({ "lines": lines(step.lines), "text": step.text, "ops": ops.collect::<Vec<_>>() })
        });
        json!({
            "id": Picture::id(at),
            "kind": node.kind.as_str(),
            "name": node.name,
            "note": node.note,
            "target": node.is_target,
            "pruned": node.is_pruned,
            "lines": lines(node.lines),
            "steps": steps.collect::<Vec<_>>(),
        })
    });
    let links = picture.links.iter().map(|link| {
        json!({
            "from": Picture::id(link.from),
            "to": Picture::id(link.to),
            "kind": link.kind.as_str(),
            "labels": link.labels,
        })
    });
    json!({
        "version": VERSION,
        "kind": match picture.kind { PictureKind::Stages => "stages", PictureKind::Ops => "ops" },
        "file": picture.title,
        "nodes": nodes.collect::<Vec<_>>(),
        "edges": links.collect::<Vec<_>>(),
    })
}

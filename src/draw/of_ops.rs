//! The ops of a definition as a picture.

use super::model::{LinkKind, Links, Node, NodeKind, Picture, PictureKind, Step};
use super::of_stages::step_op;
use crate::explain::{Op, OpKind, Ops};
use crate::pb::ops::{file_action::Action, op::Op as Kind};
use crate::text::SourceMap;

/// Draws the ops of a definition.
pub fn of_ops(ops: &Ops, sources: &SourceMap) -> Picture {
    let mut links = Links::default();
    let mut nodes = Vec::with_capacity(ops.list.len());
    for (at, op) in ops.list.iter().enumerate() {
        for (index, input) in op.inputs.iter().enumerate() {
            let (kind, labels) = uses(op, index as i64);
            links.add(input.op, at, kind, None);
            labels.into_iter().for_each(|label| links.add(input.op, at, kind, Some(label)));
        }
        let (stage, name) = match op.name.strip_prefix('[').and_then(|name| name.split_once("] ")) {
            Some((stage, name)) => (stage.to_owned(), name.to_owned()),
            None => (String::new(), op.name.clone()),
        };
        let mut note = format!("{} {}", op.kind().as_str(), op.short_digest());
        if !stage.is_empty() {
            note = format!("{stage} · {note}");
        }
        nodes.push(Node {
            kind: kind(op.kind()),
            name,
            note,
            is_target: ops.root == Some(at),
            is_pruned: false,
            lines: op.lines,
            steps: vec![Step { lines: op.lines, text: op.command.clone(), ops: vec![step_op(ops, at)] }],
        });
    }
    let file = &sources.files()[0];
    Picture {
        kind: PictureKind::Ops,
        title: file.name().to_owned(),
        nodes,
        links: links.done(),
        source: file.text().to_owned(),
    }
}

fn kind(kind: OpKind) -> NodeKind {
    match kind {
        OpKind::Image => NodeKind::Image,
        OpKind::Local => NodeKind::Context,
        OpKind::Remote => NodeKind::Remote,
        OpKind::Exec => NodeKind::Exec,
        OpKind::File => NodeKind::File,
        OpKind::Layers => NodeKind::Layers,
        OpKind::Other => NodeKind::Other,
    }
}

/// Returns what an op does with one of its inputs, and which paths it takes.
fn uses(op: &Op, input: i64) -> (LinkKind, Vec<String>) {
    match &op.wire.op {
        Some(Kind::Exec(exec)) => {
            let mounts = exec.mounts.iter().filter(|mount| mount.input == input);
            let paths = mounts.map(|mount| mount.dest.clone()).collect::<Vec<_>>();
            match paths.iter().any(|path| path == "/") {
                true => (LinkKind::Base, Vec::new()),
                false => (LinkKind::Mount, paths),
            }
        }
        Some(Kind::File(file)) => {
            let copies = file.actions.iter().filter(|action| action.secondary_input == input);
            let paths = copies.filter_map(|action| match &action.action {
                Some(Action::Copy(copy)) => Some(copy.src.clone()),
                _ => None,
            });
            match file.actions.iter().any(|action| action.input == input) {
                true => (LinkKind::Base, Vec::new()),
                false => (LinkKind::Copy, paths.collect()),
            }
        }
        _ => (LinkKind::Base, Vec::new()),
    }
}

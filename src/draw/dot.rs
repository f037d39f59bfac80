//! Graphviz.

use super::clip::clip_name;
use super::model::{LinkKind, Node, NodeKind, Picture};
use std::fmt::{self, Write};

/// Draws a picture in the language of Graphviz.
pub fn dot(picture: &Picture) -> String {
    let mut out = String::new();
    write_dot(picture, &mut out).expect("a String takes all text");
    out
}

fn write_dot(picture: &Picture, out: &mut String) -> fmt::Result {
    writeln!(out, "digraph build {{")?;
    writeln!(out, "  label={};", quoted(&picture.title))?;
    writeln!(out, "  rankdir=LR;")?;
    writeln!(out, "  node [shape=box, style=rounded, fontname=\"sans-serif\"];")?;
    writeln!(out, "  edge [fontname=\"monospace\", fontsize=10];")?;
    for (at, node) in picture.nodes.iter().enumerate() {
        let lines = [node.short_name(60), clip_name(&node.note, 60)];
        let lines: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let label = quoted(&lines.join("\n"));
        writeln!(out, "  {} [label={label}{}];", Picture::id(at), style(node))?;
    }
    for link in &picture.links {
        let mut attrs = Vec::new();
        if !link.labels.is_empty() {
            attrs.push(format!("label={}", quoted(&link.short_labels(48).join("\n"))));
        }
        match link.kind {
            LinkKind::Base => attrs.push("penwidth=2".to_owned()),
            LinkKind::Copy => {}
            LinkKind::Mount => attrs.push("style=dashed".to_owned()),
        }
        if picture.nodes[link.to].is_pruned {
            attrs.push("color=gray, fontcolor=gray".to_owned());
        }
        let attrs = if attrs.is_empty() { String::new() } else { format!(" [{}]", attrs.join(", ")) };
        writeln!(out, "  {} -> {}{attrs};", Picture::id(link.from), Picture::id(link.to))?;
    }
    writeln!(out, "}}")
}

fn style(node: &Node) -> String {
    let mut style = match node.kind {
        NodeKind::Image => ", shape=cylinder, style=solid",
        NodeKind::Context => ", shape=folder, style=solid",
        NodeKind::Remote => ", shape=note, style=solid",
        _ => "",
    }
    .to_owned();
    if node.is_pruned {
        style.push_str(", color=gray, fontcolor=gray");
    }
    if node.is_target {
        style.push_str(", penwidth=3, peripheries=2");
    }
    style
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

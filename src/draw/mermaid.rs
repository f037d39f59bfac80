//! Mermaid, which GitHub draws in Markdown.

use super::clip::clip_name;
use super::model::{LinkKind, Node, NodeKind, Picture};
use std::fmt::{self, Write};

/// Draws a picture in the language of Mermaid.
pub fn mermaid(picture: &Picture) -> String {
    let mut out = String::new();
    write_mermaid(picture, &mut out).expect("a String takes all text");
    out
}

fn write_mermaid(picture: &Picture, out: &mut String) -> fmt::Result {
    writeln!(out, "flowchart LR")?;
    for (at, node) in picture.nodes.iter().enumerate() {
        let mut label = escaped(&node.short_name(60));
        if !node.note.is_empty() {
            label.push_str(&format!("<br/><small>{}</small>", escaped(&clip_name(&node.note, 60))));
        }
        let (open, close) = match node.kind {
            NodeKind::Image => ("[(", ")]"),
            NodeKind::Context => ("[/", "/]"),
            NodeKind::Remote => (">", "]"),
            _ => ("[", "]"),
        };
        writeln!(out, "  {}{open}\"{label}\"{close}{}", Picture::id(at), class(node))?;
    }
    for link in &picture.links {
        let arrow = match link.kind {
            LinkKind::Base => "==>",
            LinkKind::Copy => "-->",
            LinkKind::Mount => "-.->",
        };
        let labels: Vec<String> = link.short_labels(48).iter().map(|label| escaped(label)).collect();
        let label = if labels.is_empty() { String::new() } else { format!("|\"{}\"|", labels.join("<br/>")) };
        writeln!(out, "  {} {arrow}{label} {}", Picture::id(link.from), Picture::id(link.to))?;
    }
    writeln!(out, "  classDef target stroke-width:4px")?;
    writeln!(out, "  classDef pruned stroke-dasharray:4 4,opacity:0.5")
}

fn class(node: &Node) -> &'static str {
    match (node.is_target, node.is_pruned) {
        (true, _) => ":::target",
        (_, true) => ":::pruned",
        _ => "",
    }
}

/// Mermaid knows no backslash, but numbers of characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | ';' | '`' | '\\' | '|' => out.push_str(&format!("#{};", c as u32)),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

//! What the arrows and forms of a picture mean. Only what occurs in it is named.

use super::layout::{Point, Size};
use super::model::{LinkKind, NodeKind, Picture};
use super::svg::NOTE_CHAR;
use std::fmt::{self, Write};

/// The height of a row.
const ROW: f64 = 22.0;
/// The width of a sample.
const SAMPLE: f64 = 34.0;
/// Room between a sample and its words, and between entries.
const GAP: f64 = 8.0;
const APART: f64 = 22.0;

/// What an entry shows.
#[derive(Clone, Copy)]
enum Sample {
    Arrow(LinkKind),
    Form(&'static str, &'static str),
}

/// A legend: samples with their words, in rows.
pub(super) struct Legend {
    pub size: Size,
    entries: Vec<(Point, Sample, &'static str)>,
}

impl Legend {
    /// Makes the legend of a picture, in rows that are about as wide as the picture.
    pub(super) fn of(picture: &Picture, width: f64) -> Legend {
        let arrow = |kind, words| {
            let occurs = picture.links.iter().any(|link| link.kind == kind);
            occurs.then_some((Sample::Arrow(kind), words))
        };
        let form = |kind, path, words| {
            let mut nodes = picture.nodes.iter();
            let occurs = nodes.any(|node| node.kind == kind);
            occurs.then_some((Sample::Form(kind.as_str(), path), words))
        };
        let is_pruned = picture.nodes.iter().any(|node| node.is_pruned);
        let all = [
            arrow(LinkKind::Base, "starts from"),
            arrow(LinkKind::Copy, "copies files"),
            arrow(LinkKind::Mount, "mounts"),
            form(NodeKind::Image, "M8-6H26A6 6 0 0 1 26 6H8A6 6 0 0 1 8-6z", "image"),
            form(NodeKind::Context, "M2-4V6H32V-4H14l-3-3H5z", "context"),
            form(NodeKind::Remote, "M2-6V6H32V-1L27-6zM27-6V-1H32", "address"),
            is_pruned.then_some((Sample::Form("pruned", "M2-6H32V6H2z"), "not built")),
        ];
        let (mut x, mut y, mut right) = (0.0, 0.0, 0.0_f64);
        let mut entries = Vec::new();
        for (sample, words) in all.into_iter().flatten() {
            let own = SAMPLE + GAP + words.chars().count() as f64 * NOTE_CHAR;
            if x > 0.0 && x + own > width.max(300.0) {
                (x, y) = (0.0, y + ROW);
            }
            entries.push((Point { x, y }, sample, words));
            right = right.max(x + own);
            x += own + APART;
        }
        let height = if entries.is_empty() { 0.0 } else { y + ROW };
        Legend { size: Size { width: right, height }, entries }
    }

    /// Draws it, its upper left corner at a place.
    pub(super) fn write(&self, corner: Point, out: &mut String) -> fmt::Result {
        writeln!(out, "<g class=\"legend\" transform=\"translate({:.1} {:.1})\">", corner.x, corner.y)?;
        for (place, sample, words) in &self.entries {
            let (x, y) = (place.x, place.y + ROW / 2.0);
            write!(out, "<g transform=\"translate({x:.1} {y:.1})\">")?;
            match sample {
                Sample::Arrow(kind) => {
                    let kind = kind.as_str();
                    write!(
                        out,
                        "<path class=\"edge {kind}\" marker-end=\"url(#head)\" d=\"M0 0H{SAMPLE}\"/>"
                    )?;
                }
                Sample::Form(class, path) => {
                    write!(out, "<g class=\"{class}\"><path class=\"shape\" d=\"{path}\"/></g>")?;
                }
            }
            writeln!(out, "<text class=\"note\" x=\"{:.1}\" y=\"4\">{words}</text></g>", SAMPLE + GAP)?;
        }
        writeln!(out, "</g>")
    }
}

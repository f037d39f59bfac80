//! SVG that stands alone: it brings its style, and follows the reader's choice of light or dark.

use super::clip::{clip, clip_name, clip_step, columns};
use super::layout::{Arrow, Item, Layout, Point, Size, layout};
use super::legend::Legend;
use super::model::{Link, LinkKind, Node, NodeKind, Picture};
use super::scene::{Grid, Scene, Stroke};
use std::fmt::{self, Write};

/// The style of pictures.
const STYLE: &str = include_str!("style.css");
/// Room around the picture.
const MARGIN: f64 = 20.0;
/// Room inside of a box.
const PAD: f64 = 12.0;
/// The height of a line.
const LINE: f64 = 17.0;
/// How wide a character is: of a name, of a note, of a step. Fonts differ, so these are on the safe side.
const NAME_CHAR: f64 = 8.9;
pub(super) const NOTE_CHAR: f64 = 6.9;
const STEP_CHAR: f64 = 7.1;
/// The most characters of a line.
const LONGEST: usize = 46;
/// The most characters of a line of a label.
const LONGEST_LABEL: usize = 38;
/// The most characters of the words that a pointer brings up.
const LONGEST_TITLE: usize = 400;
/// So many characters fit below the narrowest box of a crowd.
const SHORTEST_TAG: usize = 12;

/// Draws a picture as SVG.
pub fn svg(picture: &Picture) -> String {
    let mut out = String::new();
    write_svg(picture, true, &mut out).expect("a String takes all text");
    out
}

/// Draws a picture as SVG for a page that brings the style.
pub(super) fn svg_in_page(picture: &Picture) -> String {
    let mut out = String::new();
    write_svg(picture, false, &mut out).expect("a String takes all text");
    out
}

/// Draws what the arrows of a picture mean, for a page.
pub(super) fn legend_in_page(picture: &Picture) -> String {
    let legend = Legend::of(picture, 900.0);
    let Size { width, height } = legend.size;
    let mut out = format!("<svg width=\"{width:.0}\" height=\"{height:.0}\">");
    legend.write(Point::default(), &mut out).expect("a String takes all text");
    out + "</svg>"
}

/// The style of the picture, for a page that holds it.
pub(super) fn style() -> &'static str {
    STYLE
}

fn write_svg(picture: &Picture, is_alone: bool, out: &mut String) -> fmt::Result {
    let most_steps = most_steps(picture);
    let mut boxes: Vec<Box> = picture.nodes.iter().map(|node| Box::of(node, most_steps)).collect();
    let scene = Scene::of(picture);
    for crowd in scene.items.iter().filter(|members| members.len() > 1) {
        let widest = crowd.iter().map(|&at| boxes[at].size.width).fold(0.0, f64::max);
        crowd.iter().for_each(|&at| boxes[at].size.width = widest);
    }
    let sizes: Vec<Size> = boxes.iter().map(|it| it.size).collect();
    let tags = scene.tags(&picture.links);
    let grids: Vec<Option<Grid>> = scene.items.iter().map(|members| grid(members, &sizes, &tags)).collect();
    let items = scene.items.iter().zip(&grids).map(|(members, grid)| {
        let size = grid.map_or(sizes[members[0]], |grid| grid.size());
        Item { size, is_round: picture.nodes[members[0]].kind == NodeKind::Image }
    });
    let items: Vec<Item> = items.collect();
    let labels: Vec<Vec<String>> =
        scene.strokes.iter().map(|stroke| label(picture, &scene, stroke)).collect();
    let arrows: Vec<Arrow> =
        scene.strokes.iter().zip(&labels).map(|(stroke, label)| arrow(stroke, label)).collect();
    let layout = layout(&items, &arrows);
    let legend = Legend::of(picture, layout.size.width);
    let (mut width, mut height) = (layout.size.width + 2.0 * MARGIN, layout.size.height + 2.0 * MARGIN);
    if is_alone {
        width = width.max(legend.size.width + 2.0 * MARGIN);
        height += legend.size.height;
    }
    write!(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" role=\"img\" ")?;
    writeln!(out, "width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">")?;
    writeln!(out, "<title>{}</title>", escaped(&picture.title))?;
    if is_alone {
        writeln!(out, "<style>{STYLE}</style>")?;
        writeln!(out, "<rect class=\"sheet\" width=\"100%\" height=\"100%\"/>")?;
    }
    writeln!(
        out,
        "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"head\" d=\"M0 0 10 5 0 10z\"/></marker></defs>"
    )?;
    writeln!(out, "<g id=\"view\" transform=\"translate({MARGIN} {MARGIN})\">")?;
    for (item, grid) in grids.iter().enumerate() {
        if let Some(grid) = grid {
            frame(scene.items[item].len(), grid.size(), layout.nodes[item], out)?;
        }
    }
    strokes(picture, &scene, &layout, out)?;
    for (item, members) in scene.items.iter().enumerate() {
        for (number, &at) in members.iter().enumerate() {
            let middle = match &grids[item] {
                None => layout.nodes[item],
                Some(grid) => {
                    let (whole, corner, own) = (grid.size(), grid.place(number), sizes[at]);
                    let frame = layout.nodes[item];
                    Point {
                        x: frame.x - whole.width / 2.0 + corner.x + own.width / 2.0,
                        y: frame.y - whole.height / 2.0 + corner.y + own.height / 2.0,
                    }
                }
            };
            node_box(at, &picture.nodes[at], &boxes[at], middle, out)?;
            let left = middle.x - sizes[at].width / 2.0;
            let mut y = middle.y + sizes[at].height / 2.0 + 3.0;
            for &(link, is_to) in &tags[at] {
                y += LINE;
                let text = tag(&picture.links[link], is_to, (sizes[at].width / STEP_CHAR) as usize);
                let text = escaped(&text);
                writeln!(
                    out,
                    "<g class=\"link{}\" data-link=\"{link}\"><text class=\"label\" x=\"{left:.1}\" y=\"{y:.1}\">{text}</text></g>",
                    pruned(picture, &[link])
                )?;
            }
        }
    }
    // Labels lie above all, so that no arrow runs through a word.
    for (at, label) in labels.iter().enumerate().filter(|(_, label)| !label.is_empty()) {
        let links = &scene.strokes[at].links;
        write!(out, "<g class=\"link{}\" data-link=\"{}\">", pruned(picture, links), ids(links))?;
        let whole = links.iter().flat_map(|&link| &picture.links[link].labels);
        let whole = whole.map(|label| clip(label, LONGEST_TITLE)).collect::<Vec<_>>().join("\n");
        write!(out, "<title>{}</title>", escaped(&whole))?;
        let (middle, room) = (layout.arrows[at].1, arrows[at].label);
        let (x, y) = (middle.x - room.width / 2.0 + 3.0, middle.y - room.height / 2.0);
        write!(
            out,
            "<rect class=\"plate\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"4\"/>",
            room.width - 6.0,
            room.height
        )?;
        let top = middle.y - LINE * (label.len() as f64 - 1.0) / 2.0 + 4.0;
        for (line, text) in label.iter().enumerate() {
            let y = top + LINE * line as f64;
            write!(
                out,
                "<text class=\"label\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
                middle.x,
                escaped(text)
            )?;
        }
        writeln!(out, "</g>")?;
    }
    writeln!(out, "</g>")?;
    if is_alone {
        legend.write(Point { x: MARGIN, y: height - MARGIN / 2.0 - legend.size.height }, out)?;
    }
    writeln!(out, "</svg>")
}

/// Returns how the boxes of a crowd stand; nothing if there is one only.
fn grid(members: &[usize], sizes: &[Size], tags: &[Vec<(usize, bool)>]) -> Option<Grid> {
    if members.len() == 1 {
        return None;
    }
    let own = members.iter().map(|&at| {
        let below = LINE * tags[at].len() as f64;
        Size { width: sizes[at].width, height: sizes[at].height + below }
    });
    let largest = own
        .fold(Size::default(), |a, b| Size { width: a.width.max(b.width), height: a.height.max(b.height) });
    Some(Grid::of(members.len(), largest))
}

/// Returns the words at an arrow. Those of a crowd stand below its boxes.
fn label(picture: &Picture, scene: &Scene, stroke: &Stroke) -> Vec<String> {
    match stroke.links[..] {
        [one] if scene.items[stroke.from].len() + scene.items[stroke.to].len() == 2 => {
            picture.links[one].short_labels(LONGEST_LABEL)
        }
        _ => Vec::new(),
    }
}

/// Returns the words below a box of a crowd.
fn tag(link: &Link, is_to: bool, room: usize) -> String {
    let longest = room.saturating_sub(3).max(SHORTEST_TAG);
    let text = clip(&link.short_labels(longest).join(", "), longest);
    if is_to { format!("▸ {text}") } else { format!("{text} ▸") }
}

fn frame(count: usize, size: Size, middle: Point, out: &mut String) -> fmt::Result {
    let Size { width, height } = size;
    let (x, y) = (middle.x - width / 2.0, middle.y - height / 2.0);
    writeln!(
        out,
        "<rect class=\"frame\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"10\"/>"
    )?;
    let (x, y) = (x + 20.0, y + 22.0);
    writeln!(out, "<text class=\"note\" x=\"{x:.1}\" y=\"{y:.1}\">{count} stages side by side</text>")
}

fn ids(links: &[usize]) -> String {
    links.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

/// Many stages leave less room for each.
fn most_steps(picture: &Picture) -> usize {
    match picture.nodes.iter().filter(|node| node.kind == NodeKind::Stage).count() {
        0..=8 => 8,
        9..=20 => 5,
        21..=40 => 3,
        _ => 2,
    }
}

/// Returns the class of arrows that nobody uses.
fn pruned(picture: &Picture, links: &[usize]) -> &'static str {
    let is_idle = links.iter().all(|&link| picture.nodes[picture.links[link].to].is_pruned);
    if is_idle { " pruned" } else { "" }
}

fn arrow(stroke: &Stroke, label: &[String]) -> Arrow {
    let longest = label.iter().map(|line| columns(line)).max().unwrap_or(0);
    let label = match longest {
        0 => Size::default(),
        _ => Size { width: longest as f64 * STEP_CHAR + 12.0, height: label.len() as f64 * LINE },
    };
    Arrow { from: stroke.from, to: stroke.to, label, is_strong: stroke.kind == LinkKind::Base }
}

/// A box with its text.
struct Box {
    size: Size,
    name: String,
    note: String,
    /// The place of each step that is shown, the number of its line, and its text.
    steps: Vec<(usize, String, String)>,
    more: usize,
}

impl Box {
    fn of(node: &Node, most: usize) -> Box {
        let is_stage = node.kind == NodeKind::Stage;
        let name = node.short_name(LONGEST - 4);
        let note = clip_name(&node.note, LONGEST);
        let shown = match node.steps.len() {
            _ if !is_stage => 0,
            count if count <= most + 1 => count,
            _ => most,
        };
        let steps: Vec<(usize, String, String)> = node.steps[..shown]
            .iter()
            .enumerate()
            .map(|(at, step)| {
                let line = step.lines.map_or(String::new(), |(first, _)| first.to_string());
                (at, line, clip_step(&step.text, LONGEST - 6))
            })
            .collect();
        let more = if is_stage { node.steps.len() - shown } else { 0 };
        let chars = |text: &str| columns(text) as f64;
        let badge = if node.is_target { 74.0 } else { 0.0 };
        let widths = steps.iter().map(|(_, _, text)| (chars(text) + 5.0) * STEP_CHAR);
        let width = widths.fold(chars(&name) * NAME_CHAR + badge, f64::max).max(chars(&note) * NOTE_CHAR);
        let side = if node.kind.is_source() { PAD + 8.0 } else { PAD };
        let mut height = 2.0 * PAD + LINE;
        if !note.is_empty() {
            height += LINE;
        }
        if !steps.is_empty() {
            height += LINE * (steps.len() + usize::from(more > 0)) as f64 + 8.0;
        }
        let size = Size { width: (width + 2.0 * side).max(110.0), height };
        Box { size, name, note, steps, more }
    }
}

fn strokes(picture: &Picture, scene: &Scene, layout: &Layout, out: &mut String) -> fmt::Result {
    for (at, stroke) in scene.strokes.iter().enumerate() {
        let (links, kind) = (&stroke.links, stroke.kind.as_str());
        writeln!(
            out,
            "<g class=\"link{}\" data-link=\"{}\"><path class=\"edge {kind}\" marker-end=\"url(#head)\" d=\"{}\"/></g>",
            pruned(picture, links),
            ids(links),
            path(&layout.arrows[at].0, layout.is_down)
        )?;
    }
    Ok(())
}

/// Returns a smooth way through some points, which leaves and enters each in the direction of the layers.
fn path(points: &[Point], is_down: bool) -> String {
    let mut out = String::new();
    let [first, rest @ ..] = points else { return out };
    let _ = write!(out, "M{:.1} {:.1}", first.x, first.y);
    let mut last = *first;
    for next in rest {
        // An arrow that ends on no length would not know where to point.
        if last == *next {
            continue;
        }
        let (x, y) = ((last.x + next.x) / 2.0, (last.y + next.y) / 2.0);
        let [a, b] = match is_down {
            true => [Point { x: last.x, y }, Point { x: next.x, y }],
            false => [Point { x, y: last.y }, Point { x, y: next.y }],
        };
        let _ = write!(out, "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}", a.x, a.y, b.x, b.y, next.x, next.y);
        last = *next;
    }
    out
}

fn node_box(at: usize, node: &Node, it: &Box, middle: Point, out: &mut String) -> fmt::Result {
    let Size { width, height } = it.size;
    let (x, y) = (middle.x - width / 2.0, middle.y - height / 2.0);
    let mut class = format!("node {}", node.kind.as_str());
    if node.is_target {
        class.push_str(" target");
    }
    if node.is_pruned {
        class.push_str(" pruned");
    }
    writeln!(
        out,
        "<g class=\"{class}\" data-node=\"{at}\" tabindex=\"0\" transform=\"translate({x:.1} {y:.1})\">"
    )?;
    let lines = node.lines.map_or(String::new(), |(first, _)| format!(", line {first}"));
    let state = match (node.is_target, node.is_pruned) {
        (true, _) => ", target",
        (_, true) => ", not built",
        _ => "",
    };
    writeln!(out, "<title>{}{lines}{state}</title>", escaped(&node.name))?;
    shape(node.kind, it.size, out)?;
    let is_source = node.kind.is_source();
    let left = if is_source { width / 2.0 } else { PAD };
    let anchor = if is_source { " text-anchor=\"middle\"" } else { "" };
    let mut line = PAD + 12.0;
    writeln!(
        out,
        "<text class=\"name\"{anchor} x=\"{left:.1}\" y=\"{line:.1}\">{}</text>",
        escaped(&it.name)
    )?;
    if node.is_target {
        let (width, left) = (60.0, width - PAD - 60.0);
        writeln!(
            out,
            "<rect class=\"badge\" x=\"{left:.1}\" y=\"{PAD}\" width=\"{width}\" height=\"16\" rx=\"8\"/>"
        )?;
        let (x, y) = (left + width / 2.0, PAD + 12.0);
        writeln!(
            out,
            "<text class=\"badge-text\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{y}\">TARGET</text>"
        )?;
    }
    if !it.note.is_empty() {
        line += LINE;
        writeln!(
            out,
            "<text class=\"note\"{anchor} x=\"{left:.1}\" y=\"{line:.1}\">{}</text>",
            escaped(&it.note)
        )?;
    }
    if !it.steps.is_empty() {
        let y = line + 7.0;
        writeln!(out, "<path class=\"rule\" d=\"M0 {y:.1}H{width:.1}\"/>")?;
        line += 8.0;
    }
    for (step, number, text) in &it.steps {
        line += LINE;
        let whole = escaped(&clip(&node.steps[*step].text, LONGEST_TITLE));
        write!(out, "<g class=\"line\" data-step=\"{step}\"><title>{whole}</title>")?;
        let x = PAD + 3.5 * STEP_CHAR;
        write!(
            out,
            "<text class=\"number\" text-anchor=\"end\" x=\"{x:.1}\" y=\"{line:.1}\">{number}</text>"
        )?;
        let x = PAD + 5.0 * STEP_CHAR;
        writeln!(out, "<text class=\"step\" x=\"{x:.1}\" y=\"{line:.1}\">{}</text></g>", escaped(text))?;
    }
    if it.more > 0 {
        line += LINE;
        let x = PAD + 5.0 * STEP_CHAR;
        writeln!(out, "<text class=\"more\" x=\"{x:.1}\" y=\"{line:.1}\">and {} more</text>", it.more)?;
    }
    writeln!(out, "</g>")
}

/// Stages are boxes; what they take from outside has other forms.
fn shape(kind: NodeKind, size: Size, out: &mut String) -> fmt::Result {
    let Size { width, height } = size;
    match kind {
        NodeKind::Image => {
            let round = height / 2.0;
            writeln!(
                out,
                "<rect class=\"shape\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round:.1}\"/>"
            )
        }
        // A folder with its tab.
        NodeKind::Context => {
            writeln!(out, "<path class=\"shape\" d=\"M0 0V{height:.1}H{width:.1}V0H46l-8 -8H8z\"/>")
        }
        // A sheet with a corner folded.
        NodeKind::Remote => {
            let fold = width - 12.0;
            writeln!(
                out,
                "<path class=\"shape\" d=\"M0 0V{height:.1}H{width:.1}V12L{fold:.1} 0zM{fold:.1} 0V12H{width:.1}\"/>"
            )
        }
        _ => writeln!(out, "<rect class=\"shape\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"6\"/>"),
    }
}

/// Returns text for XML. What XML cannot hold becomes U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push(char::REPLACEMENT_CHARACTER)
            }
            c => out.push(c),
        }
    }
    out
}

//! Where boxes go and how arrows bend.
//!
//! In: sizes. Out: places. The only file that knows the layout library.

use super::clashes::clashes;
use super::route::routes;
use dugong::graphlib::{EdgeKey, Graph, GraphOptions};
use dugong::{EdgeLabel, GraphLabel, NodeLabel, RankDir};

/// The room that something takes, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub width: f64,
    pub height: f64,
}

/// A place, in pixels from the upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub x: f64,
    pub y: f64,
}

/// A box to be laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub size: Size,
    /// Whether its left and right sides are half circles.
    pub is_round: bool,
}

/// An arrow to be laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrow {
    pub from: usize,
    pub to: usize,
    /// The room of its label; nothing if it has none.
    pub label: Size,
    /// Whether it should be short and straight.
    pub is_strong: bool,
}

/// Where everything goes.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub size: Size,
    /// Whether arrows go from top to bottom rather than from left to right.
    pub is_down: bool,
    /// The middle of each box.
    pub nodes: Vec<Point>,
    /// Of each arrow: where it bends, first to last, and the middle of its label.
    pub arrows: Vec<(Vec<Point>, Point)>,
}

/// Lays boxes out in layers, from left to right or from top to bottom: whichever has to be shrunk less to be seen. A page
/// is scrolled down, so a picture may be higher than wide.
pub(super) fn layout(items: &[Item], arrows: &[Arrow]) -> Layout {
    const PAGE: Size = Size { width: 1500.0, height: 2200.0 };
    let shrink =
        |layout: &Layout| (layout.size.width / PAGE.width).max(layout.size.height / PAGE.height).max(1.0);
    let across = tidiest(items, arrows, RankDir::LR);
    if shrink(&across) <= 1.0 {
        return across;
    }
    let down = tidiest(items, arrows, RankDir::TB);
    // From left to right labels have more room, so that way is taken unless it is much worse.
    if shrink(&down) * 1.3 < shrink(&across) { down } else { across }
}

/// The library finds an order of boxes by trying, from the order in which it hears of them. Several are tried, the more
/// the smaller the graph is, and the one that reads best is taken.
fn tidiest(items: &[Item], arrows: &[Arrow], rankdir: RankDir) -> Layout {
    let tries = match arrows.len() {
        0..=24 => 40,
        25..=48 => 20,
        49..=96 => 8,
        _ => 1,
    };
    let mut dice = Dice(1);
    let mut best: Option<(usize, Layout)> = None;
    for number in 0..tries {
        let mut orders = [items.len(), arrows.len()].map(|count| (0..count).collect::<Vec<_>>());
        // First as they are, then the last first, then as it comes.
        match number {
            0 => {}
            1 => orders.iter_mut().for_each(|order| order.reverse()),
            _ => orders.iter_mut().for_each(|order| dice.shuffle(order)),
        }
        let layout = directed(items, arrows, rankdir, &orders);
        if tries == 1 {
            return layout;
        }
        let count = clashes(&layout, items, arrows);
        if best.as_ref().is_none_or(|(least, _)| count < *least) {
            best = Some((count, layout));
        }
        if count == 0 {
            break;
        }
    }
    best.expect("one is tried at least").1
}

/// The same numbers each time: one build has one picture.
pub(super) struct Dice(pub u64);

impl Dice {
    /// Returns a number below another one.
    pub(super) fn next(&mut self, count: usize) -> usize {
        // The constants are Knuth's for MMIX; the upper bits are the random ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    fn shuffle(&mut self, list: &mut [usize]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.next(at + 1));
        }
    }
}

fn directed(items: &[Item], arrows: &[Arrow], rankdir: RankDir, orders: &[Vec<usize>; 2]) -> Layout {
    let mut graph: Graph<NodeLabel, EdgeLabel, GraphLabel> =
        Graph::new(GraphOptions { directed: true, multigraph: true, compound: false });
    let (nodesep, ranksep) = match rankdir {
        RankDir::LR | RankDir::RL => (24.0, 56.0),
        RankDir::TB | RankDir::BT => (34.0, 76.0),
    };
    graph.set_graph(GraphLabel { rankdir, nodesep, ranksep, edgesep: 14.0, ..GraphLabel::default() });
    let id = |at: usize| format!("n{at}");
    for &at in &orders[0] {
        let size = items[at].size;
        graph.set_node(id(at), NodeLabel { width: size.width, height: size.height, ..NodeLabel::default() });
    }
    for &at in &orders[1] {
        let arrow = &arrows[at];
        let label = EdgeLabel {
            width: arrow.label.width,
            height: arrow.label.height,
            weight: if arrow.is_strong { 3.0 } else { 1.0 },
            ..EdgeLabel::default()
        };
        graph.set_edge_named(id(arrow.from), id(arrow.to), Some(at.to_string()), Some(label));
    }
    // It fails only if it is told to stop.
    let is_done = dugong::layout(&mut graph).is_ok();
    let point = |x: Option<f64>, y: Option<f64>| Point { x: x.unwrap_or(0.0), y: y.unwrap_or(0.0) };
    let place = |at: usize| match graph.node(&id(at)) {
        Some(node) if is_done => point(node.x, node.y),
        _ => Point::default(),
    };
    let places: Vec<Point> = (0..items.len()).map(place).collect();
    let is_down = rankdir == RankDir::TB;
    let bends: Vec<(Vec<Point>, Point)> = (0..arrows.len())
        .map(|at| {
            let arrow = &arrows[at];
            let key = EdgeKey::new(id(arrow.from), id(arrow.to), Some(at.to_string()));
            let Some(edge) = graph.edge_by_key(&key) else { return (Vec::new(), Point::default()) };
            let bends = edge.points.iter().map(|bend| Point { x: bend.x, y: bend.y }).collect();
            (bends, point(edge.x, edge.y))
        })
        .collect();
    let routes = routes(items, &places, arrows, &bends, is_down);
    let arrows_placed = routes.into_iter().zip(bends).map(|(route, (_, middle))| (route, middle)).collect();
    framed(Layout { size: Size::default(), is_down, nodes: places, arrows: arrows_placed }, items, arrows)
}

/// Moves all so that it begins at the upper left corner, and measures it. The library leaves bends out of account, so an
/// arrow around the outermost boxes would be cut off.
fn framed(mut layout: Layout, items: &[Item], arrows: &[Arrow]) -> Layout {
    let (mut low, mut high) = (Point { x: f64::MAX, y: f64::MAX }, Point { x: f64::MIN, y: f64::MIN });
    let mut take = |place: &Point, size: Size| {
        let (x, y) = (size.width / 2.0, size.height / 2.0);
        low = Point { x: low.x.min(place.x - x), y: low.y.min(place.y - y) };
        high = Point { x: high.x.max(place.x + x), y: high.y.max(place.y + y) };
    };
    layout.nodes.iter().zip(items).for_each(|(place, item)| take(place, item.size));
    for ((route, middle), arrow) in layout.arrows.iter().zip(arrows) {
        route.iter().for_each(|bend| take(bend, Size::default()));
        if arrow.label.width > 0.0 {
            take(middle, arrow.label);
        }
    }
    if items.is_empty() {
        return layout;
    }
    let all = layout.arrows.iter_mut().flat_map(|(route, middle)| route.iter_mut().chain([middle]));
    for place in layout.nodes.iter_mut().chain(all) {
        *place = Point { x: place.x - low.x, y: place.y - low.y };
    }
    layout.size = Size { width: high.x - low.x, height: high.y - low.y };
    layout
}

//! Where boxes go and how arrows bend.
//!
//! In: sizes. Out: places. The only file that knows the layout library.

use super::clashes::clashes;
use dugong::graphlib::{EdgeKey, Graph, GraphOptions};
use dugong::{EdgeLabel, GraphLabel, NodeLabel, RankDir};
use std::collections::HashMap;

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

/// Lays boxes out in layers, from left to right or from top to bottom: whichever fits better on a screen.
pub(super) fn layout(nodes: &[Size], arrows: &[Arrow]) -> Layout {
    const SCREEN: Size = Size { width: 1600.0, height: 950.0 };
    let overflow =
        |layout: &Layout| (layout.size.width / SCREEN.width).max(layout.size.height / SCREEN.height).max(1.0);
    let across = tidiest(nodes, arrows, RankDir::LR);
    if overflow(&across) <= 1.0 {
        return across;
    }
    let down = tidiest(nodes, arrows, RankDir::TB);
    // From left to right labels have more room, so that way is taken unless it is much worse.
    if overflow(&down) * 1.3 < overflow(&across) { down } else { across }
}

/// The library finds an order of boxes by trying, from the order in which it hears of them. Of small graphs several are
/// tried, and the one that reads best is taken.
fn tidiest(nodes: &[Size], arrows: &[Arrow], rankdir: RankDir) -> Layout {
    const MOST_ARROWS: usize = 80;
    const ORDERS: [Order; 4] = [
        Order { nodes_turned: false, arrows_turned: false },
        Order { nodes_turned: true, arrows_turned: false },
        Order { nodes_turned: false, arrows_turned: true },
        Order { nodes_turned: true, arrows_turned: true },
    ];
    let first = directed(nodes, arrows, rankdir, ORDERS[0]);
    if arrows.len() > MOST_ARROWS {
        return first;
    }
    let mut best = (clashes(&first, nodes, arrows), first);
    for order in &ORDERS[1..] {
        if best.0 == 0 {
            break;
        }
        let other = directed(nodes, arrows, rankdir, *order);
        let count = clashes(&other, nodes, arrows);
        if count < best.0 {
            best = (count, other);
        }
    }
    best.1
}

/// In which order the library hears of boxes and arrows: as they are, or the last first.
#[derive(Clone, Copy)]
struct Order {
    nodes_turned: bool,
    arrows_turned: bool,
}

fn turned(count: usize, is_turned: bool) -> impl Iterator<Item = usize> {
    (0..count).map(move |at| if is_turned { count - 1 - at } else { at })
}

fn directed(nodes: &[Size], arrows: &[Arrow], rankdir: RankDir, order: Order) -> Layout {
    let mut graph: Graph<NodeLabel, EdgeLabel, GraphLabel> =
        Graph::new(GraphOptions { directed: true, multigraph: true, compound: false });
    let (nodesep, ranksep) = match rankdir {
        RankDir::LR | RankDir::RL => (22.0, 46.0),
        RankDir::TB | RankDir::BT => (34.0, 42.0),
    };
    graph.set_graph(GraphLabel { rankdir, nodesep, ranksep, edgesep: 14.0, ..GraphLabel::default() });
    let id = |at: usize| format!("n{at}");
    for at in turned(nodes.len(), order.nodes_turned) {
        let size = nodes[at];
        graph.set_node(id(at), NodeLabel { width: size.width, height: size.height, ..NodeLabel::default() });
    }
    for at in turned(arrows.len(), order.arrows_turned) {
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
    let places: Vec<Point> = (0..nodes.len()).map(place).collect();
    let is_down = rankdir == RankDir::TB;
    let layers = Layers::of(nodes, &places, is_down);
    let bends = arrows.iter().enumerate().map(|(at, arrow)| {
        let key = EdgeKey::new(id(arrow.from), id(arrow.to), Some(at.to_string()));
        let Some(edge) = graph.edge_by_key(&key) else { return (Vec::new(), Point::default()) };
        let bends = edge.points.iter().map(|bend| Point { x: bend.x, y: bend.y }).collect();
        (from_side_to_side(arrow, nodes, &places, &layers, bends), point(edge.x, edge.y))
    });
    let size = Size { width: graph.graph().width, height: graph.graph().height };
    let arrows = bends.collect();
    Layout { size, is_down, nodes: places, arrows }
}

/// How far each layer reaches in the direction of the layers, by the middle of its boxes.
struct Layers {
    is_down: bool,
    half: HashMap<i64, f64>,
}

impl Layers {
    fn of(nodes: &[Size], places: &[Point], is_down: bool) -> Layers {
        let mut layers = Layers { is_down, half: HashMap::new() };
        for (size, place) in nodes.iter().zip(places) {
            let own = if is_down { size.height } else { size.width } / 2.0;
            let half = layers.half.entry(layers.key(*place)).or_default();
            *half = half.max(own);
        }
        layers
    }

    fn key(&self, place: Point) -> i64 {
        (if self.is_down { place.y } else { place.x }).round() as i64
    }
}

/// Makes an arrow leave a box on the side that the layers go to, and come in on the other. The library aims at the
/// middle of a box, so steep arrows would cut its corners. Before an arrow bends it leaves the layer of its box behind,
/// for there may be larger boxes in it.
fn from_side_to_side(
    arrow: &Arrow,
    nodes: &[Size],
    places: &[Point],
    layers: &Layers,
    bends: Vec<Point>,
) -> Vec<Point> {
    let [_, inner @ .., _] = &bends[..] else { return bends };
    let (Some(first), Some(last)) = (inner.first(), inner.last()) else { return bends };
    // Neighbours keep their order along the side, and stay off its corners.
    let spread = |toward: f64, middle: f64, half: f64| middle + ((toward - middle) * 0.3).clamp(-half, half);
    let ends = |node: usize, toward: Point, sign: f64| {
        let (Size { width, height }, place) = (nodes[node], places[node]);
        let half = layers.half.get(&layers.key(place)).copied().unwrap_or_default();
        match layers.is_down {
            true => {
                let x = spread(toward.x, place.x, width * 0.35);
                [Point { x, y: place.y + sign * height / 2.0 }, Point { x, y: place.y + sign * half }]
            }
            false => {
                let y = spread(toward.y, place.y, height * 0.35);
                [Point { x: place.x + sign * width / 2.0, y }, Point { x: place.x + sign * half, y }]
            }
        }
    };
    let [start, leave] = ends(arrow.from, *first, 1.0);
    let [end, enter] = ends(arrow.to, *last, -1.0);
    [start, leave].into_iter().chain(inner.iter().copied()).chain([enter, end]).collect()
}

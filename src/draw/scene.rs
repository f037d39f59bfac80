//! What is placed together.
//!
//! Fifty stages that start from one image and end up in one stage would make one endless column. Boxes that take from the
//! same boxes and give to the same ones are a crowd: they stand in rows inside of one frame, one arrow leads to the frame
//! and one away from it, and the paths of each stand below it.

use super::layout::{Point, Size};
use super::model::{Link, LinkKind, NodeKind, Picture};
use indexmap::IndexMap;

/// So many boxes alike are a crowd.
const MANY: usize = 9;
/// How wide a crowd should be for its height.
const ASPECT: f64 = 1.5;
/// Room between boxes of a crowd, and around them.
const GAP: f64 = 20.0;
/// Room for the title of a crowd.
const TITLE: f64 = 18.0;

/// Boxes and crowds, and the arrows between them.
#[derive(Debug)]
pub(super) struct Scene {
    /// The boxes of each item: one, or many in a crowd.
    pub items: Vec<Vec<usize>>,
    /// The arrows.
    pub strokes: Vec<Stroke>,
    /// By box: its item.
    item_of: Vec<usize>,
}

/// An arrow from item to item.
#[derive(Debug)]
pub(super) struct Stroke {
    pub from: usize,
    pub to: usize,
    pub kind: LinkKind,
    /// The arrows of the picture that it stands for.
    pub links: Vec<usize>,
}

/// The arrows at a box: whether each leads to it, its other end, and its kind.
type Surroundings = Vec<(bool, usize, LinkKind)>;

impl Scene {
    /// Finds the crowds of a picture.
    pub(super) fn of(picture: &Picture) -> Scene {
        let mut around: Vec<Surroundings> = vec![Vec::new(); picture.nodes.len()];
        for link in &picture.links {
            around[link.to].push((true, link.from, link.kind));
            around[link.from].push((false, link.to, link.kind));
        }
        let mut alike: IndexMap<(bool, Surroundings), Vec<usize>> = IndexMap::new();
        for (at, (node, mut around)) in picture.nodes.iter().zip(around).enumerate() {
            around.sort();
            let may_join = node.kind == NodeKind::Stage && !node.is_target && !around.is_empty();
            // The target and what is no stage stand alone: nothing is like them.
            let key =
                if may_join { (node.is_pruned, around) } else { (false, vec![(false, at, LinkKind::Base)]) };
            alike.entry(key).or_default().push(at);
        }
        let mut items: Vec<Vec<usize>> = Vec::new();
        for group in alike.into_values() {
            match group.len() {
                0..MANY => items.extend(group.into_iter().map(|at| vec![at])),
                _ => items.push(group),
            }
        }
        // Boxes come in the order of the file.
        items.sort();
        let mut item_of = vec![0; picture.nodes.len()];
        for (item, members) in items.iter().enumerate() {
            members.iter().for_each(|&at| item_of[at] = item);
        }
        let mut strokes: IndexMap<(usize, usize, LinkKind), Vec<usize>> = IndexMap::new();
        for (at, link) in picture.links.iter().enumerate() {
            strokes.entry((item_of[link.from], item_of[link.to], link.kind)).or_default().push(at);
        }
        let strokes = strokes.into_iter().map(|((from, to, kind), links)| Stroke { from, to, kind, links });
        Scene { items, strokes: strokes.collect(), item_of }
    }

    /// Tells whether a box stands in a crowd.
    pub(super) fn is_in_crowd(&self, node: usize) -> bool {
        self.items[self.item_of[node]].len() > 1
    }

    /// Returns the arrows whose paths stand below a box of a crowd, and whether they lead to it.
    pub(super) fn tags(&self, links: &[Link]) -> Vec<Vec<(usize, bool)>> {
        let mut tags = vec![Vec::new(); self.item_of.len()];
        for (at, link) in links.iter().enumerate().filter(|(_, link)| !link.labels.is_empty()) {
            if self.is_in_crowd(link.to) {
                tags[link.to].push((at, true));
            } else if self.is_in_crowd(link.from) {
                tags[link.from].push((at, false));
            }
        }
        tags
    }
}

/// How a crowd stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    cell: Size,
    columns: usize,
    rows: usize,
}

impl Grid {
    /// Arranges so many boxes, of which none is larger than `cell`.
    pub(super) fn of(count: usize, cell: Size) -> Grid {
        let cell = Size { width: cell.width + GAP, height: cell.height + GAP };
        let fewest = (count as f64 * ASPECT * cell.height / cell.width).sqrt().round() as usize;
        let fewest = fewest.clamp(1, count.max(1));
        // Rather somewhat wider than a last row that is nearly empty.
        let left_over = |columns: &usize| count.div_ceil(*columns) * columns - count;
        let columns = (fewest..=fewest + fewest / 3).min_by_key(left_over).unwrap_or(fewest);
        Grid { cell, columns, rows: count.div_ceil(columns) }
    }

    /// Returns the room that all of them take, with the frame.
    pub(super) fn size(&self) -> Size {
        let width = self.columns as f64 * self.cell.width + GAP;
        Size { width, height: self.rows as f64 * self.cell.height + GAP + TITLE }
    }

    /// Returns the upper left corner of a box, from that of the frame.
    pub(super) fn place(&self, at: usize) -> Point {
        let (row, column) = (at / self.columns, at % self.columns);
        Point { x: GAP + column as f64 * self.cell.width, y: GAP + TITLE + row as f64 * self.cell.height }
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::{Node, PictureKind};
    use super::*;

    /// Draws an image, so many stages on it, and one that takes files of all of them.
    fn fan(count: usize) -> Picture {
        let node = |kind, is_target| Node {
            kind,
            name: String::new(),
            note: String::new(),
            is_target,
            is_pruned: false,
            lines: None,
            steps: Vec::new(),
        };
        let mut nodes = vec![node(NodeKind::Image, false)];
        nodes.extend((0..count).map(|_| node(NodeKind::Stage, false)));
        nodes.push(node(NodeKind::Stage, true));
        let link = |from, to, kind| Link { from, to, kind, labels: vec!["/out".to_owned()] };
        let pairs = (1..=count).map(|at| [link(0, at, LinkKind::Base), link(at, count + 1, LinkKind::Copy)]);
        let (links, text) = (pairs.flatten().collect(), String::new);
        Picture { kind: PictureKind::Stages, title: text(), nodes, links, source: text() }
    }

    #[test]
    fn a_fan_is_a_crowd() {
        let scene = Scene::of(&fan(50));
        assert_eq!(scene.items.iter().map(Vec::len).collect::<Vec<_>>(), [1, 50, 1]);
        let strokes = scene.strokes.iter().map(|it| (it.from, it.to, it.links.len()));
        assert_eq!(strokes.collect::<Vec<_>>(), [(0, 1, 50), (1, 2, 50)]);
        assert_eq!(scene.tags(&fan(50).links)[1], [(0, true), (1, false)]);
        assert_eq!(Scene::of(&fan(MANY - 1)).items.len(), MANY + 1);
    }

    #[test]
    fn one_that_gives_to_others_stands_alone() {
        let mut picture = fan(12);
        picture.links.push(Link { from: 1, to: 2, kind: LinkKind::Mount, labels: Vec::new() });
        assert_eq!(Scene::of(&picture).items.iter().filter(|it| it.len() == 1).count(), 4);
    }

    #[test]
    fn rows_fill_their_frame() {
        let cell = Size { width: 200.0, height: 130.0 };
        for count in 1..200 {
            let grid = Grid::of(count, cell);
            let (size, last) = (grid.size(), grid.place(count - 1));
            assert!(last.x + cell.width <= size.width && last.y + cell.height <= size.height, "{count}");
            let aspect = size.width / size.height;
            assert!(count < MANY || (1.0..3.2).contains(&aspect), "{count}: {aspect}");
        }
    }
}

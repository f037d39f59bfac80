//! How badly a layout reads: arrows that run through words, through boxes, or across each other.

use super::layout::{Arrow, Item, Layout, Point, Size};

/// Pieces that an arrow's bend is cut into.
const PIECES: usize = 6;
/// What an arrow through a word or a box counts, where one across another arrow counts 1.
const THROUGH: usize = 5;

/// Counts what is wrong with a layout. The work grows with the square of the number of arrows.
pub(super) fn clashes(layout: &Layout, items: &[Item], arrows: &[Arrow]) -> usize {
    let lines: Vec<Vec<Point>> = layout.arrows.iter().map(|(bends, _)| line(bends, layout.is_down)).collect();
    let mut count = THROUGH * through(layout, items, arrows, &lines);
    for (at, own) in lines.iter().enumerate() {
        for other in &lines[at + 1..] {
            let pieces = |line: &[Point]| line.windows(2).map(|ends| (ends[0], ends[1])).collect::<Vec<_>>();
            let (own, other) = (pieces(own), pieces(other));
            count += own.iter().map(|a| other.iter().filter(|b| is_crossing(*a, **b)).count()).sum::<usize>();
        }
    }
    count
}

/// Counts how often an arrow runs through a word of another one, or through a box that is not its own.
fn through(layout: &Layout, items: &[Item], arrows: &[Arrow], lines: &[Vec<Point>]) -> usize {
    let mut count = 0;
    for (at, own) in lines.iter().enumerate() {
        for (other, (_, middle)) in layout.arrows.iter().enumerate() {
            let room = arrows[other].label;
            count += usize::from(other != at && room.width > 0.0 && runs_through(own, *middle, room));
        }
        for (item, middle) in layout.nodes.iter().enumerate() {
            let is_own = item == arrows[at].from || item == arrows[at].to;
            count += usize::from(!is_own && runs_through(own, *middle, items[item].size));
        }
    }
    count
}

/// Returns points along an arrow as it is drawn.
fn line(bends: &[Point], is_down: bool) -> Vec<Point> {
    let mut points: Vec<Point> = bends.first().copied().into_iter().collect();
    for ends in bends.windows(2) {
        let (a, b) = (ends[0], ends[1]);
        for piece in 1..=PIECES {
            let t = piece as f64 / PIECES as f64;
            // Along the layers both control points are in the middle, across them each is at its end.
            let along = |a: f64, b: f64| {
                let middle = (a + b) / 2.0;
                let s = 1.0 - t;
                s * s * s * a + 3.0 * s * t * middle + t * t * t * b
            };
            let across = |a: f64, b: f64| a + (b - a) * t * t * (3.0 - 2.0 * t);
            points.push(match is_down {
                true => Point { x: across(a.x, b.x), y: along(a.y, b.y) },
                false => Point { x: along(a.x, b.x), y: across(a.y, b.y) },
            });
        }
    }
    points
}

fn runs_through(line: &[Point], middle: Point, room: Size) -> bool {
    let (x, y) = (room.width / 2.0, room.height / 2.0);
    let is_inside = |point: &Point| (point.x - middle.x).abs() < x && (point.y - middle.y).abs() < y;
    let corner = |x: f64, y: f64| Point { x: middle.x + x, y: middle.y + y };
    let diagonals = [(corner(-x, -y), corner(x, y)), (corner(-x, y), corner(x, -y))];
    line.iter().any(is_inside)
        || line.windows(2).any(|ends| diagonals.iter().any(|other| is_crossing((ends[0], ends[1]), *other)))
}

fn is_crossing(a: (Point, Point), b: (Point, Point)) -> bool {
    let side = |p: Point, q: Point, r: Point| (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    side(a.0, a.1, b.0) * side(a.0, a.1, b.1) < 0.0 && side(b.0, b.1, a.0) * side(b.0, b.1, a.1) < 0.0
}

#[cfg(test)]
mod tests {
    use super::super::layout::{Dice, layout};
    use super::*;

    fn at(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    #[test]
    fn arrows_run_through_no_box_and_no_word() {
        let mut dice = Dice(7);
        let mut roll = |most: usize| dice.next(most);
        for count in [2, 5, 9, 14, 24] {
            let size =
                |width: usize, height: usize| Size { width: 60. + width as f64, height: 30. + height as f64 };
            let items: Vec<Item> = (0..count)
                .map(|_| Item { size: size(roll(300), roll(150)), is_round: roll(4) == 0 })
                .collect();
            let mut arrows = Vec::new();
            for to in (1..count).chain(1..count) {
                let from = roll(to);
                let label = if roll(3) == 0 { Size::default() } else { size(roll(200), roll(20)) };
                arrows.push(Arrow { from, to, label, is_strong: roll(2) == 0 });
            }
            let layout = layout(&items, &arrows);
            let lines: Vec<_> = layout.arrows.iter().map(|(bends, _)| line(bends, layout.is_down)).collect();
            assert_eq!(through(&layout, &items, &arrows, &lines), 0, "{count} boxes");
            let Size { width, height } = layout.size;
            let is_inside = |at: &Point| (0.0..=width).contains(&at.x) && (0.0..=height).contains(&at.y);
            assert!(lines.iter().flatten().all(is_inside), "{count} boxes: none leaves the picture");
        }
    }

    #[test]
    fn crossings() {
        assert!(is_crossing((at(0., 0.), at(2., 2.)), (at(0., 2.), at(2., 0.))));
        assert!(!is_crossing((at(0., 0.), at(2., 2.)), (at(0., 0.), at(2., 0.))), "they only meet");
        let line = line(&[at(0., 0.), at(10., 10.)], false);
        assert!(runs_through(&line, at(5., 5.), Size { width: 2., height: 2. }));
        assert!(runs_through(&line, at(5., 5.), Size { width: 0.2, height: 0.2 }));
        assert!(!runs_through(&line, at(1., 9.), Size { width: 4., height: 4. }));
    }
}

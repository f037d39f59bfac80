//! How arrows run between boxes that have their places.
//!
//! The layout library says through which layers an arrow goes, and at which height. An arrow goes straight through a
//! layer, and bends only in the room between two of them, where nothing else is: so it runs through no box and no word.

use super::layout::{Arrow, Item, Point, Size};
use std::collections::{BTreeMap, HashMap};

/// Room between two arrows at one side of a box.
const GAP: f64 = 12.0;

/// The direction of the layers, and the one across them.
#[derive(Clone, Copy)]
struct Axes {
    is_down: bool,
}

impl Axes {
    /// Returns how far a point is along the layers, and across them.
    fn split(self, point: Point) -> (f64, f64) {
        if self.is_down { (point.y, point.x) } else { (point.x, point.y) }
    }

    fn join(self, along: f64, across: f64) -> Point {
        if self.is_down { Point { x: across, y: along } } else { Point { x: along, y: across } }
    }

    fn extent(self, size: Size) -> (f64, f64) {
        self.split(Point { x: size.width / 2.0, y: size.height / 2.0 })
    }

    /// Returns how far from the middle of a side arrows may start or end.
    fn room(self, item: &Item) -> f64 {
        let (along, across) = self.extent(item.size);
        match item.is_round {
            // The ends of a pill are half circles.
            true if self.is_down => (across - along).max(0.0),
            true => across * 0.3,
            false => across * 0.7,
        }
    }
}

/// How far each layer reaches along the layers, by the place of its middle.
struct Layers(HashMap<i64, f64>);

impl Layers {
    fn add(&mut self, middle: f64, half: f64) {
        let known = self.0.entry(middle.round() as i64).or_default();
        *known = known.max(half);
    }

    fn half(&self, middle: f64) -> f64 {
        self.0.get(&(middle.round() as i64)).copied().unwrap_or_default()
    }
}

/// Returns the points through which each arrow goes, from the bends that the library gave it and the middle of its label.
pub(super) fn routes(
    items: &[Item],
    places: &[Point],
    arrows: &[Arrow],
    bends: &[(Vec<Point>, Point)],
    is_down: bool,
) -> Vec<Vec<Point>> {
    let axes = Axes { is_down };
    let mut layers = Layers(HashMap::new());
    for (item, place) in items.iter().zip(places) {
        layers.add(axes.split(*place).0, axes.extent(item.size).0);
    }
    for (arrow, (_, middle)) in arrows.iter().zip(bends) {
        layers.add(axes.split(*middle).0, axes.extent(arrow.label).0);
    }
    let ports = ports(items, places, arrows, bends, axes);
    let all = arrows.iter().zip(bends).zip(ports).map(|((arrow, (bends, _)), (start, end))| {
        let [_, inner @ .., _] = &bends[..] else { return bends.clone() };
        let side = |node: usize, across: f64, sign: f64| {
            let middle = axes.split(places[node]).0;
            let own = axes.join(middle + sign * axes.extent(items[node].size).0, across);
            [own, axes.join(middle + sign * layers.half(middle), across)]
        };
        let [start, leave] = side(arrow.from, start, 1.0);
        let [end, enter] = side(arrow.to, end, -1.0);
        let through = inner.iter().flat_map(|bend| {
            let (along, across) = axes.split(*bend);
            let half = layers.half(along);
            [axes.join(along - half, across), axes.join(along + half, across)]
        });
        [start, leave].into_iter().chain(through).chain([enter, end]).collect()
    });
    all.collect()
}

/// Returns where across the layers each arrow starts and ends. Arrows at one side of a box keep their order and stay
/// apart, and one that can go straight does.
fn ports(
    items: &[Item],
    places: &[Point],
    arrows: &[Arrow],
    bends: &[(Vec<Point>, Point)],
    axes: Axes,
) -> Vec<(f64, f64)> {
    let mut ports = vec![(0.0, 0.0); arrows.len()];
    let mut sides: BTreeMap<(usize, bool), Vec<(f64, usize)>> = BTreeMap::new();
    for (at, (arrow, (bends, _))) in arrows.iter().zip(bends).enumerate() {
        let [_, inner @ .., _] = &bends[..] else { continue };
        let (Some(first), Some(last)) = (inner.first(), inner.last()) else { continue };
        sides.entry((arrow.from, true)).or_default().push((axes.split(*first).1, at));
        sides.entry((arrow.to, false)).or_default().push((axes.split(*last).1, at));
    }
    for ((node, is_start), mut side) in sides {
        side.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (middle, room) = (axes.split(places[node]).1, axes.room(&items[node]));
        let wanted: Vec<f64> = side.iter().map(|(toward, _)| *toward).collect();
        for ((_, at), place) in side.iter().zip(apart(&wanted, middle - room, middle + room)) {
            let port = &mut ports[*at];
            *(if is_start { &mut port.0 } else { &mut port.1 }) = place;
        }
    }
    ports
}

/// Returns places between two ends, near those wanted, in the same order and apart from each other.
fn apart(wanted: &[f64], low: f64, high: f64) -> Vec<f64> {
    let gap = GAP.min((high - low) / wanted.len().saturating_sub(1).max(1) as f64);
    let clamped: Vec<f64> = wanted.iter().map(|place| place.clamp(low, high)).collect();
    let up = |places: &mut [f64]| {
        let mut least = low;
        for place in places {
            *place = place.max(least);
            least = *place + gap;
        }
    };
    let down = |places: &mut [f64]| {
        let mut most = high;
        for place in places.iter_mut().rev() {
            *place = place.min(most);
            most = *place - gap;
        }
    };
    // Pushed up and pushed down: both keep the gap, and so does what is halfway.
    let (mut a, mut b) = (clamped.clone(), clamped);
    up(&mut a);
    down(&mut a);
    down(&mut b);
    up(&mut b);
    a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_apart() {
        assert_eq!(apart(&[5.0], 0.0, 10.0), [5.0]);
        assert_eq!(apart(&[-7.0, 90.0], 0.0, 40.0), [0.0, 40.0]);
        assert_eq!(apart(&[50.0, 50.0], 0.0, 100.0), [44.0, 56.0]);
        assert_eq!(apart(&[0.0, 0.0, 0.0], 0.0, 100.0), [0.0, 12.0, 24.0]);
        assert_eq!(apart(&[9.0, 9.0, 9.0], 0.0, 10.0), [0.0, 5.0, 10.0], "no more room than there is");
    }
}

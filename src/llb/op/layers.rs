//! Ops on whole file systems.

use crate::llb::Edge;

/// Lays file systems over each other, the first one lowest.
///
/// Empty ones do not count. Of less than two that count, no op is made: the vertex stands for the one, or for the
/// empty file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Merge {
    /// The file systems.
    pub layers: Vec<Option<Edge>>,
}

/// Takes what the upper file system has beyond the lower one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Diff {
    /// What to leave out.
    pub lower: Option<Edge>,
    /// What to take from.
    pub upper: Option<Edge>,
}

/// Hands some inputs on, once all are done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Passthrough {
    /// Tells it from others with the same inputs.
    pub id: String,
    /// What must be done. Empty file systems do not count.
    pub inputs: Vec<Option<Edge>>,
    /// Which of the inputs become outputs: indexes into `inputs`. One that is empty becomes none.
    pub outputs: Vec<usize>,
}

/// Stands for another edge; nothing of it reaches the definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Forward {
    /// The edge, or the empty file system.
    pub to: Option<Edge>,
}

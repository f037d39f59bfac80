//! The order of vertices: inputs before those that use them.

use super::error::{Error, Reason};
use super::op::Op;
use super::{Edge, Graph, VertexId};

/// What an edge leads to, in order.
pub(super) struct Walk {
    /// The vertices that do something, each after its inputs, depth first as Go's client library goes.
    pub order: Vec<VertexId>,
    /// The edge that the walk began at, or what it stands for.
    pub root: Option<Edge>,
    states: Vec<State>,
}

#[derive(Clone, Copy)]
enum State {
    Unseen,
    /// Its inputs are being visited: who meets it again has found a cycle.
    Open,
    Done,
    /// A vertex that is not there for itself: a forward, or a merge of less than two layers.
    StandsFor(Option<Edge>),
}

impl Graph {
    /// Visits all that an edge leads to. Its own stack keeps a chain of any length off the program's.
    ///
    /// # Errors
    /// If the graph has a cycle.
    pub(super) fn walk(&self, root: Option<Edge>) -> Result<Walk, Error> {
        let mut walk =
            Walk { order: Vec::new(), root: None, states: vec![State::Unseen; self.vertices.len()] };
        let Some(first) = root else { return Ok(walk) };
        // Depth first is backwards through memory, so what is needed of each op is taken out forwards before.
        let mut inputs = Vec::with_capacity(self.vertices.len());
        let mut bounds = Vec::with_capacity(self.vertices.len() + 1);
        bounds.push(0);
        bounds.extend(self.vertices.iter().map(|vertex| {
            vertex.op.inputs(&mut inputs);
            inputs.len()
        }));
        let mut stack = vec![(first.vertex, false)];
        while let Some((id, inputs_done)) = stack.pop() {
            let at = id.0 as usize;
            if inputs_done {
                walk.states[at] = match &self.get(id).op {
                    Op::Forward(forward) => State::StandsFor(walk.resolve(forward.to)),
                    Op::Merge(merge) => {
                        let mut layers = merge.layers.iter().filter_map(|layer| walk.resolve(*layer));
                        match (layers.next(), layers.next()) {
                            (Some(_), Some(_)) => State::Done,
                            (only, _) => State::StandsFor(only),
                        }
                    }
                    _ => State::Done,
                };
                if matches!(walk.states[at], State::Done) {
                    walk.order.push(id);
                }
                continue;
            }
            match walk.states[at] {
                State::Unseen => {}
                State::Open => return Err(Error::at(self.get(id), Reason::Cycle)),
                State::Done | State::StandsFor(_) => continue,
            }
            walk.states[at] = State::Open;
            stack.push((id, true));
            stack.extend(inputs[bounds[at]..bounds[at + 1]].iter().rev().map(|edge| (edge.vertex, false)));
        }
        walk.root = walk.resolve(root);
        Ok(walk)
    }
}

impl Walk {
    /// Returns the edge that an edge of a visited vertex stands for; `None` is the empty file system.
    pub fn resolve(&self, edge: Option<Edge>) -> Option<Edge> {
        let edge = edge?;
        match self.states[edge.vertex.0 as usize] {
            State::StandsFor(other) => other,
            _ => Some(edge),
        }
    }
}

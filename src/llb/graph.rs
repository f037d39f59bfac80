//! An arena of vertices.

use super::op::Op;
use super::{Meta, op};

/// One vertex of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VertexId(pub(super) u32);

/// One output of one vertex: what other vertices work on. `Option<Edge>` is a file system, `None` the empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Whose output.
    pub vertex: VertexId,
    /// Which one, counted from 0.
    pub output: u32,
}

impl From<VertexId> for Edge {
    /// Returns the first output: the result of a file op, the root file system of a process.
    fn from(vertex: VertexId) -> Edge {
        Edge { vertex, output: 0 }
    }
}

/// What to do, and what to say about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vertex {
    /// What to do.
    pub op: Op,
    /// What to say about it.
    pub meta: Meta,
}

/// Ops and how they depend on each other. What no edge leads to costs nothing: it is not marshaled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Graph {
    pub(super) vertices: Vec<Vertex>,
    /// Files that the places of foreign vertices are in.
    pub(super) foreign: Vec<crate::pb::ops::SourceInfo>,
}

impl Graph {
    /// Returns a graph without vertices.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// Adds a vertex.
    pub fn add(&mut self, op: impl Into<Op>, meta: Meta) -> VertexId {
        let id = VertexId(u32::try_from(self.vertices.len()).expect("a graph has less than 2^32 vertices"));
        self.vertices.push(Vertex { op: op.into(), meta });
        id
    }

    /// Adds a vertex that stands for the empty file system until [`fill`](Graph::fill) or
    /// [`replace`](Graph::replace) says what it is.
    pub fn placeholder(&mut self) -> VertexId {
        self.add(op::Forward { to: None }, Meta::default())
    }

    /// Makes a vertex stand for another edge, or for the empty file system.
    pub fn fill(&mut self, vertex: VertexId, to: Option<Edge>) {
        self.replace(vertex, op::Forward { to }, Meta::default());
    }

    /// Puts another op in the place of a vertex. Edges to it stay valid.
    pub fn replace(&mut self, vertex: VertexId, op: impl Into<Op>, meta: Meta) {
        *self.get_mut(vertex) = Vertex { op: op.into(), meta };
    }

    /// Returns a vertex.
    ///
    /// # Panics
    /// If the id is another graph's.
    pub fn get(&self, vertex: VertexId) -> &Vertex {
        &self.vertices[vertex.0 as usize]
    }

    /// Returns a vertex, to be changed.
    ///
    /// # Panics
    /// If the id is another graph's.
    pub fn get_mut(&mut self, vertex: VertexId) -> &mut Vertex {
        &mut self.vertices[vertex.0 as usize]
    }

    /// Returns the number of vertices, whether an edge leads to them or not.
    pub fn len(&self) -> usize {
        self.vertices.len()
    }

    /// Tells whether the graph has no vertex.
    pub fn is_empty(&self) -> bool {
        self.vertices.is_empty()
    }

    /// Returns all vertices with their ids, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (VertexId, &Vertex)> {
        self.vertices.iter().enumerate().map(|(at, vertex)| (VertexId(at as u32), vertex))
    }
}

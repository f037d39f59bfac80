//! A graph becomes a definition: inputs first, each op once, digests of bytes.

use super::encode::{Encoder, Surroundings, encode_input};
use super::error::{Error, Reason};
use super::op::Op;
use super::said::{encode_needs, encode_said, merge_said};
use super::walk::Walk;
use super::wire::Wire;
use super::{Definition, Digest, Edge, Graph, Source, Vertex, VertexId, caps};
use crate::image::Platform;
use crate::pb::ops;
use crate::text::{SourceMap, Span};
use indexmap::IndexSet;
use prost::bytes::Bytes;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

/// What holds for a whole definition.
#[derive(Clone, Copy, Debug)]
pub struct MarshalOptions<'a> {
    /// What processes and images are for that name no platform.
    pub platform: &'a Platform,
    /// Stands for the session of local sources that name none.
    pub local_unique_id: &'a str,
    /// The text that the spans of the graph lie in. Without it, the definition names no places.
    pub source: Option<SourceText<'a>>,
}

impl<'a> MarshalOptions<'a> {
    /// Returns options without places.
    pub fn new(platform: &'a Platform) -> MarshalOptions<'a> {
        MarshalOptions { platform, local_unique_id: "", source: None }
    }
}

/// The text that a graph was made from.
#[derive(Clone, Copy, Debug)]
pub struct SourceText<'a> {
    /// The files.
    pub map: &'a SourceMap,
    /// Their language, as GitHub calls it.
    pub language: &'a str,
    /// The graph that they were read from.
    pub definition: Option<&'a Definition>,
}

impl Graph {
    /// Turns what an edge leads to into a definition. The same graph always gives the same bytes.
    ///
    /// # Errors
    /// If an op lacks something, an edge names an output that is not there, or the graph has a cycle.
    pub fn marshal(&self, root: Option<Edge>, options: &MarshalOptions) -> Result<Definition, Error> {
        let walk = self.walk(root)?;
        let Some(root) = walk.root else { return Ok(Definition::default()) };
        let count = walk.order.len();
        let mut marshaler = Marshaler {
            options,
            outputs: Outputs {
                graph: self,
                walk: &walk,
                digests: IndexSet::with_capacity(count),
                known: vec![None; self.len()],
            },
            ops: Vec::with_capacity(count + 1),
            metadata: Vec::with_capacity(count + 1),
            locations: Vec::with_capacity(count),
            again: Vec::new(),
            says: Says::default(),
            places: Places::default(),
            encoder: Encoder::default(),
            wire: Wire::default(),
            written: Vec::new(),
        };
        for id in &walk.order {
            marshaler.vertex(*id)?;
        }
        marshaler.finish(root)
    }

    /// Asserts, where debug assertions are on, that what was made of this graph is canonical, but for what came from
    /// outside. The rooms that turn Dockerfiles into graphs call it on all they make.
    #[doc(hidden)]
    pub fn prove(&self, definition: &Definition) {
        if cfg!(debug_assertions) {
            let raw = self.vertices.iter().filter_map(|vertex| match &vertex.op {
                Op::Raw(raw) => Some(raw.digest),
                _ => None,
            });
            let foreign: HashSet<Digest> = raw.collect();
            assert_eq!(definition.verify_but(|digest| foreign.contains(&digest)), Ok(()));
        }
    }
}

/// How many bytes stand in one piece of memory, if no op has more: a piece for each would take longer to get than to fill,
/// and one for all would be copied again and again while it grows.
const PIECE_BYTES: usize = 256 << 10;

struct Marshaler<'a> {
    options: &'a MarshalOptions<'a>,
    outputs: Outputs<'a>,
    /// What the definition will list of each op.
    ops: Vec<Bytes>,
    metadata: Vec<(Digest, Bytes)>,
    locations: Vec<(Digest, Bytes)>,
    /// What is said about them elsewhere, and the places: two vertices may be the same op.
    again: Vec<(usize, Bytes, Bytes)>,
    says: Says,
    places: Places,
    encoder: Encoder,
    /// The piece that is being filled, and what stands in it.
    wire: Wire,
    written: Vec<Written>,
}

/// Where an op stands in a piece, what is said about it, and its places.
struct Written {
    digest: Digest,
    /// The op that it is, if that was written before.
    again: Option<usize>,
    op: Range<usize>,
    said: Range<usize>,
    places: Range<usize>,
}

/// What is said of any op at all.
#[derive(Default)]
struct Says {
    ignore_cache: bool,
    description: bool,
    export_cache: bool,
}

impl Marshaler<'_> {
    fn vertex(&mut self, id: VertexId) -> Result<(), Error> {
        let vertex = self.outputs.graph.get(id);
        let start = self.wire.len();
        let digest = match &vertex.op {
            Op::Raw(raw) => {
                self.wire.append(&raw.bytes);
                raw.digest
            }
            op => {
                let around = Surroundings {
                    input: &|edge| self.outputs.look_up(edge),
                    platform: self.options.platform,
                    local_unique_id: self.options.local_unique_id,
                };
                let written = self.encoder.encode(&mut self.wire, op, &vertex.meta, &around);
                written.map_err(|reason| Error::at(vertex, reason))?;
                Digest::of(&self.wire.bytes()[start..])
            }
        };
        self.says.ignore_cache |= vertex.meta.ignore_cache;
        self.says.description |= !vertex.meta.description.is_empty();
        self.says.export_cache |= vertex.meta.export_cache.is_some();

        let (at, is_new) = self.outputs.add(id, digest, outputs(&vertex.op));
        if !is_new {
            self.wire.cut(start);
        }
        let op = start..self.wire.len();
        encode_said(&mut self.wire, vertex);
        let said = op.end..self.wire.len();
        self.places.encode(&mut self.wire, self.outputs.graph, vertex, self.options.source);
        let places = said.end..self.wire.len();
        self.written.push(Written { digest, again: (!is_new).then_some(at), op, said, places });
        if self.wire.len() >= PIECE_BYTES {
            self.keep();
            self.wire = Wire::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
        }
        Ok(())
    }

    /// Keeps the piece that was being filled.
    fn keep(&mut self) {
        let bytes = std::mem::take(&mut self.wire).into_bytes();
        for Written { digest, again, op, said, places } in self.written.drain(..) {
            let (said, places) = (bytes.slice(said), bytes.slice(places));
            match again {
                Some(at) => self.again.push((at, said, places)),
                None => {
                    self.ops.push(bytes.slice(op));
                    self.metadata.push((digest, said));
                    self.locations.push((digest, places));
                }
            }
        }
    }

    /// Joins what is said about an op in several places: all of it holds.
    fn join(&mut self) {
        let mut joined = BTreeMap::new();
        for (at, said, places) in self.again.drain(..) {
            let known = &mut self.metadata[at].1;
            *known = merge_said(known, &said).into();
            // A list goes on where a message is followed by another one.
            let all = joined.entry(at).or_insert_with(|| self.locations[at].1.to_vec());
            all.extend_from_slice(&places);
        }
        for (at, places) in joined {
            self.locations[at].1 = places.into();
        }
    }

    /// Adds the op that names the result, and what is needed to understand what is said about ops.
    fn finish(mut self, root: Edge) -> Result<Definition, Error> {
        self.keep();
        self.join();
        let place = |reason| Error::at(self.outputs.graph.get(root.vertex), reason);
        let (digest, output) = self.outputs.look_up(root).map_err(place)?.expect("the root was resolved");
        let (mut op, mut said) = (Wire::default(), Wire::default());
        encode_input(&mut op, &digest, output);
        let needs = [
            (self.says.ignore_cache, caps::META_IGNORE_CACHE),
            (self.says.description, caps::META_DESCRIPTION),
            (self.says.export_cache, caps::META_EXPORT_CACHE),
        ];
        let needs = needs.into_iter().filter_map(|(is_said, cap)| is_said.then_some(cap));
        encode_needs(&mut said, [caps::CONSTRAINTS, caps::PLATFORM].into_iter().chain(needs).collect());
        self.metadata.push((Digest::of(op.bytes()), said.into_bytes()));
        self.ops.push(op.into_bytes());
        Ok(Definition {
            ops: self.ops,
            metadata: self.metadata,
            source: Some(Source { locations: self.locations, infos: self.places.infos }),
        })
    }
}

/// What edges lead to.
struct Outputs<'a> {
    graph: &'a Graph,
    walk: &'a Walk,
    /// Those of the ops that were written.
    digests: IndexSet<Digest>,
    /// By vertex: the place of its digest, and how many outputs it has.
    known: Vec<Option<(u32, u32)>>,
}

impl Outputs<'_> {
    /// Takes down what a vertex is. Returns the place of its digest, and whether it was not there before.
    fn add(&mut self, vertex: VertexId, digest: Digest, outputs: u32) -> (usize, bool) {
        let (at, is_new) = self.digests.insert_full(digest);
        self.known[vertex.0 as usize] = Some((at as u32, outputs));
        (at, is_new)
    }

    fn look_up(&self, edge: Edge) -> Result<Option<(Digest, u32)>, Reason> {
        let Some(edge) = self.walk.resolve(Some(edge)) else { return Ok(None) };
        let known = self.known[edge.vertex.0 as usize];
        let (at, outputs) = known.expect("inputs come before those that use them");
        match edge.output < outputs {
            true => Ok(Some((self.digests[at as usize], edge.output))),
            false => Err(Reason::NoOutput(edge.output)),
        }
    }
}

fn outputs(op: &Op) -> u32 {
    let count = match op {
        Op::Exec(exec) => exec.mounts.iter().filter(|mount| mount.is_output()).count(),
        Op::Passthrough(passthrough) => passthrough.outputs.len(),
        // What a foreign op has is known to who made it.
        Op::Raw(_) => usize::MAX,
        _ => 1,
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Collects places and the files they are in.
#[derive(Default)]
struct Places {
    /// Name, language and content of a file, to its index in the definition.
    files: HashMap<(String, String, Digest), i32>,
    /// The same by the file's index in the source map, and by that in the graph: a file is hashed but once.
    own: HashMap<usize, i32>,
    foreign: HashMap<i32, i32>,
    infos: Vec<ops::SourceInfo>,
}

impl Places {
    /// Writes the places of a vertex. An op without a place is listed, too: Go's library does, and clients are shown
    /// the list.
    fn encode(&mut self, wire: &mut Wire, graph: &Graph, vertex: &Vertex, text: Option<SourceText>) {
        if let Some(text) = text {
            let mut spans = vertex.meta.spans.iter().peekable();
            while let Some(span) = spans.next() {
                let file = self.own_file(text, *span);
                wire.message(1, |wire| {
                    wire.number(1, file);
                    encode_lines(wire, text.map, *span);
                    while let Some(span) = spans.next_if(|span| self.own_file(text, **span) == file) {
                        encode_lines(wire, text.map, *span);
                    }
                });
            }
        }
        if let Op::Raw(raw) = &vertex.op {
            for location in &raw.locations {
                let file = self.foreign_file(graph, location.source_index);
                wire.message(1, |wire| {
                    wire.number(1, file);
                    location.ranges.iter().for_each(|range| encode_range(wire, range));
                });
            }
        }
    }

    fn own_file(&mut self, text: SourceText, span: Span) -> i32 {
        let at = text.map.index_of(span);
        if let Some(known) = self.own.get(&at) {
            return *known;
        }
        let file = &text.map.files()[at];
        let index = self.file(file.name(), text.language, file.data(), || ops::SourceInfo {
            filename: file.name().to_owned(),
            data: file.data().to_vec(),
            definition: text.definition.map(Definition::to_pb),
            language: text.language.to_owned(),
        });
        self.own.insert(at, index);
        index
    }

    fn foreign_file(&mut self, graph: &Graph, at: i32) -> i32 {
        if let Some(known) = self.foreign.get(&at) {
            return *known;
        }
        let info = &graph.foreign[at as usize];
        let index = self.file(&info.filename, &info.language, &info.data, || info.clone());
        self.foreign.insert(at, index);
        index
    }

    fn file(
        &mut self,
        name: &str,
        language: &str,
        data: &[u8],
        info: impl FnOnce() -> ops::SourceInfo,
    ) -> i32 {
        let key = (name.to_owned(), language.to_owned(), Digest::of(data));
        *self.files.entry(key).or_insert_with(|| {
            self.infos.push(info());
            self.infos.len() as i32 - 1
        })
    }
}

/// Returns the place of a span as it goes over the wire: whole lines, each a range of its own.
pub fn line_ranges(map: &SourceMap, span: Span) -> impl Iterator<Item = ops::Range> {
    let lines = (span != Span::NOWHERE).then(|| map.lines(span));
    lines.into_iter().flat_map(|(first, last)| first..=last).map(|line| {
        let start = Some(ops::Position { line: line as i32, character: 0 });
        ops::Range { start, end: start }
    })
}

fn encode_lines(wire: &mut Wire, map: &SourceMap, span: Span) {
    line_ranges(map, span).for_each(|range| encode_range(wire, &range));
}

fn encode_range(wire: &mut Wire, range: &ops::Range) {
    wire.message(2, |wire| {
        for (field, position) in [(1, &range.start), (2, &range.end)] {
            let Some(position) = position else { continue };
            wire.message(field, |wire| {
                wire.number(1, position.line);
                wire.number(2, position.character);
            });
        }
    });
}

//! A graph becomes a definition: inputs first, each op once, digests of bytes.

use super::encode::{Surroundings, encode, entries};
use super::error::{Error, Reason};
use super::op::Op;
use super::walk::Walk;
use super::{CUSTOM_NAME, Definition, Digest, Edge, Graph, LinuxResources, Vertex, VertexId, caps};
use crate::image::Platform;
use crate::pb::ops;
use crate::text::{SourceMap, Span, defused};
use prost::Message;
use std::borrow::Cow;
use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, HashSet};

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
        let mut marshaler = Marshaler {
            graph: self,
            walk: &walk,
            options,
            digests: vec![None; self.len()],
            known: HashMap::with_capacity(walk.order.len()),
            definition: Definition {
                ops: Vec::with_capacity(walk.order.len() + 1),
                metadata: Vec::with_capacity(walk.order.len() + 1),
                source: None,
            },
            says: Said::default(),
            places: Places::default(),
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

struct Marshaler<'a> {
    graph: &'a Graph,
    walk: &'a Walk,
    options: &'a MarshalOptions<'a>,
    /// By vertex.
    digests: Vec<Option<Digest>>,
    /// The place of each op in the lists of the definition.
    known: HashMap<Digest, usize>,
    definition: Definition,
    says: Said,
    places: Places,
}

/// What is said of any op at all.
#[derive(Default)]
struct Said {
    ignore_cache: bool,
    description: bool,
    export_cache: bool,
}

impl Marshaler<'_> {
    fn vertex(&mut self, id: VertexId) -> Result<(), Error> {
        let vertex = self.graph.get(id);
        let (digest, bytes) = match &vertex.op {
            Op::Raw(raw) => (raw.digest, raw.bytes.clone()),
            op => {
                let around = Surroundings {
                    input: &|edge| self.look_up(edge),
                    platform: self.options.platform,
                    local_unique_id: self.options.local_unique_id,
                };
                let message =
                    encode(op, &vertex.meta, &around).map_err(|reason| Error::at(vertex, reason))?;
                let bytes = write(message);
                (Digest::of(&bytes), bytes)
            }
        };
        self.digests[id.0 as usize] = Some(digest);
        self.says.ignore_cache |= vertex.meta.ignore_cache;
        self.says.description |= !vertex.meta.description.is_empty();
        self.says.export_cache |= vertex.meta.export_cache.is_some();
        let mut said = metadata(vertex);
        let mut places = self.places.of(self.graph, vertex, self.options.source);
        match self.known.entry(digest) {
            Entry::Vacant(place) => {
                place.insert(self.definition.ops.len());
                self.definition.ops.push(bytes);
                self.definition.metadata.push((digest, said.encode_to_vec()));
                self.places.source.locations.push(ops::LocationsEntry {
                    digest: digest.to_string(),
                    locations: places.encode_to_vec(),
                });
            }
            // Two vertices may be the same op: it is listed once, and all that is said about either holds.
            Entry::Occupied(place) => {
                let written = &mut self.definition.metadata[*place.get()].1;
                let more = std::mem::replace(&mut said, read(written));
                merge_metadata(&mut said, more);
                *written = said.encode_to_vec();
                let written = &mut self.places.source.locations[*place.get()].locations;
                let more = std::mem::replace(&mut places, read(written));
                places.locations.extend(more.locations);
                *written = places.encode_to_vec();
            }
        }
        Ok(())
    }

    fn look_up(&self, edge: Edge) -> Result<Option<(Digest, u32)>, Reason> {
        let Some(edge) = self.walk.resolve(Some(edge)) else { return Ok(None) };
        let outputs = match &self.graph.get(edge.vertex).op {
            Op::Exec(exec) => exec.mounts.iter().filter(|mount| mount.is_output()).count(),
            Op::Passthrough(passthrough) => passthrough.outputs.len(),
            // What a foreign op has is known to who made it.
            Op::Raw(_) => usize::MAX,
            _ => 1,
        };
        if edge.output as usize >= outputs {
            return Err(Reason::NoOutput(edge.output));
        }
        let digest = self.digests[edge.vertex.0 as usize].expect("inputs come before those that use them");
        Ok(Some((digest, edge.output)))
    }

    /// Adds the op that names the result, and what is needed to understand what is said about ops.
    fn finish(mut self, root: Edge) -> Result<Definition, Error> {
        let place = |reason| Error::at(self.graph.get(root.vertex), reason);
        let input = self.look_up(root).map_err(place)?;
        let (digest, output) = input.expect("the root was resolved");
        let input = ops::Input { digest: digest.to_string(), index: output.into() };
        let bytes = ops::Op { inputs: vec![input], ..ops::Op::default() }.encode_to_vec();

        let mut needs = vec![caps::CONSTRAINTS, caps::PLATFORM];
        if self.says.ignore_cache {
            needs.push(caps::META_IGNORE_CACHE);
        }
        if self.says.description {
            needs.push(caps::META_DESCRIPTION);
        }
        if self.says.export_cache {
            needs.push(caps::META_EXPORT_CACHE);
        }
        let caps = needs.into_iter().map(|name| (name.to_owned(), true)).collect();
        let metadata = ops::OpMetadata { caps, ..ops::OpMetadata::default() };
        self.definition.metadata.push((Digest::of(&bytes), metadata.encode_to_vec()));
        self.definition.ops.push(bytes);
        self.definition.source = Some(self.places.source);
        Ok(self.definition)
    }
}

/// Collects places and the files they are in.
#[derive(Default)]
struct Places {
    /// Name, language and content of a file, to its index in the definition.
    files: HashMap<(String, String, Digest), i32>,
    /// The same by the file's index in the source map, and by that in the graph: a file is hashed but once.
    own: HashMap<usize, i32>,
    foreign: HashMap<i32, i32>,
    source: ops::Source,
}

impl Places {
    /// Returns the places of a vertex. An op without a place is listed, too: Go's library does, and clients are shown
    /// the list.
    fn of(&mut self, graph: &Graph, vertex: &Vertex, text: Option<SourceText>) -> ops::Locations {
        let mut locations = Vec::new();
        if let Some(text) = text {
            for span in &vertex.meta.spans {
                let source_index = self.own_file(text, *span);
                let lines = line_ranges(text.map, *span);
                match locations.last_mut() {
                    Some(ops::Location { source_index: same, ranges }) if *same == source_index => {
                        ranges.extend(lines);
                    }
                    _ => locations.push(ops::Location { source_index, ranges: lines }),
                }
            }
        }
        if let Op::Raw(raw) = &vertex.op {
            for location in &raw.locations {
                let source_index = self.foreign_file(graph, location.source_index);
                locations.push(ops::Location { source_index, ranges: location.ranges.clone() });
            }
        }
        ops::Locations { locations }
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
            self.source.infos.push(info());
            self.source.infos.len() as i32 - 1
        })
    }
}

/// Reads what was written here.
fn read<M: Message + Default>(written: &[u8]) -> M {
    M::decode(written).expect("it was written by the same code")
}

/// Returns the bytes of an op with its fields in Go's order: by number, but a `oneof` after all others.
///
/// prost writes it where its first field would be, before platform and constraints.
fn write(mut op: ops::Op) -> Vec<u8> {
    let kind = op.op.take();
    let kind_len = kind.as_ref().map_or(0, ops::op::Op::encoded_len);
    let mut bytes = Vec::with_capacity(op.encoded_len() + kind_len);
    op.encode_raw(&mut bytes);
    if let Some(kind) = kind {
        kind.encode(&mut bytes);
    }
    bytes
}

/// Returns the place of a span as it goes over the wire: whole lines, each a range of its own.
pub fn line_ranges(map: &SourceMap, span: Span) -> Vec<ops::Range> {
    if span == Span::NOWHERE {
        return Vec::new();
    }
    let (first, last) = map.lines(span);
    let start_of = |line: u32| Some(ops::Position { line: line as i32, character: 0 });
    (first..=last).map(|line| ops::Range { start: start_of(line), end: start_of(line) }).collect()
}

fn metadata(vertex: &Vertex) -> ops::OpMetadata {
    let Vertex { op, meta } = vertex;
    let caps: BTreeMap<String, bool> = match op {
        Op::Raw(raw) => raw.caps.iter().map(|name| (name.clone(), true)).collect(),
        _ => caps::required(op, meta).into_iter().map(|name| (name.to_owned(), true)).collect(),
    };
    let mut description = entries(meta.description.iter());
    for name in description.iter_mut().filter(|entry| entry.key() == CUSTOM_NAME) {
        name.value = name.value.take().map(shown);
    }
    ops::OpMetadata {
        ignore_cache: meta.ignore_cache,
        description,
        export_cache: meta.export_cache.map(|value| ops::ExportCache { value }),
        caps,
        progress_group: meta.progress_group.as_ref().map(|group| ops::ProgressGroup {
            id: group.id.clone(),
            name: shown(group.name.clone()),
            weak: group.is_weak,
        }),
        linux_resources: meta.linux_resources.as_deref().map(encode_limits),
    }
}

/// Returns a name as people may see it: engines and clients write it to logs and terminals as it is.
fn shown(name: String) -> String {
    match defused(&name) {
        Cow::Borrowed(_) => name,
        Cow::Owned(shown) => shown,
    }
}

fn encode_limits(limits: &LinuxResources) -> ops::LinuxResources {
    ops::LinuxResources {
        memory: limits.memory_bytes,
        memory_swap: limits.memory_swap_bytes,
        cpu_shares: limits.cpu_shares,
        cpu_period: limits.cpu_period_us,
        cpu_quota: limits.cpu_quota_us,
        cpuset_cpus: limits.cpuset_cpus.clone(),
        cpuset_mems: limits.cpuset_mems.clone(),
    }
}

/// Adds to what is said about an op what is said about it elsewhere; the later word wins.
fn merge_metadata(all: &mut ops::OpMetadata, more: ops::OpMetadata) {
    all.ignore_cache |= more.ignore_cache;
    if all.description.is_empty() {
        all.description = more.description;
    } else {
        for entry in more.description {
            match all.description.binary_search_by(|known| known.key.cmp(&entry.key)) {
                Ok(at) => all.description[at] = entry,
                Err(at) => all.description.insert(at, entry),
            }
        }
    }
    all.caps.extend(more.caps);
    all.export_cache = more.export_cache.or(all.export_cache);
    all.progress_group = more.progress_group.or_else(|| all.progress_group.take());
    all.linux_resources = more.linux_resources.or_else(|| all.linux_resources.take());
}

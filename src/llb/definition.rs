//! A marshaled graph, and the way back into a graph.

use super::error::Error;
use super::op::Raw;
use super::{Description, Digest, Edge, Graph, LinuxResources, Meta, ProgressGroup, VertexId};
use crate::image::Platform;
use crate::pb::ops;
use prost::Message;
use prost::bytes::Bytes;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// A graph as bytes, with what is said about its ops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// The ops, inputs first. The last one only names the result. Without any it is the empty file system.
    pub ops: Vec<Bytes>,
    /// What is said about each op, as it goes over the wire: written out, since there is an entry for each op.
    #[doc(hidden)]
    pub metadata: Vec<(Digest, Bytes)>,
    /// Which lines of which file each op comes from.
    #[doc(hidden)]
    pub source: Option<Source>,
}

/// The files that ops come from.
#[doc(hidden)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The places of each op, written out likewise.
    pub locations: Vec<(Digest, Bytes)>,
    /// The files that they are in.
    pub infos: Vec<ops::SourceInfo>,
}

/// A definition is the key of a question. Those of the same ops are mostly the same, so what is said about the ops is
/// compared, but not hashed: it is most of the bytes.
impl Hash for Definition {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ops.hash(state);
    }
}

impl Definition {
    /// Returns the digest of the op that gives the result, and which output of it. `None`: it is empty, or broken.
    pub fn root(&self) -> Option<(Digest, u32)> {
        let last = ops::Op::decode(&**self.ops.last()?).ok()?;
        let input = last.inputs.first()?;
        Some((input.digest.parse().ok()?, u32::try_from(input.index).ok()?))
    }

    /// Returns the definition as it goes over the wire.
    #[doc(hidden)]
    pub fn into_pb(self) -> ops::Definition {
        let metadata = self.metadata.into_iter();
        let metadata =
            metadata.map(|(digest, metadata)| ops::OpMetadataEntry { digest: digest.to_string(), metadata });
        let place = |(digest, locations): (Digest, Bytes)| ops::LocationsEntry {
            digest: digest.to_string(),
            locations,
        };
        let source = self.source.map(|source| ops::Source {
            locations: source.locations.into_iter().map(place).collect(),
            infos: source.infos,
        });
        ops::Definition { def: self.ops, metadata: metadata.collect(), source }
    }

    /// Returns a copy as it goes over the wire.
    #[doc(hidden)]
    pub fn to_pb(&self) -> ops::Definition {
        self.clone().into_pb()
    }

    /// Takes a definition from the wire.
    ///
    /// # Errors
    /// If something is said about what is no digest, or what is said cannot be read.
    #[doc(hidden)]
    pub fn from_pb(wire: ops::Definition) -> Result<Definition, Error> {
        let unreadable = |error: prost::DecodeError| Error::foreign(error.to_string());
        let metadata = wire.metadata.into_iter().map(|entry| {
            ops::OpMetadata::decode(&*entry.metadata).map_err(unreadable)?;
            Ok((parse(&entry.digest)?, entry.metadata))
        });
        let metadata = metadata.collect::<Result<_, Error>>()?;
        let source = wire.source.map(|source| {
            let locations = source.locations.into_iter().map(|entry| {
                ops::Locations::decode(&*entry.locations).map_err(unreadable)?;
                Ok((parse(&entry.digest)?, entry.locations))
            });
            Ok(Source { locations: locations.collect::<Result<_, Error>>()?, infos: source.infos })
        });
        Ok(Definition { ops: wire.def, metadata, source: source.transpose()? })
    }

    /// Returns what is said about each op, in no order; about nothing twice.
    #[doc(hidden)]
    pub fn said(&self) -> HashMap<Digest, ops::OpMetadata> {
        // What cannot be read does not get into a definition.
        let read = |bytes: &Bytes| ops::OpMetadata::decode(&**bytes).unwrap_or_default();
        self.metadata.iter().map(|(digest, bytes)| (*digest, read(bytes))).collect()
    }

    /// Returns the places of each op, likewise.
    #[doc(hidden)]
    pub fn places(&self) -> HashMap<Digest, Vec<ops::Location>> {
        let read = |bytes: &Bytes| ops::Locations::decode(&**bytes).unwrap_or_default().locations;
        let entries = self.source.iter().flat_map(|source| &source.locations);
        entries.map(|(digest, bytes)| (*digest, read(bytes))).collect()
    }

    /// Returns the bytes of the definition, as `buildctl build` takes them.
    pub fn encode(&self) -> Vec<u8> {
        self.to_pb().encode_to_vec()
    }

    /// Reads the bytes of a definition.
    ///
    /// # Errors
    /// If they are none.
    pub fn decode(bytes: &[u8]) -> Result<Definition, Error> {
        let wire = ops::Definition::decode(bytes).map_err(|error| Error::foreign(error.to_string()))?;
        Definition::from_pb(wire)
    }
}

impl Graph {
    /// Adds the ops of a definition, whose bytes stay as they are, and returns the edge to its result.
    ///
    /// # Errors
    /// If an op cannot be read, works on an op that is not there, or there is no result. The graph is then left with
    /// vertices that nothing leads to.
    pub fn import(&mut self, definition: &Definition) -> Result<Option<Edge>, Error> {
        let Some((last, rest)) = definition.ops.split_last() else { return Ok(None) };
        let first_file = self.foreign.len() as i32;
        let mut files = 0;
        if let Some(source) = &definition.source {
            files = source.infos.len() as i32;
            self.foreign.extend(source.infos.iter().cloned());
        }

        let (mut said, mut places) = (definition.said(), definition.places());
        let mut by_digest = HashMap::with_capacity(rest.len());
        let mut inputs = Vec::with_capacity(rest.len());
        for bytes in rest {
            let digest = Digest::of(bytes);
            if by_digest.contains_key(&digest) {
                continue;
            }
            let op = decode_op(bytes)?;
            let (meta, caps) = read_metadata(said.remove(&digest).unwrap_or_default());
            let raw = Raw {
                bytes: bytes.clone(),
                digest,
                inputs: Vec::new(),
                platform: op.platform.map(read_platform),
                caps,
                locations: read_locations(places.remove(&digest).unwrap_or_default(), first_file, files)?,
            };
            let vertex = self.add(raw, meta);
            by_digest.insert(digest, vertex);
            inputs.push((vertex, op.inputs));
        }

        let edge = |input: &ops::Input| read_edge(input, &by_digest);
        for (vertex, inputs) in inputs {
            let inputs = inputs.iter().map(edge).collect::<Result<_, Error>>()?;
            if let super::Op::Raw(raw) = &mut self.get_mut(vertex).op {
                raw.inputs = inputs;
            }
        }
        let last = decode_op(last)?;
        let root = last.inputs.first().ok_or_else(|| Error::foreign("the last op names no result"))?;
        edge(root).map(Some)
    }
}

fn decode_op(bytes: &[u8]) -> Result<ops::Op, Error> {
    ops::Op::decode(bytes).map_err(|error| Error::foreign(format!("failed to parse llb proto op: {error}")))
}

fn parse(digest: &str) -> Result<Digest, Error> {
    digest.parse().map_err(|error: super::DigestError| Error::foreign(error.to_string()))
}

fn read_edge(input: &ops::Input, known: &HashMap<Digest, VertexId>) -> Result<Edge, Error> {
    let vertex = known.get(&parse(&input.digest)?);
    let vertex = *vertex.ok_or_else(|| Error::foreign(format!("unknown op {}", input.digest)))?;
    let output = u32::try_from(input.index);
    let output = output.map_err(|_| Error::foreign(format!("invalid output index {}", input.index)))?;
    Ok(Edge { vertex, output })
}

fn read_platform(platform: ops::Platform) -> Platform {
    Platform {
        os: platform.os,
        architecture: platform.architecture,
        variant: platform.variant,
        os_version: platform.os_version,
        os_features: platform.os_features,
    }
}

fn read_locations(
    mut locations: Vec<ops::Location>,
    first_file: i32,
    files: i32,
) -> Result<Vec<ops::Location>, Error> {
    for location in &mut locations {
        if !(0..files).contains(&location.source_index) {
            let message = format!("failed to find source map with index {}", location.source_index);
            return Err(Error::foreign(message));
        }
        location.source_index += first_file;
    }
    Ok(locations)
}

/// Returns what is said about an op, and the names of what it needs.
fn read_metadata(metadata: ops::OpMetadata) -> (Meta, Vec<String>) {
    let mut description = Description::default();
    for entry in metadata.description {
        description.insert(entry.key.unwrap_or_default(), entry.value.unwrap_or_default());
    }
    let group =
        |group: ops::ProgressGroup| ProgressGroup { id: group.id, name: group.name, is_weak: group.weak };
    let meta = Meta {
        platform: None,
        filters: Vec::new(),
        description,
        progress_group: metadata.progress_group.map(|found| Box::new(group(found))),
        ignore_cache: metadata.ignore_cache,
        export_cache: metadata.export_cache.map(|export| export.value),
        linux_resources: metadata.linux_resources.map(|limits| {
            Box::new(LinuxResources {
                memory_bytes: limits.memory,
                memory_swap_bytes: limits.memory_swap,
                cpu_shares: limits.cpu_shares,
                cpu_period_us: limits.cpu_period,
                cpu_quota_us: limits.cpu_quota,
                cpuset_cpus: limits.cpuset_cpus,
                cpuset_mems: limits.cpuset_mems,
            })
        }),
        spans: Vec::new(),
    };
    let caps = metadata.caps.into_iter().filter(|(_, needed)| *needed).map(|(name, _)| name);
    (meta, caps.collect())
}

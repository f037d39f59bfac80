//! Ops from another definition.

use crate::image::Platform;
use crate::llb::{Digest, Edge};
use crate::pb::ops;
use prost::bytes::Bytes;

/// An op whose bytes are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raw {
    /// The op.
    pub bytes: Bytes,
    /// Their digest.
    pub digest: Digest,
    /// What it works on, in the order of the bytes.
    pub inputs: Vec<Edge>,
    /// What it is for, if the bytes say so.
    pub platform: Option<Platform>,
    /// The capabilities it needs, by name.
    pub caps: Vec<String>,
    /// Places in the foreign files of the graph.
    pub(crate) locations: Vec<ops::Location>,
}

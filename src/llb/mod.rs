//! LLB: a build as a graph of ops, and that graph as bytes.
//!
//! In: ops as plain structs, joined by edges in a [`Graph`]. Out: a [`Definition`] whose digests equal those that
//! Go's client library would give. Before that, [`legalize`](Graph::legalize) rewrites what an older engine does
//! not know. Nothing has a digest until [`marshal`](Graph::marshal); so a vertex may be filled in or replaced at
//! any time, and the build context can be an empty place until all stages are known.
//!
//! This room knows no Dockerfile. Protobuf types appear where bytes are made or read, and nowhere else.

#[doc(hidden)]
pub mod caps;
mod definition;
mod digest;
mod dump;
mod encode;
mod error;
mod fit;
mod graph;
mod legalize;
mod marshal;
mod meta;
pub mod op;
mod said;
mod verify;
mod walk;
mod wire;

pub use caps::{CapError, CapSet};
pub use definition::Definition;
#[doc(hidden)]
pub use definition::Source;
pub use digest::{Digest, DigestError};
pub use error::{Error, Reason};
#[doc(hidden)]
pub use fit::fit;
pub use graph::{Edge, Graph, Vertex, VertexId};
#[doc(hidden)]
pub use marshal::line_ranges;
pub use marshal::{MarshalOptions, SourceText};
pub use meta::{CUSTOM_NAME, Description, LinuxResources, Meta, ProgressGroup};
pub use op::Op;
pub use verify::Fault;

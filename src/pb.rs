//! The wire types, generated from `proto/` by `build.rs`, and nothing else.
//!
//! One module a file, under short names. The client of the gateway is there with the feature `gateway` only.

/// The generated code, nested as the packages are: its types name each other by such paths.
#[allow(missing_docs, clippy::all)]
mod wire {
    include!(concat!(env!("OUT_DIR"), "/wire.rs"));
}

/// Details of errors (`errdefs.proto`).
pub use wire::errdefs;
/// Files (`stat.proto`).
pub use wire::fsutil::types as fsutil;
/// The status of a call (`status.proto`).
pub use wire::google::rpc;
/// Capabilities (`caps.proto`).
pub use wire::moby::buildkit::v1::apicaps as caps;
/// The service of the engine and its messages (`gateway.proto`).
pub use wire::moby::buildkit::v1::frontend as gateway;
/// Source policies (`policy.proto`).
pub use wire::moby::buildkit::v1::sourcepolicy as policy;
/// Workers (`worker.proto`).
pub use wire::moby::buildkit::v1::types as worker;
/// LLB (`ops.proto`).
pub use wire::pb as ops;

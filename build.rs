//! Turns `proto/` into Rust. Only messages: calls are made in `src/gateway/grpc.rs`.
//!
//! protox is a protobuf compiler in Rust, so no `protoc` is needed. Maps become `BTreeMap`s: a digest must
//! not depend on the order of a hash map.

use std::error::Error;

const FILES: &[&str] = &[
    "caps.proto",
    "errdefs.proto",
    "gateway.proto",
    "ops.proto",
    "policy.proto",
    "stat.proto",
    "status.proto",
    "worker.proto",
];

/// Messages of LLB that prost gives no `Eq` and `Hash`; a definition must serve as a key.
const KEYS: &[&str] = &[
    ".pb.BuildOp",
    ".pb.Definition",
    ".pb.ExecOp",
    ".pb.FileOp",
    ".pb.Location",
    ".pb.Locations",
    ".pb.MergeOp",
    ".pb.Meta",
    ".pb.Op",
    ".pb.OpMetadata",
    ".pb.Source",
    ".pb.SourceInfo",
    ".pb.SourceOp",
];

/// Bytes of which there are some for each op. They share their memory, so that a definition takes few pieces of it.
const SHARED: &[&str] =
    &[".pb.Definition.def", ".pb.LocationsEntry.locations", ".pb.OpMetadataEntry.metadata"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let mut config = prost_build::Config::new();
    config.btree_map(["."]).bytes(SHARED).include_file("wire.rs");
    for message in KEYS {
        config.type_attribute(message, "#[derive(Eq, Hash)]");
    }
    config.compile_fds(descriptors)?;
    Ok(())
}

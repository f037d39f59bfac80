//! Archives that the client reads from its standard input, on engines before BuildKit 0.17.
//!
//! In: a definition. Out: the same steps; the step that fetches an upload, and all that work on it, have other bytes.
//!
//! A client serves an upload once, and the frontend inside the engine has fetched it by the time it hands the build on.
//! An engine does not run a step again that it has run for the same build. It knows it by its bytes, and older ones
//! write the fields of an op in the order of their numbers. The reference does not, and its builds end here.

use crate::llb::Digest;
use crate::pb::ops;
use prost::Message;
use std::collections::BTreeMap;

/// Addresses that exist in one build only: those of Docker 20.10, and those of buildx.
const UPLOADS: [&str; 2] = ["http://build-context-", "http://buildkit-session/"];

/// Writes the steps that fetch an upload as the engine has written them.
pub(super) fn recall(definition: &mut ops::Definition) {
    let mut renamed = BTreeMap::new();
    for bytes in &mut definition.def {
        let Ok(mut op) = ops::Op::decode(&**bytes) else { continue };
        let mut is_changed = is_upload(&op);
        for input in &mut op.inputs {
            if let Some(digest) = renamed.get(&input.digest) {
                input.digest = String::clone(digest);
                is_changed = true;
            }
        }
        if is_changed {
            let digest = Digest::of(bytes).to_string();
            *bytes = op.encode_to_vec().into();
            renamed.insert(digest, Digest::of(bytes).to_string());
        }
    }
    if renamed.is_empty() {
        return;
    }
    let metadata = definition.metadata.iter_mut().map(|entry| &mut entry.digest);
    let places = definition.source.iter_mut().flat_map(|source| &mut source.locations);
    for digest in metadata.chain(places.map(|entry| &mut entry.digest)) {
        if let Some(new) = renamed.get(digest) {
            digest.clone_from(new);
        }
    }
}

fn is_upload(op: &ops::Op) -> bool {
    let Some(ops::op::Op::Source(source)) = &op.op else { return false };
    UPLOADS.iter().any(|address| source.identifier.starts_with(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Platform;
    use crate::llb::op::{Copy, File, Http};
    use crate::llb::{Graph, MarshalOptions, Meta};

    fn unpacked(url: &str) -> ops::Definition {
        let mut graph = Graph::new();
        let http = Http { url: url.to_owned(), filename: "context".to_owned(), ..Http::default() };
        let file = graph.add(crate::llb::op::Source::Http(Box::new(http)), Meta::named("load"));
        let copy = Copy { source: Some(file.into()), src: "/context".to_owned(), ..Copy::default() };
        let tree = graph.add(File { base: None, actions: vec![copy.into()] }, Meta::named("unpack"));
        graph
            .marshal(Some(tree.into()), &MarshalOptions::new(&Platform::new("linux", "amd64")))
            .unwrap()
            .into_pb()
    }

    #[test]
    fn an_upload_is_fetched_by_the_step_that_the_engine_knows() {
        let mut definition = unpacked("http://build-context-m5beeo3xdboonu8qujubtnu0e");
        recall(&mut definition);
        let digests: Vec<_> = definition.def.iter().map(|bytes| Digest::of(bytes).to_string()).collect();
        // As shown by Docker 20.10, whose own frontend has made it.
        assert_eq!(digests[0], "sha256:e9e26d64679e2e2476e16ac5ec27128d36fb317f26e68d15f66dec83e9695b4d");
        for (bytes, input) in definition.def[1..].iter().zip(&digests) {
            assert_eq!(ops::Op::decode(&**bytes).unwrap().inputs[0].digest, *input);
        }
        let said: Vec<_> = definition.metadata.iter().map(|entry| &entry.digest).collect();
        assert_eq!(said, digests.iter().collect::<Vec<_>>());
        let name = |at: usize| {
            let said = ops::OpMetadata::decode(&*definition.metadata[at].metadata).unwrap();
            said.description[0].value().to_owned()
        };
        assert_eq!((name(0), name(1)), ("load".to_owned(), "unpack".to_owned()));
    }

    #[test]
    fn other_addresses_are_left_alone() {
        let definition = unpacked("http://example.com/context");
        let mut same = definition.clone();
        recall(&mut same);
        assert_eq!(same, definition);
    }
}

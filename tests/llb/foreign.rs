//! Definitions that somebody else made.

use crate::{alpine, amd64, linked, marshal, platform, sh};
use multistage::internal::pb::ops;
use multistage::internal::text::{SourceMap, Span};
use multistage::llb::op::Merge;
use multistage::llb::{Definition, Graph, MarshalOptions, Meta, Op, Source, SourceText};
use prost::Message;

#[test]
fn a_definition_comes_back_as_it_was() {
    let (graph, _, merge) = linked();
    let map = SourceMap::of("Dockerfile", "FROM alpine\nCOPY --link a /a\n");
    let platform = platform();
    let source = SourceText { map: &map, language: "Dockerfile", definition: None };
    let options = MarshalOptions { source: Some(source), ..MarshalOptions::new(&platform) };
    let definition = graph.marshal(Some(merge.into()), &options).expect("the graph is whole");
    definition.verify().expect("the definition is canonical");
    let bytes = definition.to_pb().encode_to_vec();
    assert_eq!(definition.encode(), bytes);
    let read = Definition::decode(&bytes).expect("the bytes are ours");
    assert_eq!(read, definition);

    let mut other = Graph::new();
    alpine(&mut other);
    let root = other.import(&read).expect("the definition is whole");
    let again = other.marshal(root, &MarshalOptions::new(&platform)).expect("the graph is whole");
    assert_eq!(again, definition);
    assert_eq!(other.import(&Definition::default()), Ok(None));
    assert!(Graph::new().is_empty() && !other.is_empty());
}

#[test]
fn definitions_side_by_side_keep_their_files_and_platforms() {
    let platform = platform();
    let made = |file: &str, command: &str| {
        let map = SourceMap::of(file, "FROM alpine\nRUN x\n");
        let mut graph = Graph::new();
        let base = alpine(&mut graph);
        let run = graph.add(sh(command, base), amd64().at(Span::new(12, 17)));
        let source = SourceText { map: &map, language: "Dockerfile", definition: None };
        let options = MarshalOptions { source: Some(source), ..MarshalOptions::new(&platform) };
        graph.marshal(Some(run.into()), &options).expect("the graph is whole")
    };
    let found = [made("a", "1"), made("b", "2"), made("c", "3")];
    let mut graph = Graph::new();
    let layers = found.iter().map(|found| graph.import(found).expect("the definition is whole")).collect();
    let merge = graph.add(Merge { layers }, Meta::default());
    let all = graph.marshal(Some(merge.into()), &MarshalOptions::new(&platform)).expect("the graph is whole");
    let (places, source) = (all.places(), all.source.as_ref().expect("there are files"));
    for (found, file) in found.iter().zip(["a", "b", "c"]) {
        let (root, _) = found.root().expect("there is a result");
        let [place] = &places[&root][..] else { panic!("it is in one file") };
        assert_eq!(source.infos[place.source_index as usize].filename, file);
    }
    for (_, vertex) in graph.iter().filter(|(id, _)| *id != merge) {
        let Op::Raw(raw) = &vertex.op else { panic!("it came from outside") };
        assert_eq!(raw.platform.as_ref(), Some(&platform));
    }
}

#[test]
fn bad_definitions_are_refused() {
    let (graph, _, merge) = linked();
    let good = marshal(&graph, Some(merge.into()));
    let refuse = |change: &dyn Fn(&mut Definition), expected: &str| {
        let mut definition = good.clone();
        change(&mut definition);
        let error = Graph::new().import(&definition).expect_err(expected).to_string();
        assert!(error.starts_with("invalid definition: ") && error.contains(expected), "{error}");
    };
    let last = |index: i64, digest: &str| {
        let inputs = vec![ops::Input { digest: digest.to_owned(), index }];
        ops::Op { inputs, ..ops::Op::default() }.encode_to_vec()
    };
    let root = good.root().expect("there is a result").0.to_string();
    refuse(&|d| d.ops[0] = b"\xff".to_vec().into(), "failed to parse llb proto op");
    refuse(&|d| drop(d.ops.remove(0)), "unknown op sha256:");
    refuse(&|d| *d.ops.last_mut().unwrap() = Vec::new().into(), "names no result");
    refuse(&|d| *d.ops.last_mut().unwrap() = last(-1, &root).into(), "invalid output index -1");
    refuse(&|d| *d.ops.last_mut().unwrap() = last(0, "sha256:12").into(), "invalid digest \"sha256:12\"");
    refuse(
        &|d| {
            let location = ops::Location { source_index: 3, ranges: Vec::new() };
            let locations = ops::Locations { locations: vec![location] }.encode_to_vec();
            let entry = (good.root().expect("there is a result").0, locations.into());
            d.source = Some(Source { locations: vec![entry], infos: Vec::new() });
        },
        "failed to find source map with index 3",
    );
    assert!(Definition::decode(b"\xff\xff").is_err());

    let mut placed = good.to_pb();
    placed.source.as_mut().expect("it has places").locations[0].digest = "sha256:12".to_owned();
    let error = Definition::from_pb(placed).expect_err("it names no op").to_string();
    assert!(error.contains("invalid digest \"sha256:12\""), "{error}");
}

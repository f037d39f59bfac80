//! What a definition says beside its ops: the result, what is needed, places and texts.

use crate::{alpine, amd64, digest, marshal, sh};
use multistage::image::Platform;
use multistage::internal::pb::ops;
use multistage::internal::text::{SourceMap, Span};
use multistage::llb::op::Merge;
use multistage::llb::{CUSTOM_NAME, Definition, Digest, Graph, MarshalOptions, Meta, SourceText};
use prost::Message;

#[test]
fn the_last_op_names_the_result_and_what_is_needed() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let definition = marshal(&graph, Some(base.into()));
    let last = definition.ops.last().expect("there are ops");
    let caps = |definition: &Definition| {
        let last = Digest::of(definition.ops.last().expect("there are ops"));
        definition.said()[&last].caps.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let op = ops::Op::decode(&**last).expect("it is an op");
    assert_eq!(op.op, None);
    assert_eq!(op.constraints, None);
    assert_eq!(caps(&definition), "constraints platform");
    // No op has a place; each is listed nevertheless.
    let source = definition.source.as_ref().expect("there are places");
    assert_eq!(source.infos, []);
    assert_eq!(source.locations.len(), 1);
    assert_eq!(definition.places().into_values().collect::<Vec<_>>(), [[]]);

    let meta = &mut graph.get_mut(base).meta;
    meta.ignore_cache = true;
    meta.export_cache = Some(false);
    meta.description.insert("a".to_owned(), String::new());
    let definition = marshal(&graph, Some(base.into()));
    assert_eq!(caps(&definition), "constraints meta.description meta.exportcache meta.ignorecache platform");
}

#[test]
fn places_are_lines() {
    let map = SourceMap::of("Dockerfile", "FROM alpine\nRUN a \\\n  b\n");
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let run = graph.add(sh("a b", base), amd64().at(Span::new(12, 23)));
    let platform = Platform::new("linux", "amd64");
    let definition = marshal(&graph, Some(base.into()));
    let source = SourceText { map: &map, language: "Dockerfile", definition: Some(&definition) };
    let options = MarshalOptions { source: Some(source), ..MarshalOptions::new(&platform) };
    let marshaled = graph.marshal(Some(run.into()), &options).expect("the graph is whole");
    marshaled.verify().expect("the definition is canonical");
    let places = marshaled.places();
    let source = marshaled.source.expect("there are places");
    assert_eq!(source.infos.len(), 1);
    assert_eq!(source.infos[0].data, map.files()[0].data());
    assert_eq!(source.infos[0].definition, Some(definition.into_pb()));
    let ranges = &places[&digest(&graph, Some(run.into()))][0].ranges;
    let lines: Vec<_> =
        ranges.iter().map(|range| (range.start.unwrap().line, range.end.unwrap().line)).collect();
    assert_eq!(lines, [(2, 2), (3, 3)]);
}

#[test]
fn places_in_one_file_are_listed_together() {
    let mut map = SourceMap::of("a", "FROM alpine\nRUN a\n");
    map.add("b", "RUN b\n");
    let other = map.files()[1].base();
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    graph.get_mut(base).meta.spans = vec![Span::new(0, 11), Span::new(12, 17), Span::new(other, other + 5)];
    let platform = Platform::new("linux", "amd64");
    let source = SourceText { map: &map, language: "Dockerfile", definition: None };
    let options = MarshalOptions { source: Some(source), ..MarshalOptions::new(&platform) };
    let definition = graph.marshal(Some(base.into()), &options).expect("the graph is whole");
    let places = &definition.places()[&digest(&graph, Some(base.into()))];
    let lines = |place: &ops::Location| {
        let lines = place.ranges.iter().map(|range| range.start.unwrap().line);
        (place.source_index, lines.collect::<Vec<_>>())
    };
    assert_eq!(places.iter().map(lines).collect::<Vec<_>>(), [(0, vec![1, 2]), (1, vec![1])]);
}

#[test]
fn what_is_said_about_the_same_op_twice_is_joined() {
    let mut graph = Graph::new();
    let one = alpine(&mut graph);
    let two = graph.add(graph.get(one).op.clone(), Meta { ignore_cache: true, ..amd64() }.describe("a", "2"));
    graph.get_mut(one).meta = amd64().describe("a", "1").describe("b", "1");
    let merge = graph.add(Merge { layers: vec![Some(one.into()), Some(two.into())] }, Meta::default());
    let definition = marshal(&graph, Some(merge.into()));
    assert_eq!(definition.ops.len(), 3);
    let said = &definition.said()[&digest(&graph, Some(one.into()))];
    let texts: Vec<_> = said.description.iter().map(|e| (e.key.as_deref(), e.value.as_deref())).collect();
    assert_eq!(texts, [(Some("a"), Some("2")), (Some("b"), Some("1"))]);
    assert!(said.ignore_cache);
}

#[test]
fn the_name_of_a_step_is_made_harmless_and_nothing_else() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    graph.get_mut(base).meta = amd64().describe("a", "\x1b[2J").describe(CUSTOM_NAME, "\x1b[2J");
    let definition = marshal(&graph, Some(base.into()));
    let said = &definition.said()[&digest(&graph, Some(base.into()))];
    let text = |key| said.description.iter().find(|entry| entry.key() == key).map(|entry| entry.value());
    assert_eq!(text("a"), Some("\x1b[2J"));
    assert_eq!(text(CUSTOM_NAME), Some("\\u{1b}[2J"));
}

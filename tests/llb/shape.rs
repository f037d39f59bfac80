//! Graphs that are wrong, long or wide, and how a graph reads.

use crate::{ALPINE, SESSION, alpine, amd64, copy, engine, linked, marshal, platform, sh};
use multistage::internal::text::Span;
use multistage::llb::op::{Exec, File};
use multistage::llb::{Edge, Graph, MarshalOptions, Meta};

#[test]
fn a_graph_that_is_wrong_is_an_error() {
    let mut graph = Graph::new();
    let placeholder = graph.placeholder();
    let run = graph.add(sh("x", placeholder), Meta::default().at(Span::new(1, 2)));
    let fail = |graph: &Graph, edge: Edge| {
        graph.marshal(Some(edge), &MarshalOptions::new(&platform())).expect_err("it is wrong").to_string()
    };
    graph.fill(placeholder, Some(run.into()));
    assert_eq!(fail(&graph, run.into()), "a build step works on its own output");
    graph.fill(placeholder, Some(placeholder.into()));
    assert_eq!(fail(&graph, run.into()), "a build step works on its own output");
    graph.fill(placeholder, None);
    assert_eq!(fail(&graph, Edge { vertex: run, output: 1 }), "a build step has no output 1");
    let empty = graph.add(Exec::default(), Meta::default());
    assert_eq!(fail(&graph, empty.into()), "arguments are required");
    let empty = graph.add(File::default(), Meta::default());
    assert_eq!(fail(&graph, empty.into()), "action is required");
}

#[test]
fn a_long_chain_needs_no_stack() {
    let mut graph = Graph::new();
    let mut state = alpine(&mut graph);
    for _ in 0..10_000 {
        let forward = graph.placeholder();
        graph.fill(forward, Some(state.into()));
        state = graph.add(sh("x", forward), amd64());
    }
    let definition = marshal(&graph, Some(state.into()));
    assert_eq!(definition.ops.len(), 10_002);
    let mut other = Graph::new();
    let root = other.import(&definition).expect("the definition is whole");
    assert_eq!(marshal(&other, root).ops, definition.ops);
    graph.legalize(Some(state.into()), &engine(&[]), &platform()).expect("the newest engine knows all");
}

#[test]
fn a_diamond_of_diamonds_is_walked_once() {
    let mut graph = Graph::new();
    let mut state = alpine(&mut graph);
    for number in 0..60 {
        // Two ways down at each step: 2^60 paths, 120 ops and one below.
        let left = graph.add(sh(&format!("l{number}"), state), amd64());
        let right = copy(state, "/a", "/b");
        state = graph.add(File { base: Some(left.into()), actions: vec![right.into()] }, Meta::default());
    }
    assert_eq!(marshal(&graph, Some(state.into())).ops.len(), 122);
}

#[test]
fn a_dump_numbers_steps_in_order() {
    let (graph, _, merge) = linked();
    let expected = format!(
        r##"#0 docker-image://{ALPINE} [linux/amd64]
#1 local://context
  local.followpaths "[\"a\",\"b\",\"c\"]"
  local.session "{SESSION}"
  local.sharedkeyhint "context"
#2 file <- scratch
  llb.customname "COPY"
  weak group "COPY"
  copy #1/a to /a follow contents parents wildcard empty
#3 merge <- #0 #2
  llb.customname "LINK COPY"
  group "COPY"
result #3
"##
    );
    assert_eq!(graph.dump(Some(merge.into())).as_deref(), Ok(expected.as_str()));
    assert_eq!(graph.dump(None).as_deref(), Ok("result scratch\n"));
}

//! Ops that no Dockerfile makes, and what only some of them have.

use crate::{alpine, amd64, copy, limits, local, marshal, mount, sh};
use multistage::internal::pb::ops::{self, file_action::Action, op::Op as Kind};
use multistage::llb::op::{Copy, Diff, File, Mkdir, Passthrough};
use multistage::llb::{Definition, Edge, Graph, LinuxResources, MarshalOptions, Meta};
use prost::Message;

/// Returns the op of the result.
fn root(definition: &Definition) -> Kind {
    let bytes = &definition.ops[definition.ops.len() - 2];
    ops::Op::decode(&**bytes).expect("it is an op").op.expect("it does something")
}

fn fail(graph: &Graph, edge: Edge) -> String {
    let platform = crate::platform();
    let options = MarshalOptions::new(&platform);
    graph.marshal(Some(edge), &options).expect_err("it is wrong").to_string()
}

#[test]
fn a_difference_has_a_lower_and_an_upper_side() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let run = graph.add(sh("x", base), amd64());
    let mut sides = |lower, upper| {
        let diff = graph.add(Diff { lower, upper }, Meta::default());
        let definition = marshal(&graph, Some(diff.into()));
        assert_eq!(definition.verify(), Ok(()));
        let Kind::Diff(diff) = root(&definition) else { panic!("it is a difference") };
        (diff.lower.expect("it has one").input, diff.upper.expect("it has one").input)
    };
    assert_eq!(sides(Some(base.into()), Some(run.into())), (0, 1));
    assert_eq!(sides(None, Some(run.into())), (-1, 0));
}

#[test]
fn a_passthrough_hands_on_what_is_there() {
    let mut graph = Graph::new();
    let empty = graph.placeholder();
    let base = alpine(&mut graph);
    let context = local(&mut graph, &[]);
    let inputs = vec![Some(empty.into()), Some(base.into()), Some(context.into())];
    let whole = Passthrough { id: "p".to_owned(), inputs, outputs: vec![0, 2, 1] };
    let passthrough = graph.add(whole.clone(), Meta::default());
    let definition = marshal(&graph, Some(Edge { vertex: passthrough, output: 1 }));
    assert_eq!(definition.verify(), Ok(()));
    let Kind::Passthrough(found) = root(&definition) else { panic!("it hands on") };
    assert_eq!((found.id.as_str(), found.outputs), ("p", vec![1, 0]));

    let nameless = graph.add(Passthrough { id: String::new(), ..whole.clone() }, Meta::default());
    assert_eq!(fail(&graph, nameless.into()), "passthrough requires an id");
    let nothing = graph.add(Passthrough { outputs: vec![0], ..whole }, Meta::default());
    assert_eq!(fail(&graph, nothing.into()), "passthrough must have at least one output");
}

#[test]
fn a_process_has_an_output_for_each_mount_that_it_may_change() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let mut exec = sh("x", base);
    exec.mounts.push(mount("/b", Some(base.into())));
    exec.mounts[1].is_readonly = true;
    exec.mounts.extend([mount("/a", None), mount("/c", Some(base.into()))]);
    // By target, and only what may be changed: `/`, `/a`, `/c`.
    assert_eq!([0, 1, 2, 3].map(|mount| exec.output_of(mount)), [Some(0), None, Some(1), Some(2)]);
    let run = graph.add(exec, amd64());
    let definition = marshal(&graph, Some(Edge { vertex: run, output: 2 }));
    assert_eq!(definition.verify(), Ok(()));
    let Kind::Exec(exec) = root(&definition) else { panic!("it is a process") };
    let outputs: Vec<_> = exec.mounts.iter().map(|mount| (mount.dest.as_str(), mount.output)).collect();
    assert_eq!(outputs, [("/", 0), ("/a", 1), ("/b", -1), ("/c", 2)]);
    assert_eq!(fail(&graph, Edge { vertex: run, output: 3 }), "a build step has no output 3");
    // What came from outside may have any.
    let mut other = Graph::new();
    let root = other.import(&definition).expect("the definition is whole");
    assert_eq!(root.map(|edge| edge.output), Some(2));
    assert_eq!(marshal(&other, root).ops, definition.ops);
}

#[test]
fn each_action_of_a_file_op_goes_on_from_the_one_before() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let context = local(&mut graph, &[]);
    let dir = |created_ns| Mkdir { path: "/d".into(), mode: 0o4755, created_ns, ..Mkdir::default() };
    let actions =
        vec![copy(context, "/a", "/a").into(), dir(None).into(), dir(Some(7)).into(), dir(Some(0)).into()];
    let file = graph.add(File { base: Some(base.into()), actions }, Meta::default());
    let Kind::File(file) = root(&marshal(&graph, Some(file.into()))) else { panic!("it works on files") };
    // Two inputs are counted before what the actions make; only what the last one makes is an output.
    let edges: Vec<_> = file.actions.iter().map(|it| (it.input, it.secondary_input, it.output)).collect();
    assert_eq!(edges, [(0, 1, -1), (2, -1, -1), (3, -1, -1), (4, -1, 0)]);
    let dirs = file.actions.iter().filter_map(|action| match &action.action {
        Some(Action::Mkdir(dir)) => Some((dir.mode, dir.timestamp)),
        _ => None,
    });
    assert_eq!(dirs.collect::<Vec<_>>(), [(0o755, -1), (0o755, 7), (0o755, 0)]);
}

#[test]
fn limits_are_said_about_an_op() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let all = LinuxResources {
        memory_bytes: 1,
        memory_swap_bytes: 2,
        cpu_shares: 3,
        cpu_period_us: 4,
        cpu_quota_us: 5,
        cpuset_cpus: "6".to_owned(),
        cpuset_mems: "7".to_owned(),
    };
    let run = graph.add(sh("x", base), Meta { linux_resources: Some(all.into()), ..limits() });
    let definition = marshal(&graph, Some(run.into()));
    let (root, _) = definition.root().expect("there is a result");
    let expected = ops::LinuxResources {
        memory: 1,
        memory_swap: 2,
        cpu_shares: 3,
        cpu_period: 4,
        cpu_quota: 5,
        cpuset_cpus: "6".to_owned(),
        cpuset_mems: "7".to_owned(),
    };
    assert_eq!(definition.said()[&root].linux_resources.as_ref(), Some(&expected));
}

#[test]
#[cfg(debug_assertions)]
fn only_what_came_from_outside_may_be_uncanonical() {
    let mut graph = Graph::new();
    let context = local(&mut graph, &[]);
    let copy = Copy { source: Some(context.into()), src: "../a".into(), dest: "/".into(), ..Copy::default() };
    let file = graph.add(File { base: None, actions: vec![copy.into()] }, Meta::default());
    let platform = crate::platform();
    let marshal =
        |graph: &Graph, root| graph.marshal(root, &MarshalOptions::new(&platform)).expect("it is whole");
    let definition = marshal(&graph, Some(file.into()));
    let proof = |graph: &Graph, definition: &Definition| {
        let run = std::panic::AssertUnwindSafe(|| graph.prove(definition));
        std::panic::catch_unwind(run).is_ok()
    };
    assert!(!proof(&graph, &definition));
    let mut other = Graph::new();
    let root = other.import(&definition).expect("the definition is whole");
    assert!(proof(&other, &marshal(&other, root)));
}

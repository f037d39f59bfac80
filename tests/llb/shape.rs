//! Graphs that are wrong, long or wide, and how a graph reads.

use crate::{
    ALPINE, PATH, SESSION, alpine, amd64, bare, copy, engine, limited, limits, linked, local, marshal, mount,
    platform, sh,
};
use multistage::internal::text::Span;
use multistage::llb::op::{
    Copy, Device, Diff, Exec, File, FileAction, Mkdir, Mkfile, Mode, Network, Owner, Passthrough, Proxy, Rm,
    Secret, Security, Ssh, Symlink, User,
};
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

/// Returns what a dump says of the last vertex below its first line.
fn dumped(graph: &Graph, root: impl Into<Edge>) -> String {
    let text = graph.dump(Some(root.into())).expect("the graph has no cycle");
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().rposition(|line| line.starts_with('#')).expect("there is a vertex");
    lines[start + 1..lines.len() - 1].iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_dump_tells_all_of_a_process() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let plain = graph.add(bare("x"), Meta::default());
    let args = r#"  args ["/bin/sh", "-c", "x"]"#;
    assert_eq!(dumped(&graph, plain), format!("{args}\n  cwd /\n  no default PATH\n  mount / <- scratch\n"));

    let meta =
        Meta { ignore_cache: true, export_cache: Some(false), filters: vec!["f".to_owned()], ..limits() };
    let mut exec = limited(base);
    exec.ssh[0].is_optional = false;
    let run = graph.add(exec, meta);
    let expected = format!(
        r##"  ignores its cache
  exports its cache: false
  workers ["f"]
  LinuxResources {{ memory_bytes: 104857600, memory_swap_bytes: 0, cpu_shares: 512, cpu_period_us: 0, cpu_quota_us: 0, cpuset_cpus: "", cpuset_mems: "" }}
  args ["/bin/sh", "-c", "true"]
  env PATH="{PATH}"
  cwd /
  cgroup /x
  network none
  host a 1.2.3.4
  ulimit nofile 1024:2048
  mount / <- #0
  mount /c <- scratch cache "/x" locked
  mount /dev/shm <- scratch tmpfs of 67108864 bytes
  mount /t <- scratch tmpfs of 1048576 bytes
  ssh  at its own place 0:0 0600
"##
    );
    assert_eq!(dumped(&graph, run), expected);

    let mut exec = sh("x", base);
    exec.network = Network::Host;
    exec.security = Security::Insecure;
    exec.user = "me".to_owned();
    exec.hostname = "here".to_owned();
    exec.proxy = Some(Proxy { http: "http://me:secret@proxy".to_owned(), ..Proxy::default() }.into());
    exec.valid_exit_codes = vec![0, 3];
    exec.devices = vec![Device { name: "d".to_owned(), is_optional: true }];
    let mut read = mount("/b", Some(Edge { vertex: run, output: 1 }));
    read.is_readonly = true;
    read.selector = "/s".to_owned();
    let mut thrown_away = mount("/a", None);
    thrown_away.has_no_output = true;
    exec.mounts.extend([read, thrown_away]);
    let secret = Secret { id: "s".to_owned(), ..Secret::default() };
    let file = Secret { target: Some("/f".to_owned()), uid: 1, gid: 2, mode: 0o400, ..secret.clone() };
    exec.secrets = vec![file, Secret { env: Some("S".to_owned()), is_optional: true, ..secret }];
    exec.ssh =
        vec![Ssh { id: "k".to_owned(), target: Some("/k".to_owned()), is_optional: true, ..Ssh::default() }];
    let run = graph.add(exec, Meta::default());
    let expected = format!(
        r##"{args}
  env PATH="{PATH}"
  cwd /
  user me
  hostname here
  network host
  insecure
  proxies
  may exit with [0, 3]
  device d optional
  mount / <- #0
  mount /a <- scratch no-output
  mount /b <- #1:1/s readonly
  secret s at /f 1:2 0400
  secret s as $S optional
  ssh k at /k 0:0 0000 optional
"##
    );
    assert_eq!(dumped(&graph, run), expected);
}

#[test]
fn a_dump_tells_all_of_files_and_of_what_joins_trees() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let context = local(&mut graph, &[]);
    let list = |text: &str| vec![text.to_owned()];
    let owner = |user, group| Some(Owner { user: Some(user), group });
    let me = || owner(User::Name("me".to_owned()), Some(User::Id(7)));
    let many = Copy {
        mode: Some(Mode::Symbolic("u+x".to_owned())),
        include_patterns: list("i"),
        exclude_patterns: list("e"),
        required_paths: list("r"),
        replaces_existing: true,
        unpacks: true,
        created_ns: Some(5),
        owner: owner(User::Id(3), None),
        ..copy(context, "/a", "/b")
    };
    let few = Copy {
        mode: Some(Mode::Bits(0o640)),
        owner: me(),
        source: None,
        src: "/c".into(),
        ..Copy::default()
    };
    let mkfile =
        Mkfile { path: "/f".into(), mode: 0o644, data: b"x\ny".into(), owner: None, created_ns: None };
    let mkdir = |makes_parents| Mkdir {
        path: "/d".into(),
        mode: 0o755,
        makes_parents,
        owner: me(),
        created_ns: Some(0),
    };
    let rm = |allows| Rm { path: "/r".into(), allows_not_found: allows, allows_wildcard: allows };
    let link = Symlink { old_path: "/o".into(), new_path: "/n".into(), owner: None, created_ns: None };
    let actions: Vec<FileAction> = vec![
        many.into(),
        few.into(),
        mkfile.into(),
        mkdir(true).into(),
        mkdir(false).into(),
        rm(true).into(),
        rm(false).into(),
        link.into(),
    ];
    let file = graph.add(File { base: Some(base.into()), actions }, Meta::default());
    let expected = r#"  copy #1/a to /b mode u+x follow contents unpack parents wildcard empty replace include ["i"] exclude ["e"] require ["r"] owner 3 created 5
  copy scratch/c to  mode 0640 owner me:7
  mkfile /f 0644 "x\ny"
  mkdir /d 0755 with parents owner me:7 created 0
  mkdir /d 0755 owner me:7 created 0
  rm /r wildcard if there
  rm /r
  symlink /n -> /o
"#;
    assert_eq!(dumped(&graph, file), expected);

    let diff = graph.add(Diff { lower: Some(base.into()), upper: Some(file.into()) }, Meta::default());
    let inputs = vec![Some(diff.into()), None];
    let both = graph.add(Passthrough { id: "p".to_owned(), inputs, outputs: vec![0, 1] }, amd64());
    let text = graph.dump(Some(both.into())).expect("the graph has no cycle");
    let end =
        "#3 diff <- #0 #2\n#4 passthrough \"p\" <- #3 scratch [linux/amd64]\n  outputs [0, 1]\nresult #4\n";
    assert!(text.ends_with(end), "{text}");
    let run = graph.add(sh("x", base), amd64());
    let diff = graph.add(Diff { lower: Some(base.into()), upper: Some(run.into()) }, Meta::default());
    let mut other = Graph::new();
    let root = other.import(&marshal(&graph, Some(diff.into()))).expect("the definition is whole");
    let text = other.dump(root).expect("the graph has no cycle");
    assert!(text.contains("\n#2 raw sha256:") && text.ends_with(" <- #0 <- #1\nresult #2\n"), "{text}");
}

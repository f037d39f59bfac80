//! LLB from outside: bytes against recorded digests, older engines, foreign definitions, large graphs.
//!
//! The digests were recorded from the reference frontend (1.26.0); they see every byte of an op and of all its inputs.

use multistage::image::Platform;
use multistage::internal::pb::ops;
use multistage::internal::text::{SourceMap, Span};
use multistage::llb::CapSet;
use multistage::llb::op::{
    CacheSharing, Copy, Device, Exec, File, FileAction, Git, HostIp, Image, Local, Merge, Mkdir, Mkfile,
    Mount, MountKind, Network, Owner, Secret, Security, Ssh, Ulimit,
};
use multistage::llb::{
    Definition, Digest, Edge, Graph, LinuxResources, MarshalOptions, Meta, Op, ProgressGroup, Reason,
    SourceText, VertexId, caps,
};
use prost::Message;

const SESSION: &str = "conformancesession0000000";
const ALPINE: &str =
    "docker.io/library/alpine:latest@sha256:78299bc7dcd0c9b20939b925e759a9a3c610d5d8a2f44cc1d634135f8f1722c9";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

#[test]
fn sources() {
    let mut graph = Graph::new();
    let image = alpine(&mut graph);
    check(&graph, image, "ffcc0eb61e16e944f724d3223a2337c917cb46332926fa5547e007f0f7a5f0b0");

    let context = local(&mut graph, &[]);
    check(&graph, context, "ab72b953643fb9aeecb71ef00518c95d817a26e455b58bcd8091236a22cca64a");
    let context = local(&mut graph, &["a", "b", "c"]);
    check(&graph, context, "553f84ae5790c1e0fea7040f2c629a4257ce76b22f6663c4b0336a1789dcd346");

    let git = |reference: &str, subdir: &str| Git {
        id: "github.com/a/b.git".to_owned(),
        url: "https://github.com/a/b.git".to_owned(),
        reference: reference.to_owned(),
        subdir: subdir.to_owned(),
        ..Git::default()
    };
    let branch = graph.add(git("refs/heads/dev", "x/y"), Meta::default());
    check(&graph, branch, "06fa769e074f7ece83c4f4311d6b24274f99905573ac078f2df3129902b13c50");
    let tag = graph.add(Git { keeps_git_dir: true, ..git("refs/tags/v1", "") }, Meta::default());
    check(&graph, tag, "6b4e5a95baebbba3c81bc884b15bd2192152d96a9f17d8557521fceefbcba70c");
    let shallow = graph.add(Git { skips_submodules: true, ..git("refs/heads/z", "") }, Meta::default());
    check(&graph, shallow, "1d4455d25cb42233c618773e44a65e50058c0d4fbc91ec028d73d9d80d9810ab");
}

#[test]
fn a_process_with_mounts_of_every_kind() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let context = local(&mut graph, &[]);
    let mut exec = sh("true", base);
    // Neither the order here nor the place of the root matters: an op has its mounts by target.
    exec.mounts.extend([
        Mount { kind: MountKind::Tmpfs { size_bytes: 0 }, ..mount("/t", None) },
        Mount { kind: cache("//c", CacheSharing::Shared), ..mount("/c", None) },
        Mount { is_readonly: true, ..mount("/b", Some(context.into())) },
    ]);
    exec.secrets = vec![Secret {
        id: "s".to_owned(),
        target: Some("/run/secrets/s".to_owned()),
        mode: 0o400,
        is_optional: true,
        ..Secret::default()
    }];
    exec.ssh = vec![Ssh { id: "k".to_owned(), mode: 0o600, is_optional: true, ..Ssh::default() }];
    let run = graph.add(exec, amd64());
    check(&graph, run, "106e483ec939d656db4c13ffcd0911d954b8a3a1362bb6322ef7dfe17474aed3");
}

#[test]
fn a_process_with_secrets_in_its_environment() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let secret = |id: &str, name: &str, is_optional| Secret {
        id: id.to_owned(),
        env: Some(name.to_owned()),
        mode: 0o400,
        is_optional,
        ..Secret::default()
    };
    let secrets = vec![secret("tok", "TOKEN", true)];
    let first = graph.add(Exec { secrets, ..sh("curl -H \"x: $TOKEN\"", base) }, amd64());
    check(&graph, first, "cdc2da3c7ae12ffcb70bafde651e589ca15cc7f9fa6845196fab8dd4c6e19d0d");
    let secrets = vec![Secret { target: Some("/t2".to_owned()), ..secret("t2", "T2", true) }];
    let second = graph.add(Exec { secrets, ..sh("true", first) }, amd64());
    check(&graph, second, "e9345c92e723adda4b21ff299c55ef6ef006d9322d88ea5ae66e1ba871bf88de");
    let secrets = vec![secret("t3", "T3", false)];
    let third = graph.add(Exec { secrets, ..sh("echo ${T3}", second) }, amd64());
    check(&graph, third, "d6e12d052cdd269a2c9286f15f035e483ba3ec4dbdd34e675ecfd71b3101b60c");
}

#[test]
fn a_process_with_limits() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let run = graph.add(limited(base), limits());
    check(&graph, run, "f17973038757d9d98f65b65d8e884651cf7ea0b42a96128b994a0e6f305abf4f");

    let all = Exec { network: Network::None, security: Security::Insecure, ..sh("true", base) };
    let all = Exec { mounts: vec![tmpfs("/t", 0), Mount::root(Some(base.into()))], ..all };
    let run = graph.add(all, amd64());
    check(&graph, run, "0c2c800911df4b9122c2597dafb3cac63c0fba915c6d86212028425febcb398e");
}

#[test]
fn files() {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let context = local(&mut graph, &["a", "b", "c", "d", "e", "f"]);
    let mut state = base;
    for (path, owner, digest) in [
        ("/a", "1000", "9482efdd1f2a263231365c8c4f724966ce50dd998a537954953eb36f2aedf2ef"),
        ("/b", "1000:1001", "605f0e0d8aaced73190c8ad2cff11b1e6f6a0dccecc1605a67e1e8f0733e70e8"),
        ("/c", "user", "b227233d58c4d0604c309ab19dfdf2c6bab2f07ab886f52a69b52a3807c8e5c8"),
        ("/d", "user:group", "d3587d88c9e011d401d57a1b96eaeca8c3899b18fbebd348bab90ec023325d68"),
    ] {
        let copy = Copy { owner: Some(Owner::parse(owner)), ..copy(context, path, path) };
        state = graph.add(File { base: Some(state.into()), actions: vec![copy.into()] }, Meta::default());
        check(&graph, state, digest);
    }

    let dir = Mkdir { path: "/a/b".to_owned(), mode: 0o755, makes_parents: true, ..Mkdir::default() };
    let dir = graph.add(File { base: Some(base.into()), actions: vec![dir.into()] }, Meta::default());
    check(&graph, dir, "9fedab7b2c944dd3d8ee48c711e89e2ced8dcac7d8471b0645913a6298e3f5e6");

    let data = b"[section]\nkey = 1\n".to_vec();
    let text = Mkfile { path: "/EOF".to_owned(), mode: 0o644, data, ..Mkfile::default() };
    let text = graph.add(File { base: None, actions: vec![text.into()] }, Meta::default());
    check(&graph, text, "b10bcffe70e9cff1cb06f4fbc7c0fcfcfd8961d5af0a7e530663a7b01ed2511d");
    let copy = Copy {
        source: Some(text.into()),
        src: "/EOF".to_owned(),
        dest: "/x.conf".to_owned(),
        creates_dest_path: true,
        ..Copy::default()
    };
    let copy = graph.add(File { base: Some(base.into()), actions: vec![copy.into()] }, Meta::default());
    check(&graph, copy, "08dc1e79110f28124b3053ba987e27f30c22b6ef801c44e841db8e834ba8b95a");
}

#[test]
fn merges() {
    let (graph, layer, merge) = linked();
    check(&graph, layer, "a2a6c243030eda9c2342a40f1536b2d576ee14871447586c5650cda6f3c29fa2");
    check(&graph, merge, "d744a5e356efc11417636676e1d21aeac39d4fb0fa0665e6e3ce717eec232450");
}

#[test]
fn a_merge_of_less_than_two_layers_is_none() {
    let (mut graph, layer, merge) = linked();
    let placeholder = graph.placeholder();
    let one = Merge { layers: vec![Some(placeholder.into()), Some(layer.into()), None] };
    graph.replace(merge, one, Meta::default());
    assert_eq!(digest(&graph, Some(merge.into())), digest(&graph, Some(layer.into())));
    graph.replace(merge, Merge { layers: vec![Some(placeholder.into())] }, Meta::default());
    assert_eq!(marshal(&graph, Some(merge.into())), Definition::default());
    graph.fill(placeholder, Some(layer.into()));
    assert_eq!(digest(&graph, Some(merge.into())), digest(&graph, Some(layer.into())));
}

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
    let op = ops::Op::decode(last.as_slice()).expect("it is an op");
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

// ---- older engines

#[test]
fn an_engine_without_merge_copies() {
    let (mut graph, layer, merge) = linked();
    let name = |graph: &Graph| graph.get(merge).meta.name().map(str::to_owned);
    let newest = engine(&[]);
    let before = graph.clone();
    graph.legalize(Some(merge.into()), &newest, &platform()).expect("the newest engine knows all");
    assert_eq!(graph, before);

    graph.legalize(Some(merge.into()), &engine(&[caps::MERGE_OP]), &platform()).expect("a copy will do");
    let plain = &graph.get(merge);
    assert!(matches!(&plain.op, Op::File(File { base: Some(_), .. })), "{:?}", plain.op);
    assert_eq!(plain.meta.progress_group, None);
    assert_eq!(name(&graph).as_deref(), Some("COPY"));
    assert!(graph.get(layer).meta.progress_group.is_some());

    // On an empty base the merge never was one, but the group has to go.
    let (mut graph, layer, merge) = linked();
    graph.replace(merge, Merge { layers: vec![None, Some(layer.into())] }, Meta::default());
    graph.legalize(Some(merge.into()), &engine(&[caps::MERGE_OP]), &platform()).expect("a copy will do");
    assert_eq!(graph.get(merge).meta.progress_group, None);
    assert_eq!(digest(&graph, Some(merge.into())), digest(&graph, Some(layer.into())));
}

#[test]
fn wishes_are_dropped_where_nobody_can_grant_them() {
    let lacks = [
        caps::EXEC_META_ULIMIT,
        caps::EXEC_META_CDI,
        caps::EXEC_META_CGROUP_PARENT,
        caps::EXEC_META_LINUX_RESOURCES,
    ];
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let mut exec = limited(base);
    let device = |is_optional| Device { name: "v.com/gpu=all".to_owned(), is_optional };
    exec.devices = vec![device(true)];
    let run = graph.add(exec.clone(), limits());
    graph.legalize(Some(run.into()), &engine(&lacks), &platform()).expect("wishes only");

    // A step that says it cannot do without a device does not run without it.
    exec.devices = vec![device(true), device(false)];
    let needs_device = graph.add(exec, limits());
    let error = graph.legalize(Some(needs_device.into()), &engine(&lacks), &platform());
    let error = error.expect_err("there is no such device");
    assert!(matches!(&error.reason, Reason::Unsupported(error) if error.cap == caps::EXEC_META_CDI));

    let Op::Exec(exec) = &graph.get(run).op else { panic!("it is a process") };
    assert!(exec.ulimits.is_empty() && exec.devices.is_empty() && exec.cgroup_parent.is_empty());
    assert_eq!(exec.mounts.len(), 4);
    assert_eq!(graph.get(run).meta.linux_resources, None);

    // The size of /dev/shm is a wish, that of a mount in the Dockerfile is not.
    let error = graph.legalize(Some(run.into()), &engine(&[caps::EXEC_MOUNT_TMPFS_SIZE]), &platform());
    let error = error.expect_err("a limited tmpfs cannot be had");
    assert!(matches!(&error.reason, Reason::Unsupported(error) if error.cap == caps::EXEC_MOUNT_TMPFS_SIZE));
    assert_eq!(error.span, Some(Span::new(3, 7)));
    let Op::Exec(exec) = &graph.get(run).op else { panic!("it is a process") };
    let targets: Vec<_> = exec.mounts.iter().map(|mount| mount.target.as_str()).collect();
    assert_eq!(targets, ["/", "/c", "/t"]);
}

#[test]
fn an_engine_that_sets_no_path_gets_one() {
    let lacks = engine(&[caps::EXEC_META_SETS_DEFAULT_PATH]);
    let env = |os: &str, env: &[(&str, &str)]| {
        let mut graph = Graph::new();
        let env: Vec<_> = env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let run = graph.add(Exec { env: env.into(), wants_default_path: true, ..bare("x") }, amd64());
        graph.legalize(Some(run.into()), &lacks, &Platform::new(os, "amd64")).expect("PATH will do");
        let Op::Exec(exec) = &graph.get(run).op else { panic!("it is a process") };
        exec.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(env("linux", &[("A", "1")]), ["A=1".to_owned(), format!("PATH={PATH}")]);
    assert_eq!(env("linux", &[("PATH", "/bin"), ("A", "1")]), ["PATH=/bin", "A=1"]);
    assert!(env("windows", &[]).is_empty());
}

#[test]
fn what_an_engine_lacks_does_not_matter_where_nothing_needs_it() {
    let (mut graph, layer, _) = linked();
    let lost = graph.add(Exec { security: Security::Insecure, ..bare("x") }, Meta::default());
    let lacks = engine(&[caps::EXEC_META_SECURITY]);
    assert_eq!(graph.legalize(Some(layer.into()), &lacks, &platform()), Ok(()));
    let error = graph.legalize(Some(lost.into()), &lacks, &platform()).expect_err("it is needed");
    assert_eq!(
        error.to_string(),
        "requested experimental feature exec.meta.security  is not supported by build server, please update "
    );
}

// ---- foreign definitions

#[test]
fn a_definition_comes_back_as_it_was() {
    let (graph, _, merge) = linked();
    let map = SourceMap::of("Dockerfile", "FROM alpine\nCOPY --link a /a\n");
    let platform = platform();
    let source = SourceText { map: &map, language: "Dockerfile", definition: None };
    let options = MarshalOptions { source: Some(source), ..MarshalOptions::new(&platform) };
    let definition = graph.marshal(Some(merge.into()), &options).expect("the graph is whole");
    let bytes = definition.to_pb().encode_to_vec();
    let read = Definition::decode(&bytes).expect("the bytes are ours");
    assert_eq!(read, definition);

    let mut other = Graph::new();
    alpine(&mut other);
    let root = other.import(&read).expect("the definition is whole");
    let again = other.marshal(root, &MarshalOptions::new(&platform)).expect("the graph is whole");
    assert_eq!(again, definition);
    assert_eq!(other.import(&Definition::default()), Ok(None));
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
    refuse(&|d| d.ops[0] = b"\xff".to_vec(), "failed to parse llb proto op");
    refuse(&|d| drop(d.ops.remove(0)), "unknown op sha256:");
    refuse(&|d| *d.ops.last_mut().unwrap() = Vec::new(), "names no result");
    refuse(&|d| *d.ops.last_mut().unwrap() = last(-1, &root), "invalid output index -1");
    refuse(&|d| *d.ops.last_mut().unwrap() = last(0, "sha256:12"), "invalid digest \"sha256:12\"");
    refuse(
        &|d| {
            let location = ops::Location { source_index: 3, ranges: Vec::new() };
            let locations = ops::Locations { locations: vec![location] }.encode_to_vec();
            let entry = ops::LocationsEntry { digest: root.clone(), locations };
            d.source = Some(ops::Source { locations: vec![entry], infos: Vec::new() });
        },
        "failed to find source map with index 3",
    );
    assert!(Definition::decode(b"\xff\xff").is_err());
}

// ---- graphs that are wrong or large

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

// ---- helpers

fn platform() -> Platform {
    Platform::new("linux", "amd64")
}

fn amd64() -> Meta {
    Meta::default().on(platform())
}

fn alpine(graph: &mut Graph) -> VertexId {
    graph.add(Image { reference: ALPINE.to_owned(), ..Image::default() }, amd64())
}

fn local(graph: &mut Graph, paths: &[&str]) -> VertexId {
    let local = Local {
        name: "context".to_owned(),
        session_id: SESSION.to_owned(),
        shared_key_hint: "context".to_owned(),
        follow_paths: paths.iter().map(|path| path.to_string()).collect(),
        ..Local::default()
    };
    graph.add(local, Meta::default())
}

fn bare(command: &str) -> Exec {
    Exec {
        args: ["/bin/sh", "-c", command].map(str::to_owned).into(),
        cwd: "/".to_owned(),
        mounts: vec![Mount::root(None)],
        ..Exec::default()
    }
}

fn sh(command: &str, base: VertexId) -> Exec {
    Exec {
        env: vec![("PATH".to_owned(), PATH.to_owned())].into(),
        mounts: vec![Mount::root(Some(base.into()))],
        wants_default_path: true,
        ..bare(command)
    }
}

fn mount(target: &str, source: Option<Edge>) -> Mount {
    Mount { target: target.to_owned(), source, ..Mount::default() }
}

fn tmpfs(target: &str, size_bytes: i64) -> Mount {
    Mount { kind: MountKind::Tmpfs { size_bytes }, ..mount(target, None) }
}

fn cache(id: &str, sharing: CacheSharing) -> MountKind {
    MountKind::Cache { id: id.to_owned(), sharing }
}

fn limited(base: VertexId) -> Exec {
    let mut exec = sh("true", base);
    exec.mounts.extend([
        Mount { kind: cache("/x", CacheSharing::Locked), ..mount("/c", None) },
        tmpfs("/t", 1 << 20),
        Mount { is_dispensable: true, ..tmpfs("/dev/shm", 64 << 20) },
    ]);
    exec.ssh = vec![Ssh { mode: 0o600, is_optional: true, ..Ssh::default() }];
    exec.ulimits = vec![Ulimit { name: "nofile".to_owned(), soft: 1024, hard: 2048 }];
    exec.extra_hosts = vec![HostIp { host: "a".to_owned(), ip: "1.2.3.4".to_owned() }];
    exec.cgroup_parent = "/x".to_owned();
    exec.network = Network::None;
    exec
}

fn limits() -> Meta {
    let limits = LinuxResources { memory_bytes: 100 << 20, cpu_shares: 512, ..LinuxResources::default() };
    Meta { linux_resources: Some(limits.into()), ..amd64().at(Span::new(3, 7)) }
}

fn copy(source: VertexId, src: &str, dest: &str) -> Copy {
    Copy {
        source: Some(source.into()),
        src: src.to_owned(),
        dest: dest.to_owned(),
        follows_symlinks: true,
        copies_dir_contents: true,
        creates_dest_path: true,
        allows_wildcard: true,
        allows_empty_wildcard: true,
        ..Copy::default()
    }
}

/// Returns the graph of `COPY --link a /a` with the new layer and the merge.
fn linked() -> (Graph, VertexId, VertexId) {
    let mut graph = Graph::new();
    let base = alpine(&mut graph);
    let context = local(&mut graph, &["a", "b", "c"]);
    let group = |is_weak| ProgressGroup { id: "1".to_owned(), name: "COPY".to_owned(), is_weak };
    let place = Span::new(12, 28);
    let actions: Vec<FileAction> = vec![copy(context, "/a", "/a").into()];
    let meta = Meta { progress_group: Some(group(true).into()), ..Meta::named("COPY") };
    let layer = graph.add(File { base: None, actions }, meta.at(place));
    let meta = Meta { progress_group: Some(group(false).into()), ..Meta::named("LINK COPY") };
    let merge = graph.add(Merge { layers: vec![Some(base.into()), Some(layer.into())] }, meta.at(place));
    (graph, layer, merge)
}

/// Returns an engine that knows all but some.
fn engine(lacks: &[&str]) -> CapSet {
    let all = [
        caps::SOURCE_IMAGE,
        caps::SOURCE_LOCAL,
        caps::SOURCE_LOCAL_SESSION_ID,
        caps::SOURCE_LOCAL_FOLLOW_PATHS,
        caps::SOURCE_LOCAL_SHARED_KEY_HINT,
        caps::EXEC_META_BASE,
        caps::EXEC_META_CDI,
        caps::EXEC_META_CGROUP_PARENT,
        caps::EXEC_META_LINUX_RESOURCES,
        caps::EXEC_META_NETWORK,
        caps::EXEC_META_SECURITY,
        caps::EXEC_META_SETS_DEFAULT_PATH,
        caps::EXEC_META_ULIMIT,
        caps::EXEC_MOUNT_BIND,
        caps::EXEC_MOUNT_CACHE,
        caps::EXEC_MOUNT_CACHE_SHARING,
        caps::EXEC_MOUNT_SSH,
        caps::EXEC_MOUNT_TMPFS,
        caps::EXEC_MOUNT_TMPFS_SIZE,
        caps::FILE_BASE,
        caps::MERGE_OP,
        caps::CONSTRAINTS,
        caps::PLATFORM,
        caps::META_DESCRIPTION,
    ];
    CapSet::of(all.into_iter().filter(|cap| !lacks.contains(cap)))
}

#[track_caller]
fn marshal(graph: &Graph, root: Option<Edge>) -> Definition {
    // No op of these tests may depend on the default platform.
    graph.marshal(root, &MarshalOptions::new(&Platform::new("none", "none"))).expect("the graph is whole")
}

#[track_caller]
fn digest(graph: &Graph, root: Option<Edge>) -> Digest {
    marshal(graph, root).root().expect("there is a result").0
}

#[track_caller]
fn check(graph: &Graph, vertex: VertexId, expected: &str) {
    assert_eq!(digest(graph, Some(vertex.into())).to_string(), format!("sha256:{expected}"));
}

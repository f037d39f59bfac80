//! LLB from outside: bytes against recorded digests, older engines, foreign definitions, large graphs.
//!
//! Here are the graphs that the tests have in common.

mod digests;
mod engines;
mod foreign;
mod ops;
mod said;
mod shape;

use multistage::image::Platform;
use multistage::internal::text::Span;
use multistage::llb::CapSet;
use multistage::llb::op::{
    CacheSharing, Copy, Exec, File, FileAction, HostIp, Image, Local, Merge, Mount, MountKind, Network, Ssh,
    Ulimit,
};
use multistage::llb::{
    Definition, Digest, Edge, Graph, LinuxResources, MarshalOptions, Meta, ProgressGroup, VertexId, caps,
};

const SESSION: &str = "conformancesession0000000";
const ALPINE: &str =
    "docker.io/library/alpine:latest@sha256:78299bc7dcd0c9b20939b925e759a9a3c610d5d8a2f44cc1d634135f8f1722c9";
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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
    let definition = graph.marshal(root, &MarshalOptions::new(&Platform::new("none", "none")));
    let definition = definition.expect("the graph is whole");
    definition.verify().expect("the definition is canonical");
    definition
}

#[track_caller]
fn digest(graph: &Graph, root: Option<Edge>) -> Digest {
    marshal(graph, root).root().expect("there is a result").0
}

#[track_caller]
fn check(graph: &Graph, vertex: VertexId, expected: &str) {
    assert_eq!(digest(graph, Some(vertex.into())).to_string(), format!("sha256:{expected}"));
}

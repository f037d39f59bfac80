//! What older engines get.

use crate::{PATH, alpine, amd64, bare, digest, engine, limited, limits, linked, platform};
use multistage::image::Platform;
use multistage::internal::text::Span;
use multistage::llb::op::{Device, Exec, File, Merge, Security};
use multistage::llb::{Graph, Meta, Op, Reason, caps};

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

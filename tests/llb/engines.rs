//! What older engines get.

use crate::{
    PATH, alpine, amd64, bare, copy, digest, engine, limited, limits, linked, local, marshal, mount, platform,
};
use multistage::image::Platform;
use multistage::internal::text::Span;
use multistage::llb::op::{Copy, Device, Exec, File, Merge, Mode, Mount, Security};
use multistage::llb::{CapSet, Graph, Meta, Op, Reason, caps};

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
    exec.mounts.push(Mount { has_no_output: true, ..mount("/b", None) });
    let run = graph.add(exec.clone(), limits());
    let before = graph.clone();
    let newest = CapSet::of(caps::ALL.iter().copied());
    graph.legalize(Some(run.into()), &newest, &platform()).expect("the newest engine knows all");
    assert_eq!(graph, before);
    graph.legalize(Some(run.into()), &engine(&lacks), &platform()).expect("wishes only");

    // A step that says it cannot do without a device does not run without it.
    exec.devices = vec![device(true), device(false)];
    let needs_device = graph.add(exec, limits());
    let error = graph.legalize(Some(needs_device.into()), &engine(&lacks), &platform());
    let error = error.expect_err("there is no such device");
    assert!(matches!(&error.reason, Reason::Unsupported(error) if error.cap == caps::EXEC_META_CDI));

    let Op::Exec(exec) = &graph.get(run).op else { panic!("it is a process") };
    assert!(exec.ulimits.is_empty() && exec.devices.is_empty() && exec.cgroup_parent.is_empty());
    assert_eq!(exec.mounts.len(), 5);
    assert!(!exec.mounts[4].has_no_output);
    assert_eq!(graph.get(run).meta.linux_resources, None);

    // The size of /dev/shm is a wish, that of a mount in the Dockerfile is not.
    let error = graph.legalize(Some(run.into()), &engine(&[caps::EXEC_MOUNT_TMPFS_SIZE]), &platform());
    let error = error.expect_err("a limited tmpfs cannot be had");
    assert!(matches!(&error.reason, Reason::Unsupported(error) if error.cap == caps::EXEC_MOUNT_TMPFS_SIZE));
    assert_eq!(error.span, Some(Span::new(3, 7)));
    let Op::Exec(exec) = &graph.get(run).op else { panic!("it is a process") };
    let targets: Vec<_> = exec.mounts.iter().map(|mount| mount.target.as_str()).collect();
    assert_eq!(targets, ["/", "/c", "/t", "/b"]);
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

#[test]
fn what_is_said_about_an_op_takes_an_engine_that_listens() {
    let lack = |meta: Meta, cap: &str| {
        let mut graph = Graph::new();
        let run = graph.add(bare("x"), meta);
        let error = graph.legalize(Some(run.into()), &engine(&[cap]), &platform()).err()?;
        let Reason::Unsupported(lack) = error.reason else { panic!("{error}") };
        Some(lack.cap)
    };
    let about = [
        (Meta { ignore_cache: true, ..Meta::default() }, caps::META_IGNORE_CACHE),
        (Meta::named("x"), caps::META_DESCRIPTION),
        (Meta { export_cache: Some(false), ..Meta::default() }, caps::META_EXPORT_CACHE),
    ];
    for (meta, cap) in about {
        assert_eq!(lack(meta, cap).as_deref(), Some(cap));
        assert_eq!(lack(Meta::default(), cap), None);
    }
}

#[test]
fn what_a_foreign_op_needs_is_needed() {
    let mut graph = Graph::new();
    let run = graph.add(Exec { security: Security::Insecure, ..bare("x") }, Meta::default());
    let definition = marshal(&graph, Some(run.into()));
    let mut other = Graph::new();
    let root = other.import(&definition).expect("the definition is whole");
    let newest = CapSet::of(caps::ALL.iter().copied());
    assert_eq!(other.legalize(root, &newest, &platform()), Ok(()));
    let error = other.legalize(root, &engine(&[caps::EXEC_META_SECURITY]), &platform());
    let error = error.expect_err("it is needed");
    assert!(matches!(&error.reason, Reason::Unsupported(lack) if lack.cap == caps::EXEC_META_SECURITY));
}

#[test]
fn what_an_engine_would_skip_is_found() {
    let asked = |edit: fn(&mut Copy), knows: &[&'static str]| {
        let mut graph = Graph::new();
        let context = local(&mut graph, &[]);
        let mut wish = copy(context, "/a", "/b");
        edit(&mut wish);
        let file = graph.add(File { base: None, actions: vec![wish.into()] }, Meta::default());
        let engine = CapSet::of(knows.iter().copied());
        let found = graph.unheard(Some(file.into()), &engine).expect("the graph is whole");
        let lacks = found.into_iter().map(|error| match error.reason {
            Reason::Unsupported(lack) => lack.cap,
            other => panic!("{other:?}"),
        });
        lacks.collect::<Vec<_>>().join(" ")
    };
    let (patterns, symbols) = (caps::FILE_COPY_PATTERNS, caps::EXEC_VALID_EXIT_CODE);
    let includes: fn(&mut Copy) = |copy| copy.include_patterns = vec!["x".to_owned()];
    let excludes: fn(&mut Copy) = |copy| copy.exclude_patterns = vec!["x".to_owned()];
    let is_symbolic: fn(&mut Copy) = |copy| copy.mode = Some(Mode::Symbolic("u+x".to_owned()));
    for wish in [includes, excludes] {
        assert_eq!(asked(wish, &[]), patterns);
        assert_eq!(asked(wish, &[symbols]), patterns);
        assert_eq!(asked(wish, &[patterns]), "");
    }
    assert_eq!(asked(is_symbolic, &[]), caps::FILE_COPY_SYMBOLIC_MODE);
    assert_eq!(asked(is_symbolic, &[patterns]), caps::FILE_COPY_SYMBOLIC_MODE);
    assert_eq!(asked(is_symbolic, &[symbols]), "");
    assert_eq!(asked(|_| {}, &[]), "");
    assert_eq!(asked(|copy| copy.mode = Some(Mode::Bits(0o644)), &[]), "");
}

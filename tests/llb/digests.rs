//! The bytes of each op against recorded digests.
//!
//! They were recorded from the reference frontend (1.26.0); they see every byte of an op and of all its inputs.

use crate::{
    alpine, amd64, cache, check, copy, digest, limited, limits, linked, local, marshal, mount, sh, tmpfs,
};
use multistage::llb::op::{
    CacheSharing, Copy, Exec, File, Git, Merge, Mkdir, Mkfile, Mount, MountKind, Network, Owner, Secret,
    Security, Ssh,
};
use multistage::llb::{Definition, Graph, Meta};

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

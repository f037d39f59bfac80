//! What each check refuses, and what lies just within it.

use super::*;
use ops::file_action::Action as Act;
use ops::user_opt::User;

/// Two sources that other ops may use.
fn sources() -> [Vec<u8>; 2] {
    ["local://a", "local://b"].map(|identifier| source(identifier, &[]).encode_to_vec())
}

fn input(digest: Digest, index: i64) -> ops::Input {
    ops::Input { digest: digest.to_string(), index }
}

fn op(kind: Kind, inputs: usize) -> ops::Op {
    let inputs = sources().iter().take(inputs).map(|bytes| input(Digest::of(bytes), 0)).collect();
    ops::Op { inputs, ..without_inputs(kind) }
}

fn without_inputs(kind: Kind) -> ops::Op {
    ops::Op { op: Some(kind), constraints: Some(ops::WorkerConstraints::default()), ..ops::Op::default() }
}

fn source(identifier: &str, attrs: &[(&str, &str)]) -> ops::Op {
    let entry = |(key, value): &(&str, &str)| ops::StringEntry {
        key: Some(key.to_string()),
        value: Some(value.to_string()),
    };
    let attrs = attrs.iter().map(entry).collect();
    without_inputs(Kind::Source(ops::SourceOp { identifier: identifier.to_owned(), attrs }))
}

/// A definition of what an op needs, the op, and the one that names the result.
fn definition(op: &ops::Op) -> Definition {
    let bytes = op.encode_to_vec();
    let last = ops::Op { inputs: vec![input(Digest::of(&bytes), 0)], ..ops::Op::default() };
    let sources = sources().into_iter().filter(|source| {
        let digest = Digest::of(source).to_string();
        op.inputs.iter().any(|input| input.digest == digest)
    });
    Definition { ops: sources.chain([bytes, last.encode_to_vec()]).collect(), ..Definition::default() }
}

#[track_caller]
fn refuses_definition(definition: &Definition, what: &str) {
    let fault = definition.verify().expect_err("it is refused").to_string();
    assert!(fault.contains(what), "{fault:?} does not hold {what:?}");
}

#[track_caller]
fn refuses(op: ops::Op, what: &str) {
    refuses_definition(&definition(&op), what);
}

#[track_caller]
fn takes(op: ops::Op) {
    assert_eq!(definition(&op).verify(), Ok(()));
}

fn mount(dest: &str, kind: ops::MountType) -> ops::Mount {
    ops::Mount {
        dest: dest.to_owned(),
        input: NONE,
        output: NONE,
        mount_type: kind.into(),
        ..ops::Mount::default()
    }
}

/// A process with a mount of each kind, each field set, and two outputs: `/` and `/z`.
fn exec(edit: impl FnOnce(&mut ops::ExecOp)) -> ops::Op {
    let mut exec = ops::ExecOp {
        meta: Some(ops::Meta {
            args: vec!["true".to_owned()],
            env: vec!["A=b".to_owned()],
            cwd: "/w".to_owned(),
            extra_hosts: vec![ops::HostIp { host: "h".to_owned(), ip: "::1".to_owned() }],
            ulimit: vec![ops::Ulimit { name: "nofile".to_owned(), soft: 1, hard: 1 }],
            ..ops::Meta::default()
        }),
        mounts: vec![
            ops::Mount { input: 0, output: 0, ..mount("/", ops::MountType::Bind) },
            ops::Mount {
                input: 1,
                selector: "/s".to_owned(),
                readonly: true,
                ..mount("/b", ops::MountType::Bind)
            },
            ops::Mount {
                cache_opt: Some(ops::CacheOpt { id: "c".to_owned(), sharing: 2 }),
                ..mount("/c", ops::MountType::Cache)
            },
            ops::Mount {
                secret_opt: Some(ops::SecretOpt {
                    id: "s".to_owned(),
                    mode: 0o7777,
                    ..ops::SecretOpt::default()
                }),
                output: 0,
                ..mount("run/s", ops::MountType::Secret)
            },
            ops::Mount {
                ssh_opt: Some(ops::SshOpt { mode: 0o600, ..ops::SshOpt::default() }),
                output: 0,
                ..mount("/ssh", ops::MountType::Ssh)
            },
            ops::Mount { tmpfs_opt: Some(ops::TmpfsOpt { size: 0 }), ..mount("/t", ops::MountType::Tmpfs) },
            ops::Mount { output: 1, ..mount("/z", ops::MountType::Bind) },
        ],
        secretenv: vec![ops::SecretEnv { id: "s".to_owned(), ..ops::SecretEnv::default() }],
        cdi_devices: vec![ops::CdiDevice { name: "v/d=0".to_owned(), optional: false }],
        ..ops::ExecOp::default()
    };
    edit(&mut exec);
    op(Kind::Exec(exec), 2)
}

fn process(edit: impl FnOnce(&mut ops::Meta)) -> ops::Op {
    exec(|exec| edit(exec.meta.as_mut().expect("it has a process")))
}

fn mounted(dest: &str, edit: impl FnOnce(&mut ops::Mount)) -> ops::Op {
    exec(|exec| edit(exec.mounts.iter_mut().find(|mount| mount.dest == dest).expect("it is there")))
}

#[test]
fn processes() {
    takes(exec(|_| {}));
    refuses(exec(|exec| exec.meta = None), "has no process");
    refuses(process(|meta| meta.args.clear()), "runs nothing");
    for cwd in ["", "w", "/..", "/a/../../b"] {
        refuses(process(|meta| meta.cwd = cwd.to_owned()), "starts in");
    }
    takes(process(|meta| meta.cwd = "/a/..".to_owned()));
    takes(process(|meta| meta.env.push("=C:=C:\\x".to_owned())));
    refuses(process(|meta| meta.env.push("A".to_owned())), "has a variable");
    refuses(process(|meta| meta.extra_hosts[0].ip = "host-gateway".to_owned()), "knows");
    let limited =
        |soft, hard| process(|meta| meta.ulimit[0] = ops::Ulimit { name: "a".to_owned(), soft, hard });
    for (soft, hard) in [(0, 0), (-1, -1), (-1, 5), (7, -1), (4, 5)] {
        takes(limited(soft, hard));
    }
    for (soft, hard) in [(-2, -1), (6, 5), (0, -2), (-2, 5)] {
        refuses(limited(soft, hard), "is limited by");
    }
    refuses(process(|meta| meta.ulimit[0].name.clear()), "is limited by");
    refuses(exec(|exec| exec.network = 3), "has network 3");
    refuses(exec(|exec| exec.security = -1), "has security -1");
    refuses(exec(|exec| exec.secretenv[0].id.clear()), "a secret without a name");
    refuses(exec(|exec| exec.cdi_devices[0].name.clear()), "a device without a name");
}

#[test]
fn mounts_of_a_process() {
    refuses(exec(|exec| drop(exec.mounts.remove(0))), "has 0 roots");
    refuses(mounted("/z", |mount| mount.dest = "/".to_owned()), "has 2 roots");
    for dest in ["", "b", "/../b"] {
        refuses(mounted("/b", |mount| mount.dest = dest.to_owned()), "mounts at");
    }
    refuses(mounted("run/s", |mount| mount.dest = "../s".to_owned()), "mounts at");
    refuses(mounted("/ssh", |mount| mount.dest = "../s".to_owned()), "mounts at");
    takes(mounted("/ssh", |mount| mount.dest = "s".to_owned()));
    refuses(mounted("/b", |mount| mount.selector = "/../s".to_owned()), "mounts \"/../s\"");
    refuses(mounted("/b", |mount| mount.selector = "s".to_owned()), "mounts \"s\"");
    for input in [2, -2] {
        refuses(mounted("/b", |mount| mount.input = input), "mounts no input at \"/b\"");
    }
    refuses(mounted("/b", |mount| mount.mount_type = 5), "unknown kind of mount");
    refuses(mounted("/b", |mount| mount.content_cache = 3), "unknown use of content");
}

#[test]
fn outputs_of_a_process() {
    for (dest, output) in [("/", 1), ("/z", 0), ("/z", 2), ("/z", -2), ("/b", 1), ("/c", 1), ("/t", 1)] {
        refuses(mounted(dest, |mount| mount.output = output), "output out of order");
    }
    takes(mounted("/z", |mount| mount.output = NONE));
    // A secret names output 0, but has none, also where it comes first.
    takes(exec(|exec| exec.mounts.swap(0, 3)));
    // What follows sees as many outputs as there are, and no more.
    let user = |process: ops::Op, index: i64| {
        let mut user = definition(&process);
        let digest = Digest::of(&user.ops[2]);
        let last = ops::Op { inputs: vec![input(digest, index)], ..ops::Op::default() };
        user.ops[3] = last.encode_to_vec();
        user
    };
    assert_eq!(user(exec(|_| {}), 1).verify(), Ok(()));
    for index in [2, -1] {
        refuses_definition(&user(exec(|_| {}), index), "has no output");
    }
    refuses_definition(&user(mounted("/z", |mount| mount.output = NONE), 1), "has no output 1");
    let read_only = mounted("/", |mount| {
        mount.readonly = true;
        mount.output = NONE;
    });
    refuses(read_only, "output out of order");
}

#[test]
fn options_of_a_mount() {
    type Give = fn(&mut ops::Mount);
    let gives: [(&str, Give); 4] = [
        ("run/s", |mount| {
            mount.secret_opt = Some(ops::SecretOpt { id: "s".to_owned(), ..Default::default() })
        }),
        ("/ssh", |mount| mount.ssh_opt = Some(ops::SshOpt::default())),
        ("/c", |mount| mount.cache_opt = Some(ops::CacheOpt { id: "c".to_owned(), sharing: 0 })),
        ("/t", |mount| mount.tmpfs_opt = Some(ops::TmpfsOpt::default())),
    ];
    for dest in ["/", "run/s", "/ssh", "/c", "/t"] {
        for (own, give) in &gives {
            match dest == *own {
                true => takes(mounted(dest, give)),
                false => refuses(mounted(dest, give), "options of another kind"),
            }
        }
    }
    for (dest, _) in &gives {
        let bare = mounted(dest, |mount| {
            (mount.secret_opt, mount.ssh_opt, mount.cache_opt, mount.tmpfs_opt) = (None, None, None, None);
            mount.dest = "/bare".to_owned();
        });
        refuses(bare, "options of another kind");
    }

    let secret = |edit: fn(&mut ops::SecretOpt)| {
        mounted("run/s", |mount| edit(mount.secret_opt.as_mut().expect("it is a secret")))
    };
    refuses(secret(|secret| secret.id.clear()), "a secret without a name");
    refuses(secret(|secret| secret.mode = 0o10000), "mode 10000");
    refuses(mounted("/ssh", |mount| mount.ssh_opt.as_mut().unwrap().mode = 0o10000), "mode 10000");
    refuses(mounted("/c", |mount| mount.cache_opt.as_mut().unwrap().id.clear()), "a cache without a name");
    refuses(mounted("/c", |mount| mount.cache_opt.as_mut().unwrap().sharing = 3), "unknown sharing");
    takes(mounted("/t", |mount| mount.tmpfs_opt.as_mut().unwrap().size = 1));
    refuses(mounted("/t", |mount| mount.tmpfs_opt.as_mut().unwrap().size = -1), "tmpfs");
    refuses(mounted("/t", |mount| mount.input = 1), "tmpfs");
}

fn action(kind: Act) -> ops::FileAction {
    ops::FileAction { input: 0, secondary_input: NONE, output: 0, action: Some(kind) }
}

fn file(actions: Vec<ops::FileAction>) -> ops::Op {
    op(Kind::File(ops::FileOp { actions }), 2)
}

fn acts(kind: Act) -> ops::Op {
    file(vec![action(kind)])
}

fn copy(edit: impl FnOnce(&mut ops::FileActionCopy)) -> ops::Op {
    let mut copy =
        ops::FileActionCopy { src: "/a".to_owned(), dest: "/b".to_owned(), mode: -1, ..Default::default() };
    edit(&mut copy);
    acts(Act::Copy(copy))
}

fn mkdir(path: &str, mode: i32) -> Act {
    Act::Mkdir(ops::FileActionMkDir { path: path.to_owned(), mode, ..Default::default() })
}

fn mkfile(path: &str, mode: i32) -> Act {
    Act::Mkfile(ops::FileActionMkFile { path: path.to_owned(), mode, ..Default::default() })
}

fn remove(path: &str) -> Act {
    Act::Rm(ops::FileActionRm { path: path.to_owned(), ..Default::default() })
}

#[test]
fn actions_of_a_file_op() {
    // The second works on what the first made: inputs are 0 and 1, so that is 2.
    let two = |edit: fn(&mut [ops::FileAction])| {
        let mut actions = vec![action(mkdir("/a", 0o755)), action(mkdir("/b", 0o755))];
        (actions[0].output, actions[1].input) = (NONE, 2);
        edit(&mut actions);
        file(actions)
    };
    takes(two(|_| {}));
    takes(two(|actions| actions[1].secondary_input = 1));
    takes(two(|actions| actions[0].input = NONE));
    refuses(two(|actions| actions[0].input = 2), "action 0 works on 2 and -1 of 2");
    refuses(two(|actions| actions[1].input = 3), "action 1 works on 3 and -1 of 2");
    refuses(two(|actions| actions[1].secondary_input = 3), "action 1 works on 2 and 3 of 2");
    refuses(two(|actions| actions[0].input = -2), "action 0 works on -2");
    refuses(two(|actions| actions[1].output = 1), "action 1 is output 1");
    refuses(two(|actions| actions[0].output = 0), "action 1 is output 0");
    refuses(two(|actions| actions[1].output = NONE), ": has no output");
    refuses(two(|actions| actions[1].output = -2), "action 1 is output -2");
    refuses(two(|actions| actions[1].action = None), "action 1 does nothing");
    refuses(file(Vec::new()), ": has no output");
    // Both are outputs, and both are there for whoever uses them.
    let both = two(|actions| (actions[0].output, actions[1].output) = (0, 1));
    let mut user = definition(&both);
    let last = ops::Op { inputs: vec![input(Digest::of(&user.ops[2]), 1)], ..ops::Op::default() };
    user.ops[3] = last.encode_to_vec();
    assert_eq!(user.verify(), Ok(()));
}

#[test]
fn paths_and_modes_of_actions() {
    takes(copy(|_| {}));
    for path in ["", "a", "/../a"] {
        refuses(copy(|copy| copy.src = path.to_owned()), "copies");
        refuses(copy(|copy| copy.dest = path.to_owned()), "copies to");
        refuses(copy(|copy| copy.required_paths.push(path.to_owned())), "needs");
        refuses(acts(mkfile(path, 0)), "writes");
        refuses(acts(mkdir(path, 0)), "makes");
        refuses(acts(remove(path)), "removes");
        let newpath = path.to_owned();
        refuses(acts(Act::Symlink(ops::FileActionSymlink { newpath, ..Default::default() })), "links");
    }
    takes(copy(|copy| copy.required_paths.push("/a".to_owned())));
    takes(acts(remove("/a")));
    refuses(acts(remove("/")), "removes everything");
    takes(acts(Act::Symlink(ops::FileActionSymlink {
        oldpath: "../x".to_owned(),
        newpath: "/a".to_owned(),
        ..Default::default()
    })));

    takes(copy(|copy| (copy.mode, copy.mode_str) = (0, "u+x".to_owned())));
    takes(copy(|copy| copy.mode = 0o644));
    refuses(copy(|copy| (copy.mode, copy.mode_str) = (0o644, "u+x".to_owned())), "has two modes");
    for mode in [-2, 0o10000] {
        refuses(copy(|copy| copy.mode = mode), "mode");
        refuses(acts(mkfile("/a", mode)), "mode");
        refuses(acts(mkdir("/a", mode)), "mode");
    }
    takes(acts(mkdir("/a", 0o7777)));
}

#[test]
fn owners() {
    let id = |id| User::ById(id);
    let name = |name: &str, input| User::ByName(ops::NamedUserOpt { name: name.to_owned(), input });
    let owned = |user: Option<User>| {
        let group = Some(ops::UserOpt { user: Some(User::ById(0)) });
        copy(|copy| copy.owner = Some(ops::ChownOpt { user: group, group: Some(ops::UserOpt { user }) }))
    };
    takes(owned(Some(id(u32::MAX - 1))));
    takes(owned(Some(name("root", NONE))));
    takes(owned(Some(name("root", 1))));
    for user in [None, Some(id(u32::MAX)), Some(name("", 0)), Some(name("root", 2)), Some(name("root", -2))] {
        refuses(owned(user), "owner");
    }
    let owner = || Some(ops::ChownOpt { user: Some(ops::UserOpt { user: None }), group: None });
    let path = || "/a".to_owned();
    refuses(
        acts(Act::Mkfile(ops::FileActionMkFile { path: path(), owner: owner(), ..Default::default() })),
        "owner",
    );
    refuses(
        acts(Act::Mkdir(ops::FileActionMkDir { path: path(), owner: owner(), ..Default::default() })),
        "owner",
    );
    let newpath = path();
    refuses(
        acts(Act::Symlink(ops::FileActionSymlink { newpath, owner: owner(), ..Default::default() })),
        "owner",
    );
}

#[test]
fn origins() {
    for identifier in [
        "docker-image://a",
        "local://a",
        "oci-layout://a",
        "http://a",
        "https://a",
        "git://a",
        "git://a#main:sub/dir",
    ] {
        takes(source(identifier, &[]));
    }
    for (identifier, what) in [
        ("a", "no source"),
        ("local://", "a source without a name"),
        ("ftp://a", "unknown scheme"),
        ("git://a#-x", "reference \"-x\" of git"),
        ("git://a#-x:sub", "reference \"-x\" of git"),
        ("git://a#main:../..", "folder of git"),
    ] {
        refuses(source(identifier, &[]), what);
    }
    takes(source("local://a", &[("local.session", "a"), ("local.sharedkeyhint", "b")]));
    refuses(
        source("local://a", &[("local.sharedkeyhint", "b"), ("local.session", "a")]),
        "attributes out of order",
    );
    refuses(
        source("local://a", &[("local.session", "a"), ("local.session", "b")]),
        "attributes out of order",
    );
    let edits: [fn(&mut ops::StringEntry); 2] = [|entry| entry.key = None, |entry| entry.value = None];
    for edit in edits {
        let mut op = source("local://a", &[("local.session", "a")]);
        let Some(Kind::Source(source)) = &mut op.op else { unreachable!() };
        edit(&mut source.attrs[0]);
        refuses(op, "attributes out of order");
    }
    let mut fed = source("local://x", &[]);
    fed.inputs = vec![input(Digest::of(&sources()[0]), 0)];
    refuses(fed, "a source has inputs");
}

#[test]
fn attributes() {
    for (name, values) in [
        ("image.resolvemode", "pull local !always !"),
        ("image.layerlimit", "0 4294967295 !4294967296 !-1"),
        ("oci.layerlimit", "1 !"),
        ("http.uid", "1 !-1"),
        ("http.gid", "1 !x"),
        ("http.perm", "644 7777 !10000 !8"),
        ("local.differ", "none metadata !all"),
        ("git.mtime", "checkout commit !now"),
        ("git.keepgitdir", "true !false"),
        ("git.skipsubmodules", "true !"),
        ("git.fetchbycommit", "true !"),
        ("local.metadatatransfer", "true !"),
        ("local.followpaths", r#"["a/../b"] [] !["../b"] !a"#),
        ("local.includepattern", r#"["a"] !a"#),
        ("local.excludepatterns", r#"["!../a"] ![1]"#),
        ("local.metadatatransferexclude", r#"["a"] !{}"#),
        ("local.unique", "a "),
        ("http.filename", "a ... ! !. !.. !a/b"),
        ("http.checksum", "a !"),
        ("image.checksum", "a !"),
        ("git.fullurl", "a !"),
        ("git.checksum", "a !"),
        ("local.session", "a !"),
        ("http.unheard", "!a"),
    ] {
        for value in values.split(' ') {
            match value.strip_prefix('!') {
                None => takes(source("local://x", &[(name, value)])),
                Some(value) => {
                    refuses(source("local://x", &[(name, value)]), &format!("attribute {name}={value:?}"))
                }
            }
        }
    }
}

#[test]
fn layers() {
    let merge = |inputs: &[i64], count| {
        let inputs = inputs.iter().map(|input| ops::MergeInput { input: *input }).collect();
        op(Kind::Merge(ops::MergeOp { inputs }), count)
    };
    takes(merge(&[0, 1], 2));
    for (inputs, count) in
        [(&[0_i64][..], 1), (&[], 0), (&[1, 0], 2), (&[0, 0], 2), (&[0], 2), (&[0, 1, 2], 2)]
    {
        refuses(merge(inputs, count), "merges");
    }
    let diff = |lower: Option<i64>, upper: Option<i64>| {
        let lower = lower.map(|input| ops::LowerDiffInput { input });
        let upper = upper.map(|input| ops::UpperDiffInput { input });
        op(Kind::Diff(ops::DiffOp { lower, upper }), 2)
    };
    takes(diff(Some(0), Some(1)));
    takes(diff(Some(NONE), Some(0)));
    for (lower, upper) in
        [(None, Some(1)), (Some(1), None), (Some(2), Some(0)), (Some(0), Some(2)), (Some(-2), Some(0))]
    {
        refuses(diff(lower, upper), "compares");
    }
    let pass = |id: &str, outputs: &[i64]| {
        op(Kind::Passthrough(ops::PassthroughOp { id: id.to_owned(), outputs: outputs.to_vec() }), 2)
    };
    takes(pass("p", &[1]));
    for (id, outputs) in [("", &[1_i64][..]), ("p", &[]), ("p", &[2]), ("p", &[-1]), ("p", &[0, 2])] {
        refuses(pass(id, outputs), "hands on");
    }
    refuses(op(Kind::Build(ops::BuildOp::default()), 0), "is a build in a build");
}

#[test]
fn ops_as_a_whole() {
    refuses(ops::Op { op: None, ..source("local://a", &[]) }, "does nothing");
    refuses(ops::Op { constraints: None, ..source("local://a", &[]) }, "has no constraints");
    let platform = |os: &str, architecture: &str| ops::Op {
        platform: Some(ops::Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            ..Default::default()
        }),
        ..source("local://a", &[])
    };
    takes(platform("linux", "amd64"));
    refuses(platform("", "amd64"), "has Platform");
    refuses(platform("linux", ""), "has Platform");
    let twice = |mut op: ops::Op| {
        op.inputs[1] = op.inputs[0].clone();
        op
    };
    refuses(twice(exec(|_| {})), "has an input twice");
    refuses(twice(copy(|_| {})), "has an input twice");

    let mut unread = definition(&source("local://x", &[]));
    // A field of a number that no op has.
    unread.ops[0].extend([0xf8, 0x07, 0x01]);
    let last = ops::Op { inputs: vec![input(Digest::of(&unread.ops[0]), 0)], ..ops::Op::default() };
    unread.ops[1] = last.encode_to_vec();
    refuses_definition(&unread, "has fields that nobody reads");
}

#[test]
fn definitions_as_a_whole() {
    let [a, b] = sources();
    let whole = definition(&exec(|_| {}));
    assert_eq!(whole.verify(), Ok(()));
    let edited = |edit: &dyn Fn(&mut Definition)| {
        let mut definition = whole.clone();
        edit(&mut definition);
        definition
    };
    let last = |op: ops::Op| edited(&|definition| definition.ops[3] = op.encode_to_vec());
    let result = input(Digest::of(&whole.ops[2]), 0);
    let names_result = ops::Op { inputs: vec![result.clone()], ..ops::Op::default() };

    refuses_definition(&edited(&|definition| definition.ops.swap(1, 2)), "does not come before");
    refuses_definition(&edited(&|definition| definition.ops.insert(1, a.clone())), "is listed twice");
    refuses_definition(&edited(&|definition| definition.ops[0] = vec![0xff]), "cannot be read");
    refuses_definition(&edited(&|definition| definition.ops[3] = vec![0xff]), "cannot be read");
    let unused = source("local://c", &[]).encode_to_vec();
    refuses_definition(&edited(&|definition| definition.ops.insert(0, unused.clone())), "nothing uses");
    let no_digest = ops::Input { digest: "sha256:x".to_owned(), index: 0 };
    refuses_definition(&last(ops::Op { inputs: vec![no_digest], ..ops::Op::default() }), "input with digest");
    let does_more = ops::Op { op: source("local://a", &[]).op, ..names_result.clone() };
    refuses_definition(&last(does_more), "the last op does more");
    let names_two = ops::Op { inputs: vec![result, input(Digest::of(&b), 0)], ..ops::Op::default() };
    refuses_definition(&last(names_two), "the last op does more");

    let empty = Definition::default();
    assert_eq!(empty.verify(), Ok(()));
    let spoken_of = Definition { metadata: vec![(Digest::of(&a), Vec::new())], ..empty.clone() };
    refuses_definition(&spoken_of, "something is said about an empty file system");
    let placed = Definition { source: Some(ops::Source::default()), ..empty };
    refuses_definition(&placed, "something is said about an empty file system");
}

#[test]
fn what_is_said_about_ops() {
    let whole = definition(&source("local://a", &[]));
    let digest = Digest::of(&whole.ops[0]);
    let of = |digest: Digest, said: Vec<u8>| Definition { metadata: vec![(digest, said)], ..whole.clone() };
    let said = |edit: &dyn Fn(&mut ops::OpMetadata)| {
        let mut said = ops::OpMetadata::default();
        edit(&mut said);
        of(digest, said.encode_to_vec())
    };
    assert_eq!(said(&|_| {}).verify(), Ok(()));
    assert_eq!(of(Digest::of(&whole.ops[1]), Vec::new()).verify(), Ok(()));
    refuses_definition(&of(Digest::of(b"x"), Vec::new()), "is spoken of, but not there");
    refuses_definition(&of(digest, vec![0xff]), "metadata cannot be read");

    let cap = |name: &str, is_needed| said(&|said| said.caps.extend([(name.to_owned(), is_needed)]));
    assert_eq!(cap("a", true).verify(), Ok(()));
    refuses_definition(&cap("a", false), "needs");
    refuses_definition(&cap("", true), "needs");

    let described = |names: [&str; 2]| {
        let entry = |key: &str| ops::StringEntry { key: Some(key.to_owned()), value: Some(String::new()) };
        said(&|said| said.description = names.map(entry).to_vec())
    };
    assert_eq!(described(["a", "b"]).verify(), Ok(()));
    for names in [["b", "a"], ["a", "a"]] {
        refuses_definition(&described(names), "description out of order");
    }
    refuses_definition(
        &said(&|said| said.progress_group = Some(Default::default())),
        "a progress group without",
    );

    let limited = |memory, memory_swap, cpu_quota| {
        let limits = ops::LinuxResources { memory, memory_swap, cpu_quota, ..Default::default() };
        said(&|said| said.linux_resources = Some(limits.clone()))
    };
    assert_eq!(limited(0, -1, -1).verify(), Ok(()));
    assert_eq!(limited(1, 1, 1).verify(), Ok(()));
    for limits in [limited(-1, 0, 0), limited(0, -2, 0), limited(0, 0, -2)] {
        refuses_definition(&limits, "is limited by");
    }
}

#[test]
fn places_of_ops() {
    let whole = definition(&source("local://a", &[]));
    let digest = Digest::of(&whole.ops[0]).to_string();
    let of = |digest: &str, locations: Vec<u8>| Definition {
        source: Some(ops::Source {
            locations: vec![ops::LocationsEntry { digest: digest.to_owned(), locations }],
            infos: vec![ops::SourceInfo::default()],
        }),
        ..whole.clone()
    };
    let at = |file: i32, start: Option<i32>, end: Option<i32>| {
        let position = |line| ops::Position { line, character: 0 };
        let ranges = vec![ops::Range { start: start.map(position), end: end.map(position) }];
        let locations = vec![ops::Location { source_index: file, ranges }];
        of(&digest, ops::Locations { locations }.encode_to_vec())
    };
    assert_eq!(at(0, Some(1), Some(1)).verify(), Ok(()));
    assert_eq!(at(0, Some(1), Some(2)).verify(), Ok(()));
    for (start, end) in
        [(Some(0), Some(1)), (Some(2), Some(1)), (None, Some(1)), (Some(1), None), (Some(-1), Some(1))]
    {
        refuses_definition(&at(0, start, end), "lies in lines");
    }
    for file in [1, -1] {
        refuses_definition(&at(file, Some(1), Some(1)), "lies in file");
    }
    refuses_definition(&of("sha256:x", Vec::new()), "sha256:x has a place, but is not there");
    refuses_definition(&of(&Digest::of(b"x").to_string(), Vec::new()), "has a place, but is not there");
    refuses_definition(&of(&digest, vec![0xff]), "cannot be read");
}

#[test]
fn foreign_ops_are_their_makers_matter() {
    let op = copy(|copy| copy.src = "../a".to_owned());
    let mut definition = definition(&op);
    let foreign = Digest::of(&definition.ops[2]);
    let last = ops::Op { inputs: vec![input(foreign, 7)], ..ops::Op::default() };
    definition.ops[3] = last.encode_to_vec();
    assert_eq!(definition.verify_but(|digest| digest == foreign), Ok(()));
    let fault = definition.verify().expect_err("it is refused");
    assert_eq!(
        (fault.op, fault.to_string()),
        (Some(foreign), format!("op {foreign}: action 0: copies \"../a\""))
    );
}

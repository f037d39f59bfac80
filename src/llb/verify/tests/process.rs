//! Processes and what is mounted into them.

use super::*;

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
pub(super) fn exec(edit: impl FnOnce(&mut ops::ExecOp)) -> ops::Op {
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
        user.ops[3] = last.encode_to_vec().into();
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

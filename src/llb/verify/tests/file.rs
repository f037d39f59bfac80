//! What is done to files.

use super::*;

fn action(kind: Act) -> ops::FileAction {
    ops::FileAction { input: 0, secondary_input: NONE, output: 0, action: Some(kind) }
}

fn file(actions: Vec<ops::FileAction>) -> ops::Op {
    op(Kind::File(ops::FileOp { actions }), 2)
}

fn acts(kind: Act) -> ops::Op {
    file(vec![action(kind)])
}

pub(super) fn copy(edit: impl FnOnce(&mut ops::FileActionCopy)) -> ops::Op {
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
    user.ops[3] = last.encode_to_vec().into();
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

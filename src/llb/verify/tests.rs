//! What each check refuses, and what lies just within it.

mod file;
mod process;

use super::*;
use file::copy;
use ops::file_action::Action as Act;
use ops::user_opt::User;
use process::exec;
use prost::bytes::Bytes;

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
    let ops = sources.chain([bytes, last.encode_to_vec()]).map(Bytes::from);
    Definition { ops: ops.collect(), ..Definition::default() }
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
    unread.ops[0] = [&*unread.ops[0], &[0xf8, 0x07, 0x01]].concat().into();
    let last = ops::Op { inputs: vec![input(Digest::of(&unread.ops[0]), 0)], ..ops::Op::default() };
    unread.ops[1] = last.encode_to_vec().into();
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
    let last = |op: ops::Op| edited(&|definition| definition.ops[3] = op.encode_to_vec().into());
    let result = input(Digest::of(&whole.ops[2]), 0);
    let names_result = ops::Op { inputs: vec![result.clone()], ..ops::Op::default() };

    refuses_definition(&edited(&|definition| definition.ops.swap(1, 2)), "does not come before");
    refuses_definition(&edited(&|definition| definition.ops.insert(1, a.clone().into())), "is listed twice");
    refuses_definition(&edited(&|definition| definition.ops[0] = vec![0xff].into()), "cannot be read");
    refuses_definition(&edited(&|definition| definition.ops[3] = vec![0xff].into()), "cannot be read");
    let unused = source("local://c", &[]).encode_to_vec();
    refuses_definition(
        &edited(&|definition| definition.ops.insert(0, unused.clone().into())),
        "nothing uses",
    );
    let no_digest = ops::Input { digest: "sha256:x".to_owned(), index: 0 };
    refuses_definition(&last(ops::Op { inputs: vec![no_digest], ..ops::Op::default() }), "input with digest");
    let does_more = ops::Op { op: source("local://a", &[]).op, ..names_result.clone() };
    refuses_definition(&last(does_more), "the last op does more");
    let names_two = ops::Op { inputs: vec![result, input(Digest::of(&b), 0)], ..ops::Op::default() };
    refuses_definition(&last(names_two), "the last op does more");

    let empty = Definition::default();
    assert_eq!(empty.verify(), Ok(()));
    let spoken_of = Definition { metadata: vec![(Digest::of(&a), Bytes::new())], ..empty.clone() };
    refuses_definition(&spoken_of, "something is said about an empty file system");
    let placed = Definition { source: Some(Source::default()), ..empty };
    refuses_definition(&placed, "something is said about an empty file system");
}

#[test]
fn what_is_said_about_ops() {
    let whole = definition(&source("local://a", &[]));
    let digest = Digest::of(&whole.ops[0]);
    let of = |digest, said: Vec<u8>| Definition { metadata: vec![(digest, said.into())], ..whole.clone() };
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

    let entry = |key: &str, value: &str| ops::StringEntry {
        key: Some(key.to_owned()),
        value: Some(value.to_owned()),
    };
    let described =
        |names: [&str; 2]| said(&|said| said.description = names.map(|name| entry(name, "")).to_vec());
    assert_eq!(described(["a", "b"]).verify(), Ok(()));
    for names in [["b", "a"], ["a", "a"]] {
        refuses_definition(&described(names), "description out of order");
    }
    // The name of a step is shown on terminals, any other text is not.
    let told = |key| said(&|said| said.description = vec![entry(key, "\x1b[2J")]);
    assert_eq!(told("a").verify(), Ok(()));
    refuses_definition(&told(CUSTOM_NAME), "is named");
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
    let digest = Digest::of(&whole.ops[0]);
    let of = |digest, locations: Vec<u8>| Definition {
        source: Some(Source {
            locations: vec![(digest, locations.into())],
            infos: vec![ops::SourceInfo::default()],
        }),
        ..whole.clone()
    };
    let at = |file: i32, start: Option<i32>, end: Option<i32>| {
        let position = |line| ops::Position { line, character: 0 };
        let ranges = vec![ops::Range { start: start.map(position), end: end.map(position) }];
        let locations = vec![ops::Location { source_index: file, ranges }];
        of(digest, ops::Locations { locations }.encode_to_vec())
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
    refuses_definition(&of(Digest::of(b"x"), Vec::new()), "has a place, but is not there");
    refuses_definition(&of(digest, vec![0xff]), "cannot be read");
}

#[test]
fn foreign_ops_are_their_makers_matter() {
    let op = copy(|copy| copy.src = "../a".to_owned());
    let mut definition = definition(&op);
    let foreign = Digest::of(&definition.ops[2]);
    let last = ops::Op { inputs: vec![input(foreign, 7)], ..ops::Op::default() };
    definition.ops[3] = last.encode_to_vec().into();
    assert_eq!(definition.verify_but(|digest| digest == foreign), Ok(()));
    let fault = definition.verify().expect_err("it is refused");
    assert_eq!(
        (fault.op, fault.to_string()),
        (Some(foreign), format!("op {foreign}: action 0: copies \"../a\""))
    );
}

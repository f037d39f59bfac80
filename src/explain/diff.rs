//! How two definitions differ, and where each difference begins.
//!
//! A digest holds the digests of all that is below, so one changed step changes all that follow. Here each changed step
//! gets its reason: its own words, or the step below that pulled it along. What makes no difference to the cache, such as
//! which other files of a folder are sent, makes none here.

use super::cache;
use super::changed::{Fate, after};
use super::ops::{Op, Ops};
use crate::llb::Digest;
use crate::pb::ops::{self, file_action::Action, op::Op as Kind, user_opt::User};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// How two definitions differ.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// The steps of the second that are not in the first, in order.
    pub changes: Vec<Change>,
    /// The steps of the first for which the second has nothing.
    pub removed: Vec<usize>,
    /// The number of steps that are the same, for all that the cache asks.
    pub unchanged: usize,
}

/// A step that is not the same.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its place in the second definition.
    pub op: usize,
    /// The step of the first definition that it was.
    pub before: Option<usize>,
    /// Why it is not the same.
    pub reason: Reason,
    /// What becomes of it after the first build: a step that takes other files may find that they are the same.
    pub fate: Fate,
    /// Whether nothing below it has changed, so that a chain of changes begins here.
    pub is_first: bool,
    /// How many changed steps stand on it.
    pub follower_count: usize,
}

/// Why a step is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is new.
    Added,
    /// It says something else: what, in words.
    Edited(Vec<String>),
    /// It stands on another step than before: on which, in words.
    Moved(Vec<String>),
    /// It says the same, but this step below it has changed.
    Follows(usize),
}

/// Compares two definitions.
pub fn diff(a: &Ops, b: &Ops) -> Diff {
    let (old, new) = (identities(a), identities(b));
    let partners = partners(a, b, &old, &new);
    let mut found = Diff::default();
    let mut is_taken = vec![false; a.list.len()];
    // By op of the second.
    let mut fates = vec![Fate::Cached; b.list.len()];
    let mut is_changed = vec![false; b.list.len()];
    for (at, op) in b.list.iter().enumerate() {
        if let Some(before) = partners[at] {
            is_taken[before] = true;
            if old[before] == new[at] {
                found.unchanged += 1;
                continue;
            }
        }
        is_changed[at] = true;
        let below = op.inputs.iter().map(|input| input.op).find(|&input| is_changed[input]);
        let reason = match partners[at] {
            None => Reason::Added,
            Some(before) => {
                let words = edits(&a.list[before], op);
                match (words.is_empty(), below) {
                    (false, _) => Reason::Edited(words),
                    (true, Some(below)) => Reason::Follows(below),
                    (true, None) => Reason::Moved(moves((a, before, &old), (b, at, &new))),
                }
            }
        };
        fates[at] = match partners[at].map(|before| &a.list[before]) {
            None => Fate::Reruns,
            Some(before) if cache::key(before) != cache::key(op) => Fate::Reruns,
            Some(before) => {
                let same = |index: usize| {
                    let (was, is) = (before.inputs.get(index), op.inputs[index]);
                    was.is_some_and(|was| was.output == is.output && old[was.op] == new[is.op])
                };
                fate(op, same, |input| fates[input])
            }
        };
        found.changes.push(Change {
            op: at,
            before: partners[at],
            reason,
            fate: fates[at],
            is_first: below.is_none(),
            follower_count: 0,
        });
    }
    found.removed = (0..a.list.len()).filter(|&at| !is_taken[at]).collect();
    count_followers(b, &mut found);
    found
}

/// Says on which steps one stands now, and on which it stood.
fn moves(before: (&Ops, usize, &[Digest]), after: (&Ops, usize, &[Digest])) -> Vec<String> {
    let inputs = |(ops, at, _): (&Ops, usize, &[Digest])| -> Vec<usize> {
        ops.list[at].inputs.iter().map(|input| input.op).collect()
    };
    let pairs = inputs(before).into_iter().zip(inputs(after));
    let differ = pairs.filter(|(was, is)| before.2[*was] != after.2[*is]);
    let words = differ.map(|(was, is)| {
        let (was, is) = (&before.0.list[was].name, &after.0.list[is].name);
        format!("on {}, no longer on {}", shorten(is), shorten(was))
    });
    words.collect()
}

/// Returns what becomes of an op whose key is that of another: `is_same` tells whether an input is, by its place.
fn fate(op: &Op, is_same: impl Fn(usize) -> bool, fate_of: impl Fn(usize) -> Fate) -> Fate {
    // With all inputs the same it takes other files of them.
    let mut found = Fate::MayRerun;
    for (at, input) in op.inputs.iter().enumerate().filter(|(at, _)| !is_same(*at)) {
        let below = match fate_of(input.op) {
            // It is known, but it was not this step that stood on it.
            Fate::Cached => Fate::Reruns,
            below => below,
        };
        found = cache::looks(&op.wire, at).iter().fold(found, |found, look| found.max(after(look, below)));
    }
    found
}

/// Returns for each op what it says together with all that it stands on: a digest without what makes no difference.
fn identities(ops: &Ops) -> Vec<Digest> {
    let mut found: Vec<Digest> = Vec::with_capacity(ops.list.len());
    for op in &ops.list {
        let mut text = cache::words(op);
        for input in &op.inputs {
            text.extend_from_slice(found[input.op].to_string().as_bytes());
            text.extend_from_slice(&input.output.to_le_bytes());
        }
        found.push(Digest::of(&text));
    }
    found
}

fn count_followers(b: &Ops, found: &mut Diff) {
    let users = b.users();
    for change in found.changes.iter_mut().filter(|change| change.is_first) {
        let mut seen = vec![false; b.list.len()];
        let mut open = vec![change.op];
        while let Some(at) = open.pop() {
            for &user in &users[at] {
                if !std::mem::replace(&mut seen[user], true) {
                    change.follower_count += 1;
                    open.push(user);
                }
            }
        }
    }
}

/// Finds for each step of the second the step of the first that it was: the same one, one that says the same, one of the
/// same stage and kind.
fn partners(a: &Ops, b: &Ops, old: &[Digest], new: &[Digest]) -> Vec<Option<usize>> {
    let mut partners = vec![None; b.list.len()];
    let mut is_taken = vec![false; a.list.len()];
    let keys: [fn(&Op, &Digest) -> Vec<u8>; 4] = [
        |_, identity| identity.to_string().into_bytes(),
        |op, _| [cache::words(op), place(op).into_bytes()].concat(),
        |op, _| cache::words(op),
        |op, _| place(op).into_bytes(),
    ];
    for key in keys {
        let mut free: HashMap<Vec<u8>, VecDeque<usize>> = HashMap::new();
        for (at, op) in a.list.iter().enumerate().filter(|(at, _)| !is_taken[*at]) {
            free.entry(key(op, &old[at])).or_default().push_back(at);
        }
        for (at, op) in b.list.iter().enumerate() {
            if partners[at].is_none()
                && let Some(before) = free.get_mut(&key(op, &new[at])).and_then(VecDeque::pop_front)
            {
                partners[at] = Some(before);
                is_taken[before] = true;
            }
        }
    }
    partners
}

/// Returns stage and keyword of a step, from its name: `[build 2/4] RUN make` is `build RUN`.
fn place(op: &Op) -> String {
    let kind = op.kind().as_str();
    let Some((head, rest)) = op.name.strip_prefix('[').and_then(|name| name.split_once(']')) else {
        return format!("{kind} {}", op.name);
    };
    let stage = head.split_whitespace().filter(|word| !word.contains('/')).collect::<Vec<_>>().join(" ");
    let keyword = rest.split_whitespace().next().unwrap_or_default();
    format!("{kind} {stage} {keyword}")
}

/// Says what an op says that another did not.
fn edits(a: &Op, b: &Op) -> Vec<String> {
    let mut words = Vec::new();
    match (&a.wire.op, &b.wire.op) {
        (Some(Kind::Exec(x)), Some(Kind::Exec(y))) => exec(x, y, &mut words),
        (Some(Kind::Source(x)), Some(Kind::Source(y))) => {
            change("source", &x.identifier, &y.identifier, &mut words);
            maps(&settings(x), &settings(y), "", &mut words);
        }
        (Some(Kind::File(x)), Some(Kind::File(y))) => {
            change("files", &a.summary(), &b.summary(), &mut words);
            if words.is_empty() && x.actions.len() == y.actions.len() {
                x.actions.iter().zip(&y.actions).for_each(|(x, y)| file(x, y, &mut words));
                words.dedup();
            }
        }
        _ => change("step", &a.summary(), &b.summary(), &mut words),
    }
    let platform = |op: &Op| {
        let parts = op.wire.platform.as_ref();
        parts.map_or(String::new(), |it| format!("{}/{}{}", it.os, it.architecture, it.variant))
    };
    change("platform", &platform(a), &platform(b), &mut words);
    if words.is_empty() && cache::words(a) != cache::words(b) {
        words.push("settings of the step".to_owned());
    }
    words
}

fn exec(x: &ops::ExecOp, y: &ops::ExecOp, words: &mut Vec<String>) {
    let none = ops::Meta::default();
    let (a, b) = (x.meta.as_ref().unwrap_or(&none), y.meta.as_ref().unwrap_or(&none));
    change("command", &a.args.join(" "), &b.args.join(" "), words);
    let env = |meta: &ops::Meta| {
        let pairs = meta.env.iter().map(|entry| entry.split_once('=').unwrap_or((entry, "")));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    maps(&env(a), &env(b), "$", words);
    change("working directory", &a.cwd, &b.cwd, words);
    change("user", &a.user, &b.user, words);
    change("host name", &a.hostname, &b.hostname, words);
    change("network", &format!("{:?}", x.network()), &format!("{:?}", y.network()), words);
    change("security", &format!("{:?}", x.security()), &format!("{:?}", y.security()), words);
    let mounts = |exec: &ops::ExecOp| {
        let shown = exec.mounts.iter().map(|mount| {
            let mut text = format!("{:?} {}", mount.mount_type(), mount.selector);
            if let Some(cache) = &mount.cache_opt {
                text.push_str(&format!(" id {} {:?}", cache.id, cache.sharing()));
            }
            if let Some(secret) = &mount.secret_opt {
                text.push_str(&format!(" id {}", secret.id));
            }
            if mount.readonly {
                text.push_str(" read-only");
            }
            (mount.dest.clone(), text)
        });
        shown.collect()
    };
    maps(&mounts(x), &mounts(y), "mount ", words);
}

/// Says what of one change to files, of the same kind and with the same paths, is not the same.
fn file(x: &ops::FileAction, y: &ops::FileAction, words: &mut Vec<String>) {
    let owner = |owner: &Option<ops::ChownOpt>| {
        let name = |user: &Option<ops::UserOpt>| match user.as_ref().and_then(|it| it.user.as_ref()) {
            Some(User::ByName(user)) => user.name.clone(),
            Some(User::ById(id)) => id.to_string(),
            None => String::new(),
        };
        let pair = |it: &ops::ChownOpt| format!("{}:{}", name(&it.user), name(&it.group));
        owner.as_ref().map_or(String::new(), |it| pair(it).trim_end_matches(':').to_owned())
    };
    let mode = |mode: i32, text: &str| match (text, mode) {
        ("", -1 | 0) => String::new(),
        ("", mode) => format!("{mode:o}"),
        (text, _) => text.to_owned(),
    };
    match (&x.action, &y.action) {
        (Some(Action::Copy(x)), Some(Action::Copy(y))) => {
            change("owner", &owner(&x.owner), &owner(&y.owner), words);
            change("mode", &mode(x.mode, &x.mode_str), &mode(y.mode, &y.mode_str), words);
            change("only", &x.include_patterns.join(" "), &y.include_patterns.join(" "), words);
            change("excluded", &x.exclude_patterns.join(" "), &y.exclude_patterns.join(" "), words);
            let unpacks = |it: &ops::FileActionCopy| it.attempt_unpack_docker_compatibility.to_string();
            change("unpacks archives", &unpacks(x), &unpacks(y), words);
        }
        (Some(Action::Mkfile(x)), Some(Action::Mkfile(y))) => {
            let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
            change("content", &text(&x.data), &text(&y.data), words);
            change("owner", &owner(&x.owner), &owner(&y.owner), words);
            change("mode", &mode(x.mode, ""), &mode(y.mode, ""), words);
        }
        (Some(Action::Mkdir(x)), Some(Action::Mkdir(y))) => {
            change("owner", &owner(&x.owner), &owner(&y.owner), words);
            change("mode", &mode(x.mode, ""), &mode(y.mode, ""), words);
        }
        _ => {}
    }
}

/// Returns the attributes of a source, by the words that people have for them. Which files are sent of a folder is no
/// matter: each step tells what it takes.
fn settings(source: &ops::SourceOp) -> BTreeMap<String, String> {
    let named = source.attrs.iter().filter(|entry| !entry.key.as_deref().is_some_and(cache::is_no_file));
    let pair = |entry: &ops::StringEntry| {
        let key = match entry.key.as_deref().unwrap_or_default() {
            "local.excludepatterns" => "ignored files",
            key => key,
        };
        (key.to_owned(), entry.value.clone().unwrap_or_default())
    };
    named.map(pair).collect()
}

fn maps(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>, mark: &str, words: &mut Vec<String>) {
    for (name, value) in a {
        match b.get(name) {
            None => words.push(format!("{mark}{name} is gone")),
            Some(other) => change(&format!("{mark}{name}"), value, other, words),
        }
    }
    for (name, value) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
        words.push(format!("{mark}{name} is new: {}", shorten(value)));
    }
}

fn change(what: &str, a: &str, b: &str, words: &mut Vec<String>) {
    if a != b {
        // What is the same at the start is left out where the texts are long.
        let same = a.char_indices().zip(b.chars()).take_while(|((_, x), y)| x == y).last();
        let same = same.map_or(0, |((at, c), _)| at + c.len_utf8());
        let skip = if same > 24 { a[..same].rfind([' ', '/']).unwrap_or(0) } else { 0 };
        let dots = if skip > 0 { "…" } else { "" };
        words.push(format!("{what}: {dots}{} → {dots}{}", shorten(&a[skip..]), shorten(&b[skip..])));
    }
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 160;
    let text = text.replace('\n', "⏎");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None if text.is_empty() => "nothing".to_owned(),
        None => text,
    }
}

//! A definition as a list of steps that can be looked at.
//!
//! In: a definition, the bytes of an engine. Out: its ops in order, each with its digest, name, lines and inputs.

use crate::llb::{CUSTOM_NAME, Definition, Digest};
use crate::pb::ops::{self, file_action::Action, op::Op as Kind};
use prost::Message;
use std::collections::HashMap;

/// The key of a step's description that holds its instruction as written.
const COMMAND: &str = "com.docker.dockerfile.v1.command";
/// Digits of a digest that tell ops of one graph apart for people.
const SHORT: usize = 12;

/// The ops of a definition, inputs before their users.
#[derive(Clone, Debug, Default)]
pub struct Ops {
    /// All ops but the last, which only names the result.
    pub list: Vec<Op>,
    /// The op that gives the result. `None`: the result is empty.
    pub root: Option<usize>,
}

/// One op.
#[derive(Clone, Debug)]
pub struct Op {
    /// Its digest.
    pub digest: Digest,
    /// Its name as users see it.
    pub name: String,
    /// Its instruction as written; empty if it has none.
    pub command: String,
    /// The first and the last line of its instruction in the Dockerfile, counted from 1.
    pub lines: Option<(u32, u32)>,
    /// What it works on.
    pub inputs: Vec<Input>,
    /// The op as an engine reads it.
    pub wire: ops::Op,
}

/// An input of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// The place of the other op in the list.
    pub op: usize,
    /// Which of its outputs.
    pub output: i64,
}

/// What kind of op it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpKind {
    /// An image of a registry or a layout.
    Image,
    /// A folder of the client.
    Local,
    /// A git repository or an address.
    Remote,
    /// A process.
    Exec,
    /// Changes to files.
    File,
    /// Layers laid over each other, or taken apart.
    Layers,
    /// Anything else.
    Other,
}

impl OpKind {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            OpKind::Image => "image",
            OpKind::Local => "local",
            OpKind::Remote => "remote",
            OpKind::Exec => "exec",
            OpKind::File => "file",
            OpKind::Layers => "merge",
            OpKind::Other => "other",
        }
    }
}

impl Ops {
    /// Reads a definition. An op that cannot be read, or that names an input before it is there, is left out.
    pub fn of(definition: &Definition) -> Ops {
        let mut found = Ops::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        let (said, locations) = (definition.said(), definition.places());
        for (at, bytes) in definition.ops.iter().enumerate() {
            let Ok(wire) = ops::Op::decode(&**bytes) else { continue };
            let inputs = wire
                .inputs
                .iter()
                .filter_map(|input| Some(Input { op: *places.get(&input.digest)?, output: input.index }));
            let inputs: Vec<Input> = inputs.collect();
            if at + 1 == definition.ops.len() {
                found.root = inputs.first().map(|input| input.op);
                break;
            }
            let digest = Digest::of(bytes);
            let name = digest.to_string();
            let metadata = said.get(&digest);
            let text = |key: &str| {
                let entries = metadata.into_iter().flat_map(|metadata| &metadata.description);
                let mut entries = entries.filter(|entry| entry.key.as_deref() == Some(key));
                entries.next().and_then(|entry| entry.value.clone()).unwrap_or_default()
            };
            let ranges = locations.get(&digest).into_iter().flatten().filter(|place| place.source_index == 0);
            let lines = lines(ranges.flat_map(|place| &place.ranges));
            let mut op = Op { digest, name: text(CUSTOM_NAME), command: text(COMMAND), lines, inputs, wire };
            if op.name.is_empty() {
                op.name = op.summary();
            }
            places.insert(name, found.list.len());
            found.list.push(op);
        }
        found
    }

    /// Returns for each op those that work on it.
    pub fn users(&self) -> Vec<Vec<usize>> {
        let mut users = vec![Vec::new(); self.list.len()];
        for (at, op) in self.list.iter().enumerate() {
            for input in &op.inputs {
                if users[input.op].last() != Some(&at) {
                    users[input.op].push(at);
                }
            }
        }
        users
    }

    /// Returns the ops of an instruction: those on its first line, with its text if several share it.
    pub fn of_instruction(&self, line: u32, command: &str) -> Vec<usize> {
        let on_line = |op: &Op| op.lines.is_some_and(|(first, _)| first == line);
        let fits = |op: &Op| op.command.is_empty() || command.is_empty() || op.command == command;
        (0..self.list.len()).filter(|&at| on_line(&self.list[at]) && fits(&self.list[at])).collect()
    }
}

impl Op {
    /// Returns its kind.
    pub fn kind(&self) -> OpKind {
        match &self.wire.op {
            Some(Kind::Exec(_)) => OpKind::Exec,
            Some(Kind::File(_)) => OpKind::File,
            Some(Kind::Merge(_) | Kind::Diff(_)) => OpKind::Layers,
            Some(Kind::Source(source)) => match source.identifier.split("://").next() {
                Some("docker-image" | "oci-layout") => OpKind::Image,
                Some("local") => OpKind::Local,
                _ => OpKind::Remote,
            },
            _ => OpKind::Other,
        }
    }

    /// Returns the first digits of its digest.
    pub fn short_digest(&self) -> String {
        let digest = self.digest.to_string();
        digest["sha256:".len()..][..SHORT].to_owned()
    }

    /// Returns the identifier of a source.
    pub fn identifier(&self) -> Option<&str> {
        match &self.wire.op {
            Some(Kind::Source(source)) => Some(&source.identifier),
            _ => None,
        }
    }

    /// Returns what the client calls the folder that a local source stands for; empty for other ops.
    pub fn local_name(&self) -> &str {
        self.identifier().and_then(|identifier| identifier.strip_prefix("local://")).unwrap_or_default()
    }

    /// Returns an attribute of a source.
    pub fn attr(&self, name: &str) -> Option<&str> {
        let Some(Kind::Source(source)) = &self.wire.op else { return None };
        let mut attrs = source.attrs.iter().filter(|entry| entry.key.as_deref() == Some(name));
        attrs.next().and_then(|entry| entry.value.as_deref())
    }

    /// Returns an attribute of a source that is a list of texts in JSON.
    pub fn list_attr(&self, name: &str) -> Vec<String> {
        let value = self.attr(name).map(serde_json::from_str::<Vec<String>>);
        value.and_then(Result::ok).unwrap_or_default()
    }

    /// Returns what it does, in one line, without what people are told.
    pub fn summary(&self) -> String {
        match &self.wire.op {
            Some(Kind::Source(source)) => source.identifier.clone(),
            Some(Kind::Exec(exec)) => exec.meta.as_ref().map_or(String::new(), |meta| meta.args.join(" ")),
            Some(Kind::File(file)) => {
                let actions: Vec<String> = file.actions.iter().filter_map(action).collect();
                actions.join("; ")
            }
            Some(Kind::Merge(merge)) => format!("merge of {} layers", merge.inputs.len()),
            Some(Kind::Diff(_)) => "difference of two file systems".to_owned(),
            Some(Kind::Passthrough(_)) => "hands its inputs on".to_owned(),
            Some(Kind::Build(_)) | None => "another build".to_owned(),
        }
    }
}

fn action(action: &ops::FileAction) -> Option<String> {
    Some(match action.action.as_ref()? {
        Action::Copy(copy) => format!("copy {} to {}", copy.src, copy.dest),
        Action::Mkfile(file) => format!("write {}", file.path),
        Action::Mkdir(folder) => format!("make folder {}", folder.path),
        Action::Rm(rm) => format!("remove {}", rm.path),
        Action::Symlink(link) => format!("link {} to {}", link.newpath, link.oldpath),
    })
}

fn lines<'a>(ranges: impl Iterator<Item = &'a ops::Range>) -> Option<(u32, u32)> {
    let place = |position: &Option<ops::Position>| position.as_ref().map_or(0, |at| at.line.max(0) as u32);
    ranges.fold(None, |found: Option<(u32, u32)>, range| {
        let (start, end) = (place(&range.start), place(&range.end));
        Some(found.map_or((start, end), |(first, last)| (first.min(start), last.max(end))))
    })
}

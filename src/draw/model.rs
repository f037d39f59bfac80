//! Boxes and arrows, before anybody knows where they go.

use super::clip::{clip, clip_name};
use indexmap::IndexMap;

/// A picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What the boxes are.
    pub kind: PictureKind,
    /// The name of the Dockerfile.
    pub title: String,
    /// The boxes; each comes after most of what it needs.
    pub nodes: Vec<Node>,
    /// The arrows.
    pub links: Vec<Link>,
    /// The text of the Dockerfile.
    pub source: String,
}

/// What the boxes of a picture are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// Stages, images and contexts.
    Stages,
    /// Ops of LLB.
    Ops,
}

/// A box.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its name.
    pub name: String,
    /// What else to say about it, in a few words.
    pub note: String,
    /// Whether it is what was asked for.
    pub is_target: bool,
    /// Whether the build leaves it out.
    pub is_pruned: bool,
    /// Its lines in the Dockerfile: the FROM of a stage, the instruction of an op.
    pub lines: Option<(u32, u32)>,
    /// The instructions of a stage; for an op, itself.
    pub steps: Vec<Step>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A stage of the file.
    Stage,
    /// An image of a registry.
    Image,
    /// A folder of the client, or what takes its place.
    Context,
    /// A git repository or an address.
    Remote,
    /// A process.
    Exec,
    /// Changes to files.
    File,
    /// Layers put together.
    Layers,
    /// An op of another kind.
    Other,
}

impl NodeKind {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            NodeKind::Stage => "stage",
            NodeKind::Image => "image",
            NodeKind::Context => "context",
            NodeKind::Remote => "remote",
            NodeKind::Exec => "exec",
            NodeKind::File => "file",
            NodeKind::Layers => "merge",
            NodeKind::Other => "other",
        }
    }

    /// Tells whether it is where files come from, rather than where something is done.
    pub fn is_source(self) -> bool {
        matches!(self, NodeKind::Image | NodeKind::Context | NodeKind::Remote)
    }
}

/// An instruction.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its first and last line; that of the FROM if the base brought it along.
    pub lines: Option<(u32, u32)>,
    /// Its text.
    pub text: String,
    /// What it became. Empty: it changes no files, or is not built.
    pub ops: Vec<StepOp>,
}

/// An op of an instruction.
#[derive(Clone, Debug)]
pub struct StepOp {
    /// Its digest.
    pub digest: String,
    /// Its kind, in a word.
    pub kind: &'static str,
    /// Its name as users see it.
    pub name: String,
    /// What it does, in one line.
    pub does: String,
}

/// An arrow, from what is needed to who needs it.
#[derive(Clone, Debug)]
pub struct Link {
    /// The place of the first box in the list.
    pub from: usize,
    /// The place of the second.
    pub to: usize,
    /// What for.
    pub kind: LinkKind,
    /// Paths that are taken.
    pub labels: Vec<String>,
}

/// What an arrow means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// The second stands on the first.
    Base,
    /// The second copies files of the first.
    Copy,
    /// The second sees files of the first while a process runs.
    Mount,
}

impl LinkKind {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkKind::Base => "base",
            LinkKind::Copy => "copy",
            LinkKind::Mount => "mount",
        }
    }
}

/// Arrows under construction: what goes the same way for the same reason is one arrow.
#[derive(Debug, Default)]
pub(super) struct Links(IndexMap<(usize, usize, LinkKind), Vec<String>>);

impl Links {
    pub(super) fn add(&mut self, from: usize, to: usize, kind: LinkKind, label: Option<String>) {
        self.0.entry((from, to, kind)).or_default().extend(label);
    }

    pub(super) fn done(self) -> Vec<Link> {
        let links = self.0.into_iter();
        links.map(|((from, to, kind), labels)| Link { from, to, kind, labels }).collect()
    }
}

impl Picture {
    /// Returns the name of a box in text formats: `n` and its place.
    pub(super) fn id(at: usize) -> String {
        format!("n{at}")
    }
}

impl Node {
    /// Returns its name in at most so many characters.
    pub(super) fn short_name(&self, longest: usize) -> String {
        if self.kind.is_source() { clip_name(&self.name, longest) } else { clip(&self.name, longest) }
    }
}

impl Link {
    /// Returns at most three of its labels, none longer than `longest` characters, and how many more there are.
    pub(super) fn short_labels(&self, longest: usize) -> Vec<String> {
        const MOST: usize = 3;
        let shown = if self.labels.len() > MOST { MOST - 1 } else { MOST };
        let mut labels: Vec<String> =
            self.labels.iter().take(shown).map(|text| clip(text, longest)).collect();
        if self.labels.len() > shown {
            labels.push(format!("and {} more", self.labels.len() - shown));
        }
        if self.kind == LinkKind::Mount
            && let Some(first) = labels.first_mut()
        {
            first.insert_str(0, "mount ");
        }
        labels
    }
}

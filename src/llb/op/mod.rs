//! What a build step does: plain structs, one for each kind of op.

mod exec;
mod file;
mod layers;
mod raw;
mod source;

pub use exec::{
    CacheSharing, ContentCache, Device, Exec, HostIp, Mount, MountKind, Network, Proxy, Secret, Security,
    Ssh, Ulimit,
};
pub use file::{Copy, File, FileAction, Mkdir, Mkfile, Mode, Owner, Rm, Symlink, User};
pub use layers::{Diff, Forward, Merge, Passthrough};
pub use raw::Raw;
pub use source::{
    Differ, Git, GitSsh, Http, HttpHeader, HttpSignature, Image, Local, OciLayout, ResolveMode, Source,
};

use super::Edge;

/// What a build step does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Gets files from outside.
    Source(Source),
    /// Runs a process.
    Exec(Box<Exec>),
    /// Changes files without a process.
    File(File),
    /// Lays file systems over each other.
    Merge(Merge),
    /// Takes what one file system has beyond another.
    Diff(Diff),
    /// Hands inputs on, once all are done.
    Passthrough(Passthrough),
    /// Does what its bytes say: an op from another definition.
    Raw(Box<Raw>),
    /// Does nothing: it stands for another edge.
    Forward(Forward),
}

impl Op {
    /// Adds the edges that the op works on, in the order in which Go's client library visits them.
    ///
    /// An edge may come twice.
    pub fn inputs(&self, into: &mut Vec<Edge>) {
        match self {
            Op::Source(_) => {}
            Op::Exec(exec) => {
                into.extend(exec.mount_order().into_iter().filter_map(|at| exec.mounts[at].source));
            }
            Op::File(file) => {
                into.extend(file.base);
                into.extend(file.actions.iter().rev().filter_map(FileAction::source));
            }
            Op::Merge(merge) => into.extend(merge.layers.iter().flatten()),
            Op::Diff(diff) => into.extend(diff.lower.into_iter().chain(diff.upper)),
            Op::Passthrough(passthrough) => into.extend(passthrough.inputs.iter().flatten().copied()),
            Op::Raw(raw) => into.extend(&raw.inputs),
            Op::Forward(forward) => into.extend(forward.to),
        }
    }
}

macro_rules! into_op {
    ($($kind:ident)*) => {$(
        impl From<$kind> for Op {
            fn from(op: $kind) -> Op {
                Op::$kind(op.into())
            }
        }
    )*};
}

into_op!(Source Exec File Merge Diff Passthrough Raw Forward);

macro_rules! into_source {
    ($($kind:ident)*) => {$(
        impl From<$kind> for Op {
            fn from(source: $kind) -> Op {
                Op::Source(Source::$kind(source.into()))
            }
        }
    )*};
}

into_source!(Image Local Git Http OciLayout);

//! What a build does, and what a change to it costs, for people who did not write it.
//!
//! In: a plan and the definition made from it. Out: answers as plain data, which the edges print: which stages are built
//! and why, what runs side by side, what leaves the context, which steps a changed file or argument reruns, and how two
//! definitions differ. Everything is read off what an engine would get, so nothing here can disagree with a build.
//! Pictures are left to the room `draw`.

mod cache;
mod changed;
mod context;
mod diff;
mod ops;
mod stages;

pub use cache::ChangedPath;
pub use changed::{Fate, changed};
pub use context::{ContextFile, ContextUse, Judge, contexts};
pub use diff::{Change, Diff, Reason, diff};
pub use ops::{Input, Op, OpKind, Ops};
pub use stages::{Chain, Need, Overview, StageInfo, Why, familiar, overview, stage_name};

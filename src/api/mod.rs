//! The front door: one function for each thing that a program wants of a Dockerfile.
//!
//! In: the text of a Dockerfile, options, answers. Out: typed instructions, diagnostics, stages, a graph with its image
//! config. All work is done in the other rooms; what they know of each other ends here, so that it may change.

mod check;
mod convert;
mod dockerfile;
mod stages;

pub use check::check;
pub use convert::{Converted, Converter, convert};
pub use dockerfile::{Dockerfile, parse};
pub use stages::{Base, Stage, Stages, stages};

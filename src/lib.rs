//! Dockerfiles as values: read them, check them, and turn them into LLB, the graph of build steps that BuildKit runs.
//!
//! The graph equals that of `docker/dockerfile` 1.26, digest for digest. Nothing here is async, reads a file, asks a
//! network or looks at a clock: what only the outside knows (the config of a base image, an ignore file) is handed out
//! as a [`Question`], and you answer it.
//!
//! | To | call | and get |
//! | --- | --- | --- |
//! | read a Dockerfile | [`parse`] | a [`Dockerfile`]: typed instructions, and what is wrong with them |
//! | find every mistake | [`check`] | [`Diagnostic`]s with their place, errors and warnings |
//! | see what is built | [`stages`] | [`Stages`]: what each starts from, copies from, and whether the target needs it |
//! | get the build | [`fn@convert`] | a [`Converted`] graph and image config |
//! | get the bytes for an engine | [`Converted::marshal`] | a [`Definition`](llb::Definition) |
//! | build a graph by hand | [`llb::Graph`] | the same, without any Dockerfile |
//! | write a frontend | `gateway::serve` | a program that an engine starts, for a language of your own |
//!
//! ```
//! use multistage::{Options, Question};
//!
//! let dockerfile = multistage::parse("FROM alpine\nCOPY app /usr/bin/\nCMD [\"app\"]\n");
//! assert!(multistage::check(&dockerfile, &Options::new()).is_empty());
//!
//! let converted = multistage::convert(&dockerfile, &Options::new(), |question| match question {
//!     Question::ImageConfig(image) => image.plain(), // or what a registry says
//!     other => other.unanswered(),
//! })?;
//! let definition = converted.marshal()?;
//! assert_eq!(definition.ops.len(), 4); // alpine, the context, the copy, and which of them is the result
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The programs in `examples/` go further: a graph by hand, a converter, a frontend of another kind.
//!
//! # Features
//!
//! `gateway` brings the module of that name, and with it HTTP/2; `cli` the command line. Both are on by default, as the
//! package is two programs besides. An embedder wants `default-features = false`, or that and `gateway`.
//!
//! # What is stable
//!
//! What this documentation shows is the public surface; `tests/public-api.txt` lists it, and a test holds it to that.
//! Versions follow semver, so before 1.0 a change that breaks callers raises the second number.
//!
//! - The functions and types of this page, and the modules [`image`] and [`question`], are meant to stay.
//! - [`llb`] and [`instruction`] follow BuildKit and the Dockerfile language. Either may gain a field, a flag or an op at
//!   any time, in a version that changes nothing else. So build ops with `..Default::default()`, and expect enums and
//!   structs to grow.
//! - `gateway` is the youngest and may still change its shape.
//! - **Not** a matter of the version: messages, hints and texts for people; which warnings there are; the order of
//!   diagnostics at one place; digests and bytes, which are those of `docker/dockerfile` 1.26 and change when that does.
//! - Module `internal`, and whatever else is hidden here, belongs to the programs and tests of this package.
//!
//! The tour of the source is in `docs/architecture.md`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

mod api;
mod limits;
mod options;
mod plan;
mod text;

#[cfg(feature = "gateway")]
pub mod gateway;
pub mod image;
pub mod instruction;
pub mod llb;

pub use api::{Base, Converted, Converter, Dockerfile, Stage, Stages, check, convert, parse, stages};
pub use options::{Options, OptionsError};
pub use plan::{Error, Step};
#[doc(no_inline)]
pub use question::{Answer, Question};
pub use text::{Diagnostic, Position, Severity, SourceFile, SourceMap, Span, Spanned, Text};

/// What only the outside knows: questions of a conversion, and answers to them.
pub mod question {
    pub use crate::plan::{
        Answer, AskError, FileRequest, FilesQuestion, ImageQuestion, OciStore, Question, SourceMeta,
        SourceMetaQuestion,
    };
}

/// The rooms that are no part of the public surface. Its programs and tests come in here; nobody else should.
#[doc(hidden)]
#[path = ""]
pub mod internal {
    #[cfg(feature = "cli")]
    pub mod cli;
    pub mod convert;
    pub mod draw;
    pub mod expand;
    pub mod explain;
    pub mod facts;
    pub mod ignore;
    pub mod lint;
    pub mod path;
    pub mod pb;
    pub mod pipeline;
    pub mod remote;
    pub mod report;
    pub mod stage;
    pub mod suggest;
    pub mod syntax;

    // Rooms of which a part is public, or none.
    pub mod limits {
        pub use crate::limits::*;
    }
    pub mod options {
        pub use crate::options::*;
    }
    pub mod plan {
        pub use crate::plan::*;
    }
    pub mod text {
        pub use crate::text::*;
    }
}

// All rooms have one name inside, hidden or not.
#[cfg(feature = "cli")]
use internal::cli;
#[allow(unused_imports, reason = "only the edges draw and report, and those are features")]
use internal::{
    convert, draw, expand, explain, facts, ignore, lint, path, pb, pipeline, remote, report, stage, suggest,
    syntax,
};

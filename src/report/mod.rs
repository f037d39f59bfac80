//! Answers to subrequests: what `docker build --call` and `--check` show.
//!
//! In: a typed file, the stages, facts, warnings, a definition. Out: the metadata of a result, as JSON for programs and
//! as text for people, byte for byte as the reference writes them. Asking for the right pass, and sending the result,
//! is left to the edges.

mod convert_llb;
mod describe;
mod frame;
pub mod json;
mod lint;
mod outline;
mod protojson;
mod table;
mod targets;

pub use convert_llb::convert_llb;
pub use describe::describe;
pub use frame::frame;
pub use lint::{BuildError, lint};
pub use outline::outline;
pub use targets::targets;

use crate::pb::ops;
use crate::text::{SourceMap, Span, defused, to_json_pretty};
use serde::Serialize;
use std::collections::BTreeMap;

/// The metadata of a result, by name.
pub type Metadata = BTreeMap<String, Vec<u8>>;

/// A kind of subrequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Which subrequests are there.
    Describe,
    /// The arguments, secrets and SSH agents of a target.
    Outline,
    /// The stages of a file.
    Targets,
    /// What the rules find in a file.
    Lint,
    /// The graph of a target.
    ConvertLlb,
}

impl Request {
    /// Returns the kind of a `requestid`.
    pub fn of(id: &str) -> Option<Request> {
        Some(match id {
            "frontend.subrequests.describe" => Request::Describe,
            "frontend.outline" => Request::Outline,
            "frontend.targets" => Request::Targets,
            "frontend.lint" => Request::Lint,
            "frontend.convertllb" => Request::ConvertLlb,
            _ => return None,
        })
    }

    /// Returns the version of the answer.
    pub fn version(self) -> &'static str {
        match self {
            Request::ConvertLlb => "0.1.0",
            _ => "1.0.0",
        }
    }

    fn answer<T: Serialize>(self, value: &T) -> Metadata {
        let mut metadata = Metadata::new();
        metadata.insert("result.json".to_owned(), to_json_pretty(value, "  "));
        metadata.insert("version".to_owned(), self.version().as_bytes().to_vec());
        metadata
    }

    fn answer_with_text<T: Serialize>(self, value: &T, text: impl Into<Vec<u8>>) -> Metadata {
        let mut metadata = self.answer(value);
        // Clients print it as it is, and lines of the Dockerfile are in it.
        let mut shown = Vec::new();
        for chunk in text.into().utf8_chunks() {
            shown.extend_from_slice(defused(chunk.valid()).as_bytes());
            shown.extend_from_slice(chunk.invalid());
        }
        metadata.insert("result.txt".to_owned(), shown);
        metadata
    }
}

/// Returns the lines of a span, a range for each of them: that is how clients know an instruction of many lines.
pub fn lines(sources: &SourceMap, span: Span) -> Vec<ops::Range> {
    let (first, last) = sources.lines(span);
    (first..=last).map(line).collect()
}

fn line(number: u32) -> ops::Range {
    let position = Some(ops::Position { line: number as i32, character: 0 });
    ops::Range { start: position, end: position }
}

fn location(sources: &SourceMap, span: Span) -> ops::Location {
    ops::Location { source_index: 0, ranges: lines(sources, span) }
}

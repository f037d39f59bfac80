//! Why a graph cannot become a definition, or a definition a graph.

use super::Vertex;
use super::caps::CapError;
use crate::text::Span;
use std::fmt;

/// What went wrong, and where in the source of the build if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What went wrong.
    pub reason: Reason,
    /// The instruction whose op it is.
    pub span: Option<Span>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The engine lacks a capability, and there is no other way to say the same.
    Unsupported(CapError),
    /// An op lacks what every op of its kind has. The words are those of BuildKit's client library.
    Incomplete(&'static str),
    /// A vertex works on its own output.
    Cycle,
    /// An edge names an output that its vertex does not have.
    NoOutput(u32),
    /// A definition from outside is not what it should be.
    Foreign(String),
}

impl Error {
    pub(super) fn at(vertex: &Vertex, reason: Reason) -> Error {
        Error { reason, span: vertex.meta.spans.iter().copied().find(|span| *span != Span::NOWHERE) }
    }

    pub(super) fn foreign(message: impl Into<String>) -> Error {
        Error { reason: Reason::Foreign(message.into()), span: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Unsupported(error) => error.fmt(f),
            Reason::Incomplete(message) => f.write_str(message),
            Reason::Cycle => f.write_str("a build step works on its own output"),
            Reason::NoOutput(output) => write!(f, "a build step has no output {output}"),
            Reason::Foreign(message) => write!(f, "invalid definition: {message}"),
        }
    }
}

impl std::error::Error for Error {}

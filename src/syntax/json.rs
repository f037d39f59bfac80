//! The JSON form of arguments.

use crate::text::Span;

/// Why a text that starts like a JSON array is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// What was found, for people.
    pub reason: &'static str,
    /// Where.
    pub span: Span,
}

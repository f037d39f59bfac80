//! Words as written.

use crate::text::{Span, Text};

/// Text that is expanded later: quotes, escapes and variables are still in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// As written; line continuations are joined.
    pub text: Text,
    /// Where. A word that runs over several lines covers what lies between.
    pub span: Span,
}

impl Word {
    /// Joins a text and its place.
    pub fn new(text: impl Into<Text>, span: Span) -> Word {
        Word { text: text.into(), span }
    }
}

//! What there is to say about a place in a file: data only. Rendering happens at the edges.

use super::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The build can go on.
    Warning,
    /// The build cannot go on.
    Error,
}

/// A finding: one line of message, a place, and help.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether the build can go on.
    pub severity: Severity,
    /// A stable name, such as `unknown-flag`, or the name of the lint rule.
    pub code: &'static str,
    /// One line: no place, no full stop. Holds the reference's wording where it has one.
    pub message: String,
    /// The place it is about, to the byte.
    pub span: Span,
    /// The whole instruction, or instructions, that BuildKit reports as lines. Empty: no place at all.
    pub ranges: Vec<Span>,
    /// Other places that explain it ("first defined here").
    pub labels: Vec<(Span, String)>,
    /// What to do about it ("did you mean `--from`?").
    pub hints: Vec<String>,
}

impl Diagnostic {
    /// Returns an error at `span`, reported to BuildKit as the lines of `span`.
    pub fn error(code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            ranges: vec![span],
            labels: Vec::new(),
            hints: Vec::new(),
        }
    }

    /// Returns a warning at `span`.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message, span) }
    }

    /// Sets the whole instruction that the finding belongs to.
    pub fn within(mut self, range: Span) -> Diagnostic {
        self.ranges = vec![range];
        self
    }

    /// Adds another place that explains it.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push((span, text.into()));
        self
    }

    /// Adds help.
    pub fn hint(mut self, text: impl Into<String>) -> Diagnostic {
        self.hints.push(text.into());
        self
    }
}

//! The value of `RUN --device`.

use crate::text::Span;

/// A device that a step asks for. Takes no variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// A CDI name: `vendor/class=name`, or a class.
    pub name: String,
    /// Whether the step fails without it.
    pub required: bool,
    /// The whole flag.
    pub span: Span,
}

//! Directives: `# key=value` lines at the top of a file.

use crate::text::Span;

/// A directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The key, in lower case: `syntax`, `escape` or `check`.
    pub name: String,
    /// The value, without white space around.
    pub value: String,
    /// The whole line.
    pub span: Span,
    /// The value alone.
    pub value_span: Span,
}

/// The frontend that a file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxLine {
    /// The image of the frontend: the value up to the first space.
    pub reference: String,
    /// The whole value.
    pub cmdline: String,
    /// The number of the line, as the reference counts it: 0 for a JSON file.
    pub line: u32,
}

/// Finds the frontend that a file asks for: after `# syntax=`, `// syntax=`, or in a JSON object.
pub fn detect_syntax(_data: &[u8]) -> Option<SyntaxLine> {
    todo!()
}

//! Heredocs: `<<EOF` and what follows.

use crate::text::Span;

/// A heredoc: the word that opens it and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes. COPY and ADD name the file after it.
    pub name: String,
    /// The number before `<<`, or 0.
    pub file_descriptor: u64,
    /// Whether variables in it are expanded: no part of the name was quoted.
    pub expands: bool,
    /// Whether leading tabs go: it was opened by `<<-`.
    pub strips_tabs: bool,
    /// Its lines, with their line endings and tabs.
    pub content: String,
    /// The opening word.
    pub span: Span,
    /// The place of the lines.
    pub content_span: Span,
}

/// Returns the text without the tabs at the start of each line.
pub fn strip_tabs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        out.push_str(line.trim_start_matches('\t'));
    }
    out
}

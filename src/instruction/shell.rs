//! SHELL: what runs commands that are no JSON arrays.

use crate::text::Spanned;

/// `SHELL ["word", …]`
#[derive(Clone, Debug)]
pub struct Shell {
    /// The program and its arguments; at least one word.
    pub words: Vec<Spanned<String>>,
}

//! Statements to instructions.
use super::{Diagnostic, File, Instruction, Span, Tree};
pub(super) fn file(_: Tree) -> File {
    todo!()
}
pub(super) fn trigger(_: &str, _: Span) -> Result<Instruction, Diagnostic> {
    todo!()
}

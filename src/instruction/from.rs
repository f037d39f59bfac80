//! FROM: the start of a stage.

use super::{Head, Instruction};
use crate::syntax::Word;
use crate::text::Spanned;

/// A stage: its FROM and the instructions below.
#[derive(Clone, Debug)]
pub struct StageDecl {
    /// What the stage starts from.
    pub base: Word,
    /// The name after AS.
    pub name: Option<StageName>,
    /// `--platform`; may be empty.
    pub platform: Option<Word>,
    /// The word `AS`, in the case it was written in.
    pub as_keyword: Option<Spanned<String>>,
    /// The description in the comments above: the line that starts with the stage's name, without the name.
    pub description: Option<Spanned<String>>,
    /// The instructions of the stage.
    pub instructions: Vec<Instruction>,
    /// What all instructions have.
    pub head: Head,
}

/// The name of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageName {
    /// In lower case: what other instructions refer to.
    pub text: String,
    /// In the case it was written in.
    pub written: Spanned<String>,
}

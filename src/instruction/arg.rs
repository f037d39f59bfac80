//! ARG: build arguments.

use crate::syntax::Word;
use crate::text::Spanned;

/// `ARG name[=default] …`
#[derive(Clone, Debug)]
pub struct Arg {
    /// The arguments that are declared.
    pub args: Vec<ArgDecl>,
}

/// One build argument.
#[derive(Clone, Debug)]
pub struct ArgDecl {
    /// The name, which is expanded too.
    pub key: Word,
    /// The default.
    pub value: Option<Word>,
    /// The description in the comments above: the line that starts with the name, without the name.
    pub description: Option<Spanned<String>>,
}

//! ARG: build arguments.

use super::parse::Reader;
use crate::syntax::{Args, Name, Word};
use crate::text::{Spanned, Text};

/// `ARG name[=default] …`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Arg {
    /// The arguments that are declared.
    pub args: Vec<ArgDecl>,
}

/// One build argument.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArgDecl {
    /// The name, which is expanded too.
    pub key: Word,
    /// The default.
    pub value: Option<Word>,
    /// The description in the comments above: the line that starts with the name, without the name.
    pub description: Option<Spanned<Text>>,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Arg> {
    // Flags are passed over: the reference never looks at them here.
    let names = match std::mem::replace(&mut reader.statement.args, Args::Names(Vec::new())) {
        Args::Names(names) => names,
        Args::Words { .. } | Args::Pairs(_) => Vec::new(),
    };
    if names.is_empty() {
        reader.missing("ARG");
    }
    for name in names.iter().filter(|name| name.key.text.is_empty()) {
        reader.blank_name("ARG", name.key.span);
    }
    let descriptions = reader.descriptions();
    let decl = |Name { key, value }| ArgDecl { description: descriptions.of(&key.text), key, value };
    Some(Arg { args: names.into_iter().map(decl).collect() })
}

//! CMD, and the command line that RUN, CMD and ENTRYPOINT share.

use super::parse::Reader;
use crate::syntax::NotJson;
use crate::text::{Span, Spanned, Text};

/// `CMD …`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cmd {
    /// The command.
    pub command: CommandLine,
}

/// A command: words of a JSON array, or a text for the shell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CommandLine {
    /// The words. A text for the shell is one word, or none if there is no text.
    pub words: Vec<Spanned<Text>>,
    /// Whether the shell runs it: it is no JSON array.
    pub is_shell: bool,
    /// Why a text that starts like a JSON array is none.
    pub not_json: Option<NotJson>,
    /// All words.
    pub span: Span,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Cmd> {
    reader.flags(&[]);
    Some(Cmd { command: reader.command() })
}

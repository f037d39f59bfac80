//! COPY, and the sources and destination it shares with ADD.

use crate::syntax::Word;
use crate::text::{Span, Spanned};

/// `COPY [flags] source … destination`
#[derive(Clone, Debug)]
pub struct Copy {
    /// What to copy, and where to.
    pub transfer: Transfer,
    /// `--from`: a stage, an image or a context. Takes no variables; a later pass rejects them.
    pub from: Option<Spanned<String>>,
    /// `--chown`
    pub chown: Option<Word>,
    /// `--chmod`
    pub chmod: Option<Word>,
    /// `--link`
    pub link: bool,
    /// `--parents`
    pub parents: bool,
    /// `--exclude`, as often as given. Takes no variables.
    pub exclude: Vec<Spanned<String>>,
}

/// Sources and a destination.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Paths, patterns or, for ADD, addresses.
    pub sources: Vec<Word>,
    /// Files whose content stands in the Dockerfile.
    pub files: Vec<InlineFile>,
    /// The destination.
    pub destination: Word,
}

/// A file written as a heredoc.
#[derive(Clone, Debug)]
pub struct InlineFile {
    /// The name of the heredoc.
    pub name: String,
    /// The content; leading tabs are gone if the heredoc asks for that.
    pub content: Word,
    /// Whether variables in the content are expanded.
    pub expands: bool,
    /// The word that opens the heredoc.
    pub span: Span,
}

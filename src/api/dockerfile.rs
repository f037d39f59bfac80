//! Reading a Dockerfile.

use crate::instruction::{File, parse_file};
use crate::syntax;
use crate::text::{Diagnostic, SourceMap};
use std::sync::Arc;

/// The name of a file that nobody named.
const NAME: &str = "Dockerfile";

/// A Dockerfile that was read.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    pub(super) sources: SourceMap,
    pub(super) file: Arc<File>,
}

/// Reads a Dockerfile. That never fails: what is wrong is in [`Dockerfile::errors`], and all the rest was read.
///
/// ```
/// use multistage::instruction::Kind;
///
/// let dockerfile = multistage::parse("FROM golang AS build\nRUN go build .\nCOPPY . .\n");
///
/// let stage = &dockerfile.file().stages[0];
/// assert_eq!(stage.base.text, "golang");
/// assert!(matches!(&stage.instructions[0].kind, Kind::Run(_)));
///
/// let error = &dockerfile.errors()[0];
/// assert_eq!(error.message, "dockerfile parse error on line 3: unknown instruction: COPPY (did you mean COPY?)");
/// let place = dockerfile.sources().files()[0].position(error.span.start);
/// assert_eq!((place.line, place.column), (3, 0));
/// ```
pub fn parse(text: impl AsRef<[u8]>) -> Dockerfile {
    let sources = SourceMap::of(NAME, text.as_ref());
    let file = Arc::new(parse_file(syntax::parse(&sources.files()[0])));
    Dockerfile { sources, file }
}

impl Dockerfile {
    /// Returns the stages and their instructions, as written.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Returns what is wrong by itself. [`check`](crate::check) finds what is wrong between instructions, too.
    pub fn errors(&self) -> &[Diagnostic] {
        &self.file.diagnostics
    }

    /// Returns the text, which every [`Span`](crate::Span) of the file is a place in.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }
}

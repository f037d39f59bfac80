//! WORKDIR: where commands run.

use super::parse::Reader;
use crate::syntax::Word;

/// `WORKDIR path`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Workdir {
    /// Absolute, or relative to the one before.
    pub path: Word,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Workdir> {
    let path = reader.one_word("WORKDIR");
    reader.flags(&[]);
    path.map(|path| Workdir { path })
}

//! STOPSIGNAL: what asks a container to stop.

use super::parse::Reader;
use crate::syntax::Word;

/// `STOPSIGNAL signal`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stopsignal {
    /// A name or a number.
    pub signal: Word,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Stopsignal> {
    // Flags are passed over: the reference never looks at them here.
    reader.one_word("STOPSIGNAL").map(|signal| Stopsignal { signal })
}

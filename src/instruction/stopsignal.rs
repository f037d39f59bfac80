//! STOPSIGNAL: what asks a container to stop.

use crate::syntax::Word;

/// `STOPSIGNAL signal`
#[derive(Clone, Debug)]
pub struct Stopsignal {
    /// A name or a number.
    pub signal: Word,
}

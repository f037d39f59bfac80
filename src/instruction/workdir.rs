//! WORKDIR: where commands run.

use crate::syntax::Word;

/// `WORKDIR path`
#[derive(Clone, Debug)]
pub struct Workdir {
    /// Absolute, or relative to the one before.
    pub path: Word,
}

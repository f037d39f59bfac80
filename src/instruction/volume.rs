//! VOLUME: paths kept outside of the container's file system.

use crate::syntax::Word;

/// `VOLUME path …`
#[derive(Clone, Debug)]
pub struct Volume {
    /// The paths.
    pub paths: Vec<Word>,
}

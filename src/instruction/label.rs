//! LABEL: metadata of the image.

use crate::syntax::Pair;

/// `LABEL key=value …` or `LABEL key value`
#[derive(Clone, Debug)]
pub struct Label {
    /// The labels; key and value are both expanded.
    pub pairs: Vec<Pair>,
}

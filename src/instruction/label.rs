//! LABEL: metadata of the image.

use super::parse::Reader;
use crate::syntax::Pair;

/// `LABEL key=value …` or `LABEL key value`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Label {
    /// The labels; key and value are both expanded.
    pub pairs: Vec<Pair>,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Label> {
    reader.flags(&[]);
    Some(Label { pairs: reader.pairs("LABEL") })
}

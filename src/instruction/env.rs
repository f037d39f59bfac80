//! ENV: variables that reach the image.

use super::parse::Reader;
use crate::syntax::Pair;

/// `ENV key=value …` or `ENV key value`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Env {
    /// The variables; key and value are both expanded.
    pub pairs: Vec<Pair>,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Env> {
    reader.flags(&[]);
    Some(Env { pairs: reader.pairs("ENV") })
}

//! MAINTAINER: the author of the image. Out of use: a label does the same.

use crate::text::Spanned;

/// `MAINTAINER name`
#[derive(Clone, Debug)]
pub struct Maintainer {
    /// The name, as written.
    pub name: Spanned<String>,
}

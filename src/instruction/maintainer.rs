//! MAINTAINER: the author of the image. Out of use: a label does the same.

use super::parse::Reader;
use crate::text::{Spanned, Text};

/// `MAINTAINER name`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Maintainer {
    /// The name, as written.
    pub name: Spanned<Text>,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Maintainer> {
    let name = reader.one_word("MAINTAINER");
    reader.flags(&[]);
    name.map(|name| Maintainer { name: Spanned::new(name.text, name.span) })
}

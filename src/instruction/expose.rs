//! EXPOSE: ports that listen.

use super::parse::Reader;
use crate::syntax::Word;

/// `EXPOSE port[/protocol] …`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Expose {
    /// The ports, sorted as text. One of them may become several when it is expanded.
    pub ports: Vec<Word>,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Expose> {
    let (mut ports, _) = reader.some_words("EXPOSE");
    reader.flags(&[]);
    ports.sort_by(|a, b| a.text.cmp(&b.text));
    Some(Expose { ports })
}

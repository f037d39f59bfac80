//! VOLUME: paths kept outside of the container's file system.

use super::parse::Reader;
use crate::syntax::Word;

/// `VOLUME path …`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Volume {
    /// The paths.
    pub paths: Vec<Word>,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Volume> {
    let (words, _) = reader.some_words("VOLUME");
    reader.flags(&[]);
    let mut paths = Vec::with_capacity(words.len());
    for word in words {
        let path = word.text.trim();
        if path.is_empty() {
            reader.error("empty-volume", "VOLUME specified can not be an empty string", word.span);
        }
        paths.push(Word::new(path, word.span));
    }
    Some(Volume { paths })
}

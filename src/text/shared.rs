//! Text that many hold and nobody copies.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A text, or a stretch of one whose memory it shares. Reads as a `&str`.
///
/// A Dockerfile is kept once, however many words and instructions are made of it, and a word is cloned without a copy.
#[derive(Clone, Default)]
pub struct Text {
    /// Nothing if the text is empty. A pointer to a string, which knows how long it is, takes half of the room that a
    /// pointer to the characters would.
    whole: Option<Arc<String>>,
    start: u32,
    end: u32,
}

impl Text {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        self.whole.as_ref().map_or("", |whole| &whole[self.start as usize..self.end as usize])
    }

    /// Returns a stretch of the text, which shares its memory.
    ///
    /// # Panics
    /// If the text ends before that, or a character would be split: once it is read.
    pub fn cut(&self, range: Range<usize>) -> Text {
        if range.is_empty() {
            return Text::default();
        }
        let (start, end) = (self.start + range.start as u32, self.start + range.end as u32);
        Text { whole: self.whole.clone(), start, end }
    }
}

impl Text {
    /// Returns `wanted`, which shares the memory of this text if it stands in it at `at`.
    pub(crate) fn share(&self, at: usize, wanted: &str) -> Text {
        let end = at + wanted.len();
        if self.get(at..end) == Some(wanted) { self.cut(at..end) } else { wanted.into() }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

/// # Panics
/// If the text is longer than 4 GiB.
impl From<String> for Text {
    fn from(text: String) -> Text {
        let end = u32::try_from(text.len()).expect("a text of less than 4 GiB");
        Text { whole: (end > 0).then(|| Arc::new(text)), start: 0, end }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        text.to_owned().into()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.as_str().to_owned()
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Text {
        text.clone()
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> String {
        text.as_str().to_owned()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Text) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Text) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_shares_the_memory() {
        let line = Text::from("RUN make all");
        let word = line.cut(4..12).cut(0..4);
        assert_eq!((word.as_str(), word.len()), ("make", 4));
        assert_eq!(word.as_ptr(), line[4..].as_ptr());
        assert_eq!(word, Text::from("make"));
        assert_eq!(format!("{word} {word:?}"), "make \"make\"");
        assert_eq!(Text::default(), "");
    }
}

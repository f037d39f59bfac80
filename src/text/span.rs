//! A place in the source of a build.

/// A range of bytes, `start..end`, in the [`SourceMap`](super::SourceMap) of a build.
///
/// Every file of a build has its own range of offsets, so a span needs no file id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span of what stands in no file: it has no lines.
    pub const NOWHERE: Span = Span::new(u32::MAX, u32::MAX);

    /// Returns the span `start..end`.
    pub const fn new(start: u32, end: u32) -> Span {
        Span { start, end }
    }

    /// Returns the smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Returns the length in bytes.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Tells whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Tells whether a text that was read from this span stands there as it is, in one piece. What is taken out of it,
    /// such as ends of lines, makes it shorter, and only characters beyond ASCII can make it longer again: in flags,
    /// each byte of them becomes a character.
    pub(crate) fn holds(self, text: &str) -> bool {
        text.len() == self.len() as usize && text.is_ascii()
    }

    /// Tells whether `other` lies within this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A value and the place it was written at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// What was written.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Joins a value and its place.
    pub const fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }
}

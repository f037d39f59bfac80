//! Fixes: edits of a text, and how safe they are.

use crate::text::{SourceFile, Span};

/// A piece of text that takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes.
    pub text: String,
}

/// How safe a fix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Safety {
    /// Every step of the build keeps its digest.
    Safe,
    /// What is built may change, so somebody should look at it first.
    Suggested,
}

/// What to do about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Fix {
    /// What it does, in a few words.
    pub title: String,
    /// The edits, in order, apart from each other.
    pub edits: Vec<Edit>,
    /// How safe it is.
    pub safety: Safety,
}

impl Fix {
    /// Returns a fix that is safe.
    pub(super) fn safe(title: impl Into<String>, span: Span, text: impl Into<String>) -> Fix {
        Fix { title: title.into(), edits: vec![Edit { span, text: text.into() }], safety: Safety::Safe }
    }

    /// Returns a fix that somebody should look at.
    pub(super) fn suggested(title: impl Into<String>, span: Span, text: impl Into<String>) -> Fix {
        Fix { safety: Safety::Suggested, ..Fix::safe(title, span, text) }
    }
}

/// Returns the edits of several fixes, in order. A fix that touches what an earlier one changes is left out whole.
pub(super) fn merge<'a>(fixes: impl IntoIterator<Item = &'a Fix>) -> Vec<Edit> {
    let mut fixes: Vec<&Fix> = fixes.into_iter().filter(|fix| !fix.edits.is_empty()).collect();
    fixes.sort_by_key(|fix| fix.edits[0].span);
    let mut edits: Vec<Edit> = Vec::new();
    for fix in fixes {
        let first = fix.edits[0].span;
        let touches = edits.last().is_some_and(|last| first.start < last.span.end || first == last.span);
        if !touches {
            edits.extend(fix.edits.iter().cloned());
        }
    }
    edits
}

/// Returns the text of a file after edits, which are in order and apart from each other.
pub(super) fn apply(file: &SourceFile, edits: &[Edit]) -> String {
    let text = file.text();
    let mut out = String::with_capacity(text.len() + 16 * edits.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(&text[at..(edit.span.start - file.base()) as usize]);
        out.push_str(&edit.text);
        at = (edit.span.end - file.base()) as usize;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SourceMap;

    fn fix(start: u32, end: u32, text: &str) -> Fix {
        Fix::safe("", Span::new(start, end), text)
    }

    #[track_caller]
    fn check(fixes: &[Fix], expected: &str) {
        let sources = SourceMap::of("Dockerfile", "abcdef");
        assert_eq!(apply(&sources.files()[0], &merge(fixes)), expected);
    }

    #[test]
    fn edits_are_made_in_order() {
        check(&[], "abcdef");
        check(&[fix(4, 5, "E"), fix(0, 1, "A")], "AbcdEf");
        check(&[fix(2, 2, "-"), fix(6, 6, "!")], "ab-cdef!");
        check(&[fix(0, 3, ""), fix(3, 6, "xyz")], "xyz");
    }

    #[test]
    fn fixes_that_overlap_are_left_for_the_next_time() {
        check(&[fix(0, 3, "1"), fix(2, 4, "2")], "1def");
        check(&[fix(2, 2, "1"), fix(2, 2, "2")], "ab1cdef");
    }
}

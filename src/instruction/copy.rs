//! COPY, and the sources and destination it shares with ADD.

use super::flag::Takes;
use super::parse::Reader;
use crate::syntax::{Heredoc, Word, heredoc_word, strip_tabs};
use crate::text::{Span, Spanned, Text};
use std::collections::HashMap;

/// `COPY [flags] source … destination`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Copy {
    /// What to copy, and where to.
    pub transfer: Transfer,
    /// `--from`: a stage, an image or a context. Takes no variables; a later pass rejects them.
    pub from: Option<Spanned<Text>>,
    /// `--chown`
    pub chown: Option<Word>,
    /// `--chmod`
    pub chmod: Option<Word>,
    /// `--link`
    pub link: bool,
    /// `--parents`
    pub parents: bool,
    /// `--exclude`, as often as given. Takes no variables.
    pub exclude: Vec<Spanned<Text>>,
}

/// Sources and a destination.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transfer {
    /// Paths, patterns or, for ADD, addresses.
    pub sources: Vec<Word>,
    /// Files whose content stands in the Dockerfile.
    pub files: Vec<InlineFile>,
    /// The destination.
    pub destination: Word,
}

/// A file written as a heredoc.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InlineFile {
    /// The name of the heredoc.
    pub name: String,
    /// The content; leading tabs are gone if the heredoc asks for that.
    pub content: Word,
    /// Whether variables in the content are expanded.
    pub expands: bool,
    /// The word that opens the heredoc.
    pub span: Span,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Copy> {
    let words = two_words(reader, "COPY");
    let mut flags = reader.flags(&[
        ("chown", Takes::Value),
        ("from", Takes::Value),
        ("chmod", Takes::Value),
        ("link", Takes::Bool),
        ("exclude", Takes::Values),
        ("parents", Takes::Bool),
    ]);
    Some(Copy {
        transfer: transfer(reader, words?, "COPY"),
        from: flags.value("from"),
        chown: flags.word("chown"),
        chmod: flags.word("chmod"),
        link: flags.bool("link").unwrap_or(false),
        parents: flags.bool("parents").unwrap_or(false),
        exclude: flags.values("exclude"),
    })
}

/// Takes the sources, and the destination behind them.
pub(super) fn two_words(reader: &mut Reader<'_>, keyword: &str) -> Option<(Vec<Word>, Word)> {
    let (mut words, _) = reader.words();
    let only = words.first().map_or(reader.statement.keyword.span, |word| word.span);
    let destination = words.pop();
    if words.is_empty() {
        let message = format!(
            "{keyword} requires at least two arguments, but only one was provided. Destination could not be determined"
        );
        reader.error("missing-destination", message, only);
    }
    destination.map(|destination| (words, destination))
}

/// Tells paths from heredocs.
pub(super) fn transfer(
    reader: &mut Reader<'_>,
    (mut sources, destination): (Vec<Word>, Word),
    keyword: &str,
) -> Transfer {
    // Without a destination the one word is no destination either.
    if heredoc_word(&destination.text).is_some() && !sources.is_empty() {
        let message = format!("{keyword} cannot accept a heredoc as a destination");
        reader.error("heredoc-as-destination", message, destination.span);
    }
    let heredocs = std::mem::take(&mut reader.statement.heredocs);
    // Of two heredocs with one name, the last has the say.
    let heredocs: HashMap<&str, &Heredoc> =
        heredocs.iter().map(|heredoc| (heredoc.name.as_str(), heredoc)).collect();
    let mut files = Vec::new();
    for word in sources.extract_if(.., |word| heredoc_word(&word.text).is_some()) {
        let Some(opener) = heredoc_word(&word.text) else { continue };
        let content = match heredocs.get(opener.name.as_str()) {
            Some(heredoc) if opener.strips_tabs => {
                Word::new(strip_tabs(&heredoc.content), heredoc.content_span)
            }
            Some(heredoc) => Word::new(heredoc.content.clone(), heredoc.content_span),
            // In a JSON array none is opened.
            None => Word::new("", word.span),
        };
        files.push(InlineFile { name: opener.name, content, expands: opener.expands, span: word.span });
    }
    Transfer { sources, files, destination }
}

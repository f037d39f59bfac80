//! The shape of a Dockerfile: lines, words, flags, heredocs.
//!
//! In: a [`SourceFile`]. Out: a [`Tree`] of [`Statement`]s, each with its keyword, flags and words, every one of them
//! with the place it was written at; and diagnostics. Parsing never fails: after an error it goes on with the next line.
//! What a keyword means is left to the room `instruction`; variables stay as written, see
//! the room `expand`.

mod args;
mod directive;
mod heredoc;
mod json;
mod keyword;
mod line;
mod parse;
mod split;
mod word;

pub use directive::{Directive, SyntaxLine, detect_syntax};
pub use heredoc::{Heredoc, HeredocWord, heredoc_word, strip_tabs};
pub use json::NotJson;
pub use keyword::Keyword;
pub use word::Word;

use crate::text::{Deception, Diagnostic, SourceFile, Span, Spanned, Text};

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The character that escapes and continues lines: a backslash, or a backtick by directive.
    pub escape: char,
    /// The directives at the top, in order.
    pub directives: Vec<Directive>,
    /// The value of a `check` directive, as far as the linter of the reference sees it: its rules for
    /// finding directives differ a little from those of its parser.
    pub check: Option<Directive>,
    /// One for each instruction, in order.
    pub statements: Vec<Statement>,
    /// Errors, in the order in which the reference would meet them.
    pub diagnostics: Vec<Diagnostic>,
    /// Places that are not what they look like, in comments, too.
    pub deceptions: Vec<Spanned<Deception>>,
    /// The whole file.
    pub span: Span,
}

/// One instruction as written: split into words, but not understood.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Statement {
    /// The first word, in the case it was written in.
    pub keyword: Spanned<Text>,
    /// What the first word is, if it is a keyword at all.
    pub kind: Option<Keyword>,
    /// What starts with `--` in front of the arguments.
    pub flags: Vec<Flag>,
    /// The arguments.
    pub args: Args,
    /// The heredocs that were opened, in order.
    pub heredocs: Vec<Heredoc>,
    /// The instruction held back by ONBUILD.
    pub trigger: Option<Box<Trigger>>,
    /// The lines joined into one, without white space around: how the reference shows an instruction.
    pub text: Text,
    /// All lines, heredocs included.
    pub span: Span,
    /// All lines, heredocs left out.
    pub lines_span: Span,
    /// The number of the first line, counted from 1.
    pub line: u32,
    /// The comment lines above, without `#`. A comment without text cuts off those before it.
    pub comments: Vec<Spanned<Text>>,
    /// Lines without text after a line continuation.
    pub empty_lines: Vec<Span>,
    /// The first place where bytes were no UTF-8, heredocs included.
    pub invalid: Option<Span>,
    /// Whether a diagnostic says that it is wrong, so that no more need be said.
    pub is_broken: bool,
}

/// An instruction behind ONBUILD.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trigger {
    /// Its first word, in the case it was written in.
    pub keyword: Spanned<Text>,
    /// Its text, as it goes into the image: heredocs left out, white space at the end kept.
    pub text: Text,
}

/// A flag, `--name` or `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flag {
    /// All of it, without quotes and escapes.
    pub text: Text,
    /// The place of all of it.
    pub span: Span,
    /// The place of the value; of all of it, if there is none.
    pub value_span: Span,
}

/// The arguments of a statement, by the way its keyword splits them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Args {
    /// Words between white space; a JSON array, an unsplit text, or nothing at all.
    Words {
        /// The words. A text that is not split is one word.
        words: Vec<Word>,
        /// Whether they came as a JSON array, and if it only looked like one, why it is none.
        form: Form,
    },
    /// `key=value` pairs of ENV and LABEL.
    Pairs(Vec<Pair>),
    /// `name` and `name=value` of ARG.
    Names(Vec<Name>),
}

impl Args {
    fn none() -> Args {
        Args::plain(Vec::new())
    }

    fn plain(words: Vec<Word>) -> Args {
        Args::Words { words, form: Form::Plain }
    }

    fn is_json(&self) -> bool {
        matches!(self, Args::Words { form: Form::Json, .. })
    }
}

/// The way arguments are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `["a", "b"]`.
    Json,
    /// Anything else.
    Plain,
    /// Text that starts like a JSON array, but is none; taken as plain.
    NotJson(NotJson),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair {
    /// The key as written.
    pub key: Word,
    /// The value as written.
    pub value: Word,
    /// Whether it was written in the old form, `key value`.
    pub is_legacy: bool,
}

impl Pair {
    /// Returns where key and value stand.
    pub fn span(&self) -> Span {
        self.key.span.to(self.value.span)
    }
}

/// A name, and perhaps a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Name {
    /// The name as written.
    pub key: Word,
    /// The value as written.
    pub value: Option<Word>,
}

/// Parses a file.
pub fn parse(file: &SourceFile) -> Tree {
    parse::file(file)
}

/// Parses the text of a trigger that a base image brings along. All its places are `span`.
pub fn parse_trigger(text: &str, span: Span) -> Tree {
    parse::trigger(text, span)
}

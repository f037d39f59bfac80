//! What can be wrong with a word.

use crate::limits::{EXPANSION_BYTES, EXPANSION_DEPTH};
use crate::text::quote;
use std::collections::BTreeSet;
use std::fmt;

/// A word that cannot be expanded. The words of the message are the reference's, where it has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The whole word.
    pub word: String,
    /// What is wrong.
    pub kind: ErrorKind,
    /// The variables that were asked for and unset, up to the error.
    pub unset: BTreeSet<String>,
}

/// What is wrong with a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `${` without its `}`.
    MissingBrace,
    /// `${name/pattern` without the slash behind the pattern.
    MissingSlash,
    /// `${}`, `${:…` or `${{…`.
    BadSubstitution,
    /// A character behind the name that means nothing.
    UnsupportedModifier(String),
    /// A quote is not closed; this is its name.
    UnclosedQuote(&'static str),
    /// A backslash in a pattern stands before a character that needs none.
    InvalidEscape {
        /// The pattern.
        pattern: String,
        /// The character.
        escaped: char,
    },
    /// `${name?message}` of a variable that is unset or empty.
    Required {
        /// The variable.
        name: String,
        /// What the author has to say about it.
        message: String,
    },
    /// More than [`EXPANSION_BYTES`] bytes come from variables.
    TooLong,
    /// More than [`EXPANSION_DEPTH`] substitutions stand in each other.
    TooDeep,
    /// A pattern takes too long to match.
    TooCostly,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to process {}: {}", quote(&self.word), self.kind)
    }
}

impl std::error::Error for Error {}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::MissingBrace => f.write_str("syntax error: missing '}'"),
            ErrorKind::MissingSlash => f.write_str("syntax error: missing '/' in ${}"),
            ErrorKind::BadSubstitution => f.write_str("syntax error: bad substitution"),
            ErrorKind::UnsupportedModifier(modifier) => {
                write!(f, "unsupported modifier ({modifier}) in substitution")
            }
            ErrorKind::UnclosedQuote(name) => {
                write!(f, "unexpected end of statement while looking for matching {name}")
            }
            ErrorKind::InvalidEscape { pattern, escaped } => {
                write!(f, "invalid pattern ({pattern}) in substitution: invalid escape '\\{escaped}'")
            }
            ErrorKind::Required { name, message } => write!(f, "{name}: {message}"),
            ErrorKind::TooLong => write!(f, "variables add more than {EXPANSION_BYTES} bytes"),
            ErrorKind::TooDeep => write!(f, "substitutions are nested more than {EXPANSION_DEPTH} deep"),
            ErrorKind::TooCostly => f.write_str("it takes too many steps"),
        }
    }
}

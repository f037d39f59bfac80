//! Words and variables become text.
//!
//! In: a word as written and the variables in reach. Out: the text it stands for, the names that were used, the
//! names that were unset. Quotes, escapes and `${…}` are those of the reference's shell lexer, quirks included
//! (moby/buildkit, `frontend/dockerfile/shell/lex.go`; the kit's group `expansion`).
//!
//! Which instruction expands which word, and with which variables, is left to others.
//!
//! Hostile input is bounded: `${a:-${b:-…}}` may nest [`EXPANSION_DEPTH`](crate::limits::EXPANSION_DEPTH) deep, substitutions may add [`EXPANSION_BYTES`](crate::limits::EXPANSION_BYTES)
//! bytes to a word, and a pattern may take so many steps as grow with the lengths of pattern and value.

mod chars;
mod env;
mod error;
mod lexer;
mod pattern;
mod run;

pub use env::{Env, EnvList, NoEnv};
pub use error::{Error, ErrorKind};
pub use lexer::{Expanded, Lexer};

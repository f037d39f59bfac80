//! Source text: files, places in them, and what there is to say about a place.
//!
//! In: names and bytes. Out: `Span`s, lines and columns, `Diagnostic`s.
//! This room knows no grammar; it imports nothing.

mod case;
mod diagnostic;
mod file;
mod quote;
mod span;

pub use case::{lower, upper};
pub use diagnostic::{Diagnostic, Severity};
pub use file::{Position, SourceFile, SourceMap};
pub use quote::quote;
pub use span::{Span, Spanned};

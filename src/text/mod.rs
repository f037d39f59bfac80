//! Source text: files, places in them, and what there is to say about a place; and the small text formats that
//! several rooms share: quoting, numbers, one line of CSV, JSON in Go's spelling, what a terminal would obey.
//!
//! In: names and bytes. Out: `Span`s, lines and columns, `Diagnostic`s.
//! This room knows no grammar; it imports nothing.

mod case;
mod csv;
mod diagnostic;
mod file;
mod json;
mod json_syntax;
mod number;
mod quote;
mod shared;
mod span;
mod visible;

pub use case::{lower, upper};
pub use csv::{CsvError, csv_fields};
pub use diagnostic::{Diagnostic, Severity};
pub use file::{Position, SourceFile, SourceMap};
pub use json::{to_json, to_json_pretty};
pub use json_syntax::check_json;
pub use number::{parse_bool, parse_int, parse_uint};
pub use quote::quote;
pub use shared::Text;
pub use span::{Span, Spanned};
pub use visible::{Deception, deceptions, defused, visible};

//! SHELL: what runs commands that are no JSON arrays.

use super::parse::Reader;
use crate::syntax::Form;
use crate::text::{Spanned, Text};

/// `SHELL ["word", …]`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shell {
    /// The program and its arguments; at least one word.
    pub words: Vec<Spanned<Text>>,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Shell> {
    reader.flags(&[]);
    let (words, form) = reader.some_words("SHELL");
    if let Some(first) = words.first()
        && form != Form::Json
    {
        let span = match &form {
            Form::NotJson(reason) => reason.span,
            Form::Json | Form::Plain => first.span,
        };
        reader.error("shell-not-json", "SHELL requires the arguments to be in JSON form", span);
        reader.hint(match form {
            Form::NotJson(reason) => reason.reason,
            Form::Json | Form::Plain => "write `SHELL [\"program\", \"argument\"]`",
        });
    }
    Some(Shell { words: words.into_iter().map(|word| Spanned::new(word.text, word.span)).collect() })
}

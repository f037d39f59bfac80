//! Flags: `--name` and `--name=value`.

use super::parse::Reader;
use crate::suggest::{self, Case};
use crate::syntax::{Flag, Word};
use crate::text::{Diagnostic, Span, Spanned, Text, lower};

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// `true`, `false` or nothing, once.
    Bool,
    /// A value, once.
    Value,
    /// A value, as often as wanted.
    Values,
}

/// The flags of a keyword.
pub(super) type Known = [(&'static str, Takes)];

/// The flags that were given, with a value each.
#[derive(Debug, Default)]
pub(super) struct Given(Vec<(&'static str, Spanned<Text>)>);

impl Given {
    /// Takes the value of a flag.
    pub(super) fn value(&mut self, name: &str) -> Option<Spanned<Text>> {
        let index = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(index).1)
    }

    /// Takes the value of a flag that is expanded later.
    pub(super) fn word(&mut self, name: &str) -> Option<Word> {
        self.value(name).map(|value| Word { text: value.value, span: value.span })
    }

    /// Takes the value of a flag that is true or false.
    pub(super) fn bool(&mut self, name: &str) -> Option<bool> {
        // Without a value it is true.
        self.value(name).map(|value| value.value.is_empty() || lower(&value.value) == "true")
    }

    /// Takes all values of a flag.
    pub(super) fn values(&mut self, name: &str) -> Vec<Spanned<Text>> {
        let (found, rest) = std::mem::take(&mut self.0).into_iter().partition(|(known, _)| *known == name);
        self.0 = rest;
        let found: Vec<(&str, Spanned<Text>)> = found;
        found.into_iter().map(|(_, value)| value).collect()
    }
}

impl Reader<'_> {
    /// Reads the flags of the statement.
    pub(super) fn flags(&mut self, known: &Known) -> Given {
        let flags = std::mem::take(&mut self.statement.flags);
        let mut given = Given(Vec::with_capacity(flags.len()));
        let mut used: Vec<(&str, Span)> = Vec::with_capacity(flags.len());
        for flag in flags {
            match read(&flag, known, &mut used) {
                Ok(value) => given.0.push(value),
                Err(error) => self.errors.push(error),
            }
        }
        given
    }
}

fn read(
    flag: &Flag,
    known: &Known,
    used: &mut Vec<(&'static str, Span)>,
) -> Result<(&'static str, Spanned<Text>), Diagnostic> {
    let text = flag.text.as_str();
    let (dashed, value) = match text.find('=') {
        Some(equals) => (&text[..equals], Some(flag.text.cut(equals + 1..text.len()))),
        None => (text, None),
    };
    let name = dashed.strip_prefix("--").unwrap_or(dashed);
    let Some(&(name, takes)) = known.iter().find(|(known, _)| *known == name) else {
        let names = known.iter().map(|(known, _)| *known);
        let message = suggest::hint(format!("unknown flag: {dashed}"), name, names, Case::Matters);
        // The name alone, if it stands in the file as it is.
        let end = if flag.span.holds(text) { flag.span.start + dashed.len() as u32 } else { flag.span.end };
        let span = Span::new(flag.span.start, end);
        return Err(Diagnostic::error("unknown-flag", message, span).hint(known_flags(known)));
    };
    if takes != Takes::Values {
        if let Some((_, first)) = used.iter().find(|(used, _)| *used == name) {
            let message = format!("duplicate flag specified: {dashed}");
            return Err(Diagnostic::error("flag-twice", message, flag.span).label(*first, "first given here"));
        }
        used.push((name, flag.span));
    }
    let value = match (takes, value) {
        (Takes::Bool, None) => Text::default(),
        (Takes::Bool, Some(value)) if !value.is_empty() => match lower(&value).as_ref() {
            "true" | "false" => value,
            _ => {
                let message = format!("expecting boolean value for flag {dashed}, not: {value}");
                return Err(Diagnostic::error("flag-not-boolean", message, flag.value_span));
            }
        },
        (Takes::Value | Takes::Values, Some(value)) => value,
        _ => {
            let message = format!("missing a value on flag: {dashed}");
            return Err(Diagnostic::error("flag-without-value", message, flag.span));
        }
    };
    Ok((name, Spanned::new(value, flag.value_span)))
}

fn known_flags(known: &Known) -> String {
    if known.is_empty() {
        return "this instruction takes no flags; a word `--` ends them".to_owned();
    }
    let names: Vec<_> = known.iter().map(|(name, _)| format!("`--{name}`")).collect();
    format!("flags of this instruction are {}", names.join(", "))
}

//! FROM: the start of a stage.

use super::flag::Takes;
use super::parse::Reader;
use super::{Head, Instruction};
use crate::syntax::{Args, Word};
use crate::text::{Spanned, Text, lower, quote, upper};

/// A stage: its FROM and the instructions below.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StageDecl {
    /// What the stage starts from.
    pub base: Word,
    /// The name after AS.
    pub name: Option<StageName>,
    /// `--platform`; may be empty.
    pub platform: Option<Word>,
    /// The word `AS`, in the case it was written in.
    pub as_keyword: Option<Spanned<Text>>,
    /// The description in the comments above: the line that starts with the stage's name, without the name.
    pub description: Option<Spanned<Text>>,
    /// The instructions of the stage.
    pub instructions: Vec<Instruction>,
    /// What all instructions have.
    pub head: Head,
}

/// The name of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageName {
    /// In lower case: what other instructions refer to.
    pub text: String,
    /// In the case it was written in.
    pub written: Spanned<Text>,
}

/// What a FROM says by itself.
pub(super) struct Parts {
    base: Word,
    name: Option<StageName>,
    platform: Option<Word>,
    as_keyword: Option<Spanned<Text>>,
    description: Option<Spanned<Text>>,
}

impl Parts {
    pub(super) fn stage(self, head: Head) -> StageDecl {
        StageDecl {
            base: self.base,
            name: self.name,
            platform: self.platform,
            as_keyword: self.as_keyword,
            description: self.description,
            instructions: Vec::new(),
            head,
        }
    }
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Parts> {
    // They stay: if the FROM is wrong, checks look at them.
    let words = match &reader.statement.args {
        Args::Words { words, .. } => &words[..],
        Args::Pairs(_) | Args::Names(_) => &[],
    };
    let count = words.len();
    let mut words = words.iter().cloned();
    let (base, as_word, name) = (words.next(), words.next(), words.next());
    let mut parts = Parts {
        base: base.unwrap_or_else(|| Word::new("", reader.statement.keyword.span)),
        name: None,
        platform: None,
        as_keyword: None,
        description: None,
    };
    match (count, as_word, name) {
        (3, Some(as_word), Some(name)) if upper(&as_word.text) == "AS" => {
            parts.as_keyword = Some(Spanned::new(as_word.text, as_word.span));
            let text = lower(&name.text).into_owned();
            if is_stage_name(&text) {
                parts.description = reader.descriptions().of(&text);
                parts.name = Some(StageName { text, written: Spanned::new(name.text, name.span) });
            } else {
                let message = format!(
                    "invalid name for build stage: {}, name can't start with a number or contain symbols",
                    quote(&name.text)
                );
                reader.error("invalid-stage-name", message, name.span);
                reader.hint("a name is a letter, then letters, digits, `-`, `_` and `.`");
            }
        }
        (1, ..) => {}
        (_, as_word, _) => {
            let span = as_word.map_or(reader.statement.keyword.span, |word| word.span);
            reader.error("from-arguments", "FROM requires either one or three arguments", span);
            reader.hint("write `FROM image` or `FROM image AS name`");
        }
    }
    parts.platform = reader.flags(&[("platform", Takes::Value)]).word("platform");
    Some(parts)
}

fn is_stage_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
}

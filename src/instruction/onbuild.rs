//! ONBUILD: an instruction for builds that start from this image.

use super::parse::Reader;
use crate::text::{Spanned, upper};

/// `ONBUILD instruction`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Onbuild {
    /// The keyword of the instruction held back, in upper case.
    pub keyword: Spanned<String>,
    /// The instruction held back, heredocs included, as it goes into the image config.
    pub expression: String,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Onbuild> {
    let trigger = reader.statement.trigger.take();
    if trigger.is_none() {
        reader.missing("ONBUILD");
    }
    reader.flags(&[]);
    let trigger = trigger?;
    let keyword = Spanned::new(upper(&trigger.keyword.value).into_owned(), trigger.keyword.span);
    match keyword.value.as_str() {
        "ONBUILD" => {
            let message = "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed";
            reader.error("invalid-trigger", message, keyword.span);
        }
        "MAINTAINER" | "FROM" => {
            let message = format!("{} isn't allowed as an ONBUILD trigger", keyword.value);
            reader.error("invalid-trigger", message, keyword.span);
        }
        _ => {}
    }
    let mut expression = String::from(trigger.text);
    for heredoc in &reader.statement.heredocs {
        expression.push('\n');
        expression.push_str(&heredoc.content);
        expression.push_str(&heredoc.name);
    }
    Some(Onbuild { keyword, expression })
}

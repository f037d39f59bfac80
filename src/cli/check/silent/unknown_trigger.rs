//! A trigger that no build can run.

use super::super::fix::Fix;
use super::{Found, warning};
use crate::instruction::Instruction;
use crate::suggest::{self, Case};
use crate::syntax::Keyword;
use crate::text::Spanned;

pub(super) fn find(instruction: &Instruction, keyword: &Spanned<String>) -> Option<Found> {
    if Keyword::of(&keyword.value).is_some() {
        return None;
    }
    let names = Keyword::ALL.iter().map(|keyword| keyword.as_str());
    let nearest = suggest::nearest(&keyword.value, names, Case::Ignored);
    let mut message = format!("no instruction is called {}", keyword.value);
    if let Some(nearest) = &nearest {
        message.push_str(&format!(" (did you mean {nearest}?)"));
    }
    let found = warning("unknown-trigger", message, keyword.span, instruction)
        .hint("this build keeps it as it is; builds that start from its image fail at it");
    let fix = nearest.map(|nearest| Fix::suggested(format!("write `{nearest}`"), keyword.span, nearest));
    Some((found, fix))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn triggers() {
        check("FROM a\nONBUILD RUNN x\nONBUILD copy a b\n", &["unknown-trigger: RUNN"]);
    }
}

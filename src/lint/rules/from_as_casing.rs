//! AS in the case of its FROM.

use super::{Context, Findings, Page, Rule, Status};
use crate::text::{lower, upper};

pub(super) const RULE: Rule = Rule {
    name: "FromAsCasing",
    description: "The 'as' keyword should match the case of the 'from' keyword",
    url: "https://docs.docker.com/go/dockerfile/rule/from-as-casing/",
    status: Status::Stable,
    page: Page {
        text: "`FROM a as b` mixes two ways to write keywords in one instruction. Both work; one of them is \
               enough. A FROM in mixed case is left to `ConsistentInstructionCasing`.",
        bad: "FROM alpine as build\n",
        good: "FROM alpine AS build\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, item) in cx.read_items() {
        let Some((written, word)) = item.words_behind_base().map(|words| words.as_word) else { continue };
        let from = item.keyword().value.as_str();
        let expected = if lower(from) == *from {
            lower(written)
        } else if upper(from) == *from {
            upper(written)
        } else {
            continue;
        };
        if expected != *written {
            out.warn(place.on(word), format!("'{written}' and '{from}' keywords' casing do not match"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read;

    #[test]
    fn both_directions_are_found() {
        let check = |text: &str| read("FromAsCasing", text);
        assert_eq!(check("FROM a as b\n"), ["1: 'as' and 'FROM' keywords' casing do not match"]);
        assert_eq!(check("from a AS b\n"), ["1: 'AS' and 'from' keywords' casing do not match"]);
        assert_eq!(check("FROM a As b\n").len(), 1);
        assert!(check("FROM a AS b\nfrom a as c\nFrom a as d\nFROM a\n").is_empty());
    }
}

//! Names of stages in lower case.

use super::{Context, Findings, Page, Rule, Status};
use crate::text::lower;

pub(super) const RULE: Rule = Rule {
    name: "StageNameCasing",
    description: "Stage names should be lowercase",
    url: "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/",
    status: Status::Stable,
    page: Page {
        text: "Stage names are looked up without regard to letter case, so `FROM a AS Build` and \
               `--from=build` mean the same stage. Written in lower case everywhere they can be told from \
               instructions at a glance, and a search finds every use.",
        bad: "FROM alpine AS BuildBase\n",
        good: "FROM alpine AS build-base\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, item) in cx.read_items() {
        let Some((name, word)) = item.words_behind_base().and_then(|words| words.name) else { continue };
        if lower(name) != *name {
            out.warn(place.on(word), format!("Stage name '{name}' should be lowercase"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read;

    #[test]
    fn upper_case_is_found() {
        let check = |text: &str| read("StageNameCasing", text);
        assert_eq!(check("FROM a AS Base\nFROM Base as B2\n").len(), 2);
        assert_eq!(check("FROM a AS Base\n"), ["1: Stage name 'Base' should be lowercase"]);
        assert_eq!(check("FROM a AS $B\n"), ["1: Stage name '$B' should be lowercase"]);
        assert!(check("FROM a AS B c\n").is_empty());
        assert!(check("FROM A AS base\nFROM base\n").is_empty());
    }
}

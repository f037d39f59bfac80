//! Each name for one stage.

use super::{Context, Findings, Page, Rule, Status};
use crate::instruction::StageName;
use crate::text::quote;
use std::collections::HashSet;

pub(super) const RULE: Rule = Rule {
    name: "DuplicateStageName",
    description: "Stage names should be unique",
    url: "https://docs.docker.com/go/dockerfile/rule/duplicate-stage-name/",
    status: Status::Stable,
    page: Page {
        text: "When two stages have one name, that name means the last of them. The earlier one can be \
               reached by its number only, so it is built by nobody or, worse, `COPY --from` takes files \
               from another stage than its writer had in mind.",
        bad: "FROM debian AS builder\n\
              FROM golang AS builder\n",
        good: "FROM debian AS deb-builder\n\
              FROM golang AS go-builder\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut seen = HashSet::new();
    for (place, stage) in cx.stages() {
        let Some(StageName { text: name, written }) = &stage.name else { continue };
        if !seen.insert(name) {
            let message = format!("Duplicate stage name {}, stage names should be unique", quote(name));
            out.warn(place.on(written.span).last(), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read;

    #[test]
    fn the_second_one_is_found() {
        let check = |text: &str| read("DuplicateStageName", text);
        assert_eq!(
            check("FROM a AS X\nFROM b AS x\n"),
            ["2: Duplicate stage name \"x\", stage names should be unique"]
        );
        assert!(check("FROM a AS x\nFROM b AS y\nFROM c\nFROM d\n").is_empty());
    }
}

//! No stage named `scratch` or `context`.

use super::{Context, Findings, Page, Rule, Status};
use crate::instruction::StageName;
use crate::text::quote;

pub(super) const RULE: Rule = Rule {
    name: "ReservedStageName",
    description: "Reserved words should not be used as stage names",
    url: "https://docs.docker.com/go/dockerfile/rule/reserved-stage-name/",
    status: Status::Stable,
    page: Page {
        text: "`FROM scratch` starts from nothing, and `context` is the name of the build context. A stage \
               of such a name cannot be told from what the word means otherwise.",
        bad: "FROM alpine AS scratch\n",
        good: "FROM alpine AS builder\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, stage) in cx.stages() {
        let Some(StageName { text: name, written }) = &stage.name else { continue };
        if name == "scratch" || name == "context" {
            let name = quote(name);
            let message = format!("Stage name should not use the same name as reserved stage {name}");
            out.warn(place.on(written.span), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read;

    #[test]
    fn both_names_are_found() {
        let check = |text: &str| read("ReservedStageName", text);
        assert_eq!(
            check("FROM a AS scratch\nFROM a AS Context\n"),
            [
                "1: Stage name should not use the same name as reserved stage \"scratch\"",
                "2: Stage name should not use the same name as reserved stage \"context\"",
            ]
        );
        assert!(check("FROM scratch AS contexts\n").is_empty());
    }
}

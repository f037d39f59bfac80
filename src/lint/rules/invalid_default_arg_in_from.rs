//! FROM works without build arguments.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;

pub(super) const RULE: Rule = Rule {
    name: "InvalidDefaultArgInFrom",
    description: "Default value for global ARG results in an empty or invalid base image name",
    url: "https://docs.docker.com/go/dockerfile/rule/invalid-default-arg-in-from/",
    status: Status::Stable,
    page: Page {
        text: "The file should build when no build argument is given. Here the name of a base image depends \
               on an ARG that has no default, or one that makes no valid name of it. Give the ARG a \
               default, or the variable one in place: `${TAG:-latest}`.",
        bad: "ARG TAG\n\
              FROM busybox:${TAG}\n",
        good: "ARG TAG=latest\n\
              FROM busybox:${TAG}\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        if let Fact::DefaultBase { written, image: None } = &note.fact {
            let message =
                format!("Default value for ARG {written} results in empty or invalid base image name");
            out.warn(place, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[test]
    fn a_base_that_is_no_image_is_found() {
        let check = |image: Option<&str>| {
            let fact = Fact::DefaultBase { written: "a:${T}".into(), image: image.map(str::to_owned) };
            judge("InvalidDefaultArgInFrom", "FROM", fact)
        };
        assert_eq!(check(None), ["Default value for ARG a:${T} results in empty or invalid base image name"]);
        assert!(check(Some("a:1")).is_empty());
    }
}

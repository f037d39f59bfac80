//! CMD and ENTRYPOINT as JSON.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;

pub(super) const RULE: Rule = Rule {
    name: "JSONArgsRecommended",
    description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
    url: "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/",
    status: Status::Stable,
    page: Page {
        text: "A command that is no JSON array runs under `/bin/sh -c`. The shell is then the first process \
               of the container. It does not pass signals on, so the program never hears that it should \
               stop and is killed after the grace period. A JSON array runs the program itself. If a shell \
               is wanted, say so: by `SHELL`, or as the first word of the array.",
        bad: "FROM alpine\n\
              ENTRYPOINT my-program start\n",
        good: "FROM alpine\n\
              ENTRYPOINT [\"my-program\", \"start\"]\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        if note.fact == Fact::ShellForm {
            let message = format!(
                "JSON arguments recommended for {} to prevent unintended behavior related to OS signals",
                note.at.keyword
            );
            out.warn(place, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[test]
    fn the_keyword_is_named_as_written() {
        assert_eq!(
            judge("JSONArgsRecommended", "Cmd", Fact::ShellForm),
            ["JSON arguments recommended for Cmd to prevent unintended behavior related to OS signals"]
        );
        assert!(judge("JSONArgsRecommended", "ENV", Fact::LegacyPair).is_empty());
    }
}

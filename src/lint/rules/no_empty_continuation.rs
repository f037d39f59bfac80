//! No empty line in the middle of an instruction.

use super::{Context, Findings, Page, Rule, Status};

pub(super) const RULE: Rule = Rule {
    name: "NoEmptyContinuation",
    description: "Empty continuation lines will become errors in a future release",
    url: "https://docs.docker.com/go/dockerfile/rule/no-empty-continuation/",
    status: Status::Stable,
    page: Page {
        text: "A line that ends in a continuation character promises that the instruction goes on, yet an \
               empty line follows. The builder skips it for now. Often the continuation character before it \
               is a leftover, and the next instruction is swallowed. Remove the empty line, or put a \
               comment there.",
        bad: "FROM alpine\n\
              RUN apk add git && \\\n\
              \n\
              \x20   git version\n",
        good: "FROM alpine\n\
              RUN apk add git && \\\n\
              \x20   git version\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for place in cx.gaps() {
        out.warn(place, "Empty continuation line");
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read;

    #[test]
    fn it_points_at_the_last_line() {
        let check = |text: &str| read("NoEmptyContinuation", text);
        assert_eq!(check("FROM a\nRUN a \\\n\n b \\\n c\n"), ["5: Empty continuation line"]);
        assert_eq!(check("FROM a\nRUN <<E cat \\\n\n -\nx\nE\n"), ["4: Empty continuation line"]);
        assert!(check("FROM a\nRUN a \\\n# why\n b\n").is_empty());
    }

    #[test]
    fn an_unknown_instruction_is_looked_at_too() {
        assert_eq!(read("NoEmptyContinuation", "FROM a\nRUNN a \\\n\n b\n").len(), 1);
    }
}

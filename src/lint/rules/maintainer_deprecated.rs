//! A label in place of MAINTAINER.

use super::{Context, Findings, Page, Rule, Status};

pub(super) const RULE: Rule = Rule {
    name: "MaintainerDeprecated",
    description: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
    url: "https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/",
    status: Status::Stable,
    page: Page {
        text: "MAINTAINER is deprecated. A label says the same, can be read by every tool that reads \
               labels, and can be set from outside.",
        bad: "FROM alpine\n\
              MAINTAINER jane@example.com\n",
        good: "FROM alpine\n\
              LABEL org.opencontainers.image.authors=\"jane@example.com\"\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, item) in cx.read_items() {
        if item.is_maintainer() {
            out.warn(
                place.on(item.keyword().span),
                "Maintainer instruction is deprecated in favor of using label",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read;

    #[test]
    fn the_instruction_is_found() {
        let check = |text: &str| read("MaintainerDeprecated", text);
        assert_eq!(
            check("FROM a\nmaintainer b\n"),
            ["2: Maintainer instruction is deprecated in favor of using label"]
        );
        assert_eq!(check("FROM a\nMAINTAINER\nMAINTAINER b\n").len(), 1);
        assert!(check("RUNN\nMAINTAINER b\n").is_empty());
        assert!(check("FROM a\nLABEL maintainer=b\n").is_empty());
    }
}

//! One CMD, ENTRYPOINT and HEALTHCHECK a stage.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;

pub(super) const RULE: Rule = Rule {
    name: "MultipleInstructionsDisallowed",
    description: "Multiple instructions of the same type should not be used in the same stage",
    url: "https://docs.docker.com/go/dockerfile/rule/multiple-instructions-disallowed/",
    status: Status::Stable,
    page: Page {
        text: "Of several CMD, ENTRYPOINT or HEALTHCHECK instructions of a stage only the last one has an \
               effect. The others are dead text that looks alive. The warning points at the one that is \
               ignored.",
        bad: "FROM alpine\n\
              ENTRYPOINT [\"echo\", \"Hello\"]\n\
              ENTRYPOINT [\"echo\", \"World\"]\n",
        good: "FROM alpine\n\
              ENTRYPOINT [\"echo\", \"Hello World\"]\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        if let Fact::Replaces { earlier, keyword } = note.fact {
            let message = format!(
                "Multiple {} instructions should not be used in the same stage because only the last one will be used",
                note.at.keyword
            );
            out.warn(place.pointing_at(earlier, keyword), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::Config;
    use crate::lint::testing::{facts, file};
    use crate::text::Span;

    #[test]
    fn the_earlier_one_is_pointed_at() {
        let earlier = Span::new(1, 3);
        let found = crate::lint::check(
            &file(),
            &facts("CMD", Fact::Replaces { earlier, keyword: earlier }),
            &Config::default(),
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].span, earlier);
        assert_eq!(
            found[0].message,
            "Multiple CMD instructions should not be used in the same stage because only the last one will be used"
        );
    }
}

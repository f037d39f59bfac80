//! An equals sign between key and value.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;

pub(super) const RULE: Rule = Rule {
    name: "LegacyKeyValueFormat",
    description: "Legacy key/value format with whitespace separator should not be used",
    url: "https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/",
    status: Status::Stable,
    page: Page {
        text: "`ENV key value` is the form of old. All that follows the key belongs to the value, so it \
               cannot set two variables, and a second `key=value` on the line silently becomes text. Write \
               `ENV key=value`, with quotes if there are blanks.",
        bad: "FROM alpine\n\
              ENV DIR /usr/src/app\n",
        good: "FROM alpine\n\
              ENV DIR=/usr/src/app\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        if note.fact == Fact::LegacyPair {
            let keyword = &note.at.keyword;
            let message = format!(
                "\"{keyword} key=value\" should be used instead of legacy \"{keyword} key value\" format"
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
    fn the_old_form_is_found() {
        assert_eq!(
            judge("LegacyKeyValueFormat", "LABEL", Fact::LegacyPair),
            ["\"LABEL key=value\" should be used instead of legacy \"LABEL key value\" format"]
        );
        assert!(judge("LegacyKeyValueFormat", "ENV", Fact::Variable { name: "A".into() }).is_empty());
    }
}

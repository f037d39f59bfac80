//! No `--platform=$TARGETPLATFORM`.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;

pub(super) const RULE: Rule = Rule {
    name: "RedundantTargetPlatform",
    description: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
    url: "https://docs.docker.com/go/dockerfile/rule/redundant-target-platform/",
    status: Status::Stable,
    page: Page {
        text: "A stage is built for the target platform anyway. Leave the flag out, and those stages that \
               do have one stand out.",
        bad: "FROM --platform=$TARGETPLATFORM alpine AS builder\n\
              RUN apk add --no-cache git\n",
        good: "FROM alpine AS builder\n\
              RUN apk add --no-cache git\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        let Fact::StagePlatform { written, text, used, unset, target, .. } = &note.fact else { continue };
        // Text beside the variable, or a variable that is empty, means something else.
        if used.len() == 1 && used[0] == "TARGETPLATFORM" && unset.is_empty() && text == target {
            let message = format!(
                "Setting platform to predefined {written} in FROM is redundant as this is the default behavior"
            );
            out.warn(place, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[track_caller]
    fn check(text: &str, used: &[&str], unset: &[&str], is_found: bool) {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let fact = Fact::StagePlatform {
            written: "${TARGETPLATFORM}".into(),
            text: text.into(),
            used: names(used),
            unset: names(unset),
            target: "linux/amd64".into(),
            platform: None,
        };
        let message = "Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant as this is the default behavior";
        let expected: &[&str] = if is_found { &[message] } else { &[] };
        assert_eq!(judge("RedundantTargetPlatform", "FROM", fact), expected);
    }

    #[test]
    fn only_the_variable_alone_is_found() {
        check("linux/amd64", &["TARGETPLATFORM"], &[], true);
        check("linux/amd64", &["TARGETPLATFORM"], &["NONE"], false);
        check("linux/amd64", &["TARGETPLATFORM", "EMPTY"], &[], false);
        check("linux/amd64/v2", &["TARGETPLATFORM"], &[], false);
        check("linux/amd64", &["BUILDPLATFORM"], &[], false);
    }
}

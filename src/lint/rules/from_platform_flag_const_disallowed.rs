//! No fixed platform in FROM.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;
use crate::text::quote;

pub(super) const RULE: Rule = Rule {
    name: "FromPlatformFlagConstDisallowed",
    description: "FROM --platform flag should not use a constant value",
    url: "https://docs.docker.com/go/dockerfile/rule/from-platform-flag-const-disallowed/",
    status: Status::Stable,
    page: Page {
        text: "`FROM --platform=linux/amd64` builds that stage for one platform whatever the target is, so \
               the file does not work for others. Leave the flag out, use `$BUILDPLATFORM` for stages that \
               run tools, or let the name of the stage tell the platform, as in `build-amd64`: then it is \
               taken to be meant.",
        bad: "FROM --platform=linux/amd64 alpine AS base\n\
              RUN apk add --no-cache git\n",
        good: "FROM --platform=$BUILDPLATFORM alpine AS base\n\
              RUN apk add --no-cache git\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        let Fact::StagePlatform { text, used, unset, platform: Some(platform), .. } = &note.fact else {
            continue;
        };
        let stage = cx.stage_name(note.at.stage);
        let is_constant = used.is_empty() && unset.is_empty();
        let is_named = stage.contains(&platform.os) || stage.contains(&platform.architecture);
        if is_constant && !is_named {
            out.warn(place, format!("FROM --platform flag should not use constant value {}", quote(text)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Platform;
    use crate::lint::testing::judge;

    #[track_caller]
    fn check(architecture: &str, used: &[&str], expected: &[&str]) {
        let text = format!("linux/{architecture}");
        let fact = Fact::StagePlatform {
            written: text.as_str().into(),
            text,
            used: used.iter().map(|name| (*name).to_owned()).collect(),
            unset: Vec::new(),
            target: "linux/amd64".into(),
            platform: Some(Box::new(Platform::new("linux", architecture))),
        };
        assert_eq!(judge("FromPlatformFlagConstDisallowed", "FROM", fact), expected);
    }

    #[test]
    fn a_constant_is_found_unless_the_stage_is_named_so() {
        check("arm64", &[], &["FROM --platform flag should not use constant value \"linux/arm64\""]);
        check("arm64", &["BUILDPLATFORM"], &[]);
        // The stage of the test is called `for-s390x`.
        check("s390x", &[], &[]);
    }
}

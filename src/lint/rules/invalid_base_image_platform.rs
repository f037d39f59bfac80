//! Base images of the platform asked for.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;
use crate::image::Platform;
use crate::text::quote;

pub(super) const RULE: Rule = Rule {
    name: "InvalidBaseImagePlatform",
    description: "Base image platform does not match expected target platform",
    url: "",
    status: Status::Stable,
    page: Page {
        text: "The registry gave an image for another platform than the build is for, as it does when an \
               image exists for one platform only. Programs of that image may not run. Name the platform by \
               `--platform`, or use an image that exists for the target.",
        bad: "FROM team/arm64-only\n",
        good: "FROM --platform=$BUILDPLATFORM alpine\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        let Fact::BaseImage { name, expected, actual } = &note.fact else { continue };
        if expected.os == actual.os && expected.architecture == actual.architecture {
            continue;
        }
        let text = |platform: &Platform| quote(&platform.normalized().to_string());
        let message = format!(
            "Base image {name} was pulled with platform {}, expected {} for current build",
            text(actual),
            text(expected)
        );
        out.warn(place, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[track_caller]
    fn check(actual: Platform, expected: &[&str]) {
        let wanted = Box::new(Platform::new("linux", "arm64"));
        let fact = Fact::BaseImage { name: "a".into(), expected: wanted, actual: Box::new(actual) };
        assert_eq!(judge("InvalidBaseImagePlatform", "FROM", fact), expected);
    }

    #[test]
    fn another_processor_is_found() {
        let message = "Base image a was pulled with platform \"linux/amd64\", expected \"linux/arm64\" for current build";
        check(Platform::new("linux", "amd64"), &[message]);
        check(Platform { variant: "v8".into(), ..Platform::new("linux", "arm64") }, &[]);
    }
}

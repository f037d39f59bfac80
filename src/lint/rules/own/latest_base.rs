//! No images without a version.

use super::{Context, Findings, Page, Rule, Status, base_images};

pub(super) const RULE: Rule = Rule {
    name: "LatestBase",
    description: "Base images should name a version",
    url: "",
    status: Status::Own,
    page: Page {
        text: "Without a tag, or with `latest`, the image is whatever its makers published last: the same file builds \
               something else tomorrow, and may stop working. Name a version, and better its digest too. How sure: \
               fully about what is written; a few images have no other tag.",
        bad: "FROM alpine\n",
        good: "FROM alpine:3.22\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for base in base_images(cx) {
        let place = base.place(cx);
        let name = &base.name;
        match base.tag() {
            _ if base.has_digest() => {}
            None => out.warn(place, format!("Base image {name} has no tag, which means `latest`")),
            Some("latest") => out.warn(place, format!("Base image {name} is another one with each release")),
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read_with;

    #[test]
    fn images_without_a_version() {
        let check = |text: &str| read_with("experimental=LatestBase", "LatestBase", text).len();
        assert_eq!(check("FROM a\nFROM r:5000/a/b\nFROM a:latest\n"), 3);
        assert_eq!(
            check("FROM a:1 AS b\nFROM b\nFROM scratch\nFROM a@sha256:0\nFROM a:latest@sha256:0\n"),
            0
        );
        assert_eq!(check("FROM $x\n"), 0);
    }
}

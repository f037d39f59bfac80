//! No images that may change.

use super::{Context, Findings, Page, Rule, Status, base_images};

pub(super) const RULE: Rule = Rule {
    name: "UnpinnedBase",
    description: "Base images should be pinned by digest",
    url: "",
    status: Status::Own,
    page: Page {
        text: "A tag can be moved, by its makers or by somebody who has taken over their account; a digest cannot. \
               With `name:tag@sha256:…` everybody builds on the same bytes, and a bot can raise tag and digest \
               together. How sure: fully about what is written; whether it matters is a question of taste, since a \
               pinned image gets no security fixes by itself. An image without a version is left to `LatestBase`.",
        bad: "FROM alpine:3.22\n",
        good: "FROM alpine:3.22@sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for base in base_images(cx) {
        if !base.has_digest() && base.tag().is_some_and(|tag| tag != "latest") {
            let place = base.place(cx);
            out.warn(place, format!("Base image {} has no digest, so it may change", base.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read_with;

    #[test]
    fn images_without_a_digest() {
        let check = |text: &str| read_with("experimental=UnpinnedBase", "UnpinnedBase", text).len();
        assert_eq!(check("FROM a:1 AS b\nFROM b\nFROM r:5000/c:2\n"), 2);
        assert_eq!(check("FROM a\nFROM a:latest\nFROM a:1@sha256:0\nFROM a:$x\n"), 0);
    }
}

//! The first WORKDIR is absolute.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;
use crate::text::quote;

pub(super) const RULE: Rule = Rule {
    name: "WorkdirRelativePath",
    description: "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
    url: "https://docs.docker.com/go/dockerfile/rule/workdir-relative-path/",
    status: Status::Stable,
    page: Page {
        text: "A relative WORKDIR adds to the one before. If that one comes from the base image, the path \
               changes whenever the image does. Make the first WORKDIR of a build absolute; later ones may \
               be relative to it.",
        bad: "FROM nginx\n\
              WORKDIR usr/share/nginx/html\n\
              COPY . .\n",
        good: "FROM nginx\n\
              WORKDIR /usr/share/nginx/html\n\
              COPY . .\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        if let Fact::RelativeWorkdir { path } = &note.fact {
            let path = quote(path);
            let message =
                format!("Relative workdir {path} can have unexpected results if the base image changes");
            out.warn(place, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[test]
    fn a_relative_path_is_found() {
        assert_eq!(
            judge("WorkdirRelativePath", "WORKDIR", Fact::RelativeWorkdir { path: "app".into() }),
            ["Relative workdir \"app\" can have unexpected results if the base image changes"]
        );
        assert!(judge("WorkdirRelativePath", "CMD", Fact::ShellForm).is_empty());
    }
}

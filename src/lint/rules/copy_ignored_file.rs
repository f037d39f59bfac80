//! No COPY of what the ignore file leaves out.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;
use crate::text::quote;

pub(super) const RULE: Rule = Rule {
    name: "CopyIgnoredFile",
    description: "Attempting to Copy file that is excluded by .dockerignore",
    url: "https://docs.docker.com/go/dockerfile/rule/copy-ignored-file/",
    status: Status::Stable,
    page: Page {
        text: "The ignore file keeps this path out of the build context, so the copy fails, or copies less \
               than it seems to. Take the path out of the ignore file, or out of the instruction. Ignore \
               files with exceptions (`!pattern`) are not judged: what they let through cannot be known \
               without looking at the files.",
        bad: "FROM scratch\n\
              COPY ./tmp/. /\n",
        good: "FROM scratch\n\
              COPY ./forever/. /\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        if let Fact::IgnoredSource { path } = &note.fact {
            let verb = if note.at.keyword.eq_ignore_ascii_case("add") { "Add" } else { "Copy" };
            let message =
                format!("Attempting to {verb} file {} that is excluded by .dockerignore", quote(path));
            out.warn(place, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[test]
    fn the_verb_is_that_of_the_instruction() {
        let check =
            |keyword: &str| judge("CopyIgnoredFile", keyword, Fact::IgnoredSource { path: "tmp".into() });
        assert_eq!(check("copy"), ["Attempting to Copy file \"tmp\" that is excluded by .dockerignore"]);
        assert_eq!(check("ADD"), ["Attempting to Add file \"tmp\" that is excluded by .dockerignore"]);
        assert!(judge("CopyIgnoredFile", "COPY", Fact::LegacyPair).is_empty());
    }
}

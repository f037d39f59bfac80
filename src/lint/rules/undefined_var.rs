//! Variables are set before they are used.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;

pub(super) const RULE: Rule = Rule {
    name: "UndefinedVar",
    description: "Variables should be defined before their use",
    url: "https://docs.docker.com/go/dockerfile/rule/undefined-var/",
    status: Status::Stable,
    page: Page {
        text: "A variable that no ENV and no ARG of the stage sets becomes empty text, without an error. It \
               may be misspelled, or set further down, or declared only before the first FROM, where it \
               does not reach into stages. Variables that only the shell of a RUN sees are not looked at.",
        bad: "FROM alpine AS base\n\
              COPY $foo .\n",
        good: "FROM alpine AS base\n\
              ARG foo\n\
              COPY $foo .\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        let Fact::UnsetVariable { name, nearest } = &note.fact else { continue };
        let mut message = format!("Usage of undefined variable '${name}'");
        if let Some(nearest) = nearest {
            message.push_str(&format!(" (did you mean ${nearest}?)"));
        }
        out.warn(cx.variable(place, name), message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[track_caller]
    fn check(name: &str, nearest: Option<&str>, expected: &[&str]) {
        let fact = Fact::UnsetVariable { name: name.to_owned(), nearest: nearest.map(str::to_owned) };
        assert_eq!(judge("UndefinedVar", "COPY", fact), expected);
    }

    #[test]
    fn an_unset_name_is_found() {
        check("foo", None, &["Usage of undefined variable '$foo'"]);
        check("PAHT", Some("PATH"), &["Usage of undefined variable '$PAHT' (did you mean $PATH?)"]);
    }
}

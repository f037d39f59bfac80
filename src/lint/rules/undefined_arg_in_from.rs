//! Variables of FROM are declared.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;

pub(super) const RULE: Rule = Rule {
    name: "UndefinedArgInFrom",
    description: "FROM command must use declared ARGs",
    url: "https://docs.docker.com/go/dockerfile/rule/undefined-arg-in-from/",
    status: Status::Stable,
    page: Page {
        text: "Only an ARG before the first FROM, and the predefined platform arguments, can be used in a \
               FROM. Any other variable is empty there, which makes another image name than was meant, or \
               none at all.",
        bad: "FROM node:22${VARIANT} AS build\n",
        good: "ARG VARIANT=\"-alpine3.20\"\n\
              FROM node:22${VARIANT} AS build\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        let Fact::UnsetInFrom { name, is_declared: false, nearest } = &note.fact else { continue };
        let mut message = format!("FROM argument '{name}' is not declared");
        if let Some(nearest) = nearest {
            message.push_str(&format!(" (did you mean {nearest}?)"));
        }
        out.warn(cx.variable(place, name), message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[track_caller]
    fn check(is_declared: bool, nearest: Option<&str>, expected: &[&str]) {
        let fact = Fact::UnsetInFrom { name: "TGA".into(), is_declared, nearest: nearest.map(str::to_owned) };
        assert_eq!(judge("UndefinedArgInFrom", "FROM", fact), expected);
    }

    #[test]
    fn a_name_without_declaration_is_found() {
        check(false, None, &["FROM argument 'TGA' is not declared"]);
        check(false, Some("TAG"), &["FROM argument 'TGA' is not declared (did you mean TAG?)"]);
        check(true, None, &[]);
    }
}

//! One case for all keywords.

use super::{Context, Findings, Page, Rule, Status};
use crate::text::{lower, upper};

pub(super) const RULE: Rule = Rule {
    name: "ConsistentInstructionCasing",
    description: "All commands within the Dockerfile should use the same casing (either upper or lower)",
    url: "https://docs.docker.com/go/dockerfile/rule/consistent-instruction-casing/",
    status: Status::Stable,
    page: Page {
        text: "Keywords may be written in upper or in lower case, but a file that mixes them is harder to \
               scan. The case that most instructions of the file have is the one asked for; in a tie it is \
               upper case.",
        bad: "FROM alpine\n\
              RUN true\n\
              run false\n",
        good: "FROM alpine\n\
              RUN true\n\
              RUN false\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (mut lower_count, mut upper_count) = (0, 0);
    for (_, item) in cx.stage_items() {
        let keyword = item.keyword().value.as_str();
        if lower(keyword) == *keyword {
            lower_count += 1;
        } else if upper(keyword) == *keyword {
            upper_count += 1;
        }
    }
    for (place, item) in cx.stage_items() {
        let place = place.on(item.keyword().span);
        let keyword = item.keyword().value.as_str();
        let (expected, casing) = if lower_count > upper_count {
            (lower(keyword), "lowercase")
        } else {
            (upper(keyword), "uppercase")
        };
        if expected != *keyword {
            let message =
                format!("Command '{keyword}' should match the case of the command majority ({casing})");
            out.warn(place, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read;

    #[test]
    fn the_majority_decides() {
        let check = |text: &str| read("ConsistentInstructionCasing", text);
        let message = "Command 'run' should match the case of the command majority (uppercase)";
        assert_eq!(check("FROM a\nRUN a\nrun b\n"), [format!("3: {message}")]);
        assert_eq!(check("FROM a\nrun b\n"), [format!("2: {message}")]);
        assert_eq!(check("from a\nrun b\nRun c\nRUN d\n").len(), 2);
        assert!(check("arg A\nFROM a\nRUN b\n").is_empty());
    }
}

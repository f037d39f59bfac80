//! No text that is run as something else than it is read as.

use super::{Context, Findings, Page, Rule, Status};
use crate::text::Deception;

/// So many places of one file are told of.
const MOST: usize = 20;

pub(super) const RULE: Rule = Rule {
    name: "DeceptiveText",
    description: "Text should be run as it is read",
    url: "",
    // The only check of our own that is on: what it finds is an attack, or a mistake of copying that breaks a build.
    status: Status::Stable,
    page: Page {
        text: "A mark that turns the direction of writing (as in the attack called Trojan Source) shows a line in \
               another order than it is run. A letter of another alphabet, such as the Cyrillic `а` in a Latin word, \
               makes another word of it; so does a character without a shape. A review does not see them. How sure: \
               very; words of other languages are not found, since only Latin words with such a letter in them are \
               looked at.",
        bad: "FROM alpine\n\
              RUN addgroup \u{430}dmin\n",
        good: "FROM alpine\n\
               RUN addgroup admin\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for deceptive in cx.deceptions().take(MOST) {
        let message = match deceptive.value {
            Deception::Direction(mark) => {
                format!("{} turns the direction of writing: what is run is not what is read", code(mark))
            }
            Deception::Invisible(c) => format!("{} cannot be seen, and makes another word", code(c)),
            Deception::Lookalike(c, latin) => {
                format!("{} looks like `{latin}`, and makes another word", code(c))
            }
        };
        out.warn(cx.place_within(deceptive.span), message);
    }
}

fn code(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::{read, read_with};
    use super::RULE;

    #[test]
    fn places_are_named_without_being_repeated() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            assert_eq!(read(RULE.name, text), expected);
        }
        check("FROM a\nRUN \u{44d}\u{442}\u{43e}\n", &[]);
        check(
            "FROM a\n# \u{202e} }\nRUN x\n",
            &["2: U+202E turns the direction of writing: what is run is not what is read"],
        );
        check("FROM a\nRUN x \\\n  \u{440}ath\n", &["3: U+0440 looks like `p`, and makes another word"]);
        check("FROM a\nENV A=x\u{200b}y\n", &["2: U+200B cannot be seen, and makes another word"]);
        assert_eq!(read(RULE.name, &format!("FROM a\n{}", "RUN \u{440}ath\n".repeat(50))).len(), super::MOST);
        let skipped = read_with("skip=DeceptiveText", RULE.name, "FROM a\nRUN \u{440}ath\n");
        assert_eq!(skipped, Vec::<String>::new());
    }
}

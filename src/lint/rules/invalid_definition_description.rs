//! Comments above ARG and FROM describe what they declare.

use super::{Context, Findings, Item, Page, Rule, Status};

pub(super) const RULE: Rule = Rule {
    name: "InvalidDefinitionDescription",
    description: "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
    url: "https://docs.docker.com/go/dockerfile/rule/invalid-definition-description/",
    status: Status::Experimental,
    page: Page {
        text: "`docker build --call=outline` and `--call=targets` show a description of each argument and \
               stage, taken from the comment right above: the line that starts with its name. A comment \
               that starts otherwise is not shown. Begin it with the name, or put an empty comment line \
               between the comment and the instruction if it is not meant as a description. This rule is \
               experimental and off unless asked for.",
        bad: "# check=experimental=all\n\
              \n\
              # The version to use\n\
              ARG VERSION=3\n\
              FROM alpine:${VERSION}\n",
        good: "# check=experimental=all\n\
              \n\
              # VERSION is the version to use\n\
              ARG VERSION=3\n\
              FROM alpine:${VERSION}\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, item) in cx.read_items() {
        let Some(comment) = item.comments().last() else { continue };
        let first = comment.value.split(' ').next().unwrap_or_default();
        let (keyword, name) = match item {
            Item::Stage(stage) => match &stage.name {
                Some(name) if name.text != first => ("FROM", name.text.as_str()),
                _ => continue,
            },
            Item::Broken(_) => continue,
            Item::Instruction(_) => match item.declared() {
                args if args.iter().any(|arg| arg.key.text == first) => continue,
                [] => continue,
                [one] => ("ARG", one.key.text.as_str()),
                _ => ("ARG", "<arg_key>"),
            },
        };
        let message = format!("Comment for {keyword} should follow the format: `# {name} <description>`");
        out.warn(place.on(comment.span), message);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read_with;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(read_with("experimental=all", "InvalidDefinitionDescription", text), expected);
    }

    #[test]
    fn the_last_comment_must_start_with_the_name() {
        check(
            "# bar\nARG foo\nFROM a\n",
            &["2: Comment for ARG should follow the format: `# foo <description>`"],
        );
        check(
            "# x\nARG foo b\nFROM a\n",
            &["2: Comment for ARG should follow the format: `# <arg_key> <description>`"],
        );
        check("# x\nFROM a AS B\n", &["2: Comment for FROM should follow the format: `# b <description>`"]);
        check(
            "# foo is it\n# else\nARG foo\nFROM a\n",
            &["3: Comment for ARG should follow the format: `# foo <description>`"],
        );
    }

    #[test]
    fn descriptions_and_other_comments_are_fine() {
        check("# foo is it\nARG foo\n# x\nFROM a\n# y\nRUN b\n", &[]);
        check("# x\n#\nARG foo\nFROM a\n", &[]);
    }

    #[test]
    fn it_is_off_unless_asked_for() {
        assert!(read_with("", "InvalidDefinitionDescription", "# bar\nARG foo\nFROM a\n").is_empty());
    }
}

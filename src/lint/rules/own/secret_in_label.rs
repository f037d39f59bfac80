//! No secrets in LABEL.

use super::super::secrets_used_in_arg_or_env::names_secret;
use super::{Context, Findings, Page, Rule, Status};
use crate::instruction::Kind;
use crate::text::quote;

pub(super) const RULE: Rule = Rule {
    name: "SecretInLabel",
    description: "Sensitive data should not be used in labels",
    url: "",
    status: Status::Own,
    page: Page {
        text: "Labels are a part of the image: everybody who can pull it can read them, and registries and \
               engines list them. A build reads a secret through `RUN --mount=type=secret`, which leaves no trace. How \
               sure: judged by the name alone, by the words of `SecretsUsedInArgOrEnv` (which leaves labels out, as the \
               reference does); a label without a value is let go.",
        bad: "FROM alpine\n\
              ARG PIN\n\
              LABEL registry.password=$PIN\n",
        good: "FROM alpine\n\
               RUN --mount=type=secret,id=registry true\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for instruction in cx.whole_stages().iter().flat_map(|stage| &stage.instructions) {
        let Kind::Label(label) = &instruction.kind else { continue };
        for pair in label.pairs.iter().filter(|pair| !pair.value.text.is_empty()) {
            let name = pair.key.text.trim_matches(['"', '\'']);
            if names_secret(name, &['.', '-', '_', '/']) {
                let message = format!("{} looks like a secret, and the image will show it", quote(name));
                out.warn(cx.place(instruction.head.span, pair.key.span), message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read_with;

    #[test]
    fn names_of_labels() {
        let check = |line: &str| {
            read_with("experimental=SecretInLabel", "SecretInLabel", &format!("FROM a\nLABEL {line}\n")).len()
        };
        assert_eq!(check("com.example.api-key=x b.TOKEN=y \"a/password\"=z"), 3);
        assert_eq!(check("author=me monkey=x public_key=x key= com.example.keys=x"), 0);
    }
}

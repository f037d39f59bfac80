//! No secrets in ARG and ENV.

use super::{Context, Findings, Page, Rule, Status};
use crate::facts::Fact;
use crate::text::{quote, upper};

pub(super) const RULE: Rule = Rule {
    name: "SecretsUsedInArgOrEnv",
    description: "Sensitive data should not be used in the ARG or ENV commands",
    url: "https://docs.docker.com/go/dockerfile/rule/secrets-used-in-arg-or-env/",
    status: Status::Stable,
    page: Page {
        text: "Values of ARG and ENV end up in the image or in its history, where everybody who can pull \
               the image can read them. A build reads a secret through `RUN --mount=type=secret`, which \
               leaves no trace. The rule judges by the name alone: it looks for words such as `password`, \
               `token` or `key` between underscores, and lets go of names with `public`, `file` or \
               `version` in them.",
        bad: "FROM scratch\n\
              ARG AWS_SECRET_ACCESS_KEY\n",
        good: "FROM alpine\n\
              RUN --mount=type=secret,id=aws,target=/root/.aws/credentials true\n",
    },
    check,
};

/// Words that give a secret away.
const SECRET: [&str; 10] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];
/// Words that tell it is none.
const PUBLIC: [&str; 3] = ["public", "file", "version"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (place, note) in cx.notes() {
        let Fact::Variable { name } = &note.fact else { continue };
        if names_secret(name, &['_']) {
            let (keyword, name) = (upper(&note.at.keyword), quote(name));
            let message = format!("Do not use ARG or ENV instructions for sensitive data ({keyword} {name})");
            out.warn(place, message);
        }
    }
}

/// Tells whether a name, of words with these characters between them, is that of a secret.
pub(super) fn names_secret(name: &str, between: &[char]) -> bool {
    let has_word =
        |words: &[&str]| name.split(between).any(|part| words.iter().any(|word| is_word(part, word)));
    has_word(&SECRET) && !has_word(&PUBLIC)
}

/// Two letters beyond ASCII count as ASCII ones when letter case does not matter: the long s and the Kelvin sign.
fn is_word(part: &str, word: &str) -> bool {
    let plain = part.chars().map(|c| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    });
    plain.eq(word.chars())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::judge;

    #[track_caller]
    fn check(name: &str, is_found: bool) {
        let message = format!("Do not use ARG or ENV instructions for sensitive data (ENV {})", quote(name));
        let expected = if is_found { vec![message] } else { vec![] };
        assert_eq!(judge("SecretsUsedInArgOrEnv", "env", Fact::Variable { name: name.into() }), expected);
    }

    #[test]
    fn whole_words_are_found() {
        for name in
            ["TOKEN", "api_key", "DATABASE_PASSWORD", "secret_MESSAGE", "AUTH", "A_KEY_B", "\u{212a}EY"]
        {
            check(name, true);
        }
        for name in
            ["KEYS", "monkey", "AUTHOR", "TOKENIZER_PATH", "PUBLIC_KEY", "PASSWORD_FILE", "KEY_VERSION", ""]
        {
            check(name, false);
        }
    }
}

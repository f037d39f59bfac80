//! No secrets in the image.

use super::{Context, Findings, Page, Rule, Status, chain};
use crate::instruction::Kind;
use crate::text::{lower, quote};

pub(super) const RULE: Rule = Rule {
    name: "SecretCopied",
    description: "Files with secrets should not be copied into the image",
    url: "",
    status: Status::Own,
    page: Page {
        text: "Everybody who can pull the image can read this file, and a later `RUN rm` only hides it: the \
               layer still holds it. Give a step the file with `RUN --mount=type=secret`, or give it to the \
               container when that starts. How sure: judged by the name alone, in the last stage and those \
               it starts from. `.npmrc` and `.env` may hold no secret; names with `example`, `sample`, `template`, \
               `public`, `ca` or `cert` in them are let go.",
        bad: "FROM alpine\n\
              COPY id_rsa /root/.ssh/\n",
        good: "FROM alpine\n\
               RUN --mount=type=secret,id=key,target=/root/.ssh/id_rsa true\n",
    },
    check,
};

/// Names of files that are there to keep secrets.
const NAMES: [&str; 25] = [
    ".dockercfg",
    ".env",
    ".git-credentials",
    ".htpasswd",
    ".my.cnf",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".vault-token",
    "_netrc",
    "credentials.json",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    "kubeconfig",
    "kubeconfig.yaml",
    "kubeconfig.yml",
    "secrets.json",
    "secrets.yaml",
    "secrets.yml",
    ".ssh",
    ".aws",
    ".gnupg",
];
const ENDINGS: [&str; 7] = [".pem", ".key", ".p12", ".pfx", ".jks", ".kdbx", ".keystore"];
/// Paths whose last part alone says too little.
const PATHS: [&str; 3] = [".docker/config.json", ".kube/config", ".aws/credentials"];
/// Words in a name that tell it is no secret.
const PUBLIC: [&str; 22] = [
    "authority",
    "bundle",
    "ca",
    "cacert",
    "cacerts",
    "cert",
    "certificate",
    "certs",
    "chain",
    "crt",
    "dist",
    "dummy",
    "example",
    "fullchain",
    "pub",
    "public",
    "root",
    "sample",
    "template",
    "test",
    "truststore",
    "gpg",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let stages = cx.whole_stages();
    let last = stages.len().wrapping_sub(1);
    for instruction in chain(stages, last).flat_map(|stage| &stage.instructions) {
        let transfer = match &instruction.kind {
            Kind::Copy(copy) => &copy.transfer,
            Kind::Add(add) => &add.transfer,
            _ => continue,
        };
        for source in transfer.sources.iter().filter(|source| is_secret(&source.text)) {
            let message = format!("{} looks like a secret, and the image will hold it", quote(&source.text));
            out.warn(cx.place(instruction.head.span, source.span), message);
        }
    }
}

fn is_secret(path: &str) -> bool {
    let path = lower(path.trim_end_matches('/'));
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_public = name.split(['.', '-', '_']).any(|word| PUBLIC.contains(&word));
    // A repository of packages has its keys for people to check what they get.
    if is_public || path.contains("://") {
        return false;
    }
    let is_env = name.strip_prefix(".env.").is_some_and(|kind| !kind.is_empty());
    NAMES.contains(&name)
        || is_env
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || PATHS.iter().any(|whole| path == *whole || path.ends_with(&format!("/{whole}")))
}

#[cfg(test)]
mod tests {
    use super::is_secret;
    use crate::lint::testing::read_with;

    #[test]
    fn names_of_secrets() {
        for name in [
            ".env",
            "a/.env.production",
            "id_rsa",
            "server.pem",
            "x/tls.KEY",
            ".npmrc",
            "~/.kube/config",
            ".ssh/",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            ".env.example",
            "id_rsa.pub",
            "ca.pem",
            "https://x/y.key",
            "config",
            "env",
            "environment",
            "keys",
            "root-ca.key",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn only_the_image_counts() {
        let check = |text: &str| read_with("experimental=SecretCopied", "SecretCopied", text).len();
        assert_eq!(check("FROM a AS base\nCOPY .env .\nFROM base\nADD id_rsa /\n"), 2);
        assert_eq!(check("FROM a AS build\nCOPY .npmrc .\nFROM b\nCOPY --from=build /app /app\n"), 0);
    }
}

//! No installs that every change of a source file runs again.

use super::shell::{Commands, is_call};
use super::{Context, Findings, Page, Rule, Status};
use crate::instruction::{Add, Copy, Kind, Transfer, Word};
use crate::text::Span;

pub(super) const RULE: Rule = Rule {
    name: "CopyBeforeInstall",
    description: "Dependencies should be installed before all files are copied",
    url: "",
    status: Status::Own,
    page: Page {
        text: "The cache of a step holds as long as nothing above it changes. Below `COPY . .` every change of any file \
               installs all dependencies anew. Copy the files that list them first (`package.json`, \
               `requirements.txt`, `go.mod`), install, and copy the rest then. How sure: quite; where the install \
               needs the sources, as with workspaces or local packages, a cache mount on the RUN helps instead, and \
               silences the rule. So does an earlier install with the same program in the stage.",
        bad: "FROM alpine\n\
              WORKDIR /app\n\
              COPY . .\n\
              RUN npm ci\n",
        good: "FROM alpine\n\
               WORKDIR /app\n\
               COPY package.json package-lock.json ./\n\
               RUN npm ci\n\
               COPY . .\n",
    },
    check,
};

/// Programs that install what a file of the project lists, or packages of the system.
const INSTALLS: [(&[&str], &[&str]); 13] = [
    (&["npm"], &["install", "ci", "i"]),
    (&["pnpm"], &["install", "i", "fetch"]),
    (&["bundle", "bundler"], &["install"]),
    (&["composer", "composer.phar"], &["install"]),
    (&["poetry"], &["install"]),
    (&["uv"], &["sync"]),
    (&["pipenv"], &["install", "sync"]),
    (&["apt-get", "apt", "aptitude"], &["install"]),
    (&["apk"], &["add"]),
    (&["yum", "dnf", "microdnf", "zypper"], &["install"]),
    (&["cargo"], &["fetch"]),
    (&["dotnet"], &["restore"]),
    (&["mix"], &["deps.get"]),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for stage in cx.whole_stages() {
        let mut copied = None;
        let mut earlier: Vec<String> = Vec::new();
        for instruction in &stage.instructions {
            match &instruction.kind {
                Kind::Copy(Copy { from: None, transfer, .. }) | Kind::Add(Add { transfer, .. }) => {
                    let all = takes_all(transfer).map(|word| cx.place(instruction.head.span, word));
                    copied = copied.or(all);
                }
                Kind::Run(run) => {
                    let has_cache = run.mounts.iter().any(|mount| mount.text.text.contains("type=cache"));
                    let commands = Commands::of(run);
                    for name in commands.iter().filter_map(|words| install(&words)) {
                        let is_first = !has_cache && !earlier.iter().any(|it| it == name);
                        // One finding for one COPY.
                        if let Some(place) = copied.take_if(|_| is_first) {
                            let message = format!(
                                "Every change of a file runs `{name}` below again: copy what it needs first"
                            );
                            out.warn(place, message);
                        }
                        earlier.push(name.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
}

/// Returns the source that is the whole context, if there is one.
fn takes_all(transfer: &Transfer) -> Option<Span> {
    let is_all = |source: &&Word| matches!(source.text.as_str(), "." | "./" | "/" | "*" | "./*");
    transfer.sources.iter().find(is_all).map(|source| source.span)
}

/// Returns the program if a command installs dependencies that are not the sources themselves.
fn install<'a>(words: &[&'a str]) -> Option<&'a str> {
    let name = *words.first()?;
    let (_, rest) = words.split_first()?;
    let is_local =
        |word: &&&str| word.starts_with(['.', '/']) || word.starts_with("file:") || word.contains("$(");
    let plain = || rest.iter().filter(|word| !word.starts_with('-'));
    let found = match name {
        "yarn" => plain().next().is_none_or(|word| *word == "install"),
        "go" => plain().take(2).copied().eq(["mod", "download"]),
        "mvn" => rest.iter().any(|word| word.contains("dependency:")),
        // Without a list of its own, `pip install` names packages; `pip install .` needs the sources.
        "pip" | "pip3" => {
            rest.contains(&"install")
                && rest.iter().any(|word| word.starts_with("-r") || word.starts_with("--requirement"))
        }
        _ => INSTALLS.iter().any(|(names, verbs)| {
            is_call(&words[..1], names, &[]) && plain().next().is_some_and(|verb| verbs.contains(verb))
        }),
    };
    let is_global = rest.iter().any(|word| matches!(*word, "-g" | "--global"));
    (found && !is_global && !plain().any(|word| is_local(&word))).then_some(name)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read_with;

    #[track_caller]
    fn check(body: &str, is_found: bool) {
        let text = format!("FROM a\n{body}\n");
        let found = read_with("experimental=CopyBeforeInstall", "CopyBeforeInstall", &text);
        assert_eq!(found.len(), usize::from(is_found), "{body}");
    }

    #[test]
    fn installs_below_all_files() {
        for command in [
            "npm ci && npm run build",
            "yarn",
            "yarn --frozen-lockfile",
            "pip install --no-cache-dir -r requirements.txt",
            "go mod download",
            "apt-get update && apt-get install -y x",
        ] {
            check(&format!("COPY . /app\nRUN {command}"), true);
        }
    }

    #[test]
    fn installs_that_are_right() {
        check("COPY package.json .\nRUN npm ci\nCOPY . .", false);
        check("COPY package.json .\nRUN npm ci\nCOPY . .\nRUN npm ci", false);
        check("COPY . .\nRUN --mount=type=cache,target=/root/.npm npm ci", false);
        for command in ["pip install .", "npm run build", "yarn build", "go build ./...", "make install"] {
            check(&format!("COPY . .\nRUN {command}"), false);
        }
        check("COPY --from=b . .\nRUN npm ci", false);
    }
}

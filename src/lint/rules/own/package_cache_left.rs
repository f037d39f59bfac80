//! No caches of package managers in the image.

use super::shell::Commands;
use super::{Context, Findings, Page, Rule, Status, chain};
use crate::instruction::{Kind, Run};

pub(super) const RULE: Rule = Rule {
    name: "PackageCacheLeft",
    description: "Caches of package managers should not stay in a layer",
    url: "",
    status: Status::Own,
    page: Page {
        text: "What a package manager keeps to be faster next time stays in the layer, where nobody uses it: tens of \
               megabytes for lists of apt or the cache of pip. Remove it in the same RUN, since a later one cannot \
               make a layer smaller; or keep it in a cache mount, which makes the next build faster as well. How \
               sure: quite, for commands written in the RUN itself, in the last stage and those it starts from. \
               What a script does, or settings in the base image, is not seen.",
        bad: "FROM debian:13\n\
              RUN apt-get update && apt-get install -y curl\n",
        good: "FROM debian:13\n\
               RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
    },
    check,
};

/// A program that leaves a cache.
struct Cache {
    names: &'static [&'static str],
    verbs: &'static [&'static str],
    /// Words in the RUN that tell that the cache is not made, or is removed.
    cleared_by: &'static [&'static str],
    /// Parts of the places where a cache mount holds it.
    mounted_at: &'static [&'static str],
    /// An environment variable that switches it off.
    off_by: &'static str,
    advice: &'static str,
}

const CACHES: [Cache; 7] = [
    Cache {
        names: &["apt-get", "apt", "aptitude"],
        verbs: &["update"],
        cleared_by: &[
            "/var/lib/apt",
            "/var/lib/apt/lists",
            "apt/lists",
            "/var/lib/{apt",
            "dist-clean",
            "distclean",
        ],
        mounted_at: &["/var/lib/apt", "/var/lib"],
        off_by: "",
        advice: "`rm -rf /var/lib/apt/lists/*`",
    },
    Cache {
        names: &["apk"],
        verbs: &["add", "update", "upgrade"],
        cleared_by: &["--no-cache", "/var/cache/apk", "cache clean", "/var/cache/"],
        mounted_at: &["/apk", "/var/cache"],
        off_by: "",
        advice: "`apk --no-cache`",
    },
    Cache {
        names: &["pip", "pip3"],
        verbs: &["install"],
        cleared_by: &["--no-cache", "cache purge", "PIP_NO_CACHE_DIR", ".cache"],
        mounted_at: &["pip", ".cache", "/root"],
        off_by: "PIP_NO_CACHE_DIR",
        advice: "`pip install --no-cache-dir`",
    },
    Cache {
        names: &["yum", "dnf", "microdnf", "tdnf"],
        verbs: &["install", "update", "upgrade", "groupinstall"],
        cleared_by: &["clean", "/var/cache"],
        mounted_at: &["yum", "dnf", "/var/cache"],
        off_by: "",
        advice: "`dnf clean all`",
    },
    Cache {
        names: &["zypper"],
        verbs: &["install", "in", "update", "up"],
        cleared_by: &["clean", "/var/cache"],
        mounted_at: &["zypp", "/var/cache"],
        off_by: "",
        advice: "`zypper clean --all`",
    },
    Cache {
        names: &["npm"],
        verbs: &["ci", "install"],
        cleared_by: &["cache clean", "cache rm", ".npm", "--cache", "npm_config_cache"],
        mounted_at: &["npm", "/root"],
        off_by: "npm_config_cache",
        advice: "`npm cache clean --force`",
    },
    Cache {
        names: &["yarn"],
        verbs: &["install"],
        cleared_by: &["cache clean", "--cache-folder", "YARN_CACHE_FOLDER", ".cache"],
        mounted_at: &["yarn", ".cache", "/root"],
        off_by: "YARN_CACHE_FOLDER",
        advice: "`yarn cache clean`",
    },
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let stages = cx.whole_stages();
    let last = stages.len().wrapping_sub(1);
    let mut chain: Vec<_> = chain(stages, last).collect();
    chain.reverse();
    let mut set: Vec<&str> = Vec::new();
    for instruction in chain.iter().flat_map(|stage| &stage.instructions) {
        match &instruction.kind {
            Kind::Env(env) => set.extend(env.pairs.iter().map(|pair| pair.key.text.as_str())),
            Kind::Arg(arg) => set.extend(arg.args.iter().map(|decl| decl.key.text.as_str())),
            Kind::Run(run) => {
                let commands = Commands::of(run);
                for cache in &CACHES {
                    let is_off = || set.iter().any(|name| name.eq_ignore_ascii_case(cache.off_by));
                    let Some(call) = commands.find(cache.names, cache.verbs) else { continue };
                    if !cache.cleared_by.iter().any(|mark| commands.text().contains(mark))
                        && !is_off()
                        && !is_mounted(run, cache)
                    {
                        let message =
                            format!("{} leaves its cache in the layer: use {}", cache.names[0], cache.advice);
                        let place = cx.place(instruction.head.span, call.word);
                        out.warn(place.text(call.text, call.skip), message);
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_mounted(run: &Run, cache: &Cache) -> bool {
    run.mounts.iter().map(|mount| mount.text.text.as_str()).any(|mount| {
        (mount.contains("type=cache") || mount.contains("type=tmpfs"))
            && cache.mounted_at.iter().any(|part| mount.contains(part))
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read_with;

    #[track_caller]
    fn check(body: &str, is_found: bool) {
        let found =
            read_with("experimental=PackageCacheLeft", "PackageCacheLeft", &format!("FROM a\n{body}\n"));
        assert_eq!(found.len(), usize::from(is_found), "{body}: {found:?}");
    }

    #[test]
    fn caches_that_are_left() {
        for command in [
            "apt-get update && apt-get install -y x",
            "set -e; apt update; apt install x",
            "apk add x",
            "pip install x",
            "dnf -y install x",
            "npm ci",
            "<<E\napk update\nE",
        ] {
            check(&format!("RUN {command}"), true);
        }
    }

    #[test]
    fn caches_that_are_not() {
        for command in [
            "apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*",
            "--mount=type=cache,target=/var/lib/apt apt-get update",
            "apk add --no-cache x",
            "apk --no-cache add x",
            "pip install --no-cache-dir x",
            "--mount=type=cache,target=/root/.cache pip install x",
            "dnf -y install x && dnf clean all",
            "echo apk add x",
        ] {
            check(&format!("RUN {command}"), false);
        }
        check("ENV PIP_NO_CACHE_DIR=1\nRUN pip install x", false);
        check("RUN apk add x\nFROM b", false);
    }
}

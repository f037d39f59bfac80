//! Names that are meant to be those of stages or architectures, but are not.
//!
//! A name that no stage has is an image to a build, which then looks for it in a registry. Offline nobody can look, so
//! this speaks only of names that are close to those of stages.

use super::fix::Fix;
use super::judge::sources_of;
use crate::instruction::{File, StageDecl};
use crate::suggest::{self, Case};
use crate::text::{Diagnostic, SourceFile, Span, lower};
use std::collections::HashMap;

/// More names of stages than these are not searched for near ones.
const MOST_NAMES: usize = 500;

/// Images that are in wide use: whoever writes such a name means it.
const WELL_KNOWN: [&str; 44] = [
    "adoptopenjdk",
    "almalinux",
    "alpine",
    "amazoncorretto",
    "archlinux",
    "bash",
    "buildpack-deps",
    "busybox",
    "caddy",
    "centos",
    "composer",
    "debian",
    "docker",
    "elixir",
    "erlang",
    "fedora",
    "gcc",
    "golang",
    "gradle",
    "haproxy",
    "httpd",
    "julia",
    "mariadb",
    "maven",
    "memcached",
    "mongo",
    "mysql",
    "nginx",
    "node",
    "openjdk",
    "perl",
    "php",
    "postgres",
    "python",
    "r-base",
    "redis",
    "registry",
    "rockylinux",
    "ruby",
    "rust",
    "scratch",
    "swift",
    "tomcat",
    "ubuntu",
];

/// Names that are given to stages, and that no image in wide use has.
const OF_STAGES: [&str; 12] = [
    "assets",
    "backend",
    "build",
    "build-env",
    "builder",
    "compile",
    "dependencies",
    "deps",
    "development",
    "frontend",
    "production",
    "runtime",
];

/// Returns a warning for each name that is close to that of a stage, and how to mend it.
pub(super) fn misspelled(file: &File) -> Vec<(Diagnostic, Option<Fix>)> {
    let name = |stage: &'_ StageDecl| stage.name.as_ref().map(|name| name.text.clone());
    let names: Vec<String> = file.stages.iter().filter_map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Of two stages with one name, the first.
    let mut places = HashMap::with_capacity(names.len());
    for (at, stage) in file.stages.iter().enumerate() {
        if let Some(name) = &stage.name {
            places.entry(name.text.as_str()).or_insert(at);
        }
    }
    // To compare each name with each takes too long where there are very many, and helps nobody.
    let near = |count: usize| if names.len() <= MOST_NAMES { &names[..count] } else { &[] };
    let mut found = Vec::new();
    let mut above = 0;
    for (at, stage) in file.stages.iter().enumerate() {
        let base = &stage.base;
        match places.get(base.text.as_str()) {
            Some(&place) if place < at => {}
            // A stage may well be called as the image it starts from.
            Some(&place) if place > at && !is_image(&base.text) => {
                let message = format!("stage `{}` comes later, so this is taken for an image", base.text);
                let mut warning = Diagnostic::warning("stage-comes-later", message, base.span)
                    .within(stage.head.span)
                    .hint("FROM knows the stages above it only: move the other stage up");
                if let Some(later) = &file.stages[place].name {
                    warning = warning.label(later.written.span, "the stage");
                }
                found.push((warning, None));
            }
            Some(_) => {}
            None => found.extend(misspelling(&base.text, base.span, stage.head.span, near(above))),
        }
        above += usize::from(stage.name.is_some());
        for instruction in &stage.instructions {
            for (name, span) in sources_of(&instruction.kind) {
                if !places.contains_key(&*lower(name)) {
                    found.extend(misspelling(name, span, instruction.head.span, near(names.len())));
                }
            }
        }
    }
    found
}

fn misspelling(name: &str, span: Span, range: Span, names: &[&str]) -> Option<(Diagnostic, Option<Fix>)> {
    // Short names are close to anything.
    if is_image(name) || name.len() < 4 {
        return None;
    }
    let Some(nearest) = suggest::nearest(name, names.iter().copied(), Case::Matters) else {
        let is_of_stage = OF_STAGES.binary_search(&name).is_ok();
        return is_of_stage.then(|| missing(name, span, range));
    };
    let message =
        format!("no stage is called `{name}`, so it is taken for an image (did you mean {nearest}?)");
    let warning = Diagnostic::warning("misspelled-stage", message, span).within(range);
    let warning = warning.hint(format!("write `{nearest}`, or the whole name of the image: `{name}:tag`"));
    Some((warning, Some(Fix::suggested(format!("write `{nearest}`"), span, nearest))))
}

fn missing(name: &str, span: Span, range: Span) -> (Diagnostic, Option<Fix>) {
    let message = format!("no stage is called `{name}`, so it is taken for an image");
    let help = format!("name a stage so, `FROM … AS {name}`, or hand it in with `--build-context {name}=…`");
    (Diagnostic::warning("missing-stage", message, span).within(range).hint(help), None)
}

/// Architectures that images are made for, under all their names.
const ARCHITECTURES: [&str; 20] = [
    "386", "aarch64", "amd64", "arm", "arm64", "armel", "armhf", "i386", "loong64", "mips", "mips64",
    "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm", "x86_64", "x86-64",
];

/// Returns a warning for each platform whose architecture nobody makes images for.
pub(super) fn architectures(source: &SourceFile, file: &File) -> Vec<(Diagnostic, Option<Fix>)> {
    let mut found = Vec::new();
    for stage in &file.stages {
        let Some(word) = stage
            .platform
            .as_ref()
            .filter(|word| !word.text.contains('$') && word.text == source.slice(word.span))
        else {
            continue;
        };
        let mut parts = word.text.split('/');
        let (Some(os), Some(architecture)) = (parts.next(), parts.next()) else { continue };
        if ARCHITECTURES.contains(&&*lower(architecture)) {
            continue;
        }
        let start = word.span.start + os.len() as u32 + 1;
        let span = Span::new(start, start + architecture.len() as u32);
        let message = format!("no architecture is called `{architecture}`");
        let usual = match &*lower(architecture) {
            "x64" => Some("amd64".to_owned()),
            "x86" => Some("386".to_owned()),
            "armv6" | "armv7" => Some(lower(architecture).replace("armv", "arm/v")),
            "armv8" | "arm64v8" => Some("arm64".to_owned()),
            _ => None,
        };
        let nearest = usual.or_else(|| suggest::nearest(architecture, ARCHITECTURES, Case::Matters));
        let message = match &nearest {
            Some(nearest) => format!("{message} (did you mean {nearest}?)"),
            None => message,
        };
        let warning = Diagnostic::warning("unknown-architecture", message, span).within(stage.head.span);
        let fix = nearest.map(|nearest| Fix::suggested(format!("write `{nearest}`"), span, nearest));
        found.push((warning, fix));
    }
    found
}

/// Tells whether a name is surely that of an image, or that of a stage by its number, or not known before the build.
fn is_image(name: &str) -> bool {
    name.contains(['/', ':', '@', '$', '.'])
        || name.bytes().all(|b| b.is_ascii_digit())
        || WELL_KNOWN.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruction::parse_file;
    use crate::syntax;
    use crate::text::SourceMap;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let sources = SourceMap::of("Dockerfile", text);
        let file = parse_file(syntax::parse(&sources.files()[0]));
        let found: Vec<String> = misspelled(&file)
            .iter()
            .map(|(warning, _)| format!("{}: {}", warning.code, sources.files()[0].slice(warning.span)))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn images_are_sorted() {
        assert!(WELL_KNOWN.is_sorted() && OF_STAGES.is_sorted());
    }

    #[test]
    fn names_close_to_stages() {
        check("FROM a AS builder\nFROM b\nCOPY --from=biulder x .\n", &["misspelled-stage: biulder"]);
        check("FROM a AS builder\nFROM buidler\n", &["misspelled-stage: buidler"]);
        check(
            "FROM a AS builder\nFROM b\nRUN --mount=from=bulder,target=/x y\n",
            &["misspelled-stage: bulder"],
        );
    }

    #[test]
    fn names_that_are_of_stages_alone() {
        check("FROM b\nCOPY --from=builder x .\nCOPY --from=tool x .\n", &["missing-stage: builder"]);
    }

    #[test]
    fn names_that_are_meant() {
        check("FROM a AS builder\nFROM b\nCOPY --from=Builder x .\nCOPY --from=0 x .\n", &[]);
        check("FROM a AS nodes\nFROM node\nCOPY --from=biulder:1 x .\n", &[]);
        check("FROM alpine AS alpine\nFROM debian\nCOPY --from=other x .\n", &[]);
        check("FROM base AS base\n", &[]);
    }

    #[test]
    fn architectures_that_are_none() {
        let check = |text: &str, expected: &[&str]| {
            let sources = SourceMap::of("Dockerfile", text);
            let file = parse_file(syntax::parse(&sources.files()[0]));
            let found = architectures(&sources.files()[0], &file);
            let found: Vec<&str> = found.iter().map(|(warning, _)| warning.message.as_str()).collect();
            assert_eq!(found, expected);
        };
        check(
            "FROM --platform=linux/amd46 a\n",
            &["no architecture is called `amd46` (did you mean amd64?)"],
        );
        check(
            "FROM --platform=linux/ARM64/v8 a\nFROM --platform=$BUILDPLATFORM a\nFROM --platform=linux a\n",
            &[],
        );
        check("FROM --platform=linux/$TARGETARCH a\n", &[]);
        check(
            "FROM --platform=linux/x64 a\nFROM --platform=linux/armv7 a\n",
            &[
                "no architecture is called `x64` (did you mean amd64?)",
                "no architecture is called `armv7` (did you mean arm/v7?)",
            ],
        );
    }

    #[test]
    fn stages_that_come_later() {
        check("FROM base\nFROM x AS base\n", &["stage-comes-later: base"]);
    }
}

//! No stages that nobody uses.

use super::{Context, Findings, Page, Rule, Status, base_stage, source_stage, sources};
use crate::instruction::Kind;

pub(super) const RULE: Rule = Rule {
    name: "UnusedStage",
    description: "Every stage should be used by the last one, or be a target",
    url: "",
    status: Status::Own,
    page: Page {
        text: "No other stage starts from this one or takes files from it, so a build of the last stage leaves it \
               out: often a `COPY --from` was lost, or points at another stage. Remove the stage, or use it. \
               How sure: a stage without a name cannot be built at all. One \
               with a name may be a target (`--target`), so the rule lets go of stages that start from another \
               stage of the file or, to hand out files, from scratch, that have a description, that hold CMD or \
               ENTRYPOINT, that have the name of a usual target such as `test`, or of which there are several.",
        bad: "FROM alpine AS build\n\
              RUN make\n\
              FROM alpine\n\
              CMD [\"app\"]\n",
        good: "FROM alpine AS build\n\
               RUN make\n\
               FROM alpine\n\
               COPY --from=build /app /app\n\
               CMD [\"app\"]\n",
    },
    check,
};

/// Words in the names of stages that people build on purpose.
const TARGETS: [&str; 32] = [
    "artifact",
    "artifacts",
    "bench",
    "binaries",
    "binary",
    "check",
    "ci",
    "coverage",
    "debug",
    "dev",
    "development",
    "docs",
    "export",
    "final",
    "fmt",
    "generate",
    "image",
    "lint",
    "local",
    "output",
    "prod",
    "production",
    "release",
    "runtime",
    "target",
    "test",
    "tests",
    "toolchain",
    "unit",
    "update",
    "validate",
    "vendor",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let stages = cx.whole_stages();
    let mut is_used = vec![false; stages.len()];
    for (at, stage) in stages.iter().enumerate() {
        // A name that is known only when it is built may be that of any stage.
        if stage.base.text.contains('$') && cx.default_base(at).is_none() {
            return;
        }
        let base = cx.default_base(at).unwrap_or(&stage.base.text);
        if let Some((base, _)) = base_stage(stages, at, base) {
            is_used[base] = true;
        }
        for from in stage.instructions.iter().flat_map(sources) {
            if let Some(source) = source_stage(stages, from) {
                is_used[source] = true;
            }
        }
    }
    let Some((last, _)) = stages.split_last() else { return };
    let unused: Vec<usize> = (0..stages.len() - 1).filter(|&at| !is_used[at]).collect();
    let named = unused.iter().filter(|&&at| stages[at].name.is_some()).count();
    for &at in &unused {
        let stage = &stages[at];
        let Some(name) = &stage.name else {
            let place = cx.place(stage.head.span, stage.base.span);
            out.warn(place, "No stage uses this one, and it has no name to build it by");
            continue;
        };
        let is_image =
            stage.instructions.iter().any(|it| matches!(it.kind, Kind::Cmd(_) | Kind::Entrypoint(_)));
        let mut words = name.text.split(['-', '_', '.']);
        let is_target =
            words.any(|word| TARGETS.contains(&word.trim_end_matches(|c: char| c.is_ascii_digit())));
        let is_derived =
            stage.base.text == crate::stage::SCRATCH || base_stage(stages, at, &stage.base.text).is_some();
        if named == 1 && !is_image && !is_target && !is_derived && stage.description.is_none() {
            let last = last.name.as_ref().map_or("the last stage", |name| &name.text);
            let place = cx.place(stage.head.span, name.written.span);
            let name = &name.text;
            out.warn(
                place,
                format!("Stage '{name}' is not used by {last}: only `--target {name}` builds it"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read_with;

    #[test]
    fn stages_that_nobody_uses() {
        let check = |text: &str| read_with("experimental=UnusedStage", "UnusedStage", text).len();
        assert_eq!(check("FROM a AS one\nFROM b\n"), 1);
        assert_eq!(check("FROM a\nRUN x\nFROM b\n"), 1);
        assert_eq!(check("FROM a AS one\nFROM b AS two\nFROM c\n"), 0);
        assert_eq!(check("FROM a AS base\nFROM base AS one\nFROM base\n"), 0);
        assert_eq!(check("FROM a AS unit-test\nFROM b\n"), 0);
        assert_eq!(check("FROM a AS one\nCMD x\nFROM b\n"), 0);
        assert_eq!(check("FROM a AS target2\nFROM b\n"), 0);
        assert_eq!(check("FROM scratch AS files\nCOPY a /\nFROM b\n"), 0);
        assert_eq!(check("FROM a AS one\nFROM b\nRUN --mount=from=one,target=/x y\n"), 0);
        assert_eq!(check("FROM a AS One\nFROM b\nCOPY --from=oNE x y\n"), 0);
        assert_eq!(check("FROM a\nFROM b\nCOPY --from=0 x y\n"), 0);
        assert_eq!(check("FROM a\n"), 0);
        assert_eq!(check("FROM a AS one\nFROM $x\n"), 0);
        assert_eq!(check("FROM a AS one\n# check=skip=UnusedStage\nFROM b AS two\nFROM one\n"), 0);
    }
}

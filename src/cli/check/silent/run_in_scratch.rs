//! A command in an image that holds no file.

use super::{Found, warning};
use crate::instruction::{Instruction, Kind, StageDecl};
use crate::stage::SCRATCH;
use crate::text::SourceFile;
use std::collections::HashMap;

pub(super) fn find(source: &SourceFile, stages: &[StageDecl]) -> Vec<Found> {
    let makes_files =
        |it: &&Instruction| matches!(it.kind, Kind::Copy(_) | Kind::Add(_) | Kind::Run(_) | Kind::Onbuild(_));
    let mut empty: HashMap<&str, bool> = HashMap::new();
    let mut found = Vec::new();
    for stage in stages {
        // A base that was wrong is taken out, which leaves the name of the empty image, but not in the file.
        let starts_empty =
            source.slice(stage.base.span) == SCRATCH || empty.get(&*stage.base.text) == Some(&true);
        let first = stage.instructions.iter().find(makes_files);
        if let Some(name) = &stage.name {
            empty.insert(&name.text, starts_empty && first.is_none());
        }
        if let Some(first) = first.filter(|_| starts_empty)
            && let Kind::Run(run) = &first.kind
            && run.mounts.is_empty()
        {
            let message =
                "there is nothing to run this with: the stage starts empty, and nothing was copied into it";
            let warning = warning("run-in-scratch", message, first.head.keyword.span, first)
                .label(stage.base.span, "starts empty")
                .hint("start from an image with a shell, or run it in another stage and copy what it makes");
            found.push((warning, None));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn commands_without_files() {
        check("FROM scratch\nENV A=b\nRUN x\nRUN y\n", &["run-in-scratch: RUN"]);
        check("FROM scratch AS a\nCOPY x y\nFROM a\nRUN z\n", &[]);
        check("FROM scratch AS a\nFROM a\nRUN z\n", &["run-in-scratch: RUN"]);
        check("FROM scratch\nRUN --mount=from=a,target=/b /b/c\nFROM b\nRUN d\n", &[]);
    }
}

//! Checks of our own, beyond those of the reference. All but `DeceptiveText` are off unless somebody asks for them: on the command line
//! with `--all`, or anywhere by name (`experimental=UnusedStage`). `experimental=all` does not take them in, since to
//! the reference it means its own rules. Unlike an experimental rule they can be skipped.
//!
//! They read what is written and run nothing: each page says how sure its rule is.

mod copy_before_install;
mod copy_from_missing_path;
mod deceptive_text;
mod latest_base;
mod package_cache_left;
mod secret_copied;
mod secret_in_label;
mod shell;
mod unpinned_base;
mod unused_stage;

use super::{Context, Findings, Page, Place, Rule, Status};
use crate::instruction::{Instruction, Kind, StageDecl};

/// All checks of our own.
pub const OWN: &[&Rule] = &[
    &unused_stage::RULE,
    &copy_from_missing_path::RULE,
    &secret_copied::RULE,
    &secret_in_label::RULE,
    &latest_base::RULE,
    &unpinned_base::RULE,
    &copy_before_install::RULE,
    &package_cache_left::RULE,
    &deceptive_text::RULE,
];

/// Returns the stage that a name means to a FROM: one above it.
fn base_stage<'a>(stages: &'a [StageDecl], at: usize, base: &str) -> Option<(usize, &'a StageDecl)> {
    let named = |stage: &StageDecl| stage.name.as_ref().is_some_and(|name| name.text == base);
    stages[..at].iter().enumerate().rev().find(|(_, stage)| named(stage))
}

/// Returns a stage, the stage it starts from, and so on, as far as they are in the file.
fn chain(stages: &[StageDecl], at: usize) -> impl Iterator<Item = &StageDecl> {
    let step = move |&(at, stage): &(usize, &StageDecl)| base_stage(stages, at, &stage.base.text);
    let first = stages.get(at).map(|stage| (at, stage));
    std::iter::successors(first, step).map(|(_, stage)| stage)
}

/// Returns the stage that `--from` means; nothing for an image.
fn source_stage(stages: &[StageDecl], from: &str) -> Option<usize> {
    let named =
        |stage: &StageDecl| stage.name.as_ref().is_some_and(|name| name.text.eq_ignore_ascii_case(from));
    let by_number = || from.parse().ok().filter(|&at: &usize| at < stages.len());
    stages.iter().rposition(named).or_else(by_number)
}

/// Returns the names behind `--from` and `from=` of an instruction.
fn sources(instruction: &Instruction) -> impl Iterator<Item = &str> {
    let (copy, mounts) = match &instruction.kind {
        Kind::Copy(copy) => (copy.from.as_ref(), &[][..]),
        Kind::Run(run) => (None, &run.mounts[..]),
        _ => (None, &[][..]),
    };
    copy.into_iter()
        .chain(mounts.iter().filter_map(|mount| mount.from.as_ref()))
        .map(|from| from.value.as_str())
}

/// An image that a stage starts from.
struct BaseImage<'a> {
    /// Its place among the stages.
    at: usize,
    /// The name, with the defaults of build arguments in place.
    name: std::borrow::Cow<'a, str>,
}

impl BaseImage<'_> {
    /// Returns where the image is named.
    fn place(&self, cx: &Context<'_>) -> Place {
        let stage = &cx.whole_stages()[self.at];
        cx.place(stage.head.span, stage.base.span)
    }

    fn has_digest(&self) -> bool {
        self.name.contains('@')
    }

    /// Returns the tag, if there is one.
    fn tag(&self) -> Option<&str> {
        let last = self.name.split('@').next()?.rsplit('/').next()?;
        last.split_once(':').map(|(_, tag)| tag)
    }
}

/// Returns the images that stages start from. One whose name is known only when it is built is left out.
fn base_images<'a>(cx: &Context<'a>) -> Vec<BaseImage<'a>> {
    let stages = cx.whole_stages();
    let mut found = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let text = &stage.base.text;
        let name = match text.contains('$') {
            false => std::borrow::Cow::Borrowed(text.as_str()),
            true => match cx.default_base(at) {
                Some(name) => std::borrow::Cow::Owned(name.to_owned()),
                None => continue,
            },
        };
        if name != crate::stage::SCRATCH && !name.is_empty() && base_stage(stages, at, &name).is_none() {
            found.push(BaseImage { at, name });
        }
    }
    found
}

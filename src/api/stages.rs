//! The stages of a Dockerfile, before anybody asks for an image.

use super::Dockerfile;
use crate::facts::Facts;
use crate::image::Platform;
use crate::options::Options;
use crate::plan::Error;
use crate::stage::{self, GlobalArgs, Platforms, SCRATCH, StageId};
use crate::text::Span;

/// The stages of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stages {
    /// Those of the file in its order, then an unnamed one for each image behind `COPY --from` or `--mount=from=`.
    pub list: Vec<Stage>,
    /// The place in the list of the one that is asked for.
    pub target: usize,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stage {
    /// The name after AS, in lower case.
    pub name: Option<String>,
    /// What it starts from.
    pub base: Base,
    /// The value of `--platform`.
    pub platform: Option<Platform>,
    /// The stages it takes files from, by place in the list.
    pub takes_from: Vec<usize>,
    /// Whether the target needs it. One that is not needed costs nothing: it is neither asked for nor run.
    pub is_needed: bool,
    /// Where its FROM names what it starts from, or where an instruction names the image.
    pub span: Span,
}

/// What a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base {
    /// No files.
    Scratch,
    /// Another stage, by place in the list.
    Stage(usize),
    /// An image, by the name in the file with variables expanded.
    Image(String),
    /// A named context of the options that takes the place of the stage or image of this name.
    Context(String),
}

/// Finds the stages, what they start from, and which of them a build runs.
///
/// ```
/// use multistage::{Base, Options};
///
/// let dockerfile = multistage::parse(
///     "ARG GO=1.21\nFROM golang:$GO AS build\nFROM alpine AS unused\nFROM scratch\nCOPY --from=build /app /\n",
/// );
/// let stages = multistage::stages(&dockerfile, &Options::new())?;
///
/// assert_eq!(stages.target, 2);
/// assert_eq!(stages.list[0].base, Base::Image("golang:1.21".to_owned()));
/// assert!(!stages.list[1].is_needed);
/// assert_eq!(stages.list[2].takes_from, [0]);
/// # Ok::<(), multistage::Error>(())
/// ```
///
/// # Errors
/// The first thing that is wrong: in the syntax, in a name, in the target, or a stage that needs itself.
pub fn stages(dockerfile: &Dockerfile, options: &Options) -> Result<Stages, Error> {
    let file = &dockerfile.file;
    if let Some(error) = file.diagnostics.first() {
        return Err(error.clone().into());
    }
    if file.stages.is_empty() {
        return Err(Error::new("no-stages", "dockerfile contains no stages to build"));
    }
    let platforms = Platforms::new(options, options.target_platforms.first());
    let mut facts = Facts::new();
    let mut args = GlobalArgs::predefined(&platforms, &options.build_args, &options.target);
    args.declare(file, &options.build_args, &mut facts)?;
    let mut found = stage::Stages::declare(file, options, &platforms, &args, &mut facts)?;
    let target = found.target(&options.target)?;
    found.link()?;
    let is_needed = found.reachable(target);
    let list = found.iter().map(|(id, stage)| of(stage, is_needed[id.index()])).collect();
    Ok(Stages { list, target: target.index() })
}

fn of(stage: &stage::Stage, is_needed: bool) -> Stage {
    let name = Some(&stage.name).filter(|name| !name.is_empty());
    let base = match (&stage.context, stage.base) {
        (Some(_), _) => Base::Context(name.unwrap_or(&stage.base_name).clone()),
        (None, Some(base)) => Base::Stage(base.index()),
        (None, None) if stage.base_name == SCRATCH => Base::Scratch,
        (None, None) => Base::Image(stage.base_name.clone()),
    };
    Stage {
        name: name.cloned(),
        base,
        platform: stage.platform.clone(),
        takes_from: stage.deps.keys().copied().map(StageId::index).collect(),
        is_needed,
        span: stage.named_at.word,
    }
}

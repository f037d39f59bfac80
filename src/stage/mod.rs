//! Stages: what each name means, and which stage needs which.
//!
//! In: typed instructions, options. Out: [`Stages`], a list in which every stage knows its base, the stages behind
//! `--from` and `--mount=from=`, and the names it uses. Images behind `--from` become stages of their own, without
//! a name ("implicit").
//! Nothing is asked here, so an image is only a name; see the room `plan` for that and for triggers of base images.

mod args;
mod declare;
mod graph;
mod names;
mod platforms;

pub use args::{GlobalArg, GlobalArgs};
pub use names::ContextName;
pub use platforms::Platforms;

use crate::facts::Facts;
use crate::image::Platform;
use crate::instruction::{File, Instruction, StageDecl};
use crate::options::Options;
use crate::text::{Diagnostic, Span};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::ops::Index;
use std::sync::Arc;

/// The base of a stage that starts with no files.
pub const SCRATCH: &str = "scratch";

/// A stage of a build, by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId(u32);

impl StageId {
    /// Returns the place in the list, counted from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn at(index: usize) -> StageId {
        StageId(u32::try_from(index).expect("a file of less than 4 GiB has fewer stages"))
    }
}

/// One stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its place among the FROM instructions of the file. `None`: it is implicit.
    pub decl: Option<usize>,
    /// The name after AS, in lower case; empty if it has none.
    pub name: String,
    /// How it is shown to users: its name, or `stage-N`; empty if it is the only one, or implicit.
    pub label: String,
    /// What it starts from, with variables expanded.
    pub base_name: String,
    /// The value of `--platform`.
    pub platform: Option<Platform>,
    /// The stage it starts from.
    pub base: Option<StageId>,
    /// The named context that takes its place.
    pub context: Option<ContextName>,
    /// The stages it takes files from, each with the place that says so last.
    pub deps: IndexMap<StageId, Mention>,
    /// Its instructions, in order; those that its base held back come first.
    pub commands: Vec<CommandPlan>,
    /// The number of its steps, as shown to users: `[builder 2/4]`.
    pub step_count: usize,
    /// How often triggers had brought in more stages before this one was needed. The reference counts a step each time.
    pub missed_rounds: usize,
    /// Whether its steps run even if the cache knows them.
    pub ignore_cache: bool,
    /// The FROM, or the COPY that names an image. `None`: it comes from a mount.
    pub span: Option<Span>,
    /// The instruction that it comes from, mounts included, and the word in it that names what it starts from.
    pub named_at: Mention,
}

/// Where a stage or an image is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The instruction, whole.
    pub lines: Span,
    /// The name.
    pub word: Span,
}

impl Stage {
    /// Gives an error about the stage its place. BuildKit is told of no lines if a mount names the stage.
    pub fn place(&self, mut error: Diagnostic) -> Diagnostic {
        error.span = self.named_at.word;
        error.ranges = vec![self.span.unwrap_or(Span::NOWHERE)];
        error
    }

    /// Tells whether no FROM of the file made it.
    pub fn is_implicit(&self) -> bool {
        self.decl.is_none()
    }
}

/// An instruction of a stage, and what its names mean.
#[derive(Clone, Debug)]
pub struct CommandPlan {
    at: Place,
    /// The stage behind `--from` of a COPY (none: the build context), or one for each `--mount` of a RUN.
    pub sources: Vec<StageId>,
    /// Whether its base held it back with ONBUILD.
    pub is_onbuild: bool,
}

/// Where an instruction lies.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the file: stage and instruction.
    File { stage: u32, instruction: u32 },
    /// Among the triggers.
    Trigger(u32),
}

impl Place {
    fn instruction<'a>(&self, file: &'a File, triggers: &'a [Instruction]) -> &'a Instruction {
        match *self {
            Place::File { stage, instruction } => {
                &file.stages[stage as usize].instructions[instruction as usize]
            }
            Place::Trigger(at) => &triggers[at as usize],
        }
    }
}

/// All stages of a build: those of the file, then the implicit ones.
#[derive(Clone, Debug)]
pub struct Stages {
    file: Arc<File>,
    triggers: Vec<Instruction>,
    list: Vec<Stage>,
    names: HashMap<String, StageId>,
}

impl Stages {
    /// Finds the stages of a file and what their names mean.
    ///
    /// # Errors
    /// The first thing that is wrong: a base name or platform that comes out empty or unreadable.
    pub fn declare(
        file: &Arc<File>,
        options: &Options,
        platforms: &Platforms,
        args: &GlobalArgs,
        facts: &mut Facts,
    ) -> Result<Stages, Diagnostic> {
        declare::stages(file, options, platforms, args, facts)
    }

    /// Returns the file that the stages come from.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Returns all stages in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (StageId, &Stage)> + DoubleEndedIterator {
        self.list.iter().enumerate().map(|(at, stage)| (StageId::at(at), stage))
    }

    /// Returns the ids of all stages in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = StageId> + DoubleEndedIterator + use<> {
        (0..self.list.len()).map(StageId::at)
    }

    /// Returns the number of stages.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Returns the FROM of a stage and the instructions below it; nothing for an implicit stage.
    pub fn decl(&self, id: StageId) -> Option<&StageDecl> {
        self[id].decl.map(|at| &self.file.stages[at])
    }

    /// Returns the instruction of a command.
    pub fn instruction(&self, command: &CommandPlan) -> &Instruction {
        command.at.instruction(&self.file, &self.triggers)
    }

    /// Returns the instructions of a stage, each with what its names mean.
    pub fn commands(&self, id: StageId) -> impl Iterator<Item = (&CommandPlan, &Instruction)> {
        self[id].commands.iter().map(|command| (command, self.instruction(command)))
    }

    /// Returns how the stages are shown to users, without those that show no name.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|stage| stage.label.as_str()).filter(|label| !label.is_empty())
    }

    /// Takes the instruction at a place out of its stage. Tells whether there was one.
    pub fn take_out(&mut self, place: Span) -> bool {
        let Stages { file, triggers, list, .. } = self;
        for stage in list {
            let count = stage.commands.len();
            stage
                .commands
                .retain(|command| !command.at.instruction(file, triggers).head.span.contains(place));
            if stage.commands.len() < count {
                return true;
            }
        }
        false
    }

    /// Changes a stage.
    pub(crate) fn get_mut(&mut self, id: StageId) -> &mut Stage {
        &mut self.list[id.index()]
    }

    fn add(&mut self, mut stage: Stage) -> StageId {
        let id = StageId::at(self.list.len());
        // A name that was not found among the stages so far is an image, even if a later stage has that name.
        stage.base = match stage.context {
            None => self.names.get(&stage.base_name).copied(),
            Some(_) => None,
        };
        if !stage.name.is_empty() {
            self.names.insert(stage.name.clone(), id);
        }
        self.list.push(stage);
        id
    }
}

impl Index<StageId> for Stages {
    type Output = Stage;

    fn index(&self, id: StageId) -> &Stage {
        &self.list[id.index()]
    }
}

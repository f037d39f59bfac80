//! The rooms in order: the table of contents of the program.
//!
//! In: options, and answers to questions. Out: for each target platform a graph and an image config, or the first
//! error; in both cases the warnings about what lies before it. Two drivers of one shape do the asking: an
//! [`Entry`](crate::plan::Entry) finds the Dockerfile and its context, and a [`Build`] for each platform does the rest.
//! What is done with a graph (making it fit the engine, marshaling, solving, drawing) is left to the edges.

mod mistakes;

pub use mistakes::loses_stage;

use crate::convert::{Converted, convert};
use crate::facts::Facts;
use crate::image::Platform;
use crate::instruction::{File, parse_file};
use crate::limits::{FILE_BYTES, STAGES};
use crate::lint::{self, Warning};
use crate::options::Options;
use crate::plan::{Answer, Error, Plan, Planner, Project, Question, Step};
use crate::syntax;
use crate::text::{Diagnostic, SourceFile};
use std::sync::Arc;

/// A Dockerfile that was read: what all builds of it share.
#[derive(Clone, Debug)]
pub struct Source {
    /// The Dockerfile as text, and its context.
    pub project: Arc<Project>,
    /// The Dockerfile as instructions. It may hold errors.
    pub file: Arc<File>,
    /// What is asked for.
    pub options: Arc<Options>,
    /// How the linter is set.
    pub lint: Arc<lint::Config>,
}

/// Which stages a build looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that the target needs.
    Target,
    /// All of the file. Such a build is for looking at, not for running.
    All,
}

/// What came of a build.
#[derive(Debug)]
pub struct Outcome {
    /// The graph and all that belongs to it, or the first error.
    pub built: Result<Built, Error>,
    /// The errors of the file beyond the first one, as far as they can be told without more questions. Nobody looks
    /// for them where all stages are looked at.
    pub more_errors: Vec<Diagnostic>,
    /// What was noticed, up to the first error and beyond.
    pub facts: Facts,
    /// What the linter has to say, up to the first error.
    pub warnings: Vec<Warning>,
}

/// A build that went well.
#[derive(Debug)]
pub struct Built {
    /// Stages, bases and contexts.
    pub plan: Plan,
    /// The graph and the image config.
    pub converted: Converted,
}

impl Source {
    /// Reads a Dockerfile. What is wrong in it is for a [`Build`] to tell.
    ///
    /// # Errors
    /// If it is empty, or the settings of the linter cannot be read.
    pub fn read(project: Project, options: Arc<Options>) -> Result<Source, Error> {
        let file = Arc::new(parse_file(syntax::parse(&project.sources.files()[0])));
        Source::of(project, file, options)
    }

    /// Takes the instructions of a Dockerfile that were read already.
    ///
    /// # Errors
    /// If it is empty, or the settings of the linter cannot be read.
    pub fn of(
        project: impl Into<Arc<Project>>,
        file: Arc<File>,
        options: Arc<Options>,
    ) -> Result<Source, Error> {
        let project = project.into();
        if project.sources.files()[0].data().is_empty() {
            return Err(Error::new("empty-file", "the Dockerfile cannot be empty"));
        }
        check_size(&project.sources.files()[0], &file)?;
        let invalid = |message| Error::new("invalid-check-option", message);
        let lint = match lint::option_config(&options).map_err(invalid)? {
            Some(config) => config,
            None => lint::file_config(&file).map_err(invalid)?,
        };
        Ok(Source { project, file, options, lint: Arc::new(lint) })
    }
}

/// Checks the limits of a file.
fn check_size(text: &SourceFile, file: &File) -> Result<(), Error> {
    if text.data().len() > FILE_BYTES {
        return Err(Error::new(
            "too-large",
            format!("the Dockerfile is larger than {} MiB", FILE_BYTES >> 20),
        ));
    }
    match file.stages.get(STAGES) {
        Some(stage) => {
            let message = format!("the Dockerfile has more than {STAGES} stages");
            Err(Diagnostic::error("too-many-stages", message, stage.head.span).into())
        }
        None => Ok(()),
    }
}

/// One build, for one target platform.
#[derive(Debug)]
pub struct Build {
    source: Source,
    planner: Planner,
    target: Option<Platform>,
    scope: Scope,
    lints: bool,
}

impl Build {
    /// Starts a build for `target`, or for the platform that steps run on.
    ///
    /// Of several builds of one source only one should lint, since all would say the same.
    pub fn new(source: &Source, target: Option<&Platform>, scope: Scope, lints: bool) -> Build {
        let Source { project, file, options, .. } = source;
        let (project, file, options) = (Arc::clone(project), Arc::clone(file), Arc::clone(options));
        let planner = Planner::new(project, file, options, target, scope == Scope::All);
        Build { source: source.clone(), planner, target: target.cloned(), scope, lints }
    }

    /// Takes in an answer.
    pub fn tell(&mut self, question: Question, answer: Answer) {
        self.planner.tell(question, answer);
    }

    /// Goes on as far as the answers allow.
    pub fn step(&mut self) -> Step<Outcome> {
        // The reference reads the whole file before it looks at anything else.
        if let Some(error) = self.source.file.diagnostics.first() {
            return Step::Done(self.failed_early(error.clone().into(), Facts::new()));
        }
        match self.planner.step() {
            Ok(Step::Ask(questions)) => Step::Ask(questions),
            Ok(Step::Done(plan)) => Step::Done(self.convert(plan)),
            Err(error) => {
                let facts = std::mem::take(&mut self.planner.facts);
                Step::Done(self.failed_early(error, facts))
            }
        }
    }

    fn convert(&mut self, plan: Plan) -> Outcome {
        let mut facts = std::mem::take(&mut self.planner.facts);
        let converted = match convert(&plan, &self.source.options, &self.source.project.sources, &mut facts) {
            Ok(converted) => converted,
            Err(error) => {
                let more = match self.scope {
                    Scope::Target => mistakes::of_conversion(&self.source, plan, &error),
                    Scope::All => Vec::new(),
                };
                return self.failed(error.into(), more, facts);
            }
        };
        let warnings = self.warnings(&facts);
        let built = match lint::violation(&warnings, &self.source.lint) {
            Some(message) => Err(Error::new("lint-violation", message)),
            // A text that is no UTF-8 fails when it is put on the wire.
            None => match converted.invalid_text.filter(|_| self.scope == Scope::Target) {
                Some(span) => {
                    let message = "failed to marshal LLB definition: string field contains invalid UTF-8";
                    let mut error = Error::new("invalid-utf8", message);
                    error.diagnostic.span = span;
                    Err(error)
                }
                None => Ok(Built { plan, converted }),
            },
        };
        Outcome { built, more_errors: Vec::new(), facts, warnings }
    }

    /// Ends a build that has no plan.
    fn failed_early(&self, error: Error, facts: Facts) -> Outcome {
        let more = match self.scope {
            Scope::Target => mistakes::of_plan(&self.source, self.target.as_ref(), &error),
            Scope::All => Vec::new(),
        };
        self.failed(error, more, facts)
    }

    fn failed(&self, error: Error, more_errors: Vec<Diagnostic>, mut facts: Facts) -> Outcome {
        facts.fail();
        Outcome { built: Err(error), more_errors, warnings: self.warnings(&facts), facts }
    }

    fn warnings(&self, facts: &Facts) -> Vec<Warning> {
        match self.lints {
            true => lint::check(&self.source.file, facts, &self.source.lint),
            false => Vec::new(),
        }
    }
}

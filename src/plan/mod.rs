//! The plan: asks the outside until nothing about a build is unknown.
//!
//! In: a parsed file, options, answers. Out: questions, and in the end a [`Plan`]: which stages are needed, what each
//! of them starts from, down to the digest of its image and its config, and where the files of every context come from.
//! Triggers of base images join the instructions of their stage here, since they may bring in more images.
//! No graph is built here; places of files are [`Recipe`]s for the room `convert`.

mod archive;
mod context;
mod entry;
mod epoch;
mod named;
mod planner;
mod question;
mod recipe;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use context::{Ignore, MainContext};
pub use entry::{Entry, Project};
pub use planner::Planner;
pub use question::{
    Answer, AskError, FileRequest, FilesQuestion, ImageQuestion, OciStore, Question, SourceMeta,
    SourceMetaQuestion,
};
pub use recipe::{Recipe, Root};

use crate::image::{Config, Platform};
use crate::stage::{GlobalArgs, Platforms, Stage, StageId, Stages};
use crate::text::{Diagnostic, Span};
use indexmap::IndexSet;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All there is to know before a graph can be built.
#[derive(Clone, Debug)]
pub struct Plan {
    /// All stages, also those that nobody needs.
    pub stages: Stages,
    /// The stage that is asked for.
    pub target: StageId,
    /// By stage: whether the target needs it.
    pub is_needed: Vec<bool>,
    /// By stage: what it starts from, unless that is another stage or nobody asked.
    pub bases: Vec<Option<Base>>,
    /// The stages to convert, in order. An image or context that stands for a whole stage is none of them.
    pub order: Vec<StageId>,
    /// Global build arguments.
    pub args: GlobalArgs,
    /// Build arguments given by options; `SOURCE_DATE_EPOCH` as a number, if it was the name of a source.
    pub build_args: BTreeMap<String, String>,
    /// The platforms of this build.
    pub platforms: Platforms,
    /// The time to give to files and images, in seconds since 1970.
    pub epoch: Option<i64>,
    /// The build context, with its ignore patterns.
    pub context: Recipe,
}

impl Plan {
    /// Returns what a stage starts from, unless that is another stage.
    pub fn base(&self, id: StageId) -> Option<&Base> {
        self.bases[id.index()].as_ref()
    }

    /// Tells whether other stages can take files from a stage before it is converted: it stands for an image or a
    /// context and has no instructions of its own.
    pub fn is_ready(&self, id: StageId) -> bool {
        let stage = &self.stages[id];
        stage.is_implicit() || (stage.context.is_some() && self.bases[id.index()].is_some())
    }

    /// Returns the ignore patterns of the build context; none if it is not local.
    pub fn ignore_patterns(&self) -> &[String] {
        self.context.as_local().map_or(&[], |local| &local.exclude_patterns)
    }
}

/// What a stage starts from, if that is no other stage.
#[derive(Clone, Debug)]
pub struct Base {
    /// Where the files come from.
    pub files: BaseFiles,
    /// What the stage is for. `None`: the target platform.
    pub platform: Option<Platform>,
    /// The image config to go on with, without its time and triggers.
    pub config: Arc<Config>,
    /// The config of the image as it was found; `None` if there is no image.
    pub image: Option<Arc<Config>>,
}

/// Where the files of a base come from.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each stage")]
pub enum BaseFiles {
    /// There are none: `FROM scratch`, or an image without layers.
    Empty,
    /// An image.
    Image {
        /// The full name, with a digest if one is known.
        reference: String,
        /// The name as written, with variables expanded.
        name: String,
    },
    /// A named context that takes the place of the stage or of the image.
    Context(Recipe),
}

/// Why there is no plan.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Error {
    /// What to tell people.
    pub diagnostic: Diagnostic,
    /// The status that the engine gave. On the wire it takes the place of the diagnostic's words, as it does when the
    /// reference fails.
    pub cause: Option<AskError>,
}

impl Error {
    /// Returns an error without a place.
    pub fn new(code: &'static str, message: impl Into<String>) -> Error {
        let mut diagnostic = Diagnostic::error(code, message, Span::default());
        diagnostic.ranges.clear();
        Error { diagnostic, cause: None }
    }

    /// Returns the error for a question that the engine could not answer.
    pub fn ask(cause: AskError) -> Error {
        Error { cause: Some(cause.clone()), ..Error::new("engine", cause.message) }
    }

    /// Puts words in front of the message.
    pub fn context(mut self, words: impl std::fmt::Display) -> Error {
        self.diagnostic.message = format!("{words}: {}", self.diagnostic.message);
        self
    }

    /// Sets the place to that of a stage.
    fn at_stage(mut self, stage: &Stage) -> Error {
        self.diagnostic = stage.place(self.diagnostic);
        self
    }

    /// Sets the place.
    fn at(mut self, span: Span) -> Error {
        self.diagnostic.span = span;
        self.diagnostic.ranges = vec![span];
        self
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Error {}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Error {
        Error { diagnostic, cause: None }
    }
}

/// What a driver has to do next.
#[derive(Debug)]
pub enum Step<T> {
    /// Answer these, in any order, and tell the answers. They do not depend on each other. A step with some of the
    /// answers is allowed: it may already be the last, and else it asks for the rest again.
    Ask(Vec<Question>),
    /// Nothing.
    Done(T),
}

/// What is known so far, and what has to be asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk {
    answers: HashMap<Question, Answer>,
    wanted: IndexSet<Question>,
}

impl Desk {
    /// Returns the answer to a question, or takes it down to be asked.
    fn ask(&mut self, question: &Question) -> Option<&Answer> {
        if !self.answers.contains_key(question) {
            self.wanted.insert(question.clone());
            return None;
        }
        self.answers.get(question)
    }

    fn tell(&mut self, question: Question, answer: Answer) {
        self.answers.insert(question, answer);
    }

    fn take_wanted(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.wanted).into_iter().collect()
    }
}

/// An answer that does not fit its question: a bug of the edge, not of the user.
fn misfit(answer: &Answer) -> Error {
    match answer {
        Answer::Failed(cause) => Error::ask(cause.clone()),
        _ => Error::new("internal", "internal error: the answer does not fit the question"),
    }
}

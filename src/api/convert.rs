//! From a Dockerfile to a graph.

use super::Dockerfile;
use super::check::diagnostic;
use crate::image::{Config, Platform};
use crate::llb::{self, CapSet, Definition, Edge, Graph, MarshalOptions, SourceText};
use crate::options::Options;
use crate::pipeline::{Build, Outcome, Scope, Source};
use crate::plan::{Answer, Entry, Error, Project, Question, Step};
use crate::text::Diagnostic;
use std::sync::Arc;

/// The language of the file, as GitHub calls it.
const LANGUAGE: &str = "Dockerfile";

/// A Dockerfile as a graph of build steps, and the config of the image that they make.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Converted {
    /// The steps, written for the newest engine; see [`Converted::legalize`].
    pub graph: Graph,
    /// The files of the result; `None` if there are none.
    pub root: Option<Edge>,
    /// The config of the result. The engine adds the layers to it.
    pub image: Config,
    /// What the result is for.
    pub platform: Platform,
    /// What a build would warn of.
    pub warnings: Vec<Diagnostic>,
    project: Arc<Project>,
}

impl Converted {
    /// Turns the graph into the bytes that an engine takes: `buildctl build < definition`.
    ///
    /// ```
    /// use multistage::{Options, llb::Definition};
    ///
    /// let dockerfile = multistage::parse("FROM scratch\nCOPY app /\n");
    /// let converted = multistage::convert(&dockerfile, &Options::new(), |question| question.unanswered())?;
    ///
    /// let definition = converted.marshal()?;
    /// let bytes = definition.encode();
    /// assert_eq!(Definition::decode(&bytes)?, definition);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the graph was changed, and not well.
    pub fn marshal(&self) -> Result<Definition, llb::Error> {
        let Project { sources, definition, .. } = &*self.project;
        let text = SourceText { map: sources, language: LANGUAGE, definition: Some(definition) };
        let options = MarshalOptions { source: Some(text), ..MarshalOptions::new(&self.platform) };
        let definition = self.graph.marshal(self.root, &options)?;
        self.graph.prove(&definition);
        Ok(definition)
    }

    /// Rewrites the graph for an engine that lacks some of the newest features.
    ///
    /// # Errors
    /// If the engine lacks what a step cannot do without.
    pub fn legalize(&mut self, engine: &CapSet) -> Result<(), llb::Error> {
        self.graph.legalize(self.root, engine, &self.platform)
    }
}

/// Converts a Dockerfile, and calls `answer` for what only the outside knows.
///
/// ```
/// use multistage::{Options, Question};
///
/// let dockerfile = multistage::parse("FROM alpine\nARG VERSION\nRUN make VERSION=$VERSION\nCMD [\"sh\"]\n");
/// let options = Options::of([("build-arg:VERSION", "2"), ("platform", "linux/arm64")])?;
///
/// let converted = multistage::convert(&dockerfile, &options, |question| match question {
///     Question::ImageConfig(image) => {
///         assert_eq!(image.reference, "docker.io/library/alpine:latest");
///         image.found("", r#"{"os": "linux", "architecture": "arm64", "config": {"Env": ["PATH=/bin"]},
///                            "rootfs": {"type": "layers", "diff_ids": ["sha256:0"]}}"#)
///     }
///     other => other.unanswered(),
/// })?;
///
/// assert_eq!(converted.image.config.cmd, ["sh"]);
/// assert!(converted.graph.dump(converted.root)?.contains("make VERSION=$VERSION"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The first thing that is wrong, as a build would tell it. [`check`](crate::check) tells all.
pub fn convert(
    dockerfile: &Dockerfile,
    options: &Options,
    mut answer: impl FnMut(&Question) -> Answer,
) -> Result<Converted, Error> {
    let mut converter = Converter::new(dockerfile, options);
    loop {
        match converter.step()? {
            Step::Done(converted) => return Ok(converted),
            Step::Ask(questions) => {
                for question in questions {
                    let answer = answer(&question);
                    converter.tell(question, answer);
                }
            }
        }
    }
}

/// A conversion that stops wherever somebody must be asked: for programs that ask side by side, or later.
///
/// ```
/// use multistage::{Converter, Options, Step};
///
/// let dockerfile = multistage::parse("FROM scratch\nCOPY app /\n");
/// let mut converter = Converter::new(&dockerfile, &Options::new());
/// let converted = loop {
///     match converter.step()? {
///         Step::Ask(questions) => {
///             for question in questions {
///                 let answer = question.unanswered(); // or wait for an answer here
///                 converter.tell(question, answer);
///             }
///         }
///         Step::Done(converted) => break converted,
///     }
/// };
/// assert!(converted.root.is_some());
/// # Ok::<(), multistage::Error>(())
/// ```
#[derive(Debug)]
pub struct Converter {
    dockerfile: Dockerfile,
    options: Arc<Options>,
    platform: Option<Platform>,
    state: State,
}

#[derive(Debug)]
enum State {
    Entry(Box<Entry>),
    Build(Box<Build>, Arc<Project>),
    Done,
}

impl Converter {
    /// Starts a conversion. Of several target platforms it is for the first one; see [`Converter::on`].
    pub fn new(dockerfile: &Dockerfile, options: &Options) -> Converter {
        let options = Arc::new(options.clone());
        let entry = Entry::holding(Arc::clone(&options), dockerfile.sources.files()[0].data());
        Converter {
            dockerfile: dockerfile.clone(),
            platform: options.target_platforms.first().cloned(),
            options,
            state: State::Entry(Box::new(entry)),
        }
    }

    /// Sets the platform to convert for.
    pub fn on(self, platform: Platform) -> Converter {
        Converter { platform: Some(platform), ..self }
    }

    /// Takes in an answer.
    pub fn tell(&mut self, question: Question, answer: Answer) {
        match &mut self.state {
            State::Entry(entry) => entry.tell(question, answer),
            State::Build(build, _) => build.tell(question, answer),
            State::Done => {}
        }
    }

    /// Goes on as far as the answers allow.
    ///
    /// # Errors
    /// The first thing that is wrong. After an error, and after the end, there are no more steps.
    pub fn step(&mut self) -> Result<Step<Converted>, Error> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Entry(mut entry) => match entry.step()? {
                    Step::Ask(questions) => {
                        self.state = State::Entry(entry);
                        return Ok(Step::Ask(questions));
                    }
                    Step::Done(project) => {
                        let (file, options) = (Arc::clone(&self.dockerfile.file), Arc::clone(&self.options));
                        let source = Source::of(project, file, options)?;
                        let build = Build::new(&source, self.platform.as_ref(), Scope::Target, true);
                        self.state = State::Build(Box::new(build), source.project);
                    }
                },
                State::Build(mut build, project) => {
                    return match build.step() {
                        Step::Ask(questions) => {
                            self.state = State::Build(build, project);
                            Ok(Step::Ask(questions))
                        }
                        Step::Done(outcome) => finish(outcome, project).map(Step::Done),
                    };
                }
                State::Done => {
                    return Err(Error::new("internal", "internal error: a conversion goes on after its end"));
                }
            }
        }
    }
}

fn finish(outcome: Outcome, project: Arc<Project>) -> Result<Converted, Error> {
    let built = outcome.built?;
    let warnings = outcome.warnings.into_iter();
    Ok(Converted {
        graph: built.converted.graph,
        root: built.converted.root,
        image: built.converted.image,
        platform: built.plan.platforms.target,
        warnings: warnings.map(|warning| diagnostic(warning, &project.sources)).collect(),
        project,
    })
}

//! One run: from the engine's first word to ours last.
//!
//! In: the environment and the connection. Out: Return was called, with a result or with an error. What is done in
//! between is in `build` for builds and in `subrequest` for questions about a Dockerfile.

use super::answer::Answers;
use super::build;
use super::caps;
use super::client::Client;
use super::error::Error;
use super::forward;
use super::grpc::Channel;
use super::options::Environment;

use super::subrequest;
use crate::image::Platform;
use crate::lint;
use crate::options::Options;
use crate::pb::gateway as gw;
use crate::pb::ops;
use crate::pipeline::{Build, Outcome, Source};
use crate::plan::{self, Answer, Entry, Project, Question, Step};
use futures_util::StreamExt;
use std::sync::Arc;

/// The language of the file, as GitHub calls it.
pub(super) const LANGUAGE: &str = "Dockerfile";

/// Runs a build, or whatever else is asked for, and tells the engine what came of it.
///
/// # Errors
/// If the engine cannot be told.
pub(super) async fn run(channel: Channel, environment: Environment) -> Result<(), Error> {
    let client = match Client::greet_or_tell(channel, &environment.product).await {
        Ok(client) => client,
        Err(told) => return told,
    };
    let outcome = serve(&client, environment).await;
    client.end(outcome).await
}

/// Does what is asked for.
async fn serve(client: &Client, environment: Environment) -> Result<gw::Result, Error> {
    caps::require_file_ops(client.llb(), &environment.product).map_err(Error::new)?;
    let options = Arc::new(options(environment)?);
    let missing = options.missing_capability.as_ref();
    let unsupported = missing.map(|missing| Error::unsupported_frontend_cap(&missing.name));
    if let (Some(error), Some(false)) = (&unsupported, missing.map(|missing| missing.may_forward)) {
        return Err(error.clone());
    }

    let answers = Answers::new(client.clone());
    let project = drive(Entry::new(options.clone()), &answers).await.map_err(|error| failure(error, None))?;
    let info = source_info(&project);
    if let Some(other) = forward::other(&options, &info.data) {
        let result = forward::run(client, &other, &options).await;
        return result.map_err(|error| match other.line {
            Some(line) if !error.has_place() => error.at(&info, &[whole_line(line)]),
            _ => error,
        });
    }
    if let Some(error) = unsupported {
        return Err(error);
    }
    let request = options.request_id.as_deref().map(subrequest::parse).transpose()?;
    if let Some(answer) = request.and_then(subrequest::without_file) {
        return Ok(answer);
    }
    let sources = project.sources.clone();
    let source = match (Source::read(project, options), request) {
        (Ok(source), _) => source,
        (Err(error), Some(request)) => return subrequest::of_unreadable(request, error, &sources, &info),
        (Err(error), None) => return Err(failure(error, None)),
    };
    let run = Run { client: client.clone(), answers, source, info };
    match request {
        Some(request) => subrequest::run(&run, request).await,
        None => build::run(&run).await,
    }
}

/// Reads the options, and all that the reference reads before the Dockerfile.
fn options(environment: Environment) -> Result<Options, Error> {
    let workers = [environment.platforms];
    let options = Options::from_map(&environment.options, &workers, &Platform::host());
    let options = options.map_err(|wrong| Error::new(wrong.to_string()))?;
    lint::option_config(&options).map_err(Error::new)?;
    Ok(Options { session_id: environment.session_id, ..options })
}

/// What all that is done with a Dockerfile has in common.
pub(super) struct Run {
    pub client: Client,
    pub answers: Answers,
    pub source: Source,
    /// The Dockerfile as errors and warnings show it.
    pub info: ops::SourceInfo,
}

impl Run {
    /// Turns an error of the core into one for the engine, with its place in the Dockerfile.
    pub(super) fn failure(&self, error: plan::Error) -> Error {
        failure(error, Some(self))
    }

    /// Drives a build to its end.
    pub(super) async fn drive(&self, build: Build) -> Outcome {
        match drive(build, &self.answers).await {
            Ok(outcome) => outcome,
            Err(never) => match never {},
        }
    }
}

/// Turns an error of the core into one for the engine. If the engine has caused it, its own words go back.
pub(super) fn failure(error: plan::Error, run: Option<&Run>) -> Error {
    let ranges = error.diagnostic.ranges.clone();
    let failed = Error::from(error);
    match run {
        Some(run) => failed.at_all(&run.info, &run.source.project.sources, &ranges),
        None => failed,
    }
}

fn source_info(project: &Project) -> ops::SourceInfo {
    let file = &project.sources.files()[0];
    ops::SourceInfo {
        filename: file.name().to_owned(),
        data: file.data().to_vec(),
        definition: Some(project.definition.to_pb()),
        language: LANGUAGE.to_owned(),
    }
}

fn whole_line(line: u32) -> ops::Range {
    let position = Some(ops::Position { line: line as i32, character: 0 });
    ops::Range { start: position, end: position }
}

/// Something that asks questions until it is done.
trait Asks {
    type Outcome;
    type Error;
    fn step(&mut self) -> Result<Step<Self::Outcome>, Self::Error>;
    fn tell(&mut self, question: Question, answer: Answer);
}

impl Asks for Entry {
    type Outcome = Project;
    type Error = plan::Error;

    fn step(&mut self) -> Result<Step<Project>, plan::Error> {
        Entry::step(self)
    }

    fn tell(&mut self, question: Question, answer: Answer) {
        Entry::tell(self, question, answer);
    }
}

impl Asks for Build {
    type Outcome = Outcome;
    type Error = std::convert::Infallible;

    fn step(&mut self) -> Result<Step<Outcome>, Self::Error> {
        Ok(Build::step(self))
    }

    fn tell(&mut self, question: Question, answer: Answer) {
        Build::tell(self, question, answer);
    }
}

/// Answers all questions until there are none.
///
/// Files take two calls, one after the other, where all else takes one. When only files are still unknown, whatever
/// asked may know already that it fails: then nobody waits for them. So a build that fails at an image takes no more
/// round trips than one that asks for the ignore file after the images, and any other takes one less.
async fn drive<A: Asks>(mut asks: A, answers: &Answers) -> Result<A::Outcome, A::Error> {
    loop {
        let questions = match asks.step()? {
            Step::Done(outcome) => return Ok(outcome),
            Step::Ask(questions) => questions,
        };
        let is_file = |question: &Question| matches!(question, Question::Files(_));
        let mut others = questions.iter().filter(|question| !is_file(question)).count();
        let mut asked = answers.all(questions);
        while let Some((question, answer)) = asked.next().await {
            let is_other = !is_file(&question);
            asks.tell(question, answer);
            others -= usize::from(is_other);
            if is_other
                && others == 0
                && !asked.is_empty()
                && let Step::Done(outcome) = asks.step()?
            {
                return Ok(outcome);
            }
        }
    }
}

//! One run: from the engine's first word to ours last.
//!
//! In: the environment and the connection. Out: Return was called, with a result or with an error.

use super::answer::Answers;
use super::caps;
use super::client::Client;
use super::error::Error;
use super::forward;
use super::options::Environment;
use super::result;
use super::stdio::Channel;
use crate::image::Platform;
use crate::options::Options;
use crate::pb::gateway as gw;
use crate::pb::ops;
use crate::plan::{self, Answer, Entry, Project, Question, Step};
use crate::text::SourceMap;
use std::sync::Arc;

/// The language of the file, as GitHub calls it.
const LANGUAGE: &str = "Dockerfile";

/// Runs a build, or whatever else is asked for, and tells the engine what came of it.
///
/// # Errors
/// If the engine cannot be told.
pub(super) async fn run(channel: Channel) -> Result<(), Error> {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let environment = Environment::read(std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))));
    let client = Client::greet(channel, &environment.product).await?;
    let outcome = build(&client, &environment).await;
    let outcome = outcome.map(|result| result::in_format(result, client.protocol().has(caps::REF_ARRAY)));
    client.end(outcome).await
}

async fn build(client: &Client, environment: &Environment) -> Result<gw::Result, Error> {
    caps::require_file_ops(client.llb(), &environment.product).map_err(Error::new)?;
    let options = Arc::new(options(environment)?);
    let missing =
        options.missing_capability.as_ref().map(|missing| Error::unsupported_frontend_cap(&missing.name));
    if let Some(missing) = &options.missing_capability
        && !missing.may_forward
    {
        return Err(Error::unsupported_frontend_cap(&missing.name));
    }

    let answers = Answers::new(client.clone());
    let project = drive(Entry::new(options.clone()), &answers).await.map_err(|error| failure(error, None))?;
    let dockerfile = Dockerfile::of(&project);
    if let Some(other) = forward::other(&options, dockerfile.sources.files()[0].data()) {
        let result = forward::run(client, &other, &options).await;
        return result.map_err(|error| match other.line {
            Some(line) if !error.has_place() => error.at(&dockerfile.info, &[whole_line(line)]),
            _ => error,
        });
    }
    if let Some(missing) = missing {
        return Err(missing);
    }
    Err(Error::new("no room of the pipeline is connected yet"))
}

fn options(environment: &Environment) -> Result<Options, Error> {
    let workers = [environment.platforms.clone()];
    let options = Options::from_map(&environment.options, &workers, &Platform::host());
    let options = options.map_err(|wrong| Error::new(wrong.to_string()))?;
    Ok(Options { session_id: environment.session_id.clone(), ..options })
}

/// Something that asks questions until it is done.
trait Asks {
    type Outcome;
    fn step(&mut self) -> Result<Step<Self::Outcome>, plan::Error>;
    fn tell(&mut self, question: Question, answer: Answer);
}

impl Asks for Entry {
    type Outcome = Project;

    fn step(&mut self) -> Result<Step<Project>, plan::Error> {
        Entry::step(self)
    }

    fn tell(&mut self, question: Question, answer: Answer) {
        Entry::tell(self, question, answer);
    }
}

/// Answers all questions until there are none.
async fn drive<A: Asks>(mut asks: A, answers: &Answers) -> Result<A::Outcome, plan::Error> {
    loop {
        match asks.step()? {
            Step::Done(outcome) => return Ok(outcome),
            Step::Ask(questions) => {
                for (question, answer) in answers.all(questions).await {
                    asks.tell(question, answer);
                }
            }
        }
    }
}

/// The file that errors and warnings point into.
struct Dockerfile {
    sources: SourceMap,
    info: ops::SourceInfo,
}

impl Dockerfile {
    fn of(project: &Project) -> Dockerfile {
        let file = &project.sources.files()[0];
        let info = ops::SourceInfo {
            filename: file.name().to_owned(),
            data: file.data().to_vec(),
            definition: Some(project.definition.to_pb()),
            language: LANGUAGE.to_owned(),
        };
        Dockerfile { sources: project.sources.clone(), info }
    }
}

/// Turns an error of the core into one for the engine. If the engine has caused it, its own words go back.
fn failure(error: plan::Error, dockerfile: Option<&Dockerfile>) -> Error {
    let found = &error.diagnostic;
    let failed = match error.cause {
        Some(cause) => Error::from(cause),
        None => Error::new(&found.message),
    };
    match dockerfile {
        Some(file) => failed.at_all(&file.info, &file.sources, &found.ranges),
        None => failed,
    }
}

fn whole_line(line: u32) -> ops::Range {
    let position = Some(ops::Position { line: line as i32, character: 0 });
    ops::Range { start: position, end: position }
}

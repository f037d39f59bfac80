//! One run: from the engine's first word to ours last.
//!
//! In: the environment and the connection. Out: Return was called, with a result or with an error.

use super::answer::Answers;
use super::caps;
use super::client::{self, Client, Solve};
use super::error::Error;
use super::forward;
use super::options::Environment;
use super::result::{self, Built};
use super::stdio::Channel;
use crate::convert;
use crate::facts::Facts;
use crate::image::Platform;
use crate::instruction::{self, File};
use crate::llb::{self, Edge, Graph, MarshalOptions, SourceText};
use crate::options::{CacheImport, Options};
use crate::pb::gateway as gw;
use crate::pb::ops;
use crate::plan::{self, Answer, Entry, Plan, Planner, Project, Question, Step};
use crate::syntax;
use crate::text::SourceMap;
use std::sync::Arc;
use tokio::task::JoinSet;

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
    let file = Arc::new(instruction::parse_file(syntax::parse(&project.sources.files()[0])));
    if let Some(found) = file.diagnostics.first() {
        return Err(Error::of_diagnostic(found, &dockerfile.sources, &dockerfile.info));
    }
    let run = Arc::new(Run {
        client: client.clone(),
        answers,
        options,
        project: Arc::new(project),
        file,
        dockerfile,
    });
    let targets = &run.options.target_platforms;
    let targets: Vec<_> =
        if targets.is_empty() { vec![None] } else { targets.iter().cloned().map(Some).collect() };
    let mut building = JoinSet::new();
    for (place, target) in targets.into_iter().enumerate() {
        let run = run.clone();
        building.spawn(async move { (place, run.platform(target).await) });
    }
    let mut built = building.join_all().await;
    built.sort_by_key(|(place, _)| *place);
    let built = built.into_iter().map(|(_, built)| built).collect::<Result<Vec<_>, Error>>()?;
    Ok(result::of_build(built, run.options.is_multi_platform))
}

/// What the builds of all platforms share.
struct Run {
    client: Client,
    answers: Answers,
    options: Arc<Options>,
    project: Arc<Project>,
    file: Arc<File>,
    dockerfile: Dockerfile,
}

impl Run {
    /// Builds for one platform.
    async fn platform(&self, target: Option<Platform>) -> Result<Built, Error> {
        let planner = Planner::new(
            self.project.clone(),
            self.file.clone(),
            self.options.clone(),
            target.as_ref(),
            false,
        );
        let fail = |error| failure(error, Some(&self.dockerfile));
        let plan = drive(planner, &self.answers).await.map_err(fail)?;
        let mut facts = Facts::new();
        let mut built =
            convert::convert(&plan, &self.options, &mut facts).map_err(|found| fail(found.into()))?;
        if built.invalid_text.is_some() {
            return Err(Error::new("failed to marshal LLB definition: string field contains invalid UTF-8"));
        }
        let reference = self.solve(&mut built.graph, built.root, &plan.platforms.target).await?;
        Ok(Built {
            platform: target.unwrap_or_else(|| self.options.host.clone()),
            reference,
            image: built.image,
            base: built.base_image,
            epoch: plan.epoch,
            attestations: Vec::new(),
        })
    }

    /// Hands the graph to the engine and returns its handle for the result.
    async fn solve(
        &self,
        graph: &mut Graph,
        root: Option<Edge>,
        platform: &Platform,
    ) -> Result<String, Error> {
        let fail = |error: llb::Error| match error.reason {
            llb::Reason::Unsupported(_) => Error::new(error.to_string()),
            _ => Error::new(format!("failed to marshal LLB definition: {error}")),
        };
        graph.legalize(root, self.client.llb(), platform).map_err(fail)?;
        let text = SourceText {
            map: &self.dockerfile.sources,
            language: LANGUAGE,
            definition: Some(&self.project.definition),
        };
        let options = MarshalOptions { source: Some(text), ..MarshalOptions::new(platform) };
        let definition = graph.marshal(root, &options).map_err(fail)?;
        let cache_imports = self.options.cache_imports.iter().map(cache_import).collect();
        let solve = Solve { definition: Some(definition.into_pb()), cache_imports, ..Default::default() };
        let result = self.client.solve(solve).await?;
        Ok(client::ids(&result).first().copied().unwrap_or_default().to_owned())
    }
}

fn cache_import(import: &CacheImport) -> gw::CacheOptionsEntry {
    gw::CacheOptionsEntry { r#type: import.kind.clone(), attrs: import.attrs.clone() }
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

impl Asks for Planner {
    type Outcome = Plan;

    fn step(&mut self) -> Result<Step<Plan>, plan::Error> {
        Planner::step(self)
    }

    fn tell(&mut self, question: Question, answer: Answer) {
        Planner::tell(self, question, answer);
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

//! Frontends for other languages.
//!
//! In: a function from an [`Engine`] to an [`Image`]. Out: a program that an engine starts, with all that belongs to
//! that: the handshake, old engines, panics, the end. `examples/llb_frontend.rs` is such a program.

use super::answer::Answers;
use super::client::{Client, Solve, ids};
use super::error::Error;
use super::grpc::Channel;
use super::options::Environment;
use super::result::{self, Built};
use crate::image::{Config, Platform};
use crate::llb::{CapSet, Definition};
use crate::plan::{Answer, Question};
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::future::Future;
use std::process::ExitCode;
use std::rc::Rc;

/// The engine that started this program.
#[derive(Clone)]
pub struct Engine {
    client: Client,
    answers: Rc<Answers>,
    environment: Rc<Environment>,
}

/// Files that the engine has, or will have once somebody looks at them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree(String);

/// What a frontend makes: files, and how a container runs them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Image {
    /// The files.
    pub tree: Tree,
    /// The config, without layers: those are added by the engine.
    pub config: Config,
    /// What the image is for.
    pub platform: Platform,
}

impl Image {
    /// Returns an image of a tree.
    pub fn new(tree: Tree, config: Config, platform: Platform) -> Image {
        Image { tree, config, platform }
    }
}

/// Runs a frontend, and then ends the process: the whole of a `main`.
///
/// Everything happens on one thread, and nothing but the engine is waited for, so no async runtime is needed. Futures
/// that wait for something else, such as a timer, never wake up here.
///
/// ```no_run
/// use multistage::gateway::{self, Engine, Error, Image};
/// use multistage::image::Config;
/// use multistage::llb::{Graph, MarshalOptions, Meta, op};
///
/// async fn build(engine: Engine) -> Result<Image, Error> {
///     let platform = engine.platform();
///     let mut graph = Graph::new();
///     let image = op::Image { reference: "docker.io/library/alpine:latest".to_owned(), ..Default::default() };
///     let root = graph.add(image, Meta::named("the base"));
///     let definition = graph.marshal(Some(root.into()), &MarshalOptions::new(&platform))?;
///     let tree = engine.solve(definition).await?;
///     Ok(Image::new(tree, Config::empty(&platform), platform))
/// }
///
/// fn main() -> std::process::ExitCode {
///     gateway::serve(build)
/// }
/// ```
pub fn serve<F>(frontend: impl FnOnce(Engine) -> F) -> ExitCode
where
    F: Future<Output = Result<Image, Error>>,
{
    super::run_on_stdio(|channel| run(channel, frontend))
}

async fn run<F>(channel: Channel, frontend: impl FnOnce(Engine) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<Image, Error>>,
{
    let environment = Environment::of_process();
    let client = match Client::greet_or_tell(channel, &environment.product).await {
        Ok(client) => client,
        Err(told) => return told,
    };
    let answers = Rc::new(Answers::new(client.clone()));
    let engine = Engine { client: client.clone(), answers, environment: Rc::new(environment) };
    let outcome = frontend(engine).await;
    let built = outcome.map(|image| Built {
        platform: image.platform,
        reference: image.tree.0,
        image: image.config,
        base: None,
        epoch: None,
        attestations: Vec::new(),
    });
    client.end(built.map(|built| result::of_build(vec![built], false))).await
}

impl Engine {
    /// Returns what the user asks for, by the names that BuildKit gives it: `filename`, `target`, `build-arg:NAME` and
    /// so on. [`Options::of`](crate::Options::of) reads it.
    pub fn options(&self) -> &BTreeMap<String, String> {
        &self.environment.options
    }

    /// Returns the session of the client, which its local folders belong to.
    pub fn session_id(&self) -> &str {
        &self.environment.session_id
    }

    /// Returns the platform that steps run on.
    pub fn platform(&self) -> Platform {
        self.environment.platforms.first().cloned().unwrap_or_else(Platform::host)
    }

    /// Returns what the engine can do, for [`Graph::legalize`](crate::llb::Graph::legalize).
    pub fn capabilities(&self) -> &CapSet {
        self.client.llb()
    }

    /// Hands a graph to the engine. It runs when somebody looks at the files.
    ///
    /// # Errors
    /// If a step needs what the engine lacks, or in the engine's words.
    pub async fn solve(&self, graph: Definition) -> Result<Tree, Error> {
        let solve = Solve { definition: Some(graph.into_pb()), ..Solve::default() };
        let result = self.client.solve(solve).await?;
        Ok(Tree(ids(&result).first().copied().unwrap_or_default().to_owned()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it is not there, or the step that makes it fails.
    pub async fn read_file(&self, tree: &Tree, path: &str) -> Result<Vec<u8>, Error> {
        self.client.read_file(&tree.0, path, None).await
    }

    /// Answers what a [`Converter`](crate::Converter) asks, side by side, and each question once.
    pub async fn answer(&self, questions: Vec<Question>) -> Vec<(Question, Answer)> {
        self.answers.all(questions).collect().await
    }
}

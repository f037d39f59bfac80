//! What `llb`, `graph` and `explain` have in common: a build that is planned and converted, but not run.

use super::answer::{self, Answers, Local, read_limited};
use super::args::BuildArgs;
use super::check::{Finding, Judged};
use super::images::Images;
use super::output::{Failure, Output};
use super::render;
use crate::image::{Platform, Reference};
use crate::llb::{Definition, MarshalOptions, SourceText};
use crate::options::{MainContext, Options};
use crate::pipeline::{Build, Built, Scope, Source};
use crate::plan::{Entry, Error};
use crate::text::SourceMap;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A build that went well.
pub(super) struct Ready {
    /// The Dockerfile.
    pub source: Source,
    /// The stages and the graph.
    pub built: Built,
}

impl Ready {
    /// Marshals the graph as an engine would get it.
    pub(super) fn definition(&self) -> Result<Definition, Failure> {
        let Ready { source, built } = self;
        let project = &source.project;
        let definition = Some(&*project.definition);
        let text = SourceText { map: &project.sources, language: "Dockerfile", definition };
        let options =
            MarshalOptions { source: Some(text), ..MarshalOptions::new(&built.plan.platforms.target) };
        let graph = &built.converted.graph;
        let definition = graph
            .marshal(built.converted.root, &options)
            .map_err(|error| Failure::new(format!("failed to marshal LLB definition: {error}")))?;
        graph.prove(&definition);
        Ok(definition)
    }
}

/// Plans and converts what the arguments ask for. Images that nobody described are told on standard error.
pub(super) fn run(args: &BuildArgs, output: &mut Output) -> Result<Ready, Failure> {
    attempt(args, output, true)
}

/// Does the same for a build that is compared with another, whose images were told.
pub(super) fn run_again(args: &BuildArgs, output: &mut Output) -> Result<Ready, Failure> {
    attempt(args, output, false)
}

fn attempt(args: &BuildArgs, output: &mut Output, tells_guesses: bool) -> Result<Ready, Failure> {
    let mut locals = BTreeMap::new();
    let options = Arc::new(options(args, &mut locals)?);
    let mut images = Images::default();
    for path in &args.images {
        images.read_all(path).map_err(Failure::new)?;
    }
    for given in &args.image {
        images.read_one(given).map_err(Failure::new)?;
    }
    let mut answers = Answers { locals, images: Some(&images), ..Answers::default() };

    let target = match &options.target_platforms[..] {
        [] => None,
        [one] => Some(one.clone()),
        _ => {
            return Err(
                Failure::new("several platforms are asked for").hint("name one: each has a graph of its own")
            );
        }
    };
    let entry = answer::project(Entry::new(Arc::clone(&options)), &mut answers);
    let project = entry.map_err(|error| Failure::new(error.diagnostic.message))?;
    let name = args.file.clone().unwrap_or_else(|| args.context.join("Dockerfile"));
    let name = name.strip_prefix(".").unwrap_or(&name).display().to_string();
    let sources = SourceMap::of(name, project.sources.files()[0].data());
    let source =
        Source::read(project, Arc::clone(&options)).map_err(|error| show(error, &sources, output))?;
    let build = Build::new(&source, target.as_ref(), Scope::Target, false);
    let outcome = answer::outcome(build, &mut answers);
    let familiar = |reference: &String| {
        Reference::parse_normalized(reference).map_or(reference.clone(), |name| name.familiar())
    };
    let guessed: Vec<String> = answers.guessed.iter().map(familiar).collect();
    if let Some(first) = guessed.first().filter(|_| tells_guesses) {
        output.note(&format!(
            "taken for plain images, as nothing is known of them: {} (tell more with --image {first}=config.json)",
            guessed.join(", ")
        ));
    }
    let built = outcome.built.map_err(|error| show(error, &sources, output))?;
    Ok(Ready { source, built })
}

/// Shows an error with its place, and returns the failure that ends the command.
fn show(error: Error, sources: &SourceMap, output: &mut Output) -> Failure {
    let diagnostic = error.diagnostic;
    if diagnostic.ranges.is_empty() {
        return Failure::new(diagnostic.message);
    }
    let finding = Finding { diagnostic, warning: None, fix: None };
    let judged = Judged { sources: sources.clone(), findings: Vec::new(), other: None };
    let text = render::finding(&output.error_canvas(), &judged, &finding);
    Failure::Drawn(text)
}

fn options(args: &BuildArgs, locals: &mut BTreeMap<String, Local>) -> Result<Options, Failure> {
    let mut map = BTreeMap::new();
    let context = Local { folder: Some(args.context.clone()), files: BTreeMap::new() };
    locals.insert(MainContext::LOCAL_NAME.to_owned(), context);
    let (folder, filename) = match &args.file {
        None => (args.context.clone(), "Dockerfile".to_owned()),
        Some(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let name = path.file_name().map_or("Dockerfile".into(), |name| name.to_string_lossy());
            (folder.map_or(PathBuf::from("."), Path::to_owned), name.into_owned())
        }
    };
    let mut dockerfile = Local { folder: Some(folder.clone()), files: BTreeMap::new() };
    if filename == "-" {
        let mut data = Vec::new();
        let read = std::io::stdin().lock().take(answer::LIMIT_BYTES + 1).read_to_end(&mut data);
        read.map_err(|error| Failure::new(format!("standard input: {error}")))?;
        dockerfile = Local { folder: None, files: BTreeMap::from([("Dockerfile".to_owned(), data)]) };
    } else {
        let path = folder.join(&filename);
        let lower = folder.join(filename.to_lowercase());
        if let Err(error) = read_limited(&path)
            && !(args.file.is_none() && lower.is_file())
        {
            return Err(
                Failure::new(format!("{}: {error}", path.display())).hint("name the file with --file")
            );
        }
        if filename != "Dockerfile" {
            map.insert("filename".to_owned(), filename);
        }
    }
    locals.insert(MainContext::DOCKERFILE_LOCAL_NAME.to_owned(), dockerfile);

    for given in &args.build_arg {
        let (name, value) = match given.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => match std::env::var(given) {
                Ok(value) => (given.as_str(), value),
                Err(_) => continue,
            },
        };
        map.insert(format!("build-arg:{name}"), value);
    }
    for given in &args.build_context {
        let (name, value) = pair(given, "--build-context")?;
        let value = if Path::new(value).is_dir() {
            locals.insert(
                name.to_owned(),
                Local { folder: Some(PathBuf::from(value)), files: BTreeMap::new() },
            );
            format!("local:{name}")
        } else {
            value.to_owned()
        };
        map.insert(format!("context:{name}"), value);
    }
    for (name, value) in [("target", &args.target), ("platform", &args.platform)] {
        if let Some(value) = value {
            map.insert(name.to_owned(), value.clone());
        }
    }
    for given in &args.opt {
        let (name, value) = pair(given, "--opt")?;
        map.insert(name.to_owned(), value.to_owned());
    }
    let options = Options::from_map(&map, &[], &Platform::host());
    let options = options.map_err(|error| Failure::new(error.to_string()))?;
    Ok(Options { session_id: args.session.clone().unwrap_or_default(), ..options })
}

fn pair<'a>(given: &'a str, flag: &str) -> Result<(&'a str, &'a str), Failure> {
    given.split_once('=').ok_or_else(|| Failure::new(format!("{flag} {given}: write it as NAME=VALUE")))
}

//! The way in: finds the build context and reads the Dockerfile.
//!
//! In: options, answers. Out: a [`Project`], which every build of it starts from. Reading what the Dockerfile says is
//! left to others; it may not even be for us (`# syntax=`).

use super::{
    Answer, AskError, Desk, Error, FileRequest, FilesQuestion, Ignore, MainContext, Question, Recipe, Step,
    misfit,
};
use crate::llb::Definition;
use crate::llb::op::{Differ, Local};
use crate::options::{MainContext as ContextOptions, Options};
use crate::path;
use crate::remote::{GitRef, GitRefError, check_http_url, is_http_url};
use crate::text::SourceMap;
use std::sync::Arc;

/// The usual name of a Dockerfile. Without it, the same name in lower case will do.
const DOCKERFILE: &str = "Dockerfile";
/// The name that a file gets that is downloaded as the context.
const DOWNLOAD: &str = "context";
/// How much of a download is looked at to tell what it is.
const HEAD_BYTES: u32 = 1024;

/// What a build starts from: a Dockerfile and the context beside it.
#[derive(Clone, Debug)]
pub struct Project {
    /// The Dockerfile, under the name that was asked for.
    pub sources: SourceMap,
    /// How the engine gets at the Dockerfile.
    pub definition: Arc<Definition>,
    /// The build context.
    pub context: MainContext,
    /// The ignore file that belongs to this Dockerfile alone.
    pub ignore: Option<Ignore>,
    /// What is known already.
    pub(super) desk: Desk,
}

impl Project {
    /// Returns the project with another Dockerfile and another ignore file, which nobody is asked for then. What the
    /// engine would have to say about them stays as it is, so this is for looking at files, not for building them.
    pub fn holding(&self, dockerfile: Vec<u8>, ignore: Ignore) -> Project {
        let name = self.sources.files()[0].name();
        Project {
            sources: SourceMap::of(name, dockerfile),
            definition: Arc::clone(&self.definition),
            context: self.context.clone(),
            ignore: Some(ignore),
            desk: Desk::default(),
        }
    }
}

/// Finds the project of a build.
#[derive(Clone, Debug)]
pub struct Entry {
    options: Arc<Options>,
    desk: Desk,
    /// The Dockerfile, if nobody has to be asked for it.
    given: Option<Vec<u8>>,
}

/// What is known before the Dockerfile is read.
struct Opened {
    context: MainContext,
    /// Where the Dockerfile is. `None`: in a folder of the client.
    dockerfile: Option<Recipe>,
    filename: String,
}

impl Entry {
    /// Starts on the project that the options name.
    pub fn new(options: Arc<Options>) -> Entry {
        Entry { options, desk: Desk::default(), given: None }
    }

    /// Starts on the same with a Dockerfile that is at hand. Whatever lies beside it is still asked for.
    pub fn holding(options: Arc<Options>, dockerfile: impl Into<Vec<u8>>) -> Entry {
        Entry { given: Some(dockerfile.into()), ..Entry::new(options) }
    }

    /// Takes in an answer.
    pub fn tell(&mut self, question: Question, answer: Answer) {
        self.desk.tell(question, answer);
    }

    /// Goes on as far as the answers allow.
    ///
    /// # Errors
    /// If the context or the Dockerfile cannot be read.
    pub fn step(&mut self) -> Result<Step<Project>, Error> {
        let project = match self.open()? {
            Some(opened) => self.read(opened)?,
            None => None,
        };
        Ok(match project {
            Some(project) => Step::Done(project),
            None => Step::Ask(self.desk.take_wanted()),
        })
    }

    /// Finds the context; nothing if answers are missing.
    fn open(&mut self) -> Result<Option<Opened>, Error> {
        let options = Arc::clone(&self.options);
        let given = &options.context;
        // Nobody sends a file from above the folder: it is looked for where clients look then.
        let mut filename = match path::climbs(&given.filename) {
            true => path::join(&["/", &given.filename])[1..].to_owned(),
            false => given.filename.clone(),
        };
        let (mut context, mut dockerfile) = (MainContext::Local, None);
        let mtime = if given.is_reproducible { "commit" } else { "" };
        if let Some(recipe) = git_context(&given.input, given.keep_git_dir, mtime)? {
            dockerfile = Some(recipe.clone());
            context = MainContext::Remote(Box::new(recipe));
        } else if is_http_url(&given.input) {
            check_http_url(&given.input).map_err(|message| Error::new("invalid-context", message))?;
            let download = Recipe::http(&given.input, DOWNLOAD, "[internal] load remote build context");
            let Some(is_archive) = self.is_archive(&download)? else { return Ok(None) };
            let mut recipe = download;
            if is_archive {
                recipe.unpack = Some(DOWNLOAD.to_owned());
            } else {
                filename = DOWNLOAD.to_owned();
            }
            dockerfile = Some(recipe.clone());
            context = MainContext::Remote(Box::new(recipe));
        } else {
            let inputs = match self.desk.ask(&Question::Inputs) {
                None => return Ok(None),
                Some(Answer::Inputs(inputs)) => inputs,
                Some(other) => return Err(misfit(other).context("failed to get frontend inputs")),
            };
            if given.dockerfile_local_name.is_none() {
                dockerfile = inputs.get(ContextOptions::DOCKERFILE_LOCAL_NAME).cloned().map(Recipe::input);
            }
            if let Some(input) = inputs.get(ContextOptions::LOCAL_NAME) {
                context = MainContext::Remote(Box::new(Recipe::input(input.clone())));
            }
        }
        if let (MainContext::Remote(recipe), Some(folder)) = (&mut context, &given.subdir) {
            recipe.folder = Some(folder.clone());
        }
        if given.dockerfile_local_name.is_some() {
            dockerfile = None;
        }
        Ok(Some(Opened { context, dockerfile, filename }))
    }

    /// Tells whether a download is an archive; nothing if the answer is missing.
    fn is_archive(&mut self, download: &Recipe) -> Result<Option<bool>, Error> {
        let question = Question::Files(FilesQuestion {
            definition: download.definition(&self.options.host)?,
            evaluate: false,
            files: vec![FileRequest { limit_bytes: Some(HEAD_BYTES), ..FileRequest::new(DOWNLOAD) }],
            asker: String::new(),
        });
        match self.desk.ask(&question) {
            None => Ok(None),
            Some(Answer::Files(files)) => match first(files) {
                Ok(head) => Ok(Some(super::archive::is_archive(head))),
                Err(error) => Err(Error::ask(error).context("failed to read downloaded context")),
            },
            Some(other) => Err(misfit(other).context("failed to resolve httpcontext")),
        }
    }

    /// Reads the Dockerfile; nothing if the answer is missing.
    fn read(&mut self, opened: Opened) -> Result<Option<Project>, Error> {
        let Opened { context, dockerfile, filename } = opened;
        let ignore_name = format!("{filename}{}", Ignore::NAME);
        let folder = path::dir(&filename);
        let lower_case =
            (path::base(&filename) == DOCKERFILE).then(|| path::join(&[&folder, &DOCKERFILE.to_lowercase()]));
        let recipe = dockerfile.unwrap_or_else(|| {
            let given = self.options.context.dockerfile_local_name.as_deref();
            let name = given.unwrap_or(ContextOptions::DOCKERFILE_LOCAL_NAME);
            let mut follow_paths = vec![filename.clone(), ignore_name.clone()];
            follow_paths.extend(lower_case.clone());
            Recipe::local(
                Local {
                    name: name.to_owned(),
                    session_id: self.options.session_of_local(name).to_owned(),
                    follow_paths,
                    shared_key_hint: name.to_owned(),
                    differ: Some(Differ::None),
                    ..Local::default()
                },
                format!("[internal] load build definition from {filename}"),
            )
        });
        let definition = recipe.definition(&self.options.host)?;
        let mut wanted = vec![FileRequest::new(&ignore_name)];
        if self.given.is_none() {
            wanted.insert(0, FileRequest { fallback: lower_case, ..FileRequest::new(&filename) });
        }
        let question = Question::Files(FilesQuestion {
            definition: definition.clone(),
            evaluate: false,
            files: wanted,
            asker: String::new(),
        });
        let files = match self.desk.ask(&question) {
            None => return Ok(None),
            Some(Answer::Files(files)) => files,
            Some(other) => return Err(misfit(other).context("failed to resolve dockerfile")),
        };
        let data = match (&self.given, first(files)) {
            (Some(data), _) => data.clone(),
            (None, Ok(data)) => data.to_vec(),
            (None, Err(error)) => return Err(Error::ask(error).context("failed to read dockerfile")),
        };
        // One without any byte counts as absent.
        let ignore = files
            .get(usize::from(self.given.is_none()))
            .and_then(|file| file.as_ref().ok())
            .filter(|data| !data.is_empty());
        let ignore = ignore.map(|data| Ignore { name: ignore_name, data: data.clone() });
        let desk = std::mem::take(&mut self.desk);
        let sources = SourceMap::of(filename, data);
        Ok(Some(Project { sources, definition: Arc::new(definition), context, ignore, desk }))
    }
}

fn first(files: &[Result<Vec<u8>, AskError>]) -> Result<&[u8], AskError> {
    match files.first() {
        Some(Ok(data)) => Ok(data),
        Some(Err(error)) => Err(error.clone()),
        None => Err(AskError {
            message: "internal error: no file in the answer".to_owned(),
            ..AskError::default()
        }),
    }
}

/// Returns the recipe for a context that is a git repository; nothing if the text names none.
///
/// # Errors
/// If it names one, but not well.
pub(super) fn git_context(
    text: &str,
    keep_git_dir: Option<bool>,
    mtime: &str,
) -> Result<Option<Recipe>, Error> {
    let git = match GitRef::parse(text) {
        Ok(git) => git,
        Err(GitRefError::Query(message)) => return Err(Error::new("invalid-git-address", message)),
        Err(GitRefError::NotGit) => return Ok(None),
    };
    let mut source = super::recipe::git_source(&git);
    source.keeps_git_dir |= keep_git_dir == Some(true);
    if source.mtime.is_empty() {
        source.mtime = mtime.to_owned();
    }
    Ok(Some(Recipe::git(source, format!("[internal] load git source {text}"))))
}

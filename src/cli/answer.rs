//! Offline answers to what the core asks.
//!
//! In: folders of this machine, and images that the user described. Out: answers. Local folders are read; an image that
//! nobody described is taken for a plain one, and its name is kept so that the command can say so. What lies behind a
//! network is refused with the reason.

use super::images::Images;
use crate::image::{Config, Platform};
use crate::limits;
use crate::llb::Definition;
use crate::pb::ops::{self, op::Op as Kind};
use crate::pipeline::{Build, Outcome};
use crate::plan::{
    Answer, AskError, Entry, Error, FileRequest, FilesQuestion, ImageQuestion, Project, Question, Step,
};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// The gRPC code of what is not there.
const NOT_FOUND: i32 = 5;
/// The gRPC code of what cannot be had now.
const UNAVAILABLE: i32 = 14;
/// The most that is read of one file.
pub(super) const LIMIT_BYTES: u64 = limits::FILE_BYTES as u64;

/// What a local source of a build is.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    /// The folder.
    pub folder: Option<PathBuf>,
    /// Files whose content is known already, by path; they hide those of the folder.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What is known on this machine.
#[derive(Debug, Default)]
pub(super) struct Answers<'a> {
    /// Local sources by name.
    pub locals: BTreeMap<String, Local>,
    /// Images that the user described.
    pub images: Option<&'a Images>,
    /// Images that were taken for plain ones.
    pub guessed: BTreeSet<String>,
}

impl Answers<'_> {
    fn answer(&mut self, question: &Question) -> Answer {
        let found = match question {
            Question::Inputs => Ok(Answer::Inputs(BTreeMap::new())),
            Question::ImageConfig(question) => self.image(question),
            Question::Files(question) => self.files(question),
            Question::SourceMeta(question) => Err(offline(&question.identifier)),
        };
        found.unwrap_or_else(Answer::Failed)
    }

    fn image(&mut self, question: &ImageQuestion) -> Result<Answer, AskError> {
        let platform = question.platform.clone().unwrap_or_else(Platform::host);
        let reference = question.reference.clone();
        let described = self.images.map(|images| images.find(&reference, &platform)).transpose();
        let described = described.map_err(|message| failure(NOT_FOUND, message))?.flatten();
        let Some(image) = described else {
            self.guessed.insert(reference.clone());
            let config = Config::plain(&platform).to_json();
            return Ok(Answer::ImageConfig { reference, digest: String::new(), config });
        };
        Ok(Answer::ImageConfig { reference, digest: image.digest, config: image.config })
    }

    fn files(&self, question: &FilesQuestion) -> Result<Answer, AskError> {
        let identifier = source_of(&question.definition)
            .ok_or_else(|| failure(UNAVAILABLE, "files of a build cannot be read offline".to_owned()))?;
        let name = identifier.strip_prefix("local://").ok_or_else(|| offline(&identifier))?;
        let local = self.locals.get(name);
        Ok(Answer::Files(question.files.iter().map(|file| read(local, file)).collect()))
    }
}

/// Returns the identifier of the only source of a definition.
fn source_of(definition: &Definition) -> Option<String> {
    let sources = definition.ops.iter().filter_map(|bytes| match ops::Op::decode(&**bytes).ok()?.op? {
        Kind::Source(source) => Some(source.identifier),
        _ => None,
    });
    let mut sources = sources.collect::<Vec<_>>();
    if sources.len() == 1 { sources.pop() } else { None }
}

fn read(local: Option<&Local>, file: &FileRequest) -> Result<Vec<u8>, AskError> {
    let first = read_one(local, &file.path);
    match (&first, &file.fallback) {
        (Err(_), Some(other)) => read_one(local, other).or(first),
        _ => first,
    }
}

pub(super) fn read_one(local: Option<&Local>, path: &str) -> Result<Vec<u8>, AskError> {
    let missing = || failure(NOT_FOUND, format!("{path}: no such file"));
    let local = local.ok_or_else(missing)?;
    if let Some(data) = local.files.get(path) {
        return Ok(data.clone());
    }
    let folder = local.folder.as_ref().ok_or_else(missing)?;
    let inside: PathBuf =
        Path::new(path).components().filter(|part| matches!(part, Component::Normal(_))).collect();
    match read_limited(&folder.join(inside)) {
        Ok(data) => Ok(data),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing()),
        Err(error) => Err(failure(UNAVAILABLE, format!("{path}: {error}"))),
    }
}

/// Reads a file that is no larger than an engine would take.
pub(super) fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // Room for all of it, and a byte to see that there is no more: then one call reads it, where seven read bit by bit.
    let expected_bytes = file.metadata().map_or(0, |metadata| metadata.len().min(LIMIT_BYTES));
    let mut data = Vec::with_capacity(expected_bytes as usize + 1);
    file.take(LIMIT_BYTES + 1).read_to_end(&mut data)?;
    if data.len() as u64 > LIMIT_BYTES {
        return Err(std::io::Error::other("larger than 16 MiB, which is more than an engine takes"));
    }
    Ok(data)
}

fn offline(identifier: &str) -> AskError {
    failure(UNAVAILABLE, format!("{identifier} is not on this machine, and nothing is fetched"))
}

fn failure(code: i32, message: String) -> AskError {
    AskError { code, message, ..AskError::default() }
}

/// Finds the project that options name.
pub(super) fn project(mut entry: Entry, answers: &mut Answers<'_>) -> Result<Project, Error> {
    loop {
        match entry.step()? {
            Step::Done(project) => return Ok(project),
            Step::Ask(questions) => {
                for question in questions {
                    let answer = answers.answer(&question);
                    entry.tell(question, answer);
                }
            }
        }
    }
}

/// Runs a build to its end.
pub(super) fn outcome(mut build: Build, answers: &mut Answers<'_>) -> Outcome {
    loop {
        match build.step() {
            Step::Done(outcome) => return outcome,
            Step::Ask(questions) => {
                for question in questions {
                    let answer = answers.answer(&question);
                    build.tell(question, answer);
                }
            }
        }
    }
}

//! An outside for tests: it answers from literals and keeps what it was asked.

use super::{Answer, AskError, Entry, Error, Plan, Planner, Project, Question, SourceMeta, Step};
use crate::image::Platform;
use crate::instruction::{self, File};
use crate::options::Options;
use crate::syntax;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Images, files and inputs that exist.
#[derive(Clone, Default)]
pub(super) struct Outside {
    options: BTreeMap<String, String>,
    images: BTreeMap<String, String>,
    redirects: BTreeMap<String, String>,
    lacks: BTreeSet<String>,
    files: BTreeMap<(String, String), Vec<u8>>,
    inputs: BTreeMap<String, crate::llb::Definition>,
    pub(super) meta: SourceMeta,
    takes_all_stages: bool,
    /// What was asked, one line for each batch.
    pub(super) asked: Vec<String>,
}

/// The config of an image with one layer, and what else it says.
fn config(more: &str) -> String {
    format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["sha256:1"]}},"config":{{{more}}}}}"#
    )
}

/// A digest that ends in `last`.
pub(super) fn digest(last: char) -> String {
    format!("sha256:{}{last}", "0".repeat(63))
}

impl Outside {
    /// Returns one in which every image exists, and no file but a Dockerfile.
    pub(super) fn new(dockerfile: &str) -> Outside {
        Outside::default().file("local://dockerfile", "Dockerfile", dockerfile)
    }

    pub(super) fn option(mut self, name: &str, value: &str) -> Outside {
        self.options.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Gives an image a config: the whole JSON, or what is in its `config`.
    pub(super) fn image(mut self, name: &str, json: &str) -> Outside {
        let json = if json.starts_with('{') { json.to_owned() } else { config(json) };
        self.images.insert(name.to_owned(), json);
        self
    }

    pub(super) fn lacks(mut self, name: &str) -> Outside {
        self.lacks.insert(name.to_owned());
        self
    }

    pub(super) fn redirect(mut self, name: &str, to: &str) -> Outside {
        self.redirects.insert(name.to_owned(), to.to_owned());
        self
    }

    pub(super) fn file(mut self, source: &str, path: &str, text: &str) -> Outside {
        self.files.insert((source.to_owned(), path.to_owned()), text.as_bytes().to_vec());
        self
    }

    pub(super) fn input(mut self, name: &str, definition: crate::llb::Definition) -> Outside {
        self.inputs.insert(name.to_owned(), definition);
        self
    }

    pub(super) fn all_stages(mut self) -> Outside {
        self.takes_all_stages = true;
        self
    }

    fn options(&self) -> Arc<Options> {
        let host = Platform::new("linux", "amd64");
        let mut options =
            Options::from_map(&self.options, &[], &host).expect("the options of a test are right");
        options.session_id = "me".to_owned();
        Arc::new(options)
    }

    /// Finds the project.
    pub(super) fn project(&mut self) -> Result<Project, Error> {
        let mut entry = Entry::new(self.options());
        loop {
            match entry.step()? {
                Step::Done(project) => return Ok(project),
                Step::Ask(questions) => self
                    .answer(questions)
                    .into_iter()
                    .for_each(|(question, answer)| entry.tell(question, answer)),
            }
        }
    }

    /// Finds the project and its plan.
    pub(super) fn plan(&mut self) -> Result<Plan, Error> {
        let project = self.project()?;
        self.asked.clear();
        let file: File = instruction::parse_file(syntax::parse(&project.sources.files()[0]));
        assert!(file.diagnostics.is_empty(), "the Dockerfile of a test is right: {:?}", file.diagnostics);
        let options = self.options();
        let target = options.target_platforms.first().cloned();
        let mut planner =
            Planner::new(Arc::new(project), Arc::new(file), options, target.as_ref(), self.takes_all_stages);
        loop {
            match planner.step()? {
                Step::Done(plan) => return Ok(plan),
                Step::Ask(questions) => self
                    .answer(questions)
                    .into_iter()
                    .for_each(|(question, answer)| planner.tell(question, answer)),
            }
        }
    }

    fn answer(&mut self, questions: Vec<Question>) -> Vec<(Question, Answer)> {
        assert!(!questions.is_empty(), "a batch holds a question");
        let shown: Vec<String> = questions.iter().map(show).collect();
        self.asked.push(shown.join(", "));
        questions.into_iter().map(|question| (question.clone(), self.answer_one(&question))).collect()
    }

    fn answer_one(&self, question: &Question) -> Answer {
        match question {
            Question::Inputs => Answer::Inputs(self.inputs.clone()),
            Question::SourceMeta(_) => Answer::SourceMeta(self.meta.clone()),
            Question::ImageConfig(asked) => {
                let name = &asked.reference;
                if let Some(identifier) = self.redirects.get(name) {
                    return Answer::NotAnImage { identifier: identifier.clone() };
                }
                if name.starts_with("missing.invalid/") || self.lacks.contains(name) {
                    return Answer::Failed(AskError {
                        code: 5,
                        message: "not found".to_owned(),
                        ..AskError::default()
                    });
                }
                let found = self.images.get(name).cloned().unwrap_or_else(|| config(""));
                Answer::ImageConfig {
                    reference: name.clone(),
                    digest: digest('a'),
                    config: found.into_bytes(),
                }
            }
            Question::Files(asked) => {
                let source = source(&asked.definition);
                let read = |path: &String| {
                    let missing =
                        || AskError { message: format!("open {path}: no such file"), ..AskError::default() };
                    self.files.get(&(source.clone(), path.clone())).cloned().ok_or_else(missing)
                };
                let files = asked.files.iter().map(|file| {
                    let found = read(&file.path);
                    let other =
                        file.fallback.as_ref().filter(|_| found.is_err()).and_then(|path| read(path).ok());
                    other.map_or(found, Ok)
                });
                Answer::Files(files.collect())
            }
        }
    }
}

/// Returns the identifier of the first source in a definition.
fn source(definition: &crate::llb::Definition) -> String {
    use prost::Message;
    let op = crate::pb::ops::Op::decode(&*definition.ops[0]).expect("an op is readable");
    match op.op {
        Some(crate::pb::ops::op::Op::Source(source)) => source.identifier,
        other => panic!("no source: {other:?}"),
    }
}

fn show(question: &Question) -> String {
    match question {
        Question::Inputs => "inputs".to_owned(),
        Question::SourceMeta(asked) => format!("time of {}", asked.identifier),
        Question::Files(asked) => {
            let paths: Vec<&str> = asked.files.iter().map(|file| file.path.as_str()).collect();
            format!("{} in {}", paths.join("+"), source(&asked.definition))
        }
        Question::ImageConfig(asked) => {
            let name = asked.reference.strip_prefix("docker.io/library/").unwrap_or(&asked.reference);
            match &asked.platform {
                Some(platform) if platform.to_string() != "linux/amd64" => format!("{name} for {platform}"),
                _ => name.to_owned(),
            }
        }
    }
}

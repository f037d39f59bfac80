//! Questions of the core become calls, their replies become answers.
//!
//! In: batches of questions from any number of builds. Out: one answer each. The questions of a batch are asked
//! side by side, and a question that was asked before, or is being asked, is not asked again.

use super::client::{Client, ImageRequest, Resolved, Solve, ids};
use super::error::Error;
use crate::image::Platform;
use crate::limits::ANSWERS_BYTES;
use crate::llb::{self, Definition};
use crate::pb::gateway as gw;
use crate::pb::{ops, rpc};
use crate::plan::{Answer, AskError, FilesQuestion, ImageQuestion, Question, SourceMeta, SourceMetaQuestion};
use crate::text::defused;
use futures_util::stream::FuturesUnordered;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use tokio::sync::OnceCell;

/// Answers questions by asking the engine.
pub(super) struct Answers {
    client: Client,
    known: RefCell<HashMap<Question, Rc<OnceCell<Answer>>>>,
    /// The bytes of all answers.
    kept: Cell<usize>,
}

impl Answers {
    /// Returns answers by the engine behind `client`.
    pub(super) fn new(client: Client) -> Answers {
        Answers { client, known: RefCell::default(), kept: Cell::new(0) }
    }

    /// Answers all questions of a batch, as the answers come.
    pub(super) fn all(
        &self,
        questions: Vec<Question>,
    ) -> FuturesUnordered<impl Future<Output = (Question, Answer)>> {
        let answer = async |question| {
            let answer = self.one(&question).await;
            (question, answer)
        };
        questions.into_iter().map(answer).collect()
    }

    /// Answers one question.
    pub(super) async fn one(&self, question: &Question) -> Answer {
        let cell = self.known.borrow_mut().entry(question.clone()).or_default().clone();
        cell.get_or_init(|| self.ask(question)).await.clone()
    }

    async fn ask(&self, question: &Question) -> Answer {
        let answer = match question {
            Question::ImageConfig(image) => self.image(image).await,
            Question::Files(files) => self.files(files).await,
            Question::Inputs => self.inputs().await,
            Question::SourceMeta(source) => self.source(source).await,
        };
        let answer = answer.and_then(|answer| self.keep(answer));
        answer.unwrap_or_else(|error| Answer::Failed(error.into()))
    }

    /// Counts an answer, as all are kept until the build ends.
    fn keep(&self, answer: Answer) -> Result<Answer, Error> {
        let bytes = match &answer {
            Answer::ImageConfig { config, .. } => config.len(),
            Answer::Files(files) => files.iter().flatten().map(Vec::len).sum(),
            Answer::SourceMeta(meta) => meta.git_commit.as_ref().map_or(0, Vec::len),
            Answer::Inputs(_) | Answer::NotAnImage { .. } | Answer::Failed(_) => 0,
        };
        self.kept.set(self.kept.get().saturating_add(bytes));
        match self.kept.get() > ANSWERS_BYTES {
            true => Err(Error::new(format!(
                "the build is too large: files and image configs that it asks the engine for take more than {} MiB",
                ANSWERS_BYTES >> 20
            ))),
            false => Ok(answer),
        }
    }

    async fn image(&self, question: &ImageQuestion) -> Result<Answer, Error> {
        let request = ImageRequest {
            reference: question.reference.clone(),
            platform: question.platform.as_ref().map(platform_to_pb),
            resolve_mode: question.resolve_mode.clone(),
            log_name: defused(&question.log_name).into_owned(),
            oci_store: question.oci_store.as_ref().map(|s| (s.session_id.clone(), s.store_id.clone())),
        };
        Ok(match self.client.resolve_image(request).await? {
            Resolved::Image(image) => {
                Answer::ImageConfig { reference: image.reference, digest: image.digest, config: image.config }
            }
            Resolved::Other { identifier } => Answer::NotAnImage { identifier },
        })
    }

    /// The first file is read alone: if the source cannot be had at all, the others are not asked for.
    async fn files(&self, question: &FilesQuestion) -> Result<Answer, Error> {
        let solve = Solve {
            definition: Some(question.definition.to_pb()),
            evaluate: question.evaluate,
            ..Default::default()
        };
        let result = self.client.solve(solve).await?;
        let id = ids(&result).first().copied().unwrap_or_default().to_owned();
        let mut found: Vec<Result<Vec<u8>, AskError>> = Vec::with_capacity(question.files.len());
        for file in &question.files {
            let limit = file.limit_bytes;
            let mut read = self.client.read_file(&id, &file.path, limit).await;
            if let (Err(_), Some(path)) = (&read, &file.fallback)
                && let Ok(data) = self.client.read_file(&id, path, limit).await
            {
                read = Ok(data);
            }
            let failed = read.is_err();
            found.push(read.map_err(AskError::from));
            if failed && found.len() == 1 {
                break;
            }
        }
        let unread = found.first().and_then(|first| first.clone().err()).unwrap_or_default();
        found.resize(question.files.len(), Err(unread));
        Ok(Answer::Files(found))
    }

    async fn inputs(&self) -> Result<Answer, Error> {
        let inputs = self.client.inputs().await?;
        let inputs =
            inputs.into_iter().map(|(name, wire)| Definition::from_pb(wire).map(|found| (name, found)));
        let inputs: Result<_, llb::Error> = inputs.collect();
        inputs.map(Answer::Inputs).map_err(|error| Error::new(error.to_string()))
    }

    async fn source(&self, question: &SourceMetaQuestion) -> Result<Answer, Error> {
        let attrs = question.attrs.iter();
        let attrs =
            attrs.map(|(key, value)| ops::StringEntry { key: Some(key.clone()), value: Some(value.clone()) });
        let request = gw::ResolveSourceMetaRequest {
            source: Some(ops::SourceOp { identifier: question.identifier.clone(), attrs: attrs.collect() }),
            log_name: defused(&question.log_name).into_owned(),
            git: question.wants_git_object.then_some(gw::ResolveSourceGitRequest { return_object: true }),
            ..Default::default()
        };
        let response = self.client.resolve_source(request).await?;
        let git_commit = response.git.map(|git| git.commit_object).filter(|commit| !commit.is_empty());
        let is_http = response.http.is_some();
        let modified = response.http.and_then(|http| http.last_modified);
        Ok(Answer::SourceMeta(SourceMeta {
            git_commit,
            is_http,
            http_last_modified: modified.map(|time| time.seconds),
        }))
    }
}

impl From<AskError> for Error {
    fn from(error: AskError) -> Error {
        let details = error.details.into_iter().map(|(type_url, value)| rpc::Any { type_url, value });
        let status = rpc::Status { code: error.code, message: error.message, details: details.collect() };
        match error.call {
            Some(call) => Error::from(status).said_to(call),
            None => Error::from(status),
        }
    }
}

impl From<Error> for AskError {
    fn from(error: Error) -> AskError {
        let call = error.refused_call();
        let rpc::Status { code, message, details } = error.into_status();
        let details = details.into_iter().map(|detail| (detail.type_url, detail.value)).collect();
        AskError { code, message, details, call }
    }
}

fn platform_to_pb(platform: &Platform) -> ops::Platform {
    ops::Platform {
        os: platform.os.clone(),
        architecture: platform.architecture.clone(),
        variant: platform.variant.clone(),
        os_version: platform.os_version.clone(),
        os_features: platform.os_features.clone(),
    }
}

//! What the core asks of the outside, and what it is told.
//!
//! A question is plain data, and equal questions have equal answers: an edge may answer a question once and tell it to
//! every build that asks. How to answer is the edge's matter: with RPCs, from a file, or from stated defaults.

use crate::image::{Config, Platform};
use crate::llb::Definition;
use std::collections::BTreeMap;

/// The gRPC code of what is not there.
const NOT_FOUND: i32 = 5;

/// Something that only the outside knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// The config and digest of an image.
    ImageConfig(ImageQuestion),
    /// Files out of a solved definition.
    Files(FilesQuestion),
    /// The inputs handed to the frontend, by name.
    Inputs,
    /// What the engine knows about a source without fetching it.
    SourceMeta(SourceMetaQuestion),
}

impl Question {
    /// Returns the answer of somebody who knows nothing: there are no inputs and no files, and no image is found.
    pub fn unanswered(&self) -> Answer {
        let missing = |what: &str| AskError {
            code: NOT_FOUND,
            message: format!("{what}: not found"),
            ..AskError::default()
        };
        match self {
            Question::ImageConfig(image) => Answer::Failed(missing(&image.reference)),
            Question::Files(files) => {
                Answer::Files(files.files.iter().map(|file| Err(missing(&file.path))).collect())
            }
            Question::Inputs => Answer::Inputs(BTreeMap::new()),
            Question::SourceMeta(source) => Answer::Failed(missing(&source.identifier)),
        }
    }
}

/// Asks for the config and digest of an image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ImageQuestion {
    /// The whole name, with registry and tag or digest.
    pub reference: String,
    /// Which of the platforms of the image. `None`: the engine's own.
    pub platform: Option<Platform>,
    /// `default`, `pull` or `local`; empty if nothing was said.
    pub resolve_mode: String,
    /// How the step is shown to users.
    pub log_name: String,
    /// Set if the image lies in an OCI layout of the client rather than in a registry.
    pub oci_store: Option<OciStore>,
}

impl ImageQuestion {
    /// Answers that the image was found. The digest may be empty; the config is JSON.
    pub fn found(&self, digest: impl Into<String>, config: impl Into<Vec<u8>>) -> Answer {
        let reference = self.reference.clone();
        Answer::ImageConfig { reference, digest: digest.into(), config: config.into() }
    }

    /// Answers that nothing is known of the image: it stands for one with some layer and the usual search path.
    pub fn plain(&self) -> Answer {
        let platform = self.platform.clone().unwrap_or_else(Platform::host);
        self.found("", Config::plain(&platform).to_json())
    }
}

/// An OCI layout that a client offers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OciStore {
    /// The session of the client.
    pub session_id: String,
    /// The name of the layout in that session.
    pub store_id: String,
}

/// Asks for files out of a solved definition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FilesQuestion {
    /// The definition to solve.
    pub definition: Definition,
    /// Whether the engine must run it before it answers, even if no file is read.
    pub evaluate: bool,
    /// The files to read once it is solved.
    pub files: Vec<FileRequest>,
    /// Who asks, if each is to get an answer of its own: the reference solves a definition once for every use of a
    /// named context, and people see each solve. Empty: one answer is for all.
    pub asker: String,
}

/// One file to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FileRequest {
    /// Path in the solved tree.
    pub path: String,
    /// Read in its place if `path` cannot be read. If neither can, the error is that of `path`.
    pub fallback: Option<String>,
    /// Read no more than this from the start, in bytes.
    pub limit_bytes: Option<u32>,
}

impl FileRequest {
    /// Asks for a whole file.
    pub fn new(path: impl Into<String>) -> FileRequest {
        FileRequest { path: path.into(), fallback: None, limit_bytes: None }
    }
}

/// Asks what the engine knows about a source without fetching it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SourceMetaQuestion {
    /// The identifier of the source op, with its scheme.
    pub identifier: String,
    /// The attributes of the source op.
    pub attrs: BTreeMap<String, String>,
    /// How the step is shown to users.
    pub log_name: String,
    /// Whether the raw git objects are wanted.
    pub wants_git_object: bool,
}

/// What the outside said to a question.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To [`Question::ImageConfig`].
    ImageConfig {
        /// The name the engine settled on; a source policy may have changed it.
        reference: String,
        /// The digest of what the name stands for; empty if the engine does not say.
        digest: String,
        /// The image config, as JSON.
        config: Vec<u8>,
    },
    /// To [`Question::ImageConfig`]: a source policy turned the image into another kind of source.
    NotAnImage {
        /// The identifier of that source, with its scheme.
        identifier: String,
    },
    /// To [`Question::Files`]: for each file its bytes, or why it could not be read.
    Files(Vec<Result<Vec<u8>, AskError>>),
    /// To [`Question::Inputs`]: definitions by name. Empty if the engine knows no inputs.
    Inputs(BTreeMap<String, Definition>),
    /// To [`Question::SourceMeta`].
    SourceMeta(SourceMeta),
    /// To any question: it could not be answered.
    Failed(AskError),
}

/// What the engine knows about a source without fetching it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMeta {
    /// The raw commit object of a git source.
    pub git_commit: Option<Vec<u8>>,
    /// Whether the engine spoke of the source as http.
    pub is_http: bool,
    /// When an http source was last modified, in seconds since 1970.
    pub http_last_modified: Option<i64>,
}

/// Why a question has no answer: a status as the engine gave it, so that it can be handed on unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskError {
    /// The gRPC code.
    pub code: i32,
    /// The engine's words.
    pub message: String,
    /// The details of the status, as type and bytes.
    pub details: Vec<(String, Vec<u8>)>,
    /// What was called, where the message does not say it.
    pub call: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_knows_nothing_finds_nothing() {
        let source = SourceMetaQuestion {
            identifier: "git://a".to_owned(),
            attrs: BTreeMap::new(),
            wants_git_object: false,
            log_name: String::new(),
        };
        let Answer::Failed(error) = Question::SourceMeta(source).unanswered() else { panic!("it fails") };
        assert_eq!((error.code, error.message.as_str()), (NOT_FOUND, "git://a: not found"));
    }
}

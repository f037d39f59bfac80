//! The build context, and the file that says what of it stays behind.

use super::{Answer, Desk, Error, FileRequest, FilesQuestion, Question, Recipe, misfit};
use crate::ignore;
use crate::llb::op::{Differ, Local};
use crate::options::{MainContext as ContextOptions, Options};

/// Where the files of the build context come from.
#[derive(Clone, Debug)]
pub enum MainContext {
    /// A folder of the client. Which of its files are wanted depends on the ignore file and on the stages.
    Local,
    /// A git repository, an address, or an input of the frontend: how to get at the files.
    Remote(Box<Recipe>),
}

/// An ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// Its name.
    pub name: String,
    /// What it says.
    pub data: Vec<u8>,
}

impl Ignore {
    /// The name of the file in a context.
    pub const NAME: &'static str = ".dockerignore";

    /// Returns its patterns.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn patterns(&self) -> Result<Vec<String>, Error> {
        ignore::read(&self.data).map_err(|error| {
            Error::new("invalid-ignore-file", format!("failed parsing {}: {error}", self.name))
        })
    }
}

impl MainContext {
    /// Returns the patterns of what stays behind; nothing if the file must be read first.
    pub(super) fn excludes(
        &self,
        own: Option<&Ignore>,
        options: &Options,
        desk: &mut Desk,
    ) -> Result<Option<Vec<String>>, Error> {
        if let MainContext::Remote(_) = self {
            return Ok(Some(Vec::new()));
        }
        if let Some(own) = own {
            return own.patterns().map(Some);
        }
        let recipe = Recipe::local(
            Local {
                name: ContextOptions::LOCAL_NAME.to_owned(),
                session_id: options.session_of_local(ContextOptions::LOCAL_NAME).to_owned(),
                follow_paths: vec![Ignore::NAME.to_owned()],
                shared_key_hint: format!("{}-{}", ContextOptions::LOCAL_NAME, Ignore::NAME),
                differ: Some(Differ::None),
                ..Local::default()
            },
            format!("[internal] load {}", Ignore::NAME),
        );
        let question = Question::Files(FilesQuestion {
            definition: recipe.definition(&options.host)?,
            evaluate: false,
            files: vec![FileRequest::new(Ignore::NAME)],
            asker: String::new(),
        });
        match desk.ask(&question) {
            None => Ok(None),
            Some(Answer::Files(files)) => patterns_of(files).map(Some),
            Some(other) => Err(misfit(other)),
        }
    }

    /// Returns how to get at the files.
    pub(super) fn recipe(&self, excludes: Vec<String>, options: &Options) -> Recipe {
        match self {
            MainContext::Remote(recipe) => (**recipe).clone(),
            MainContext::Local => Recipe::local(
                Local {
                    name: ContextOptions::LOCAL_NAME.to_owned(),
                    session_id: options.session_of_local(ContextOptions::LOCAL_NAME).to_owned(),
                    exclude_patterns: excludes,
                    shared_key_hint: ContextOptions::LOCAL_NAME.to_owned(),
                    ..Local::default()
                },
                "[internal] load build context",
            ),
        }
    }
}

/// Returns the patterns of an ignore file; none if it could not be read.
pub(super) fn patterns_of(files: &[Result<Vec<u8>, super::AskError>]) -> Result<Vec<String>, Error> {
    match files.first() {
        Some(Ok(data)) => Ignore { name: Ignore::NAME.to_owned(), data: data.clone() }.patterns(),
        _ => Ok(Vec::new()),
    }
}

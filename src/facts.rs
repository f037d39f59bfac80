//! What the passes noticed, without judging.
//!
//! In: a [`Note`] whenever a pass sees something that only it can see. Out: the notes in the order they were made,
//! from which the rooms `lint` and `report` tell warnings, arguments, secrets and sockets.
//! What can be read off the instructions themselves is not noted here; neither is whether any of it is bad.
//!
//! The notes keep the order in which the reference meets things: first [`Fact::DefaultBase`] for all stages, then the
//! FROM of each stage, then the platform of each base image, then the instructions of each stage that is converted.
//! When a pass meets an error it calls [`Facts::fail`] and may go on: notes made later are beyond the point that the
//! reference reaches.

use crate::image::Platform;
use crate::text::{Span, Spanned, Text};

/// All notes of one build, which is for one target platform.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    notes: Vec<Note>,
    reached: Option<usize>,
}

/// Something noticed, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The instruction it was noticed in.
    pub at: At,
    /// What was noticed.
    pub fact: Fact,
}

/// An instruction of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The index of the stage in the file; nothing for what stands before the first FROM.
    pub stage: Option<usize>,
    /// The keyword, in the case it was written in.
    pub keyword: Text,
    /// All lines of the instruction; for a trigger those of the FROM that it came with.
    pub span: Span,
    /// The word of the instruction that it is about; all of its lines if it is about no word alone.
    pub word: Span,
    /// Whether a base image or a base stage brought the instruction along.
    pub is_trigger: bool,
}

/// What there is to notice.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A FROM whose base was expanded as if no build argument were given. Noted for each stage, in order, before any
    /// FROM is resolved; not at all if a default before the first FROM cannot be expanded, and no further than the
    /// first base that cannot.
    DefaultBase {
        /// The base as written.
        written: Text,
        /// What it becomes, if that is the name of an image.
        image: Option<String>,
    },
    /// A variable in the base or in the platform of a FROM that is not set.
    UnsetInFrom {
        /// Its name.
        name: String,
        /// Whether an ARG before the first FROM declares it, or it is predefined: it just has no value.
        is_declared: bool,
        /// The nearest of the names that are declared or set.
        nearest: Option<String>,
    },
    /// A `--platform` that could be expanded.
    StagePlatform {
        /// As written.
        written: Text,
        /// What it becomes.
        text: String,
        /// The variables used that are set.
        used: Vec<String>,
        /// The variables used that are not.
        unset: Vec<String>,
        /// The value of `TARGETPLATFORM`.
        target: String,
        /// The platform that the text names, if it names one.
        platform: Option<Box<Platform>>,
    },
    /// The config of an image that a stage starts from came in.
    BaseImage {
        /// The name of the image, expanded but not completed.
        name: String,
        /// What was asked for.
        expected: Box<Platform>,
        /// What the config says.
        actual: Box<Platform>,
    },
    /// A variable that is not set, in an instruction; once for each word that uses it. Not noted if an ARG of the
    /// stage declares it, or if it is an argument that only speaks to the frontend.
    UnsetVariable {
        /// Its name.
        name: String,
        /// The nearest of the names that are set.
        nearest: Option<String>,
    },
    /// A key and a value in the old form, `ENV key value` or `LABEL key value`.
    LegacyPair,
    /// An ENV or an ARG gives this name a value, or declares it. Noted for each, after [`Fact::LegacyPair`].
    Variable {
        /// The name, expanded.
        name: Text,
    },
    /// A CMD or an ENTRYPOINT in the form for a shell, while the image names no shell.
    ShellForm,
    /// A CMD, ENTRYPOINT or HEALTHCHECK replaces an earlier one of the same stage. Noted before [`Fact::ShellForm`].
    Replaces {
        /// The lines of the earlier one.
        earlier: Span,
        /// The keyword of the earlier one.
        keyword: Span,
    },
    /// The first WORKDIR of a stage is relative, and the stages it starts from have none either.
    RelativeWorkdir {
        /// The path, expanded.
        path: String,
    },
    /// A port of EXPOSE whose protocol is a known one. Noted before its address and its numbers are looked at.
    Port {
        /// The port, expanded, with all its parts.
        text: String,
        /// The protocol as written; `tcp` if none is.
        protocol: String,
        /// Whether an address or a port of the host is named.
        has_host: bool,
    },
    /// A path that COPY or ADD takes from the build context, but that the ignore file keeps out of it. Not noted if
    /// that file holds exceptions (`!pattern`); for the root of the context only if a pattern excludes all.
    IgnoredSource {
        /// The path, cleaned, with slashes.
        path: String,
    },
    /// A build argument: declared before the first FROM, or by an ARG of a converted stage.
    Argument(Argument),
    /// Variables that a FROM uses, in its base or its platform, and that are set. Not noted for a stage that a named
    /// context replaces.
    UsedInFrom {
        /// Their names.
        names: Vec<String>,
    },
    /// A secret of a RUN; the first use of an id in a stage is the one that counts.
    Secret {
        /// Its id.
        id: String,
        /// Whether the step fails without it.
        is_required: bool,
    },
    /// An SSH agent of a RUN; the first use of an id in a stage is the one that counts.
    Ssh {
        /// Its id; `default` if none is given.
        id: String,
        /// Whether the step fails without it.
        is_required: bool,
    },
}

/// A build argument as a user of the file sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The name, expanded.
    pub name: Text,
    /// The value in this build.
    pub value: Option<String>,
    /// The description in the comments above.
    pub description: Option<Spanned<Text>>,
    /// The variables that its default uses and that are set. Only those before the first FROM count.
    pub uses: Vec<String>,
    /// Whether the stage only takes over what was declared before the first FROM: it has no default of its own, no
    /// build argument gives it a value, and that one has a value.
    pub is_inherited: bool,
}

impl Facts {
    /// Returns an empty list.
    pub fn new() -> Facts {
        Facts::default()
    }

    /// Adds a note.
    pub fn note(&mut self, at: At, fact: Fact) {
        self.notes.push(Note { at, fact });
    }

    /// Marks the place of an error. Only the first one counts.
    pub fn fail(&mut self) {
        self.reached.get_or_insert(self.notes.len());
    }

    /// Tells whether a pass has met an error.
    pub fn has_failed(&self) -> bool {
        self.reached.is_some()
    }

    /// Returns the notes up to the first error.
    pub fn reached(&self) -> &[Note] {
        &self.notes[..self.reached.unwrap_or(self.notes.len())]
    }

    /// Returns all notes.
    pub fn all(&self) -> &[Note] {
        &self.notes
    }

    /// Adds the notes of a later pass.
    pub fn append(&mut self, later: Facts) {
        if let Some(reached) = later.reached {
            self.reached.get_or_insert(self.notes.len() + reached);
        }
        self.notes.extend(later.notes);
    }
}

impl At {
    /// Returns an instruction that stands in the file.
    pub fn new(stage: Option<usize>, keyword: impl Into<Text>, span: Span) -> At {
        At { stage, keyword: keyword.into(), span, word: span, is_trigger: false }
    }

    /// Sets the word that it is about.
    pub fn on(self, word: Span) -> At {
        At { word, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(count: usize) -> Facts {
        let mut facts = Facts::new();
        for _ in 0..count {
            facts.note(At::new(Some(0), "CMD", Span::new(0, 3)), Fact::ShellForm);
        }
        facts
    }

    #[test]
    fn notes_after_the_first_error_are_not_reached() {
        let mut facts = notes(2);
        facts.fail();
        facts.append(notes(3));
        facts.fail();
        assert_eq!((facts.reached().len(), facts.all().len()), (2, 5));
    }

    #[test]
    fn an_error_of_a_later_pass_keeps_its_place() {
        let mut later = notes(1);
        later.fail();
        later.append(notes(1));
        let mut facts = notes(2);
        facts.append(later);
        assert!(facts.has_failed());
        assert_eq!((facts.reached().len(), facts.all().len()), (3, 4));
    }
}

//! Typed instructions: what each statement says.
//!
//! In: a [`syntax::Tree`](crate::syntax::Tree). Out: a [`File`] of stages, each a FROM and the instructions below it.
//! One file per keyword holds the type and its parser. A [`Word`] is expanded by a later pass; a plain string is
//! final. Parsing never fails: a broken instruction becomes a diagnostic, and the next one is read.

mod add;
mod arg;
mod cmd;
mod copy;
mod device;
mod duration;
mod entrypoint;
mod env;
mod expose;
mod flag;
mod from;
mod healthcheck;
mod label;
mod maintainer;
mod mount;
mod onbuild;
mod parse;
mod run;
mod shell;
mod stopsignal;
mod user;
mod volume;
mod workdir;

pub use add::Add;
pub use arg::{Arg, ArgDecl};
pub use cmd::{Cmd, CommandLine};
pub use copy::{Copy, InlineFile, Transfer};
pub use device::Device;
#[doc(hidden)]
pub use duration::format_duration;
pub use entrypoint::Entrypoint;
pub use env::Env;
pub use expose::Expose;
pub use from::{StageDecl, StageName};
pub use healthcheck::Healthcheck;
pub use label::Label;
pub use maintainer::Maintainer;
pub use mount::{Mount, MountFlag, MountType, Sharing};
pub use onbuild::Onbuild;
pub use run::{Network, Run, Security};
pub use shell::Shell;
pub use stopsignal::Stopsignal;
pub use user::User;
pub use volume::Volume;
pub use workdir::Workdir;

pub use crate::syntax::{Directive, Heredoc, NotJson, Pair, Word};
use crate::syntax::{Keyword, Tree};
use crate::text::{Deception, Diagnostic, Span, Spanned, Text};

/// A file: what stands before the first FROM, and the stages.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct File {
    /// The character that escapes: a backslash or a backtick.
    pub escape: char,
    /// The directives at the top, in order.
    pub directives: Vec<Directive>,
    /// The `check` directive that the linter goes by.
    pub check: Option<Directive>,
    /// The ARG instructions before the first FROM.
    pub global_args: Vec<Instruction>,
    /// The stages, in order.
    pub stages: Vec<StageDecl>,
    /// Each instruction that has empty lines in it, broken ones too.
    #[doc(hidden)]
    pub gaps: Vec<Gap>,
    /// Places that are not what they look like, in comments, too.
    #[doc(hidden)]
    pub deceptions: Vec<Spanned<Deception>>,
    /// The first instruction that is wrong, if it is a FROM or a MAINTAINER: checks look at those even then.
    #[doc(hidden)]
    pub first_broken: Option<Broken>,
    /// How many of the diagnostics are about the syntax.
    #[doc(hidden)]
    pub syntax_errors: usize,
    /// Errors. The first one is what the reference reports: it reads the syntax of the whole file before it looks at
    /// instructions, so errors of syntax come first, and each kind is in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// What checks look at in an instruction that is wrong.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Broken {
    /// Its keyword.
    pub kind: Keyword,
    /// The keyword, in the case it was written in.
    pub keyword: Spanned<Text>,
    /// The words of a FROM.
    pub words: Vec<Word>,
    /// The comment lines above.
    pub comments: Vec<Spanned<Text>>,
    /// All lines.
    pub span: Span,
}

/// An instruction with empty lines in it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// Its lines, heredocs left out.
    pub lines: Span,
    /// The first line without text.
    pub first: Span,
}

/// One instruction other than FROM.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Instruction {
    /// What it says.
    pub kind: Kind,
    /// What all instructions have.
    pub head: Head,
}

/// What every instruction has, FROM included.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Head {
    /// The keyword, in the case it was written in.
    pub keyword: Spanned<Text>,
    /// The lines joined into one, without heredocs and without white space around. It is the `command` of a step's
    /// metadata and the start of its name.
    pub text: Text,
    /// All lines, heredocs included.
    pub span: Span,
    /// All lines, heredocs left out.
    pub lines_span: Span,
    /// The comment lines above, without `#`.
    pub comments: Vec<Spanned<Text>>,
    /// Lines without text after a line continuation.
    pub empty_lines: Vec<Span>,
    /// The first place where bytes were no UTF-8. The text holds U+FFFD there, which ENV, ARG, LABEL and JSON forms
    /// allow; in the text of a step it is an error.
    pub invalid: Option<Span>,
}

/// An instruction by keyword.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// `ADD`
    Add(Add),
    /// `ARG`
    Arg(Arg),
    /// `CMD`
    Cmd(Cmd),
    /// `COPY`
    Copy(Copy),
    /// `ENTRYPOINT`
    Entrypoint(Entrypoint),
    /// `ENV`
    Env(Env),
    /// `EXPOSE`
    Expose(Expose),
    /// `HEALTHCHECK`
    Healthcheck(Healthcheck),
    /// `LABEL`
    Label(Label),
    /// `MAINTAINER`
    Maintainer(Maintainer),
    /// `ONBUILD`
    Onbuild(Onbuild),
    /// `RUN`
    Run(Run),
    /// `SHELL`
    Shell(Shell),
    /// `STOPSIGNAL`
    Stopsignal(Stopsignal),
    /// `USER`
    User(User),
    /// `VOLUME`
    Volume(Volume),
    /// `WORKDIR`
    Workdir(Workdir),
}

impl Kind {
    /// Returns the keyword in upper case.
    pub fn keyword(&self) -> &'static str {
        match self {
            Kind::Add(_) => "ADD",
            Kind::Arg(_) => "ARG",
            Kind::Cmd(_) => "CMD",
            Kind::Copy(_) => "COPY",
            Kind::Entrypoint(_) => "ENTRYPOINT",
            Kind::Env(_) => "ENV",
            Kind::Expose(_) => "EXPOSE",
            Kind::Healthcheck(_) => "HEALTHCHECK",
            Kind::Label(_) => "LABEL",
            Kind::Maintainer(_) => "MAINTAINER",
            Kind::Onbuild(_) => "ONBUILD",
            Kind::Run(_) => "RUN",
            Kind::Shell(_) => "SHELL",
            Kind::Stopsignal(_) => "STOPSIGNAL",
            Kind::User(_) => "USER",
            Kind::Volume(_) => "VOLUME",
            Kind::Workdir(_) => "WORKDIR",
        }
    }
}

impl File {
    /// Takes the instruction at a place out of the file; of a FROM, what may be wrong in it. Tells whether that was done.
    pub fn take_out(&mut self, place: Span) -> bool {
        for stage in &mut self.stages {
            if stage.head.span.contains(place) {
                let was_plain = stage.base.text == "scratch" && stage.platform.is_none();
                stage.base.text = "scratch".into();
                stage.platform = None;
                return !was_plain;
            }
            let count = stage.instructions.len();
            stage.instructions.retain(|instruction| !instruction.head.span.contains(place));
            if stage.instructions.len() < count {
                return true;
            }
        }
        let count = self.global_args.len();
        self.global_args.retain(|instruction| !instruction.head.span.contains(place));
        self.global_args.len() < count
    }
}

/// Reads all statements of a file.
#[doc(hidden)]
pub fn parse_file(tree: Tree) -> File {
    parse::file(tree)
}

/// Reads a trigger that a base image brings along: one instruction. All its places are `span`, that of the FROM.
///
/// # Errors
/// If the text is no instruction, or more than one, or one that no trigger may be.
#[doc(hidden)]
pub fn parse_trigger(text: &str, span: Span) -> Result<Instruction, Diagnostic> {
    parse::trigger(text, span)
}

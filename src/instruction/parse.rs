//! Statements to instructions, and instructions to stages.

use super::*;
use crate::suggest::{self, Case};
use crate::syntax::{self, Args, Form, Keyword, NotJson, Statement};
use std::collections::HashMap;

/// Reads one statement: takes its parts and gathers what is wrong with it.
///
/// The first error is the one that the reference reports. A keyword's parser may go on after it, to find more; what it
/// returns is then dropped.
pub(super) struct Reader {
    pub statement: Statement,
    pub errors: Vec<Diagnostic>,
    /// For a trigger: the only place there is.
    place: Option<Span>,
}

/// What a statement says.
enum Said {
    From(StageDecl),
    Instruction(Instruction),
}

impl Reader {
    fn new(statement: Statement, place: Option<Span>) -> Reader {
        Reader { statement, errors: Vec::new(), place }
    }

    /// Notes an error.
    pub(super) fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.errors.push(Diagnostic::error(code, message, span));
    }

    /// Adds help to the error noted last.
    pub(super) fn hint(&mut self, text: impl Into<String>) {
        if let Some(error) = self.errors.pop() {
            self.errors.push(error.hint(text));
        }
    }

    /// Takes the words of the arguments.
    pub(super) fn words(&mut self) -> (Vec<Word>, Form) {
        match std::mem::replace(&mut self.statement.args, Args::Pairs(Vec::new())) {
            Args::Words { words, form } => (words, form),
            Args::Pairs(_) | Args::Names(_) => (Vec::new(), Form::Plain),
        }
    }

    /// Takes the words of the arguments, of which there must be one at least.
    pub(super) fn some_words(&mut self, keyword: &str) -> (Vec<Word>, Form) {
        let words = self.words();
        if words.0.is_empty() {
            self.missing(keyword);
        }
        words
    }

    /// Takes the only word of the arguments.
    pub(super) fn one_word(&mut self, keyword: &str) -> Option<Word> {
        let word = self.words().0.pop();
        if word.is_none() {
            let span = self.statement.keyword.span;
            self.error("missing-argument", format!("{keyword} requires exactly one argument"), span);
        }
        word
    }

    /// Takes the pairs of the arguments.
    pub(super) fn pairs(&mut self, keyword: &str) -> Vec<Pair> {
        let pairs = match std::mem::replace(&mut self.statement.args, Args::Pairs(Vec::new())) {
            Args::Pairs(pairs) => pairs,
            Args::Words { .. } | Args::Names(_) => Vec::new(),
        };
        if pairs.is_empty() {
            self.missing(keyword);
        }
        for pair in pairs.iter().filter(|pair| pair.key.text.is_empty()) {
            self.blank_name(keyword, pair.key.span.to(pair.value.span));
        }
        pairs
    }

    /// Notes that there are no arguments.
    pub(super) fn missing(&mut self, keyword: &str) {
        let span = self.statement.keyword.span;
        self.error("missing-argument", format!("{keyword} requires at least one argument"), span);
    }

    /// Notes that a name is empty.
    pub(super) fn blank_name(&mut self, keyword: &str, span: Span) {
        self.error("blank-name", format!("{keyword} names can not be blank"), span);
    }

    /// Returns the words as a command.
    pub(super) fn command(&mut self) -> CommandLine {
        let (words, form) = self.words();
        let is_shell = form != Form::Json;
        let not_json: Option<NotJson> = match form {
            Form::NotJson(reason) => Some(reason),
            Form::Json | Form::Plain => None,
        };
        let none = Span::new(self.statement.lines_span.end, self.statement.lines_span.end);
        let span = words.iter().map(|word| word.span).reduce(Span::to).unwrap_or(none);
        let words = words.into_iter().map(|word| Spanned::new(word.text, word.span)).collect();
        CommandLine { words, is_shell, not_json, span }
    }

    /// Returns what the comments above say about names.
    pub(super) fn descriptions(&mut self) -> Descriptions<'_> {
        Descriptions::new(&self.statement.comments, self.place)
    }

    fn run(mut self) -> Result<Said, Vec<Diagnostic>> {
        let kind = match self.statement.kind {
            Some(Keyword::From) => return self.from(),
            Some(Keyword::Add) => add::parse(&mut self).map(Kind::Add),
            Some(Keyword::Arg) => arg::parse(&mut self).map(Kind::Arg),
            Some(Keyword::Cmd) => cmd::parse(&mut self).map(Kind::Cmd),
            Some(Keyword::Copy) => copy::parse(&mut self).map(Kind::Copy),
            Some(Keyword::Entrypoint) => entrypoint::parse(&mut self).map(Kind::Entrypoint),
            Some(Keyword::Env) => env::parse(&mut self).map(Kind::Env),
            Some(Keyword::Expose) => expose::parse(&mut self).map(Kind::Expose),
            Some(Keyword::Healthcheck) => healthcheck::parse(&mut self).map(Kind::Healthcheck),
            Some(Keyword::Label) => label::parse(&mut self).map(Kind::Label),
            Some(Keyword::Maintainer) => maintainer::parse(&mut self).map(Kind::Maintainer),
            Some(Keyword::Onbuild) => onbuild::parse(&mut self).map(Kind::Onbuild),
            Some(Keyword::Run) => run::parse(&mut self).map(Kind::Run),
            Some(Keyword::Shell) => shell::parse(&mut self).map(Kind::Shell),
            Some(Keyword::Stopsignal) => stopsignal::parse(&mut self).map(Kind::Stopsignal),
            Some(Keyword::User) => user::parse(&mut self).map(Kind::User),
            Some(Keyword::Volume) => volume::parse(&mut self).map(Kind::Volume),
            Some(Keyword::Workdir) => workdir::parse(&mut self).map(Kind::Workdir),
            None => {
                self.unknown();
                None
            }
        };
        match kind {
            Some(kind) if self.errors.is_empty() => {
                Ok(Said::Instruction(Instruction { kind, head: head(self.statement) }))
            }
            _ => Err(self.errors),
        }
    }

    fn from(mut self) -> Result<Said, Vec<Diagnostic>> {
        match from::parse(&mut self) {
            Some(parts) if self.errors.is_empty() => Ok(Said::From(parts.stage(head(self.statement)))),
            _ => Err(self.errors),
        }
    }

    fn unknown(&mut self) {
        let word = &self.statement.keyword;
        let names = Keyword::ALL.iter().map(|keyword| keyword.as_str());
        let message = format!("unknown instruction: {}", word.value);
        let message = suggest::hint(message, &word.value, names, Case::Ignored);
        let error = Diagnostic::error("unknown-instruction", message, word.span);
        self.errors.push(if word.value.starts_with(|c: char| c.is_ascii_alphabetic()) {
            error
        } else {
            error.hint("does the line before need a `\\` at its end?")
        });
    }
}

/// What comments say about names: the first line that starts with the name and a space.
pub(super) struct Descriptions<'a> {
    /// By first word, so that many names under many comments take no time either.
    lines: HashMap<&'a str, Vec<&'a Spanned<String>>>,
    place: Option<Span>,
}

impl<'a> Descriptions<'a> {
    fn new(comments: &'a [Spanned<String>], place: Option<Span>) -> Descriptions<'a> {
        let mut lines: HashMap<_, Vec<_>> = HashMap::new();
        for comment in comments {
            lines.entry(first_word(&comment.value)).or_default().push(comment);
        }
        Descriptions { lines, place }
    }

    /// Returns what the comments say about a name, without the name.
    pub(super) fn of(&self, name: &str) -> Option<Spanned<String>> {
        if name.is_empty() {
            return None;
        }
        self.lines.get(first_word(name))?.iter().find_map(|comment| {
            let text = comment.value.strip_prefix(name)?.strip_prefix(' ')?;
            let written = Span::new(comment.span.end - text.len() as u32, comment.span.end);
            Some(Spanned::new(text.to_owned(), self.place.unwrap_or(written)))
        })
    }
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

fn head(statement: Statement) -> Head {
    Head {
        keyword: statement.keyword,
        text: statement.text,
        span: statement.span,
        lines_span: statement.lines_span,
        comments: statement.comments,
        empty_lines: statement.empty_lines,
        invalid: statement.invalid,
    }
}

pub(super) fn file(tree: Tree) -> File {
    let mut file = File {
        escape: tree.escape,
        directives: tree.directives,
        check: tree.check,
        global_args: Vec::new(),
        stages: Vec::new(),
        gaps: Vec::new(),
        syntax_errors: tree.diagnostics.len(),
        diagnostics: tree.diagnostics,
    };
    // After a broken FROM, what follows belongs to no stage; it is read for its errors only.
    let mut is_lost = false;
    let mut is_orphaned = false;
    for statement in tree.statements {
        let (line, span) = (statement.line, statement.span);
        let is_from = statement.kind == Some(Keyword::From);
        if !statement.empty_lines.is_empty() {
            file.gaps.push(statement.lines_span);
        }
        if statement.is_broken {
            is_lost |= is_from;
            continue;
        }
        match Reader::new(statement, None).run() {
            Err(errors) => {
                is_lost |= is_from;
                file.diagnostics.extend(errors.into_iter().map(|mut error| {
                    error.message = format!("dockerfile parse error on line {line}: {}", error.message);
                    error.within(span)
                }));
            }
            Ok(Said::From(stage)) => {
                is_lost = false;
                file.stages.push(stage);
            }
            Ok(Said::Instruction(_)) if is_lost => {}
            Ok(Said::Instruction(instruction)) => match file.stages.last_mut() {
                Some(stage) => stage.instructions.push(instruction),
                None if matches!(instruction.kind, Kind::Arg(_)) => file.global_args.push(instruction),
                None => {
                    if !std::mem::replace(&mut is_orphaned, true) {
                        let place = instruction.head.keyword.span;
                        let error = Diagnostic::error("no-stage", "no build stage in current context", place)
                            .within(span);
                        file.diagnostics.push(error.hint("only ARG may stand before the first FROM"));
                    }
                }
            },
        }
    }
    file
}

pub(super) fn trigger(text: &str, span: Span) -> Result<Instruction, Diagnostic> {
    let error = |message: &str| Diagnostic::error("invalid-trigger", message, span);
    let mut tree = syntax::parse_trigger(text, span);
    if !tree.diagnostics.is_empty() {
        return Err(tree.diagnostics.swap_remove(0).within(span));
    }
    let (Some(statement), true) = (tree.statements.pop(), tree.statements.is_empty()) else {
        return Err(error("onbuild trigger should be a single expression"));
    };
    match Reader::new(statement, Some(span)).run() {
        Ok(Said::Instruction(instruction)) => Ok(instruction),
        // The words of the reference, which names its own type.
        Ok(Said::From(_)) => Err(error("*instructions.Stage is not a command type")),
        Err(mut errors) => Err(errors.swap_remove(0).within(span)),
    }
}

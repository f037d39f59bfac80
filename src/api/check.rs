//! Every mistake of a Dockerfile, without an engine.

use super::Dockerfile;
use crate::facts::Facts;
use crate::instruction::File;
use crate::lint::{self, Warning};
use crate::options::Options;
use crate::pipeline::{Build, Built, Outcome, Scope, Source, loses_stage};
use crate::plan::{BaseFiles, Entry, Error, Question, Step};
use crate::text::{Diagnostic, SourceMap, Span};
use std::sync::Arc;

/// No more errors than this are looked for, after those of the syntax.
const MOST_ERRORS: usize = 50;

/// The rule that cannot be judged without the variables of the base image.
const NEEDS_BASE: &str = "UndefinedVar";

/// Finds what is wrong with a Dockerfile, in all of its stages: errors and warnings, in the order of the file.
///
/// Nobody is asked. Images are taken for plain ones, and what only they could tell is not judged. For the warnings of a
/// build that knows its images see [`Converted::warnings`](super::Converted::warnings).
///
/// ```
/// use multistage::{Options, Severity};
///
/// let dockerfile = multistage::parse("FROM alpine as base\nRUN --mont=type=cache make\nCOPY --from=bas /a /\n");
/// let found = multistage::check(&dockerfile, &Options::new());
///
/// assert_eq!((found[0].severity, found[0].code), (Severity::Warning, "FromAsCasing"));
/// assert_eq!((found[1].severity, found[1].code), (Severity::Error, "unknown-flag"));
/// ```
pub fn check(dockerfile: &Dockerfile, options: &Options) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Err(error) = look(dockerfile, options, &mut found) {
        found.push(error.diagnostic);
    }
    found.sort_by_key(|diagnostic| diagnostic.span);
    // One mistake in a word that several stages look at is told once.
    found.dedup_by(|a, b| (a.span, a.code, &a.message) == (b.span, b.code, &b.message));
    found
}

fn look(dockerfile: &Dockerfile, options: &Options, found: &mut Vec<Diagnostic>) -> Result<(), Error> {
    // A build is told to fail on warnings by its settings; here they are told side by side with errors.
    let mut file = (*dockerfile.file).clone();
    found.append(&mut file.diagnostics);
    file.syntax_errors = 0;
    let is_lost = found.iter().any(|error| loses_stage(&dockerfile.sources, error)) || file.stages.is_empty();

    let options = Arc::new(options.clone());
    let mut entry = Entry::holding(Arc::clone(&options), dockerfile.sources.files()[0].data());
    let project = loop {
        match entry.step()? {
            Step::Done(project) => break project,
            Step::Ask(asked) => asked.into_iter().for_each(|question| {
                let answer = question.unanswered();
                entry.tell(question, answer);
            }),
        }
    };
    let mut source = Source::of(project, Arc::clone(&dockerfile.file), options)?;
    let config = lint::Config { is_error: false, ..(*source.lint).clone() };
    source.lint = Arc::new(config.clone());

    let outcome = match is_lost {
        true => None,
        false => Some(explore(&mut source, &mut file, found)),
    };
    let (facts, built) = outcome.map_or((Facts::new(), None), |outcome| (outcome.facts, outcome.built.ok()));
    for warning in lint::check(&file, &facts, &config) {
        if warning.rule.name != NEEDS_BASE || built.as_ref().is_some_and(|built| knows_base(built, &warning))
        {
            found.push(diagnostic(warning, &dockerfile.sources));
        }
    }
    Ok(())
}

/// Runs the build until it goes well, each time without the instruction that was wrong.
fn explore(source: &mut Source, file: &mut File, found: &mut Vec<Diagnostic>) -> Outcome {
    loop {
        source.file = Arc::new(file.clone());
        let outcome = run(Build::new(source, None, Scope::All, false));
        let Err(error) = &outcome.built else { return outcome };
        let error = error.diagnostic.clone();
        let place = error.span;
        found.push(error);
        if place == Span::default() || found.len() >= MOST_ERRORS || !file.take_out(place) {
            return outcome;
        }
    }
}

/// Runs a build to its end with no more knowledge than there is.
fn run(mut build: Build) -> Outcome {
    loop {
        match build.step() {
            Step::Done(outcome) => return outcome,
            Step::Ask(asked) => asked.into_iter().for_each(|question| {
                let answer = match &question {
                    Question::ImageConfig(image) => image.plain(),
                    other => other.unanswered(),
                };
                build.tell(question, answer);
            }),
        }
    }
}

/// Tells whether the stage of a warning starts, through whatever stages, from no files at all.
fn knows_base(built: &Built, warning: &Warning) -> bool {
    let plan = &built.plan;
    let stage =
        plan.stages.file().stages.iter().rposition(|stage| stage.head.span.start <= warning.span.start);
    let Some((mut id, _)) = plan.stages.iter().find(|(_, it)| it.decl == stage && stage.is_some()) else {
        return false;
    };
    // A base stands above its stage, so this ends.
    while let Some(base) = plan.stages[id].base {
        id = base;
    }
    matches!(plan.base(id).map(|base| &base.files), Some(BaseFiles::Empty))
}

/// Returns what a warning says, with its place to the byte.
pub(super) fn diagnostic(warning: Warning, sources: &SourceMap) -> Diagnostic {
    let place = warning.place(sources.file_of(warning.span));
    Diagnostic::warning(warning.rule.name, warning.message, place).within(warning.span)
}

//! Judges one file: every error and every warning.
//!
//! A build stops at its first error. Here the instruction that is wrong is taken out and the rest is looked at again,
//! until nothing is wrong any more; then the rules run over what is left, with all stages.

use super::advice;
use super::fix::Fix;
use super::{help, names, silent};
use crate::cli::answer::{self, Answers, Local};
use crate::facts::Facts;
use crate::image::Platform;
use crate::instruction::{File, Kind, parse_file};
use crate::lint::{self, Config, Warning};
use crate::options::{MainContext, Options};
use crate::pipeline::{Build, Built, Outcome, Scope, Source, loses_stage};
use crate::plan::{BaseFiles, Entry, Error, Ignore, Project};
use crate::syntax;
use crate::text::{Diagnostic, Severity, SourceMap, Span};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// No more errors than this are looked for in one file, after those of its syntax.
const MOST_ERRORS: usize = 50;

/// No more arguments times stages than this are compared.
const MOST_LOOKUPS: usize = 1_000_000;

/// What the Dockerfile is called inside.
const NAME: &str = "Dockerfile";

/// How to judge.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// What a build would be asked for.
    pub options: Arc<Options>,
    /// What all builds share. It holds no Dockerfile.
    pub project: Project,
    /// Settings of rules, besides those of the file.
    pub lint: Config,
    /// Rules whose findings are errors; `all` for all.
    pub errors: BTreeSet<String>,
}

/// A file to judge.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// Its name, for people.
    pub name: String,
    /// Its bytes.
    pub data: Vec<u8>,
    /// Its own ignore file.
    pub ignore: Option<Vec<u8>>,
    /// The build context.
    pub context: Option<PathBuf>,
}

/// Something to say about a place in a file.
#[derive(Clone, Debug)]
pub(in super::super) struct Finding {
    /// What and where.
    pub diagnostic: Diagnostic,
    /// The warning it comes from; `None` for an error and for a check of our own.
    pub warning: Option<Warning>,
    /// How to mend it.
    pub fix: Option<Fix>,
}

impl Finding {
    /// Tells whether the file cannot be built.
    pub(in super::super) fn is_broken(&self) -> bool {
        self.warning.is_none() && self.diagnostic.severity == Severity::Error
    }
}

/// A file that was judged.
#[derive(Clone, Debug)]
pub(in super::super) struct Judged {
    /// The file.
    pub sources: SourceMap,
    /// What there is to say, in the order of the file.
    pub findings: Vec<Finding>,
    /// The frontend that the file is written for, if it is another one. Nothing was looked at then.
    pub other: Option<String>,
}

/// Returns what the builds of all files share.
///
/// # Errors
/// If the options name no context.
pub(super) fn project(options: &Arc<Options>) -> Result<Project, Error> {
    answer::project(Entry::holding(Arc::clone(options), ""), &mut Answers::default())
}

/// Judges a file.
pub(super) fn judge(input: Input, settings: &Settings) -> Judged {
    let Input { name, data, ignore, context } = input;
    let context = Local { folder: context, files: BTreeMap::new() };
    let of_context = || answer::read_one(Some(&context), Ignore::NAME).unwrap_or_default();
    let ignore = match ignore {
        Some(data) => Ignore { name: format!("{NAME}{}", Ignore::NAME), data },
        None => Ignore { name: Ignore::NAME.to_owned(), data: of_context() },
    };
    let project = settings.project.holding(data.clone(), ignore);
    let mut answers = Answers::default();
    answers.locals.insert(MainContext::LOCAL_NAME.to_owned(), context);

    let sources = SourceMap::of(name, data);
    let mut judge = Judge {
        settings,
        answers,
        sources: &sources,
        errors: Vec::new(),
        warnings: Vec::new(),
        other: None,
        names: Vec::new(),
    };
    if let Err(error) = judge.run(project) {
        judge.errors.push(error.diagnostic);
    }
    let other = judge.other.take();
    let findings = judge.findings();
    Judged { sources, findings, other }
}

/// Tells whether a frontend speaks the language that is checked here.
fn is_ours(image: &str) -> bool {
    image.contains("dockerfile") || image.contains("multistage")
}

struct Judge<'a> {
    settings: &'a Settings,
    answers: Answers<'static>,
    sources: &'a SourceMap,
    errors: Vec<Diagnostic>,
    warnings: Vec<Finding>,
    other: Option<String>,
    /// The names of the stages, also of those that were taken out.
    names: Vec<String>,
}

impl Judge<'_> {
    fn run(&mut self, project: Project) -> Result<(), Error> {
        let options = Arc::clone(&self.settings.options);
        // What is written for another frontend may be no Dockerfile at all.
        let data = self.sources.files()[0].data();
        if let Some(other) = syntax::detect_syntax(data).filter(|other| !is_ours(&other.reference)) {
            self.other = Some(other.reference);
            return Ok(());
        }
        let project = Arc::new(project);
        let read = || Arc::new(parse_file(syntax::parse(&project.sources.files()[0])));
        let mut source = match Source::of(Arc::clone(&project), read(), Arc::clone(&options)) {
            Ok(source) => source,
            // Wrong settings are told, and the file is judged without them.
            Err(error) if error.diagnostic.code == "invalid-check-option" && options.check.is_none() => {
                let file = read();
                let place = file.check.as_ref().map_or(Span::default(), |directive| directive.value_span);
                self.errors.push(Diagnostic { span: place, ..error.diagnostic });
                Source { project, file, options, lint: Arc::default() }
            }
            Err(error) => return Err(error),
        };

        source.options = with_bases(source.options, &source.file);
        let mut config = (*source.lint).clone();
        config.add(&self.settings.lint);
        // A violation would hide the outcome; exit codes say the same.
        source.lint = Arc::new(Config { is_error: false, ..config.clone() });

        // Nobody else has it yet, so nothing is copied.
        let file = Arc::make_mut(&mut source.file);
        self.names = file.stages.iter().filter_map(|it| Some(it.name.as_ref()?.text.clone())).collect();
        let found = std::mem::take(&mut file.diagnostics);
        file.syntax_errors = 0;
        let loses_stage = found.iter().any(|error| loses_stage(self.sources, error));
        let mut has_lost_names = found.iter().any(|error| self.sets_names(error.span));
        self.errors.extend(found.into_iter().filter(|error| !(loses_stage && error.code == "no-stage")));
        // What is no Dockerfile is wrong in every line, which tells nobody anything.
        let is_foreign = |error: &Diagnostic| {
            error.code == "unknown-instruction" && advice::suggestion(&error.message).is_none()
        };
        if file.stages.is_empty() && file.global_args.is_empty() && self.errors.iter().all(is_foreign) {
            self.errors.truncate(1);
            for error in &mut self.errors {
                error.hints = vec!["no line of this file is an instruction: is it a Dockerfile?".to_owned()];
            }
        }

        let is_lost = loses_stage || (source.file.stages.is_empty() && !self.errors.is_empty());
        let outcome = match is_lost {
            true => None,
            false => Some(self.explore(&mut source, &mut has_lost_names)),
        };
        let file = &*source.file;
        let (facts, built) = match outcome {
            Some(outcome) => (outcome.facts, outcome.built.ok()),
            None => (Facts::new(), None),
        };
        let warnings = lint::check(file, &facts, &config);
        let text = &self.sources.files()[0];
        for warning in warnings {
            if is_guess(&warning, file, built.as_ref(), &self.answers, has_lost_names) {
                continue;
            }
            let advice = advice::advise(&warning, text, file);
            let mut diagnostic = Diagnostic::warning(warning.rule.name, &warning.message, advice.span);
            diagnostic.ranges = vec![warning.span];
            diagnostic.labels = advice.labels;
            diagnostic.hints = advice.help.into_iter().collect();
            if ["all", warning.rule.name].iter().any(|name| self.settings.errors.contains(*name)) {
                diagnostic.severity = Severity::Error;
            }
            self.warnings.push(Finding { diagnostic, warning: Some(warning), fix: advice.fix });
        }
        let mut found = silent::all(text, file);
        if !loses_stage {
            found.extend(names::misspelled(file));
            found.extend(names::architectures(text, file));
        }
        let warnings = found.into_iter().map(|(diagnostic, fix)| Finding { diagnostic, warning: None, fix });
        self.warnings.extend(warnings);
        Ok(())
    }

    /// Runs the build until it goes well, each time without the instruction that was wrong.
    fn explore(&mut self, source: &mut Source, has_lost_names: &mut bool) -> Outcome {
        loop {
            let build = Build::new(source, None, Scope::All, false);
            let outcome = answer::outcome(build, &mut self.answers);
            let error = match &outcome.built {
                Ok(built) => {
                    if let Some(span) = built.converted.invalid_text {
                        let message = "failed to marshal LLB definition: string field contains invalid UTF-8";
                        self.errors.push(Diagnostic::error("invalid-utf8", message, span));
                    }
                    return outcome;
                }
                Err(error) => error.diagnostic.clone(),
            };
            let place = error.span;
            let has_place = !error.ranges.is_empty() || place != Span::default();
            self.errors.push(error);
            if !has_place
                || self.errors.len() >= MOST_ERRORS
                || !Arc::make_mut(&mut source.file).take_out(place)
            {
                return outcome;
            }
            *has_lost_names |= self.sets_names(place);
        }
    }

    /// Tells whether the instruction at a place sets variables.
    fn sets_names(&self, place: Span) -> bool {
        ["ARG", "ENV"].iter().any(|keyword| self.keyword(place).eq_ignore_ascii_case(keyword))
    }

    /// Returns the first word of the line that a place is on.
    fn keyword(&self, place: Span) -> &str {
        let file = &self.sources.files()[0];
        let line = file.position(place.start).line;
        file.line(line.max(1)).split_whitespace().next().unwrap_or_default()
    }

    fn findings(self) -> Vec<Finding> {
        let text = &self.sources.files()[0];
        let names = &self.names;
        let errors = self.errors.into_iter().map(|mut diagnostic| {
            let fix = help::add(&mut diagnostic, text, names);
            Finding { fix, diagnostic, warning: None }
        });
        let mut findings: Vec<Finding> = errors.chain(self.warnings).collect();
        findings.sort_by_key(|finding| finding.diagnostic.span);
        // One mistake in a word that several stages look at is told once.
        findings.dedup_by(|a, b| {
            let what = |it: &Finding| (it.diagnostic.span, it.diagnostic.code);
            what(a) == what(b) && a.diagnostic.message == b.diagnostic.message
        });
        findings
    }
}

/// Adds build arguments that a build must be given, since a FROM needs them and they have no default: the file is right,
/// and only its image is not known here.
fn with_bases(options: Arc<Options>, file: &File) -> Arc<Options> {
    let mut added = BTreeMap::new();
    // Each argument is looked for in each FROM, which takes too long for a file made to be slow.
    if file.global_args.len().saturating_mul(file.stages.len()) > MOST_LOOKUPS {
        return options;
    }
    for instruction in &file.global_args {
        let Kind::Arg(arg) = &instruction.kind else { continue };
        for decl in &arg.args {
            let name = decl.key.text.as_str();
            let is_empty =
                decl.value.as_ref().is_none_or(|value| value.text.trim_matches(['"', '\'']).is_empty());
            let uses =
                |text: &str| text.contains(&format!("${name}")) || text.contains(&format!("${{{name}"));
            let is_base = file.stages.iter().any(|stage| uses(&stage.base.text));
            let is_platform =
                file.stages.iter().any(|stage| stage.platform.as_ref().is_some_and(|word| uses(&word.text)));
            if is_empty && is_base && !is_platform && !options.build_args.contains_key(name) {
                added.insert(name.to_owned(), "unknown".to_owned());
            }
        }
    }
    if added.is_empty() {
        return options;
    }
    let mut options = Arc::unwrap_or_clone(options);
    options.build_args.extend(added);
    Arc::new(options)
}

/// Tells whether a warning may well be wrong: the variable may come from an image that nobody has described, or from an
/// instruction that could not be read.
fn is_guess(
    warning: &Warning,
    file: &File,
    built: Option<&Built>,
    answers: &Answers<'_>,
    has_lost_names: bool,
) -> bool {
    if warning.rule.name == "UndefinedArgInFrom" {
        return has_lost_names;
    }
    if warning.rule.name != "UndefinedVar" {
        return false;
    }
    let variable = advice::variable(&warning.message);
    // Every image has a PATH, so a name that is close to it tells nothing.
    if advice::suggestion(&warning.message).is_some_and(|name| name != "PATH")
        || variable.is_some_and(|name| advice::is_global(file, name))
    {
        return false;
    }
    let Some(built) = built.filter(|_| !has_lost_names) else { return true };
    let Some((Some(stage), _)) = advice::item(file, warning.span) else { return true };
    let plan = &built.plan;
    let Some(mut id) = plan.stages.iter().find(|(_, it)| it.decl == Some(stage)).map(|(id, _)| id) else {
        return true;
    };
    // A base stands above its stage, so this ends.
    while let Some(base) = plan.stages[id].base {
        id = base;
    }
    match plan.base(id).map(|base| &base.files) {
        Some(BaseFiles::Image { reference, .. }) => answers.guessed.contains(reference),
        Some(BaseFiles::Empty) => false,
        Some(BaseFiles::Context(_)) | None => true,
    }
}

/// Returns the names that instructions take files from, each with its place.
pub(super) fn sources_of(kind: &Kind) -> Vec<(&str, Span)> {
    let given = match kind {
        Kind::Copy(copy) => copy.from.iter().collect(),
        Kind::Run(run) => run.mounts.iter().filter_map(|mount| mount.from.as_ref()).collect(),
        _ => Vec::new(),
    };
    given.into_iter().map(|from| (from.value.as_str(), from.span)).collect()
}

/// Returns what a build would be asked for.
///
/// # Errors
/// If a build argument is wrong.
pub(super) fn options(build_args: &[String]) -> Result<Options, String> {
    let mut map = BTreeMap::new();
    for given in build_args {
        let (name, value) = match given.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => match std::env::var(given) {
                Ok(value) => (given.as_str(), value),
                Err(_) => continue,
            },
        };
        map.insert(format!("build-arg:{name}"), value);
    }
    Options::from_map(&map, &[], &Platform::host()).map_err(|error| error.to_string())
}

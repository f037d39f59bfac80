//! `multistage check`: finds mistakes in Dockerfiles, shows them, mends them.

mod advice;
mod diff;
mod explain;
mod find;
mod fix;
mod github;
mod help;
mod json;
mod judge;
mod mend;
mod names;
mod sarif;
mod silent;

pub(super) use fix::{Fix, Safety};
pub(super) use judge::{Finding, Judged};

use super::Status;
use super::answer::read_limited;
use super::args::{CheckArgs, Format};
use super::output::{Failure, Output};
use super::render;
use crate::lint::{self, Config};
use crate::suggest::{self, Case};
use annotate_snippets::renderer::AnsiColor;
use judge::{Input, Settings};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A fix may make room for another, but not for ever.
const MOST_ROUNDS: usize = 5;

/// A file, and what came of it.
struct Checked {
    /// What was found; or why the file could not be read or written.
    judged: Result<Judged, String>,
    /// How many findings were mended.
    mended: usize,
    /// A diff of what could be mended.
    diff: String,
}

/// Runs the command.
pub(super) fn run(args: &CheckArgs, output: &mut Output) -> Result<Status, Failure> {
    if let Some(rule) = &args.explain {
        return explain::explain(rule, output);
    }
    let settings = settings(args)?;
    let paths = find::files(&args.paths)?;
    if args.fix && paths.iter().any(|path| path.as_os_str() == find::STDIN) {
        return Err(Failure::new("--fix cannot write to standard input").hint("use --diff to see the fixes"));
    }
    if paths.is_empty() {
        output.note("no Dockerfile was found");
        return Ok(Status::Clean);
    }
    let checked = side_by_side(&paths, |path| check(path, args, &settings));
    show(args, &checked, output)?;
    let status = checked.iter().map(status).max().unwrap_or(Status::Clean);
    // The program ends now: to give back what a thousand files took, piece by piece, would only take time.
    std::mem::forget(checked);
    Ok(status)
}

fn settings(args: &CheckArgs) -> Result<Settings, Failure> {
    let skip = rules(&args.skip)?;
    let experimental = if args.all { vec!["all"] } else { rules(&args.experimental)? };
    let mut lint = Config { takes_own: args.all, ..Config::default() };
    for (key, names) in [("skip", skip), ("experimental", experimental)] {
        if !names.is_empty() {
            let text = format!("{key}={}", names.join(","));
            lint.add(&Config::parse(&text).map_err(Failure::new)?);
        }
    }
    let errors: BTreeSet<String> = rules(&args.error)?.into_iter().map(str::to_owned).collect();
    let options = Arc::new(judge::options(&args.build_arg).map_err(Failure::new)?);
    let project = judge::project(&options).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Settings { options, project, lint, errors })
}

/// Returns the names of rules as they are spelled.
fn rules(given: &[String]) -> Result<Vec<&str>, Failure> {
    given
        .iter()
        .map(|name| if name == "all" { Ok("all") } else { known_rule(name).map(|rule| rule.name) })
        .collect()
}

/// Returns the rule of a name.
fn known_rule(name: &str) -> Result<&'static lint::Rule, Failure> {
    lint::rule(name).ok_or_else(|| {
        let names = lint::all_rules().map(|rule| rule.name);
        let message = suggest::hint(format!("no rule is called `{name}`"), name, names, Case::Matters);
        Failure::new(message).hint("`multistage check --explain` lists all rules")
    })
}

/// Does the same with many things at once, and keeps their order.
fn side_by_side<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(all.len());
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let Some((at, one)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, all.get(at)?)))
        {
            done.push((at, work(one)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (1..workers).map(|_| scope.spawn(take)).collect();
        let mut done = take();
        for worker in workers {
            match worker.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

fn check(path: &Path, args: &CheckArgs, settings: &Settings) -> Checked {
    let failed = |message: String| Checked { judged: Err(message), mended: 0, diff: String::new() };
    let input = match read(path, args) {
        Ok(input) => input,
        Err(message) => return failed(message),
    };
    let mut mending = args.fix.then(|| input.clone());
    let mut judged = judge::judge(input, settings);
    let mut mended = 0;
    if let Some(input) = &mut mending {
        for _ in 0..MOST_ROUNDS {
            let Some((text, count)) = mend(&judged) else { break };
            input.data = text.into_bytes();
            let next = judge::judge(input.clone(), settings);
            // A fix that breaks the file would be a bug of ours; the file is worth more than the fix.
            if next.findings.iter().any(Finding::is_broken) {
                break;
            }
            mended += count;
            judged = next;
        }
        if mended > 0
            && let Err(error) = fs::write(path, judged.sources.files()[0].data())
        {
            return failed(format!("{}: cannot write: {error}", path.display()));
        }
    }
    let diff = if args.diff {
        diff::unified(&judged.sources.files()[0], &edits(&judged, |_| true))
    } else {
        String::new()
    };
    Checked { judged: Ok(judged), mended, diff }
}

/// Returns the text of a file with all that can be mended safely, and how much that is; nothing if there is nothing.
fn mend(judged: &Judged) -> Option<(String, usize)> {
    let file = &judged.sources.files()[0];
    let is_safe = |fix: &Fix| fix.safety == Safety::Safe;
    let edits = edits(judged, is_safe);
    if edits.is_empty() || judged.findings.iter().any(Finding::is_broken) {
        return None;
    }
    let count = judged.findings.iter().filter(|finding| finding.fix.as_ref().is_some_and(is_safe)).count();
    Some((fix::apply(file, &edits), count))
}

fn edits(judged: &Judged, wanted: impl Fn(&Fix) -> bool) -> Vec<fix::Edit> {
    // What cannot be shown as text cannot be written back either.
    if judged.sources.files()[0].invalid().next().is_some() {
        return Vec::new();
    }
    fix::merge(judged.findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| wanted(fix)))
}

fn read(path: &Path, args: &CheckArgs) -> Result<Input, String> {
    if path.as_os_str() == find::STDIN {
        let mut data = Vec::new();
        let input = std::io::stdin().lock().take(super::answer::LIMIT_BYTES + 1).read_to_end(&mut data);
        input.map_err(|error| format!("standard input: {error}"))?;
        return Ok(Input { name: "<stdin>".to_owned(), data, ignore: None, context: args.context.clone() });
    }
    let name = path.display().to_string();
    let data = read_limited(path).map_err(|error| format!("{name}: {error}"))?;
    let mut ignore = path.as_os_str().to_owned();
    ignore.push(".dockerignore");
    let folder = || {
        path.parent()
            .map(|folder| if folder == OsStr::new("") { PathBuf::from(".") } else { folder.to_owned() })
    };
    Ok(Input {
        data,
        ignore: read_limited(Path::new(&ignore)).ok().filter(|data| !data.is_empty()),
        context: args.context.clone().or_else(folder),
        name,
    })
}

fn status(checked: &Checked) -> Status {
    match &checked.judged {
        Err(_) => Status::Broken,
        Ok(judged) if judged.findings.iter().any(Finding::is_broken) => Status::Broken,
        Ok(judged) if !judged.findings.is_empty() => Status::Findings,
        Ok(_) => Status::Clean,
    }
}

fn show(args: &CheckArgs, checked: &[Checked], output: &mut Output) -> Result<(), Failure> {
    for message in checked.iter().filter_map(|one| one.judged.as_ref().err()) {
        output.error(message, &[]);
    }
    for one in checked.iter().filter_map(|one| one.judged.as_ref().ok()) {
        if let Some(other) = &one.other {
            let name = one.sources.files()[0].name();
            output.note(&format!("{name} is written for the frontend {other}, so it was not checked"));
        }
    }
    let judged: Vec<&Judged> = checked.iter().filter_map(|one| one.judged.as_ref().ok()).collect();
    if args.diff {
        for one in checked {
            output.write_all(one.diff.as_bytes())?;
        }
        output.flush()?;
    } else {
        match args.format {
            Format::Human => {
                // Drawing takes a third of the time, so it is done side by side, too.
                let canvas = output.canvas();
                let draw = |one: &&Judged| -> String {
                    let drawn = one.findings.iter().map(|finding| render::finding(&canvas, one, finding));
                    drawn.map(|text| text + "\n\n").collect()
                };
                for text in side_by_side(&judged, draw) {
                    output.write_all(text.as_bytes())?;
                }
            }
            Format::Json => writeln!(output, "{}", json::json(&judged))?,
            Format::Sarif => writeln!(output, "{:#}", sarif::sarif(&judged))?,
            Format::Github => output.write_all(github::annotations(&judged).as_bytes())?,
        }
    }
    if args.format == Format::Human {
        let (result, more) = summary(args, checked, &judged);
        match args.diff {
            true => output.note(&(result + &more)),
            false => {
                let color = match checked.iter().map(status).max() {
                    Some(Status::Broken) => AnsiColor::BrightRed,
                    Some(Status::Findings) => AnsiColor::Yellow,
                    Some(Status::Clean) | None => AnsiColor::Green,
                };
                let canvas = output.canvas();
                let is_long = canvas.width.is_some_and(|width| result.len() + more.len() > width);
                let more = if is_long { more.replace("; ", "\n") } else { more };
                let result = canvas.paint(&result, color);
                writeln!(output, "{result}{more}")?;
            }
        }
    }
    Ok(())
}

/// Says in one line what came of it all, and what more can be done.
fn summary(args: &CheckArgs, checked: &[Checked], judged: &[&Judged]) -> (String, String) {
    let findings = || judged.iter().flat_map(|one| &one.findings);
    let errors =
        findings().filter(|finding| finding.diagnostic.severity == crate::text::Severity::Error).count();
    let warnings = findings().count() - errors;
    let files = checked.len();
    let result = match (errors, warnings) {
        (0, 0) => format!("{} checked, nothing found", count(files, "file")),
        (0, _) => format!("{} in {}", count(warnings, "warning"), count(files, "file")),
        (_, 0) => format!("{} in {}", count(errors, "error"), count(files, "file")),
        _ => format!(
            "{} and {} in {}",
            count(errors, "error"),
            count(warnings, "warning"),
            count(files, "file")
        ),
    };
    let mut out = String::new();
    let mended: usize = checked.iter().map(|one| one.mended).sum();
    if mended > 0 {
        out.push_str(&format!("; {mended} mended"));
    }
    let fixable = |one: &Judged, safety| {
        one.findings.iter().filter(|it| it.fix.as_ref().is_some_and(|fix| fix.safety == safety)).count()
    };
    // A file that is broken is not touched.
    let is_whole = |one: &&&Judged| !one.findings.iter().any(Finding::is_broken);
    let safe: usize = judged.iter().filter(is_whole).map(|one| fixable(one, Safety::Safe)).sum();
    let all: usize =
        judged.iter().map(|one| fixable(one, Safety::Safe) + fixable(one, Safety::Suggested)).sum();
    if safe > 0 && !args.fix {
        out.push_str(&format!("; --fix mends {safe}"));
    }
    if all > safe && !args.diff {
        out.push_str(&format!("; --diff shows how to mend {all}"));
    }
    (result, out)
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

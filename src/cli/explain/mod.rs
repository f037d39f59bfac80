//! `multistage explain`: what a build does, what it leaves out and why, and what a change makes run again.

mod arg;
mod changed;

use super::args::{BuildArgs, ExplainArgs};
use super::output::{Failure, Output};
use super::{Status, build, graph};
use crate::explain::{self, ContextFile, ContextUse, Need, OpKind, Ops, Overview, StageInfo, Why};
use crate::options::MainContext;
use arg::Arg;
use changed::Changed;
use ignore::WalkBuilder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The version of the JSON.
const VERSION: u32 = 1;
/// The most files of a context that are looked at.
const MOST_FILES: usize = 200_000;

/// Runs the command.
pub(super) fn run(args: &ExplainArgs, output: &mut Output) -> Result<Status, Failure> {
    let ready = build::run(&args.build, output)?;
    let ops = graph::ops(&ready)?;
    let overview = explain::overview(&ready.built.plan, &ops, &ready.source.project.sources);
    let contexts = contexts(&args.build, &ops)?;
    let changed = (!args.changed.is_empty()).then(|| Changed::of(&args.changed, &ops, &contexts));
    let arg = args.arg.as_ref().map(|given| Arg::of(given, args, &ready, &ops, output)).transpose()?;
    if args.json {
        let mut value = to_json(&overview, &contexts);
        if let Some(changed) = &changed {
            value["changed"] = changed.to_json(&ops);
        }
        if let Some(arg) = &arg {
            value["arg"] = arg.to_json();
        }
        writeln!(output, "{value:#}")?;
        return Ok(Status::Clean);
    }
    output.tell_people();
    match (&changed, &arg) {
        (None, None) => show(&overview, &contexts, output)?,
        _ => {
            if let Some(changed) = &changed {
                changed.show(&ops, output)?;
            }
            if let Some(arg) = &arg {
                arg.show(output)?;
            }
        }
    }
    Ok(Status::Clean)
}

/// A folder of the client, and what became of its files.
struct Context {
    used: ContextUse,
    /// Where it is on this machine, if it is.
    folder: Option<PathBuf>,
    /// Its symbolic links, and the paths that they lead to.
    links: Vec<(String, String)>,
    sent: usize,
    sent_bytes: u64,
    unused: usize,
    /// By pattern: how many files it keeps back.
    ignored: BTreeMap<String, usize>,
    /// Whether the folder was looked through, to the end.
    is_whole: bool,
}

fn contexts(args: &BuildArgs, ops: &Ops) -> Result<Vec<Context>, Failure> {
    let mut found = Vec::new();
    for used in explain::contexts(ops) {
        let folder = match used.name.as_str() {
            MainContext::LOCAL_NAME => Some(args.context.clone()),
            name => args.build_context.iter().find_map(|given| {
                let (known, folder) = given.split_once('=')?;
                (known == name).then(|| folder.into())
            }),
        };
        let folder = folder.filter(|folder| folder.is_dir());
        let mut context = Context {
            used,
            folder: folder.clone(),
            links: Vec::new(),
            sent: 0,
            sent_bytes: 0,
            unused: 0,
            ignored: BTreeMap::new(),
            is_whole: false,
        };
        if let Some(folder) = folder {
            look_through(&folder, &mut context)?;
        }
        found.push(context);
    }
    Ok(found)
}

fn look_through(folder: &Path, context: &mut Context) -> Result<(), Failure> {
    let judge = context.used.judge().map_err(|error| Failure::new(error.to_string()))?;
    let mut count = 0;
    // Everything counts: a context knows no .gitignore.
    let files = WalkBuilder::new(folder).standard_filters(false).follow_links(false).build().flatten();
    for file in files.filter(|file| file.file_type().is_some_and(|kind| !kind.is_dir())) {
        count += 1;
        if count > MOST_FILES {
            return Ok(());
        }
        let Ok(path) = file.path().strip_prefix(folder) else { continue };
        let path = slashed(path);
        if let Ok(target) = fs::read_link(file.path()) {
            // A link that begins at the root begins at that of the context.
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            let parent = if target.is_absolute() { "" } else { parent };
            let target = crate::path::join(&["/", parent, &slashed(&target)]);
            context.links.push((path.clone(), target.trim_start_matches('/').to_owned()));
        }
        match judge.file(&path) {
            ContextFile::Sent => {
                context.sent += 1;
                context.sent_bytes += file.metadata().map_or(0, |data| data.len());
            }
            ContextFile::Unused => context.unused += 1,
            ContextFile::Ignored(pattern) => *context.ignored.entry(pattern).or_default() += 1,
        }
    }
    context.is_whole = true;
    Ok(())
}

/// Returns a path as builds write it.
fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

fn show(overview: &Overview, contexts: &[Context], output: &mut Output) -> Result<(), Failure> {
    let line =
        |name: &str| overview.stages.iter().find(|stage| stage.name == name).map_or(0, |stage| stage.line);
    writeln!(output, "target: {} (line {})", overview.target, line(&overview.target))?;
    let built: Vec<&StageInfo> =
        overview.stages.iter().filter(|stage| !matches!(stage.need, Need::Pruned(_))).collect();
    let pruned: Vec<&StageInfo> =
        overview.stages.iter().filter(|stage| matches!(stage.need, Need::Pruned(_))).collect();
    let width = overview.stages.iter().map(|stage| stage.name.chars().count()).max().unwrap_or(0);
    writeln!(
        output,
        "\nbuilt: {} of {} stages, {}",
        built.len(),
        overview.stages.len(),
        steps(overview.step_count)
    )?;
    for stage in built {
        writeln!(output, "  {:width$}  line {:<4} {}", stage.name, stage.line, reason(stage))?;
    }
    if !pruned.is_empty() {
        writeln!(output, "\nnot built:")?;
        for stage in pruned {
            writeln!(output, "  {:width$}  line {:<4} {}", stage.name, stage.line, reason(stage))?;
        }
    }
    writeln!(output, "\nstages on one line can run side by side:")?;
    for (at, layer) in overview.layers.iter().enumerate() {
        writeln!(output, "  {}. {}", at + 1, layer.join(", "))?;
    }
    writeln!(output, "\nlongest chain, {}:", steps(overview.chain.steps.len()))?;
    for (name, line) in &overview.chain.steps {
        writeln!(output, "  {}{}", shown(name), at_line(*line))?;
    }
    if !overview.images.is_empty() {
        writeln!(output, "\nimages asked for:")?;
        for (image, stages) in &overview.images {
            writeln!(output, "  {image}  for {}", stages.join(", "))?;
        }
    }
    if !overview.idle_images.is_empty() {
        writeln!(output, "\nimages not asked for: {}", overview.idle_images.join(", "))?;
    }
    for context in contexts {
        let name = match context.used.name.as_str() {
            MainContext::LOCAL_NAME => "build context",
            name => name,
        };
        let paths = match context.used.paths.is_empty() {
            true => "everything".to_owned(),
            false => context.used.paths.join(" "),
        };
        writeln!(output, "\n{name}: {paths}")?;
        if context.is_whole {
            writeln!(output, "  {} sent, {}", files(context.sent), bytes(context.sent_bytes))?;
            if context.unused > 0 {
                writeln!(output, "  {} not sent: no step asks for them", files(context.unused))?;
            }
        }
        for pattern in &context.used.ignore_patterns {
            if pattern.starts_with('!') {
                continue;
            }
            let count = context.ignored.get(pattern).copied().unwrap_or(0);
            match context.is_whole {
                true => writeln!(output, "  {} left out by the ignore file: {pattern}", files(count))?,
                false => writeln!(output, "  left out by the ignore file: {pattern}")?,
            }
        }
    }
    Ok(())
}

fn reason(stage: &StageInfo) -> String {
    let list = |all: &[Why]| {
        let words = all.iter().map(|why| match why.how {
            "FROM" => format!("{} starts from it (line {})", why.stage, why.line),
            how => format!("{how} of {} takes files (line {})", why.stage, why.line),
        });
        words.collect::<Vec<_>>().join("; ")
    };
    match &stage.need {
        Need::Target => "is the target".to_owned(),
        Need::Built(all) => list(all),
        Need::Pruned(all) if all.is_empty() => "no stage takes anything from it".to_owned(),
        Need::Pruned(all) => format!("only stages need it that are not built: {}", list(all)),
    }
}

/// Returns it as JSON; docs/explain-json.md tells what the fields mean.
fn to_json(overview: &Overview, contexts: &[Context]) -> Value {
    let why = |all: &[Why]| {
        let all = all.iter().map(|why| json!({ "stage": why.stage, "how": why.how, "line": why.line }));
        all.collect::<Vec<_>>()
    };
    let stages = overview.stages.iter().map(|stage| {
        let (state, needed_by) = match &stage.need {
            Need::Target => ("target", Vec::new()),
            Need::Built(all) => ("built", why(all)),
            Need::Pruned(all) => ("pruned", why(all)),
        };
        json!({
            "name": stage.name, "line": stage.line, "base": stage.base, "steps": stage.step_count,
            "state": state, "neededBy": needed_by,
        })
    });
    let contexts = contexts.iter().map(|context| {
        json!({
            "name": context.used.name,
            "paths": context.used.paths,
            "ignorePatterns": context.used.ignore_patterns,
            "files": context.is_whole.then(|| json!({
                "sent": context.sent,
                "sentBytes": context.sent_bytes,
                "unused": context.unused,
                "ignored": context.ignored,
            })),
        })
    });
    let chain = overview.chain.steps.iter().map(|(name, line)| json!({ "name": name, "line": line }));
    let images = overview.images.iter().map(|(name, stages)| json!({ "name": name, "stages": stages }));
    json!({
        "version": VERSION,
        "target": overview.target,
        "steps": overview.step_count,
        "stages": stages.collect::<Vec<_>>(),
        "layers": overview.layers,
        "longestChain": chain.collect::<Vec<_>>(),
        "images": images.collect::<Vec<_>>(),
        "idleImages": overview.idle_images,
        "contexts": contexts.collect::<Vec<_>>(),
    })
}

fn op_json(ops: &Ops, at: usize) -> Value {
    let op = &ops.list[at];
    json!({ "digest": op.digest.to_string(), "name": op.name, "line": op.lines.map(|(line, _)| line) })
}

/// Tells whether an op is a step that can be cached or run: getting files is none.
fn is_step(ops: &Ops, at: usize) -> bool {
    !matches!(ops.list[at].kind(), OpKind::Image | OpKind::Local | OpKind::Remote)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a text as people read it: of a long command its start says which one it is.
fn shown(text: &str) -> String {
    const LONGEST: usize = 110;
    let text = one_line(text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn at_line(line: Option<u32>) -> String {
    line.map_or(String::new(), |line| format!(" (line {line})"))
}

fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", count as f64 / *size as f64),
        None => format!("{count} bytes"),
    }
}

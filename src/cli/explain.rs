//! `multistage explain`: what a build does, what it leaves out and why, and what a change makes run again.

use super::Status;
use super::args::{BuildArgs, ExplainArgs};
use super::build::{self, Ready};
use super::graph;
use super::output::{Failure, Output};
use crate::explain::{
    self, ContextFile, ContextUse, Fate, Need, OpKind, Ops, Overview, Reason, StageInfo, Why,
};
use crate::options::MainContext;
use ignore::WalkBuilder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// The version of the JSON.
const VERSION: u32 = 1;
/// The most files of a context that are looked at.
const MOST_FILES: usize = 200_000;
/// The value that stands for another one.
const OTHER_VALUE: &str = "changed";

/// Runs the command.
pub(super) fn run(args: &ExplainArgs, output: &mut Output) -> Result<Status, Failure> {
    let ready = build::run(&args.build, output)?;
    let ops = graph::ops(&ready)?;
    let overview = explain::overview(&ready.built.plan, &ops, &ready.source.project.sources);
    let contexts = contexts(&args.build, &ops)?;
    let changed = (!args.changed.is_empty()).then(|| changes(&args.changed, &ops, &contexts));
    let arg = args.arg.as_ref().map(|given| arg(given, args, &ready, &ops, output)).transpose()?;
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
        let mut context =
            Context { used, sent: 0, sent_bytes: 0, unused: 0, ignored: BTreeMap::new(), is_whole: false };
        if let Some(folder) = folder.filter(|folder| folder.is_dir()) {
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
        let path = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
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
        writeln!(output, "  {}{}", one_line(name), at_line(*line))?;
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

/// Which steps run again if files change.
struct Changed {
    /// Files, and what becomes of each.
    files: Vec<(String, ContextFile)>,
    fates: Vec<(Fate, Option<String>)>,
}

fn changes(paths: &[String], ops: &Ops, contexts: &[Context]) -> Changed {
    let context = contexts.iter().find(|context| context.used.name == MainContext::LOCAL_NAME);
    let judge = context.and_then(|context| context.used.judge().ok());
    let clean = |path: &String| {
        let path = crate::path::clean(path);
        path.trim_start_matches('/').to_owned()
    };
    let paths: Vec<String> = paths.iter().map(clean).collect();
    let fates = explain::changed(ops, MainContext::LOCAL_NAME, &paths);
    let judged = |path: String| {
        let fate = judge.as_ref().map_or(ContextFile::Unused, |judge| judge.file(&path));
        (path, fate)
    };
    Changed { files: paths.into_iter().map(judged).collect(), fates }
}

impl Changed {
    fn steps<'a>(&'a self, ops: &'a Ops, fate: Fate) -> impl Iterator<Item = (usize, &'a Option<String>)> {
        let all =
            self.fates.iter().enumerate().filter(move |(at, (found, _))| *found == fate && is_step(ops, *at));
        all.map(|(at, (_, because))| (at, because))
    }

    fn show(&self, ops: &Ops, output: &mut Output) -> Result<(), Failure> {
        for (file, fate) in &self.files {
            match fate {
                ContextFile::Sent => {}
                ContextFile::Unused => writeln!(output, "{file} is not sent: no step asks for it")?,
                ContextFile::Ignored(pattern) => {
                    writeln!(output, "{file} is not sent: the ignore file leaves it out ({pattern})")?;
                }
            }
        }
        let titles = [
            (Fate::Reruns, "run again"),
            (Fate::MayRerun, "run again only if the files they take come out different"),
            (Fate::Cached, "stay cached"),
        ];
        for (fate, title) in titles {
            if self.steps(ops, fate).next().is_none() {
                continue;
            }
            writeln!(output, "{title}:")?;
            for (at, because) in self.steps(ops, fate) {
                let op = &ops.list[at];
                write!(output, "  {}{}", one_line(&op.name), at_line(op.lines.map(|(line, _)| line)))?;
                match because {
                    Some(because) if fate != Fate::Cached => writeln!(output, "  <- {}", one_line(because))?,
                    _ => writeln!(output)?,
                }
            }
        }
        Ok(())
    }

    fn to_json(&self, ops: &Ops) -> Value {
        let files = self.files.iter().map(|(file, fate)| match fate {
            ContextFile::Sent => json!({ "path": file, "fate": "sent" }),
            ContextFile::Unused => json!({ "path": file, "fate": "unused" }),
            ContextFile::Ignored(pattern) => json!({ "path": file, "fate": "ignored", "pattern": pattern }),
        });
        let steps = |fate: Fate| {
            let steps = self.steps(ops, fate).map(|(at, because)| {
                let mut step = op_json(ops, at);
                if fate != Fate::Cached {
                    step["because"] = json!(because);
                }
                step
            });
            steps.collect::<Vec<_>>()
        };
        json!({
            "files": files.collect::<Vec<_>>(),
            "reruns": steps(Fate::Reruns),
            "mayRerun": steps(Fate::MayRerun),
            "cached": steps(Fate::Cached),
        })
    }
}

/// Where a build argument ends up.
struct Arg {
    name: String,
    /// The lines that declare or name it, with their text.
    lines: Vec<(u32, String)>,
    /// Steps that say something else if it changes: name, line, and what.
    direct: Vec<(String, Option<u32>, Vec<String>)>,
    /// Steps that stand on those.
    followers: Vec<(String, Option<u32>)>,
    unchanged: usize,
    /// Whether the image config changes with it.
    changes_config: bool,
}

fn arg(
    given: &str,
    args: &ExplainArgs,
    ready: &Ready,
    ops: &Ops,
    output: &mut Output,
) -> Result<Arg, Failure> {
    let (name, value) = given.split_once('=').unwrap_or((given, OTHER_VALUE));
    let mut other = args.build.clone();
    other.build_arg.push(format!("{name}={value}"));
    let other = build::run_again(&other, output).map_err(|failure| {
        failure.hint(format!("that is with {name}={value}; give a value that fits with --arg {name}=VALUE"))
    })?;
    let changed = graph::ops(&other)?;
    let diff = explain::diff(ops, &changed);
    let step = |at: usize| {
        let op = &changed.list[at];
        (op.name.clone(), op.lines.map(|(line, _)| line))
    };
    let mut direct = Vec::new();
    let mut followers = Vec::new();
    for change in &diff.changes {
        let (name, line) = step(change.op);
        match &change.reason {
            Reason::Follows(_) => followers.push((name, line)),
            Reason::Edited(words) => direct.push((name, line, words.clone())),
            Reason::Added => direct.push((name, line, vec!["a step of its own".to_owned()])),
            Reason::Moved => direct.push((name, line, vec!["another step below it".to_owned()])),
        }
    }
    let config = |ready: &Ready| ready.built.converted.image.to_json();
    Ok(Arg {
        name: name.to_owned(),
        lines: lines_naming(name, ready),
        direct,
        followers,
        unchanged: diff.unchanged,
        changes_config: config(ready) != config(&other),
    })
}

/// Returns the instructions that declare a variable or name it.
fn lines_naming(name: &str, ready: &Ready) -> Vec<(u32, String)> {
    let file = &ready.source.file;
    let stages = file.stages.iter().flat_map(|stage| {
        std::iter::once(&stage.head).chain(stage.instructions.iter().map(|instruction| &instruction.head))
    });
    let heads = file.global_args.iter().map(|instruction| &instruction.head).chain(stages);
    let named = heads.filter(|head| {
        let is_arg = head.keyword.value.eq_ignore_ascii_case("ARG");
        let ends_there = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        head.text.match_indices(name).any(|(at, _)| {
            let (before, after) = (&head.text[..at], &head.text[at + name.len()..]);
            let is_use = before.ends_with('$') || before.ends_with("${");
            ends_there(after) && (is_use || (is_arg && before.ends_with([' ', '\t'])))
        })
    });
    let sources = &ready.source.project.sources;
    named.map(|head| (sources.lines(head.span).0, one_line(&head.text))).collect()
}

impl Arg {
    fn show(&self, output: &mut Output) -> Result<(), Failure> {
        match self.lines.is_empty() {
            true => writeln!(output, "no instruction names {}", self.name)?,
            false => writeln!(output, "{} is named in:", self.name)?,
        }
        for (line, text) in &self.lines {
            writeln!(output, "  {line:>4}  {text}")?;
        }
        if self.direct.is_empty() {
            writeln!(output, "no step runs again if it changes")?;
        } else {
            writeln!(output, "it ends up in:")?;
        }
        for (name, line, words) in &self.direct {
            writeln!(output, "  {}{}", one_line(name), at_line(*line))?;
            for word in words {
                writeln!(output, "      {word}")?;
            }
        }
        if !self.followers.is_empty() {
            writeln!(output, "these stand on them and run again, too:")?;
            for (name, line) in &self.followers {
                writeln!(output, "  {}{}", one_line(name), at_line(*line))?;
            }
        }
        if self.changes_config {
            writeln!(output, "the image config changes, too")?;
        }
        writeln!(output, "{} ops stay as they are", self.unchanged)?;
        Ok(())
    }

    fn to_json(&self) -> Value {
        let named = self.lines.iter().map(|(line, text)| json!({ "line": line, "text": text }));
        let direct = self
            .direct
            .iter()
            .map(|(name, line, words)| json!({ "name": name, "line": line, "edits": words }));
        let followers = self.followers.iter().map(|(name, line)| json!({ "name": name, "line": line }));
        json!({
            "name": self.name,
            "named": named.collect::<Vec<_>>(),
            "direct": direct.collect::<Vec<_>>(),
            "followers": followers.collect::<Vec<_>>(),
            "unchanged": self.unchanged,
            "config": self.changes_config,
        })
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

//! `multistage diff`: which steps of two builds differ, and where each difference begins.

use super::Status;
use super::args::{BuildArgs, DiffArgs};
use super::build;
use super::graph;
use super::output::{Failure, Output};
use crate::explain::{self, Change, Diff, Fate, Ops, Reason};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The version of the JSON.
const VERSION: u32 = 1;
/// How many of the steps that follow are named.
const MOST_FOLLOWERS: usize = 5;

/// Runs the command.
pub(super) fn run(args: &DiffArgs, output: &mut Output) -> Result<Status, Failure> {
    let first = BuildArgs {
        context: context(args, &args.first),
        file: Some(args.first.clone()),
        target: args.target.clone(),
        platform: args.platform.clone(),
        build_arg: args.build_arg.clone(),
        image: args.image.clone(),
        images: args.images.clone(),
        ..BuildArgs::default()
    };
    let file = args.second.as_ref().unwrap_or(&args.first);
    let second = BuildArgs {
        context: context(args, file),
        file: Some(file.clone()),
        target: args.then_target.clone().or_else(|| args.target.clone()),
        platform: args.then_platform.clone().or_else(|| args.platform.clone()),
        build_arg: args.build_arg.iter().chain(&args.then_build_arg).cloned().collect(),
        ..first.clone()
    };
    let (a, b) = (build::run(&first, output)?, build::run_again(&second, output)?);
    let (x, y) = (graph::ops(&a)?, graph::ops(&b)?);
    let diff = explain::diff(&x, &y);
    let config = config(&a.built.converted.image.to_json(), &b.built.converted.image.to_json());
    match args.json {
        true => writeln!(output, "{:#}", to_json(&diff, &x, &y, &config))?,
        false => {
            output.tell_people();
            show(&diff, &x, &y, &config, output)?;
        }
    }
    let is_same = diff.changes.is_empty() && diff.removed.is_empty() && config.is_empty();
    Ok(if is_same { Status::Clean } else { Status::Findings })
}

fn context(args: &DiffArgs, file: &Path) -> PathBuf {
    let folder = || file.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
    args.context.clone().or_else(folder).unwrap_or_else(|| PathBuf::from("."))
}

/// Returns the fields of the image config that differ: name, before, after. History and time follow from the steps.
fn config(a: &[u8], b: &[u8]) -> Vec<(String, Value, Value)> {
    let fields = |bytes: &[u8]| {
        let mut value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let mut fields = value.get_mut("config").map(Value::take).unwrap_or_default();
        for name in ["architecture", "os", "variant"] {
            if let (Some(found), Some(all)) = (value.get(name), fields.as_object_mut()) {
                all.insert(name.to_owned(), found.clone());
            }
        }
        fields.as_object().cloned().unwrap_or_default()
    };
    let (a, b) = (fields(a), fields(b));
    let mut names: Vec<&String> = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))).collect();
    names.sort();
    let value =
        |fields: &serde_json::Map<String, Value>, name: &str| fields.get(name).cloned().unwrap_or_default();
    let fields = names.into_iter().map(|name| (name.clone(), value(&a, name), value(&b, name)));
    fields.filter(|(_, a, b)| a != b).collect()
}

fn show(
    diff: &Diff,
    a: &Ops,
    b: &Ops,
    config: &[(String, Value, Value)],
    output: &mut Output,
) -> Result<(), Failure> {
    let mut blocks: Vec<String> = Vec::new();
    let mut block = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let lines = lines.iter().map(|line| format!("  {line}\n"));
            blocks.push(format!("{title}:\n{}", lines.collect::<String>()));
        }
    };
    let name = |change: &Change| {
        let op = &b.list[change.op];
        let line = op.lines.map_or(String::new(), |(line, _)| format!(" (line {line})"));
        format!("{}{line}", brief(&op.name))
    };
    let follows = |change: &&Change| matches!(change.reason, Reason::Follows(_));
    for change in diff.changes.iter().filter(|change| change.is_first) {
        let what = match &change.reason {
            Reason::Added => "is new",
            Reason::Edited(_) => "changed",
            Reason::Moved(_) => "stands on another step",
            Reason::Follows(_) => "follows",
        };
        let mut lines = match &change.reason {
            Reason::Edited(words) | Reason::Moved(words) => words.iter().map(|word| brief(word)).collect(),
            _ => Vec::new(),
        };
        if change.fate == Fate::MayRerun {
            lines.push("still cached if those files are the same".to_owned());
        }
        match change.follower_count {
            0 => lines.push("no other step stands on it".to_owned()),
            1 => lines.push("1 more step stands on it".to_owned()),
            count => lines.push(format!("{count} more steps stand on it")),
        }
        block(&format!("{} {what}", name(change)), lines);
    }
    let own = diff.changes.iter().filter(|change| !change.is_first && !follows(change));
    let own = own.map(|change| match &change.reason {
        Reason::Edited(words) => format!("{}: {}", name(change), brief(&words.join("; "))),
        _ => format!("{}: new", name(change)),
    });
    block("standing on those, but with reasons of their own", own.collect());
    let removed = diff.removed.iter().map(|&at| brief(&a.list[at].name));
    block("no longer there", removed.collect());
    for (fate, title) in [
        (Fate::Reruns, "unchanged in themselves, but standing on what changed"),
        (Fate::MayRerun, "unchanged in themselves; cached if the files they take come out as before"),
    ] {
        let all = diff.changes.iter().filter(follows).filter(|change| change.fate == fate);
        let mut followers: Vec<String> = all.clone().take(MOST_FOLLOWERS).map(name).collect();
        let more = all.count().saturating_sub(MOST_FOLLOWERS);
        if more > 0 {
            followers.push(format!("and {more} more"));
        }
        block(title, followers);
    }
    let fields = config.iter().map(|(name, before, after)| format!("{name}: {before} → {after}"));
    block("image config", fields.collect());
    let is_same = diff.changes.is_empty() && diff.removed.is_empty();
    blocks.push(match is_same {
        true => format!("all {} ops are the same\n", diff.unchanged),
        false => format!(
            "ops: {} the same, {} changed or new, {} gone\n",
            diff.unchanged,
            diff.changes.len(),
            diff.removed.len()
        ),
    });
    output.write_all(blocks.join("\n").as_bytes())?;
    Ok(())
}

/// Returns a text in one line, of each digest only as much as tells it from others.
fn brief(text: &str) -> String {
    const MARK: &str = "sha256:";
    const SHOWN: usize = 12;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = text.split(MARK);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        out.push_str(MARK);
        match digits {
            64 => out.extend([&part[..SHOWN], "…", &part[digits..]]),
            _ => out.push_str(part),
        }
    }
    out
}

/// Returns it as JSON; docs/explain-json.md tells what the fields mean.
fn to_json(diff: &Diff, a: &Ops, b: &Ops, config: &[(String, Value, Value)]) -> Value {
    let op = |ops: &Ops, at: usize| {
        let op = &ops.list[at];
        json!({ "digest": op.digest.to_string(), "name": op.name, "line": op.lines.map(|(line, _)| line) })
    };
    let changes = diff.changes.iter().map(|change| {
        let (reason, words, below) = match &change.reason {
            Reason::Added => ("added", Vec::new(), None),
            Reason::Edited(words) => ("edited", words.clone(), None),
            Reason::Moved(words) => ("moved", words.clone(), None),
            Reason::Follows(below) => ("follows", Vec::new(), Some(op(b, *below))),
        };
        json!({
            "op": op(b, change.op),
            "before": change.before.map(|at| op(a, at)),
            "reason": reason,
            "fate": if change.fate == Fate::MayRerun { "mayRerun" } else { "reruns" },
            "edits": words,
            "follows": below,
            "first": change.is_first,
            "followers": change.follower_count,
        })
    });
    json!({
        "version": VERSION,
        "unchanged": diff.unchanged,
        "changes": changes.collect::<Vec<_>>(),
        "removed": diff.removed.iter().map(|&at| op(a, at)).collect::<Vec<_>>(),
        "config": config
            .iter()
            .map(|(name, before, after)| json!({ "field": name, "before": before, "after": after }))
            .collect::<Vec<_>>(),
    })
}

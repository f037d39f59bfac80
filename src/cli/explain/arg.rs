//! `--arg`: where a build argument ends up, and which steps run again with another value.

use super::{at_line, one_line, shown};
use crate::cli::args::ExplainArgs;
use crate::cli::build::{self, Ready};
use crate::cli::graph;
use crate::cli::output::{Failure, Output};
use crate::explain::{self, Fate, Ops, Reason};
use serde_json::{Value, json};
use std::io::Write;

/// The value that stands for another one.
const OTHER_VALUE: &str = "changed";

/// Where a build argument ends up.
pub(super) struct Arg {
    name: String,
    /// The lines that declare or name it, with their text.
    lines: Vec<(u32, String)>,
    /// Steps that say something else if it changes, and what.
    direct: Vec<(Step, Vec<String>)>,
    /// Steps that stand on those, or take files of them.
    followers: Vec<Step>,
    unchanged: usize,
    /// Whether the image config changes with it.
    changes_config: bool,
}

/// A step with another value.
struct Step {
    name: String,
    line: Option<u32>,
    fate: Fate,
}

impl Arg {
    /// Compares a build with one in which an argument is another: `NAME=VALUE`, or `NAME` alone.
    pub(super) fn of(
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
            failure
                .hint(format!("that is with {name}={value}; give a value that fits with --arg {name}=VALUE"))
        })?;
        let changed = graph::ops(&other)?;
        let diff = explain::diff(ops, &changed);
        let (mut direct, mut followers) = (Vec::new(), Vec::new());
        for change in &diff.changes {
            let op = &changed.list[change.op];
            let line = op.lines.map(|(line, _)| line);
            let step = Step { name: op.name.clone(), line, fate: change.fate };
            match &change.reason {
                Reason::Follows(_) => followers.push(step),
                Reason::Edited(words) => direct.push((step, words.clone())),
                Reason::Added => direct.push((step, vec!["a step of its own".to_owned()])),
                Reason::Moved(words) => {
                    direct.push((step, words.iter().map(|it| format!("stands {it}")).collect()))
                }
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

    pub(super) fn show(&self, output: &mut Output) -> Result<(), Failure> {
        match self.lines.is_empty() {
            true => writeln!(output, "no instruction names {}", self.name)?,
            false => writeln!(output, "{} is named in:", self.name)?,
        }
        for (line, text) in &self.lines {
            writeln!(output, "  {line:>4}  {}", shown(text))?;
        }
        if self.direct.is_empty() {
            writeln!(output, "no step runs again if it changes")?;
        } else {
            writeln!(output, "it ends up in:")?;
        }
        for (step, words) in &self.direct {
            let may =
                if step.fate == Fate::MayRerun { "  runs again only if those files differ" } else { "" };
            writeln!(output, "  {}{}{may}", shown(&step.name), at_line(step.line))?;
            for word in words {
                writeln!(output, "      {word}")?;
            }
        }
        for (fate, title) in [
            (Fate::Reruns, "these stand on them and run again, too:"),
            (Fate::MayRerun, "these run again only if the files they take come out different:"),
        ] {
            let mut steps = self.followers.iter().filter(|step| step.fate == fate).peekable();
            if steps.peek().is_some() {
                writeln!(output, "{title}")?;
            }
            for step in steps {
                writeln!(output, "  {}{}", shown(&step.name), at_line(step.line))?;
            }
        }
        if self.changes_config {
            writeln!(output, "the image config changes, too")?;
        }
        writeln!(output, "{} ops stay as they are", self.unchanged)?;
        Ok(())
    }

    pub(super) fn to_json(&self) -> Value {
        let named = self.lines.iter().map(|(line, text)| json!({ "line": line, "text": text }));
        let json = |step: &Step| {
            let fate = if step.fate == Fate::MayRerun { "mayRerun" } else { "reruns" };
            json!({ "name": step.name, "line": step.line, "fate": fate })
        };
        let direct = self.direct.iter().map(|(step, words)| {
            let mut step = json(step);
            step["edits"] = json!(words);
            step
        });
        let followers = self.followers.iter().map(json);
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

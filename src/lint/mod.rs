//! Judges what was written and what the passes noticed.
//!
//! In: a typed file, the facts, the settings. Out: warnings, in the order in which the reference gives them. A rule is
//! a value in a file of its own under `rules/`; none knows another. The rules run once, when all passes are done or one
//! of them has failed, and then judge what lies before the failure. How a warning reaches a user is left to the edges
//! and to the room `report`.

mod config;
mod context;
mod place;
mod rules;
#[cfg(test)]
mod testing;

pub use config::{Config, Selection};
pub use rules::{OWN, RULES};

use crate::facts::Facts;
use crate::instruction::File;
use crate::options::Options;
use crate::text::{SourceFile, Span, defused};
use context::{Context, Findings};
use place::Part;

/// One check.
#[derive(Debug)]
pub struct Rule {
    /// The name, as it is skipped by.
    pub name: &'static str,
    /// What it asks for.
    pub description: &'static str,
    /// Where the reference explains it; empty if nowhere.
    pub url: &'static str,
    /// Whether it is on.
    pub status: Status,
    /// What it is about, for users.
    pub page: Page,
    check: fn(&Context<'_>, &mut Findings<'_>),
}

/// Whether a rule is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// On, unless skipped.
    Stable,
    /// Off, unless asked for.
    Experimental,
    /// Not one of the reference's, and off, unless asked for by name or together with all of its kind.
    Own,
}

/// The page of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// What it finds, why that is bad, and what to do.
    pub text: &'static str,
    /// A file in which the rule finds something.
    pub bad: &'static str,
    /// The same file put right.
    pub good: &'static str,
}

/// Something that a rule found.
#[derive(Clone, Debug)]
pub struct Warning {
    /// The rule.
    pub rule: &'static Rule,
    /// One line about this place.
    pub message: String,
    /// The instruction. It is reported as whole lines.
    pub span: Span,
    /// The word it is about.
    word: Span,
    /// What is meant of that word.
    part: Part,
}

impl Warning {
    /// Returns a warning about an instruction as a whole.
    pub fn new(rule: &'static Rule, message: impl Into<String>, span: Span) -> Warning {
        Warning { rule, message: message.into(), span, word: span, part: Part::All }
    }

    /// Returns the place that is meant, to the byte. `source` is the file that it lies in.
    pub fn place(&self, source: &SourceFile) -> Span {
        self.part.find(source, self.word)
    }

    /// Returns the line by which an engine's log shows the warning. `line` counts from 1.
    pub fn short(&self, line: u32) -> String {
        // Clients print it as it is, and words of the Dockerfile are in it.
        format!("{}: {} (line {line})", self.rule.name, defused(&self.message))
    }
}

/// Returns the rule of a name; letter case does not matter.
pub fn rule(name: &str) -> Option<&'static Rule> {
    all_rules().find(|rule| rule.name.eq_ignore_ascii_case(name))
}

/// Returns the rules of the reference, then those of our own.
pub fn all_rules() -> impl Iterator<Item = &'static Rule> + Clone {
    RULES.iter().chain(OWN).copied()
}

/// Returns the settings of a build that were given as an option, if there are any.
///
/// # Errors
/// If they cannot be read. The reference says so before it reads the file.
pub fn option_config(options: &Options) -> Result<Option<Config>, String> {
    let Some(text) = &options.check else { return Ok(None) };
    Config::parse(text)
        .map(Some)
        .map_err(|err| format!("failed to parse build-arg:BUILDKIT_DOCKERFILE_CHECK: {err}"))
}

/// Returns the settings of a file: those of its directive.
///
/// # Errors
/// If they cannot be read. The reference says so before it looks at anything else in the file.
pub fn file_config(file: &File) -> Result<Config, String> {
    let text = file.check.as_ref().map_or("", |directive| &directive.value);
    Config::of_directive(text).map_err(|err| format!("failed to parse check options: {err}"))
}

/// Runs all rules.
pub fn check(file: &File, facts: &Facts, config: &Config) -> Vec<Warning> {
    let context = Context::new(file, facts);
    let mut found = Findings::new(&context, config);
    for rule in all_rules() {
        found.run(rule, &context);
    }
    found.in_order()
}

/// Returns the error of a build whose settings let no warning pass.
pub fn violation(warnings: &[Warning], config: &Config) -> Option<String> {
    if !config.is_error || warnings.is_empty() {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for warning in warnings {
        if !names.contains(&warning.rule.name) {
            names.push(warning.rule.name);
        }
    }
    Some(format!("lint violation found for rules: {}", names.join(", ")))
}

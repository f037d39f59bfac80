//! `check --explain`: the page of a rule.

use super::known_rule;
use crate::cli::Status;
use crate::cli::output::{Failure, Output};
use crate::lint::{Status as RuleStatus, all_rules};
use std::io::Write;

/// Prints the page of a rule, or a list of all rules.
pub(super) fn explain(name: &str, output: &mut Output) -> Result<Status, Failure> {
    if name.is_empty() {
        let width = all_rules().map(|rule| rule.name.len()).max().unwrap_or(0);
        for rule in all_rules() {
            let note = match rule.status {
                RuleStatus::Stable => "",
                RuleStatus::Experimental => " (experimental)",
                RuleStatus::Own => " (with --all)",
            };
            writeln!(output, "{:width$}  {}{note}", rule.name, rule.description)?;
        }
        return Ok(Status::Clean);
    }
    let rule = known_rule(name)?;
    writeln!(output, "{}\n\n{}\n", rule.name, rule.description)?;
    writeln!(output, "{}\n", wrapped(rule.page.text, 80))?;
    for (title, text) in [("Not so:", rule.page.bad), ("But so:", rule.page.good)] {
        writeln!(output, "{title}\n")?;
        for line in text.lines() {
            writeln!(output, "{}", format!("    {line}").trim_end())?;
        }
        writeln!(output)?;
    }
    match rule.status {
        RuleStatus::Stable => {
            writeln!(output, "To leave it out: --skip {0}, or `# check=skip={0}` in the file.", rule.name)?
        }
        RuleStatus::Own => writeln!(
            output,
            "It is off. To switch it on: --all, --experimental {0}, or `# check=experimental={0}` in the file.\n\
             With --all, `# check=skip={0}` leaves it out.",
            rule.name
        )?,
        RuleStatus::Experimental => writeln!(
            output,
            "It is off. To switch it on: --experimental {0}, or `# check=experimental={0}` in the file.",
            rule.name
        )?,
    }
    if !rule.url.is_empty() {
        writeln!(output, "{}", rule.url)?;
    }
    Ok(Status::Clean)
}

/// Breaks a text into lines of no more than so many characters.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let size = word.chars().count();
        if length > 0 && length + 1 + size > width {
            out.push('\n');
            length = 0;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += size;
    }
    out
}

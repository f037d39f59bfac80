//! Helpers of the tests of rules.

use super::{Config, check};
use crate::facts::{At, Fact, Facts};
use crate::instruction::{File, parse_file};
use crate::syntax;
use crate::text::{SourceMap, Span};

fn parse(sources: &SourceMap) -> File {
    parse_file(syntax::parse(&sources.files()[0]))
}

/// Returns a file of one stage, `for-s390x`.
pub(super) fn file() -> File {
    parse(&SourceMap::of("Dockerfile", "FROM a AS for-s390x\n"))
}

/// Returns one fact about an instruction of the only stage.
pub(super) fn facts(keyword: &str, fact: Fact) -> Facts {
    let mut facts = Facts::new();
    facts.note(At::new(Some(0), keyword, Span::new(0, 1)), fact);
    facts
}

/// Returns what a rule says about a file that nothing is known of but its text: `line: message`.
pub(super) fn read(rule: &str, text: &str) -> Vec<String> {
    read_with("", rule, text)
}

/// Returns the same under other settings.
pub(super) fn read_with(settings: &str, rule: &str, text: &str) -> Vec<String> {
    let sources = SourceMap::of("Dockerfile", text);
    let config = Config::parse(settings).unwrap();
    let found = check(&parse(&sources), &Facts::new(), &config);
    let of_rule = found.iter().filter(|warning| warning.rule.name == rule);
    of_rule.map(|warning| format!("{}: {}", sources.lines(warning.span).0, warning.message)).collect()
}

/// Returns what a rule says about a fact.
pub(super) fn judge(rule: &str, keyword: &str, fact: Fact) -> Vec<String> {
    let found = check(&file(), &facts(keyword, fact), &Config::default());
    found.into_iter().filter(|warning| warning.rule.name == rule).map(|warning| warning.message).collect()
}

//! Annotations of GitHub Actions: one line for each finding, which GitHub shows beside the source.

use super::{Finding, Judged};
use crate::cli::render;
use crate::text::{Severity, Span};
use std::fmt::Write;

/// Returns a workflow command for each finding.
pub(super) fn annotations(judged: &[&Judged]) -> String {
    let mut out = String::new();
    for one in judged {
        let file = &one.sources.files()[0];
        for finding in &one.findings {
            let found = &finding.diagnostic;
            let kind = match found.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let start = file.position(found.span.start);
            let end = file.position(found.span.end);
            let _ = write!(
                out,
                "::{kind} file={},line={},endLine={}",
                property(file.name()),
                start.line,
                end.line
            );
            // Columns are for places on one line only. They count characters, as those of SARIF do.
            if start.line == end.line {
                let column =
                    |at: u32, column: u32| file.slice(Span::new(at - column, at)).chars().count() + 1;
                let columns = (column(found.span.start, start.column), column(found.span.end, end.column));
                let _ = write!(out, ",col={},endColumn={}", columns.0, columns.1);
            }
            let _ = writeln!(out, ",title={}::{}", property(found.code), data(&text(finding)));
        }
    }
    out
}

fn text(finding: &Finding) -> String {
    let mut text = render::message(&finding.diagnostic.message).to_owned();
    for hint in &finding.diagnostic.hints {
        let _ = write!(text, "\nhelp: {hint}");
    }
    if let Some(warning) = finding.warning.as_ref().filter(|warning| !warning.rule.url.is_empty()) {
        let _ = write!(text, "\n{}", warning.rule.url);
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("50%\na:b,c"), "50%25%0Aa:b,c");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}

//! All mistakes of a file: those beyond the one that ends the build.
//!
//! In: the first error, and how far the build came. Out: the other errors. What is wrong is taken out, and the rooms
//! run again, until nothing more is wrong or somebody would have to be asked: looking for more errors costs no
//! question, and no more than [`MOST`] runs.

use super::Source;
use crate::convert::convert;
use crate::facts::Facts;
use crate::image::Platform;
use crate::plan::{Error, Plan, Planner};
use crate::text::{Diagnostic, SourceMap, Span};
use std::sync::Arc;

/// No more errors than this are looked for behind those of the parser.
const MOST: usize = 20;

/// A build that is too large takes long, and as long again for each error that is looked for behind that one.
const TOO_LARGE: &str = "too-large";

/// Tells whether an error is about a FROM, so that nobody knows which stages there are.
pub fn loses_stage(sources: &SourceMap, error: &Diagnostic) -> bool {
    let file = &sources.files()[0];
    let line = file.line(file.position(error.span.start).line.max(1));
    let keyword = line.split_whitespace().next().unwrap_or_default();
    keyword.eq_ignore_ascii_case("FROM")
        || (error.code == "unknown-instruction"
            && error.message.to_ascii_lowercase().ends_with("(did you mean from?)"))
}

/// Returns the errors behind one of the file or of the plan, in the order of the file.
pub(super) fn of_plan(source: &Source, target: Option<&Platform>, first: &Error) -> Vec<Diagnostic> {
    let sources = &source.project.sources;
    let mut file = (*source.file).clone();
    let mut found = std::mem::take(&mut file.diagnostics);
    // What is no text is wrong in every line, which tells nobody anything.
    if sources.files()[0].data().contains(&0) || first.diagnostic.code == TOO_LARGE {
        return Vec::new();
    }
    let is_of_parser = !found.is_empty();
    let is_known = found.iter().any(|error| loses_stage(sources, error));
    if is_of_parser {
        found.remove(0);
    }
    found.retain(|error| error.code != "no-stage" || !is_known);
    let goes_on = match is_of_parser {
        true => !is_known && !file.stages.is_empty(),
        // What the engine could not do says nothing about the file, and an option that is wrong has no place in it.
        false => {
            let place = first.diagnostic.span;
            first.cause.is_none() && place != Span::default() && file.take_out(place)
        }
    };
    let mut file = Arc::new(file);
    for _ in 0..if goes_on { MOST } else { 0 } {
        let (project, options) = (Arc::clone(&source.project), Arc::clone(&source.options));
        let mut planner = Planner::new(project, Arc::clone(&file), options, target, false);
        let Err(error) = planner.step() else { break };
        let place = error.diagnostic.span;
        if place == Span::default() {
            break;
        }
        // An option that is wrong is wrong wherever a name in the file calls for it.
        if error.diagnostic.code == "unknown-source" || error.diagnostic.message != first.diagnostic.message {
            found.push(error.diagnostic);
        }
        if !Arc::make_mut(&mut file).take_out(place) {
            break;
        }
    }
    in_order(found, &first.diagnostic)
}

/// Returns the errors behind one of the conversion, in the order of the file.
pub(super) fn of_conversion(source: &Source, mut plan: Plan, first: &Diagnostic) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut place = first.span;
    let is_too_large = first.code == TOO_LARGE;
    while !is_too_large && found.len() < MOST && place != Span::default() && plan.stages.take_out(place) {
        match convert(&plan, &source.options, &source.project.sources, &mut Facts::new()) {
            Ok(_) => break,
            Err(error) => {
                place = error.span;
                found.push(error);
            }
        }
    }
    in_order(found, first)
}

/// One mistake in a word that several stages look at is told once.
fn in_order(mut found: Vec<Diagnostic>, first: &Diagnostic) -> Vec<Diagnostic> {
    found.retain(|error| (error.span, &error.message) != (first.span, &first.message));
    found.sort_by_key(|error| error.span);
    found.dedup_by(|a, b| (a.span, &a.message) == (b.span, &b.message));
    found
}

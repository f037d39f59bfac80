//! Findings for people: the source, the place underlined, the reason, what to do.

use super::check::{Finding, Fix, Judged, Safety};
use super::output::Canvas;
use crate::text::{Severity, SourceFile, Span};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Snippet};
use std::ops::Range;

/// Places that are no further apart than this many lines share a frame.
const NEAR: u32 = 8;

/// In fewer columns than these a text that is broken between words is harder to read than one that the terminal breaks.
const NARROWEST: usize = 24;

/// A place, how it is marked, and what is said about it.
type Place<'a> = (Span, AnnotationKind, Option<&'a str>);

/// Returns a finding as text, without a line end.
pub(super) fn finding(canvas: &Canvas, judged: &Judged, finding: &Finding) -> String {
    let file = &judged.sources.files()[0];
    let found = &finding.diagnostic;
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let rule = finding.warning.as_ref().map(|warning| warning.rule);
    // What stands in front of a text on its first line.
    let gutter = file.position(found.span.end).line.to_string().len();
    let fit = |text: &str, before: usize| match canvas.width.map(|width| width.saturating_sub(before)) {
        Some(room) if room >= NARROWEST => wrapped(text, room),
        _ => text.to_owned(),
    };
    let name = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let title = fit(message(&found.message), name.len() + found.code.len() + "[]: ".len());
    let mut title = level.primary_title(title).id(found.code);
    if let Some(rule) = rule.filter(|rule| !rule.url.is_empty()) {
        title = title.id_url(rule.url);
    }

    let mut group = Group::with_title(title);
    for frame in frames(file, found.span, &found.labels) {
        group = group.element(frame);
    }
    // A patch says the same as its help, and shows it.
    let patch = finding.fix.as_ref().filter(|fix| is_shown(file, fix, canvas.width));
    if patch.is_none() {
        let hints = found.hints.iter().map(String::as_str);
        // Without its picture a fix still says what it does.
        let title = finding.fix.as_ref().filter(|_| found.hints.is_empty()).map(|fix| fix.title.as_str());
        for hint in hints.chain(title) {
            group = group.element(Level::HELP.message(fit(hint, gutter + " = help: ".len())));
        }
    }
    if let Some(rule) = rule {
        if rule.description != found.message {
            group = group.element(Level::NOTE.message(fit(rule.description, gutter + " = note: ".len())));
        }
        if !rule.url.is_empty() {
            group = group.element(Level::NOTE.message(rule.url));
        }
    }
    let mut report = vec![group];
    if let Some(fix) = patch {
        let title = match fix.safety {
            Safety::Safe => format!("{} (--fix does it)", fix.title),
            Safety::Suggested => fix.title.clone(),
        };
        let title = fit(&title, "help: ".len());
        report.push(Level::HELP.secondary_title(title).element(patched(file, fix)));
    }
    canvas.renderer.render(&report)
}

/// Breaks a text between words into lines of so many columns.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut used = 0;
    for word in text.split(' ') {
        let size = word.chars().count();
        if used > 0 && used + 1 + size > width {
            out.push('\n');
            used = 0;
        } else if !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += size;
    }
    out
}

/// Returns a message as people read it: the frame tells the line.
pub(super) fn message(message: &str) -> &str {
    let rest = message.strip_prefix("dockerfile parse error on line ");
    rest.and_then(|rest| rest.split_once(": ")).map_or(message, |(_, message)| message)
}

/// Returns the source around a place and around what explains it. Places far apart have frames of their own.
fn frames<'a>(
    file: &'a SourceFile,
    span: Span,
    labels: &'a [(Span, String)],
) -> Vec<Snippet<'a, Annotation<'a>>> {
    // One place may be labelled by what it is underlined for already.
    let own = labels.iter().find(|(place, _)| *place == span).map(|(_, text)| text.as_str());
    let mut places = vec![(span, AnnotationKind::Primary, own)];
    for (place, text) in labels.iter().filter(|(place, _)| *place != span) {
        places.push((*place, AnnotationKind::Context, Some(text.as_str())));
    }
    let mut groups: Vec<(Range<u32>, Vec<Place<'a>>)> = Vec::new();
    for place in places {
        let lines = lines(file, place.0);
        let near = groups
            .iter_mut()
            .find(|(group, _)| lines.start <= group.end + NEAR && group.start <= lines.end + NEAR);
        match near {
            Some((group, all)) => {
                *group = group.start.min(lines.start)..group.end.max(lines.end);
                all.push(place);
            }
            None => groups.push((lines, vec![place])),
        }
    }
    let frame = |(lines, places): (Range<u32>, Vec<Place<'a>>)| {
        let (start, text) = window(file, lines.clone());
        let mut frame = Snippet::source(text).line_start(lines.start as usize).path(file.name());
        for (place, kind, label) in places {
            let range =
                (place.start - file.base()) as usize - start..(place.end - file.base()) as usize - start;
            frame = frame.annotation(kind.span(range).label(label));
        }
        frame
    };
    groups.into_iter().map(frame).collect()
}

/// Returns the lines of a place, counted from 1; the last one is among them.
fn lines(file: &SourceFile, span: Span) -> Range<u32> {
    let last = if span.is_empty() { span.end } else { span.end - 1 };
    file.position(span.start).line..file.position(last).line
}

/// Returns where some lines start, and their text.
fn window(file: &SourceFile, lines: Range<u32>) -> (usize, &str) {
    let text = file.text();
    let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let start = starts.nth(lines.start as usize - 1).unwrap_or(text.len());
    let count = (lines.end - lines.start) as usize + 1;
    let length: usize = text[start..].split_inclusive('\n').take(count).map(str::len).sum();
    (start, &text[start..start + length])
}

/// Tells whether a fix can be shown in a few lines, none of which the terminal would break.
fn is_shown(file: &SourceFile, fix: &Fix, width: Option<usize>) -> bool {
    let (Some(first), Some(last)) = (fix.edits.first(), fix.edits.last()) else { return false };
    let lines = lines(file, first.span.to(last.span));
    let gutter = lines.end.to_string().len() + " | ".len();
    let longest = window(file, lines.clone()).1.lines().map(|line| line.chars().count()).max();
    let grown: usize = fix.edits.iter().map(|edit| edit.text.len()).sum();
    let fits = |width| gutter + longest.unwrap_or(0) + grown <= width;
    lines.end - lines.start < 4 && width.is_none_or(fits)
}

fn patched<'a>(file: &'a SourceFile, fix: &'a Fix) -> Snippet<'a, Patch<'a>> {
    let place = fix.edits.iter().map(|edit| edit.span).reduce(Span::to).unwrap_or_default();
    let mut lines = lines(file, place);
    // What is put behind a line is shown below it.
    if place.is_empty() && lines.start > 1 && file.position(place.start).column == 0 {
        lines.start -= 1;
    }
    let (start, text) = window(file, lines.clone());
    let mut snippet = Snippet::source(text).line_start(lines.start as usize).path(file.name());
    for edit in &fix.edits {
        let at = |offset: u32| (offset - file.base()) as usize - start;
        snippet = snippet.patch(Patch::new(at(edit.span.start)..at(edit.span.end), edit.text.as_str()));
    }
    snippet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_broken_between_words() {
        assert_eq!(wrapped("one two three four five", 14), "one two three\nfour five");
        assert_eq!(wrapped("one two", 0), "one\ntwo");
        assert_eq!(wrapped("averyveryverylongword is left", 12), "averyveryverylongword\nis left");
        assert_eq!(wrapped("a  b", 80), "a  b");
    }
}

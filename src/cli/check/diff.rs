//! Unified diffs. The edits are known, so nothing has to be compared.

use super::fix::Edit;
use crate::text::SourceFile;
use std::fmt::Write;

/// How many lines are shown around a change.
const CONTEXT: usize = 3;

/// Some lines that become others. Lines count from 0.
struct Change {
    first: usize,
    /// One past the last line.
    end: usize,
    new: String,
}

/// Returns what edits change, in the format that `patch -p1` reads; nothing if there are none.
pub(super) fn unified(file: &SourceFile, edits: &[Edit]) -> String {
    let mut out = String::new();
    let changes = changes(file, edits);
    if changes.is_empty() {
        return out;
    }
    let name = file.name().trim_start_matches("./");
    let _ = write!(out, "--- a/{name}\n+++ b/{name}\n");
    let old: Vec<&str> = file.text().split_inclusive('\n').collect();
    let mut shift = 0_isize;
    let mut rest = &changes[..];
    while let Some(first) = rest.first() {
        // Changes whose context meets are shown as one.
        let mut count = 1;
        while count < rest.len() && rest[count].first <= rest[count - 1].end + 2 * CONTEXT {
            count += 1;
        }
        let (hunk, later) = rest.split_at(count);
        rest = later;
        let start = first.first.saturating_sub(CONTEXT);
        let end = (hunk[count - 1].end + CONTEXT).min(old.len());
        let grown: isize = hunk
            .iter()
            .map(|c| c.new.split_inclusive('\n').count() as isize - (c.end - c.first) as isize)
            .sum();
        let old_count = end - start;
        let new_count = old_count.saturating_add_signed(grown);
        // An empty range is named by the line before it.
        let number = |start: usize, count: usize| if count == 0 { start } else { start + 1 };
        let old_start = number(start, old_count);
        let new_start = number(start.saturating_add_signed(shift), new_count);
        let _ = writeln!(out, "@@ -{old_start},{old_count} +{new_start},{new_count} @@");
        shift += grown;
        let mut at = start;
        for change in hunk {
            put(&mut out, ' ', old[at..change.first].iter().copied());
            put(&mut out, '-', old[change.first..change.end].iter().copied());
            put(&mut out, '+', change.new.split_inclusive('\n'));
            at = change.end;
        }
        put(&mut out, ' ', old[at..end].iter().copied());
    }
    out
}

/// Returns the lines that edits touch, and what becomes of them.
fn changes(file: &SourceFile, edits: &[Edit]) -> Vec<Change> {
    let text = file.text();
    let offset = |at: u32| (at - file.base()) as usize;
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |found| found + 1);
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |found| at + found + 1);
    let mut out = Vec::new();
    let (mut line, mut counted) = (0, 0);
    let mut edits = edits.iter().peekable();
    while let Some(first) = edits.next() {
        let start = line_start(offset(first.span.start));
        let mut new = text[start..offset(first.span.start)].to_owned();
        let mut edit = first;
        let end = loop {
            new.push_str(&edit.text);
            let done = offset(edit.span.end);
            // An edit that takes or puts whole lines leaves the next one alone.
            let is_at_start = done == start || text[..done].ends_with('\n');
            let is_whole = is_at_start && if new.is_empty() { done > start } else { new.ends_with('\n') };
            let end = if is_whole { done } else { line_end(done) };
            match edits.next_if(|next| offset(next.span.start) < end) {
                Some(next) => {
                    new.push_str(&text[done..offset(next.span.start)]);
                    edit = next;
                }
                None => {
                    new.push_str(&text[done..end]);
                    break end;
                }
            }
        };
        line += text[counted..start].matches('\n').count();
        let count = text[start..end].split_inclusive('\n').count();
        out.push(Change { first: line, end: line + count, new });
        counted = start;
    }
    out
}

fn put<'a>(out: &mut String, mark: char, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{SourceMap, Span};

    #[track_caller]
    fn check(text: &str, edits: &[(&str, &str)], expected: &str) {
        let sources = SourceMap::of("Dockerfile", text);
        let edit = |(old, new): &(&str, &str)| {
            let start = text.find(old).unwrap() as u32;
            Edit { span: Span::new(start, start + old.len() as u32), text: (*new).to_owned() }
        };
        let edits: Vec<Edit> = edits.iter().map(edit).collect();
        let header = if expected.is_empty() { "" } else { "--- a/Dockerfile\n+++ b/Dockerfile\n" };
        assert_eq!(unified(&sources.files()[0], &edits), format!("{header}{expected}"));
    }

    #[test]
    fn one_line() {
        check("", &[], "");
        check("a\nb\nc\n", &[("b", "B")], "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
        check("a b\n", &[("a", "A"), ("b", "B")], "@@ -1,1 +1,1 @@\n-a b\n+A B\n");
    }

    #[test]
    fn lines_come_and_go() {
        check("a\nb\nc\n", &[("b\n", "")], "@@ -1,3 +1,2 @@\n a\n-b\n c\n");
        check("a\nb\n", &[("a\n", "a\nx\n")], "@@ -1,2 +1,3 @@\n-a\n+a\n+x\n b\n");
        let end = "\\ No newline at end of file\n";
        check("a", &[("a", "b")], &format!("@@ -1,1 +1,1 @@\n-a\n{end}+b\n{end}"));
    }

    #[test]
    fn a_line_that_is_put_in_front_leaves_the_line() {
        let sources = SourceMap::of("Dockerfile", "a\nb\n");
        let edits = [Edit { span: Span::new(2, 2), text: "x\n".to_owned() }];
        let expected = "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,3 @@\n a\n+x\n b\n";
        assert_eq!(unified(&sources.files()[0], &edits), expected);
    }

    #[test]
    fn far_changes_are_hunks_of_their_own() {
        check(
            "a\n1\n2\n3\n4\n5\n6\n7\nb\n",
            &[("a\n", ""), ("b", "B")],
            "@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n@@ -6,4 +5,4 @@\n 5\n 6\n 7\n-b\n+B\n",
        );
    }
}

//! A Dockerfile: all places lie in the file, on whole characters and in each other, and what is printed reads the same.

use multistage::instruction::{self, Kind};
use multistage::internal::syntax::{self, Args, Form, Statement, Tree};
use multistage::internal::text::{SourceMap, Span};
use std::fmt::Write;

pub fn check(data: &[u8]) {
    let sources = SourceMap::of("Dockerfile", data);
    let file = &sources.files()[0];
    let tree = syntax::parse(file);
    places(&tree, &|span| {
        file.slice(span);
    });
    // A line cannot be written that is empty, or ends in the escape character without going on.
    let can_be_written =
        |statement: &Statement| !statement.text.is_empty() && !statement.text.ends_with(tree.escape);
    let is_well = tree.diagnostics.is_empty() && tree.statements.iter().all(can_be_written);
    let printed = print(&tree);
    let shape = shape(&tree);
    let parsed = instruction::parse_file(tree);
    for error in &parsed.diagnostics {
        assert!(!error.message.is_empty());
        file.slice(error.span);
        error.labels.iter().for_each(|(span, _)| {
            file.slice(*span);
        });
        error.ranges.iter().for_each(|range| {
            sources.lines(*range);
            file.slice(*range);
        });
    }
    for instruction in parsed.stages.iter().flat_map(|stage| &stage.instructions) {
        if let Kind::Run(run) = &instruction.kind {
            for mount in &run.mounts {
                let place = mount.expand(|value, _| Ok::<_, Span>(value.to_owned()), |_, span| span);
                if let Err(span) = place {
                    assert!(instruction.head.span.contains(span));
                    file.slice(span);
                }
            }
        }
    }
    if is_well && !printed.lines().any(|line| line.len() > 65535) {
        same_again(&printed, &shape, parsed.diagnostics.len());
    }
    let _ = syntax::detect_syntax(data);
    let text = file.text();
    let most = (0..=text.len().min(4096)).rev().find(|&at| text.is_char_boundary(at));
    trigger(&text[..most.expect("0 is one")]);
}

/// What was printed reads as what it was printed from, and prints the same.
fn same_again(printed: &str, shape: &str, errors: usize) {
    let sources = SourceMap::of("Dockerfile", printed);
    let tree = syntax::parse(&sources.files()[0]);
    assert!(tree.diagnostics.is_empty(), "{:?} in {printed:?}", tree.diagnostics);
    assert_eq!(self::shape(&tree), shape, "{printed:?}");
    assert_eq!(print(&tree), printed);
    assert_eq!(instruction::parse_file(tree).diagnostics.len(), errors, "{printed:?}");
}

/// A trigger of a base image has one place: that of the FROM.
pub fn trigger(text: &str) {
    let span = Span::new(7, 9);
    let tree = syntax::parse_trigger(text, span);
    for statement in &tree.statements {
        assert_eq!((statement.span, statement.lines_span, statement.keyword.span), (span, span, span));
        assert!(statement.flags.iter().all(|flag| flag.span == span && flag.value_span == span));
        let is_there = |heredoc: &syntax::Heredoc| heredoc.span == span && heredoc.content_span == span;
        assert!(statement.heredocs.iter().all(is_there));
    }
    if let Err(error) = instruction::parse_trigger(text, span) {
        assert_eq!((error.span, &error.ranges[..]), (span, &[span][..]));
    }
}

/// Checks all places of a tree. `slice` takes one out of the file.
fn places(tree: &Tree, slice: &dyn Fn(Span)) {
    let mut end = tree.span.start;
    for statement in &tree.statements {
        assert!(statement.span.start >= end && tree.span.contains(statement.span));
        assert!(statement.span.contains(statement.lines_span));
        end = statement.span.end;
        let mut inner = vec![statement.keyword.span];
        for flag in &statement.flags {
            assert!(flag.span.contains(flag.value_span), "{flag:?}");
            inner.extend([flag.span, flag.value_span]);
        }
        inner.extend(statement.heredocs.iter().flat_map(|heredoc| [heredoc.span, heredoc.content_span]));
        inner.extend(statement.empty_lines.iter().copied());
        inner.extend(statement.trigger.iter().map(|trigger| trigger.keyword.span));
        match &statement.args {
            Args::Words { words, .. } => inner.extend(words.iter().map(|word| word.span)),
            Args::Pairs(pairs) => {
                inner.extend(pairs.iter().flat_map(|pair| [pair.key.span, pair.value.span]))
            }
            Args::Names(names) => {
                inner.extend(names.iter().map(|name| name.key.span));
                inner.extend(names.iter().flat_map(|name| name.value.as_ref().map(|value| value.span)));
            }
        }
        for span in inner {
            assert!(statement.span.contains(span), "{span:?} of {statement:?}");
            slice(span);
        }
        statement.comments.iter().for_each(|comment| slice(comment.span));
        assert_eq!(statement.text, statement.text.trim());
    }
    tree.deceptions.iter().for_each(|found| slice(found.span));
    tree.directives.iter().for_each(|found| slice(found.value_span));
}

/// Prints a tree: directives, and each instruction on one line with its comments above and its heredocs below.
fn print(tree: &Tree) -> String {
    let mut out = String::new();
    for directive in &tree.directives {
        writeln!(out, "# {}={}", directive.name, directive.value).unwrap();
    }
    // Ends the directives: a comment further down may look like one.
    out.push_str("#\n");
    for statement in &tree.statements {
        for comment in &statement.comments {
            writeln!(out, "# {}", comment.value).unwrap();
        }
        writeln!(out, "{}", statement.text).unwrap();
        for heredoc in &statement.heredocs {
            writeln!(out, "{}{}", heredoc.content, heredoc.name).unwrap();
        }
    }
    out
}

/// All that a tree says but where it stands.
fn shape(tree: &Tree) -> String {
    let mut out = String::new();
    for Statement { keyword, flags, args, heredocs, trigger, text, comments, .. } in &tree.statements {
        write!(out, "{:?} {text:?}", keyword.value).unwrap();
        let comments: Vec<_> = comments.iter().map(|comment| &comment.value).collect();
        let flags: Vec<_> = flags.iter().map(|flag| &flag.text).collect();
        write!(out, " {comments:?} {flags:?} ").unwrap();
        match args {
            Args::Words { words, form } => {
                let words: Vec<_> = words.iter().map(|word| &word.text).collect();
                write!(out, "{words:?} {}", matches!(form, Form::Json)).unwrap();
            }
            Args::Pairs(pairs) => {
                let pairs: Vec<_> =
                    pairs.iter().map(|pair| (&pair.key.text, &pair.value.text, pair.is_legacy)).collect();
                write!(out, "{pairs:?}").unwrap();
            }
            Args::Names(names) => {
                let text = |word: &syntax::Word| word.text.clone();
                let names: Vec<_> =
                    names.iter().map(|name| (text(&name.key), name.value.as_ref().map(text))).collect();
                write!(out, "{names:?}").unwrap();
            }
        }
        for heredoc in heredocs {
            let syntax::Heredoc { name, file_descriptor, expands, strips_tabs, content, .. } = heredoc;
            write!(out, " {name:?} {file_descriptor} {expands} {strips_tabs} {content:?}").unwrap();
        }
        writeln!(out, " {:?}", trigger.as_ref().map(|trigger| trigger.text.trim_end())).unwrap();
    }
    out
}

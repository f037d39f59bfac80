//! The pass over the file: lines to statements.

use super::args::{Builder, held_back};
use super::directive::{self, Directive, Seen};
use super::heredoc::{self, Heredoc};
use super::line::{Held, Line, LineMap, Lines, Origin, continued, trim_start};
use super::split::Slice;
use super::{Statement, Tree, Trigger};
use crate::limits::INSTRUCTIONS;
use crate::text::{Diagnostic, SourceFile, Span, Spanned, Text, deceptions};

pub(super) fn file(file: &SourceFile) -> Tree {
    let invalid: Vec<Span> = file.invalid().collect();
    let mut tree = Parser::new(file.shared(), Origin::File { base: file.base() }, &invalid).run(file.span());
    tree.deceptions = deceptions(file.text())
        .into_iter()
        .map(|(place, what)| {
            let at = |offset: usize| file.base() + offset as u32;
            Spanned::new(what, Span::new(at(place.start), at(place.end)))
        })
        .collect();
    tree
}

pub(super) fn trigger(text: &str, span: Span) -> Tree {
    Parser::new(&text.into(), Origin::Elsewhere(span), &[]).run(span)
}

/// How long an instruction is with all that stands around it. In the 739 real files of the conformance kit it is 114
/// bytes; half of that leaves room for files with shorter ones.
const BYTES_OF_A_STATEMENT: usize = 57;

struct Parser<'a> {
    text: &'a Text,
    origin: Origin,
    lines: Lines<'a>,
    /// Where bytes were replaced, in order.
    invalid: &'a [Span],
    escape: u8,
    directives: Vec<Directive>,
    /// The directives that may still come; none after the first line that is no directive.
    seen: Option<Seen>,
    /// The comment lines since the last instruction.
    comments: Vec<Spanned<Text>>,
    statements: Vec<Statement>,
    diagnostics: Vec<Diagnostic>,
    /// Room for joined lines, kept from one to the next.
    joined: String,
}

/// The lines of an instruction, joined.
struct Joined {
    start: usize,
    line: u32,
    empty_lines: Vec<Span>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a Text, origin: Origin, invalid: &'a [Span]) -> Parser<'a> {
        Parser {
            text,
            origin,
            lines: Lines::new(text, invalid, origin),
            invalid,
            escape: b'\\',
            directives: Vec::new(),
            seen: Some(Seen::default()),
            comments: Vec::new(),
            // Room for what most files hold, so that the list is not moved again and again while it grows.
            statements: Vec::with_capacity(text.len() / BYTES_OF_A_STATEMENT + 1),
            diagnostics: Vec::new(),
            joined: String::new(),
        }
    }

    fn run(mut self, span: Span) -> Tree {
        let mut map = LineMap::new(self.text, self.origin);
        while let Some(mut line) = self.lines.next() {
            if self.lines.count == 1 {
                line = line.without_mark();
            }
            let text = trim_start(line.text);
            if text.starts_with('#') {
                self.comment(line, text);
                continue;
            }
            self.seen = None;
            if !text.is_empty() {
                if self.statements.len() == INSTRUCTIONS {
                    let message = format!("the Dockerfile has more than {INSTRUCTIONS} instructions");
                    let place = self.line_span(self.lines.last);
                    self.diagnostics.push(Diagnostic::error("too-many-instructions", message, place));
                    break;
                }
                self.instruction(line.from(line.text.len() - text.len()), &mut map);
            }
        }
        self.finish(span)
    }

    fn finish(mut self, span: Span) -> Tree {
        // The line that the reference had read last.
        let last = self.line_span(self.lines.last);
        if self.statements.is_empty() {
            let error = Diagnostic::error("no-instructions", "file with no instructions", last);
            self.diagnostics.push(error.hint("a Dockerfile starts with FROM"));
        }
        if self.lines.too_long {
            let message =
                format!("dockerfile line greater than max allowed size of {}", crate::limits::LINE_BYTES);
            let next = self.lines.rest();
            self.diagnostics.push(Diagnostic::error("line-too-long", message, next).within(last));
        }
        Tree {
            escape: char::from(self.escape),
            check: directive::check(self.text, self.origin),
            directives: self.directives,
            statements: self.statements,
            diagnostics: self.diagnostics,
            deceptions: Vec::new(),
            span,
        }
    }

    /// Returns the place of a line read before, or that of line 0.
    fn line_span(&self, line: Option<(usize, usize)>) -> Span {
        let (start, end) = line.unwrap_or((0, 0));
        self.origin.span(start, end)
    }

    fn comment(&mut self, line: Line<'a>, text: &'a str) {
        let is_directive = self.seen.is_some() && self.directive(line, text);
        if is_directive {
            return;
        }
        // The reference cuts off the first character of the line, which is the mark only if the line is not indented.
        let mut chars = line.text.chars();
        chars.next();
        let cut = chars.as_str();
        let comment = cut.trim();
        if comment.is_empty() {
            self.comments.clear();
            return;
        }
        let start = line.start + line.text.len() - cut.trim_start().len();
        let end = start + comment.len();
        self.comments.push(Spanned::new(self.text.cut(start..end), self.origin.span(start, end)));
    }

    /// Reads a directive. Returns false for any other comment, which ends the directives.
    fn directive(&mut self, line: Line<'a>, text: &'a str) -> bool {
        let start = line.start + line.text.len() - text.len();
        let Some(parsed) = directive::parse(text, "#") else {
            self.seen = None;
            return false;
        };
        let is_new = self.seen.as_mut().is_some_and(|seen| seen.add(parsed.name));
        let found = parsed.at(self.origin, start, text);
        // The reference counts a directive's line only after it has read it.
        let before = self.line_span(self.lines.before);
        if !is_new {
            let message = format!("only one {} parser directive can be used", found.name);
            let first = self.directives.iter().find(|d| d.name == found.name).map(|d| d.span);
            let mut error = Diagnostic::error("directive-twice", message, found.span).within(before);
            error.labels.extend(first.map(|span| (span, "first given here".to_owned())));
            self.diagnostics.push(error);
            return true;
        }
        if found.name == "escape" {
            match found.value.as_str() {
                "\\" => self.escape = b'\\',
                "`" => self.escape = b'`',
                other => {
                    let message = format!("invalid escape token '{other}' does not match ` or \\");
                    let error = Diagnostic::error("invalid-escape", message, found.value_span);
                    self.diagnostics.push(error.within(before));
                }
            }
        }
        self.directives.push(found);
        true
    }

    /// Reads an instruction that starts on `line`.
    fn instruction(&mut self, line: Line<'a>, map: &mut LineMap) {
        map.clear();
        let joined = self.join(line, map);
        let text = map.text();
        let lines_end = self.lines.last.map_or(0, |(_, end)| end);
        let lines_span = self.origin.span(joined.start, lines_end);

        let trimmed = Slice { text, at: 0, map }.trim();
        let mut builder = Builder::new(self.escape);
        let (keyword, kind, flags, args) = builder.command(trimmed);
        let trigger = |keyword| Box::new(Trigger { keyword, text: held_back(text).into() });
        let trigger = builder.trigger.take().map(trigger);
        let mut is_broken = !builder.errors.is_empty();
        self.diagnostics.extend(builder.errors.into_iter().map(|e| e.within(lines_span)));

        let mut heredocs = Vec::new();
        if builder.takes_heredocs && text.contains("<<") {
            match heredoc::openers(text) {
                Ok(openers) => {
                    for (opener, start, end) in openers {
                        let span = map.span(start, end);
                        match self.heredoc(opener, span, joined.start) {
                            Some(heredoc) => heredocs.push(heredoc),
                            None => {
                                is_broken = true;
                                break;
                            }
                        }
                    }
                }
                Err((message, start, end)) => {
                    is_broken = true;
                    let error = Diagnostic::error("invalid-heredoc", message, map.span(start, end));
                    self.diagnostics.push(error.within(lines_span));
                }
            }
        }
        let end = self.lines.last.map_or(0, |(_, end)| end);
        let span = self.origin.span(joined.start, end);
        let statement = Statement {
            keyword,
            kind,
            flags,
            args,
            heredocs,
            trigger,
            text: trimmed.shared(),
            span,
            lines_span,
            line: joined.line,
            comments: std::mem::take(&mut self.comments),
            empty_lines: joined.empty_lines,
            invalid: self.first_invalid(span),
            is_broken,
        };
        self.statements.push(statement);
    }

    /// Joins a line and those it goes on in. A single line stays in the file.
    fn join(&mut self, line: Line<'a>, map: &mut LineMap) -> Joined {
        let mut joined = Joined { start: line.start, line: self.lines.count, empty_lines: Vec::new() };
        map.push(0, line.start);
        let Some(mut text) = continued(line.text, self.escape) else {
            map.hold(Held::Alone(line.start..line.start + line.text.len()));
            return joined;
        };
        self.joined.clear();
        'join: loop {
            self.joined.push_str(text);
            let next = loop {
                let Some(line) = self.lines.next() else { break 'join };
                let start = trim_start(line.text);
                if start.is_empty() {
                    joined.empty_lines.push(self.origin.span(line.start, line.end()));
                } else if !start.starts_with('#') {
                    break line;
                }
            };
            map.push(self.joined.len(), next.start);
            match continued(next.text, self.escape) {
                Some(more) => text = more,
                None => {
                    self.joined.push_str(next.text);
                    break;
                }
            }
        }
        map.hold(Held::Joined(self.joined.as_str().into()));
        joined
    }

    /// Reads the lines of a heredoc.
    fn heredoc(&mut self, opener: heredoc::HeredocWord, span: Span, start: usize) -> Option<Heredoc> {
        let first = self.lines.at();
        // A line that would be the end, but for white space.
        let mut nearly = None;
        for line in self.lines.by_ref() {
            let text = if opener.strips_tabs { line.text.trim_start_matches('\t') } else { line.text };
            if text == opener.name {
                return Some(Heredoc {
                    name: opener.name,
                    file_descriptor: opener.file_descriptor,
                    expands: opener.expands,
                    strips_tabs: opener.strips_tabs,
                    content: self.text.cut(first..line.start),
                    span,
                    content_span: self.origin.span(first, line.start),
                });
            }
            if nearly.is_none() && text.trim() == opener.name {
                nearly = Some(self.origin.span(line.start, line.end()));
            }
        }
        let end = self.lines.last.map_or(0, |(_, end)| end);
        let mut error = Diagnostic::error("unterminated-heredoc", "unterminated heredoc", span)
            .within(self.origin.span(start, end));
        error = match nearly {
            Some(line) => error.label(line, "this line has white space around the word"),
            None => error.hint(format!("it ends at a line that is just `{}`", opener.name)),
        };
        self.diagnostics.push(error);
        None
    }

    fn first_invalid(&self, span: Span) -> Option<Span> {
        let index = self.invalid.partition_point(|at| at.start < span.start);
        self.invalid.get(index).copied().filter(|at| span.contains(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Args;
    use super::*;
    use crate::text::SourceMap;

    fn parse(text: &str) -> (SourceMap, Tree) {
        let map = SourceMap::of("Dockerfile", text);
        let tree = file(&map.files()[0]);
        (map, tree)
    }

    /// Checks keyword, arguments and the lines of each statement.
    #[track_caller]
    fn check(text: &str, expected: &[(&str, &[&str], (u32, u32))]) {
        let (map, tree) = parse(text);
        let found: Vec<_> = tree.statements.iter().map(|s| (s, map.lines(s.span))).collect();
        let found: Vec<_> =
            found.iter().map(|(s, lines)| (s.keyword.value.as_str(), texts(&s.args), *lines)).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(k, args, lines)| (*k, args.iter().map(|a| a.to_string()).collect(), *lines))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(tree.diagnostics, []);
    }

    fn texts(args: &Args) -> Vec<String> {
        match args {
            Args::Words { words, .. } => words.iter().map(|word| String::from(&word.text)).collect(),
            Args::Pairs(pairs) => pairs.iter().map(|p| format!("{}={}", p.key.text, p.value.text)).collect(),
            Args::Names(names) => names.iter().map(|n| String::from(&n.key.text)).collect(),
        }
    }

    /// Checks the messages, their lines and what they point at.
    #[track_caller]
    fn check_errors(text: &str, expected: &[(&str, (u32, u32), &str)]) {
        let (map, tree) = parse(text);
        let found: Vec<_> = tree
            .diagnostics
            .iter()
            .map(|d| (d.message.as_str(), map.lines(d.ranges[0]), map.files()[0].slice(d.span)))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_are_joined() {
        check(
            "FROM a\nRUN b \\\n  c \\ \n# x\n\n\td\nUSER e",
            &[("FROM", &["a"], (1, 1)), ("RUN", &["b   c \td"], (2, 6)), ("USER", &["e"], (7, 7))],
        );
        check("F\\\nROM a\\\n", &[("FROM", &["a"], (1, 2))]);
        check("\\\nFROM a\\\n\n", &[("FROM", &["a"], (1, 3))]);
        check("\u{feff}# escape=`\r\nFROM a`\r\n b\r\n", &[("FROM", &["a", "b"], (2, 3))]);
        check("  # escape=`\nFROM a\\\n b", &[("FROM", &["a\\"], (2, 2)), ("b", &[], (3, 3))]);
        check("# x\n# escape=`\nFROM a\\\n b", &[("FROM", &["a", "b"], (3, 4))]);
        check(
            "FROM a\n# escape=`\nRUN b\\\\\nUSER c",
            &[("FROM", &["a"], (1, 1)), ("RUN", &["b\\\\"], (3, 3)), ("USER", &["c"], (4, 4))],
        );
    }

    #[test]
    fn words_know_their_place_through_continuations() {
        let text = "FROM a\nCOPY --chown=1 \\\n  x y\\\nz \\\n# c\n  /d\nENV A=1 \\\n B=\"2 \\\n 3\"\n";
        let (map, tree) = parse(text);
        let slice = |span| map.files()[0].slice(span);
        let copy = &tree.statements[1];
        assert_eq!((slice(copy.flags[0].span), slice(copy.flags[0].value_span)), ("--chown=1", "1"));
        let Args::Words { words, .. } = &copy.args else { panic!("words") };
        let places: Vec<_> = words.iter().map(|w| (w.text.as_str(), slice(w.span))).collect();
        assert_eq!(places, [("x", "x"), ("yz", "y\\\nz"), ("/d", "/d")]);
        let Args::Pairs(pairs) = &tree.statements[2].args else { panic!("pairs") };
        let places: Vec<_> = pairs.iter().map(|p| (slice(p.key.span), slice(p.value.span))).collect();
        assert_eq!(places, [("A", "1"), ("B", "\"2 \\\n 3\"")]);
        assert_eq!(copy.text, "COPY --chown=1   x yz   /d");
    }

    #[test]
    fn heredocs() {
        let (map, tree) = parse("RUN <<A cat <<-'B' # x\na\\\n\tA\nA\n\tb\n\tB\nCOPY <<c /d\nc\n");
        let [run, copy] = &tree.statements[..] else { panic!("two statements") };
        assert_eq!((map.lines(run.span), map.lines(run.lines_span)), ((1, 6), (1, 1)));
        let found: Vec<_> =
            run.heredocs.iter().map(|h| (h.name.as_str(), h.content.as_str(), h.expands)).collect();
        assert_eq!(found, [("A", "a\\\n\tA\n", true), ("B", "\tb\n", false)]);
        assert_eq!(map.files()[0].slice(run.heredocs[1].span), "<<-'B'");
        assert_eq!(map.files()[0].slice(run.heredocs[0].content_span), "a\\\n\tA\n");
        assert_eq!(copy.heredocs[0].content, "");
        check(
            "RUN [\"a\", \"<<EOF\"]\nCMD <<EOF\n",
            &[("RUN", &["a", "<<EOF"], (1, 1)), ("CMD", &["<<EOF"], (2, 2))],
        );
        let (_, tree) = parse("ONBUILD  RUN <<E  \nx\nE\n");
        assert_eq!(tree.statements[0].trigger.as_ref().map(|t| t.text.as_str()), Some("RUN <<E  "));
        assert_eq!(tree.statements[0].heredocs[0].content, "x\n");
    }

    #[test]
    fn comments_belong_to_the_instruction_below() {
        let text = "# escape=\\\n# a\n#\n# b \n\n # c\nFROM x\n# d\n";
        let (map, tree) = parse(text);
        let comments = &tree.statements[0].comments;
        assert_eq!(comments.iter().map(|c| c.value.as_str()).collect::<Vec<_>>(), ["b", "# c"]);
        assert_eq!(map.files()[0].slice(comments[0].span), "b");
    }

    #[test]
    fn empty_lines_are_noted() {
        let (map, tree) = parse("RUN a \\\n\n \t\nb\n");
        assert_eq!(
            tree.statements[0].empty_lines.iter().map(|s| map.lines(*s)).collect::<Vec<_>>(),
            [(2, 2), (3, 3)]
        );
    }

    #[test]
    fn errors_have_the_lines_of_the_reference() {
        check_errors(
            "# escape=x\nFROM a",
            &[("invalid escape token 'x' does not match ` or \\", (0, 0), "x")],
        );
        check_errors(
            "# check=a\n# check=b\nFROM a",
            &[("only one check parser directive can be used", (1, 1), "# check=b")],
        );
        check_errors("", &[("file with no instructions", (0, 0), "")]);
        check_errors("# a\n\n", &[("file with no instructions", (2, 2), "\n")]);
        check_errors(
            "FROM a\nENV A \\\n\nUSER x\nLABEL a=1 b",
            &[("Syntax error - can't find = in \"b\". Must be of the form: name=value", (5, 5), "b")],
        );
        check_errors("FROM a\nENV \\\nA", &[("ENV must have two arguments", (2, 3), "A")]);
        check_errors(
            "RUN [1,\\\n\"\"]\nUSER <<E\nADD <<E x\n E\n",
            &[
                ("when using JSON array syntax, arrays must be comprised of strings only", (1, 2), "1"),
                ("unterminated heredoc", (4, 5), "<<E"),
            ],
        );
        let long = format!("FROM a\nRUN b\\\n{}\nUSER c", "x".repeat(70_000));
        let (map, tree) = parse(&long);
        assert_eq!(tree.statements.len(), 2);
        assert_eq!(map.lines(tree.diagnostics[0].ranges[0]), (2, 2));
    }

    #[test]
    fn bytes_that_are_no_utf8_are_noted() {
        let map = SourceMap::of("Dockerfile", &b"# \xff\nFROM a\nRUN <<E\n\xff\nE\n"[..]);
        let tree = file(&map.files()[0]);
        assert_eq!(tree.statements[0].invalid, None);
        assert!(tree.statements[1].invalid.is_some());
    }

    #[test]
    fn triggers_may_nest_without_end() {
        let (_, tree) = parse(&format!("{}ENV a", "ONBUILD ".repeat(5000)));
        assert_eq!(tree.diagnostics[0].message, "ENV must have two arguments");
    }

    #[test]
    fn a_trigger_has_one_place() {
        let span = Span::new(3, 5);
        let tree = trigger("RUN --a=b \\\n <<E c\nx\nE\n", span);
        let run = &tree.statements[0];
        assert_eq!((run.span, run.keyword.span, run.flags[0].value_span), (span, span, span));
        assert_eq!((run.heredocs[0].span, run.heredocs[0].content_span), (span, span));
    }
}

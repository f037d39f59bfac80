//! The pass over the file: lines to statements.

use super::directive::{self, Directive, Seen};
use super::heredoc::{self, Heredoc};
use super::line::{Line, LineMap, Lines, Origin, continued};
use super::split::{self, Slice};
use super::{Args, Form, Keyword, NotJson, Statement, Tree, Trigger, Word, json};
use crate::text::{Diagnostic, SourceFile, Span, Spanned};

pub(super) fn file(file: &SourceFile) -> Tree {
    let invalid: Vec<Span> = file.invalid().collect();
    Parser::new(file.text(), Origin::File { base: file.base() }, &invalid).run(file.span())
}

pub(super) fn trigger(text: &str, span: Span) -> Tree {
    Parser::new(text, Origin::Elsewhere(span), &[]).run(span)
}

struct Parser<'a> {
    text: &'a str,
    origin: Origin,
    lines: Lines<'a>,
    /// Where bytes were replaced, in order.
    invalid: &'a [Span],
    escape: u8,
    directives: Vec<Directive>,
    /// The directives that may still come; none after the first line that is no directive.
    seen: Option<Seen>,
    /// The comment lines since the last instruction.
    comments: Vec<Spanned<String>>,
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
    fn new(text: &'a str, origin: Origin, invalid: &'a [Span]) -> Parser<'a> {
        Parser {
            text,
            origin,
            lines: Lines::new(text, invalid, origin),
            invalid,
            escape: b'\\',
            directives: Vec::new(),
            seen: Some(Seen::default()),
            comments: Vec::new(),
            statements: Vec::new(),
            diagnostics: Vec::new(),
            joined: String::new(),
        }
    }

    fn run(mut self, span: Span) -> Tree {
        let mut map = LineMap::new(self.origin);
        while let Some(mut line) = self.lines.next() {
            if self.lines.count == 1 {
                line = line.without_mark();
            }
            let text = line.text.trim_start();
            if text.starts_with('#') {
                self.comment(line, text);
                continue;
            }
            self.seen = None;
            if !text.is_empty() {
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
                format!("dockerfile line greater than max allowed size of {}", super::line::LONGEST_LINE);
            let next = self.lines.rest();
            self.diagnostics.push(Diagnostic::error("line-too-long", message, next).within(last));
        }
        Tree {
            escape: char::from(self.escape),
            check: directive::check(self.text, self.origin),
            directives: self.directives,
            statements: self.statements,
            diagnostics: self.diagnostics,
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
        let span = self.origin.span(start, start + comment.len());
        self.comments.push(Spanned::new(comment.to_owned(), span));
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
        let mut buffer = std::mem::take(&mut self.joined);
        let (text, joined) = self.join(line, map, &mut buffer);
        let lines_end = self.lines.last.map_or(0, |(_, end)| end);
        let lines_span = self.origin.span(joined.start, lines_end);

        let lead = text.len() - text.trim_start().len();
        let whole = Slice { text, at: 0, map };
        let trimmed = whole.sub(lead..lead + text.trim().len());
        let mut builder =
            Builder { errors: Vec::new(), escape: self.escape, trigger: None, takes_heredocs: false };
        let (keyword, flags, args) = builder.command(trimmed);
        let trigger =
            builder.trigger.take().map(|keyword| Trigger { keyword, text: held_back(text).to_owned() });
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
            flags,
            args,
            heredocs,
            trigger,
            text: trimmed.text.to_owned(),
            span,
            lines_span,
            line: joined.line,
            comments: std::mem::take(&mut self.comments),
            empty_lines: joined.empty_lines,
            invalid: self.first_invalid(span),
            is_broken,
        };
        self.statements.push(statement);
        self.joined = buffer;
    }

    /// Joins a line and those it goes on in. A single line is taken from the file as it is.
    fn join<'b>(&mut self, line: Line<'a>, map: &mut LineMap, buffer: &'b mut String) -> (&'b str, Joined)
    where
        'a: 'b,
    {
        let mut joined = Joined { start: line.start, line: self.lines.count, empty_lines: Vec::new() };
        map.push(0, line.start);
        let Some(mut text) = continued(line.text, self.escape) else { return (line.text, joined) };
        buffer.clear();
        loop {
            buffer.push_str(text);
            let next = loop {
                let Some(line) = self.lines.next() else { return (buffer, joined) };
                let start = line.text.trim_start();
                if start.is_empty() {
                    joined.empty_lines.push(self.origin.span(line.start, line.end()));
                } else if !start.starts_with('#') {
                    break line;
                }
            };
            map.push(buffer.len(), next.start);
            match continued(next.text, self.escape) {
                Some(more) => text = more,
                None => {
                    buffer.push_str(next.text);
                    return (buffer, joined);
                }
            }
        }
    }

    /// Reads the lines of a heredoc.
    fn heredoc(&mut self, opener: heredoc::HeredocWord, span: Span, start: usize) -> Option<Heredoc> {
        let first = self.lines.at();
        // A line that would be the end, but for white space.
        let mut nearly = None;
        while let Some(line) = self.lines.next() {
            let text = if opener.strips_tabs { line.text.trim_start_matches('\t') } else { line.text };
            if text == opener.name {
                return Some(Heredoc {
                    name: opener.name,
                    file_descriptor: opener.file_descriptor,
                    expands: opener.expands,
                    strips_tabs: opener.strips_tabs,
                    content: self.text[first..line.start].to_owned(),
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

/// Returns the instruction behind ONBUILD, as the reference puts it into an image: white space at the end stays.
fn held_back(text: &str) -> &str {
    let text = text.trim_start();
    let rest = text.get("ONBUILD".len()..).unwrap_or_default();
    rest.trim_start_matches(directive::REGEX_SPACE)
}

/// Builds the parts of one statement.
struct Builder {
    errors: Vec<Diagnostic>,
    escape: u8,
    trigger: Option<Spanned<String>>,
    takes_heredocs: bool,
}

impl Builder {
    fn command(&mut self, line: Slice<'_>) -> (Spanned<String>, Vec<Spanned<String>>, Args) {
        let command = split::command(line, self.escape);
        let keyword = Keyword::of(command.keyword.text);
        let args = match keyword {
            Some(Keyword::Onbuild) => {
                self.held_back(command.args);
                Args::none()
            }
            _ => self.args(keyword, command.args),
        };
        if keyword.is_some_and(Keyword::takes_heredocs) {
            self.takes_heredocs = !args.is_json();
        }
        (command.keyword.spanned(), command.flags, args)
    }

    /// Splits what stands behind ONBUILD, if only to find errors: they count where they stand.
    fn held_back(&mut self, mut line: Slice<'_>) {
        // ONBUILD may be repeated as often as it likes, so this is a loop.
        while !line.text.is_empty() {
            let command = split::command(line, self.escape);
            let keyword = Keyword::of(command.keyword.text);
            let is_first = self.trigger.is_none();
            if is_first {
                self.trigger = Some(command.keyword.spanned());
            }
            if keyword == Some(Keyword::Onbuild) {
                line = command.args;
                continue;
            }
            let args = self.args(keyword, command.args);
            self.takes_heredocs = is_first && keyword.is_some_and(Keyword::takes_heredocs) && !args.is_json();
            return;
        }
    }

    fn args(&mut self, keyword: Option<Keyword>, args: Slice<'_>) -> Args {
        match keyword {
            Some(Keyword::Add | Keyword::Copy | Keyword::Volume) => self.json_or(args, split::plain_words),
            Some(Keyword::Cmd | Keyword::Entrypoint | Keyword::Run | Keyword::Shell) => {
                self.json_or(args, text)
            }
            Some(Keyword::Env | Keyword::Label) => {
                let keyword = keyword.map_or("", Keyword::as_str);
                let (pairs, errors) = split::pairs(args, self.escape, keyword);
                self.errors.extend(errors);
                Args::Pairs(pairs)
            }
            Some(Keyword::Arg) => {
                Args::plain(split::quoted_words(args, self.escape).iter().map(Slice::word).collect())
            }
            Some(Keyword::Expose | Keyword::From) => Args::plain(split::plain_words(args)),
            Some(Keyword::Maintainer | Keyword::Stopsignal | Keyword::User | Keyword::Workdir) => {
                Args::plain(text(args))
            }
            Some(Keyword::Healthcheck) => self.healthcheck(args),
            Some(Keyword::Onbuild) | None => Args::none(),
        }
    }

    fn healthcheck(&mut self, args: Slice<'_>) -> Args {
        if args.text.is_empty() {
            return Args::none();
        }
        let (first, rest) = split::first_arg(args);
        let mut args = self.json_or(rest, text);
        if let Args::Words { words, .. } = &mut args {
            words.insert(0, first.word());
        }
        args
    }

    /// Takes a JSON array apart, or anything else by `otherwise`.
    fn json_or(&mut self, args: Slice<'_>, otherwise: fn(Slice<'_>) -> Vec<Word>) -> Args {
        if !args.text.starts_with('[') {
            return Args::plain(otherwise(args));
        }
        match json::array(args.text) {
            Ok(elements) => {
                let mut words = Vec::with_capacity(elements.len());
                let mut other = None;
                for element in elements {
                    let span = args.span_of(element.range);
                    match element.string {
                        Some(string) => words.push(Word::new(string, span)),
                        None => other = other.or(Some(span)),
                    }
                }
                if let Some(span) = other {
                    let message = "when using JSON array syntax, arrays must be comprised of strings only";
                    let error = Diagnostic::error("json-not-strings", message, span);
                    self.errors.push(error.hint("put it in double quotes"));
                }
                Args::Words { words, form: Form::Json }
            }
            Err(bad) => {
                let end = split::char_start(args.text, (bad.at + 1).min(args.text.len()));
                let not_json = NotJson { reason: bad.reason, span: args.span_of(bad.at..end) };
                Args::Words { words: otherwise(args), form: Form::NotJson(not_json) }
            }
        }
    }
}

fn text(args: Slice<'_>) -> Vec<Word> {
    if args.text.is_empty() { Vec::new() } else { vec![args.word()] }
}

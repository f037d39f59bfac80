//! Arguments by keyword: JSON arrays, words, pairs.

use super::split::{self, Slice};
use super::{Args, Flag, Form, Keyword, NotJson, Word, directive, json};
use crate::text::{Diagnostic, Spanned, Text};
use std::borrow::Cow;
use std::ops::Range;

/// Returns the instruction behind ONBUILD, as the reference puts it into an image: white space at the end stays.
pub(super) fn held_back(text: &str) -> &str {
    let text = text.trim_start();
    let rest = text.get("ONBUILD".len()..).unwrap_or_default();
    rest.trim_start_matches(directive::REGEX_SPACE)
}

/// Builds the parts of one statement.
pub(super) struct Builder {
    escape: u8,
    pub errors: Vec<Diagnostic>,
    /// The keyword behind ONBUILD.
    pub trigger: Option<Spanned<Text>>,
    /// Whether `<<EOF` in the line opens a heredoc.
    pub takes_heredocs: bool,
}

impl Builder {
    pub(super) fn new(escape: u8) -> Builder {
        Builder { escape, errors: Vec::new(), trigger: None, takes_heredocs: false }
    }

    /// Splits a line into keyword, flags and arguments.
    pub(super) fn command(&mut self, line: Slice<'_>) -> (Spanned<Text>, Option<Keyword>, Vec<Flag>, Args) {
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
        (command.keyword.spanned(), keyword, command.flags, args)
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
            Some(Keyword::Arg) => Args::Names(split::names(args, self.escape)),
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
                    let Range { start, end } = element.range;
                    let span = args.span_of(start..end);
                    match element.string {
                        // What stands between the quotes.
                        Some(Cow::Borrowed(_)) => {
                            words.push(Word::new(args.sub(start + 1..end - 1).shared(), span))
                        }
                        Some(Cow::Owned(string)) => words.push(Word::new(string, span)),
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

//! Statements to instructions, and instructions to stages.

use super::*;
use crate::suggest::{self, Case};
use crate::syntax::{self, Args, Form, NotJson, Statement};
use std::collections::HashMap;

/// Reads one statement: takes its parts and gathers what is wrong with it.
///
/// The first error is the one that the reference reports. A keyword's parser may go on after it, to find more; what it
/// returns is then dropped.
pub(super) struct Reader<'a> {
    pub statement: &'a mut Statement,
    pub errors: Vec<Diagnostic>,
    /// For a trigger: the only place there is.
    place: Option<Span>,
}

impl<'a> Reader<'a> {
    fn new(statement: &'a mut Statement, place: Option<Span>) -> Reader<'a> {
        Reader { statement, errors: Vec::new(), place }
    }

    /// Notes an error.
    pub(super) fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.errors.push(Diagnostic::error(code, message, span));
    }

    /// Adds help to the error noted last.
    pub(super) fn hint(&mut self, text: impl Into<String>) {
        if let Some(error) = self.errors.pop() {
            self.errors.push(error.hint(text));
        }
    }

    /// Tells whether a text stands in the file in one piece, as it is.
    pub(super) fn is_whole(&self, text: &Spanned<Text>) -> bool {
        self.place.is_none() && text.span.holds(&text.value)
    }

    /// Takes the words of the arguments.
    pub(super) fn words(&mut self) -> (Vec<Word>, Form) {
        match std::mem::replace(&mut self.statement.args, Args::Pairs(Vec::new())) {
            Args::Words { words, form } => (words, form),
            Args::Pairs(_) | Args::Names(_) => (Vec::new(), Form::Plain),
        }
    }

    /// Takes the words of the arguments, of which there must be one at least.
    pub(super) fn some_words(&mut self, keyword: &str) -> (Vec<Word>, Form) {
        let words = self.words();
        if words.0.is_empty() {
            self.missing(keyword);
        }
        words
    }

    /// Takes the only word of the arguments.
    pub(super) fn one_word(&mut self, keyword: &str) -> Option<Word> {
        let word = self.words().0.pop();
        if word.is_none() {
            let span = self.statement.keyword.span;
            self.error("missing-argument", format!("{keyword} requires exactly one argument"), span);
        }
        word
    }

    /// Takes the pairs of the arguments.
    pub(super) fn pairs(&mut self, keyword: &str) -> Vec<Pair> {
        let pairs = match std::mem::replace(&mut self.statement.args, Args::Pairs(Vec::new())) {
            Args::Pairs(pairs) => pairs,
            Args::Words { .. } | Args::Names(_) => Vec::new(),
        };
        if pairs.is_empty() {
            self.missing(keyword);
        }
        for pair in pairs.iter().filter(|pair| pair.key.text.is_empty()) {
            self.blank_name(keyword, pair.key.span.to(pair.value.span));
        }
        pairs
    }

    /// Notes that there are no arguments.
    pub(super) fn missing(&mut self, keyword: &str) {
        let span = self.statement.keyword.span;
        self.error("missing-argument", format!("{keyword} requires at least one argument"), span);
    }

    /// Notes that a name is empty.
    pub(super) fn blank_name(&mut self, keyword: &str, span: Span) {
        self.error("blank-name", format!("{keyword} names can not be blank"), span);
    }

    /// Returns the words as a command.
    pub(super) fn command(&mut self) -> CommandLine {
        let (words, form) = self.words();
        let is_shell = form != Form::Json;
        let not_json: Option<NotJson> = match form {
            Form::NotJson(reason) => Some(reason),
            Form::Json | Form::Plain => None,
        };
        let none = Span::new(self.statement.lines_span.end, self.statement.lines_span.end);
        let span = words.iter().map(|word| word.span).reduce(Span::to).unwrap_or(none);
        let words = words.into_iter().map(|word| Spanned::new(word.text, word.span)).collect();
        CommandLine { words, is_shell, not_json, span }
    }

    /// Returns what the comments above say about names.
    pub(super) fn descriptions(&mut self) -> Descriptions<'_> {
        Descriptions::new(&self.statement.comments, self.place)
    }

    /// Reads anything but a FROM. What all instructions have is left to [`head`].
    fn kind(mut self) -> Result<Kind, Vec<Diagnostic>> {
        let kind = match self.statement.kind {
            Some(Keyword::Add) => add::parse(&mut self).map(Kind::Add),
            Some(Keyword::Arg) => arg::parse(&mut self).map(Kind::Arg),
            Some(Keyword::Cmd) => cmd::parse(&mut self).map(Kind::Cmd),
            Some(Keyword::Copy) => copy::parse(&mut self).map(Kind::Copy),
            Some(Keyword::Entrypoint) => entrypoint::parse(&mut self).map(Kind::Entrypoint),
            Some(Keyword::Env) => env::parse(&mut self).map(Kind::Env),
            Some(Keyword::Expose) => expose::parse(&mut self).map(Kind::Expose),
            Some(Keyword::Healthcheck) => healthcheck::parse(&mut self).map(Kind::Healthcheck),
            Some(Keyword::Label) => label::parse(&mut self).map(Kind::Label),
            Some(Keyword::Maintainer) => maintainer::parse(&mut self).map(Kind::Maintainer),
            Some(Keyword::Onbuild) => onbuild::parse(&mut self).map(Kind::Onbuild),
            Some(Keyword::Run) => run::parse(&mut self).map(Kind::Run),
            Some(Keyword::Shell) => shell::parse(&mut self).map(Kind::Shell),
            Some(Keyword::Stopsignal) => stopsignal::parse(&mut self).map(Kind::Stopsignal),
            Some(Keyword::User) => user::parse(&mut self).map(Kind::User),
            Some(Keyword::Volume) => volume::parse(&mut self).map(Kind::Volume),
            Some(Keyword::Workdir) => workdir::parse(&mut self).map(Kind::Workdir),
            Some(Keyword::From) | None => {
                self.unknown();
                None
            }
        };
        match kind {
            Some(kind) if self.errors.is_empty() => Ok(kind),
            _ => Err(self.errors),
        }
    }

    fn from(mut self) -> Result<StageDecl, Vec<Diagnostic>> {
        match from::parse(&mut self) {
            Some(parts) if self.errors.is_empty() => Ok(parts.stage(head(self.statement))),
            _ => Err(self.errors),
        }
    }

    fn unknown(&mut self) {
        let word = &self.statement.keyword;
        let names = Keyword::ALL.iter().map(|keyword| keyword.as_str());
        let message = format!("unknown instruction: {}", word.value);
        let message = suggest::hint(message, &word.value, names, Case::Ignored);
        let error = Diagnostic::error("unknown-instruction", message, word.span);
        self.errors.push(if word.value.starts_with(|c: char| c.is_ascii_alphabetic()) {
            error
        } else {
            error.hint("does the line before need a `\\` at its end?")
        });
    }
}

/// What comments say about names: the first line that starts with the name and a space.
pub(super) struct Descriptions<'a> {
    /// By first word, so that many names under many comments take no time either.
    lines: HashMap<&'a str, Vec<&'a Spanned<Text>>>,
    place: Option<Span>,
}

impl<'a> Descriptions<'a> {
    fn new(comments: &'a [Spanned<Text>], place: Option<Span>) -> Descriptions<'a> {
        let mut lines: HashMap<_, Vec<_>> = HashMap::new();
        for comment in comments {
            lines.entry(first_word(&comment.value)).or_default().push(comment);
        }
        Descriptions { lines, place }
    }

    /// Returns what the comments say about a name, without the name.
    pub(super) fn of(&self, name: &str) -> Option<Spanned<Text>> {
        if name.is_empty() {
            return None;
        }
        self.lines.get(first_word(name))?.iter().find_map(|comment| {
            let text = comment.value.strip_prefix(name)?.strip_prefix(' ')?;
            // A trigger has one place, which may be shorter than the comment.
            let written = || Span::new(comment.span.end - text.len() as u32, comment.span.end);
            Some(Spanned::new(comment.value.share(name.len() + 1, text), self.place.unwrap_or_else(written)))
        })
    }
}

fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

/// Returns what checks look at in an instruction that is wrong.
fn broken(statement: &mut Statement) -> Option<Broken> {
    let kind = statement.kind.filter(|kind| matches!(kind, Keyword::From | Keyword::Maintainer))?;
    let words = match &mut statement.args {
        Args::Words { words, .. } => std::mem::take(words),
        Args::Pairs(_) | Args::Names(_) => Vec::new(),
    };
    let Head { keyword, comments, span, .. } = head(statement);
    Some(Broken { kind, keyword, words, comments, span })
}

/// Takes what all instructions have.
fn head(statement: &mut Statement) -> Head {
    let Spanned { value, span } = &mut statement.keyword;
    Head {
        keyword: Spanned::new(std::mem::take(value), *span),
        text: std::mem::take(&mut statement.text),
        span: statement.span,
        lines_span: statement.lines_span,
        comments: std::mem::take(&mut statement.comments),
        empty_lines: std::mem::take(&mut statement.empty_lines),
        invalid: statement.invalid,
    }
}

pub(super) fn file(mut tree: Tree) -> File {
    let mut file = File {
        escape: tree.escape,
        directives: tree.directives,
        check: tree.check,
        global_args: Vec::new(),
        stages: Vec::new(),
        gaps: Vec::new(),
        deceptions: tree.deceptions,
        first_broken: None,
        syntax_errors: tree.diagnostics.len(),
        diagnostics: tree.diagnostics,
    };
    // After a broken FROM, what follows belongs to no stage; it is read for its errors only.
    let mut is_lost = false;
    let mut is_orphaned = false;
    // Statements are read where they are: moving each would take longer than reading some.
    let mut statements = &mut tree.statements[..];
    while let Some((statement, rest)) = statements.split_first_mut() {
        statements = rest;
        let (line, span) = (statement.line, statement.span);
        let is_from = statement.kind == Some(Keyword::From);
        if let Some(&first) = statement.empty_lines.first() {
            file.gaps.push(Gap { lines: statement.lines_span, first });
        }
        if statement.is_broken {
            is_lost |= is_from;
            continue;
        }
        let is_first = file.diagnostics.is_empty();
        let mut errors = Vec::new();
        if is_from {
            match Reader::new(statement, None).from() {
                Ok(mut stage) => {
                    is_lost = false;
                    // All up to the next FROM will be its instructions: the list need not grow bit by bit.
                    let count = statements.iter().take_while(|next| next.kind != Some(Keyword::From)).count();
                    stage.instructions.reserve_exact(count);
                    file.stages.push(stage);
                }
                Err(found) => errors = found,
            }
            is_lost |= !errors.is_empty();
        } else {
            match Reader::new(statement, None).kind() {
                Err(found) => errors = found,
                Ok(_) if is_lost => {}
                Ok(kind) => match file.stages.last_mut() {
                    Some(stage) => stage.instructions.push(Instruction { kind, head: head(statement) }),
                    None if matches!(kind, Kind::Arg(_)) => {
                        file.global_args.push(Instruction { kind, head: head(statement) });
                    }
                    None if is_orphaned => {}
                    None => {
                        is_orphaned = true;
                        let Head { keyword, comments, .. } = head(statement);
                        let error =
                            Diagnostic::error("no-stage", "no build stage in current context", keyword.span)
                                .within(span);
                        if is_first && let Kind::Maintainer(_) = kind {
                            let (kind, words) = (Keyword::Maintainer, Vec::new());
                            file.first_broken = Some(Broken { kind, keyword, words, comments, span });
                        }
                        file.diagnostics.push(error.hint("only ARG may stand before the first FROM"));
                    }
                },
            }
        }
        if is_first && !errors.is_empty() {
            file.first_broken = broken(statement);
        }
        file.diagnostics.extend(errors.into_iter().map(|mut error| {
            error.message = format!("dockerfile parse error on line {line}: {}", error.message);
            error.within(span)
        }));
    }
    file
}

pub(super) fn trigger(text: &str, span: Span) -> Result<Instruction, Diagnostic> {
    let error = |message: &str| Diagnostic::error("invalid-trigger", message, span);
    let mut tree = syntax::parse_trigger(text, span);
    if !tree.diagnostics.is_empty() {
        return Err(tree.diagnostics.swap_remove(0).within(span));
    }
    let [statement] = &mut tree.statements[..] else {
        return Err(error("onbuild trigger should be a single expression"));
    };
    let is_from = statement.kind == Some(Keyword::From);
    let reader = Reader::new(statement, Some(span));
    let read = if is_from { reader.from().map(|_| None) } else { reader.kind().map(Some) };
    match read {
        Ok(Some(kind)) => Ok(Instruction { kind, head: head(statement) }),
        // The words of the reference, which names its own type.
        Ok(None) => Err(error("*instructions.Stage is not a command type")),
        Err(mut errors) => Err(errors.swap_remove(0).within(span)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SourceMap;

    fn parse(text: &str) -> (SourceMap, File) {
        let sources = SourceMap::of("Dockerfile", text);
        let file = file(syntax::parse(&sources.files()[0]));
        (sources, file)
    }

    fn parse_one(text: &str) -> Instruction {
        let (_, file) = parse(&format!("FROM x\n{text}"));
        assert_eq!(file.diagnostics, [], "{text}");
        file.stages[0].instructions[0].clone()
    }

    /// Checks an error in the second line: its words, what it points at, and that it is the only one.
    #[track_caller]
    fn check_error(text: &str, message: &str, place: &str) {
        let (sources, file) = parse(&format!("FROM x\n{text}"));
        let found: Vec<_> =
            file.diagnostics.iter().map(|d| (d.message.as_str(), sources.files()[0].slice(d.span))).collect();
        assert_eq!(found, [(format!("dockerfile parse error on line 2: {message}").as_str(), place)]);
    }

    #[test]
    fn stages() {
        let text =
            "ARG A\narg B=$A\nFROM --platform=$P a:$A As Base\nRUN b\n# last c\n# d\nfrom base AS last";
        let (_, file) = parse(text);
        assert_eq!(file.diagnostics, []);
        assert_eq!(file.global_args.len(), 2);
        let [first, last] = &file.stages[..] else { panic!("two stages") };
        assert_eq!((first.base.text.as_str(), first.instructions.len()), ("a:$A", 1));
        assert_eq!(first.platform.as_ref().map(|p| p.text.as_str()), Some("$P"));
        assert_eq!(first.as_keyword.as_ref().map(|a| a.value.as_str()), Some("As"));
        let name = first.name.as_ref().map(|n| (n.text.as_str(), n.written.value.as_str()));
        assert_eq!(name, Some(("base", "Base")));
        assert_eq!(last.description.as_ref().map(|d| d.value.as_str()), Some("c"));
        assert_eq!(last.head.keyword.value, "from");
    }

    #[test]
    fn copies() {
        let text =
            "COPY --from=a --link --exclude=b --exclude=c --chown=$U <<-E x <<'F' /d/\n\ta\nE\n$f\nF\n";
        let Kind::Copy(copy) = parse_one(text).kind else { panic!("COPY") };
        assert_eq!(copy.from.map(|f| f.value).as_deref(), Some("a"));
        assert_eq!((copy.link, copy.parents), (true, false));
        assert_eq!(copy.exclude.iter().map(|e| e.value.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(copy.transfer.sources.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), ["x"]);
        let files: Vec<_> = copy
            .transfer
            .files
            .iter()
            .map(|f| (f.name.as_str(), f.content.text.as_str(), f.expands))
            .collect();
        assert_eq!(files, [("E", "a\n", true), ("F", "$f\n", false)]);
        let Kind::Add(add) = parse_one("ADD --keep-git-dir=FALSE --unpack [\"a b\", \"/c\"]").kind else {
            panic!("ADD")
        };
        assert_eq!((add.keep_git_dir, add.unpack, add.link), (Some(false), Some(true), false));
        assert_eq!(add.transfer.sources[0].text, "a b");
    }

    #[test]
    fn commands() {
        let Kind::Run(run) = parse_one("RUN --mount=type=cache,target=/x --network=none <<E\na\nE").kind
        else {
            panic!("RUN")
        };
        assert_eq!((run.is_script, run.mounts.len(), run.network), (true, 1, Some(Network::None)));
        let Kind::Run(run) = parse_one("RUN sh <<E\na\nE").kind else { panic!("RUN") };
        assert_eq!((run.is_script, run.heredocs.len()), (false, 1));
        let Kind::Cmd(cmd) = parse_one("CMD [\"a\", \"b\"]").kind else { panic!("CMD") };
        assert_eq!((cmd.command.is_shell, cmd.command.words.len()), (false, 2));
        let Kind::Cmd(cmd) = parse_one("CMD ['a', 'b']").kind else { panic!("CMD") };
        let reason = cmd.command.not_json.map(|reason| reason.reason);
        assert_eq!(
            (cmd.command.is_shell, reason),
            (true, Some("a string is in double quotes, not single ones"))
        );
        let Kind::Onbuild(onbuild) = parse_one("ONBUILD Run <<E\na\nE").kind else { panic!("ONBUILD") };
        assert_eq!((onbuild.keyword.value.as_str(), onbuild.expression.as_str()), ("RUN", "Run <<E\na\nE"));
    }

    #[test]
    fn the_rest() {
        let text = "HEALTHCHECK --interval=1m --retries=3 CMD a b";
        let Kind::Healthcheck(check) = parse_one(text).kind else { panic!("HEALTHCHECK") };
        assert_eq!(
            (check.test, check.interval_ns, check.retries),
            (vec!["CMD-SHELL".into(), "a b".into()], 60_000_000_000, 3)
        );
        let Kind::Healthcheck(check) = parse_one("HEALTHCHECK --nonsense none").kind else {
            panic!("HEALTHCHECK")
        };
        assert_eq!(check.test, ["NONE"]);
        let Kind::Expose(expose) = parse_one("EXPOSE 80 443 $P").kind else { panic!("EXPOSE") };
        assert_eq!(expose.ports.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), ["$P", "443", "80"]);
        let Kind::Arg(arg) = parse_one("# B d\nARG --x A B=\"1 2\" C=").kind else { panic!("ARG") };
        let args: Vec<_> = arg
            .args
            .iter()
            .map(|a| {
                let value = a.value.as_ref().map(|v| v.text.as_str());
                (a.key.text.as_str(), value, a.description.as_ref().map(|d| d.value.as_str()))
            })
            .collect();
        assert_eq!(args, [("A", None, None), ("B", Some("\"1 2\""), Some("d")), ("C", Some(""), None)]);
        let Kind::Env(env) = parse_one("ENV a  b c").kind else { panic!("ENV") };
        assert_eq!((env.pairs[0].value.text.as_str(), env.pairs[0].is_legacy), ("b c", true));
    }

    #[test]
    fn errors() {
        check_error("COYP a b", "unknown instruction: COYP (did you mean COPY?)", "COYP");
        check_error("&& a", "unknown instruction: &&", "&&");
        check_error(
            "COPY a",
            "COPY requires at least two arguments, but only one was provided. Destination could not be determined",
            "a",
        );
        check_error("COPY --form=x a b", "unknown flag: --form (did you mean from?)", "--form");
        check_error("COPY --link --link a b", "duplicate flag specified: --link", "--link");
        check_error("COPY --link=1 a b", "expecting boolean value for flag --link, not: 1", "1");
        check_error("COPY --link= a b", "missing a value on flag: --link", "--link=");
        check_error("COPY a <<E\nE", "COPY cannot accept a heredoc as a destination", "<<E");
        check_error("RUN --mount a", "missing a value on flag: --mount", "--mount");
        check_error(
            "RUN --mount=from=$a,target=/x a",
            "'from' doesn't support variable expansion, define alias stage instead",
            "from=$a",
        );
        check_error("RUN --network=a b", "invalid network mode \"a\"", "a");
        check_error("RUN --security= b", "security \"\" is not valid", "");
        check_error("FROM a b", "FROM requires either one or three arguments", "b");
        check_error(
            "FROM a AS 1b",
            "invalid name for build stage: \"1b\", name can't start with a number or contain symbols",
            "1b",
        );
        check_error("ENV", "ENV requires at least one argument", "ENV");
        check_error("LABEL =a", "LABEL names can not be blank", "=a");
        check_error("SHELL sh -c", "SHELL requires the arguments to be in JSON form", "sh -c");
        check_error("SHELL []", "SHELL requires at least one argument", "SHELL");
        check_error(
            "ONBUILD onbuild RUN a",
            "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
            "onbuild",
        );
        check_error("ONBUILD FROM a", "FROM isn't allowed as an ONBUILD trigger", "FROM");
        check_error("VOLUME [\" \"]", "VOLUME specified can not be an empty string", "\" \"");
        check_error("HEALTHCHECK RUN a", "Unknown type \"RUN\" in HEALTHCHECK (try CMD)", "RUN");
        check_error("HEALTHCHECK --timeout=1us CMD a", "Interval \"timeout\" cannot be less than 1ms", "1us");
        check_error(
            "HEALTHCHECK --retries=3000000000 CMD a",
            "strconv.ParseInt: parsing \"3000000000\": value out of range",
            "3000000000",
        );
        check_error("USER", "USER requires exactly one argument", "USER");
    }

    #[test]
    fn all_errors_come_out_with_those_of_syntax_first() {
        let (_, file) = parse("RUN a\nUSER b\nFROM c AS 1\nUSER\nRUN [1]\nFROM d\nRUN e");
        let found: Vec<_> = file.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(
            found,
            [
                "when using JSON array syntax, arrays must be comprised of strings only",
                "no build stage in current context",
                "dockerfile parse error on line 3: invalid name for build stage: \"1\", name can't start with a number or contain symbols",
                "dockerfile parse error on line 4: USER requires exactly one argument",
            ]
        );
        assert_eq!((file.syntax_errors, file.stages.len(), file.stages[0].instructions.len()), (1, 1, 1));
    }

    #[test]
    fn triggers() {
        let span = Span::new(1, 2);
        let read = |text| trigger(text, span).map(|i| i.kind.keyword()).map_err(|e| (e.message, e.ranges));
        let error = |message: &str| Err((message.to_owned(), vec![span]));
        assert_eq!(read("run a"), Ok("RUN"));
        assert_eq!(read("COPY <<a /b\nc\na"), Ok("COPY"));
        assert_eq!(read("RUN a\nRUN b"), error("onbuild trigger should be a single expression"));
        assert_eq!(read(""), error("file with no instructions"));
        assert_eq!(read("FROM a"), error("*instructions.Stage is not a command type"));
        assert_eq!(read("USER"), error("USER requires exactly one argument"));
        assert_eq!(read("RUN <<a\nb"), error("unterminated heredoc"));
    }
}

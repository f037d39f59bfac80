//! What to do about errors: help for those that do not say so themselves, and fixes for those whose right word is known.
//!
//! The words of an error are the reference's; what is said here stands below them.

use super::advice::suggestion;
use super::fix::Fix;
use crate::cli::render::message;
use crate::suggest::{self, Case};
use crate::syntax::Keyword;
use crate::text::{Diagnostic, SourceFile, Span, lower, upper};

/// Adds help to an error, and returns how to mend it if that is known. `names` are those of the stages.
pub(super) fn add(error: &mut Diagnostic, source: &SourceFile, names: &[String]) -> Option<Fix> {
    // Not every error has a place.
    if !source.span().contains(error.span) {
        return None;
    }
    if let Some(fix) = respell(error, source) {
        return Some(fix);
    }
    let written = source.slice(error.span).to_owned();
    if matches!(error.code, "missing-equals" | "invalid-port") && written.starts_with('#') {
        error.hints = vec!["a comment stands on a line of its own".to_owned()];
        return None;
    }
    // The value of a variable with blanks in it, which end the word.
    let is_at_start = source.position(error.span.start).column == 0;
    if error.code == "missing-equals" && is_at_start && Keyword::of(&written).is_some() {
        error.hints = vec![
            "this line belongs to the instruction above, which goes on since it ends with a `\\`".to_owned(),
        ];
        return None;
    }
    if opens_brace(error, source) {
        error.hints =
            vec!["blanks within `${…}` need quotes around all of it: `A=\"${B?must be set}\"`".to_owned()];
        return None;
    }
    let word = |word: &str| Some(Fix::suggested(format!("write `{word}`"), error.span, word));
    let near = |options: &[&str]| suggest::nearest(&written, options.iter().copied(), Case::Matters);
    let (help, fix): (String, Option<Fix>) = match error.code {
        "unknown-instruction" => (instruction(error, source)?, None),
        "missing-destination" => ("name what to copy and, last, where to: `COPY app.tar /app/`".into(), None),
        "missing-argument" => (format!("write {}", example(message(&error.message))), None),
        "from-arguments" => (from(source.line(source.position(error.span.start).line))?, None),
        "flag-without-value" => without_value(error, source),
        "heredoc-as-destination" => ("name, last, where to: `COPY <<EOF /app/file`".into(), None),
        "unterminated-heredoc" => return heredoc(error, source),
        "expansion" => (expansion(error, source, &written), None),
        "invalid-base" => base(error, source, &written, names),
        "invalid-platform" => (
            "write `os/architecture` or `os/architecture/variant`: `linux/amd64`, `linux/arm64/v8`".into(),
            near(&["amd64", "arm64", "linux/amd64", "linux/arm64", "windows/amd64"]).and_then(|it| word(&it)),
        ),
        "empty-platform" => (
            "give the variable a value: `ARG NAME=value` before the first FROM".into(),
            variable(error, &written),
        ),
        "empty-base" => ("give the variable a value: `ARG NAME=value` before the first FROM".into(), None),
        "circular-dependency" if is_of_itself(error) => {
            ("a stage cannot take files from itself: name another one, or leave `--from` out".into(), None)
        }
        "circular-dependency" => ("move what both stages need to a third one, above them".into(), None),
        "unknown-source" if error.message.starts_with("invalid stage index") => {
            ("stages count from 0, in the order of the file; give the stage a name and use that".into(), None)
        }
        "unknown-healthcheck" => {
            let place = Span::new(error.span.start, error.span.start);
            let fix = Fix::suggested("put `CMD` in front of the command", place, "CMD ");
            ("write `HEALTHCHECK CMD command`, or `HEALTHCHECK NONE`".into(), Some(fix))
        }
        "invalid-port" => (
            "a port is a number up to 65535 or a range, `8000-8010`, and may have a protocol: `53/udp`"
                .into(),
            written.rsplit_once('/').and_then(|(port, protocol)| {
                let nearest = suggest::nearest(protocol, ["tcp", "udp", "sctp"], Case::Matters)?;
                word(&format!("{port}/{nearest}"))
            }),
        ),
        "invalid-signal" => {
            const SIGNALS: [&str; 10] = [
                "SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGWINCH",
                "SIGABRT", "SIGSTOP",
            ];
            (
                "write the name or the number of a signal: `SIGTERM`, `15`".into(),
                near(&SIGNALS).and_then(|it| word(&it)),
            )
        }
        "invalid-network" => (String::new(), near(&["default", "none", "host"]).and_then(|it| word(&it))),
        "invalid-security" => (String::new(), near(&["sandbox", "insecure"]).and_then(|it| word(&it))),
        "invalid-chmod" => {
            ("write a mode in octal, `755`, or as `chmod` takes it: `u=rwx,go=rx`".into(), None)
        }
        "invalid-checksum" => ("write the algorithm and the digest: `sha256:24454f830cdb…`".into(), None),
        "invalid-mount" => (mount(&error.message)?.to_owned(), None),
        _ => return None,
    };
    if error.hints.is_empty() && !help.is_empty() {
        error.hints.push(help);
    } else if matches!(error.code, "unknown-instruction" | "from-arguments") {
        error.hints = vec![help];
    }
    fix
}

/// Tells whether a word lacks a `=` since it is a part of a brace that was opened before.
fn opens_brace(error: &Diagnostic, source: &SourceFile) -> bool {
    let at = source.position(error.span.start);
    let before = &source.line(at.line)[..at.column as usize];
    error.code == "missing-equals" && before.matches("${").count() > before.matches('}').count()
}

/// Returns how to mend a misspelled word whose message names the right one.
fn respell(error: &Diagnostic, source: &SourceFile) -> Option<Fix> {
    let new = suggestion(&error.message)?;
    let written = source.slice(error.span);
    let (place, title) = match error.code {
        "unknown-instruction" => (error.span, format!("write `{new}`")),
        "unknown-flag" => {
            let name = written.strip_prefix("--")?;
            let length = name.find('=').unwrap_or(name.len());
            (part(error.span, 2, length), format!("write `--{new}`"))
        }
        "invalid-mount" => {
            let mark = error.message.find(['\'', '"'])?;
            let (quote, rest) = error.message[mark..].split_at(1);
            let word = rest.split_once(quote)?.0;
            (part(error.span, written.find(word)?, word.len()), format!("write `{new}`"))
        }
        _ => return None,
    };
    Some(Fix::suggested(title, place, new))
}

/// Says of a line that starts with no keyword what it may be.
fn instruction(error: &Diagnostic, source: &SourceFile) -> Option<String> {
    if suggestion(&error.message).is_some()
        || error.hints.iter().any(|hint| hint.contains("is it a Dockerfile"))
    {
        return None;
    }
    let word = source.slice(error.span);
    if word.starts_with("//") || word.starts_with("--") || word.starts_with("/*") || word.starts_with(';') {
        return Some("a comment begins with `#`".to_owned());
    }
    let at = source.position(error.span.start);
    let is_keyword_like = word.bytes().all(|b| b.is_ascii_uppercase());
    let above = (1..at.line).rev().map(|line| source.line(line).trim()).find(|line| !line.is_empty());
    let is_run = above.and_then(|line| line.split_whitespace().next()).is_some_and(|it| upper(it) == "RUN");
    Some(
        if !is_keyword_like
            && (at.column > 0 || !word.starts_with(|c: char| c.is_ascii_alphabetic()) || is_run)
        {
            "does the line above need a `\\` at its end, or this one a `RUN`?".to_owned()
        } else if is_keyword_like {
            "the instructions are ADD, ARG, CMD, COPY, ENTRYPOINT, ENV, EXPOSE, FROM, HEALTHCHECK, LABEL, ONBUILD, RUN, \
         SHELL, STOPSIGNAL, USER, VOLUME and WORKDIR"
            .to_owned()
        } else {
            "a command of the build stands behind `RUN`".to_owned()
        },
    )
}

/// Returns how an instruction looks that lacks its arguments.
fn example(message: &str) -> &'static str {
    match message.split(' ').next().unwrap_or_default() {
        "ARG" => "`ARG NAME` or `ARG NAME=default`",
        "ENV" => "`ENV NAME=value`",
        "EXPOSE" => "the port: `EXPOSE 8080`",
        "HEALTHCHECK" => "`HEALTHCHECK CMD command`, or `HEALTHCHECK NONE`",
        "LABEL" => "`LABEL name=value`",
        "MAINTAINER" => "`LABEL org.opencontainers.image.authors=…`",
        "ONBUILD" => "the instruction to hold back: `ONBUILD COPY . /app`",
        "SHELL" => "the program and its arguments: `SHELL [\"/bin/bash\", \"-c\"]`",
        "STOPSIGNAL" => "the signal: `STOPSIGNAL SIGTERM`",
        "USER" => "who: `USER name` or `USER uid:gid`",
        "VOLUME" => "the path: `VOLUME /data`",
        "WORKDIR" => "the folder: `WORKDIR /app`",
        _ => "what the instruction is about, or remove it",
    }
}

/// Says of a FROM what is wrong with the number of its words.
fn from(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().filter(|word| !word.starts_with("--")).collect();
    Some(match words[..] {
        [_] => "name an image or a stage above: `FROM alpine:3.22`".to_owned(),
        [_, _, as_word] if upper(as_word) == "AS" => "name the stage behind AS, or leave AS out".to_owned(),
        [_, _, as_word, ref name @ ..] if upper(as_word) == "AS" => {
            format!("the name of a stage is one word: `{as_word} {}`", name.join("-"))
        }
        [_, image, name] => format!("write `FROM {image} AS {name}`"),
        _ => return None,
    })
}

/// Joins a flag and its value where a blank stands between them.
fn without_value(error: &Diagnostic, source: &SourceFile) -> (String, Option<Fix>) {
    let written = source.slice(error.span);
    let help = format!("put the value right behind it: `{}=…`", written.trim_end_matches('='));
    let rest = &source.text()[(error.span.end - source.base()) as usize..];
    let line = rest.lines().next().unwrap_or_default();
    let blanks = line.len() - line.trim_start().len();
    let place = part(error.span, written.len(), blanks);
    let is_value =
        blanks > 0 && line.trim_start().starts_with(|c: char| c.is_alphanumeric() || "/.$".contains(c));
    let fix =
        (is_value && !written.contains('=')).then(|| Fix::suggested("put a `=` between them", place, "="));
    (help, fix)
}

/// Points at a line that was meant to end a heredoc.
fn heredoc(error: &mut Diagnostic, source: &SourceFile) -> Option<Fix> {
    let written = source.slice(error.span);
    let name = written.trim_start_matches('<').trim_start_matches('-').trim_matches(['"', '\'']).to_owned();
    let mut start = error.span.end;
    let rest = &source.text()[(start - source.base()) as usize..];
    for (index, line) in rest.split_inclusive('\n').enumerate() {
        let text = line.trim_end_matches(['\n', '\r']);
        if index > 0 && (text.trim() == name || text.trim().trim_end_matches([';', ',', '.']) == name) {
            let span = Span::new(start, start + text.len() as u32);
            let is_tabs = text.trim_start_matches('\t') == name;
            error.labels.push((span, format!("this is not just `{name}`")));
            error.hints = vec![match is_tabs {
                true => format!("write `<<-{name}`, which takes the tabs in front of it away"),
                false => format!("it ends at a line that is just `{name}`, without blanks"),
            }];
            return Some(Fix::suggested("take away what is around it", span, name));
        }
        start += line.len() as u32;
    }
    None
}

/// Says what is wrong with quotes and variables.
fn expansion(error: &Diagnostic, source: &SourceFile, written: &str) -> String {
    let keyword = source.line(source.position(error.span.start).line).split_whitespace().next().map(upper);
    let is_copy = keyword.is_some_and(|it| it == "COPY" || it == "ADD");
    if error.message.contains("matching") && is_copy && written.starts_with('[') {
        "a JSON array holds strings in double quotes with commas between, and ends with `]`".to_owned()
    } else if error.message.contains("matching") && is_copy {
        "paths with blanks are written as a JSON array: `COPY [\"my file\", \"/app/\"]`".to_owned()
    } else if error.message.contains("matching") {
        "close the quote; a quote that is text stands behind a backslash: `\\\"`".to_owned()
    } else if written.matches("${").count() > written.matches('}').count() {
        "close the brace: `${NAME}`; a dollar sign that is text stands behind a backslash: `\\$`".to_owned()
    } else {
        "a brace takes `${NAME:-default}`, `${NAME:+instead}`, `${NAME:?message}`, `${NAME#prefix}`, \
         `${NAME%suffix}` and `${NAME/old/new}`; a dollar sign that is text stands behind a backslash: `\\$`"
            .to_owned()
    }
}

/// Says why a name is not that of an image.
fn base(error: &Diagnostic, source: &SourceFile, written: &str, names: &[String]) -> (String, Option<Fix>) {
    let fix = |new: &str| Some(Fix::suggested(format!("write `{new}`"), error.span, new));
    let small = lower(written);
    let names = names.iter().map(String::as_str);
    if let Some(nearest) = suggest::nearest(&small, names.clone(), Case::Matters) {
        return (format!("the stage {nearest} may be meant"), fix(&nearest));
    }
    let line = source.line(source.position(error.span.start).line);
    let is_from = line.split_whitespace().next().is_some_and(|word| upper(word) == "FROM");
    if written.contains('$') {
        let help = if is_from {
            "the variables in it may be empty: declare them before the first FROM, with a value: `ARG NAME=value`"
        } else {
            "the variables in it may be empty"
        };
        (help.to_owned(), None)
    } else if let Some((_, rest)) = written.split_once("://") {
        (format!("the name of an image has no `://`: `{}`", rest.trim_end_matches('/')), None)
    } else if error.message.contains("must be lowercase") {
        ("the name of an image is in lower case".to_owned(), fix(&small))
    } else if let Some(name) = written.strip_suffix(':') {
        ("a tag stands behind the colon".to_owned(), fix(name))
    } else if written.rsplit('/').next().is_some_and(|last| last.matches(':').count() > 1) {
        ("an image has one tag only: `name:tag`".to_owned(), None)
    } else {
        ("write the name of an image, `name:tag`, or that of a stage above".to_owned(), None)
    }
}

/// Puts the variable that is meant in place of another.
fn variable(error: &Diagnostic, written: &str) -> Option<Fix> {
    let new = suggestion(&error.message)?;
    let start = written.find('$')? + 1;
    let start = start + usize::from(written[start..].starts_with('{'));
    let length = written[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let length = length.unwrap_or(written.len() - start);
    Some(Fix::suggested(format!("write `{new}`"), part(error.span, start, length), new))
}

fn is_of_itself(error: &Diagnostic) -> bool {
    let [(_, label)] = &error.labels[..] else { return false };
    label.split_once(" takes files from ").is_some_and(|(one, other)| one == other)
}

/// Says what a mount lacks.
fn mount(message: &str) -> Option<&'static str> {
    let helps: [(&str, &str); 4] = [
        ("invalid mount target", "say where in the step it appears: `target=/path`"),
        ("must be a key=value pair", "write a value behind it: `key=value`"),
        ("invalid value for size", "write a number and a unit: `64m`, `1g`"),
        ("invalid value for", "write `true` or `false`"),
    ];
    helps.iter().find(|(part, _)| message.contains(part)).map(|(_, help)| *help)
}

fn part(span: Span, at: usize, length: usize) -> Span {
    let start = span.start + at as u32;
    Span::new(start, start + length as u32)
}

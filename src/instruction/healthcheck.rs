//! HEALTHCHECK: how to see that a container is well.

use super::duration::{format_duration, parse_duration};
use super::flag::{Given, Takes};
use super::parse::Reader;
use crate::syntax::{Form, Word};
use crate::text::{Span, parse_int, quote, upper};

/// `HEALTHCHECK [flags] CMD …` or `HEALTHCHECK NONE`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Healthcheck {
    /// `NONE`, or `CMD` or `CMD-SHELL` and the command.
    pub test: Vec<String>,
    /// `--interval`, in nanoseconds; 0 if not given.
    pub interval_ns: i64,
    /// `--timeout`, in nanoseconds; 0 if not given.
    pub timeout_ns: i64,
    /// `--start-period`, in nanoseconds; 0 if not given.
    pub start_period_ns: i64,
    /// `--start-interval`, in nanoseconds; 0 if not given.
    pub start_interval_ns: i64,
    /// `--retries`; 0 if not given.
    pub retries: i32,
    /// The arguments.
    pub span: Span,
}

/// The shortest time that may be asked for, other than none at all.
const SHORTEST_NS: i64 = 1_000_000;

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Healthcheck> {
    let (words, form) = reader.some_words("HEALTHCHECK");
    let span = words.iter().map(|word| word.span).reduce(Span::to)?;
    let mut words = words.into_iter();
    let first = words.next()?;
    let command: Vec<Word> = words.collect();
    let mut check = Healthcheck {
        test: vec![upper(&first.text).into_owned()],
        interval_ns: 0,
        timeout_ns: 0,
        start_period_ns: 0,
        start_interval_ns: 0,
        retries: 0,
        span,
    };
    if check.test[0] == "NONE" {
        // Flags are passed over: the reference never looks at them here.
        if let Some(word) = command.first() {
            reader.error("healthcheck-none", "HEALTHCHECK NONE takes no arguments", word.span);
        }
        return Some(check);
    }
    let mut flags = reader.flags(&[
        ("interval", Takes::Value),
        ("timeout", Takes::Value),
        ("start-period", Takes::Value),
        ("start-interval", Takes::Value),
        ("retries", Takes::Value),
    ]);
    if check.test[0] != "CMD" {
        let message = format!("Unknown type {} in HEALTHCHECK (try CMD)", quote(&check.test[0]));
        reader.error("unknown-healthcheck", message, first.span);
    } else if command.is_empty() {
        reader.error("healthcheck-without-command", "Missing command after HEALTHCHECK CMD", first.span);
    }
    if form != Form::Json {
        check.test[0] = "CMD-SHELL".to_owned();
    }
    check.test.extend(command.into_iter().map(|word| word.text.into()));
    check.interval_ns = interval(reader, &mut flags, "interval");
    check.timeout_ns = interval(reader, &mut flags, "timeout");
    check.start_period_ns = interval(reader, &mut flags, "start-period");
    check.start_interval_ns = interval(reader, &mut flags, "start-interval");
    check.retries = retries(reader, &mut flags);
    Some(check)
}

fn interval(reader: &mut Reader<'_>, flags: &mut Given, name: &'static str) -> i64 {
    let Some(value) = flags.value(name).filter(|value| !value.value.is_empty()) else { return 0 };
    match parse_duration(&value.value) {
        Ok(ns) if ns == 0 || ns >= SHORTEST_NS => ns,
        Ok(_) => {
            let shortest = format_duration(SHORTEST_NS);
            let message = format!("Interval {} cannot be less than {shortest}", quote(name));
            reader.error("healthcheck-interval", message, value.span);
            0
        }
        Err(message) => {
            reader.error("healthcheck-interval", message, value.span);
            reader.hint("a duration is a number and a unit: `500ms`, `30s`, `1m30s`, `2h`");
            0
        }
    }
}

fn retries(reader: &mut Reader<'_>, flags: &mut Given) -> i32 {
    let Some(value) = flags.value("retries").filter(|value| !value.value.is_empty()) else { return 0 };
    let text = &value.value;
    let parsed = parse_int(text).and_then(|number| {
        i32::try_from(number)
            .map_err(|_| format!("strconv.ParseInt: parsing {}: value out of range", quote(text)))
    });
    let message = match parsed {
        Ok(number) if number >= 0 => return number,
        Ok(number) => format!("--retries cannot be negative ({number})"),
        Err(message) => message,
    };
    reader.error("healthcheck-retries", message, value.span);
    0
}

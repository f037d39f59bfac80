//! Lengths of time as Go reads and prints them.

use std::fmt::Write as _;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The most nanoseconds there can be, sign aside.
const MOST: u64 = 1 << 63;

/// Reads a length of time such as `1m30s`, in nanoseconds.
///
/// # Errors
/// With the reference's words.
pub(super) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, after) = split_digits(rest);
        // A number out of range is noticed before anything else.
        let is_missing = whole.is_empty();
        let whole: u64 = match whole {
            "" => 0,
            digits => digits.parse().ok().filter(|n| *n <= MOST).ok_or_else(invalid)?,
        };
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => split_digits(after),
            None => ("", after),
        };
        if is_missing && fraction.is_empty() {
            return Err(invalid());
        }
        let unit = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        if unit == 0 {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let (name, after) = after.split_at(unit);
        rest = after;
        let Some((_, unit)) = UNITS.into_iter().find(|(known, _)| *known == name) else {
            return Err(format!("time: unknown unit {} in duration {}", quote(name), quote(text)));
        };
        let part = whole.checked_mul(unit).filter(|n| *n <= MOST).ok_or_else(invalid)?;
        let part = part + scaled(fraction, unit);
        total = total.checked_add(part).filter(|n| part <= MOST && *n <= MOST).ok_or_else(invalid)?;
    }
    match (is_negative, i64::try_from(total)) {
        (false, total) => total.map_err(|_| invalid()),
        (true, Ok(total)) => Ok(-total),
        (true, Err(_)) => Ok(i64::MIN),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Returns the part of a unit that the digits behind the point stand for.
fn scaled(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits.bytes().map(|b| u64::from(b - b'0')) {
        // Digits that no longer fit are too small to matter.
        let Some(next) = value.checked_mul(10).map(|v| v + digit).filter(|v| *v <= MOST) else { break };
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// Quotes text the way Go's package `time` does: each byte beyond ASCII by its number.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=0x7f => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}

/// Returns a duration in nanoseconds as Go prints it: `1m30s`, `1.5ms`, `0s`.
pub fn format_duration(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    let fraction = |unit: u64, name: &str| {
        let digits = unit.ilog10() as usize;
        let text = format!("{}.{:0digits$}", ns / unit, ns % unit);
        format!("{sign}{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match ns {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{ns}ns"),
        1_000..1_000_000 => fraction(1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(1_000_000, "ms"),
        _ => {
            let (seconds, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
            let text = format!("{}.{rest:09}", seconds % 60);
            let text = text.trim_end_matches('0').trim_end_matches('.');
            match (seconds / 3600, seconds / 60 % 60) {
                (0, 0) => format!("{sign}{text}s"),
                (0, minutes) => format!("{sign}{minutes}m{text}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{text}s"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(i64, &str), &str>) {
        let found = parse_duration(text);
        match (found, expected) {
            (Ok(ns), Ok((expected, printed))) => {
                assert_eq!(ns, expected);
                assert_eq!(format_duration(ns), printed);
            }
            (Err(message), Err(expected)) => assert_eq!(message, expected),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn durations() {
        check("0", Ok((0, "0s")));
        check("5s", Ok((5_000_000_000, "5s")));
        check("1m30s", Ok((90_000_000_000, "1m30s")));
        check("1.5h", Ok((5_400_000_000_000, "1h30m0s")));
        check("10m", Ok((600_000_000_000, "10m0s")));
        check("-.5ms", Ok((-500_000, "-500µs")));
        check("1.25µs", Ok((1250, "1.25µs")));
        check("100ms", Ok((100_000_000, "100ms")));
        check("10.05s", Ok((10_050_000_000, "10.05s")));
        check("7ns", Ok((7, "7ns")));
        check("+1h1h", Ok((7_200_000_000_000, "2h0m0s")));
        check("-9223372036854775808ns", Ok((i64::MIN, "-2562047h47m16.854775808s")));
        check("9223372036854775808ns", Err("time: invalid duration \"9223372036854775808ns\""));
        check("often", Err("time: invalid duration \"often\""));
        check("", Err("time: invalid duration \"\""));
        check(".s", Err("time: invalid duration \".s\""));
        check("10", Err("time: missing unit in duration \"10\""));
        check("10 s", Err("time: unknown unit \" s\" in duration \"10 s\""));
        check("1é", Err("time: unknown unit \"\\xc3\\xa9\" in duration \"1\\xc3\\xa9\""));
        check("99999999999999999999h", Err("time: invalid duration \"99999999999999999999h\""));
    }
}

//! Times as image configs carry them: RFC 3339 with a zone and up to nine digits of a second.

use serde::{Serialize, Serializer};
use std::fmt;

/// A point in time and the zone it was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp {
    /// Seconds since 1970 began in UTC.
    pub unix_seconds: i64,
    /// Nanoseconds within that second.
    pub nanos: u32,
    /// How far the zone is ahead of UTC, in minutes. It counts for printing only.
    pub offset_minutes: i16,
}

/// A text that is no RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampError(String);

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = crate::text::quote(&self.0);
        write!(f, "parsing time {text} as \"2006-01-02T15:04:05Z07:00\": invalid time")
    }
}

impl std::error::Error for TimestampError {}

impl Timestamp {
    /// Returns a whole second in UTC.
    pub fn from_unix(seconds: i64) -> Timestamp {
        Timestamp { unix_seconds: seconds, nanos: 0, offset_minutes: 0 }
    }

    /// Reads `2006-01-02T15:04:05.999999999+07:00`. Digits beyond nanoseconds are dropped.
    ///
    /// # Errors
    /// If the text has another form, or names no real day or time of day.
    pub fn parse(text: &str) -> Result<Timestamp, TimestampError> {
        read(text).ok_or_else(|| TimestampError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Timestamp> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok()
    };
    let sign = |at: usize, wanted: u8| (text.as_bytes().get(at) == Some(&wanted)).then_some(());
    for (at, wanted) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        sign(at, wanted)?;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let is_real = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_real {
        return None;
    }
    let mut rest = &text[19..];
    let mut nanos = 0;
    if let Some(tail) = rest.strip_prefix(['.', ',']) {
        let len = tail.bytes().take_while(u8::is_ascii_digit).count();
        if len == 0 {
            return None;
        }
        nanos = format!("{:0<9.9}", &tail[..len]).parse().ok()?;
        rest = &tail[len..];
    }
    let offset_minutes = match rest.as_bytes() {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let digit = |b: &u8| b.is_ascii_digit().then(|| i16::from(b - b'0'));
            let hours = digit(h1)? * 10 + digit(h2)?;
            let minutes = digit(m1)? * 10 + digit(m2)?;
            if hours > 24 || minutes > 60 {
                return None;
            }
            let offset = hours * 60 + minutes;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let seconds = days_from_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Timestamp { unix_seconds: seconds - i64::from(offset_minutes) * 60, nanos, offset_minutes })
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts days from 1970-01-01. Years begin in March here, so that a leap day ends one.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Returns year, month and day of a day counted from 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// RFC 3339 with as many digits of a second as needed.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.unix_seconds.saturating_add(i64::from(self.offset_minutes) * 60);
        let (year, month, day) = date_of(local.div_euclid(86_400));
        let second = local.rem_euclid(86_400);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanos > 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        match self.offset_minutes {
            0 => f.write_str("Z"),
            offset => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
            }
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, unix: i64, printed: &str) {
        let time = Timestamp::parse(text).unwrap();
        assert_eq!((time.unix_seconds, time.to_string().as_str()), (unix, printed));
    }

    #[test]
    fn times() {
        check("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z");
        check("2024-05-22T18:18:12Z", 1_716_401_892, "2024-05-22T18:18:12Z");
        check("2024-02-29T23:59:59.120000000Z", 1_709_251_199, "2024-02-29T23:59:59.12Z");
        check("2024-02-29T23:59:59.1234567899+02:00", 1_709_243_999, "2024-02-29T23:59:59.123456789+02:00");
        check("1969-12-31T23:59:59-00:30", 1799, "1969-12-31T23:59:59-00:30");
        check("0001-01-01T00:00:00Z", -62_135_596_800, "0001-01-01T00:00:00Z");
        check("2000-01-01T00:00:00+00:00", 946_684_800, "2000-01-01T00:00:00Z");
    }

    #[test]
    fn no_times() {
        for text in [
            "",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-01 00:00:00Z",
            "2024-01-01T24:00:00Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        for text in [
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+1:00",
            "é024-01-01T00:00:00Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }
}

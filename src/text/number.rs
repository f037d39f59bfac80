//! Numbers and booleans as Go's `strconv` reads them, with the words of its errors.

use super::quote;

/// Returns the boolean that `text` names, or nothing.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Returns a decimal integer of 64 bits.
///
/// # Errors
/// The text of Go's error, such as `strconv.ParseInt: parsing "x": invalid syntax`.
pub fn parse_int(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    check_digits("ParseInt", text, digits)?;
    text.parse().map_err(|_| out_of_range("ParseInt", text))
}

/// Returns a decimal natural number of 64 bits.
///
/// # Errors
/// The text of Go's error, such as `strconv.ParseUint: parsing "-1": invalid syntax`.
pub fn parse_uint(text: &str) -> Result<u64, String> {
    check_digits("ParseUint", text, text)?;
    text.parse().map_err(|_| out_of_range("ParseUint", text))
}

fn check_digits(function: &str, text: &str, digits: &str) -> Result<(), String> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("strconv.{function}: parsing {}: invalid syntax", quote(text)));
    }
    Ok(())
}

fn out_of_range(function: &str, text: &str) -> String {
    format!("strconv.{function}: parsing {}: value out of range", quote(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans() {
        assert_eq!(parse_bool("True"), Some(true));
        assert_eq!(parse_bool("F"), Some(false));
        assert_eq!(parse_bool("yes"), None);
        assert_eq!(parse_bool(""), None);
    }

    #[test]
    fn integers() {
        assert_eq!(parse_int("-12"), Ok(-12));
        assert_eq!(parse_int("+7"), Ok(7));
        assert_eq!(parse_int("007"), Ok(7));
        assert_eq!(parse_int("1_0").unwrap_err(), "strconv.ParseInt: parsing \"1_0\": invalid syntax");
        assert_eq!(parse_int("").unwrap_err(), "strconv.ParseInt: parsing \"\": invalid syntax");
        assert_eq!(
            parse_int("9223372036854775808").unwrap_err(),
            "strconv.ParseInt: parsing \"9223372036854775808\": value out of range"
        );
        assert_eq!(parse_uint("+1").unwrap_err(), "strconv.ParseUint: parsing \"+1\": invalid syntax");
        assert_eq!(parse_uint("18446744073709551615"), Ok(u64::MAX));
    }
}

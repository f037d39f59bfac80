//! One line of comma-separated values, as flags and options carry them.

use std::fmt;

/// What is wrong with a line of values. The words are Go's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvError {
    /// There is no value at all.
    Empty,
    /// A quote stands inside a value that does not begin with one. Columns count bytes, from 1.
    BareQuote {
        /// Where the quote stands.
        column: usize,
    },
    /// A quoted value is not closed, or goes on after its closing quote.
    Quote {
        /// Where the value ends wrongly.
        column: usize,
    },
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CsvError::Empty => f.write_str("EOF"),
            CsvError::BareQuote { column } => {
                write!(f, "parse error on line 1, column {column}: bare \" in non-quoted-field")
            }
            CsvError::Quote { column } => {
                write!(f, "parse error on line 1, column {column}: extraneous or missing \" in quoted-field")
            }
        }
    }
}

impl std::error::Error for CsvError {}

/// Splits one line at its commas. A value in double quotes may hold commas, and `""` for a quote.
///
/// # Errors
/// If a quote stands where none may, or a closing one is missing.
pub fn csv_fields(line: &str) -> Result<Vec<String>, CsvError> {
    let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err(CsvError::Empty);
    }
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let (field, end) = if rest.starts_with('"') { quoted(line, at + 1)? } else { plain(rest, at)? };
        fields.push(field);
        // `end` is at a comma or at the end of the line.
        if end == line.len() {
            return Ok(fields);
        }
        at = end + 1;
    }
}

fn plain(rest: &str, at: usize) -> Result<(String, usize), CsvError> {
    let field = rest.split(',').next().unwrap_or_default();
    match field.find('"') {
        Some(quote) => Err(CsvError::BareQuote { column: at + quote + 1 }),
        None => Ok((field.to_owned(), at + field.len())),
    }
}

fn quoted(line: &str, mut at: usize) -> Result<(String, usize), CsvError> {
    let mut field = String::new();
    loop {
        let Some(quote) = line[at..].find('"') else { return Err(CsvError::Quote { column: at + 1 }) };
        field.push_str(&line[at..at + quote]);
        at += quote + 1;
        match line.as_bytes().get(at) {
            Some(b'"') => {
                field.push('"');
                at += 1;
            }
            Some(b',') | None => return Ok((field, at)),
            Some(_) => return Err(CsvError::Quote { column: at }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: Result<&[&str], &str>) {
        let got = csv_fields(line).map_err(|err| err.to_string());
        assert_eq!(got, want.map(|w| w.iter().map(|s| s.to_string()).collect()).map_err(str::to_owned));
    }

    #[test]
    fn fields() {
        check("a", Ok(&["a"]));
        check("a,b=c,,", Ok(&["a", "b=c", "", ""]));
        check("\"a,b\",c\n", Ok(&["a,b", "c"]));
        check("\"a\"\"b\",\"\"\r\n", Ok(&["a\"b", ""]));
        check("\"type=bind,x\"", Ok(&["type=bind,x"]));
    }

    #[test]
    fn errors() {
        check("", Err("EOF"));
        check("\n", Err("EOF"));
        check("a\"b", Err("parse error on line 1, column 2: bare \" in non-quoted-field"));
        check("x,\"ab", Err("parse error on line 1, column 4: extraneous or missing \" in quoted-field"));
        check("\"a\"b", Err("parse error on line 1, column 3: extraneous or missing \" in quoted-field"));
    }
}

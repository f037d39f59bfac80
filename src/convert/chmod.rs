//! The value of `--chmod`: an octal number or a symbolic mode, as chmod(1) takes them.

/// What `--chmod` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chmod {
    /// Permission bits, at most 0o7777.
    Bits(u32),
    /// A symbolic mode such as `u=rwX,go=rX`. The engine works it out for each file.
    Symbolic(String),
}

/// Parses the value of `--chmod`.
///
/// # Errors
/// The reference's words: one text for what looks like a number, another for a bad symbolic mode.
pub(super) fn parse(text: &str) -> Result<Chmod, String> {
    let number =
        || format!("invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777");
    // A sign is no part of an octal string, and `from_str_radix` would take one.
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return match u32::from_str_radix(text, 8) {
            Ok(bits) if bits <= 0o7777 => Ok(Chmod::Bits(bits)),
            _ => Err(number()),
        };
    }
    match is_symbolic(text) {
        true => Ok(Chmod::Symbolic(text.to_owned())),
        false => Err("invalid syntax".to_owned()),
    }
}

/// Tells whether a text is a symbolic mode: clauses of `[ugoa]*([-+=][rwxXstugo]*)+` between commas.
fn is_symbolic(text: &str) -> bool {
    text.split(',').all(|clause| {
        let actions = clause.trim_start_matches(['u', 'g', 'o', 'a']);
        actions.starts_with(['+', '-', '='])
            && actions
                .chars()
                .all(|c| matches!(c, '+' | '-' | '=' | 'r' | 'w' | 'x' | 'X' | 's' | 't' | 'u' | 'g' | 'o'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Chmod, &str>) {
        let got = parse(text);
        match expected {
            Ok(chmod) => assert_eq!(got, Ok(chmod), "{text}"),
            Err(part) => assert!(got.unwrap_err().contains(part), "{text}"),
        }
    }

    #[test]
    fn octal() {
        check("755", Ok(Chmod::Bits(0o755)));
        check("0", Ok(Chmod::Bits(0)));
        check("07777", Ok(Chmod::Bits(0o7777)));
        check("10000", Err("invalid chmod parameter: '10000'"));
        check("689", Err("it should be octal string and between 0 and 07777"));
        check("7a", Err("invalid chmod parameter"));
        check("77777777777777", Err("invalid chmod parameter"));
    }

    #[test]
    fn symbolic() {
        for good in ["u=rwX,go=rX", "+x", "a+rx-w", "=", "go=u-w", "u+s,+t", "ugoa=rwxXst"] {
            check(good, Ok(Chmod::Symbolic(good.to_owned())));
        }
        for bad in ["-5", "+755", "u", "rwx", "u+x,", ",u+x", "u*x", " +x", "u+xa"] {
            check(bad, Err("invalid syntax"));
        }
    }
}

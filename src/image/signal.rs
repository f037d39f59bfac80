//! The names of signals, for `StopSignal`.

use crate::text::parse_int;

const NAMES: &[&str] = &[
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU",
    "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

/// Checks that `text` names a signal: a number other than 0, or a name, with or without `SIG`, in any case.
///
/// # Errors
/// The reference's message.
pub fn check_stop_signal(text: &str) -> Result<(), String> {
    let is_known = match parse_int(text) {
        Ok(number) => number != 0,
        Err(_) => {
            let name = text.to_uppercase();
            let name = name.strip_prefix("SIG").unwrap_or(&name);
            NAMES.contains(&name) || is_real_time(name)
        }
    };
    if is_known { Ok(()) } else { Err(format!("invalid signal: {text}")) }
}

/// Tells whether `name` is `RTMIN`, `RTMIN+1` … `RTMIN+15`, `RTMAX-14` … `RTMAX-1` or `RTMAX`.
fn is_real_time(name: &str) -> bool {
    let (offset, sign, most) = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(offset), _) => (offset, '+', 15),
        (_, Some(offset)) => (offset, '-', 14),
        _ => return false,
    };
    let Some(digits) = offset.strip_prefix(sign) else { return offset.is_empty() };
    !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
        && digits.parse().is_ok_and(|n: u32| (1..=most).contains(&n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals() {
        for good in ["SIGTERM", "term", "sigkill", "9", "-3", "+15", "RTMIN", "SIGRTMIN+15", "RTMAX-14"] {
            assert_eq!(check_stop_signal(good), Ok(()), "{good}");
        }
        for bad in
            ["", "0", "SIG", "TERM ", "SIGSIGTERM", "RTMIN+16", "RTMIN-1", "RTMAX-15", "RTMIN+01", "RTMIN+"]
        {
            assert_eq!(check_stop_signal(bad), Err(format!("invalid signal: {bad}")));
        }
    }
}

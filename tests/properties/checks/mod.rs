//! What must hold whatever comes in: one file for each fuzz target, one function in each.
//!
//! The fuzz targets in `fuzz/` and the tests beside this folder share them, so what a fuzzer finds becomes a test by
//! saving its input in `tests/properties/findings/`.

pub mod convert;
pub mod dockerignore;
pub mod expand;
pub mod names;
pub mod parse;

/// Cuts an input into parts at lines that are `%%`.
pub fn parts(data: &[u8]) -> Vec<&[u8]> {
    const MARK: &[u8] = b"\n%%\n";
    let mut parts = Vec::new();
    let mut rest = data;
    loop {
        // An empty part has no line of its own.
        if let Some(behind) = rest.strip_prefix(b"%%\n") {
            parts.push(&rest[..0]);
            rest = behind;
        } else if let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
            parts.push(&rest[..at]);
            rest = &rest[at + MARK.len()..];
        } else {
            parts.push(rest);
            return parts;
        }
    }
}

/// Returns the lines of a part as names and values.
pub fn settings(part: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(part);
    let pair = |line: &str| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        (name.to_owned(), value.to_owned())
    };
    text.split('\n').filter(|line| !line.is_empty()).map(pair).collect()
}

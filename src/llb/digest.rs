//! The digest of an op.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 of an op's bytes, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// Says that a text is no digest of an op.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestError(String);

impl Digest {
    /// Returns the digest of bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// Returns how it is written.
    pub(super) fn text(&self) -> [u8; TEXT_LEN] {
        let mut text = [0; TEXT_LEN];
        text[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
        for (byte, pair) in self.0.iter().zip(text[PREFIX.len()..].chunks_exact_mut(2)) {
            pair[0] = HEX[(byte >> 4) as usize];
            pair[1] = HEX[(byte & 15) as usize];
        }
        text
    }
}

const PREFIX: &str = "sha256:";
const TEXT_LEN: usize = PREFIX.len() + 64;
const HEX: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.text()).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Digest, DigestError> {
        let fail = || DigestError(text.to_owned());
        let digits = text.strip_prefix(PREFIX).ok_or_else(fail)?.as_bytes();
        if digits.len() != 64 {
            return Err(fail());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            // Upper case is refused, as everywhere in the world of containers: a digest has one spelling.
            let value = |digit: u8| HEX.iter().position(|known| *known == digit);
            let (Some(high), Some(low)) = (value(pair[0]), value(pair[1])) else { return Err(fail()) };
            *byte = (high << 4 | low) as u8;
        }
        Ok(Digest(bytes))
    }
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid digest {:?}, expected {PREFIX} and 64 hexadecimal digits", self.0)
    }
}

impl std::error::Error for DigestError {}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_digest_of_nothing_is_well_known() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
        assert_eq!(EMPTY.parse(), Ok(Digest::of(b"")));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "sha256:", "sha256:00", &EMPTY[7..], &EMPTY.to_uppercase(), &EMPTY.replace('e', "g")]
        {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}

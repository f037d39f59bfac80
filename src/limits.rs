//! How large a build may be: the most of each thing, in one place.
//!
//! Whoever writes a Dockerfile, an ignore file or the config of a base image decides how much there is to do, and may mean
//! harm. Each limit lies far above what an engine could build, and what lies above it ends in an error that says so.
//! `docs/limits.md` lists them for people.

use std::fmt;

const MIB: usize = 1 << 20;

/// Bytes of a Dockerfile. A message of the engine holds no more.
pub const FILE_BYTES: usize = MESSAGE_BYTES;

/// Bytes of a line of a Dockerfile, its newline left out. The reference has the same.
pub const LINE_BYTES: usize = 65_535;

/// Instructions of a Dockerfile, and again as many that base images and stages held back. An op takes some hundred bytes,
/// so those of half as many fill a message.
pub const INSTRUCTIONS: usize = 250_000;

/// Stages of a Dockerfile.
pub const STAGES: usize = 150_000;

/// How deep `${a:-${b:-…}}` may nest.
pub const EXPANSION_DEPTH: usize = 400;

/// Bytes that variables may add to one word.
pub const EXPANSION_BYTES: usize = MIB;

/// Bytes that a build may make: what variables add to words, what each step keeps of the environment, and what each
/// stage keeps of the config that it starts from. Of the last two, and of what is made of the first, a message of the
/// engine holds 16 MiB.
pub const MADE_BYTES: usize = 256 * MIB;

/// Steps that a build may take to read variables, one for each byte of a value, and to match patterns in them.
pub const READ_STEPS: usize = 1 << 28;

/// Steps that a build may take to see whether the ignore file keeps out what it copies. Nothing depends on that but a
/// warning, so beyond it there is none.
pub const MATCH_STEPS: usize = 1 << 27;

/// Steps that a build may take to find out which name was meant by one that is not there: the product of the lengths of
/// two names that may be near. Nothing depends on that but a suggestion.
pub const COMPARE_STEPS: usize = 1 << 26;

/// How often triggers may bring in images whose triggers bring in more. An image whose trigger copies from that very
/// image would do so without end.
pub const TRIGGER_ROUNDS: usize = 100;

/// Triggers of a build that goes on for more than one round.
pub const ROUND_TRIGGERS: usize = 5_000;

/// Bytes of an ignore file.
pub const IGNORE_BYTES: usize = MIB;

/// Bytes of a line of an ignore file, its newline counted. The reference has the same.
pub const IGNORE_LINE_BYTES: usize = 64 << 10;

/// Patterns of an ignore file.
pub const IGNORE_PATTERNS: usize = 50_000;

/// Bytes of the name of an image, which is not looked at beyond them. A path may have 255 characters in any case.
pub const NAME_BYTES: usize = 4 << 10;

/// Bytes of the config of an image.
pub const CONFIG_BYTES: usize = 8 * MIB;

/// Bytes of a message to the engine or from it. Engines have the same.
pub const MESSAGE_BYTES: usize = 16 * MIB;

/// Bytes of all answers of the engine that are kept for a build.
pub const ANSWERS_BYTES: usize = 256 * MIB;

/// How often source policies may send a context on to another source.
pub const REDIRECTS: usize = 10;

/// How deep JSON in a Dockerfile may nest. The reference has the same.
pub const JSON_DEPTH: usize = 10_000;

/// What each piece of text takes beside its bytes.
const PIECE_BYTES: usize = 32;

/// Counts what a build makes.
#[derive(Clone, Debug, Default)]
pub struct Made {
    bytes: usize,
    steps: usize,
}

/// A build makes too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// More than [`MADE_BYTES`].
    Bytes,
    /// With more than [`READ_STEPS`].
    Steps,
}

impl Made {
    /// Counts some pieces of text and the bytes of all of them.
    ///
    /// # Errors
    /// If that is too much.
    pub fn add(&mut self, pieces: usize, bytes: usize) -> Result<(), TooMuch> {
        self.bytes = self.bytes.saturating_add(bytes).saturating_add(pieces.saturating_mul(PIECE_BYTES));
        self.check()
    }

    /// Counts steps.
    ///
    /// # Errors
    /// If that is too much.
    pub fn take(&mut self, steps: usize) -> Result<(), TooMuch> {
        self.steps = self.steps.saturating_add(steps);
        self.check()
    }

    /// Checks what was counted so far.
    ///
    /// # Errors
    /// If that is too much.
    pub fn check(&self) -> Result<(), TooMuch> {
        match self {
            Made { bytes, .. } if *bytes > MADE_BYTES => Err(TooMuch::Bytes),
            Made { steps, .. } if *steps > READ_STEPS => Err(TooMuch::Steps),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the build is too large: ")?;
        let limit = MADE_BYTES / MIB;
        match self {
            TooMuch::Bytes => {
                write!(f, "variables, and what steps and stages keep of them, take more than {limit} MiB")
            }
            TooMuch::Steps => write!(f, "variables take more than {READ_STEPS} steps to expand"),
        }
    }
}

//! ENTRYPOINT.

use super::CommandLine;

/// `ENTRYPOINT …`
#[derive(Clone, Debug)]
pub struct Entrypoint {
    /// The command.
    pub command: CommandLine,
}

//! ENTRYPOINT.

use super::CommandLine;
use super::parse::Reader;

/// `ENTRYPOINT …`
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entrypoint {
    /// The command.
    pub command: CommandLine,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Entrypoint> {
    reader.flags(&[]);
    Some(Entrypoint { command: reader.command() })
}

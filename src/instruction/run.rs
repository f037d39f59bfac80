//! RUN: a command of the build.

use super::{CommandLine, Device, MountFlag};
use crate::syntax::Heredoc;

/// `RUN [flags] command`
#[derive(Clone, Debug)]
pub struct Run {
    /// The command. Takes no variables: the shell sees them.
    pub command: CommandLine,
    /// The heredocs, in order. With them the command is one text for the shell.
    pub heredocs: Vec<Heredoc>,
    /// Whether the command is nothing but one heredoc, so that its content is the script.
    pub is_script: bool,
    /// `--mount`, in order.
    pub mounts: Vec<MountFlag>,
    /// `--device`, in order.
    pub devices: Vec<Device>,
    /// `--network`, if given
    pub network: Option<Network>,
    /// `--security`, if given
    pub security: Option<Security>,
}

/// The value of `--network`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// `default`: what the build says.
    Default,
    /// `none`
    None,
    /// `host`
    Host,
}

/// The value of `--security`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// `sandbox`
    Sandbox,
    /// `insecure`
    Insecure,
}

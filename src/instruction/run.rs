//! RUN: a command of the build.

use super::flag::{Given, Takes};
use super::parse::Reader;
use super::{CommandLine, Device, MountFlag, device};
use crate::syntax::{Heredoc, heredoc_word};
use crate::text::quote;

/// `RUN [flags] command`
#[derive(Clone, Debug)]
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
pub enum Security {
    /// `sandbox`
    Sandbox,
    /// `insecure`
    Insecure,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Run> {
    let mut flags = reader.flags(&[
        ("device", Takes::Values),
        ("mount", Takes::Values),
        ("network", Takes::Value),
        ("security", Takes::Value),
    ]);
    let command = reader.command();
    let heredocs = std::mem::take(&mut reader.statement.heredocs);
    let is_script = match &command.words[..] {
        [only] => !heredocs.is_empty() && heredoc_word(&only.value).is_some(),
        _ => false,
    };
    let devices = devices(reader, &mut flags);
    let mounts = mounts(reader, &mut flags);
    let network = network(reader, &mut flags);
    let security = security(reader, &mut flags);
    Some(Run { command, heredocs, is_script, mounts, devices, network, security })
}

fn devices(reader: &mut Reader<'_>, flags: &mut Given) -> Vec<Device> {
    let mut devices = Vec::new();
    for flag in flags.values("device") {
        match device::parse(&flag) {
            Ok(device) => devices.push(device),
            Err(message) => reader.error("invalid-device", message, flag.span),
        }
    }
    devices
}

fn mounts(reader: &mut Reader<'_>, flags: &mut Given) -> Vec<MountFlag> {
    let mut mounts = Vec::new();
    for flag in flags.values("mount") {
        match MountFlag::parse(&flag, reader.is_whole(&flag)) {
            Ok(mount) => mounts.push(mount),
            Err(error) => reader.error("invalid-mount", error.value, error.span),
        }
    }
    mounts
}

fn network(reader: &mut Reader<'_>, flags: &mut Given) -> Option<Network> {
    let value = flags.value("network")?;
    match value.value.as_str() {
        "default" => return Some(Network::Default),
        "none" => return Some(Network::None),
        "host" => return Some(Network::Host),
        other => {
            reader.error("invalid-network", format!("invalid network mode {}", quote(other)), value.span)
        }
    }
    reader.hint("a step's network is `default`, `none` or `host`");
    None
}

fn security(reader: &mut Reader<'_>, flags: &mut Given) -> Option<Security> {
    let value = flags.value("security")?;
    match value.value.as_str() {
        "sandbox" => return Some(Security::Sandbox),
        "insecure" => return Some(Security::Insecure),
        other => {
            reader.error("invalid-security", format!("security {} is not valid", quote(other)), value.span)
        }
    }
    reader.hint("a step's security is `sandbox` or `insecure`");
    None
}

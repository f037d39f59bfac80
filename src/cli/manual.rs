//! Completions for shells, and man pages.

use super::Status;
use super::args::Args;
use super::output::{Failure, Output};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Prints completions for a shell.
pub(super) fn completions(shell: Shell, output: &mut Output) -> Result<Status, Failure> {
    // The generator panics if it cannot write, so it writes to memory.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "multistage", &mut text);
    output.write_all(&text)?;
    Ok(Status::Clean)
}

/// Prints the main man page, or writes one for each command.
pub(super) fn pages(folder: Option<&Path>, output: &mut Output) -> Result<Status, Failure> {
    let command = Args::command();
    let Some(folder) = folder else {
        Man::new(command).render(output)?;
        return Ok(Status::Clean);
    };
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .map_err(|error| Failure::new(format!("{}: cannot write: {error}", folder.display())))?;
    Ok(Status::Clean)
}

//! The command line: checks, draws and explains Dockerfiles without an engine and without a network.
//!
//! In: arguments, files, standard input. Out: text for people or for tools, and an exit code. The terminal lives here
//! and nowhere else. What there is to say comes from the pure rooms; here it is only asked for and shown.

mod answer;
mod args;
mod build;
mod check;
mod diff;
mod explain;
mod graph;
mod images;
mod llb;
mod manual;
mod output;
mod render;

use args::{Args, Command};
use clap::Parser;
use output::{Failure, Output};
use std::process::ExitCode;

/// How a command ended, as the exit code of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// There was nothing to complain about.
    Clean = 0,
    /// There were findings.
    Findings = 1,
    /// A file is broken, or the command could not be carried out. Clap ends with the same code on a wrong usage.
    Broken = 2,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status as u8)
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let mut output = Output::new(args.color);
    let outcome = match &args.command {
        Command::Check(args) => check::run(args, &mut output),
        Command::Llb(args) => llb::run(args, &mut output),
        Command::Graph(args) => graph::run(args, &mut output),
        Command::Explain(args) => explain::run(args, &mut output),
        Command::Diff(args) => diff::run(args, &mut output),
        Command::Completions { shell } => manual::completions(*shell, &mut output),
        Command::Man { folder } => manual::pages(folder.as_deref(), &mut output),
    };
    match outcome.and_then(|status| output.flush().map(|()| status)) {
        Ok(status) => status.into(),
        // Whoever read our output has seen enough.
        Err(Failure::Closed) => Status::Clean.into(),
        Err(Failure::Drawn(text)) => {
            output.draw_error(&text);
            Status::Broken.into()
        }
        Err(Failure::Message { text, hints }) => {
            output.error(&text, &hints);
            Status::Broken.into()
        }
    }
}

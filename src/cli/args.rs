//! The arguments of the program. Each text below is what `--help` says.

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Checks, draws and explains Dockerfiles, without an engine and without a network.
#[derive(Debug, Parser)]
#[command(name = "multistage", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  multistage check                     every Dockerfile below this folder
  multistage check --fix Dockerfile    and mend what can be mended safely

`multistage COMMAND --help` tells more about a command.")]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours. `auto`: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Tells whether to use colours for output that is a terminal, or is not.
    pub(super) fn is_on(self, is_terminal: bool) -> bool {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && !is_set("NO_COLOR") && !is_dumb(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Check(CheckArgs),
    /// Prints completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the man page, or writes one for each command into a folder
    Man {
        /// Where to write the pages
        folder: Option<PathBuf>,
    },
}

/// Finds mistakes in Dockerfiles
///
/// Shows every error and every finding of `docker build --check`, all at once, each with its place, the reason and
/// what to do. Nothing is built or fetched; a rule that depends on an image nobody has described says nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 0 clean, 1 findings, 2 a file is broken or the command is wrong.

A file can set rules aside by itself: `# check=skip=RuleName` at its top, or above an instruction.

Examples:
  multistage check services/ Dockerfile.dev
  multistage check --format sarif > check.sarif
  multistage check --diff | patch -p1
  multistage check --explain StageNameCasing
  generate-dockerfile | multistage check -")]
pub(super) struct CheckArgs {
    /// Files, folders to search for Dockerfiles, or `-` for standard input. Nothing: this folder
    #[arg(value_name = "FILE|FOLDER")]
    pub paths: Vec<PathBuf>,
    /// How to show what was found
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Mend what can be mended without a change to what is built
    #[arg(long)]
    pub fix: bool,
    /// Show all fixes as a diff and write nothing; with --fix, those that are not safe
    #[arg(long)]
    pub diff: bool,
    /// Rules to leave out, or `all`
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Rules whose findings are errors, or `all`
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub error: Vec<String>,
    /// Experimental rules to take in, or `all`
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub experimental: Vec<String>,
    /// Take in every experimental rule
    #[arg(long)]
    pub all: bool,
    /// A build argument, where the findings depend on it
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub build_arg: Vec<String>,
    /// The build context, whose .dockerignore counts. Default: the folder of each file
    #[arg(long, value_name = "FOLDER")]
    pub context: Option<PathBuf>,
    /// Print the page of a rule, or a list of all rules
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = "")]
    pub explain: Option<String>,
}

/// How to show what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Frames with the source, for people
    Human,
    /// The lint result of BuildKit
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

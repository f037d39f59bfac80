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
  multistage llb --text                the steps an engine would get

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
    Llb(LlbArgs),
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

/// What a build would be asked for.
#[derive(Debug, clap::Args)]
pub(super) struct BuildArgs {
    /// The build context
    #[arg(value_name = "CONTEXT", default_value = ".")]
    pub context: PathBuf,
    /// The Dockerfile, or `-` for standard input. Default: the one in the build context
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The stage to build. Default: the last
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// The platform to build for. Default: that of this machine
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// A build argument; without a value, that of the environment
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub build_arg: Vec<String>,
    /// A named context: a folder, `docker-image://…` or an address
    #[arg(long, value_name = "NAME=VALUE")]
    pub build_context: Vec<String>,
    /// Any other option of a frontend, such as `no-cache=`
    #[arg(long, value_name = "NAME=VALUE")]
    pub opt: Vec<String>,
    /// What an image is: a config, an OCI layout or an archive of `docker save`
    #[arg(long, value_name = "NAME=PATH")]
    pub image: Vec<String>,
    /// What many images are: an images.json, an OCI layout or an archive of `docker save`
    #[arg(long, value_name = "PATH")]
    pub images: Vec<PathBuf>,
    /// The session that local folders are read from
    #[arg(long, value_name = "ID", hide_short_help = true)]
    pub session: Option<String>,
}

/// Prints the LLB definition of a build, as `buildctl build` reads it
///
/// The bytes are those that the frontend gives to an engine. Offline there is no registry: describe images with --image
/// or --images, so that their variables, working directories and digests are known. An image that is not described is
/// taken for a plain one, and a note says so.
#[derive(Debug, clap::Args)]
pub(super) struct LlbArgs {
    #[command(flatten)]
    pub build: BuildArgs,
    /// Print the steps as text
    #[arg(long, conflicts_with = "json")]
    pub text: bool,
    /// Print the steps as JSON
    #[arg(long)]
    pub json: bool,
}

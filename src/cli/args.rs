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
  multistage explain --target app      what is built, what is not, and why
  multistage explain --changed go.mod  what runs again if this file changes
  multistage graph --format html       the stages as a page
  multistage diff Dockerfile.old Dockerfile
                                       why the cache was not used
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
    Graph(GraphArgs),
    Explain(ExplainArgs),
    Diff(DiffArgs),
    /// Prints completions for a shell
    #[command(after_help = "\
Examples:
  multistage completions bash > ~/.local/share/bash-completion/completions/multistage
  multistage completions zsh > \"${fpath[1]}/_multistage\"
  multistage completions fish > ~/.config/fish/completions/multistage.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the man page, or writes one for each command into a folder
    #[command(after_help = "\
Examples:
  multistage man | man -l -
  multistage man ~/.local/share/man/man1")]
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
    /// Take in every experimental rule, and the checks that `docker build --check` does not have
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
#[derive(Clone, Debug, Default, clap::Args)]
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
#[command(after_long_help = "\
Exit codes: 0 done, 2 the build cannot be made or the command is wrong.

Examples:
  multistage llb --text                         the steps, to read
  multistage llb --image alpine:3.20=config.json > build.llb
  multistage llb | buildctl build --local context=. --local dockerfile=.")]
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

/// Draws the stages of a build, or its ops
///
/// Shows stages with their steps, what they start from, what they copy from each other, and which of them the target
/// does not need. SVG and HTML follow the reader's choice of light or dark, and need no network.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 0 done, 2 the build cannot be made or the command is wrong.

Examples:
  multistage graph                              a tree for the terminal
  multistage graph --format html > build.html   a page to click through
  multistage graph --format svg --ops > ops.svg
  multistage graph --format dot | dot -Tpng > build.png")]
pub(super) struct GraphArgs {
    #[command(flatten)]
    pub build: BuildArgs,
    /// How to draw
    #[arg(long, value_enum, default_value_t = Drawing::Text)]
    pub format: Drawing,
    /// Draw the ops of LLB rather than the stages
    #[arg(long)]
    pub ops: bool,
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Drawing {
    /// A tree for the terminal
    Text,
    /// A picture
    Svg,
    /// A page in one file: pan, zoom, search, and a look into each step
    Html,
    /// For Graphviz
    Dot,
    /// For GitHub and others that render Mermaid
    Mermaid,
    /// For tools
    Json,
}

/// Tells what a build does: what is built, what is not and why, what runs side by side
///
/// Also tells which files of the context go to the engine, and what a changed file or build argument makes run again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 0 done, 2 the build cannot be made or the command is wrong.

Examples:
  multistage explain --target app
  multistage explain --changed go.mod --changed src/main.go
  multistage explain --arg VERSION          where it ends up
  multistage explain --arg VERSION=2.0      what runs again with that value")]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    pub build: BuildArgs,
    /// A file of the context that changes: which steps run again?
    #[arg(long, value_name = "PATH")]
    pub changed: Vec<String>,
    /// A build argument: where does it end up, and which steps run again if it changes?
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub arg: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// Tells which steps differ between two builds, and where each difference begins
///
/// Compares two Dockerfiles, or one Dockerfile with two sets of options: those that begin with --then- are for the second
/// build, which otherwise takes those of the first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 0 the builds are the same, 1 they differ, 2 one cannot be made.

Examples:
  multistage diff Dockerfile.old Dockerfile
  multistage diff Dockerfile --then-build-arg VERSION=2.0
  multistage diff Dockerfile --then-target debug")]
pub(super) struct DiffArgs {
    /// The Dockerfile
    #[arg(value_name = "A")]
    pub first: PathBuf,
    /// The Dockerfile of the second build. Default: the same
    #[arg(value_name = "B")]
    pub second: Option<PathBuf>,
    /// The build context. Default: the folder of each Dockerfile
    #[arg(long, value_name = "FOLDER")]
    pub context: Option<PathBuf>,
    /// The stage to build. Default: the last
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// The platform to build for. Default: that of this machine
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// A build argument
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub build_arg: Vec<String>,
    /// The stage of the second build
    #[arg(long, value_name = "STAGE")]
    pub then_target: Option<String>,
    /// The platform of the second build
    #[arg(long, value_name = "OS/ARCH")]
    pub then_platform: Option<String>,
    /// A build argument of the second build
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub then_build_arg: Vec<String>,
    /// What an image is: a config, an OCI layout or an archive of `docker save`
    #[arg(long, value_name = "NAME=PATH")]
    pub image: Vec<String>,
    /// What many images are: an images.json, an OCI layout or an archive of `docker save`
    #[arg(long, value_name = "PATH")]
    pub images: Vec<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

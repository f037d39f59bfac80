//! Conversion: a resolved plan becomes a graph, an image config and a history.
//!
//! In: a [`Plan`], in which every name has a meaning and every image a digest, and options. Out: a [`Converted`] graph,
//! written for the newest engine; or the first error, as a build stops there. What passes by on the way, such as a
//! variable that is not set, is noted as a fact for the room `lint`.
//! Nothing is asked here, no capability is checked (`llb::legalize` steps down), and nothing has a digest yet.
//!
//! Stages are converted one after the other in the order of the plan. A `State` is what a stage carries
//! from instruction to instruction. One file for each instruction says what it becomes.

mod add;
mod chmod;
mod cmd;
mod config;
mod copy;
mod env;
mod expose;
mod finish;
mod from;
mod history;
mod mount;
mod name;
mod note;
mod remote;
mod run;
mod sbom;
mod source;
mod state;
#[cfg(test)]
mod testing;
mod workdir;

use crate::expand::{Env, EnvList, Lexer};
use crate::facts::Facts;
use crate::ignore::Matcher;
use crate::image::{Config, Platform, Timestamp};
use crate::instruction::{Head, Instruction, Kind, Pair, Word};
use crate::limits::Made;
use crate::llb::{Digest, Edge, Graph, Meta, VertexId};
use crate::options::Options;
use crate::plan::Plan;
use crate::stage::StageId;
use crate::suggest::Patience;
use crate::text::{Diagnostic, SourceMap, Span};
use history::{Arena, BuildArg, Entry};
use name::Prefix;
pub use sbom::{CORE, Scanner};
use source::{SourceId, Sources};
use state::Stage;

/// The build argument that says whether the build context is scanned for an SBOM.
const SCAN_CONTEXT: &str = "BUILDKIT_SBOM_SCAN_CONTEXT";
/// The build argument that says whether a stage is scanned for an SBOM.
const SCAN_STAGE: &str = "BUILDKIT_SBOM_SCAN_STAGE";

/// The key of a step's description that holds its instruction as written.
const COMMAND: &str = "com.docker.dockerfile.v1.command";

/// What a plan became.
#[derive(Clone, Debug)]
pub struct Converted {
    /// All steps.
    pub graph: Graph,
    /// The files of the result; `None` if there are none.
    pub root: Option<Edge>,
    /// The image config of the result.
    pub image: Config,
    /// The config of the image at the bottom of the result, as it was found.
    pub base_image: Option<Config>,
    /// What is to be scanned besides the result, by name.
    pub scans: Vec<(String, Option<Edge>)>,
    /// Whether the steps of the result, or of a stage that is scanned, run even if the cache knows them.
    pub ignores_cache: bool,
    /// The first text of a step that was no UTF-8. Such a step cannot be put on the wire.
    pub invalid_text: Option<Span>,
}

/// Converts all stages of a plan, in order. `text` is what the plan was read from.
///
/// # Errors
/// The first thing that is wrong in an instruction.
pub fn convert(
    plan: &Plan,
    options: &Options,
    text: &SourceMap,
    facts: &mut Facts,
) -> Result<Converted, Diagnostic> {
    let mut attempt = || {
        let mut cx = Cx::new(plan, options, text, facts)?;
        for &id in &plan.order {
            cx.stage(id)?;
        }
        finish::finish(cx)
    };
    let converted = attempt();
    if converted.is_err() {
        facts.fail();
    }
    converted
}

/// Returns what is said about a file of the Dockerfile being written.
fn inline_document() -> Meta {
    Meta::named("[internal] preparing inline document")
}

fn without_tabs(line: &[u8]) -> &[u8] {
    &line[line.iter().take_while(|byte| **byte == b'\t').count()..]
}

/// What all instructions share.
struct Cx<'a> {
    plan: &'a Plan,
    options: &'a Options,
    text: &'a SourceMap,
    facts: &'a mut Facts,
    graph: Graph,
    lexer: Lexer,
    epoch: Option<Timestamp>,
    history: Arena<Entry>,
    args: Arena<BuildArg>,
    sources: Sources,
    /// The build context: an empty place until all paths in use are known.
    context: VertexId,
    context_source: SourceId,
    /// Named contexts, likewise.
    contexts: Vec<(VertexId, StageId, SourceId)>,
    /// By stage: what became of it; `None` if it has not been converted.
    stages: Vec<Option<Stage>>,
    /// The ignore file, as far as it can be told from it what stays out of the context.
    ignored: Matcher,
    invalid_text: Option<Span>,
    /// How many steps so far are shown as a group.
    groups: usize,
    /// Tells this build from others, if that was needed yet.
    build_id: Option<String>,
    /// For the search for names that may have been meant.
    patience: Patience,
    /// What was made so far.
    made: Made,
}

/// An instruction on its way.
struct Step<'a> {
    head: &'a Head,
    /// The stages behind `--from` and mounts.
    sources: &'a [StageId],
    is_trigger: bool,
}

impl Step<'_> {
    /// Returns an error at a place in this instruction.
    fn error(&self, code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::error(code, message, span).within(self.head.span)
    }
}

impl<'a> Cx<'a> {
    fn new(
        plan: &'a Plan,
        options: &'a Options,
        text: &'a SourceMap,
        facts: &'a mut Facts,
    ) -> Result<Cx<'a>, Diagnostic> {
        let mut graph = Graph::new();
        let mut sources = Sources::default();
        let ignored = Matcher::new(plan.ignore_patterns()).map_err(|error| {
            let mut diagnostic = Diagnostic::error("invalid-pattern", error.to_string(), Span::default());
            diagnostic.ranges.clear();
            diagnostic
        })?;
        Ok(Cx {
            plan,
            options,
            text,
            facts,
            lexer: Lexer::new(plan.stages.file().escape),
            epoch: plan.epoch.map(Timestamp::from_unix),
            history: Arena::default(),
            args: Arena::default(),
            context: graph.placeholder(),
            context_source: sources.add(),
            contexts: Vec::new(),
            stages: plan.stages.ids().map(|_| None).collect(),
            ignored,
            invalid_text: None,
            groups: 0,
            build_id: None,
            patience: Patience::default(),
            made: plan.args.made.clone(),
            graph,
            sources,
        })
    }

    /// Converts one stage.
    fn stage(&mut self, id: StageId) -> Result<(), Diagnostic> {
        let plan = self.plan;
        let mut stage = from::start(self, id)?;
        for (command, instruction) in plan.stages.commands(id) {
            let step =
                Step { head: &instruction.head, sources: &command.sources, is_trigger: command.is_onbuild };
            self.instruction(&mut stage, &step, instruction)?;
            self.make(&step, 0, 0, step.head.keyword.span)?;
        }
        finish::note_scans(self, &mut stage);
        self.stages[id.index()] = Some(stage);
        Ok(())
    }

    fn instruction(
        &mut self,
        stage: &mut Stage,
        step: &Step<'_>,
        instruction: &Instruction,
    ) -> Result<(), Diagnostic> {
        match &instruction.kind {
            Kind::Add(add) => add::add(self, stage, step, add)?,
            Kind::Arg(arg) => env::arg(self, stage, step, arg)?,
            Kind::Cmd(cmd) => cmd::cmd(self, stage, step, cmd),
            Kind::Copy(copy) => copy::copy(self, stage, step, copy)?,
            Kind::Entrypoint(entrypoint) => cmd::entrypoint(self, stage, step, entrypoint),
            Kind::Env(env) => env::env(self, stage, step, env)?,
            Kind::Expose(expose) => expose::expose(self, stage, step, expose)?,
            Kind::Healthcheck(check) => config::healthcheck(self, stage, step, check),
            Kind::Label(label) => config::label(self, stage, step, label)?,
            Kind::Maintainer(maintainer) => config::maintainer(self, stage, maintainer),
            Kind::Onbuild(onbuild) => config::onbuild(stage, onbuild),
            Kind::Run(run) => run::run(self, stage, step, run)?,
            Kind::Shell(shell) => config::shell(self, stage, shell),
            Kind::Stopsignal(signal) => config::stopsignal(self, stage, step, signal)?,
            Kind::User(user) => config::user(self, stage, step, user)?,
            Kind::Volume(volume) => config::volume(self, stage, step, volume)?,
            Kind::Workdir(workdir) => workdir::workdir(self, stage, step, workdir)?,
        }
        Ok(())
    }

    /// Adds a line to the history of the image.
    fn commit(&mut self, stage: &mut Stage, line: String, adds_layer: bool) {
        // The line was put together bit by bit, and stays as long as the build.
        let mut created_by = line;
        created_by.shrink_to_fit();
        self.history.push(&mut stage.state.history, Entry::Made { created_by, adds_layer });
    }

    /// Expands a word with the variables of a stage.
    fn expand(&mut self, stage: &Stage, step: &Step<'_>, word: &Word) -> Result<String, Diagnostic> {
        let lexer = self.lexer.clone();
        self.expand_text(&lexer, stage, step, &word.text, word.span)
    }

    /// Expands a word if there is one; a flag that is not given is empty.
    fn expand_flag(
        &mut self,
        stage: &Stage,
        step: &Step<'_>,
        word: Option<&Word>,
    ) -> Result<String, Diagnostic> {
        word.map_or(Ok(String::new()), |word| self.expand(stage, step, word))
    }

    /// Expands keys and values; none of them sees another.
    fn expand_pairs(
        &mut self,
        stage: &Stage,
        step: &Step<'_>,
        pairs: &[Pair],
    ) -> Result<Vec<(String, String)>, Diagnostic> {
        let pairs = pairs.iter();
        pairs
            .map(|pair| Ok((self.expand(stage, step, &pair.key)?, self.expand(stage, step, &pair.value)?)))
            .collect()
    }

    /// Counts what an instruction makes: so many pieces of text, and their bytes.
    fn make(&mut self, step: &Step<'_>, pieces: usize, bytes: usize, span: Span) -> Result<(), Diagnostic> {
        self.made.add(pieces, bytes).map_err(|error| step.error("too-large", error.to_string(), span))
    }

    fn expand_text(
        &mut self,
        lexer: &Lexer,
        stage: &Stage,
        step: &Step<'_>,
        text: &str,
        span: Span,
    ) -> Result<String, Diagnostic> {
        let expanded = lexer.word(text, &stage.state.env);
        let unset = match &expanded {
            Ok(expanded) => &expanded.unset,
            Err(error) => &error.unset,
        };
        for name in unset {
            self.note_unset(stage, step, span, name);
        }
        match expanded {
            Ok(expanded) => {
                let _ = self.made.take(expanded.steps);
                self.make(step, 0, expanded.text.len().saturating_sub(text.len()), span)?;
                Ok(expanded.text)
            }
            Err(error) => Err(step.error("expansion", error.to_string(), span)),
        }
    }

    /// Returns the bytes of a heredoc, whose text may have lost some that are no UTF-8.
    fn bytes(&self, step: &Step<'_>, text: &str, span: Span) -> Vec<u8> {
        // A trigger of a base image is JSON and so has lost them already; it has no place of its own.
        if step.head.invalid.is_none() || span.is_empty() || step.is_trigger {
            return text.as_bytes().to_vec();
        }
        let bytes = self.text.file_of(span).bytes(span);
        // Leading tabs that are gone from the text go from the bytes.
        match text.len() == span.len() as usize {
            true => bytes.to_vec(),
            false => bytes.split_inclusive(|byte| *byte == b'\n').flat_map(without_tabs).copied().collect(),
        }
    }

    /// Expands the variables in an instruction as it is shown; with an error in it, it is shown as written.
    fn shown(&mut self, lexer: &Lexer, text: &str, env: &dyn Env) -> String {
        match lexer.word(text, env) {
            Ok(expanded) => {
                let _ = self.made.take(expanded.steps);
                expanded.text
            }
            Err(_) => text.to_owned(),
        }
    }

    /// Counts a step and returns its name; variables in `command` are expanded already.
    fn step_name(
        &mut self,
        stage: &mut Stage,
        step: &Step<'_>,
        platform: Option<&Platform>,
        command: &str,
    ) -> String {
        let platform = platform.and_then(|platform| self.shown_platform(platform, &stage.state.env));
        let prefix = Prefix { platform: platform.as_deref(), is_trigger: step.is_trigger };
        let name = stage.steps.next(prefix, command);
        // Whether it was too much is seen at the end of the instruction.
        let _ = self.made.add(2, name.len());
        name
    }

    /// Returns an id for a group of steps that are shown as one. No other group has it, in this build or in one that a
    /// client shows beside it; the same build has the same ids again.
    fn group_id(&mut self) -> String {
        self.groups += 1;
        let build = self.build_id.get_or_insert_with(|| {
            let what =
                format!("{:?} {} {:?}", self.options.all, self.plan.platforms.target, self.plan.context);
            Digest::of(what.as_bytes()).to_string()["sha256:".len()..][..24].to_owned()
        });
        format!("{build}-{}", self.groups)
    }

    /// Returns the platform of a step as users see it, if they asked for several.
    fn shown_platform(&self, platform: &Platform, env: &EnvList) -> Option<String> {
        self.options.is_multi_platform.then(|| name::platform(platform, env, &self.plan.platforms.host))
    }
}

//! Small builds for the tests of this room: a Dockerfile becomes a graph, with a made-up image behind every name.

use super::{Converted, convert};
use crate::facts::{Fact, Facts};
use crate::image::{Config, Platform};
use crate::instruction::parse_file;
use crate::llb::op::Local;
use crate::options::Options;
use crate::plan::{Base, BaseFiles, Plan, Recipe};
use crate::stage::{GlobalArgs, Platforms, SCRATCH, Stages};
use crate::syntax;
use crate::text::SourceMap;
use std::sync::Arc;

/// What became of a small build.
#[derive(Debug)]
pub(super) struct Built {
    /// The graph and the image config.
    pub converted: Converted,
    /// What was noted.
    pub facts: Vec<Fact>,
}

impl Built {
    /// Returns the steps as text.
    pub(super) fn dump(&self) -> String {
        self.converted.graph.dump(self.converted.root).expect("the graph has no cycle")
    }

    /// Returns the lines of the history that this build made.
    pub(super) fn history(&self) -> Vec<&str> {
        self.converted.image.history.iter().map(|entry| entry.created_by.as_str()).collect()
    }
}

/// Returns usual options, for a machine of `linux/amd64`.
pub(super) fn options() -> Options {
    let host = Platform::new("linux", "amd64");
    Options { build_platforms: vec![host.clone()], host, ..Options::default() }
}

/// Builds a Dockerfile.
///
/// # Panics
/// If it is wrong.
#[track_caller]
pub(super) fn build(text: &str) -> Built {
    build_with(text, &options()).unwrap_or_else(|message| panic!("{message}\nin {text}"))
}

/// Builds a Dockerfile with options; an error is its message.
pub(super) fn build_with(text: impl Into<Vec<u8>>, options: &Options) -> Result<Built, String> {
    build_triggered(text, options, &[])
}

/// Builds a Dockerfile whose last stage starts from an image with triggers.
pub(super) fn build_triggered(
    text: impl Into<Vec<u8>>,
    options: &Options,
    triggers: &[String],
) -> Result<Built, String> {
    let map = SourceMap::of("Dockerfile", text);
    let file = Arc::new(parse_file(syntax::parse(&map.files()[0])));
    if let Some(error) = file.diagnostics.first() {
        return Err(error.message.clone());
    }
    let mut facts = Facts::new();
    let platforms = Platforms::new(options, options.target_platforms.first());
    let mut args = GlobalArgs::predefined(&platforms, &options.build_args, &options.target);
    args.declare(&file, &options.build_args, &mut facts).map_err(|error| error.message)?;
    let mut stages =
        Stages::declare(&file, options, &platforms, &args, &mut facts).map_err(|error| error.message)?;
    stages.link().map_err(|error| error.message)?;
    let target = stages.target(&options.target).map_err(|error| error.message)?;
    stages.add_triggers(target, triggers).map_err(|error| error.message)?;
    let is_needed = stages.reachable(target);
    let bases =
        stages.iter().map(|(_, stage)| stage.base.is_none().then(|| base(&stage.base_name, &platforms)));
    let local =
        Local { name: "context".to_owned(), exclude_patterns: vec!["*.log".to_owned()], ..Local::default() };
    let mut facts = Facts::new();
    let plan = Plan {
        bases: bases.collect(),
        order: stages.ids().filter(|id| is_needed[id.index()] && !stages[*id].is_implicit()).collect(),
        target,
        is_needed,
        args,
        build_args: options.build_args.clone(),
        platforms,
        epoch: None,
        context: Recipe::local(local, "[internal] load build context"),
        stages,
    };
    let converted = convert(&plan, options, &map, &mut facts).map_err(|error| error.message)?;
    Ok(Built { converted, facts: facts.all().iter().map(|note| note.fact.clone()).collect() })
}

/// Makes up what is behind a name: an image with a PATH, a CMD and, in its name, a system.
fn base(name: &str, platforms: &Platforms) -> Base {
    let mut platform = platforms.target.clone();
    if name == SCRATCH {
        let config = Config::empty(&platform);
        return Base { files: BaseFiles::Empty, platform: None, config: config.into(), image: None };
    }
    if name.starts_with("windows") {
        platform.os = "windows".to_owned();
    }
    let mut config = Config::default();
    config.set_platform(&platform);
    if platform.os != "windows" {
        config.config.env = vec!["PATH=/bin".to_owned()];
    }
    config.config.cmd = vec!["sh".to_owned()];
    let files = BaseFiles::Image { reference: name.to_owned(), name: name.to_owned() };
    Base { files, platform: Some(platform), image: Some(config.clone().into()), config: config.into() }
}

/// Checks that a build of `FROM alpine` and `body` has all these lines, in this order, among its steps.
#[track_caller]
pub(super) fn check_steps(body: &str, lines: &[&str]) {
    check_dump(&build(&format!("FROM alpine\n{body}")).dump(), lines);
}

/// Checks that a dump has all these lines, in this order.
#[track_caller]
pub(super) fn check_dump(dump: &str, lines: &[&str]) {
    let mut rest = dump.lines().map(str::trim);
    for line in lines {
        assert!(rest.any(|found| found == *line), "no line {line:?}, or not in its place, in\n{dump}");
    }
}

/// Checks the history that a build of `FROM alpine` and `body` makes.
#[track_caller]
pub(super) fn check_history(body: &str, lines: &[&str]) {
    assert_eq!(build(&format!("FROM alpine\n{body}")).history(), lines);
}

/// Checks the error of a build of `FROM alpine` and `body`.
#[track_caller]
pub(super) fn check_error(body: &str, message: &str) {
    let error = build_with(format!("FROM alpine\n{body}"), &options()).expect_err("the build is wrong");
    assert_eq!(error, message);
}

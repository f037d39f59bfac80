//! What a stage carries from instruction to instruction, and what a stage that starts from it inherits.

use super::Step;
use super::history::{Arena, ArgLog, BuildArg, HistoryLog};
use super::name::Steps;
use super::source::SourceId;
use crate::expand::EnvList;
use crate::image::{Config, Platform};
use crate::llb::Edge;
use crate::llb::op::Network;
use crate::stage::StageId;
use crate::text::{Span, Text};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What steps work on and with. Cloning is cheap: large parts are shared until one side changes them.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The files; `None` if there are none.
    pub fs: Option<Edge>,
    /// The platform that the files say they are for. `None`, as for `FROM scratch`: that of the result.
    pub fs_platform: Option<Arc<Platform>>,
    /// The platform of the stage.
    pub platform: Arc<Platform>,
    /// What steps see: the environment of the image, and build arguments.
    pub env: EnvList,
    /// Where steps run; with slashes on every system.
    pub dir: String,
    /// Who runs steps; empty is the default user.
    pub user: String,
    /// The host name of steps; empty is the engine's choice.
    pub hostname: String,
    /// The network of steps.
    pub network: Network,
    /// The image so far, without its history.
    pub image: Arc<Image>,
    /// The history of the image.
    pub history: HistoryLog,
    /// The image at the bottom, unchanged.
    pub base_image: Option<Arc<Config>>,
    /// The build arguments declared so far, those of the stage below first.
    pub args: ArgLog,
    /// The names of these.
    pub arg_names: Arc<HashSet<Text>>,
    /// Whose files the files at the bottom are, for the paths that are used of them.
    pub source: SourceId,
    /// Whether a WORKDIR of this file was seen.
    pub has_workdir: bool,
}

impl State {
    /// Returns the image config, to be changed.
    pub(super) fn image_mut(&mut self) -> &mut Image {
        Arc::make_mut(&mut self.image)
    }

    /// Takes down a build argument. One that is known, and whose value is in the environment, is not taken down again:
    /// it keeps its place. A RUN looks at the whole list, so a file that declares the same few arguments again and
    /// again must not make it longer.
    pub(super) fn declare_arg(&mut self, arg: BuildArg, log: &mut Arena<BuildArg>) {
        if self.arg_names.contains(&arg.name) {
            if self.env.get(&arg.name).is_some() {
                return;
            }
        } else {
            Arc::make_mut(&mut self.arg_names).insert(arg.name.clone());
        }
        log.push(&mut self.args, arg);
    }
}

/// An image config under construction.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    /// The config. Its history is kept elsewhere.
    pub config: Config,
    /// The first place of each variable in the environment.
    places: HashMap<String, usize>,
}

impl Image {
    /// Starts from a config.
    pub(super) fn new(config: Config) -> Image {
        let mut places = HashMap::with_capacity(config.config.env.len());
        for (place, pair) in config.config.env.iter().enumerate() {
            places.entry(split_pair(pair).0.to_owned()).or_insert(place);
        }
        Image { config, places }
    }

    /// Tells whether the environment has a variable.
    pub(super) fn has_env(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Sets a variable of the environment. One that was there keeps its place.
    pub(super) fn set_env(&mut self, name: &str, value: &str) {
        let env = &mut self.config.config.env;
        let pair = format!("{name}={value}");
        match self.places.get(name) {
            Some(&place) => env[place] = pair,
            None => {
                self.places.insert(name.to_owned(), env.len());
                env.push(pair);
            }
        }
    }

    /// Returns the words that run a command line: those of SHELL, or the default of the system.
    pub(super) fn shell(&self) -> Vec<String> {
        match self.config.config.shell.as_slice() {
            [] => crate::path::default_shell(&self.config.os).iter().map(|word| word.to_string()).collect(),
            words => words.to_vec(),
        }
    }
}

/// Splits `NAME=value`; a text without `=` is a name.
pub(super) fn split_pair(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

/// Where an instruction was given of which only the last counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given {
    /// Its lines.
    pub lines: Span,
    /// Its keyword.
    pub keyword: Span,
}

impl Given {
    pub(super) fn of(step: &Step<'_>) -> Given {
        Given { lines: step.head.span, keyword: step.head.keyword.span }
    }
}

/// A stage whose instructions are being converted.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    /// What it carries.
    pub state: State,
    /// Which it is.
    pub id: StageId,
    /// Its place among the FROM instructions of the file.
    pub place: Option<usize>,
    /// How it is shown to users; empty for the only stage of a file.
    pub label: String,
    /// Its steps.
    pub steps: Steps,
    /// Whether its steps run even if the cache knows them.
    pub ignore_cache: bool,
    /// Its last CMD of its own; if there is one, ENTRYPOINT leaves CMD alone.
    pub cmd: Option<Given>,
    /// Its last ENTRYPOINT.
    pub entrypoint: Option<Given>,
    /// Its last HEALTHCHECK.
    pub healthcheck: Option<Given>,
    /// Whether its files are scanned for an SBOM.
    pub scans_stage: bool,
    /// Whether the build context is.
    pub scans_context: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_keeps_its_place_in_the_image() {
        let mut config = Config::default();
        config.config.env = ["A=1", "B", "A=2"].map(str::to_owned).to_vec();
        let mut image = Image::new(config);
        image.set_env("C", "3");
        image.set_env("A", "4");
        image.set_env("B", "x=y");
        assert_eq!(image.config.config.env, ["A=4", "B=x=y", "A=2", "C=3"]);
        assert!(image.has_env("C") && !image.has_env("D"));
    }
}

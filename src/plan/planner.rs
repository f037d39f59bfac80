//! From stages to a plan, question by question.
//!
//! One round asks everything that is known to be needed, side by side. Most builds take one round: the configs of all
//! images and the ignore file. Triggers of base images and source policies can make more.

use super::{
    Answer, Base, BaseFiles, Desk, Error, ImageQuestion, Plan, Project, Question, Step, epoch, misfit, named,
};
use crate::facts::{At, Fact, Facts};
use crate::image::{Config, Digest, Platform, Reference};
use crate::instruction::{File, Kind};
use crate::limits::{INSTRUCTIONS, Made, ROUND_TRIGGERS, TRIGGER_ROUNDS, TooMuch};
use crate::options::Options;
use crate::stage::{ContextName, GlobalArgs, Platforms, SCRATCH, Stage, StageId, Stages};
use crate::suggest::{self, Case};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Makes the plan of one build.
#[derive(Clone, Debug)]
pub struct Planner {
    project: Arc<Project>,
    file: Arc<File>,
    options: Arc<Options>,
    platforms: Platforms,
    takes_all_stages: bool,
    desk: Desk,
    phase: Phase,
    /// Configs that were read, as they were found and as stages go on with them: many may start from one image.
    configs: HashMap<Question, (Arc<Config>, Arc<Config>)>,
    /// What was noticed so far, also if planning failed.
    pub facts: Facts,
    build_args: BTreeMap<String, String>,
    args: GlobalArgs,
    epoch: Option<i64>,
}

#[derive(Clone, Debug)]
enum Phase {
    Args,
    Epoch(String),
    Stages,
    Bases(Box<Bases>),
    Done,
}

/// What is known of the stages while their bases are being found.
#[derive(Clone, Debug)]
struct Bases {
    stages: Stages,
    target: StageId,
    bases: Vec<Option<Base>>,
    /// By stage: whether nothing more is to be found out about its base.
    is_settled: Vec<bool>,
    /// By stage: whether the triggers of its base stage are among its instructions.
    has_triggers: Vec<bool>,
    /// How often triggers have brought in more stages.
    rounds: usize,
    /// How many triggers there were.
    triggers: usize,
}

impl Planner {
    /// Starts on the plan of a build for `target`, or for the platform that it runs on.
    ///
    /// With `takes_all_stages` it also finds the bases of stages that the target does not need.
    pub fn new(
        project: Arc<Project>,
        file: Arc<File>,
        options: Arc<Options>,
        target: Option<&Platform>,
        takes_all_stages: bool,
    ) -> Planner {
        Planner {
            platforms: Platforms::new(&options, target),
            desk: project.desk.clone(),
            phase: Phase::Args,
            configs: HashMap::new(),
            facts: Facts::new(),
            build_args: options.build_args.clone(),
            args: GlobalArgs::default(),
            epoch: None,
            project,
            file,
            options,
            takes_all_stages,
        }
    }

    /// Takes in an answer.
    pub fn tell(&mut self, question: Question, answer: Answer) {
        self.desk.tell(question, answer);
    }

    /// Goes on as far as the answers allow.
    ///
    /// # Errors
    /// The first thing that is wrong; of several stages whose base is wrong, the first in the list.
    pub fn step(&mut self) -> Result<Step<Plan>, Error> {
        let step = self.go_on();
        if step.is_err() {
            self.facts.fail();
        }
        step
    }

    fn go_on(&mut self) -> Result<Step<Plan>, Error> {
        loop {
            match std::mem::replace(&mut self.phase, Phase::Done) {
                Phase::Args => self.find_args()?,
                Phase::Epoch(value) => {
                    if !self.find_epoch(&value)? {
                        self.phase = Phase::Epoch(value);
                        return Ok(Step::Ask(self.desk.take_wanted()));
                    }
                }
                Phase::Stages => self.find_stages()?,
                Phase::Bases(bases) => {
                    let plan = self.find_bases(bases)?;
                    return Ok(plan.map_or_else(|| Step::Ask(self.desk.take_wanted()), Step::Done));
                }
                Phase::Done => {
                    return Err(Error::new("internal", "internal error: planning goes on after its end"));
                }
            }
        }
    }

    /// Finds global build arguments.
    fn find_args(&mut self) -> Result<(), Error> {
        let Some(last) = self.file.stages.last() else {
            return Err(Error::new("no-stages", "dockerfile contains no stages to build"));
        };
        let last_name = last.name.as_ref().map_or("", |name| &name.text);
        let target = if self.options.target.is_empty() { last_name } else { &self.options.target };
        self.args = GlobalArgs::predefined(&self.platforms, &self.build_args, target);
        self.args.note_default_bases(&self.file, &mut self.facts);
        self.args.declare(&self.file, &self.build_args, &mut self.facts)?;
        let given = self.build_args.get(epoch::ARG).map(String::as_str);
        let declared = self.args.env.get(epoch::ARG).filter(|value| !value.is_empty());
        self.phase = match given.or(declared) {
            Some(value) => Phase::Epoch(value.to_owned()),
            None => Phase::Stages,
        };
        Ok(())
    }

    /// Finds the time that `SOURCE_DATE_EPOCH` stands for; tells whether it was found.
    fn find_epoch(&mut self, value: &str) -> Result<bool, Error> {
        let sources = epoch::Sources {
            project: &self.project,
            file: &self.file,
            options: &self.options,
            build_args: &self.build_args,
            args: &self.args,
        };
        let Some(epoch) = epoch::find(value, &sources, &mut self.desk)? else { return Ok(false) };
        self.epoch = epoch;
        // From here on it is a number, or as if it had not been given.
        match epoch {
            Some(seconds) => {
                if let Some(given) = self.build_args.get_mut(epoch::ARG) {
                    *given = seconds.to_string();
                }
                if self.args.env.get(epoch::ARG).is_some() {
                    self.args.env.set(epoch::ARG, seconds.to_string());
                }
            }
            None => {
                self.build_args.remove(epoch::ARG);
                self.args.env.remove(epoch::ARG);
            }
        }
        self.phase = Phase::Stages;
        Ok(true)
    }

    /// Finds the stages and what their names mean.
    fn find_stages(&mut self) -> Result<(), Error> {
        let mut stages =
            Stages::declare(&self.file, &self.options, &self.platforms, &self.args, &mut self.facts)?;
        let target = stages.target(&self.options.target)?;
        stages.link()?;
        self.phase = Phase::Bases(Box::new(Bases {
            bases: vec![None; stages.count()],
            is_settled: stages.iter().map(|(_, stage)| stage.base.is_some()).collect(),
            has_triggers: vec![false; stages.count()],
            rounds: 0,
            triggers: 0,
            stages,
            target,
        }));
        Ok(())
    }

    /// Finds what all needed stages start from; nothing if answers are missing.
    fn find_bases(&mut self, mut found: Box<Bases>) -> Result<Option<Plan>, Error> {
        let (is_needed, excludes) = loop {
            let is_needed = found.stages.reachable(found.target);
            self.settle(&mut found, &is_needed)?;
            // Who only looks at a file has no use for its context: it is asked for last, and only if all images are there.
            let waits = self.takes_all_stages && !self.desk.wanted.is_empty();
            let ignore = self.project.ignore.as_ref();
            let excludes = match waits {
                true => Ok(None),
                false => self.project.context.excludes(ignore, &self.options, &mut self.desk),
            };
            if !self.desk.wanted.is_empty() {
                self.phase = Phase::Bases(found);
                return Ok(None);
            }
            match found.add_triggers(&is_needed, &mut self.args.made) {
                Ok(true) => {}
                Ok(false) => break (is_needed, excludes?.unwrap_or_default()),
                Err(error) => {
                    self.note_bases(&found, &is_needed);
                    return Err(error);
                }
            }
            found.rounds += 1;
            if found.rounds > TRIGGER_ROUNDS || found.triggers > ROUND_TRIGGERS {
                let message = "ONBUILD triggers of base images bring in more and more images without end";
                return Err(Error::new("endless-triggers", message).at_stage(&found.stages[found.target]));
            }
        };
        self.note_bases(&found, &is_needed);
        let Bases { stages, target, bases, .. } = *found;
        let mut plan = Plan {
            order: Vec::new(),
            stages,
            target,
            is_needed,
            bases,
            args: std::mem::take(&mut self.args),
            build_args: std::mem::take(&mut self.build_args),
            platforms: self.platforms.clone(),
            epoch: self.epoch,
            context: self.project.context.recipe(excludes, &self.options),
        };
        let is_converted =
            |&id: &StageId| self.takes_all_stages || (plan.is_needed[id.index()] && !plan.is_ready(id));
        plan.order = plan.stages.ids().filter(is_converted).collect();
        Ok(Some(plan))
    }

    /// Notes what the images of all stages turned out to be.
    fn note_bases(&mut self, found: &Bases, is_needed: &[bool]) {
        for (id, stage) in found.stages.iter() {
            let is_looked_at = is_needed[id.index()] || self.takes_all_stages;
            let Some(base) = found.bases[id.index()].as_ref().filter(|_| is_looked_at) else { continue };
            if let (BaseFiles::Image { name, .. }, Some(expected), Some(image)) =
                (&base.files, &base.platform, &base.image)
            {
                let keyword = found.stages.decl(id).map_or("COPY", |decl| &decl.head.keyword.value);
                let at = At::new(stage.decl, keyword, stage.span.unwrap_or_default());
                let at = at.on(stage.named_at.word);
                let (expected, actual) = (Box::new(expected.clone()), Box::new(image.platform()));
                let name = name.clone();
                self.facts.note(at, Fact::BaseImage { name, expected, actual });
            }
        }
    }

    /// Settles the bases that answers are there for, and takes down the questions for the others.
    fn settle(&mut self, found: &mut Bases, is_needed: &[bool]) -> Result<(), Error> {
        // A name that is none is wrong whether the stage is needed or not, and before anything is asked.
        let mut references = vec![None; found.stages.count()];
        for id in found.open() {
            let stage = &found.stages[id];
            if stage.base_name != SCRATCH || stage.context.is_some() {
                references[id.index()] =
                    Some(Reference::parse_normalized(&stage.base_name).map_err(|error| {
                        let name = crate::text::quote(&stage.base_name);
                        Error::new("invalid-base", format!("failed to parse stage name {name}: {error}"))
                            .at_stage(stage)
                    })?);
            }
        }
        for id in found.open().collect::<Vec<_>>() {
            let is_needed = is_needed[id.index()] || self.takes_all_stages;
            let base = match references[id.index()].take() {
                None => Some(self.scratch()),
                Some(reference) if is_needed => self
                    .base(&found.stages, id, reference, found.rounds > 0)
                    .map_err(|error| error.at_stage(&found.stages[id]))?,
                Some(reference) => {
                    let stage = found.stages.get_mut(id);
                    let platform =
                        stage.platform.get_or_insert_with(|| self.platforms.target.clone()).clone();
                    // The reference looks at an implicit stage once. If a trigger makes it needed later, the image
                    // stays without a digest and a config.
                    stage.is_implicit().then(|| Base {
                        files: BaseFiles::Image {
                            reference: reference.tag_name_only().to_string(),
                            name: stage.base_name.clone(),
                        },
                        platform: Some(platform),
                        config: Arc::default(),
                        image: None,
                    })
                }
            };
            found.stages.get_mut(id).missed_rounds = found.rounds;
            // Each context has a config of its own.
            if let Some(Base { files: BaseFiles::Context(_), config, .. }) = &base {
                let (pieces, bytes) = config.weight();
                self.args.made.add(pieces, bytes).map_err(|error| too_large(&error, &found.stages[id]))?;
            }
            found.is_settled[id.index()] = base.is_some();
            found.bases[id.index()] = base;
        }
        Ok(())
    }

    fn scratch(&self) -> Base {
        Base {
            files: BaseFiles::Empty,
            platform: Some(self.platforms.target.clone()),
            config: Arc::new(Config::empty(&self.platforms.target)),
            image: None,
        }
    }

    /// Finds what a stage starts from; nothing if answers are missing. `is_late` says that triggers have brought in stages
    /// before.
    fn base(
        &mut self,
        stages: &Stages,
        id: StageId,
        mut reference: Reference,
        is_late: bool,
    ) -> Result<Option<Base>, Error> {
        let stage = &stages[id];
        let asker = format!("{} {}", self.platforms.target, id.index());
        if let Some(context) = &stage.context {
            let loaded = named::load(context, &asker, &self.options, &mut self.desk)?;
            return Ok(loaded.map(|loaded| Base {
                platform: loaded.platform().or_else(|| stage.platform.clone()),
                config: Arc::new(Config { created: None, ..loaded.config.unwrap_or_default() }),
                image: None,
                files: BaseFiles::Context(loaded.recipe),
            }));
        }
        let platform = stage.platform.as_ref().unwrap_or(&self.platforms.target);
        let full_name = reference.clone().tag_name_only().to_string();
        // The reference has looked at a stage of the file before, and put the full name in place of the one written.
        let name = if is_late && !stage.is_implicit() { full_name.clone() } else { stage.base_name.clone() };
        let context = ContextName::find(&full_name, Some(platform), &self.platforms, &self.options)
            .map_err(|message| Error::new("invalid-context-name", message))?;
        if let Some(context) = context {
            let loaded = named::load(&context, &asker, &self.options, &mut self.desk)?;
            return Ok(loaded.map(|loaded| {
                let config = loaded.config.unwrap_or_else(|| Config::empty(platform));
                Base {
                    files: BaseFiles::Context(loaded.recipe),
                    platform: Some(platform.clone()),
                    image: Some(Arc::new(config.clone())),
                    config: Arc::new(Config { created: None, ..config }),
                }
            }));
        }
        let prefix = match self.options.is_multi_platform {
            true => format!("[{platform} internal]"),
            false => "[internal]".to_owned(),
        };
        let question = Question::ImageConfig(ImageQuestion {
            log_name: format!("{prefix} load metadata for {full_name}"),
            reference: full_name,
            platform: Some(platform.clone()),
            resolve_mode: self.options.image_resolve_mode.as_str().to_owned(),
            oci_store: None,
        });
        let Some(answer) = self.desk.ask(&question) else { return Ok(None) };
        let (settled, digest) = match answer {
            Answer::ImageConfig { reference, digest, config } => {
                if !self.configs.contains_key(&question) {
                    let image = Config::from_json(config).map_err(|error| {
                        Error::new("invalid-config", format!("failed to parse image config: {error}"))
                    })?;
                    let config = Config { created: None, ..image.clone() };
                    self.configs.insert(question.clone(), (Arc::new(image), Arc::new(config)));
                }
                (reference, digest)
            }
            Answer::NotAnImage { identifier } => {
                let asked = reference.tag_name_only();
                let message =
                    format!("ref mutated by policy to non-image: docker-image://{asked} -> {identifier}");
                return Err(image_error(Error::new("not-an-image", message), &name, stages));
            }
            other => return Err(image_error(misfit(other), &name, stages)),
        };
        if reference.to_string() != *settled {
            reference = Reference::parse_normalized(settled).map_err(|error| {
                let settled = crate::text::quote(settled);
                Error::new("invalid-reference", format!("failed to parse ref {settled}: {error}"))
            })?;
        }
        if !digest.is_empty() {
            let digest =
                Digest::parse(digest).map_err(|error| Error::new("invalid-digest", error.to_string()))?;
            reference = reference.with_digest(digest);
        }
        let (image, config) = &self.configs[&question];
        Ok(Some(self.image(stage, name, &reference, image, config)))
    }

    /// Returns what a stage starts from, if that is an image with a config.
    fn image(
        &self,
        stage: &Stage,
        name: String,
        reference: &Reference,
        image: &Arc<Config>,
        config: &Arc<Config>,
    ) -> Base {
        let platform = match &stage.platform {
            Some(platform) => platform.clone(),
            None if self.platforms.is_implicit => self.platforms.nearest(image).clone(),
            None => self.platforms.target.clone(),
        };
        let has_layers = image.rootfs.diff_ids.as_ref().is_some_and(|ids| !ids.is_empty())
            // Images of the oldest kind do not list their layers.
            || image.history.iter().any(|step| !step.empty_layer);
        let files = match has_layers {
            true => BaseFiles::Image { reference: reference.to_string(), name },
            false => BaseFiles::Empty,
        };
        Base { files, platform: Some(platform), config: Arc::clone(config), image: Some(Arc::clone(image)) }
    }
}

impl Bases {
    /// Returns the stages whose base is still to be found.
    fn open(&self) -> impl Iterator<Item = StageId> + use<'_> {
        self.stages.ids().filter(|id| !self.is_settled[id.index()])
    }

    /// Takes in what the bases of needed stages held back. Tells whether more stages may be needed now.
    fn add_triggers(&mut self, is_needed: &[bool], made: &mut Made) -> Result<bool, Error> {
        let mut needs_more = false;
        for id in self.stages.ids() {
            if !is_needed[id.index()] {
                continue;
            }
            let triggers = match self.stages[id].base {
                Some(base) if !std::mem::replace(&mut self.has_triggers[id.index()], true) => self
                    .stages
                    .commands(base)
                    .filter_map(|(_, instruction)| held_back(&instruction.kind))
                    .collect(),
                Some(_) => Vec::new(),
                None => self.bases[id.index()].as_mut().map(take_triggers).unwrap_or_default(),
            };
            if !triggers.is_empty() {
                let stage = &self.stages[id];
                self.triggers += triggers.len();
                if self.triggers > INSTRUCTIONS {
                    let message =
                        format!("base images and stages hold back more than {INSTRUCTIONS} instructions");
                    return Err(Error::new("too-many-instructions", message).at_stage(stage));
                }
                let bytes: usize = triggers.iter().map(String::len).sum();
                let (pieces, config) =
                    self.bases[id.index()].as_ref().map_or((0, 0), |base| base.config.weight());
                made.add(pieces + triggers.len(), bytes + config)
                    .map_err(|error| too_large(&error, stage))?;
                needs_more |= self.stages.add_triggers(id, &triggers)?;
            }
        }
        // Triggers may have named images that no stage had named before.
        let count = self.stages.count();
        self.bases.resize(count, None);
        self.has_triggers.resize(count, false);
        for id in self.stages.ids().skip(self.is_settled.len()) {
            self.is_settled.push(self.stages[id].base.is_some());
        }
        Ok(needs_more)
    }
}

/// Takes the triggers of an image. What is left is a config of this stage alone.
fn take_triggers(base: &mut Base) -> Vec<String> {
    match base.config.config.on_build.is_empty() {
        true => Vec::new(),
        false => std::mem::take(&mut Arc::make_mut(&mut base.config).config.on_build),
    }
}

fn too_large(error: &TooMuch, stage: &Stage) -> Error {
    Error::new("too-large", error.to_string()).at_stage(stage)
}

fn held_back(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Onbuild(onbuild) => Some(onbuild.expression.clone()),
        _ => None,
    }
}

/// Says which image could not be found, and which name may have been meant.
fn image_error(error: Error, name: &str, stages: &Stages) -> Error {
    let mut error = error.context(name);
    let common = common_images();
    let options = stages.labels().chain(common.iter().map(String::as_str));
    error.diagnostic.message = suggest::hint(error.diagnostic.message, name, options, Case::Matters);
    error
}

/// Names that people mistype.
fn common_images() -> Vec<String> {
    let mut names = Vec::new();
    for name in ["alpine", "busybox", "centos", "debian", "golang", "ubuntu", "fedora"] {
        for prefix in ["", "docker.io/library"] {
            // The reference leaves out the slash. Such a name is too far from what anybody writes, so it costs nothing.
            names.push(format!("{prefix}{name}"));
            names.push(format!("{prefix}{name}:latest"));
        }
    }
    names
}

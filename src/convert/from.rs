//! FROM: what a stage starts with.
//!
//! A stage starts from another stage, an image, a named context or nothing. Images and contexts that only `--from`
//! names have no instructions; they are added to the graph when somebody first takes files from them.

use super::history::{ArgLog, Entry};
use super::name::{Prefix, Steps};
use super::source::SourceId;
use super::state::{Image, Stage, State, split_pair};
use super::{COMMAND, Cx, workdir};
use crate::expand::EnvList;
use crate::image::{Config, Platform};
use crate::llb::op::{self, Network, ResolveMode};
use crate::llb::{Edge, Graph, Meta, Op};
use crate::options;
use crate::path;
use crate::plan::{Base, BaseFiles, Recipe};
use crate::stage::{SCRATCH, StageId};
use crate::text::{Diagnostic, Span};
use std::sync::Arc;

/// Starts to convert a stage.
///
/// # Errors
/// If the working directory of its base cannot be one.
pub(super) fn start(cx: &mut Cx<'_>, id: StageId) -> Result<Stage, Diagnostic> {
    let mut stage = match cx.plan.stages[id].base {
        Some(base) => inherit(cx, id, base)?,
        None => load(cx, id)?,
    };
    let state = &mut stage.state;
    let (pieces, bytes) = state.image.config.weight();
    cx.made.add(pieces, bytes).map_err(|error| {
        let stage = &cx.plan.stages[id];
        stage.place(Diagnostic::error("too-large", error.to_string(), stage.named_at.word))
    })?;

    // Steps on Unix always have a PATH, in the image too.
    if !state.image.has_env("PATH") && state.platform.os != "windows" {
        let path = path::default_path_env(&state.platform.os);
        state.image_mut().set_env("PATH", path);
    }
    let image = Arc::clone(&state.image);
    let config = &image.config.config;
    for pair in &config.env {
        let (name, value) = split_pair(pair);
        state.env.set(name, value);
    }
    if !cx.options.hostname.is_empty() {
        state.hostname.clone_from(&cx.options.hostname);
    }
    if !config.working_dir.is_empty() {
        workdir::set(state, &config.working_dir).map_err(|message| {
            let stage = &cx.plan.stages[id];
            stage.place(Diagnostic::error("invalid-path", message, stage.named_at.word))
        })?;
    }
    if !config.user.is_empty() {
        state.user.clone_from(&config.user);
    }
    state.network = network(cx.options.network);
    Ok(stage)
}

/// Returns the files of a stage and whose they are, if others can take them by now.
///
/// # Errors
/// If the stage stands for an input that is malformed.
pub(super) fn files(cx: &mut Cx<'_>, id: StageId) -> Result<Option<(Option<Edge>, SourceId)>, Diagnostic> {
    if cx.stages[id.index()].is_none() && cx.plan.is_ready(id) {
        cx.stages[id.index()] = Some(load(cx, id)?);
    }
    let stage = cx.stages[id.index()].as_ref();
    Ok(stage.map(|stage| (stage.state.fs, stage.state.source)))
}

/// Returns the same for an instruction of a stage. A trigger may name the stage it runs in, as far as that one has come.
pub(super) fn files_for(
    cx: &mut Cx<'_>,
    stage: &Stage,
    id: StageId,
) -> Result<Option<(Option<Edge>, SourceId)>, Diagnostic> {
    if id == stage.id { Ok(Some((stage.state.fs, stage.state.source))) } else { files(cx, id) }
}

/// Goes on from another stage.
fn inherit(cx: &mut Cx<'_>, id: StageId, base: StageId) -> Result<Stage, Diagnostic> {
    files(cx, base)?;
    let below = cx.stages[base.index()].as_ref().expect("the plan puts a stage after its base");
    let mut state = below.state.clone();
    // Triggers are for this stage, and the plan has put them in front of its instructions.
    if !state.image.config.config.on_build.is_empty() {
        state.image_mut().config.config.on_build.clear();
    }
    Ok(new_stage(cx, id, state))
}

/// Goes on from an image, a context or nothing.
fn load(cx: &mut Cx<'_>, id: StageId) -> Result<Stage, Diagnostic> {
    let plan = cx.plan;
    let decl = &plan.stages[id];
    let base = plan.base(id).expect("the plan knows the base of every stage it needs");
    let platform = match (&base.platform, &base.files) {
        (Some(platform), _) => platform.clone(),
        // A context that stands for the whole stage and does not know its platform has none at all.
        (None, BaseFiles::Context(_)) if decl.context.is_some() => Default::default(),
        (None, _) => plan.platforms.target.clone(),
    };
    let mut config = Config::clone(&base.config);
    let mut history = Default::default();
    for entry in std::mem::take(&mut config.history) {
        cx.history.push(&mut history, Entry::Found(Box::new(entry)));
    }
    let state = State {
        fs: None,
        fs_platform: None,
        platform: Arc::new(platform),
        env: EnvList::new(),
        dir: "/".to_owned(),
        user: String::new(),
        hostname: String::new(),
        network: Network::Sandbox,
        image: Arc::new(Image::new(config)),
        history,
        base_image: base.image.clone(),
        args: ArgLog::default(),
        arg_names: Arc::default(),
        source: cx.sources.add(),
        has_workdir: false,
    };
    let mut stage = new_stage(cx, id, state);
    if decl.base_name != SCRATCH {
        stage.steps.skip(decl.missed_rounds);
    }
    add_files(cx, id, &mut stage, base)?;
    Ok(stage)
}

fn new_stage(cx: &Cx<'_>, id: StageId, state: State) -> Stage {
    let decl = &cx.plan.stages[id];
    Stage {
        state,
        id,
        place: decl.decl,
        label: decl.label.clone(),
        steps: Steps::new(decl.label.clone(), decl.step_count),
        ignore_cache: decl.ignore_cache,
        cmd: None,
        entrypoint: None,
        healthcheck: None,
        scans_stage: false,
        scans_context: false,
    }
}

/// Adds the files of a base to the graph.
fn add_files(cx: &mut Cx<'_>, id: StageId, stage: &mut Stage, base: &Base) -> Result<(), Diagnostic> {
    match &base.files {
        BaseFiles::Empty => {}
        BaseFiles::Image { reference, .. } => {
            let state = &mut stage.state;
            let shown = cx.shown_platform(&state.platform, &EnvList::new());
            let prefix = Prefix { platform: shown.as_deref(), is_trigger: false };
            // The reference names this step before it knows of triggers.
            let decl = &cx.plan.stages[id];
            let triggers = decl.commands.iter().filter(|command| command.is_onbuild).count();
            stage.steps.total -= triggers;
            let name = stage.steps.next(prefix, &format!("FROM {reference}"));
            stage.steps.total += triggers;
            let written = cx.plan.stages.decl(id).map_or("", |decl| &decl.head.text);
            let mut meta = Meta::named(name).describe(COMMAND, written).on(Arc::clone(&state.platform));
            // An image that only a mount names has a place without lines.
            meta.spans.push(cx.plan.stages[id].span.unwrap_or(Span::NOWHERE));
            let image = op::Image {
                reference: reference.clone(),
                resolve_mode: resolve_mode(cx.options.image_resolve_mode),
                ..op::Image::default()
            };
            state.fs = Some(cx.graph.add(image, meta).into());
            state.fs_platform = Some(Arc::new(state.platform.normalized()));
        }
        BaseFiles::Context(recipe) => {
            stage.state.fs = match recipe.as_local() {
                // Which paths are wanted is known when all stages are done.
                Some(_) => {
                    let place = cx.graph.placeholder();
                    cx.contexts.push((place, id, stage.state.source));
                    Some(place.into())
                }
                None => recipe.add(&mut cx.graph).map_err(|error| error.diagnostic)?,
            };
            stage.state.fs_platform = match cx.plan.stages[id].context {
                Some(_) => context_platform(&cx.graph, stage, recipe),
                None => Some(stage.state.platform.normalized()),
            }
            .map(Arc::new);
        }
    }
    Ok(())
}

/// Returns what the files of a context that stands for a whole stage say they are for.
fn context_platform(graph: &Graph, stage: &Stage, recipe: &Recipe) -> Option<Platform> {
    let image = stage.state.image.config.platform();
    if !image.os.is_empty() && !image.architecture.is_empty() {
        return Some(image.normalized());
    }
    let known = match &graph.get(stage.state.fs?.vertex).op {
        Op::Raw(raw) => raw.platform.as_ref(),
        _ => recipe.platform.as_ref(),
    };
    known.map(Platform::normalized)
}

fn network(mode: options::NetworkMode) -> Network {
    match mode {
        options::NetworkMode::Sandbox => Network::Sandbox,
        options::NetworkMode::Host => Network::Host,
        options::NetworkMode::None => Network::None,
    }
}

fn resolve_mode(mode: options::ResolveMode) -> ResolveMode {
    match mode {
        options::ResolveMode::Default => ResolveMode::Default,
        options::ResolveMode::ForcePull => ResolveMode::ForcePull,
        options::ResolveMode::PreferLocal => ResolveMode::PreferLocal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{build, build_triggered, build_with, check_dump, options};
    use super::*;

    #[test]
    fn inheritance() {
        let text = "FROM alpine AS a\nENV A=1\nARG B=2\nUSER u\nWORKDIR /w\nFROM a\nRUN x";
        let built = build(text);
        // What the image has comes again, and so after what it has not.
        let expected =
            ["env B=\"2\"", "env PATH=\"/bin\"", "env A=\"1\"", "cwd /w", "user u", "mount / <- #1"];
        check_dump(&built.dump(), &expected);
        assert_eq!(built.history().last(), Some(&"RUN |1 B=2 /bin/sh -c x # buildkit"));
    }

    #[test]
    fn images_of_mounts_have_no_lines() {
        let built = build("FROM alpine\nCOPY --from=debian a b\nRUN --mount=from=busybox,target=/b x");
        let vertices = built.converted.graph.iter().map(|(_, vertex)| vertex);
        let images = vertices.filter(|vertex| matches!(vertex.op, Op::Source(op::Source::Image(_))));
        let places = images.map(|image| image.meta.spans.contains(&Span::NOWHERE));
        assert_eq!(places.collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn triggers_that_name_their_own_stage() {
        let triggers = ["COPY --from=0 a b", "RUN --mount=from=me,target=/m x"].map(str::to_owned);
        let built = build_triggered("FROM alpine AS me", &options(), &triggers).unwrap();
        let expected = [
            "copy #0/a to /b follow contents parents wildcard empty",
            "mount / <- #1",
            "mount /m <- #1 readonly",
        ];
        check_dump(&built.dump(), &expected);
    }

    #[test]
    fn nothing() {
        let built = build("FROM scratch");
        assert_eq!(built.dump(), "result scratch\n");
        assert_eq!(built.converted.image.config.working_dir, "/");
    }

    #[test]
    fn labels_and_platform_of_the_result() {
        let mut options = options();
        options.labels.insert("a".to_owned(), "b".to_owned());
        options.target_platforms =
            vec![Platform { variant: "v6".to_owned(), ..Platform::new("linux", "arm") }];
        let image = build_with("FROM --platform=linux/amd64 alpine", &options).unwrap().converted.image;
        assert_eq!(image.config.labels["a"], "b");
        assert_eq!(image.platform().to_string(), "linux/arm/v6");
    }

    #[test]
    fn a_chain_of_stages_needs_no_deep_stack() {
        let mut text = String::from("FROM scratch AS s0\n");
        for at in 1..3000 {
            text.push_str(&format!("FROM s{} AS s{at}\nENV A=1\nARG B=2\nCOPY a b\n", at - 1));
        }
        assert_eq!(build(&text).history().len(), 3 * 2999);
    }
}

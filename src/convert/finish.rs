//! The end: contexts are filled in, and the image config of the target is made whole.

use super::state::Stage;
use super::{Converted, Cx, SCAN_CONTEXT, SCAN_STAGE};
use crate::image::{Config, Platform};
use crate::llb::Edge;
use crate::plan::{BaseFiles, Recipe};
use crate::stage::Platforms;
use crate::text::{Diagnostic, parse_bool};

/// Makes the result out of what the stages became.
pub(super) fn finish(mut cx: Cx<'_>) -> Result<Converted, Diagnostic> {
    let plan = cx.plan;
    super::from::files(&mut cx, plan.target)?;
    fill_contexts(&mut cx)?;

    let stage = |id: crate::stage::StageId| cx.stages[id.index()].as_ref();
    let target = stage(plan.target).expect("the plan converts its target");
    let image = finish_image(&cx, target);
    let base_image = target.state.base_image.as_deref().cloned();
    let root = target.state.fs;

    let mut ignores_cache = target.ignore_cache;
    let mut scans = Vec::new();
    if target.scans_context {
        scans.push(("context".to_owned(), Some(cx.context.into())));
    }
    for (id, _) in plan.stages.iter() {
        let Some(other) = stage(id).filter(|stage| stage.scans_stage) else { continue };
        if id != plan.target && plan.is_needed[id.index()] {
            ignores_cache |= other.ignore_cache;
            scans.push((other.label.clone(), other.state.fs));
        }
    }
    Ok(Converted {
        root,
        image,
        base_image,
        scans,
        ignores_cache,
        invalid_text: cx.invalid_text,
        graph: cx.graph,
    })
}

/// Notes what a stage that is done says about scanning.
pub(super) fn note_scans(cx: &Cx<'_>, stage: &mut Stage) {
    let says = |name: &str| {
        let mut value = cx.plan.args.env.get(name);
        if stage.state.arg_names.contains(name) {
            let args = cx.args.list(stage.state.args);
            let declared = args.iter().rev().find(|arg| arg.name == name && arg.value.is_some());
            value = declared.and_then(|arg| arg.value.as_deref()).or(value);
        }
        value.is_some_and(|value| is_enabled(value, &stage.label))
    };
    (stage.scans_context, stage.scans_stage) = (says(SCAN_CONTEXT), says(SCAN_STAGE));
}

/// Tells whether a value is true, or a list with the name of a stage.
fn is_enabled(value: &str, stage: &str) -> bool {
    parse_bool(value).unwrap_or_else(|| value.split(',').any(|name| name == stage))
}

/// Fills in the build context and the named ones, now that it is known which paths of them are used.
fn fill_contexts(cx: &mut Cx<'_>) -> Result<(), Diagnostic> {
    let paths = cx.sources.follow_paths(cx.context_source);
    let files = add(cx, cx.plan.context.clone().with_follow_paths(paths))?;
    cx.graph.fill(cx.context, files);

    let target = cx.stages[cx.plan.target.index()].as_ref().expect("the plan converts its target");
    cx.sources.mark_all(target.state.source);
    for (place, id, source) in std::mem::take(&mut cx.contexts) {
        let Some(BaseFiles::Context(recipe)) = cx.plan.base(id).map(|base| &base.files) else { continue };
        let paths = cx.sources.follow_paths(source);
        let files = add(cx, recipe.clone().with_follow_paths(paths))?;
        cx.graph.fill(place, files);
    }
    Ok(())
}

fn add(cx: &mut Cx<'_>, recipe: Recipe) -> Result<Option<Edge>, Diagnostic> {
    recipe.add(&mut cx.graph).map_err(|error| error.diagnostic)
}

fn finish_image(cx: &Cx<'_>, target: &Stage) -> Config {
    let mut config = target.state.image.config.clone();
    let history = cx.history.list(target.state.history).into_iter();
    config.history = history.map(|entry| entry.history(cx.epoch.as_ref())).collect();
    config.config.labels.extend(cx.options.labels.clone());
    set_platform(&mut config, &cx.plan.platforms);
    config
}

/// Gives the image the platform that was asked for, if one was.
fn set_platform(config: &mut Config, platforms: &Platforms) {
    let mut platform = config.platform();
    if !platforms.is_implicit {
        let wanted = &platforms.target;
        let is_same = wanted.os == platform.os && wanted.architecture == platform.architecture;
        // What the image knows more precisely stays, as long as it is about the same system.
        let keep = |known: String, wanted: &String| match wanted.is_empty() && is_same {
            true => known,
            false => wanted.clone(),
        };
        platform = Platform {
            os: wanted.os.clone(),
            architecture: wanted.architecture.clone(),
            variant: keep(platform.variant, &wanted.variant),
            os_version: keep(platform.os_version, &wanted.os_version),
            os_features: match wanted.os_features.is_empty() {
                true => platform.os_features,
                false => wanted.os_features.clone(),
            },
        };
    }
    config.set_platform(&platform.normalized());
}

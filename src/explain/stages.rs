//! Stages: which are built and why, what runs side by side, how long the longest chain is, what is asked for.

use super::ops::{OpKind, Ops};
use crate::image::Reference;
use crate::plan::{BaseFiles, Plan};
use crate::stage::{SCRATCH, StageId, Stages};
use crate::text::SourceMap;
use std::collections::BTreeMap;

/// What a build consists of.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The stage that is asked for.
    pub target: String,
    /// All stages of the file, in order.
    pub stages: Vec<StageInfo>,
    /// Stages that are built side by side; each layer waits for the one before.
    pub layers: Vec<Vec<String>>,
    /// The longest chain of steps that wait for each other.
    pub chain: Chain,
    /// Images that the build asks for, each with the stages that do.
    pub images: Vec<(String, Vec<String>)>,
    /// Images that nobody asks for, since only stages that are not built name them.
    pub idle_images: Vec<String>,
    /// The number of steps that change files: processes, copies and the like.
    pub step_count: usize,
}

/// One stage of the file.
#[derive(Clone, Debug)]
pub struct StageInfo {
    /// Its name, or `stage-N`.
    pub name: String,
    /// The line of its FROM.
    pub line: u32,
    /// What it starts from, with variables expanded.
    pub base: String,
    /// How many of its instructions change files.
    pub step_count: usize,
    /// Why it is built, or not.
    pub need: Need,
}

/// Whether a stage is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is what was asked for.
    Target,
    /// Others that are built need it.
    Built(Vec<Why>),
    /// Nobody that is built needs it; these would.
    Pruned(Vec<Why>),
}

/// Who needs a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The name of the other stage.
    pub stage: String,
    /// `base`, or the keyword of the instruction that takes files.
    pub how: &'static str,
    /// Where it says so.
    pub line: u32,
}

/// A chain of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The steps, first to last: name and line.
    pub steps: Vec<(String, Option<u32>)>,
}

/// Returns what a stage is called: its name, or `stage-N` as BuildKit counts.
pub fn stage_name(stages: &Stages, id: StageId) -> String {
    let stage = &stages[id];
    match stage.decl {
        _ if !stage.name.is_empty() => stage.name.clone(),
        Some(at) => format!("stage-{at}"),
        None => familiar(&stage.base_name),
    }
}

/// Returns the name of an image as people write it.
pub fn familiar(name: &str) -> String {
    Reference::parse_normalized(name).map_or_else(|_| name.to_owned(), |name| name.familiar())
}

/// Looks a build over.
pub fn overview(plan: &Plan, ops: &Ops, sources: &SourceMap) -> Overview {
    let stages = &plan.stages;
    let users = users(plan, sources);
    let line = |id: StageId| stages[id].span.map_or(0, |span| sources.lines(span).0);
    let mut infos = Vec::new();
    let mut images: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut idle: Vec<String> = Vec::new();
    for (id, stage) in stages.iter() {
        let is_needed = plan.is_needed[id.index()];
        let why = |wants_built: bool| {
            let fits =
                users[id.index()].iter().filter(|(user, _)| plan.is_needed[user.index()] == wants_built);
            fits.map(|(_, why)| why.clone()).collect::<Vec<_>>()
        };
        let image = match plan.base(id).map(|base| &base.files) {
            Some(BaseFiles::Image { name, .. }) => Some(familiar(name)),
            Some(_) => None,
            None if stage.base.is_none() && stage.base_name != SCRATCH => Some(familiar(&stage.base_name)),
            None => None,
        };
        if let Some(image) = image.filter(|_| stage.base.is_none()) {
            match (is_needed, plan.base(id)) {
                (true, Some(_)) => {
                    let names = images.entry(image).or_default();
                    match stage.is_implicit() {
                        false => names.push(stage_name(stages, id)),
                        true => names.extend(why(true).into_iter().map(|why| why.stage)),
                    }
                }
                (false, _) => idle.push(image),
                (true, None) => {}
            }
        }
        if stage.is_implicit() {
            continue;
        }
        infos.push(StageInfo {
            name: stage_name(stages, id),
            line: line(id),
            base: familiar(&stage.base_name),
            step_count: stage.step_count,
            need: match is_needed {
                _ if id == plan.target => Need::Target,
                true => Need::Built(why(true)),
                false => Need::Pruned(why(false)),
            },
        });
    }
    idle.retain(|image| !images.contains_key(image));
    idle.sort();
    idle.dedup();
    for names in images.values_mut() {
        names.dedup();
    }
    let steps = ops.list.iter().filter(|op| weight(op.kind()) > 0).count();
    Overview {
        target: stage_name(stages, plan.target),
        stages: infos,
        layers: layers(plan),
        chain: chain(ops),
        images: images.into_iter().collect(),
        idle_images: idle,
        step_count: steps,
    }
}

/// Returns for each stage who takes it as a base or takes files from it.
fn users(plan: &Plan, sources: &SourceMap) -> Vec<Vec<(StageId, Why)>> {
    let stages = &plan.stages;
    let mut users: Vec<Vec<(StageId, Why)>> = vec![Vec::new(); stages.count()];
    for (id, stage) in stages.iter() {
        let name = stage_name(stages, id);
        if let Some(base) = stage.base {
            let line = stage.span.map_or(0, |span| sources.lines(span).0);
            users[base.index()].push((id, Why { stage: name.clone(), how: "FROM", line }));
        }
        for (command, instruction) in stages.commands(id) {
            let mut seen = Vec::new();
            for &source in &command.sources {
                if seen.contains(&source) {
                    continue;
                }
                seen.push(source);
                let line = sources.lines(instruction.head.span).0;
                let how = instruction.kind.keyword();
                users[source.index()].push((id, Why { stage: name.clone(), how, line }));
            }
        }
    }
    users
}

/// Returns the stages of the file that are built, those that can run at the same time together.
fn layers(plan: &Plan) -> Vec<Vec<String>> {
    let stages = &plan.stages;
    // By stage: its layer, once it is known. A stage and its needs are visited in that order, without recursion.
    let mut layer: Vec<Option<usize>> = vec![None; stages.count()];
    let mut open = vec![(plan.target, false)];
    let mut is_open = vec![false; stages.count()];
    while let Some((id, is_done)) = open.pop() {
        let needs = || stages[id].base.iter().chain(stages[id].deps.keys()).copied();
        if is_done {
            let below = needs().filter_map(|need| layer[need.index()].map(|at| (need, at)));
            let below = below.map(|(need, at)| at + usize::from(!stages[need].is_implicit()));
            layer[id.index()] = Some(below.max().unwrap_or(0));
        } else if !std::mem::replace(&mut is_open[id.index()], true) {
            open.push((id, true));
            open.extend(needs().map(|need| (need, false)));
        }
    }
    let mut layers: Vec<Vec<String>> = Vec::new();
    for id in stages.ids().filter(|&id| !stages[id].is_implicit()) {
        if let Some(at) = layer[id.index()] {
            layers.resize(layers.len().max(at + 1), Vec::new());
            layers[at].push(stage_name(stages, id));
        }
    }
    layers
}

/// Getting files counts as no step: how long it takes does not depend on the file.
fn weight(kind: OpKind) -> usize {
    usize::from(matches!(kind, OpKind::Exec | OpKind::File | OpKind::Layers))
}

fn chain(ops: &Ops) -> Chain {
    let Some(root) = ops.root else { return Chain::default() };
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(ops.list.len());
    for op in &ops.list {
        let before = op.inputs.iter().map(|input| input.op).max_by_key(|&at| best[at].0);
        let length = before.map_or(0, |at| best[at].0);
        best.push((length + weight(op.kind()), before));
    }
    let mut steps = Vec::new();
    let mut next = Some(root);
    while let Some(at) = next {
        let op = &ops.list[at];
        if weight(op.kind()) > 0 {
            steps.push((op.name.clone(), op.lines.map(|(first, _)| first)));
        }
        next = best[at].1;
    }
    steps.reverse();
    Chain { steps }
}

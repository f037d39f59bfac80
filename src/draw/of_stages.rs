//! The stages of a plan as a picture.

use super::model::{LinkKind, Links, Node, NodeKind, Picture, PictureKind, Step, StepOp};
use crate::explain::{Ops, familiar, stage_name};
use crate::instruction::{Instruction, Kind, MountType, Transfer};
use crate::plan::{BaseFiles, Plan};
use crate::remote::{is_git_source, is_http_source};
use crate::stage::{SCRATCH, StageId};
use crate::text::{SourceMap, Span};
use indexmap::IndexMap;

/// Draws the stages of a plan, the images and contexts they take files from, and what they take.
pub fn of_stages(plan: &Plan, ops: &Ops, sources: &SourceMap) -> Picture {
    let mut painter =
        Painter { plan, ops, sources, outside: IndexMap::new(), nodes: Vec::new(), places: Vec::new() };
    painter.place_nodes();
    let links = painter.links();
    let file = &sources.files()[0];
    Picture {
        kind: PictureKind::Stages,
        title: file.name().to_owned(),
        nodes: painter.nodes,
        links,
        source: file.text().to_owned(),
    }
}

struct Painter<'a> {
    plan: &'a Plan,
    ops: &'a Ops,
    sources: &'a SourceMap,
    /// The boxes of what is no stage, by kind and name.
    outside: IndexMap<(&'static str, String), usize>,
    nodes: Vec<Node>,
    /// By stage: its box. `None`: it is empty.
    places: Vec<Option<usize>>,
}

impl Painter<'_> {
    fn place_nodes(&mut self) {
        let stages = &self.plan.stages;
        for (id, stage) in stages.iter() {
            let is_needed = self.plan.is_needed[id.index()];
            if stage.is_implicit() {
                let at = self.base_of(id).map(|(kind, name)| self.outside(kind, name, is_needed));
                self.places.push(at);
                continue;
            }
            if let Some((kind, name)) = self.base_of(id) {
                self.outside(kind, name, is_needed);
            }
            let lines = stage.span.map(|span| self.sources.lines(span));
            let mut note = format!("FROM {}", familiar(&stage.base_name));
            // Without a flag the platform is the target's, which says nothing about the stage.
            let has_flag = stages.decl(id).is_some_and(|decl| decl.platform.is_some());
            if let Some(platform) = stage.platform.as_ref().filter(|_| has_flag) {
                note.push_str(&format!(" for {platform}"));
            }
            let is_replaced = stage.context.is_some();
            let steps = stages.commands(id).filter(|_| !is_replaced);
            let steps = steps.map(|(_, instruction)| self.step(instruction, is_needed)).collect();
            self.places.push(Some(self.nodes.len()));
            self.nodes.push(Node {
                kind: NodeKind::Stage,
                name: stage_name(stages, id),
                note,
                is_target: id == self.plan.target,
                is_pruned: !is_needed,
                lines,
                steps,
            });
        }
    }

    fn step(&self, instruction: &Instruction, is_needed: bool) -> Step {
        let head = &instruction.head;
        let lines = (head.span != Span::NOWHERE).then(|| self.sources.lines(head.span));
        let ops = match lines.filter(|_| is_needed) {
            Some((first, _)) => self.ops.of_instruction(first, &head.text),
            None => Vec::new(),
        };
        let ops = ops.into_iter().map(|at| step_op(self.ops, at)).collect();
        Step { lines, text: String::from(&head.text), ops }
    }

    /// Returns what a stage starts from, if that is no other stage.
    fn base_of(&self, id: StageId) -> Option<(NodeKind, String)> {
        let stage = &self.plan.stages[id];
        match self.plan.base(id).map(|base| &base.files) {
            Some(BaseFiles::Image { name, .. }) => Some((NodeKind::Image, familiar(name))),
            Some(BaseFiles::Context(_)) => Some((NodeKind::Context, stage.base_name.clone())),
            Some(BaseFiles::Empty) => None,
            None if stage.base.is_some() || stage.base_name == SCRATCH => None,
            None => Some((NodeKind::Image, familiar(&stage.base_name))),
        }
    }

    /// Returns the box of something that is no stage.
    fn outside(&mut self, kind: NodeKind, name: String, is_needed: bool) -> usize {
        let nodes = &mut self.nodes;
        let at = *self.outside.entry((kind.as_str(), name)).or_insert_with_key(|(_, name)| {
            nodes.push(Node {
                kind,
                name: name.clone(),
                note: String::new(),
                is_target: false,
                is_pruned: true,
                lines: None,
                steps: Vec::new(),
            });
            nodes.len() - 1
        });
        nodes[at].is_pruned &= !is_needed;
        at
    }

    fn links(&mut self) -> Vec<super::Link> {
        let plan = self.plan;
        let mut links = Links::default();
        for (id, stage) in plan.stages.iter().filter(|(_, stage)| !stage.is_implicit()) {
            let is_needed = plan.is_needed[id.index()];
            let Some(to) = self.places[id.index()] else { continue };
            let base = match stage.base {
                Some(base) => self.places[base.index()],
                None => self.base_of(id).map(|(kind, name)| self.outside(kind, name, is_needed)),
            };
            if let Some(base) = base {
                links.add(base, to, LinkKind::Base, None);
            }
            if stage.context.is_some() {
                continue;
            }
            for (command, instruction) in plan.stages.commands(id) {
                self.taken(&mut links, to, is_needed, &command.sources, instruction);
            }
        }
        links.done()
    }

    fn taken(
        &mut self,
        links: &mut Links,
        to: usize,
        is_needed: bool,
        sources: &[StageId],
        instruction: &Instruction,
    ) {
        match &instruction.kind {
            Kind::Copy(copy) => {
                if copy.transfer.sources.is_empty() {
                    return;
                }
                let from = match sources.first() {
                    Some(&source) => self.places[source.index()],
                    None => Some(self.main_context(is_needed)),
                };
                if let Some(from) = from {
                    links.add(from, to, LinkKind::Copy, Some(label(&copy.transfer)));
                }
            }
            Kind::Add(add) => {
                for source in &add.transfer.sources {
                    let is_remote = is_http_source(&source.text) || is_git_source(&source.text);
                    let (from, label) = match is_remote {
                        true => {
                            let at = self.outside(NodeKind::Remote, String::from(&source.text), is_needed);
                            (at, format!("→ {}", add.transfer.destination.text))
                        }
                        false => {
                            let label = format!("{} → {}", source.text, add.transfer.destination.text);
                            (self.main_context(is_needed), label)
                        }
                    };
                    links.add(from, to, LinkKind::Copy, Some(label));
                }
            }
            Kind::Run(run) => {
                for (at, flag) in run.mounts.iter().enumerate() {
                    // Variables stay as written: what is drawn is the file.
                    let expanded = flag.expand(|text, _| Ok(text.to_owned()), |message, _| message);
                    let Ok(mount) = expanded else { continue };
                    let from = match (mount.from.is_empty(), sources.get(at)) {
                        (false, Some(source)) => self.places[source.index()],
                        _ if mount.mount_type == MountType::Bind => Some(self.main_context(is_needed)),
                        _ => None,
                    };
                    let Some(from) = from else { continue };
                    let label = match mount.source.as_str() {
                        "" | "." | "/" => mount.target,
                        source => format!("{source} → {}", mount.target),
                    };
                    links.add(from, to, LinkKind::Mount, Some(label));
                }
            }
            _ => {}
        }
    }

    fn main_context(&mut self, is_needed: bool) -> usize {
        self.outside(NodeKind::Context, "build context".to_owned(), is_needed)
    }
}

fn label(transfer: &Transfer) -> String {
    let sources: Vec<&str> = transfer.sources.iter().map(|word| word.text.as_str()).collect();
    let (sources, to) = (sources.join(" "), &transfer.destination.text);
    match *to == sources.as_str() {
        true => sources,
        false => format!("{sources} → {to}"),
    }
}

/// Returns what to say of an op.
pub(super) fn step_op(ops: &Ops, at: usize) -> StepOp {
    let op = &ops.list[at];
    StepOp {
        digest: op.digest.to_string(),
        kind: op.kind().as_str(),
        name: op.name.clone(),
        does: op.summary(),
    }
}

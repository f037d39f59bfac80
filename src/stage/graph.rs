//! Edges between stages: who takes files from whom, what is reachable, what runs in circles.
//!
//! All walks keep their own stack, since a file may chain thousands of stages.

use super::declare::without_place;
use super::{CommandPlan, Mention, Place, StageId, Stages};
use crate::expand::{Lexer, NoEnv};
use crate::instruction::{self, Instruction, Kind, MountFlag};
use crate::text::{Diagnostic, Text};

impl Stages {
    /// Looks up what all instructions take files from.
    ///
    /// # Errors
    /// If a name is no constant, an index is out of range, or stages take files from each other in a circle.
    pub fn link(&mut self) -> Result<(), Diagnostic> {
        for at in 0..self.file.stages.len() {
            let id = StageId::at(at);
            for command in 0..self.list[at].commands.len() {
                let plan = &self.list[at].commands[command];
                let sources = self.sources(plan.at).map_err(without_place)?;
                let stage = &mut self.list[id.index()];
                stage.deps.extend(sources.iter().copied());
                stage.commands[command].sources = sources.into_iter().map(|(source, _)| source).collect();
            }
        }
        self.check_circles()?;
        if let [only] = &mut self.list[..] {
            only.label.clear();
        }
        Ok(())
    }

    /// Puts triggers that the base of a stage held back in front of its instructions.
    ///
    /// Returns whether the stage now needs other stages or images that it may not have needed before.
    ///
    /// # Errors
    /// If a trigger is no single instruction that a trigger may be, or names nothing that is there.
    pub fn add_triggers(&mut self, id: StageId, triggers: &[String]) -> Result<bool, Diagnostic> {
        let place = self[id].named_at.lines;
        let mut needs_more = false;
        let mut commands = Vec::with_capacity(triggers.len() + self[id].commands.len());
        for trigger in triggers {
            let instruction =
                instruction::parse_trigger(trigger, place).map_err(|error| self[id].place(error))?;
            let at = Place::Trigger(self.triggers.len() as u32);
            self.triggers.push(instruction);
            let sources = self.sources(at).map_err(|error| self[id].place(error))?;
            needs_more |= !sources.is_empty();
            self.list[id.index()].deps.extend(sources.iter().copied());
            let sources = sources.into_iter().map(|(source, _)| source).collect();
            commands.push(CommandPlan { at, sources, is_onbuild: true });
        }
        let stage = &mut self.list[id.index()];
        stage.step_count += commands.len();
        commands.append(&mut stage.commands);
        stage.commands = commands;
        Ok(needs_more)
    }

    /// Returns what stages need, whole: the stage itself, its base, what it takes files from, and so on.
    pub fn reachable(&self, target: StageId) -> Vec<bool> {
        let mut found = vec![false; self.list.len()];
        let mut open = vec![target];
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut found[id.index()], true) {
                continue;
            }
            let stage = &self[id];
            open.extend(stage.base);
            open.extend(stage.deps.keys());
        }
        found
    }

    /// Returns the stages that an instruction takes files from, each with the place that says so.
    fn sources(&mut self, at: Place) -> Result<Vec<(StageId, Mention)>, Diagnostic> {
        let lines = self.at(at).head.span;
        // Only these two name stages; the names are copied, since looking them up may add stages.
        match &self.at(at).kind {
            Kind::Copy(copy) => {
                let Some(from) = copy.from.as_ref().filter(|from| !from.value.is_empty()) else {
                    return Ok(Vec::new());
                };
                let (name, place) = (from.value.clone(), Mention { lines, word: from.span });
                check_constant(self.file.escape, &name)
                    .and_then(|()| self.source_of_copy(&name, place))
                    .map(|source| vec![(source, place)])
                    .map_err(|message| Diagnostic::error("unknown-source", message, place.word).within(lines))
            }
            Kind::Run(run) => {
                let from = |mount: &MountFlag| match &mount.from {
                    Some(from) => (from.value.clone(), Mention { lines, word: from.span }),
                    None => (Text::default(), Mention { lines, word: mount.text.span }),
                };
                let froms: Vec<_> = run.mounts.iter().map(from).collect();
                Ok(froms.iter().map(|(from, place)| (self.source_of_mount(from, *place), *place)).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn at(&self, at: Place) -> &Instruction {
        self.instruction(&CommandPlan { at, sources: Vec::new(), is_onbuild: false })
    }

    /// Finds stages that take files from each other in a circle. A circle through a base is none: the base comes
    /// first, so the COPY in it finds a stage that is not there yet, and says so.
    fn check_circles(&self) -> Result<(), Diagnostic> {
        #[derive(Clone, Copy, PartialEq)]
        enum Mark {
            New,
            Open,
            Done,
        }
        let mut marks = vec![Mark::New; self.list.len()];
        for root in self.ids() {
            if marks[root.index()] == Mark::Done {
                continue;
            }
            marks[root.index()] = Mark::Open;
            // The stages on the way here, each with the number of its edges that were followed.
            let mut way = vec![(root, 0)];
            while let Some((id, followed)) = way.last_mut() {
                let Some((&next, _)) = self[*id].deps.get_index(*followed) else {
                    marks[id.index()] = Mark::Done;
                    way.pop();
                    continue;
                };
                *followed += 1;
                match marks[next.index()] {
                    Mark::New => {
                        marks[next.index()] = Mark::Open;
                        way.push((next, 0));
                    }
                    Mark::Done => {}
                    Mark::Open => return Err(self.circle(root, &way)),
                }
            }
        }
        Ok(())
    }

    fn circle(&self, root: StageId, way: &[(StageId, usize)]) -> Diagnostic {
        let label = &self[root].label;
        let message = format!("circular dependency detected on stage: {label}");
        let edge = |&(id, followed): &(StageId, usize)| {
            let (&next, &place) = self[id].deps.get_index(followed - 1).expect("the edge was followed");
            (id, next, place)
        };
        let span = way.first().map(|step| edge(step).2.word).unwrap_or_default();
        let mut diagnostic = Diagnostic::error("circular-dependency", message, span);
        diagnostic.ranges = way.iter().map(|step| edge(step).2.lines).collect();
        for (id, next, place) in way.iter().map(edge) {
            let (user, source) = (&self[id].label, &self[next].label);
            diagnostic = diagnostic.label(place.word, format!("{user} takes files from {source}"));
        }
        diagnostic
    }
}

/// `COPY --from` takes no variables, since the images that a build needs must be known early.
fn check_constant(escape: char, from: &str) -> Result<(), String> {
    let expanded = Lexer::new(escape).word(from, &NoEnv).map_err(|error| error.to_string())?;
    if expanded.text != from {
        return Err(
            "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround"
                .to_owned(),
        );
    }
    Ok(())
}

//! FROM instructions become stages.

use super::{
    CommandPlan, ContextName, GlobalArgs, Mention, Place, Platforms, SCRATCH, Stage, StageId, Stages,
};
use crate::expand::{Expanded, Lexer};
use crate::facts::{At, Fact, Facts};
use crate::image::Platform;
use crate::instruction::{File, Instruction, Kind, StageDecl, Word};
use crate::limits::Made;
use crate::options::Options;
use crate::suggest::{self, Case, Patience};
use crate::text::{Diagnostic, Span};
use indexmap::IndexMap;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

pub(super) fn stages(
    file: &Arc<File>,
    options: &Options,
    platforms: &Platforms,
    args: &GlobalArgs,
    facts: &mut Facts,
) -> Result<Stages, Diagnostic> {
    let mut stages = Stages {
        file: Arc::clone(file),
        triggers: Vec::new(),
        list: Vec::with_capacity(file.stages.len()),
        names: HashMap::with_capacity(file.stages.len()),
    };
    let lexer = Lexer::new(file.escape);
    let mut reader = Reader {
        lexer,
        platforms,
        args,
        facts,
        made: args.made.clone(),
        patience: Patience::default(),
        known: BTreeSet::new(),
        nearest: HashMap::new(),
    };
    for (at, decl) in file.stages.iter().enumerate() {
        let From { base, platform, used_args } = reader.from(at, decl)?;
        let span = decl.head.span;
        let name = decl.name.as_ref().map_or("", |name| &name.text);
        let context = match name {
            "" => None,
            _ => ContextName::find(name, platform.as_ref(), platforms, options)
                .map_err(|message| without_place(Diagnostic::error("invalid-context-name", message, span)))?,
        };
        let is_replaced = context.is_some();
        let id = stages.add(Stage {
            decl: Some(at),
            name: name.to_owned(),
            label: if name.is_empty() { format!("stage-{at}") } else { name.to_owned() },
            platform,
            context,
            commands: commands(at, decl),
            ignore_cache: !is_replaced && options.is_no_cache(name),
            ..Stage::new(base, Some(span), Mention { lines: span, word: decl.base.span })
        });
        if !is_replaced {
            reader.facts.note(at_from(at, decl), Fact::UsedInFrom { names: used_args.into_iter().collect() });
            let stage = &mut stages.list[id.index()];
            let starts_from_image = stage.base.is_none() && stage.base_name != SCRATCH;
            let steps = decl.instructions.iter().filter(|instruction| is_step(instruction)).count();
            stage.step_count = steps + usize::from(starts_from_image);
        }
    }
    Ok(stages)
}

/// A FROM with its variables expanded.
struct From {
    base: String,
    platform: Option<Platform>,
    used_args: BTreeSet<String>,
}

/// Reads FROM instructions.
struct Reader<'a> {
    lexer: Lexer,
    platforms: &'a Platforms,
    args: &'a GlobalArgs,
    facts: &'a mut Facts,
    made: Made,
    patience: Patience,
    /// The names of all global arguments; empty until one is missed.
    known: BTreeSet<&'a str>,
    /// By name that was missed: the nearest one that is known.
    nearest: HashMap<String, Option<String>>,
}

impl Reader<'_> {
    fn from(&mut self, at: usize, decl: &StageDecl) -> Result<From, Diagnostic> {
        let span = decl.head.span;
        let base = self
            .expand(at, decl, &decl.base)
            .map_err(|message| Diagnostic::error("expansion", message, decl.base.span).within(span))?;
        if base.text.is_empty() {
            let message = format!("base name ({}) should not be blank", decl.base.text);
            return Err(Diagnostic::error("empty-base", message, decl.base.span).within(span));
        }
        let mut used_args = base.used;
        let mut platform = None;
        if let Some(word) = decl.platform.as_ref().filter(|word| !word.text.is_empty()) {
            let expanded = self.expand(at, decl, word).map_err(|message| {
                let message = format!("failed to process arguments for platform : {message}");
                Diagnostic::error("expansion", message, word.span).within(span)
            })?;
            platform = Some(self.platform(at, decl, word, &expanded)?);
            used_args.extend(expanded.used);
        }
        Ok(From { base: base.text, platform, used_args })
    }

    /// Expands a word and notes what is unset in it.
    fn expand(&mut self, at: usize, decl: &StageDecl, word: &Word) -> Result<Expanded, String> {
        let expanded = self.lexer.word(&word.text, &self.args.env);
        let unset = match &expanded {
            Ok(expanded) => &expanded.unset,
            Err(error) => &error.unset,
        };
        if !unset.is_empty() && self.known.is_empty() {
            let set = self.args.env.iter().map(|(name, _)| name);
            self.known = self.args.declared.keys().map(String::as_str).chain(set).collect();
        }
        for name in unset {
            let (known, patience) = (self.known.iter().copied(), &mut self.patience);
            let find = || suggest::nearest_within(name, known, Case::Matters, patience);
            let fact = Fact::UnsetInFrom {
                is_declared: self.known.contains(name.as_str()),
                nearest: self.nearest.entry(name.clone()).or_insert_with(find).clone(),
                name: name.clone(),
            };
            self.facts.note(at_from(at, decl).on(word.span), fact);
        }
        let expanded = expanded.map_err(|error| error.to_string())?;
        let made = self.made.take(expanded.steps);
        made.and_then(|()| self.made.add(1, expanded.text.len())).map_err(|error| error.to_string())?;
        Ok(expanded)
    }

    fn platform(
        &mut self,
        at: usize,
        decl: &StageDecl,
        word: &Word,
        expanded: &Expanded,
    ) -> Result<Platform, Diagnostic> {
        let platform = Platform::parse(&expanded.text, &self.platforms.host);
        let fact = Fact::StagePlatform {
            written: word.text.clone(),
            text: expanded.text.clone(),
            used: expanded.used.iter().cloned().collect(),
            unset: expanded.unset.iter().cloned().collect(),
            target: self.args.env.get("TARGETPLATFORM").unwrap_or_default().to_owned(),
            platform: platform.as_ref().ok().cloned().map(Box::new),
        };
        self.facts.note(at_from(at, decl).on(word.span), fact);

        // The reference takes any of the unset variables that has a near name; we take the first by the alphabet.
        let (args, patience) = (self.args, &mut self.patience);
        let mut hinted = |message: String| {
            let set = || args.env.iter().map(|(name, _)| name);
            let mut near = |name: &String| suggest::nearest_within(name, set(), Case::Matters, patience);
            match expanded.unset.iter().find_map(&mut near) {
                Some(found) => format!("{message} (did you mean {found}?)"),
                None => message,
            }
        };
        let (written, place) = (&word.text, decl.head.span);
        if expanded.text.is_empty() {
            let message = hinted(format!("empty platform value from expression {written}"));
            return Err(Diagnostic::error("empty-platform", message, word.span).within(place));
        }
        platform.map_err(|error| {
            let message = format!("failed to parse platform {written}: {}", hinted(error.to_string()));
            let mut diagnostic = Diagnostic::error("invalid-platform", message, word.span);
            // The reference gives the place twice.
            diagnostic.ranges = vec![place; 2];
            diagnostic
        })
    }
}

impl Stage {
    /// Returns a stage of which nothing more is known.
    fn new(base_name: String, span: Option<Span>, named_at: Mention) -> Stage {
        Stage {
            decl: None,
            name: String::new(),
            label: String::new(),
            base_name,
            platform: None,
            base: None,
            context: None,
            deps: IndexMap::new(),
            commands: Vec::new(),
            step_count: 0,
            missed_rounds: 0,
            ignore_cache: false,
            span,
            named_at,
        }
    }
}

impl Stages {
    /// Adds a stage for an image that only `--from` names.
    pub(super) fn add_implicit(&mut self, base_name: &str, span: Option<Span>, named_at: Mention) -> StageId {
        self.add(Stage::new(base_name.to_owned(), span, named_at))
    }
}

fn commands(stage: usize, decl: &StageDecl) -> Vec<CommandPlan> {
    let stage = stage as u32;
    let plan = |instruction| CommandPlan {
        at: Place::File { stage, instruction: instruction as u32 },
        sources: Vec::new(),
        is_onbuild: false,
    };
    (0..decl.instructions.len()).map(plan).collect()
}

/// Tells whether an instruction counts as a step in `[builder 2/4]`.
fn is_step(instruction: &Instruction) -> bool {
    matches!(instruction.kind, Kind::Add(_) | Kind::Copy(_) | Kind::Run(_) | Kind::Workdir(_))
}

fn at_from(stage: usize, decl: &StageDecl) -> At {
    At::new(Some(stage), &decl.head.keyword.value, decl.head.span)
}

/// Takes the lines off an error for which the reference has none.
pub(super) fn without_place(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.ranges.clear();
    diagnostic
}

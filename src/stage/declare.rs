//! FROM instructions become stages.

use super::{CommandPlan, ContextName, GlobalArgs, Place, Platforms, SCRATCH, Stage, Stages};
use crate::expand::{Expanded, Lexer};
use crate::facts::{At, Fact, Facts};
use crate::image::{Platform, PlatformError};
use crate::instruction::{File, Instruction, Kind, StageDecl, Word};
use crate::options::Options;
use crate::suggest::{self, Case};
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
    for (at, decl) in file.stages.iter().enumerate() {
        let span = decl.head.span;
        let mut used_args = BTreeSet::new();

        let base = lexer.word(&decl.base.text, &args.env).map_err(|error| {
            note_unset(at, decl, &error.unset, args, facts);
            Diagnostic::error("expansion", error.to_string(), decl.base.span).within(span)
        })?;
        note_unset(at, decl, &base.unset, args, facts);
        if base.text.is_empty() {
            let message = format!("base name ({}) should not be blank", decl.base.text);
            return Err(Diagnostic::error("empty-base", message, decl.base.span).within(span));
        }
        used_args.extend(base.used);

        let mut platform = None;
        if let Some(word) = decl.platform.as_ref().filter(|word| !word.text.is_empty()) {
            let expanded = lexer.word(&word.text, &args.env).map_err(|error| {
                note_unset(at, decl, &error.unset, args, facts);
                let message = format!("failed to process arguments for platform : {error}");
                Diagnostic::error("expansion", message, word.span).within(span)
            })?;
            note_unset(at, decl, &expanded.unset, args, facts);
            let read = Platform::parse(&expanded.text, &platforms.host);
            let fact = Fact::StagePlatform {
                written: word.text.clone(),
                text: expanded.text.clone(),
                used: expanded.used.iter().cloned().collect(),
                unset: expanded.unset.iter().cloned().collect(),
                target: args.env.get("TARGETPLATFORM").unwrap_or_default().to_owned(),
                platform: read.as_ref().ok().cloned(),
            };
            facts.note(at_from(at, decl), fact);
            platform = Some(check_platform(read, &expanded, decl, word, args)?);
            used_args.extend(expanded.used);
        }

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
            base_name: base.text,
            platform,
            base: None,
            context,
            deps: IndexMap::new(),
            commands: commands(at, decl),
            step_count: 0,
            missed_rounds: 0,
            ignore_cache: !is_replaced && options.is_no_cache(name),
            span: Some(span),
            named_at: span,
        });
        if !is_replaced {
            let stage = &mut stages.list[id.index()];
            let starts_from_image = stage.base.is_none() && stage.base_name != SCRATCH;
            facts.note(at_from(at, decl), Fact::UsedInFrom { names: used_args.into_iter().collect() });
            let steps = decl.instructions.iter().filter(|instruction| is_step(instruction)).count();
            stage.step_count = steps + usize::from(starts_from_image);
        }
    }
    Ok(stages)
}

impl Stages {
    /// Adds a stage for an image that only `--from` names.
    pub(super) fn add_implicit(
        &mut self,
        base_name: &str,
        span: Option<Span>,
        named_at: Span,
    ) -> super::StageId {
        self.add(Stage {
            decl: None,
            name: String::new(),
            label: String::new(),
            base_name: base_name.to_owned(),
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
        })
    }
}

fn check_platform(
    read: Result<Platform, PlatformError>,
    expanded: &Expanded,
    decl: &StageDecl,
    word: &Word,
    args: &GlobalArgs,
) -> Result<Platform, Diagnostic> {
    let (written, span) = (&word.text, word.span);
    // The reference asks for help with the first variable that has a near name, in no order; we take the alphabet's.
    let hinted = |message: String| {
        let found = expanded
            .unset
            .iter()
            .find_map(|name| suggest::nearest(name, args.env.iter().map(|(name, _)| name), Case::Matters));
        match found {
            Some(found) => format!("{message} (did you mean {found}?)"),
            None => message,
        }
    };
    if expanded.text.is_empty() {
        let message = hinted(format!("empty platform value from expression {written}"));
        return Err(Diagnostic::error("empty-platform", message, span).within(decl.head.span));
    }
    read.map_err(|error| {
        let message = format!("failed to parse platform {written}: {}", hinted(error.to_string()));
        let mut diagnostic = Diagnostic::error("invalid-platform", message, span);
        // The reference gives the place twice.
        diagnostic.ranges = vec![decl.head.span; 2];
        diagnostic
    })
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

fn note_unset(
    stage: usize,
    decl: &StageDecl,
    unset: &BTreeSet<String>,
    args: &GlobalArgs,
    facts: &mut Facts,
) {
    for name in unset {
        let known: BTreeSet<&str> =
            args.declared.keys().map(String::as_str).chain(args.env.iter().map(|(name, _)| name)).collect();
        let fact = Fact::UnsetInFrom {
            is_declared: known.contains(name.as_str()),
            nearest: suggest::nearest(name, known, Case::Matters),
            name: name.clone(),
        };
        facts.note(at_from(stage, decl), fact);
    }
}

/// Takes the lines off an error for which the reference has none.
pub(super) fn without_place(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.ranges.clear();
    diagnostic
}

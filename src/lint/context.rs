//! What rules look at, and where their findings go.

use super::place::Part;
use super::{Config, Rule, Status, Warning};
use crate::facts::{Fact, Facts, Note};
use crate::instruction::{ArgDecl, Broken, File, Instruction, Kind, StageDecl};
use crate::syntax::Keyword;
use crate::text::{Deception, Span, Spanned, Text};
use std::collections::HashMap;

/// A file and the facts about it, as far as the build came.
pub(super) struct Context<'a> {
    file: &'a File,
    notes: &'a [Note],
    /// Whether the syntax is right; if not, nothing is looked at.
    is_read: bool,
    /// Where the first instruction stands that is wrong.
    limit: Option<u32>,
    /// Settings of instructions that have their own, by their lines.
    overrides: HashMap<Span, Config>,
}

/// A step of the reference in which it finds things. Its warnings come in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Lines are joined.
    Lines,
    /// Instructions are read.
    Instructions,
    /// Names of stages are compared.
    StageNames,
    /// Keywords are compared.
    Keywords,
    /// The passes note facts.
    Facts,
    /// Checks that the reference does not have.
    Own,
}

/// The step, the place within the step, and the order among findings there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn(Step, usize, u8);

/// Where a finding belongs: the instruction it is about, the word that is meant, and its turn.
#[derive(Clone, Debug)]
pub(super) struct Place {
    turn: Turn,
    /// All lines of the instruction.
    span: Span,
    word: Span,
    part: Part,
    /// The instruction whose comments may switch the rule off.
    settings: Option<Span>,
}

impl Place {
    /// Returns the place of an instruction as a whole.
    fn new(turn: Turn, span: Span, settings: Option<Span>) -> Place {
        Place { turn, span, word: span, part: Part::All, settings }
    }

    /// Returns the same place, but after what other rules find there.
    pub(super) fn last(self) -> Place {
        let Turn(step, at, _) = self.turn;
        Place { turn: Turn(step, at, 1), ..self }
    }

    /// Returns a word of other lines, found at the same time and switched off by the same comments.
    pub(super) fn pointing_at(self, span: Span, word: Span) -> Place {
        Place { span, word, ..self }
    }

    /// Returns a word of the same instruction.
    pub(super) fn on(self, word: Span) -> Place {
        Place { word, ..self }
    }

    /// Returns a piece of the word, which has as many like it before it as are to be skipped.
    pub(super) fn text(self, text: impl Into<String>, skip: usize) -> Place {
        Place { part: Part::Text { text: text.into(), skip }, ..self }
    }
}

/// Anything with a keyword.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    /// FROM
    Stage(&'a StageDecl),
    /// Anything else.
    Instruction(&'a Instruction),
    /// The first instruction that is wrong.
    Broken(&'a Broken),
}

/// What a FROM says behind its base.
pub(super) struct WordsBehindBase<'a> {
    /// The word that is AS if all is well.
    pub as_word: Written<'a>,
    /// The name of the stage as written; nothing if there are words behind it.
    pub name: Option<Written<'a>>,
}

/// A word as written, and where.
pub(super) type Written<'a> = (&'a str, Span);

impl<'a> Item<'a> {
    pub(super) fn keyword(self) -> &'a Spanned<Text> {
        match self {
            Item::Stage(stage) => &stage.head.keyword,
            Item::Instruction(instruction) => &instruction.head.keyword,
            Item::Broken(broken) => &broken.keyword,
        }
    }

    /// Returns the comments above.
    pub(super) fn comments(self) -> &'a [Spanned<Text>] {
        match self {
            Item::Stage(stage) => &stage.head.comments,
            Item::Instruction(instruction) => &instruction.head.comments,
            Item::Broken(broken) => &broken.comments,
        }
    }

    fn span(self) -> Span {
        match self {
            Item::Stage(stage) => stage.head.span,
            Item::Instruction(instruction) => instruction.head.span,
            Item::Broken(broken) => broken.span,
        }
    }

    /// Returns what a FROM says behind its base, if that is two words at least.
    pub(super) fn words_behind_base(self) -> Option<WordsBehindBase<'a>> {
        match self {
            Item::Stage(stage) => {
                let name = &stage.name.as_ref()?.written;
                let as_word = stage.as_keyword.as_ref()?;
                let word = |it: &'a Spanned<Text>| (it.value.as_str(), it.span);
                Some(WordsBehindBase { as_word: word(as_word), name: Some(word(name)) })
            }
            Item::Broken(Broken { kind: Keyword::From, words, .. }) => {
                let [_, as_word, name, rest @ ..] = words.as_slice() else { return None };
                let name = rest.is_empty().then_some((name.text.as_str(), name.span));
                Some(WordsBehindBase { as_word: (&as_word.text, as_word.span), name })
            }
            _ => None,
        }
    }

    pub(super) fn is_maintainer(self) -> bool {
        match self {
            Item::Stage(_) => false,
            Item::Instruction(instruction) => matches!(instruction.kind, Kind::Maintainer(_)),
            Item::Broken(broken) => broken.kind == Keyword::Maintainer,
        }
    }

    /// Returns the arguments that an ARG declares.
    pub(super) fn declared(self) -> &'a [ArgDecl] {
        match self {
            Item::Instruction(Instruction { kind: Kind::Arg(arg), .. }) => &arg.args,
            _ => &[],
        }
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(file: &'a File, facts: &'a Facts) -> Context<'a> {
        let limit = file.diagnostics.first().map(|first| first.ranges.first().unwrap_or(&first.span).start);
        let broken = file.first_broken.iter().map(Item::Broken);
        let overrides = all_items(file)
            .chain(broken)
            .filter_map(|item| Some((item.span(), Config::of_comments(item.comments())?)))
            .collect();
        Context { file, notes: facts.reached(), is_read: file.syntax_errors == 0, limit, overrides }
    }

    /// Returns the lines of instructions that have an empty line in them.
    pub(super) fn gaps(&self) -> impl Iterator<Item = Place> {
        let gaps = if self.is_read { &self.file.gaps[..] } else { &[] };
        gaps.iter().enumerate().map(|(at, gap)| {
            // The last line alone is reported.
            let span = Span::new(gap.lines.end.saturating_sub(1).max(gap.lines.start), gap.lines.end);
            let word = Span::new(gap.first.start, gap.first.start);
            Place { word, ..Place::new(Turn(Step::Lines, at, 0), span, None) }
        })
    }

    /// Returns what is read up to the first instruction that is wrong.
    pub(super) fn read_items(&self) -> impl Iterator<Item = (Place, Item<'a>)> {
        let limit = if self.is_read { self.limit.unwrap_or(u32::MAX) } else { 0 };
        let items = all_items(self.file).take_while(move |item| item.span().start < limit);
        let broken = self.file.first_broken.iter().filter(|_| self.is_read).map(Item::Broken);
        items.chain(broken).enumerate().map(|(at, item)| {
            let span = item.span();
            (Place::new(Turn(Step::Instructions, at, 0), span, Some(span)), item)
        })
    }

    /// Returns the stages, if all instructions could be read.
    pub(super) fn stages(&self) -> impl Iterator<Item = (Place, &'a StageDecl)> {
        self.whole_stages()
            .iter()
            .enumerate()
            .map(|(at, stage)| (Place::new(Turn(Step::StageNames, at, 0), stage.head.span, None), stage))
    }

    /// Returns all that stands in stages, FROM included, if all instructions could be read.
    pub(super) fn stage_items(&self) -> impl Iterator<Item = (Place, Item<'a>)> {
        self.whole_stages()
            .iter()
            .flat_map(stage_items)
            .enumerate()
            .map(|(at, item)| (Place::new(Turn(Step::Keywords, at, 0), item.span(), None), item))
    }

    /// Returns the place of a word in an instruction, for a check of our own.
    pub(super) fn place(&self, span: Span, word: Span) -> Place {
        Place::new(Turn(Step::Own, span.start as usize, 0), span, Some(span)).on(word)
    }

    /// Returns the use of a variable in the word of a place.
    pub(super) fn variable(&self, place: Place, name: &str) -> Place {
        Place { part: Part::Variable { name: name.to_owned(), escape: self.file.escape }, ..place }
    }

    /// Returns what is not what it looks like, wherever it stands.
    pub(super) fn deceptions(&self) -> impl Iterator<Item = &'a Spanned<Deception>> {
        self.file.deceptions.iter()
    }

    /// Returns a place within an instruction, or outside of any, for a check of our own.
    pub(super) fn place_within(&self, span: Span) -> Place {
        let holds = |item: &Item<'_>| item.span().start <= span.start && span.end <= item.span().end;
        let settings = all_items(self.file).find(holds).map(Item::span);
        Place::new(Turn(Step::Own, span.start as usize, 0), span, settings)
    }

    /// Returns what a FROM starts from if no build argument is given; nothing if that is the name of no image.
    pub(super) fn default_base(&self, stage: usize) -> Option<&'a str> {
        // They are noted first of all, one for each stage.
        let is_its = |note: &&Note| note.at.stage == Some(stage);
        match &self.notes.iter().take(self.file.stages.len()).find(is_its)?.fact {
            Fact::DefaultBase { image, .. } => image.as_deref(),
            _ => None,
        }
    }

    /// Returns the stages; none if an instruction could not be read.
    pub(super) fn whole_stages(&self) -> &'a [StageDecl] {
        if self.file.diagnostics.is_empty() { &self.file.stages } else { &[] }
    }

    /// Returns what the passes noticed before the first error.
    pub(super) fn notes(&self) -> impl Iterator<Item = (Place, &'a Note)> {
        let notes = if self.file.diagnostics.is_empty() { self.notes } else { &[] };
        notes.iter().enumerate().map(|(at, note)| {
            let is_general = matches!(note.fact, Fact::DefaultBase { .. } | Fact::BaseImage { .. });
            let settings = (!note.at.is_trigger && !is_general).then_some(note.at.span);
            (Place::new(Turn(Step::Facts, at, 0), note.at.span, settings).on(note.at.word), note)
        })
    }

    /// Returns the name of a stage, in lower case; empty if it has none.
    pub(super) fn stage_name(&self, stage: Option<usize>) -> &'a str {
        let stage = stage.and_then(|index| self.file.stages.get(index));
        stage.and_then(|stage| stage.name.as_ref()).map_or("", |name| &name.text)
    }
}

fn all_items(file: &File) -> impl Iterator<Item = Item<'_>> {
    file.global_args.iter().map(Item::Instruction).chain(file.stages.iter().flat_map(stage_items))
}

fn stage_items(stage: &StageDecl) -> impl Iterator<Item = Item<'_>> {
    std::iter::once(Item::Stage(stage)).chain(stage.instructions.iter().map(Item::Instruction))
}

/// Takes what rules find, and keeps what the settings let through.
pub(super) struct Findings<'a> {
    config: &'a Config,
    overrides: &'a HashMap<Span, Config>,
    rule: Option<&'static Rule>,
    found: Vec<(Turn, Warning)>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(context: &'a Context<'_>, config: &'a Config) -> Findings<'a> {
        Findings { config, overrides: &context.overrides, rule: None, found: Vec::new() }
    }

    pub(super) fn run(&mut self, rule: &'static Rule, context: &Context<'_>) {
        // Checks of our own read every RUN, and few ask for them.
        let mut settings = std::iter::once(self.config).chain(self.overrides.values());
        if rule.status == Status::Own && !settings.any(|config| config.asks_for(rule)) {
            return;
        }
        self.rule = Some(rule);
        (rule.check)(context, self);
    }

    /// Adds a finding about an instruction.
    pub(super) fn warn(&mut self, place: Place, message: impl Into<String>) {
        let Some(rule) = self.rule else { return };
        let own = place.settings.and_then(|settings| self.overrides.get(&settings));
        // Settings of an instruction only add to those of the file. An experimental rule cannot be skipped: somebody
        // asked for it.
        let settings = || [Some(self.config), own].into_iter().flatten();
        let is_skipped = || settings().any(|config| config.skip.has(rule.name));
        let is_on = match rule.status {
            Status::Stable => !is_skipped(),
            Status::Experimental => settings().any(|config| config.experimental.has(rule.name)),
            Status::Own => settings().any(|config| config.asks_for(rule)) && !is_skipped(),
        };
        if is_on {
            let Place { turn, span, word, part, .. } = place;
            self.found.push((turn, Warning { rule, message: message.into(), span, word, part }));
        }
    }

    /// Returns all findings. Those of one place keep the order of the rules.
    pub(super) fn in_order(mut self) -> Vec<Warning> {
        self.found.sort_by_key(|(turn, _)| *turn);
        self.found.into_iter().map(|(_, warning)| warning).collect()
    }
}

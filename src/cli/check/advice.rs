//! Says of a warning what explains it, and what to do about it.
//!
//! A warning knows the word that is meant. Fixes are made in [`super::mend`].

use super::fix::Fix;
use super::{mend, silent};
use crate::instruction::{ArgDecl, File, Head, Instruction, Kind, Pair, StageDecl};
use crate::lint::Warning;
use crate::text::{SourceFile, Span};

/// What there is to say about a warning.
#[derive(Debug)]
pub(super) struct Advice {
    /// The place that is meant.
    pub span: Span,
    /// Other places that explain it.
    pub labels: Vec<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
    /// How to do it.
    pub fix: Option<Fix>,
}

impl Advice {
    fn help(mut self, text: impl Into<String>) -> Advice {
        self.help = Some(text.into());
        self
    }

    fn fix(mut self, fix: Option<Fix>) -> Advice {
        self.fix = fix;
        self
    }

    fn label(mut self, span: Span, text: impl Into<String>) -> Advice {
        self.labels.push((span, text.into()));
        self
    }
}

/// An instruction of a file.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    /// FROM
    From(&'a StageDecl),
    /// Anything else.
    Other(&'a Instruction),
}

impl<'a> Item<'a> {
    /// Returns what all instructions have.
    pub(super) fn head(self) -> &'a Head {
        match self {
            Item::From(stage) => &stage.head,
            Item::Other(instruction) => &instruction.head,
        }
    }
}

/// Returns the instruction that a place lies in, and the place of its stage.
pub(super) fn item(file: &File, span: Span) -> Option<(Option<usize>, Item<'_>)> {
    // Stages and instructions are in order, and a span of a stage's FROM does not cover what is below it.
    let stage = file.stages.partition_point(|stage| stage.head.span.start <= span.start).checked_sub(1);
    let within = |list: &'_ [Instruction]| {
        let at = list.partition_point(|one| one.head.span.start <= span.start).checked_sub(1)?;
        list[at].head.span.contains(span).then_some(at)
    };
    let Some(index) = stage else {
        return within(&file.global_args).map(|at| (None, Item::Other(&file.global_args[at])));
    };
    let decl = &file.stages[index];
    if decl.head.span.contains(span) {
        return Some((stage, Item::From(decl)));
    }
    within(&decl.instructions).map(|at| (stage, Item::Other(&decl.instructions[at])))
}

/// Returns what there is to say about a warning.
pub(super) fn advise(warning: &Warning, source: &SourceFile, file: &File) -> Advice {
    let place = warning.place(source);
    let advice = Advice { span: place, labels: Vec::new(), help: None, fix: None };
    let Some((stage, item)) = item(file, warning.span) else { return advice };
    let head = item.head();
    let keyword = head.keyword.span;
    match (warning.rule.name, item) {
        // What a base image or a base stage has brought along stands in no line of its own.
        (_, Item::From(from)) if place == warning.span => Advice { span: from.base.span, ..advice },
        ("ConsistentInstructionCasing", _) => {
            advice.fix(mend::keyword_casing(head, warning.message.ends_with("(uppercase)")))
        }
        ("FromAsCasing", Item::From(from)) => {
            advice.label(place, "cased unlike FROM").fix(mend::as_casing(from))
        }
        ("StageNameCasing", Item::From(from)) => advice.fix(mend::stage_name(from)),
        ("ReservedStageName", _) => advice.help("choose another name for this stage"),
        ("DuplicateStageName", Item::From(from)) => {
            let is_same = |other: &&StageDecl| {
                let text = |stage: &StageDecl| stage.name.as_ref().map(|name| name.text.clone());
                text(other) == text(from) && other.head.span != from.head.span
            };
            let advice = advice.help("choose another name: only the last stage can be found by it");
            match file.stages.iter().find(is_same) {
                Some(first) => advice.label(name(first), "first named here"),
                None => advice,
            }
        }
        ("LegacyKeyValueFormat", Item::Other(instruction)) => {
            let pair = pairs(instruction).iter().find(|pair| pair.is_legacy);
            let advice = match pair.filter(|pair| pair.value.text.starts_with('=')) {
                Some(pair) => advice.label(pair.value.span, "the value").help(
                    "write `key=value` without blanks around the `=`, which is a part of the value here",
                ),
                None => advice.help("write `key=value`, with quotes if the value has blanks"),
            };
            advice.fix(pair.and_then(|pair| mend::legacy_pair(source, file.escape, head, pair)))
        }
        ("MaintainerDeprecated", Item::Other(instruction)) => advice
            .help("write `LABEL org.opencontainers.image.authors=…`")
            .fix(mend::maintainer(source, file.escape, instruction)),
        ("NoEmptyContinuation", _) => advice
            .label(keyword, "this instruction goes on below")
            .help("remove the empty line, or put a `#` on it")
            .fix(mend::empty_lines(source, head)),
        ("JSONArgsRecommended", Item::Other(instruction)) => {
            let command = mend::command(instruction);
            match command.and_then(|command| silent::nearly_json(source, command)) {
                Some((not_json, fix)) => advice
                    .label(not_json.span, not_json.reason)
                    .help("this begins like a JSON array but is none: a shell gets it as it is")
                    .fix(fix),
                None => advice
                    .help("write a JSON array; name the shell in it if one is needed: `[\"sh\", \"-c\", \"…\"]`")
                    .fix(mend::json_form(source, instruction)),
            }
        }
        ("MultipleInstructionsDisallowed", _) => {
            advice.help("remove it: only the last one counts").fix(mend::remove(source, head))
        }
        ("RedundantTargetPlatform", Item::From(from)) => {
            advice.help("leave it out: it is what happens anyway").fix(mend::platform(source, from))
        }
        ("FromPlatformFlagConstDisallowed", _) => {
            advice.help("leave it out and choose the platform when you build: `docker build --platform …`")
        }
        ("UndefinedVar", _) => {
            let Some(variable) = variable(&warning.message) else { return advice };
            if let Some(nearest) = suggestion(&warning.message) {
                return advice.fix(mend::rename(source, place, variable, nearest));
            }
            let from = stage.map(|index| &file.stages[index].head);
            match (global_arg(file, variable), from) {
                (Some(declared), Some(from)) => advice
                    .label(declared.key.span, "declared here, where it reaches FROM lines only")
                    .help(format!("declare it in this stage as well: `ARG {variable}`"))
                    .fix(mend::declare(source, from, variable)),
                _ => advice.help(format!("declare it in this stage: `ARG {variable}` or `ENV {variable}=…`")),
            }
        }
        ("UndefinedArgInFrom", _) => {
            let Some(name) = quoted(&warning.message) else { return advice };
            match suggestion(&warning.message) {
                Some(nearest) => advice.fix(mend::rename(source, place, name, nearest)),
                None => advice.help(format!("declare it before the first FROM: `ARG {name}`")),
            }
        }
        ("InvalidDefaultArgInFrom", _) => {
            advice.help("give the argument a default that is the name of an image: `ARG NAME=value`")
        }
        ("InvalidBaseImagePlatform", _) => {
            advice.help("choose an image that has this platform, or add `--platform` if another is meant")
        }
        ("ExposeProtoCasing", _) => advice.fix(mend::port_casing(source, place)),
        ("ExposeInvalidFormat", _) => {
            advice.help("name the port of the container alone; `docker run -p` maps it to one of the host")
        }
        ("WorkdirRelativePath", _) => advice.help("start it with a slash").fix(mend::absolute(source, place)),
        ("SecretsUsedInArgOrEnv", _) => {
            advice.help("use `RUN --mount=type=secret,id=…` instead: a secret leaves no trace in the image")
        }
        ("CopyIgnoredFile", _) => {
            advice.help("take the path out of .dockerignore, or the instruction out of this file")
        }
        ("InvalidDefinitionDescription", _) => advice.label(keyword, "it stands above this"),
        _ => advice,
    }
}

fn name(from: &StageDecl) -> Span {
    from.name.as_ref().map_or(from.head.keyword.span, |name| name.written.span)
}

fn pairs(instruction: &Instruction) -> &[Pair] {
    match &instruction.kind {
        Kind::Env(env) => &env.pairs,
        Kind::Label(label) => &label.pairs,
        _ => &[],
    }
}

fn global_arg<'a>(file: &'a File, name: &str) -> Option<&'a ArgDecl> {
    let args = file.global_args.iter().flat_map(|instruction| match &instruction.kind {
        Kind::Arg(arg) => &arg.args[..],
        _ => &[],
    });
    args.into_iter().find(|decl| decl.key.text == name)
}

/// Tells whether a variable is an ARG before the first FROM.
pub(super) fn is_global(file: &File, variable: &str) -> bool {
    global_arg(file, variable).is_some()
}

/// Returns the name of the variable that a message is about.
pub(super) fn variable(message: &str) -> Option<&str> {
    message.split_once("'$")?.1.split_once('\'').map(|(name, _)| name)
}

/// Returns the name that a message suggests.
pub(super) fn suggestion(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("(did you mean ")?;
    rest.strip_suffix("?)").map(|name| name.trim_start_matches('$'))
}

/// Returns the first text in quotes.
fn quoted(message: &str) -> Option<&str> {
    let at = message.find(['\'', '"'])?;
    let (mark, rest) = message[at..].split_at(1);
    rest.split_once(mark).map(|(text, _)| text).filter(|text| !text.is_empty())
}

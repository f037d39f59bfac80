//! What a user can give to a build of a target: arguments, secrets, SSH agents.

use super::json::Object;
use super::table::align;
use super::{Metadata, Request, json};
use crate::facts::{Argument, Fact, Facts};
use crate::stage::{StageId, Stages};
use crate::text::{SourceMap, Span};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// Answers `frontend.outline` about a target of a build that could be converted. `data` is the bytes of the file.
pub fn outline(
    stages: &Stages,
    target: StageId,
    facts: &Facts,
    sources: &SourceMap,
    data: &[u8],
) -> Metadata {
    let noted = Noted::new(stages.file().stages.len(), facts);
    let mut found = Found::default();
    noted.visit(stages, target, &mut found);
    found.args.sort_by_key(|arg| sources.lines(arg.span).0);
    found.secrets.sort_by_key(|(_, _, span)| sources.lines(*span).0);
    found.ssh.sort_by_key(|(_, _, span)| sources.lines(*span).0);

    let name = stages.decl(target).and_then(|decl| decl.name.as_ref()).map_or("", |name| &name.text);
    let description = stages.decl(target).and_then(|decl| decl.description.as_ref());
    let description = description.map_or("", |text| &text.value);
    let place = |span: Span| json::location(&super::location(sources, span));
    let mount = |(id, is_required, span): &(&str, bool, Span)| {
        Object::default()
            .put("name", true, *id)
            .flag("required", *is_required)
            .put("location", true, place(*span))
            .done()
    };
    let answer = Object::default()
        .text("name", name)
        .text("description", description)
        .list("args", &found.args, |arg| {
            Object::default()
                .put("name", true, arg.it.name.as_str())
                .text("description", arg.description())
                .text("value", arg.value())
                .put("location", true, place(arg.span))
                .done()
        })
        .list("secrets", &found.secrets, mount)
        .list("ssh", &found.ssh, mount)
        .put("sources", true, json!([json::base64(data)]));
    Request::Outline.answer_with_text(&answer.done(), text(name, description, &found))
}

fn text(name: &str, description: &str, found: &Found<'_>) -> String {
    let mut out = String::new();
    if !name.is_empty() || !description.is_empty() {
        let name = if name.is_empty() { "(default)" } else { name };
        let mut head = format!("TARGET:\t{name}\n");
        if !description.is_empty() {
            head.push_str(&format!("DESCRIPTION:\t{description}\n"));
        }
        out.push_str(&align(&head, 1));
        out.push('\n');
    }
    if !found.args.is_empty() {
        let mut rows = String::from("BUILD ARG\tVALUE\tDESCRIPTION\n");
        for arg in &found.args {
            rows.push_str(&format!("{}\t{}\t{}\n", arg.it.name, arg.value(), arg.description()));
        }
        out.push_str(&align(&rows, 3));
        out.push('\n');
    }
    for (title, list) in [("SECRET", &found.secrets), ("SSH", &found.ssh)] {
        if list.is_empty() {
            continue;
        }
        let mut rows = format!("{title}\tREQUIRED\n");
        for (id, is_required, _) in list {
            rows.push_str(&format!("{id}\t{}\n", if *is_required { "true" } else { "" }));
        }
        out.push_str(&align(&rows, 3));
        out.push('\n');
    }
    out
}

/// An argument and the ARG that declares it.
#[derive(Clone, Copy)]
struct Arg<'a> {
    it: &'a Argument,
    span: Span,
}

impl<'a> Arg<'a> {
    fn value(self) -> &'a str {
        self.it.value.as_deref().unwrap_or_default()
    }

    fn description(self) -> &'a str {
        self.it.description.as_ref().map_or("", |text| &text.value)
    }
}

/// What was noted about one stage of the file.
#[derive(Default)]
struct OfStage<'a> {
    used_in_from: Vec<&'a str>,
    args: Vec<Arg<'a>>,
    /// Those that say more than the declaration before the first FROM; the last of a name counts.
    own_args: HashMap<&'a str, Arg<'a>>,
    secrets: Vec<(&'a str, bool, Span)>,
    ssh: Vec<(&'a str, bool, Span)>,
}

struct Noted<'a> {
    /// The last declaration of a name counts.
    global: HashMap<&'a str, Arg<'a>>,
    /// Which names each of them is made from.
    uses: HashMap<&'a str, Vec<&'a str>>,
    stages: Vec<OfStage<'a>>,
}

#[derive(Default)]
struct Found<'a> {
    args: Vec<Arg<'a>>,
    secrets: Vec<(&'a str, bool, Span)>,
    ssh: Vec<(&'a str, bool, Span)>,
}

/// Names of arguments that are done with.
#[derive(Default)]
struct Seen<'a> {
    listed: HashSet<&'a str>,
    /// Those before the first FROM that were followed to what they are made from.
    followed: HashSet<&'a str>,
}

impl<'a> Noted<'a> {
    fn new(stage_count: usize, facts: &'a Facts) -> Noted<'a> {
        let mut noted = Noted { global: HashMap::new(), uses: HashMap::new(), stages: Vec::new() };
        noted.stages.resize_with(stage_count, OfStage::default);
        for note in facts.reached() {
            let span = note.at.span;
            let Some(stage) = note.at.stage.and_then(|at| noted.stages.get_mut(at)) else {
                if let Fact::Argument(it) = &note.fact {
                    noted.declare(Arg { it, span });
                }
                continue;
            };
            match &note.fact {
                Fact::Argument(it) => {
                    stage.args.push(Arg { it, span });
                    if !it.is_inherited {
                        stage.own_args.insert(&it.name, Arg { it, span });
                    }
                }
                Fact::UsedInFrom { names } => stage.used_in_from.extend(names.iter().map(String::as_str)),
                Fact::Secret { id, is_required } => stage.secrets.push((id, *is_required, span)),
                Fact::Ssh { id, is_required } => stage.ssh.push((id, *is_required, span)),
                _ => {}
            }
        }
        noted
    }

    /// A declaration that uses its own name is made from what the one before was made from.
    fn declare(&mut self, arg: Arg<'a>) {
        let name = arg.it.name.as_str();
        let mut uses: Vec<&str> = arg.it.uses.iter().map(String::as_str).collect();
        let count = uses.len();
        uses.retain(|used| *used != name);
        if uses.len() < count {
            uses.extend(self.uses.remove(name).unwrap_or_default());
        }
        self.global.insert(name, arg);
        self.uses.insert(name, uses);
    }

    /// Looks at a stage, at what it starts from and at what it takes files from, each once.
    fn visit(&self, stages: &Stages, target: StageId, found: &mut Found<'a>) {
        let mut seen = vec![false; stages.count()];
        let mut seen_in_chain = vec![false; stages.count()];
        let (mut secrets, mut ssh) = (HashSet::new(), HashSet::new());
        let mut args = Seen::default();
        let mut waiting = vec![target];
        while let Some(id) = waiting.pop() {
            if std::mem::replace(&mut seen[id.index()], true) {
                continue;
            }
            if let Some(stage) = stages[id].decl.and_then(|at| self.stages.get(at)) {
                // A stage uses what the FROM of each stage below it uses, in the sense the name has here.
                let mut wanted: Vec<&str> = stage.args.iter().map(|arg| arg.it.name.as_str()).collect();
                let mut below = Some(id);
                while let Some(one) = below.filter(|one| !seen_in_chain[one.index()]) {
                    seen_in_chain[one.index()] = true;
                    let of_one = stages[one].decl.and_then(|at| self.stages.get(at));
                    wanted.extend(of_one.iter().flat_map(|of_one| &of_one.used_in_from));
                    below = stages[one].base;
                }
                self.find_args(stage, wanted, &mut args, found);
                found.secrets.extend(stage.secrets.iter().filter(|(id, ..)| secrets.insert(*id)));
                found.ssh.extend(stage.ssh.iter().filter(|(id, ..)| ssh.insert(*id)));
            }
            waiting.extend(stages[id].deps.keys().rev());
            waiting.extend(stages[id].base);
        }
    }

    fn find_args(
        &self,
        stage: &OfStage<'a>,
        mut wanted: Vec<&'a str>,
        seen: &mut Seen<'a>,
        found: &mut Found<'a>,
    ) {
        wanted.reverse();
        while let Some(name) = wanted.pop() {
            let own = stage.own_args.get(name);
            let Some(arg) = own.or_else(|| self.global.get(name)) else { continue };
            if seen.listed.insert(name) {
                found.args.push(*arg);
            }
            if own.is_none() && seen.followed.insert(name) {
                wanted.extend(self.uses.get(name).into_iter().flatten());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::At;
    use crate::image::Platform;
    use crate::instruction::parse_file;
    use crate::options::Options;
    use crate::stage::{GlobalArgs, Platforms};
    use crate::syntax;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    /// Answers about the last stage of a file, with one note per `(stage, line, fact)` besides those of its FROMs.
    fn answer(text: &str, notes: &[(usize, u32, Fact)]) -> (String, serde_json::Value) {
        let sources = SourceMap::of("Dockerfile", text);
        let file = Arc::new(parse_file(syntax::parse(&sources.files()[0])));
        let host = Platform::new("linux", "amd64");
        let options = Options::from_map(&BTreeMap::new(), &[vec![host.clone()]], &host).unwrap();
        let platforms = Platforms::new(&options, None);
        let mut facts = Facts::new();
        let mut args = GlobalArgs::predefined(&platforms, &options.build_args, "");
        args.declare(&file, &options.build_args, &mut facts).unwrap();
        let stages = Stages::declare(&file, &options, &platforms, &args, &mut facts).unwrap();
        for (stage, line, fact) in notes {
            let start: usize = text.split_inclusive('\n').take(*line as usize - 1).map(str::len).sum();
            let span = Span::new(start as u32, start as u32 + 1);
            facts.note(At::new(Some(*stage), "", span), fact.clone());
        }
        let target = stages.ids().next_back().unwrap();
        let metadata = outline(&stages, target, &facts, &sources, text.as_bytes());
        let text = String::from_utf8(metadata["result.txt"].clone()).unwrap();
        (text, serde_json::from_slice(&metadata["result.json"]).unwrap())
    }

    fn arg(name: &str, value: Option<&str>, is_inherited: bool) -> Fact {
        Fact::Argument(Argument {
            name: name.into(),
            value: value.map(str::to_owned),
            description: None,
            uses: Vec::new(),
            is_inherited,
        })
    }

    #[test]
    fn arguments_of_a_from_are_followed_to_what_they_are_made_from() {
        let text = "ARG A=1\nARG B=$A\nARG C=3\n# B counts\nARG B=${B}0\nFROM a:$B AS base\nFROM base\n";
        let (text, _) = answer(text, &[]);
        assert_eq!(
            text,
            "BUILD ARG   VALUE   DESCRIPTION\nA           1       \nB           10      counts\n\n"
        );
    }

    #[test]
    fn a_stage_knows_its_own_arguments_first() {
        let text = "ARG A=1\nFROM a:$A AS base\nARG A=2\nFROM base AS last\nARG A\nARG D\n";
        let own = [(0, 3, arg("A", Some("2"), false)), (1, 5, arg("A", Some("1"), true))];
        let (text, json) = answer(text, &[own.as_slice(), &[(1, 6, arg("D", None, false))]].concat());
        assert_eq!(
            text,
            "TARGET: last\n\nBUILD ARG   VALUE   DESCRIPTION\nA           1       \nD                   \n\n"
        );
        assert_eq!(json["args"][0]["location"]["ranges"][0]["start"]["line"], 1);
    }

    #[test]
    fn mounts_of_all_stages_in_use_are_listed_once() {
        let secret = |required| Fact::Secret { id: "s".into(), is_required: required };
        let ssh = Fact::Ssh { id: "default".into(), is_required: false };
        let notes = [(0, 2, secret(true)), (1, 4, secret(false)), (0, 2, ssh)];
        let (text, _) = answer("FROM a AS b\nRUN x\nFROM b\nRUN y\n", &notes);
        assert_eq!(text, "SECRET   REQUIRED\ns        \n\nSSH       REQUIRED\ndefault   \n\n");
    }
}

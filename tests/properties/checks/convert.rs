//! A build from the Dockerfile to bytes: canonical, the same each time, within what the engine can do.
//!
//! An input is parts between lines `%%`: options as lines `NAME=value`, the Dockerfile, the ignore file, and any number
//! of answers, of which each question gets one. Two options are none of the frontend: `only` and `lacks` list what the
//! engine can do, and what it cannot.

use super::{parts, settings};
use multistage::image::{Config, Platform};
use multistage::internal::draw;
use multistage::internal::explain;
use multistage::internal::limits::CONFIG_BYTES;
use multistage::internal::options::Options;
use multistage::internal::pipeline::{Build, Outcome, Scope, Source};
use multistage::internal::plan::{Answer, AskError, Entry, Question, SourceMeta, Step};
use multistage::internal::report;
use multistage::internal::text::defused;
use multistage::llb::{self, CapSet, Definition, MarshalOptions, SourceText, caps, line_ranges};
use std::collections::BTreeMap;
use std::sync::Arc;

/// More questions than this are not asked by any build that ends; see the limits of the planner.
const MOST_ROUNDS: usize = 250;

/// What an input says.
struct Input<'a> {
    options: BTreeMap<String, String>,
    engine: CapSet,
    dockerfile: &'a [u8],
    ignore: &'a [u8],
    answers: Vec<&'a [u8]>,
}

pub fn check(data: &[u8]) {
    let input = Input::read(data);
    for scope in [Scope::Target, Scope::All] {
        let Some((source, outcome)) = input.build(scope) else { return };
        let sources = &source.project.sources;
        for warning in &outcome.warnings {
            let line = sources.lines(warning.span).0;
            let short = warning.short(line);
            assert_eq!(short, defused(&short));
        }
        for error in &outcome.more_errors {
            assert!(!error.message.is_empty());
            sources.lines(error.span);
        }
        match outcome.built {
            Err(error) => {
                assert!(!error.diagnostic.message.is_empty() || error.cause.is_some());
                error.diagnostic.ranges.iter().for_each(|span| drop(line_ranges(sources, *span)));
            }
            Ok(mut built) => {
                let graph = built.converted.graph.clone();
                marshaled(&source, &graph, built.converted.root, &built.plan.platforms.target);
                looked_at(&source, &outcome.facts, &built.plan);
                if scope == Scope::Target {
                    let target = built.plan.platforms.target.clone();
                    let root = built.converted.root;
                    let fit = built.converted.graph.legalize(root, &input.engine, &target);
                    if fit.is_ok() {
                        let found = marshaled(&source, &built.converted.graph, root, &target);
                        let said = found.said();
                        let needed = said.values().flat_map(|said| said.caps.keys());
                        assert!(needed.into_iter().all(|cap| input.engine.has(cap)));
                    }
                }
                let json = built.converted.image.to_json();
                if json.len() <= CONFIG_BYTES {
                    assert_eq!(Config::from_json(&json).expect("it is a config").to_json(), json);
                }
            }
        }
    }
}

/// Marshals a graph twice and checks what came out.
fn marshaled(
    source: &Source,
    graph: &llb::Graph,
    root: Option<llb::Edge>,
    platform: &Platform,
) -> Definition {
    let text = SourceText {
        map: &source.project.sources,
        language: "Dockerfile",
        definition: Some(&source.project.definition),
    };
    let options = MarshalOptions { source: Some(text), ..MarshalOptions::new(platform) };
    let found = match graph.marshal(root, &options) {
        Ok(found) => found,
        // A step may say less than an engine wants to know, such as RUN without a command.
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Definition::default();
        }
    };
    graph.prove(&found);
    assert_eq!(graph.marshal(root, &options).expect("it still is"), found);
    let bytes = found.encode();
    assert_eq!(Definition::decode(&bytes).expect("it is one").encode(), bytes);
    let ops = explain::Ops::of(&found);
    let _ = draw::json(&draw::of_ops(&ops, &source.project.sources));
    graph.dump(root).expect("it can be shown");
    found
}

/// What people and clients are told about a build.
fn looked_at(
    source: &Source,
    facts: &multistage::internal::facts::Facts,
    plan: &multistage::internal::plan::Plan,
) {
    let sources = &source.project.sources;
    let data = sources.files()[0].data();
    report::outline(&plan.stages, plan.target, facts, sources, data);
    report::targets(&source.file, sources, data);
}

impl<'a> Input<'a> {
    fn read(data: &'a [u8]) -> Input<'a> {
        let mut parts = parts(data).into_iter();
        let mut options: BTreeMap<_, _> = settings(parts.next().unwrap_or_default()).into_iter().collect();
        let only = options.remove("only");
        let lacks = options.remove("lacks").unwrap_or_default();
        let known = only.as_deref().map_or(caps::ALL.to_vec(), |only| only.split(',').collect());
        let lacks: Vec<_> = lacks.split(',').collect();
        Input {
            engine: CapSet::of(known.into_iter().filter(|cap| !lacks.contains(cap))),
            options,
            dockerfile: parts.next().unwrap_or_default(),
            ignore: parts.next().unwrap_or_default(),
            answers: parts.collect(),
        }
    }

    fn build(&self, scope: Scope) -> Option<(Source, Outcome)> {
        let host = Platform::new("linux", "amd64");
        let options = match Options::from_map(&self.options, &[vec![host.clone()]], &host) {
            Ok(options) => Arc::new(options),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                return None;
            }
        };
        let mut entry = Entry::new(Arc::clone(&options));
        let mut rounds = 0;
        let project = loop {
            rounds += 1;
            assert!(rounds < MOST_ROUNDS, "it asks for ever");
            match entry.step() {
                Ok(Step::Done(project)) => break project,
                Ok(Step::Ask(questions)) => self.answer_all(questions, |question, answer| {
                    entry.tell(question, answer);
                }),
                Err(_) => return None,
            }
        };
        let named = self.options.get("platform").and_then(|list| list.split(',').next());
        let target = named.and_then(|name| Platform::parse(name, &host).ok());
        let source = Source::read(project, options).ok()?;
        let mut build = Build::new(&source, target.as_ref(), scope, true);
        loop {
            rounds += 1;
            assert!(rounds < MOST_ROUNDS, "it asks for ever");
            match build.step() {
                Step::Done(outcome) => return Some((source, outcome)),
                Step::Ask(questions) => self.answer_all(questions, |question, answer| {
                    build.tell(question, answer);
                }),
            }
        }
    }

    fn answer_all(&self, questions: Vec<Question>, mut tell: impl FnMut(Question, Answer)) {
        assert!(!questions.is_empty(), "it waits for nothing");
        for question in questions {
            let answer = self.answer(&question);
            tell(question, answer);
        }
    }

    fn answer(&self, question: &Question) -> Answer {
        let said = self.said(question);
        if let Some(words) = said.and_then(|said| said.strip_prefix(b"!")) {
            let message = String::from_utf8_lossy(words).into_owned();
            return Answer::Failed(AskError { code: 2, message, ..AskError::default() });
        }
        match question {
            Question::Files(files) => {
                let missing = || AskError { code: 5, message: "not found".to_owned(), ..AskError::default() };
                let read = |path: &str| match path.ends_with(".dockerignore") {
                    true if self.ignore.is_empty() => Err(missing()),
                    true => Ok(self.ignore.to_vec()),
                    false if files.files.len() > 1 => Ok(self.dockerfile.to_vec()),
                    false => said.map(<[u8]>::to_vec).ok_or_else(missing),
                };
                Answer::Files(files.files.iter().map(|file| read(&file.path)).collect())
            }
            Question::Inputs => Answer::Inputs(self.inputs()),
            Question::ImageConfig(image) => {
                let said = said.unwrap_or(CONFIG);
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                if let Some(identifier) = said.strip_prefix(b"@") {
                    return Answer::NotAnImage { identifier: text(identifier) };
                }
                // A first line may name another image and its digest.
                let end = said.iter().position(|byte| *byte == b'\n').unwrap_or(0);
                let (reference, digest, config) = match said.strip_prefix(b"=") {
                    Some(_) => {
                        let first = text(&said[1..end.max(1)]);
                        let (name, digest) = first.split_once(' ').unwrap_or((&first, ""));
                        (name.to_owned(), digest.to_owned(), &said[end..])
                    }
                    None => (image.reference.clone(), format!("sha256:{}", "0".repeat(64)), said),
                };
                Answer::ImageConfig { reference, digest, config: config.to_vec() }
            }
            Question::SourceMeta(_) => {
                let number = said.and_then(|said| str::from_utf8(said).ok()?.trim().parse().ok());
                let git_commit = said.map(<[u8]>::to_vec).filter(|_| number.is_none());
                Answer::SourceMeta(SourceMeta {
                    git_commit,
                    is_http: number.is_some(),
                    http_last_modified: number,
                })
            }
        }
    }

    /// Returns what is said to a question: equal ones have equal answers.
    fn said(&self, question: &Question) -> Option<&'a [u8]> {
        let key = match question {
            Question::ImageConfig(image) => &image.reference,
            Question::Files(files) => &files.files.first()?.path,
            Question::Inputs => return None,
            Question::SourceMeta(source) => &source.identifier,
        };
        let sum = key.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        self.answers.get(sum % self.answers.len().max(1)).copied()
    }

    /// Returns the inputs: the definitions among the answers, by their number.
    fn inputs(&self) -> BTreeMap<String, Definition> {
        let decoded = self.answers.iter().enumerate();
        let decoded = decoded.filter_map(|(at, said)| {
            Some((at.to_string(), Definition::decode(said.strip_prefix(b"#")?).ok()?))
        });
        decoded.collect()
    }
}

const CONFIG: &[u8] = br#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:0"]}}"#;

//! What is measured, and an outside that answers at once: builds made up in three sizes, and of any shape.

#![forbid(unsafe_code)]

use multistage::image::Platform;
use multistage::instruction::{File, parse_file};
use multistage::internal::convert::Converted;
use multistage::internal::facts::Facts;
use multistage::internal::options::Options;
use multistage::internal::plan::{Answer, Entry, Plan, Planner, Project, Question, Step};
use multistage::internal::syntax::Tree;
use multistage::internal::{convert, syntax};
use multistage::llb::{Definition, Graph, MarshalOptions, SourceText};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of five instructions.
pub const SMALL: &str = "\
FROM alpine:3.22
WORKDIR /app
COPY . .
RUN apk add --no-cache ca-certificates
CMD [\"/app/run\"]
";

/// A file as projects have it: three stages, variables, mounts, a heredoc, flags.
pub const USUAL: &str = include_str!("usual.Dockerfile");

/// Returns a file of `stages` stages, each on top of the one before, with `steps` instructions in all.
pub fn generated(stages: usize, steps: usize) -> String {
    let mut text = String::new();
    for stage in 0..stages {
        let _ = match stage {
            0 => writeln!(text, "FROM alpine:3.22 AS stage0"),
            _ => writeln!(text, "FROM stage{} AS stage{stage}", stage - 1),
        };
        let first = stage * steps / stages;
        for step in first + 1..(stage + 1) * steps / stages {
            let _ = match step % 5 {
                0 => writeln!(text, "COPY --chown=1000:1000 src/module{step} /src/module{step}/"),
                1 => writeln!(text, "ARG VERSION=1.{step}"),
                2 => writeln!(text, "WORKDIR /src/module{step}"),
                3 => writeln!(text, "RUN make VERSION=$VERSION \\\n    && make install # {step}"),
                _ => writeln!(text, "RUN [\"/bin/check\", \"--module={step}\"]"),
            };
        }
    }
    text
}

/// Returns the texts of the conformance kit's real files; none if `KIT` names no kit.
pub fn real_files() -> Vec<String> {
    let Some(kit) = std::env::var_os("KIT") else { return Vec::new() };
    let list = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let is_real =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("real-"));
    let groups = list(&Path::new(&kit).join("cases")).into_iter().filter(is_real);
    let cases = groups.flat_map(|group| list(&group));
    let files = cases.flat_map(|case| [case.join("Dockerfile"), case.join("context/Dockerfile")]);
    files.filter_map(|file| fs::read_to_string(file).ok()).collect()
}

/// A Dockerfile on its way through the rooms. Each stays a function of its own, so that a profile can tell them apart.
pub struct Work {
    /// What is asked for.
    pub options: Arc<Options>,
    /// The text.
    pub project: Arc<Project>,
}

impl Work {
    /// Starts on a text.
    ///
    /// # Panics
    /// If the context cannot be found, which only a mistake in here brings about.
    pub fn new(text: &str) -> Work {
        let options = Options::new();
        let options = Arc::new(options);
        let mut entry = Entry::new(Arc::clone(&options));
        let project = loop {
            match entry.step().expect("the context is found") {
                Step::Done(project) => break project,
                Step::Ask(questions) => {
                    for question in questions {
                        let answer = answer(&question, text);
                        entry.tell(question, answer);
                    }
                }
            }
        };
        Work { options, project: Arc::new(project) }
    }

    /// Returns the statements: keyword, flags and arguments of each instruction. Some parsers go no further.
    #[inline(never)]
    pub fn tree(&self) -> Tree {
        syntax::parse(&self.project.sources.files()[0])
    }

    /// Returns the instructions.
    #[inline(never)]
    pub fn parse(&self) -> Arc<File> {
        Arc::new(parse_file(syntax::parse(&self.project.sources.files()[0])))
    }

    /// Asks and answers until nothing is unknown.
    ///
    /// # Panics
    /// If the file is wrong.
    #[inline(never)]
    pub fn plan(&self, file: &Arc<File>) -> Plan {
        let (project, file, options) =
            (Arc::clone(&self.project), Arc::clone(file), Arc::clone(&self.options));
        let mut planner = Planner::new(project, file, options, None, false);
        loop {
            match planner.step().unwrap_or_else(|error| panic!("{}", error.diagnostic.message)) {
                Step::Done(plan) => return plan,
                Step::Ask(questions) => {
                    for question in questions {
                        let answer = answer(&question, "");
                        planner.tell(question, answer);
                    }
                }
            }
        }
    }

    /// Turns a plan into a graph.
    ///
    /// # Panics
    /// If the file is wrong.
    #[inline(never)]
    pub fn convert(&self, plan: &Plan) -> Converted {
        convert::convert(plan, &self.options, &self.project.sources, &mut Facts::new())
            .unwrap_or_else(|error| panic!("{}", error.message))
    }

    /// Turns a graph into bytes, with places, as for an engine.
    ///
    /// # Panics
    /// If the graph is broken.
    #[inline(never)]
    pub fn marshal(&self, converted: &Converted) -> Definition {
        let graph: &Graph = &converted.graph;
        let platform = &Platform::host();
        let text = SourceText {
            map: &self.project.sources,
            language: "Dockerfile",
            definition: Some(&self.project.definition),
        };
        let options = MarshalOptions { source: Some(text), ..MarshalOptions::new(platform) };
        graph.marshal(converted.root, &options).expect("the graph is whole")
    }
}

/// Answers for an engine with an empty context and an image behind every name.
fn answer(question: &Question, dockerfile: &str) -> Answer {
    match question {
        Question::Files(files) => {
            let read = |path: &str| match path.ends_with("ockerfile") {
                true => Ok(dockerfile.as_bytes().to_vec()),
                false => Err(Default::default()),
            };
            Answer::Files(files.files.iter().map(|file| read(&file.path)).collect())
        }
        Question::Inputs => Answer::Inputs(Default::default()),
        Question::ImageConfig(image) => Answer::ImageConfig {
            reference: image.reference.clone(),
            digest: format!("sha256:{}", "0123456789abcdef".repeat(4)),
            config: CONFIG.into(),
        },
        Question::SourceMeta(_) => Answer::SourceMeta(Default::default()),
    }
}

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:0"]}}"#;

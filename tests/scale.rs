//! Files far larger than any that people write: they take time in step with their size, and hardly any stack.

use multistage::image::Platform;
use multistage::internal::options::Options;
use multistage::internal::pipeline::{Build, Scope, Source};
use multistage::internal::plan::{Answer, Entry, Question, Step};
use multistage::llb::MarshalOptions;
use std::fmt::Write;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// No recursion over stages, instructions or ops fits into this many times.
const STACK_BYTES: usize = 512 << 10;

/// What is linear takes seconds, even in a debug build on a busy machine; what is quadratic takes many minutes.
const LIMIT: Duration = Duration::from_secs(120);

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:0"]}}"#;

fn answer(question: &Question, dockerfile: &str) -> Answer {
    match question {
        Question::Files(files) => {
            let is_dockerfile = |path: &str| path.ends_with("ockerfile");
            let read = |path: &str| match is_dockerfile(path) {
                true => Ok(dockerfile.as_bytes().to_vec()),
                false => Err(Default::default()),
            };
            Answer::Files(files.files.iter().map(|file| read(&file.path)).collect())
        }
        Question::Inputs => Answer::Inputs(Default::default()),
        Question::ImageConfig(image) => Answer::ImageConfig {
            reference: image.reference.clone(),
            digest: format!("sha256:{}", "0".repeat(64)),
            config: CONFIG.into(),
        },
        Question::SourceMeta(_) => Answer::SourceMeta(Default::default()),
    }
}

/// Takes a file through all rooms and returns the number of its ops.
fn ops(text: &str) -> usize {
    let host = Platform::new("linux", "amd64");
    let options = Arc::new(Options::new());
    let mut entry = Entry::new(Arc::clone(&options));
    let project = loop {
        match entry.step().expect("the Dockerfile is found") {
            Step::Done(project) => break project,
            Step::Ask(questions) => {
                questions.into_iter().for_each(|question| {
                    let answer = answer(&question, text);
                    entry.tell(question, answer);
                });
            }
        }
    };
    let source = Source::read(project, options).expect("the Dockerfile is not empty");
    let mut build = Build::new(&source, None, Scope::Target, true);
    let outcome = loop {
        match build.step() {
            Step::Done(outcome) => break outcome,
            Step::Ask(questions) => {
                questions.into_iter().for_each(|question| {
                    let answer = answer(&question, text);
                    build.tell(question, answer);
                });
            }
        }
    };
    let built = outcome.built.unwrap_or_else(|error| panic!("{}", error.diagnostic.message));
    let (graph, root) = (built.converted.graph, built.converted.root);
    assert!(!graph.dump(root).expect("the graph has no cycle").is_empty());
    graph.marshal(root, &MarshalOptions::new(&host)).expect("the graph is whole").ops.len()
}

#[track_caller]
fn check(text: String, expected: usize) {
    let started = Instant::now();
    let work = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || ops(&text)).unwrap();
    assert_eq!(work.join().unwrap(), expected);
    assert!(started.elapsed() < LIMIT, "took {:?}", started.elapsed());
}

#[test]
fn a_chain_of_ten_thousand_stages() {
    let mut text = String::from("FROM alpine AS s0\nRUN echo 0\n");
    for stage in 1..10_000 {
        let _ = write!(text, "FROM s{} AS s{stage}\nRUN echo {stage}\n", stage - 1);
    }
    check(text, 10_002);
}

#[test]
fn the_same_arguments_before_every_run() {
    let mut text = String::from("FROM alpine\n");
    for step in 0..20_000 {
        let _ = write!(text, "ARG VERSION={step}\nRUN make {step}\n");
    }
    check(text, 20_002);
}

//! Files far larger than any that people write: they take time and memory in step with their size, and hardly any stack.
//!
//! Time is held loosely, as machines differ. Memory is counted where it is allocated, which is the same on all of them:
//! an instruction of a large file must not take more than one of a small file. `make bench` measures the time.

use multistage::image::Platform;
use multistage::internal::options::Options;
use multistage::internal::pipeline::{Build, Outcome, Scope, Source};
use multistage::internal::plan::{Answer, Entry, Question, Step};
use multistage::llb::{Definition, MarshalOptions};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
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

/// Takes a file through all rooms up to a graph.
fn outcome(text: &str) -> Outcome {
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
    loop {
        match build.step() {
            Step::Done(outcome) => return outcome,
            Step::Ask(questions) => {
                questions.into_iter().for_each(|question| {
                    let answer = answer(&question, text);
                    build.tell(question, answer);
                });
            }
        }
    }
}

/// Takes a file through all rooms.
fn definition(text: &str, dumps: bool) -> Definition {
    let host = Platform::new("linux", "amd64");
    let built = outcome(text).built.unwrap_or_else(|error| panic!("{}", error.diagnostic.message));
    let (graph, root) = (built.converted.graph, built.converted.root);
    assert!(!dumps || !graph.dump(root).expect("the graph has no cycle").is_empty());
    graph.marshal(root, &MarshalOptions::new(&host)).expect("the graph is whole")
}

/// What a thread has allocated: how often, how many bytes are in use, and how many were at most.
#[derive(Clone, Copy, Default)]
struct Allocated {
    count: isize,
    bytes: isize,
    most_bytes: isize,
}

thread_local! {
    static ALLOCATED: Cell<Allocated> = const { Cell::new(Allocated { count: 0, bytes: 0, most_bytes: 0 }) };
}

struct Counting;

#[global_allocator]
static MEMORY: Counting = Counting;

impl Counting {
    fn note(&self, count: isize, bytes: isize) {
        ALLOCATED.with(|all| {
            let Allocated { count: counted, bytes: before, most_bytes } = all.get();
            let bytes = before + bytes;
            all.set(Allocated { count: counted + count, bytes, most_bytes: most_bytes.max(bytes) });
        });
    }
}

// Safety: every call goes to the system's allocator as it is, and so does every answer. Counting allocates nothing: the
// cell needs no set-up and no end.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.note(1, layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        self.note(0, -(layout.size() as isize));
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.note(1, size as isize - layout.size() as isize);
        unsafe { System.realloc(at, layout, size) }
    }
}

/// Returns how often memory is asked for, and how many bytes are in use at most, for each instruction of a build.
fn cost(text: String, instructions: usize) -> (f64, f64) {
    let work = move || {
        let before = ALLOCATED.get();
        ALLOCATED.set(Allocated { most_bytes: before.bytes, ..before });
        let definition = definition(&text, false);
        let after = ALLOCATED.get();
        definition.verify().expect("the definition is canonical");
        (after.count - before.count, after.most_bytes - before.bytes)
    };
    let (count, bytes) = thread::spawn(work).join().unwrap();
    (count as f64 / instructions as f64, bytes as f64 / instructions as f64)
}

/// Returns stages on top of each other, each of ten instructions.
fn mixed(stages: usize) -> String {
    let mut text = String::from("FROM alpine AS s0\n");
    for stage in 0..stages {
        if stage > 0 {
            let _ = writeln!(text, "FROM s{} AS s{stage}", stage - 1);
        }
        let _ = write!(
            text,
            "ARG VERSION=1.{stage}\nWORKDIR /src/{stage}\nCOPY --chown=1:1 a{stage} b/\nRUN make \\\n  $VERSION {stage}\n\
             RUN [\"check\", \"{stage}\"]\nENV A={stage}\nCOPY --from=busybox x y{stage}\nLABEL l=$A\nRUN end {stage}\n"
        );
    }
    text
}

#[test]
fn an_instruction_of_a_large_file_takes_no_more_memory() {
    let (small, large) = (cost(mixed(100), 1_000), cost(mixed(2_000), 20_000));
    eprintln!("allocations: {:.1} and {:.1}; bytes: {:.0} and {:.0}", small.0, large.0, small.1, large.1);
    assert!(large.0 < 1.1 * small.0, "{} allocations, {} in a small file", large.0, small.0);
    assert!(large.1 < 1.2 * small.1, "{} bytes, {} in a small file", large.1, small.1);
}

#[test]
fn variables_may_nest_as_deep_as_a_line_is_long() {
    let text = format!("FROM alpine\nENV A={}x{}\n", "${B:-".repeat(10_000), "}".repeat(10_000));
    // Expansion does recur, but no more than 400 deep.
    let error =
        thread::spawn(move || outcome(&text).built).join().unwrap().expect_err("there is an end to it");
    assert!(error.diagnostic.message.contains("nested"), "{}", error.diagnostic.message);
}

#[track_caller]
fn check(text: String, expected: usize) {
    let started = Instant::now();
    let work = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || definition(&text, true)).unwrap();
    let definition = work.join().unwrap();
    assert!(started.elapsed() < LIMIT, "took {:?}", started.elapsed());
    assert_eq!(definition.ops.len(), expected);
    definition.verify().expect("the definition is canonical");
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
fn a_chain_of_a_hundred_thousand_stages() {
    let mut text = String::from("FROM alpine AS s0\n");
    for stage in 1..100_000 {
        let _ = writeln!(text, "FROM s{} AS s{stage}", stage - 1);
    }
    check(text, 2);
}

#[test]
fn the_same_arguments_before_every_run() {
    let mut text = String::from("FROM alpine\n");
    for step in 0..20_000 {
        let _ = write!(text, "ARG VERSION={step}\nRUN make {step}\n");
    }
    check(text, 20_002);
}

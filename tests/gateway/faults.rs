//! An engine that fails: each fault at each call of each method, in builds that between them make all calls.
//!
//! Every run must end, in one of three ways, and name the call. The table of all of them is `docs/failures.md`; with
//! `UPDATE=1` in the environment it is written anew, otherwise compared.

use crate::bridge::{End, Reply, Tamper, base64, framed};
use crate::{Engine, LLB, PROTOCOL, Run, failure, run, wait};
use h2::Reason;
use multistage::internal::pb::gateway as gw;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// What goes wrong with one answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// An error, with what details.
    Status(i32, Details),
    /// A message that is none.
    GarbageMessage,
    /// A message that ends before its length.
    TruncatedMessage,
    /// Two messages.
    TwoMessages,
    /// No message.
    NoMessage,
    /// A message that is said to be compressed.
    Compressed,
    /// A message without fields.
    EmptyMessage,
    /// Fields that nobody knows, after those that are known.
    UnknownFields,
    /// More than a message may hold.
    HugeMessage,
    /// A body without a status behind it.
    NoStatus,
    /// An error of HTTP.
    Http(u16),
    /// A stream that is reset before the message, or in the middle of it.
    Reset(Reason, bool),
    /// The connection is closed before the answer.
    ClosedBefore,
    /// It is closed after so many bytes of the answer.
    ClosedWithin(usize),
    /// It is closed after the answer.
    ClosedAfter,
    /// No more calls are taken.
    GoAway,
    /// Bytes that are no HTTP.
    GarbageBytes,
    /// The answer comes late.
    Late,
    /// It does not come, until the connection is closed.
    Never,
    /// It does not come; the connection stays.
    Silent,
}

/// Details of an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Details {
    None,
    Good,
    Garbage,
    /// Not even base64.
    Unreadable,
}

const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// What the engine says with each of its errors.
const WORDS: &str = "it is broken";

impl Fault {
    /// All of them.
    fn all() -> Vec<Fault> {
        let mut all: Vec<Fault> = (1..=16).map(|code| Fault::Status(code, Details::None)).collect();
        all.extend([Fault::Status(2, Details::Good), Fault::Status(13, Details::Garbage)]);
        all.push(Fault::Status(2, Details::Unreadable));
        // No such code.
        all.push(Fault::Status(99, Details::None));
        all.extend([
            Fault::GarbageMessage,
            Fault::TruncatedMessage,
            Fault::TwoMessages,
            Fault::NoMessage,
            Fault::Compressed,
            Fault::EmptyMessage,
            Fault::UnknownFields,
            Fault::HugeMessage,
            Fault::NoStatus,
            Fault::Http(500),
            Fault::Http(503),
        ]);
        for reason in [
            Reason::NO_ERROR,
            Reason::CANCEL,
            Reason::INTERNAL_ERROR,
            Reason::REFUSED_STREAM,
            Reason::ENHANCE_YOUR_CALM,
        ] {
            all.push(Fault::Reset(reason, false));
        }
        all.push(Fault::Reset(Reason::CANCEL, true));
        all.push(Fault::ClosedBefore);
        all.extend([1, 9, 12].map(Fault::ClosedWithin));
        all.extend([Fault::ClosedAfter, Fault::GoAway, Fault::GarbageBytes, Fault::Late, Fault::Never]);
        all
    }

    fn name(self) -> String {
        match self {
            Fault::Status(code, details) => {
                let code = CODES.get(code as usize).map_or(format!("code {code}"), |name| (*name).to_owned());
                match details {
                    Details::None => format!("answers {code}"),
                    Details::Good => format!("answers {code} with details"),
                    Details::Garbage => format!("answers {code} with garbage as details"),
                    Details::Unreadable => format!("answers {code} with details that are no base64"),
                }
            }
            Fault::GarbageMessage => "answers garbage".to_owned(),
            Fault::TruncatedMessage => "answers half a message".to_owned(),
            Fault::TwoMessages => "answers two messages".to_owned(),
            Fault::NoMessage => "answers no message".to_owned(),
            Fault::Compressed => "answers a compressed message".to_owned(),
            Fault::EmptyMessage => "answers a message without fields".to_owned(),
            Fault::UnknownFields => "adds fields that nobody knows".to_owned(),
            Fault::HugeMessage => "answers 17 MiB".to_owned(),
            Fault::NoStatus => "answers without a status".to_owned(),
            Fault::Http(status) => format!("answers HTTP {status}"),
            Fault::Reset(reason, false) => format!("resets the stream: {reason:?}"),
            Fault::Reset(reason, true) => format!("resets the stream within the message: {reason:?}"),
            Fault::ClosedBefore => "closes the pipe before the answer".to_owned(),
            Fault::ClosedWithin(bytes) => format!("closes the pipe at byte {bytes} of the answer"),
            Fault::ClosedAfter => "closes the pipe after the answer".to_owned(),
            Fault::GoAway => "answers, and takes no more calls".to_owned(),
            Fault::GarbageBytes => "sends bytes that are no HTTP".to_owned(),
            Fault::Late => "answers late".to_owned(),
            Fault::Never => "never answers, and closes the pipe in the end".to_owned(),
            Fault::Silent => "never answers".to_owned(),
        }
    }

    /// Tells whether it ends the connection. Then the words depend on which pipe is found closed first.
    fn is_of_the_connection(self) -> bool {
        use Fault::{ClosedAfter, ClosedBefore, ClosedWithin, GarbageBytes, GoAway, Never};
        matches!(self, ClosedBefore | ClosedWithin(_) | ClosedAfter | GoAway | GarbageBytes | Never)
    }

    /// How long the answer takes.
    pub fn delay(&self) -> Duration {
        if *self == Fault::Late { Duration::from_millis(50) } else { Duration::ZERO }
    }

    /// Spoils an answer.
    pub fn done_to(self, reply: Reply) -> Reply {
        let whole = match &reply {
            Reply::Message(message) => message.clone(),
            _ => Vec::new(),
        };
        let well = |bytes| Reply::Bytes(bytes, End::Well);
        match self {
            Fault::Status(code, Details::None) => Reply::Status(code, WORDS, String::new()),
            Fault::Status(code, Details::Good) => failure(code, WORDS),
            Fault::Status(code, Details::Garbage) => Reply::Status(code, WORDS, base64(&[0xff; 100])),
            Fault::Status(code, Details::Unreadable) => Reply::Status(code, WORDS, "*!=".to_owned()),
            Fault::GarbageMessage => Reply::Message(vec![0xff; 64]),
            Fault::TruncatedMessage => {
                let mut bytes = framed(&[&whole[..], &[0; 8]].concat());
                bytes.truncate(bytes.len() - 5);
                well(bytes)
            }
            Fault::TwoMessages => well([framed(&whole), framed(&whole)].concat()),
            Fault::NoMessage => well(Vec::new()),
            Fault::Compressed => {
                let mut bytes = framed(&whole);
                bytes[0] = 1;
                well(bytes)
            }
            Fault::EmptyMessage => Reply::Message(Vec::new()),
            // Field 1000, of each of the four kinds.
            Fault::UnknownFields => {
                let more = b"\xc0\x3e\x01\xc2\x3e\x01x\xc5\x3e\0\0\0\0\xc1\x3e\0\0\0\0\0\0\0\0";
                match reply {
                    Reply::Message(message) => Reply::Message([&message[..], more].concat()),
                    refusal => refusal,
                }
            }
            Fault::HugeMessage => Reply::Message(vec![0; 17 << 20]),
            Fault::NoStatus => Reply::Bytes(framed(&whole), End::Without),
            Fault::Http(status) => Reply::Http(status),
            Fault::Reset(reason, is_within) => {
                let bytes = if is_within { framed(&whole)[..3].to_vec() } else { Vec::new() };
                Reply::Bytes(bytes, End::Reset(reason))
            }
            Fault::ClosedBefore => Reply::Close,
            Fault::ClosedWithin(bytes) => Reply::Pipe(Tamper::Cut(bytes), Box::new(reply)),
            Fault::ClosedAfter => Reply::Last(Box::new(reply), Duration::from_millis(30)),
            Fault::GoAway => Reply::GoAway(Box::new(reply)),
            Fault::GarbageBytes => Reply::Pipe(Tamper::Garbage, Box::new(reply)),
            Fault::Late => reply,
            Fault::Silent => Reply::Never,
            Fault::Never => Reply::Last(Box::new(Reply::Never), Duration::from_millis(100)),
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    /// Return was called with a result, and the status is 0: the fault did not matter.
    Fine,
    /// Return was called with an error, and the status is 0.
    Told,
    /// The status is 1, and standard error says why.
    Failed,
}

const METHODS: [&str; 9] = [
    "Ping",
    "Inputs",
    "Solve",
    "ReadFile",
    "StatFile",
    "ResolveSourceMeta",
    "ResolveImageConfig",
    "Warn",
    "Return",
];

const BUILD: &str = "FROM alpine AS Base\nMAINTAINER me\nFROM busybox\nCOPY a /a\nCOPY --from=Base / /\n";

/// Engines and files that between them are called by all methods.
fn scenarios() -> Vec<(Engine, &'static [&'static str])> {
    let old = Engine::with(BUILD).without("source.metaresolver").without("gateway.solve.evaluate");
    vec![
        (Engine::with(BUILD), &[]),
        (old, &["context:base=local:base"]),
        (Engine::with("# syntax=some/frontend\nFROM alpine\n"), &[]),
        (Engine::with(BUILD), &["requestid=frontend.outline"]),
    ]
}

/// Sorts out how a run ended, and checks what it said.
fn ending(run: &Run, fault: Fault, at: &str) -> (Ending, String) {
    let said_on_stderr = run.stderr.lines().count();
    // A message without fields is an answer: an engine without capabilities, an empty Dockerfile.
    let is_answer = fault == Fault::EmptyMessage;
    let names_a_call = |text: &str| is_answer || METHODS.iter().any(|method| text.contains(method));
    match (run.status.code(), &run.returned) {
        (Some(0), Some(gw::ReturnRequest { error: None, .. })) => {
            assert_eq!(said_on_stderr, 0, "{at}: {}", run.stderr);
            (Ending::Fine, String::new())
        }
        (Some(0), Some(gw::ReturnRequest { error: Some(error), .. })) => {
            // Errors about the build go back in the engine's words; its log says what was called.
            let is_named = names_a_call(&error.message) || (said_on_stderr == 1 && names_a_call(&run.stderr));
            assert!(is_named, "{at}: {} / {}", error.message, run.stderr);
            assert!((1..=16).contains(&error.code) || error.code == 99, "{at}: code {}", error.code);
            (Ending::Told, error.message.clone())
        }
        (Some(1), _) => {
            assert!((1..=2).contains(&said_on_stderr) && names_a_call(&run.stderr), "{at}: {}", run.stderr);
            let last = run.stderr.lines().last().unwrap_or_default();
            (Ending::Failed, last.trim_start_matches("multistage-frontend: ").to_owned())
        }
        other => panic!("{at}: {other:?} {}", run.stderr),
    }
}

/// What came of one fault: by method how often it ended how, and what is said when the Dockerfile cannot be read.
#[derive(Default)]
struct Row {
    endings: BTreeMap<&'static str, BTreeMap<Ending, usize>>,
    words: String,
}

#[test]
fn every_fault_at_every_call_ends_well() {
    let mut jobs = Vec::new();
    let mut seen = BTreeSet::new();
    for (scenario, (engine, options)) in scenarios().into_iter().enumerate() {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for call in run(engine, options).calls {
            let count = counts.entry(call.clone()).or_default();
            for fault in Fault::all() {
                jobs.push((scenario, call.clone(), *count, fault));
            }
            *count += 1;
            seen.insert(call);
        }
    }
    assert_eq!(seen.len(), METHODS.len(), "{seen:?}");

    let table: Mutex<BTreeMap<String, Row>> = Mutex::default();
    let (next, slowest) = (AtomicUsize::new(0), Mutex::new((Duration::ZERO, String::new())));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((scenario, method, nth, fault)) = jobs.get(next.fetch_add(1, SeqCst)) {
                    let (engine, options) = scenarios().swap_remove(*scenario);
                    let at = format!("{} at {method} {nth} of scenario {scenario}", fault.name());
                    let started = Instant::now();
                    let run = run(Engine { fault: Some((method.clone(), *nth, *fault)), ..engine }, options);
                    let took = started.elapsed();
                    let (ending, words) = ending(&run, *fault, &at);
                    let mut table = table.lock().unwrap();
                    let row = table.entry(fault.name()).or_default();
                    let method = METHODS.iter().find(|known| *known == method).expect("it is known");
                    *row.endings.entry(method).or_default().entry(ending).or_default() += 1;
                    if (*scenario, *method, *nth) == (0, "ReadFile", 0) {
                        row.words = words;
                    }
                    let mut slowest = slowest.lock().unwrap();
                    if took > slowest.0 {
                        *slowest = (took, at);
                    }
                }
            });
        }
    });
    println!("{} runs, the slowest took {:?}", jobs.len(), slowest.into_inner().unwrap());
    compare(&page(&table.into_inner().unwrap(), jobs.len()));
}

const INTRODUCTION: &str = "# When the engine fails

Written by `tests/gateway/faults.rs`, which plays an engine that fails: each fault at each call of each method, in four
runs (a build, a build on an older engine, a build handed on to another frontend, a question about a Dockerfile). Each
run ends, in one of three ways:

- **fine**: the result is returned, the exit status is 0; the fault did not matter
- **told**: the error is returned, with the place in the Dockerfile where there is one; the exit status is 0
- **failed**: the engine can be told nothing any more; one line on standard error says why, the exit status is 1

The message names the call. Only where the engine itself says that something is wrong with the build (the codes Unknown,
InvalidArgument, NotFound, AlreadyExists, PermissionDenied, FailedPrecondition, Unauthenticated) its words go back as they
are, as with the reference; then a line on standard error, which BuildKit puts into its log, names the call.

No run outlasts the engine by more than a moment: when it closes either pipe, the process ends. There are four limits of
time: 15 s for the answer to Ping, the only one that a working engine gives at once (the reference has the same); 15 s for
warnings that are on their way when the result is there; 5 s to tell of a panic, or of a Ping that went wrong. There is none
on Solve and all that waits for it, which may rightly take hours: to cancel, the engine closes the pipes and kills the
process. SIGTERM has no handler: a process ends by it, but not the first one of a container, to which the kernel does not
deliver it; there the closed pipe does.
";

fn page(table: &BTreeMap<String, Row>, runs: usize) -> String {
    let mut out =
        format!("{INTRODUCTION}\n{runs} runs; a number is how many calls of the method ended so.\n\n");
    let columns = METHODS.join(" | ");
    writeln!(out, "| The engine | {columns} |\n| --- |{}", " --- |".repeat(METHODS.len())).unwrap();
    for fault in Fault::all() {
        let row = &table[&fault.name()];
        write!(out, "| {} |", fault.name()).unwrap();
        for method in METHODS {
            let endings = row.endings.get(method).into_iter().flatten();
            let cell: Vec<String> = endings
                .map(|(ending, count)| format!("{} {count}", format!("{ending:?}").to_lowercase()))
                .collect();
            write!(out, " {} |", cell.join(", ")).unwrap();
        }
        out.push('\n');
    }
    out.push_str("\nWhat is said when it happens as the Dockerfile is read:\n\n| The engine | Message |\n| --- | --- |\n");
    for fault in Fault::all().into_iter().filter(|fault| !fault.is_of_the_connection()) {
        // How much of a large message has come when it is found to be too large differs from run to run.
        let is_count = |word: &str| word.len() > 4 && word.bytes().all(|byte| byte.is_ascii_digit());
        let words = table[&fault.name()].words.split(' ');
        let words: Vec<&str> = words.map(|word| if is_count(word) { "…" } else { word }).collect();
        let words = match words.join(" ").as_str() {
            "" => "–".to_owned(),
            words => format!("`{words}`"),
        };
        writeln!(out, "| {} | {words} |", fault.name()).unwrap();
    }
    out
}

fn compare(page: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/failures.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    for (at, (found, written)) in page.lines().zip(written.lines()).enumerate() {
        assert_eq!(found, written, "line {} of {}", at + 1, file.display());
    }
    assert_eq!(page.lines().count(), written.lines().count());
}

#[test]
fn answers_in_another_order_than_asked_are_no_fault() {
    let names: Vec<String> = (0..20).map(|name| format!("image-{name}")).collect();
    let stages: String = names.iter().map(|name| format!("FROM {name} AS {name}\n")).collect();
    let copies: String = names.iter().map(|name| format!("COPY --from={name} / /\n")).collect();
    let text = format!("{stages}FROM scratch\n{copies}");
    let plain = run(Engine::with(text.clone()), &[]);
    // Whichever is asked first is answered last.
    let fault = Some(("ResolveSourceMeta".to_owned(), 0, Fault::Late));
    let shuffled = run(Engine { fault, images_at_once: 20, ..Engine::with(text) }, &[]);
    let last = |run: &Run| run.solves.last().and_then(|solve| solve.definition.clone());
    assert!(shuffled.status.success() && last(&plain).is_some());
    assert_eq!(last(&plain), last(&shuffled));
}

#[test]
fn engines_with_other_capabilities_are_answered() {
    #[track_caller]
    fn check(protocol: &[&'static str], llb: &[&'static str], expected: Result<(), &str>) {
        let engine =
            Engine { protocol: protocol.to_vec(), llb: llb.to_vec(), ..Engine::with("FROM alpine\nRUN x\n") };
        let run = run(engine, &[]);
        let said = match (&run.returned, run.status.code()) {
            (Some(gw::ReturnRequest { error: Some(error), .. }), Some(0)) => Err(error.message.as_str()),
            (_, Some(0)) => Ok(()),
            (_, _) => Err(run.stderr.as_str()),
        };
        match (said, expected) {
            (Ok(()), Ok(())) => {}
            (Err(said), Err(expected)) => assert!(said.contains(expected), "{said}"),
            other => panic!("{other:?}"),
        }
    }
    let too_old = Err("needs BuildKit 0.5 or later");
    check(PROTOCOL, LLB, Ok(()));
    check(&[], &[], too_old);
    check(PROTOCOL, &[], too_old);
    check(&[], LLB, Ok(()));
    check(&["of.the.future"], &["of.the.future"], too_old);
    let future: Vec<&str> = LLB.iter().copied().chain(["of.the.future", ""]).collect();
    check(&[PROTOCOL, &["of.the.future", ""]].concat(), &future, Ok(()));
}

#[test]
fn a_silent_engine_is_left_after_a_while() {
    let dockerfile = "FROM alpine AS Base\nMAINTAINER me\n";
    let silent = |method: &str| {
        let fault = Some((method.to_owned(), 0, Fault::Silent));
        let started = Instant::now();
        (run(Engine { fault, ..Engine::with(dockerfile) }, &[]), started.elapsed())
    };
    std::thread::scope(|scope| {
        let ping = scope.spawn(|| silent("Ping"));
        let warn = scope.spawn(|| silent("Warn"));
        let (run, took) = ping.join().unwrap();
        let error = run.returned.as_ref().and_then(|returned| returned.error.as_ref()).expect("it was told");
        assert_eq!((error.code, error.message.as_str()), (4, "Ping: the engine does not answer"));
        assert!(took >= Duration::from_secs(15), "{took:?}");
        let (run, took) = warn.join().unwrap();
        assert!(run.status.success() && run.result().result.is_some(), "{}", run.stderr);
        assert!(took >= Duration::from_secs(15), "{took:?}");
    });
}

#[test]
fn signals_end_the_process() {
    for signal in ["TERM", "INT", "HUP"] {
        // What a shell starts in the background ignores some signals, and so does all that it starts in turn.
        let mut child = Command::new("env")
            .args(["--default-signal=TERM,INT,HUP", env!("CARGO_BIN_EXE_multistage-frontend")])
            .env("BUILDKIT_SESSION_ID", "session")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the frontend starts");
        std::thread::sleep(Duration::from_millis(100));
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(wait(&mut child)).code(), None, "{signal}");
    }
}

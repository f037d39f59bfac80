//! The limits of a build: what lies at each and what lies above, and how much memory those builds take that mean harm.
//! `docs/limits.md` lists them.

use multistage::image::{Config, Platform};
use multistage::internal::ignore;
use multistage::internal::limits;
use multistage::internal::options::Options;
use multistage::internal::pipeline::{Build, Scope, Source};
use multistage::internal::plan::{Answer, AskError, Entry, Question, Step};
use multistage::llb::MarshalOptions;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Counts what each thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends has no counters any more.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: all is left to the system's allocator; what is counted beside it is two numbers that need no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: what is asked of us is asked of the system.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: it comes from there.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: it comes from there.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a build takes that is refused for its size.
const MOST_MEMORY: usize = 2 << 30;
/// The same of time, in a debug build on a busy machine.
const MOST_TIME: Duration = Duration::from_secs(120);

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:0"]}}"#;

/// A build: of images all have one config.
struct Case<'a> {
    dockerfile: &'a str,
    ignore: &'a str,
    config: &'a str,
}

fn case(dockerfile: &str) -> Case<'_> {
    Case { dockerfile, ignore: "", config: CONFIG }
}

impl Case<'_> {
    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Files(files) => {
                let missing = || AskError { code: 5, message: "not found".to_owned(), ..AskError::default() };
                let read = |path: &str| match path.ends_with(".dockerignore") {
                    true if self.ignore.is_empty() => Err(missing()),
                    true => Ok(self.ignore.as_bytes().to_vec()),
                    false => Ok(self.dockerfile.as_bytes().to_vec()),
                };
                Answer::Files(files.files.iter().map(|file| read(&file.path)).collect())
            }
            Question::ImageConfig(image) => image.found(format!("sha256:{}", "0".repeat(64)), self.config),
            other => other.unanswered(),
        }
    }

    /// Builds, and returns the first error: its line and its words.
    fn built(&self) -> Result<(), (u32, String)> {
        let options = Arc::new(Options::new());
        let mut entry = Entry::new(Arc::clone(&options));
        let project = loop {
            match entry.step().map_err(|error| (0, error.to_string()))? {
                Step::Done(project) => break project,
                Step::Ask(questions) => questions.into_iter().for_each(|question| {
                    let answer = self.answer(&question);
                    entry.tell(question, answer);
                }),
            }
        };
        let sources = project.sources.clone();
        let placed = |error: &multistage::Error| {
            let place = error.diagnostic.ranges.first();
            (place.map_or(0, |span| sources.lines(*span).0), error.to_string())
        };
        let source = Source::read(project, options).map_err(|error| placed(&error))?;
        let mut build = Build::new(&source, None, Scope::Target, true);
        let outcome = loop {
            match build.step() {
                Step::Done(outcome) => break outcome,
                Step::Ask(questions) => questions.into_iter().for_each(|question| {
                    let answer = self.answer(&question);
                    build.tell(question, answer);
                }),
            }
        };
        let built = outcome.built.map_err(|error| placed(&error))?;
        let host = Platform::new("linux", "amd64");
        let (graph, root) = (built.converted.graph, built.converted.root);
        let definition =
            graph.marshal(root, &MarshalOptions::new(&host)).map_err(|error| (0, error.to_string()))?;
        definition.verify().map_err(|fault| (0, fault.to_string()))
    }

    /// Builds within the bounds of this test, and returns the error.
    #[track_caller]
    fn checked(&self) -> Result<(), (u32, String)> {
        let (started, before) = (Instant::now(), HELD.get());
        PEAK.set(before);
        let built = self.built();
        let (took, peak) = (started.elapsed(), (PEAK.get() - before) as usize);
        println!(
            "{peak:>12} bytes, {took:?}, {:?}",
            built.as_ref().err().map(|(line, words)| (line, &words[..words.len().min(100)]))
        );
        assert!(peak < MOST_MEMORY, "{peak} bytes");
        assert!(took < MOST_TIME, "{took:?}");
        built
    }

    #[track_caller]
    fn fails(&self, line: u32, words: &str) {
        let error = self.checked().expect_err("it is too much");
        // What is counted beside the bytes of variables moves the line by a few.
        let is_there = if words == TOO_LARGE { error.0.abs_diff(line) < 8 } else { error.0 == line };
        assert!(is_there && error.1.contains(words), "{} {:.200}", error.0, error.1);
    }
}

const TOO_LARGE: &str =
    "the build is too large: variables, and what steps and stages keep of them, take more than 256 MiB";

/// `ENV` or `ARG` lines after which `$A` is a text of 512 KiB.
fn doubled(keyword: &str) -> String {
    let mut text = format!("{keyword} A=x\n");
    (0..19).for_each(|_| writeln!(text, "{keyword} A=$A$A").unwrap());
    text
}

#[test]
fn size_of_a_dockerfile() {
    let text = |bytes: usize| {
        let comment = format!("#{}\n", "x".repeat(1022));
        let mut text = comment.repeat(bytes / 1024 - 1) + "FROM scratch\n";
        text.push_str(&"\n".repeat(bytes - text.len()));
        text
    };
    assert_eq!(case(&text(limits::FILE_BYTES)).checked(), Ok(()));
    case(&text(limits::FILE_BYTES + 1)).fails(0, "the Dockerfile is larger than 16 MiB");
}

#[test]
fn length_of_a_line() {
    let text = |bytes: usize| format!("FROM scratch\nLABEL a={}\n", "x".repeat(bytes - "LABEL a=".len()));
    assert_eq!(case(&text(limits::LINE_BYTES)).checked(), Ok(()));
    case(&text(limits::LINE_BYTES + 1)).fails(1, "dockerfile line greater than max allowed size of 65535");
}

#[test]
fn number_of_stages() {
    let text = |count: usize| "FROM scratch\n".repeat(count);
    assert_eq!(case(&text(limits::STAGES)).checked(), Ok(()));
    case(&text(limits::STAGES + 1)).fails(150_001, "the Dockerfile has more than 150000 stages");
}

#[test]
fn number_of_instructions() {
    // Those of a stage that nobody needs count, too, but cost little.
    let text = |count: usize| format!("FROM scratch\n{}FROM scratch\n", "CMD x\n".repeat(count - 2));
    assert_eq!(case(&text(limits::INSTRUCTIONS)).checked(), Ok(()));
    case(&text(limits::INSTRUCTIONS + 1)).fails(250_001, "the Dockerfile has more than 250000 instructions");
}

#[test]
fn depth_of_an_expansion() {
    let text = |depth: usize| format!("FROM scratch\nENV B={}{}\n", "${A:-".repeat(depth), "}".repeat(depth));
    assert_eq!(case(&text(limits::EXPANSION_DEPTH)).checked(), Ok(()));
    case(&text(limits::EXPANSION_DEPTH + 1)).fails(2, "substitutions are nested more than 400 deep");
}

#[test]
fn length_of_an_expansion() {
    let text = |times: usize| format!("FROM scratch\nENV A=x\n{}", "ENV A=$A$A\n".repeat(times));
    assert_eq!(case(&text(20)).checked(), Ok(()));
    case(&text(21)).fails(23, "variables add more than 1048576 bytes");
    case(&text(60)).fails(23, "variables add more than 1048576 bytes");
    let arguments = format!("ARG A=x\n{}FROM scratch\n", "ARG A=$A$A\n".repeat(60));
    case(&arguments).fails(22, "variables add more than 1048576 bytes");
    let replaced = format!("FROM scratch\nENV A=x\n{}", "ENV A=${A//x/xxxxxxxxxxxxxxxx}\n".repeat(60));
    case(&replaced).fails(8, "variables add more than 1048576 bytes");
}

#[test]
fn what_all_variables_make() {
    let labels = |count: usize| format!("FROM scratch\n{}{}", doubled("ENV"), "LABEL a=$A\n".repeat(count));
    assert_eq!(case(&labels(500)).checked(), Ok(()));
    // What makes `$A` takes a MiB itself.
    case(&labels(520)).fails(532, TOO_LARGE);
    let environment: String = (0..600).map(|at| format!("ENV B{at}=$A\n")).collect();
    case(&format!("FROM scratch\n{}{environment}", doubled("ENV"))).fails(532, TOO_LARGE);
    let arguments: String = (0..600).map(|at| format!("ARG B{at}=$A\n")).collect();
    case(&format!("{}{arguments}FROM scratch\n", doubled("ARG"))).fails(274, TOO_LARGE);
    let stages = "FROM $A\n".repeat(600);
    case(&format!("{}{stages}", doubled("ARG"))).fails(531, TOO_LARGE);
}

#[test]
fn steps_to_read_variables() {
    const TOO_LONG: &str = "the build is too large: variables take more than 268435456 steps to expand";
    let patterns = "LABEL a=${A#*y}\n".repeat(2000);
    assert!(
        case(&format!("FROM scratch\n{}{patterns}", doubled("ENV")))
            .checked()
            .is_err_and(|(_, words)| words == TOO_LONG)
    );
    let line = "LABEL a=".to_owned() + &"${A:+}".repeat(10_000);
    let text = format!("FROM scratch\n{}{line}\n", doubled("ENV"));
    case(&text).fails(22, "it takes too many steps");
}

#[test]
fn names_that_may_have_been_meant() {
    let long =
        |count: usize| (0..count).map(|at| format!("{}{at:03}", "A".repeat(30_000))).collect::<Vec<_>>();
    let args: String = long(200).iter().map(|name| format!("ARG {name}=1\n")).collect();
    let missed: String = long(400)[200..].iter().map(|name| format!("LABEL a=${name}\n")).collect();
    assert_eq!(case(&format!("FROM scratch\n{args}{missed}")).checked(), Ok(()));
    let many: String = (0..20_000).map(|at| format!("ARG SOME_NAME_{at}=1\n")).collect();
    let stages: String = (0..20_000).map(|at| format!("FROM a$SOME_OTHER_{at}\n")).collect();
    assert_eq!(case(&format!("{many}{stages}FROM scratch\n")).checked(), Ok(()));
}

#[test]
fn what_steps_keep() {
    case(&format!("FROM alpine\n{}{}", doubled("ENV"), "RUN x\n".repeat(10_000))).fails(276, TOO_LARGE);
    let many = |keyword: &str| (0..5_000).map(|at| format!("{keyword} B{at}=\n")).collect::<String>();
    let text = format!("FROM alpine\n{}{}", many("ARG"), "RUN x\n".repeat(5_000));
    assert!(case(&text).checked().is_err_and(|(line, words)| line > 5_000 && words == TOO_LARGE));
    let unset: String = (0..5_000).map(|at| format!("ARG B{at}\n")).collect();
    let text = format!("FROM alpine\n{unset}{}", "RUN x\n".repeat(5_000));
    assert!(case(&text).checked().is_err_and(|(line, words)| line > 5_000 && words == TOO_LARGE));
    let ports = format!("FROM alpine\n{}", "EXPOSE 1-65535\n".repeat(10_000));
    assert!(case(&ports).checked().is_err_and(|(line, words)| line < 50 && words == TOO_LARGE));
}

#[test]
fn what_stages_keep() {
    let label = "x".repeat(3 << 20);
    let config = CONFIG.replace(r#""Env""#, &format!(r#""Labels":{{"a":"{label}"}},"Env""#));
    let alone = Case { config: &config, ..case("FROM alpine\nENV A=1\n") };
    assert_eq!(alone.checked(), Ok(()));
    let mut text = String::new();
    (0..1000).for_each(|at| writeln!(text, "FROM alpine AS s{at}\nENV A=1\n").unwrap());
    text.push_str("FROM scratch\n");
    (0..1000).for_each(|at| writeln!(text, "COPY --from=s{at} / /").unwrap());
    let many = Case { config: &config, ..case(&text) };
    assert!(many.checked().is_err_and(|(_, words)| words == TOO_LARGE));
    let mut text = "FROM alpine AS s0\n".to_owned();
    (0..1000).for_each(|at| writeln!(text, "FROM s{at} AS s{}\nENV A=1\n", at + 1).unwrap());
    let chain = Case { config: &config, ..case(&text) };
    assert!(chain.checked().is_err_and(|(_, words)| words == TOO_LARGE));
}

#[test]
fn triggers() {
    let triggers = |count: usize| {
        CONFIG.replace(r#""Env""#, &format!(r#""OnBuild":[{}],"Env""#, vec![r#""CMD x""#; count].join(",")))
    };
    let stages = |count: usize| {
        "FROM alpine\n".repeat(count)
            + "FROM scratch\n"
            + &(0..count).map(|at| format!("COPY --from={at} / /\n")).collect::<String>()
    };
    let config = triggers(1_000);
    let (few, many) = (stages(100), stages(251));
    assert_eq!(Case { config: &config, ..case(&few) }.checked(), Ok(()));
    Case { config: &config, ..case(&many) }
        .fails(251, "base images and stages hold back more than 250000 instructions");
    let text: String = (0..5_001).map(|_| r#""COPY --from=alpine / /","#).collect();
    let config = CONFIG.replace(r#""Env""#, &format!(r#""OnBuild":[{}],"Env""#, text.trim_end_matches(',')));
    Case { config: &config, ..case("FROM alpine\n") }.fails(1, "bring in more and more images without end");
}

#[test]
fn ignore_files() {
    let patterns = |count: usize| "a\n".repeat(count);
    assert_eq!(
        Case { ignore: &patterns(limits::IGNORE_PATTERNS), ..case("FROM scratch\nCOPY a b\n") }.checked(),
        Ok(())
    );
    let build = case("FROM scratch\nCOPY a b\n");
    Case { ignore: &patterns(limits::IGNORE_PATTERNS + 1), ..build }
        .fails(0, "the file has more than 50000 patterns");
    let bytes = |count: usize| "#".repeat(60_000) + "\n" + &"\n".repeat(count - 60_001);
    assert!(ignore::read(bytes(limits::IGNORE_BYTES).as_bytes()).is_ok());
    let text = bytes(limits::IGNORE_BYTES + 1);
    Case { ignore: &text, ..case("FROM scratch\nCOPY a b\n") }.fails(0, "the file is larger than 1024 KiB");
    // Patterns that take long, on paths that take long.
    let stars = format!("{}\n", "*a".repeat(500)).repeat(500);
    let copies = format!("COPY {} /\n", "a".repeat(4000)).repeat(1000);
    let text = format!("FROM scratch\n{copies}");
    assert_eq!(Case { ignore: &stars, ..case(&text) }.checked(), Ok(()));
}

#[test]
fn length_of_a_line_of_an_ignore_file() {
    let text = "a".repeat(limits::IGNORE_LINE_BYTES);
    let build = |ignore| Case { ignore, ..case("FROM scratch\nCOPY a b\n") };
    assert_eq!(build(&text[1..]).checked(), Ok(()));
    build(&text).fails(0, "bufio.Scanner: token too long");
}

#[test]
fn length_of_the_name_of_an_image() {
    // The rest of it is the host's name.
    let text = |bytes: usize| format!("FROM h.{}/a:t\n", "h".repeat(bytes - "h./a:t".len()));
    assert_eq!(case(&text(limits::NAME_BYTES)).checked(), Ok(()));
    case(&text(limits::NAME_BYTES + 1)).fails(1, "repository name must not be more than 255 characters");
}

#[test]
fn depth_of_json() {
    let text = |depth: usize| format!("FROM scratch\nSHELL {}{}\n", "[".repeat(depth), "]".repeat(depth));
    // Neither is a list of texts, and the second is no JSON.
    case(&text(limits::JSON_DEPTH)).fails(2, "arrays must be comprised of strings only");
    case(&text(limits::JSON_DEPTH + 1)).fails(2, "SHELL requires the arguments to be in JSON form");
}

#[test]
fn image_configs() {
    let config = |bytes: usize| format!("{CONFIG}{}", " ".repeat(bytes - CONFIG.len()));
    assert!(Config::from_json(config(limits::CONFIG_BYTES).as_bytes()).is_ok());
    let text = config(limits::CONFIG_BYTES + 1);
    Case { config: &text, ..case("FROM alpine\n") }.fails(1, "the config is larger than 8 MiB");
    // Each of these is many values in few bytes.
    for json in ["[0,", "[[],", r#"{"a":0,"b":[],"#, "[{},", "[\"\","] {
        let inner = json[1..].repeat((limits::CONFIG_BYTES - 100) / (json.len() - 1));
        let (open, close) = (&json[..1], if json.starts_with('[') { "]" } else { "}" });
        let inner = inner.trim_end_matches(',');
        let text = format!(r#"{{"config":{{"X":{open}{inner}{close}}}}}"#);
        assert_eq!(Case { config: &text, ..case("FROM alpine\n") }.checked(), Ok(()));
    }
    let deep = "[".repeat(1_000_000);
    assert!(Case { config: &deep, ..case("FROM alpine\n") }.checked().is_err());
}

/// What a byte of a Dockerfile may take of memory. The worst is an instruction without arguments: it takes 2.6 KB.
const BYTES_PER_BYTE: usize = 1000;

#[test]
fn memory_is_linear_in_the_file() {
    let shapes: [(&str, &str); 16] = [
        ("FROM scratch\n", "#a\n"),
        ("FROM scratch\n", "\n"),
        ("FROM scratch\nCOPY ", "a "),
        ("FROM scratch\nCOPY ", "a \\\n"),
        ("FROM scratch\n", "CMD\n"),
        ("FROM scratch\n", "RUN a\n"),
        ("FROM scratch\n", "ENV a b\n"),
        ("FROM scratch\nENV ", "a=b \\\n"),
        ("FROM scratch\nLABEL ", "a=b \\\n"),
        ("FROM scratch\n", "COPY a b\n"),
        ("FROM scratch\nRUN ", "<<a \\\n"),
        ("FROM scratch\nRUN ", "--mount=a \\\n"),
        ("FROM scratch\nRUN ", "$a\\\n"),
        ("FROM scratch\nVOLUME [", "\"\",\\\n"),
        ("", "FROM a\n"),
        ("FROM scratch\n", "\u{202e}x\n"),
    ];
    for (start, piece) in shapes {
        let peak = |bytes: usize| {
            let text = format!("{start}{}", piece.repeat(bytes / piece.len()));
            let before = HELD.get();
            PEAK.set(before);
            let _ = case(&text).built();
            (PEAK.get() - before) as usize
        };
        let (small, large) = (peak(64 << 10), peak(256 << 10));
        println!("{start:?} {piece:?}: {} bytes of memory for each byte", large / (256 << 10));
        assert!(large < BYTES_PER_BYTE * (256 << 10), "{start:?} {piece:?} takes {large}");
        assert!(large < 6 * small, "{start:?} {piece:?} takes {small}, and of four times as much {large}");
    }
}

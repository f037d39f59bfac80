//! Prints what builds of growing size cost for each instruction: time and memory, room by room.
//!
//!     cargo run --release --bin scaling                    all sizes
//!     cargo run --release --bin scaling STAGES STEPS       one size
//!     cargo run --release --bin scaling STAGES STEPS once  one size, each room once, for a profiler
//!
//! Each size has a process of its own, so none profits from memory that another had. That process gets its memory
//! before, in one piece, and keeps it: what is timed is the work, not the system handing out pages, of which a build has
//! as many as its memory column says. Its first run finds that memory whole, as a build does; later ones find what the
//! allocator has made of it. Time is that of the processor, so that other programs do not count; and the fastest run of
//! several processes counts, as they slow it down nevertheless.
//!
//! Memory is what a room leaves behind, counted where it is allocated. It is the same in every run and on every machine.

use multistage_benches::{Work, generated};
use rustix::time::{ClockId, clock_gettime};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{array, env};

/// Stages and instructions: more instructions in one stage, and more stages of the same size. Within a group, each
/// instruction should cost the same.
const GROUPS: [&[(usize, usize)]; 2] = [
    &[(1, 1_000), (1, 10_000), (1, 100_000)],
    &[(10, 100), (100, 1_000), (1_000, 10_000), (10_000, 100_000)],
];

const ROOMS: [&str; 4] = ["parse", "plan", "convert", "marshal"];

/// How many processes a size has, one after the other: what memory one gets, and who else uses the machine meanwhile,
/// differs.
const PROCESSES: usize = 5;

/// How often each room runs at least, and how long at least.
const RUNS: usize = 5;
const SPENT: Duration = Duration::from_millis(300);

/// Counts the bytes that are in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static MEMORY: Counting = Counting;

// Safety: every call goes to the system's allocator as it is, and so does every answer.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        IN_USE.fetch_add(size, Ordering::Relaxed);
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

/// What a size cost, for each room and each instruction.
struct Row {
    microseconds: [f64; 4],
    bytes: [f64; 4],
}

fn main() {
    let arguments: Vec<usize> = env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    match arguments[..] {
        [stages, steps] if env::args().any(|text| text == "once") => once(stages, steps),
        [stages, steps] => row(stages, steps).print(),
        _ => table(),
    }
}

fn table() {
    let heads = ROOMS.iter().flat_map(|room| [format!("{room} µs"), format!("{room} bytes")]);
    println!("| stages | instructions | {} | all µs | all bytes |", heads.collect::<Vec<_>>().join(" | "));
    println!("|{}", " ---: |".repeat(4 + 2 * ROOMS.len()));
    for group in GROUPS {
        let rows: Vec<Row> = group.iter().map(|&(stages, steps)| measured(stages, steps)).collect();
        for ((stages, steps), row) in group.iter().zip(&rows) {
            let columns = row.columns().map(|(time, bytes)| format!(" {time:.2} | {bytes:.0} |"));
            println!("| {stages} | {steps} |{}", columns.collect::<String>());
        }
        // The largest size beside the smallest.
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
        let growth = last.columns().zip(first.columns());
        let growth =
            growth.map(|(last, first)| format!(" ×{:.2} | ×{:.2} |", last.0 / first.0, last.1 / first.1));
        println!("| last / first | |{}", growth.collect::<String>());
    }
}

/// Measures in processes of their own; the fastest time of each room counts, and memory is the same in all.
fn measured(stages: usize, steps: usize) -> Row {
    let mut fastest = in_process(stages, steps);
    for _ in 1..PROCESSES {
        let next = in_process(stages, steps);
        fastest.microseconds = array::from_fn(|room| fastest.microseconds[room].min(next.microseconds[room]));
    }
    fastest
}

/// Measures in a process of its own, whose allocator (that of glibc) gives nothing back to the system.
fn in_process(stages: usize, steps: usize) -> Row {
    let output = Command::new(env::current_exe().expect("this program is a file"))
        .args([stages.to_string(), steps.to_string()])
        .env("MALLOC_TRIM_THRESHOLD_", usize::MAX.to_string())
        .env("MALLOC_MMAP_MAX_", "0")
        .output()
        .expect("this program can be run");
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    assert_eq!(numbers.len(), 2 * ROOMS.len(), "{}", String::from_utf8_lossy(&output.stderr));
    Row {
        microseconds: array::from_fn(|at| numbers[at]),
        bytes: array::from_fn(|at| numbers[ROOMS.len() + at]),
    }
}

impl Row {
    fn print(&self) {
        let numbers = self.microseconds.iter().chain(&self.bytes);
        println!("{}", numbers.map(f64::to_string).collect::<Vec<_>>().join(" "));
    }

    /// Returns time and memory of each room, and of all.
    fn columns(&self) -> impl Iterator<Item = (f64, f64)> {
        let rooms = self.microseconds.into_iter().zip(self.bytes);
        rooms.chain([(self.microseconds.iter().sum(), self.bytes.iter().sum())])
    }
}

fn once(stages: usize, steps: usize) {
    let work = Work::new(&generated(stages, steps));
    let planned = work.plan(&work.parse());
    black_box(work.marshal(&work.convert(&planned)));
}

/// More than each instruction takes in all rooms, with what they throw away.
const BYTES_OF_AN_INSTRUCTION: usize = 4096;

fn row(stages: usize, steps: usize) -> Row {
    drop(black_box(vec![1_u8; steps * BYTES_OF_AN_INSTRUCTION]));
    let work = Work::new(&generated(stages, steps));
    let (parse, file) = measure(|| work.parse());
    let (plan, planned) = measure(|| work.plan(&file));
    let (convert, converted) = measure(|| work.convert(&planned));
    let (marshal, definition) = measure(|| work.marshal(&converted));
    black_box(definition);
    let rooms = [parse, plan, convert, marshal];
    Row {
        microseconds: rooms.map(|(time, _)| time.as_secs_f64() * 1e6 / steps as f64),
        bytes: rooms.map(|(_, bytes)| bytes as f64 / steps as f64),
    }
}

/// Returns the time of the fastest run, the bytes that it left behind, and the result.
fn measure<T>(mut work: impl FnMut() -> T) -> ((Duration, usize), T) {
    let (begin, mut fastest) = (now(), Duration::MAX);
    let mut runs = 0;
    loop {
        let before = IN_USE.load(Ordering::Relaxed);
        // Short runs are told apart by how long many of them take.
        let (start, mut count) = (now(), 0);
        let result = loop {
            let result = work();
            count += 1;
            if now() - start >= Duration::from_millis(20) {
                break result;
            }
        };
        fastest = fastest.min((now() - start) / count);
        runs += 1;
        if runs >= RUNS && now() - begin >= SPENT {
            return ((fastest, IN_USE.load(Ordering::Relaxed) - before), result);
        }
    }
}

/// Returns how long this thread has run so far.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

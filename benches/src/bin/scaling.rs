//! Prints what builds of growing size cost: time for each instruction in each room, and the bytes of its ops.
//!
//! Time is that of the processor where the system tells it (Linux), so that other programs do not count.
//!
//!     cargo run --release --bin scaling

use multistage_benches::{Work, generated};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

fn main() {
    println!(
        "| stages | instructions | parse µs/instr | plan µs/instr | convert µs/instr | marshal µs/instr | peak MiB | LLB bytes/instr |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let stages = [(10, 100_000), (100, 100_000), (1_000, 100_000), (10_000, 100_000)];
    let steps = [(1, 1_000), (1, 10_000), (1, 100_000)];
    for (stages, steps) in steps.into_iter().chain(stages) {
        row(stages, steps);
    }
}

fn row(stages: usize, steps: usize) {
    let work = Work::new(&generated(stages, steps));
    let (parse, file) = timed(|| work.parse());
    let (plan, planned) = timed(|| work.plan(&file));
    let (convert, converted) = timed(|| work.convert(&planned));
    let (marshal, definition) = timed(|| work.marshal(&converted));
    let each = |time: Duration| time.as_secs_f64() * 1e6 / steps as f64;
    let bytes: usize = definition.ops.iter().map(Vec::len).sum();
    println!(
        "| {stages} | {steps} | {:.2} | {:.2} | {:.2} | {:.2} | {} | {} |",
        each(parse),
        each(plan),
        each(convert),
        each(marshal),
        peak_mib(),
        bytes / steps,
    );
}

/// Returns the time of one run, of as many as it takes for a clock that may only tick every few milliseconds, and the
/// result.
fn timed<T>(mut work: impl FnMut() -> T) -> (Duration, T) {
    let (start, mut runs) = (now(), 0);
    loop {
        let result = work();
        runs += 1;
        let spent = now() - start;
        if runs >= 3 && spent >= Duration::from_millis(200) {
            return (spent / runs, result);
        }
    }
}

/// Returns how long this thread has run so far.
fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let since_start = || START.get_or_init(Instant::now).elapsed();
    let on_processor = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = on_processor.and_then(|stat| stat.split(' ').next()?.parse().ok());
    nanos.map_or_else(since_start, Duration::from_nanos)
}

/// Returns the most memory this process had so far; 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

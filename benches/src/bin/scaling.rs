//! Prints what builds of growing size cost: time for each instruction in each room, and the size of the message.
//!
//!     cargo run --release --bin scaling

use multistage_benches::{Work, generated};
use std::time::{Duration, Instant};

fn main() {
    println!("| stages | instructions | parse µs/instr | plan µs/instr | convert µs/instr | marshal µs/instr | peak MiB | LLB bytes/instr |");
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

/// Returns the shortest time of a few runs, and the result.
fn timed<T>(mut work: impl FnMut() -> T) -> (Duration, T) {
    let mut best = Duration::MAX;
    loop {
        let mut result = None;
        for _ in 0..3 {
            drop(result.take());
            let start = Instant::now();
            result = Some(work());
            best = best.min(start.elapsed());
        }
        if let Some(result) = result {
            return (best, result);
        }
    }
}

/// Returns the most memory this process had so far; 0 where the system does not tell.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

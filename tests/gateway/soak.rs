//! Many builds, at once and one after the other: none hangs, none fails, and each takes what the first one took.
//!
//! Each build is a process of its own, as it is with an engine. `SOAK=2000` in the environment asks for so many in a row.

use crate::{Engine, Run, run};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

const AT_ONCE: usize = 200;

const DOCKERFILE: &str = "FROM alpine AS Base\nMAINTAINER me\nRUN --mount=type=cache,target=/c x\nFROM busybox\n\
    COPY a /a\nCOPY --from=Base --link / /\n";

/// Builds, and makes sure that all is as with the first one.
fn build() -> Run {
    let run = run(Engine::with(DOCKERFILE), &["platform=linux/amd64,linux/arm64"]);
    assert!(run.status.success() && run.stderr.is_empty(), "{}", run.stderr);
    assert!(run.result().result.is_some());
    run
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Returns the most memory a run held, in KiB, and the files it had open at the end.
fn needs(run: &Run) -> (u64, usize) {
    run.needs.expect("Return was called")
}

#[test]
fn two_hundred_at_once() {
    let (alone, started) = (build(), Instant::now());
    let all_there = Barrier::new(AT_ONCE);
    let runs: Vec<Run> = thread::scope(|scope| {
        let start = || {
            all_there.wait();
            build()
        };
        let running: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(start)).collect();
        running.into_iter().map(|run| run.join().expect("no build fails")).collect()
    });
    let took = started.elapsed();
    let memory: Vec<u64> = runs.iter().map(|run| needs(run).0).collect();
    let (least, most) = (memory.iter().min().unwrap(), memory.iter().max().unwrap());
    println!("{AT_ONCE} builds at once took {took:?}; memory of each: {least} to {most} KiB");
    assert!(*most < needs(&alone).0 * 3 / 2, "alone: {} KiB, at most: {most} KiB", needs(&alone).0);
    let files: BTreeSet<usize> = runs.iter().map(|run| needs(run).1).collect();
    assert_eq!(files, BTreeSet::from([needs(&alone).1]), "open files");
    let results = runs.iter().filter(|run| run.result().metadata == alone.result().metadata);
    assert_eq!(results.count(), AT_ONCE);
}

#[test]
fn one_after_the_other() {
    let count = std::env::var("SOAK").ok().and_then(|count| count.parse().ok()).unwrap_or(50);
    let (started, files) = (Instant::now(), open_files());
    let (mut least, mut most) = (u64::MAX, 0);
    for _ in 0..count {
        let (memory, _) = needs(&build());
        (least, most) = (memory.min(least), memory.max(most));
    }
    println!("{count} builds in a row took {:?}; memory of each: {least} to {most} KiB", started.elapsed());
    assert!(most < least * 3 / 2, "{least} to {most} KiB");
    // Other tests run beside this one, and have files open, too; but not as many as there were builds.
    assert!(open_files() < files + count.max(2000), "{} files are open", open_files());
}

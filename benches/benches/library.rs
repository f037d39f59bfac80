//! The rooms apart, on a small, a usual and a huge file; and a peer where there is one.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use multistage::internal::expand::{EnvList, Lexer};
use multistage_benches::{SMALL, USUAL, Work, generated};
use std::hint::black_box;
use std::str::FromStr;
use std::time::Duration;

/// Names and texts.
fn files() -> [(&'static str, String); 3] {
    [("small", SMALL.to_owned()), ("usual", USUAL.to_owned()), ("huge", generated(100, 10_000))]
}

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    for (name, text) in files() {
        let work = Work::new(&text);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::new("multistage", name), |b| b.iter(|| black_box(work.parse())));
        // The peer knows no heredocs, among other things: it is measured on what it can read.
        if dockerfile_parser::Dockerfile::from_str(&text).is_ok() {
            group.bench_function(BenchmarkId::new("dockerfile-parser", name), |b| {
                b.iter(|| black_box(dockerfile_parser::Dockerfile::from_str(&text)))
            });
        }
    }
    group.finish();
}

fn expand(c: &mut Criterion) {
    let env = EnvList::from_pairs(["PATH=/usr/bin:/bin", "VERSION=1.2.3", "NAME=server"]);
    let lexer = Lexer::new('\\');
    let mut group = c.benchmark_group("expand");
    let long = "/opt/${NAME}/v$VERSION/".repeat(1_000);
    for (name, word) in
        [("plain", "/usr/local/bin/server"), ("usual", "/opt/${NAME}-${VERSION:-latest}"), ("long", &long)]
    {
        group.throughput(Throughput::Bytes(word.len() as u64));
        group.bench_function(name, |b| b.iter(|| black_box(lexer.word(word, &env))));
    }
    group.finish();
}

fn convert_and_marshal(c: &mut Criterion) {
    for (name, text) in files() {
        let work = Work::new(&text);
        let file = work.parse();
        let plan = work.plan(&file);
        let converted = work.convert(&plan);
        c.bench_function(&format!("plan/{name}"), |b| b.iter(|| black_box(work.plan(&file))));
        c.bench_function(&format!("convert/{name}"), |b| b.iter(|| black_box(work.convert(&plan))));
        c.bench_function(&format!("marshal/{name}"), |b| b.iter(|| black_box(work.marshal(&converted))));
    }
}

criterion_group! {
    name = library;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = parse, expand, convert_and_marshal
}
criterion_main!(library);

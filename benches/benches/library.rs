//! The rooms apart, on a small, a usual and a huge file; and a peer where there is one.
//!
//! `KIT` names the folder of the conformance kit. With it parsing is also measured on the real files in there, those of
//! its groups `real-…`.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use multistage::internal::expand::{EnvList, Lexer};
use multistage_benches::{SMALL, USUAL, Work, generated, real_files};
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
    real(&mut group);
    group.finish();
}

/// The peer reads some of the real files only, so it is measured on those, and so are we once more.
fn real(group: &mut BenchmarkGroup<'_, WallTime>) {
    let files = real_files();
    let (read, unread): (Vec<_>, Vec<_>) =
        files.iter().partition(|text| dockerfile_parser::Dockerfile::from_str(text).is_ok());
    if files.is_empty() {
        return;
    }
    println!("parse/real: {} files; dockerfile-parser reads {} of them", files.len(), read.len());
    let bytes = |texts: &[&String]| Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum());
    let all: Vec<&String> = read.iter().chain(&unread).copied().collect();
    for (name, texts) in [("real", &all), ("real, as far as dockerfile-parser reads it", &read)] {
        let work: Vec<Work> = texts.iter().map(|text| Work::new(text)).collect();
        group.throughput(bytes(texts));
        group.bench_function(BenchmarkId::new("multistage", name), |b| {
            b.iter(|| work.iter().for_each(|work| drop(black_box(work.parse()))));
        });
        group.bench_function(BenchmarkId::new("multistage, statements only", name), |b| {
            b.iter(|| work.iter().for_each(|work| drop(black_box(work.tree()))));
        });
    }
    group.bench_function(
        BenchmarkId::new("dockerfile-parser", "real, as far as dockerfile-parser reads it"),
        |b| {
            b.iter(|| {
                for text in &read {
                    let _ = black_box(dockerfile_parser::Dockerfile::from_str(text));
                }
            });
        },
    );
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

//! Round trips: which calls the frontend makes at a time, and how often it waits for the engine.

use super::{Engine, run};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long nothing must have arrived before calls are answered. What is asked at a time arrives in one piece.
const QUIET: Duration = Duration::from_millis(100);

/// An engine with this answers no call while more are arriving, and notes which came together.
#[derive(Default)]
pub struct Rounds(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    rounds: Vec<Vec<String>>,
    /// How many of them are over.
    over: usize,
    /// When the last call came.
    last: Option<Instant>,
}

impl Rounds {
    /// Notes a call and returns when it may be answered.
    pub async fn wait(&self, method: &str) {
        let round = {
            let noted = &mut *self.0.lock().unwrap();
            if noted.over == noted.rounds.len() {
                noted.rounds.push(Vec::new());
            }
            noted.rounds[noted.over].push(method.to_owned());
            noted.last = Some(Instant::now());
            noted.over
        };
        loop {
            tokio::time::sleep(QUIET / 20).await;
            let noted = &mut *self.0.lock().unwrap();
            if noted.over == round && noted.last.is_some_and(|last| last.elapsed() >= QUIET) {
                noted.over += 1;
            }
            if noted.over > round {
                return;
            }
        }
    }
}

/// What comes before all questions about stages: the Dockerfile and, for its own ignore file, one more look.
const BEFORE: [&str; 5] = ["Ping", "Inputs", "Solve", "ReadFile", "ReadFile"];

/// Runs a build and returns its calls, round by round.
fn rounds(engine: Engine, options: &[&str]) -> Vec<String> {
    let rounds = Arc::new(Rounds::default());
    run(Engine { rounds: Some(rounds.clone()), ..engine }, options);
    let mut rounds = std::mem::take(&mut rounds.0.lock().unwrap().rounds);
    rounds.iter_mut().for_each(|round| round.sort());
    rounds.iter().map(|round| round.join(" ")).collect()
}

#[track_caller]
fn check(engine: Engine, options: &[&str], expected: &[&str]) {
    assert_eq!(rounds(engine, options), expected);
}

#[test]
fn all_that_is_known_to_be_needed_is_asked_for_at_once() {
    let engine = Engine::with("FROM a\nFROM b\nCOPY --from=c / /\nCOPY --from=0 / /\nCOPY . /\n");
    let images_and_context = "ResolveSourceMeta ResolveSourceMeta ResolveSourceMeta Solve";
    check(engine, &[], &[&BEFORE[..], &[images_and_context, "ReadFile", "Solve", "Return"]].concat());
}

#[test]
fn an_image_that_is_missing_ends_the_build_without_a_look_at_the_ignore_file() {
    for file in ["FROM missing\nCOPY . /\n", "FROM a\nCOPY . /\nCOPY --from=missing / /\n"] {
        let rounds = rounds(Engine::with(file), &[]);
        let (last, before) = rounds.split_last().unwrap();
        // The engine may have found the context before the image, so the file is on its way; nobody waits for it.
        assert!(["Return", "ReadFile Return"].contains(&last.as_str()), "{rounds:?}");
        assert_eq!(before.len(), BEFORE.len() + 1, "{rounds:?}");
    }
}

#[test]
fn platforms_are_asked_about_side_by_side() {
    let engine = Engine::with("FROM a\nCOPY . /\n");
    let images_and_context = "ResolveSourceMeta ResolveSourceMeta Solve";
    let expected = [&BEFORE[..], &[images_and_context, "ReadFile", "Solve Solve", "Return"]].concat();
    check(engine, &["platform=linux/amd64,linux/arm64"], &expected);
}

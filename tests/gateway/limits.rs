//! What is kept of the engine's answers has a limit.

use crate::{Engine, run};

/// A build that needs so many images.
fn dockerfile(images: usize) -> String {
    let stages: String = (0..images).map(|at| format!("FROM image-{at} AS s{at}\n")).collect();
    let copies: String = (0..images).map(|at| format!("COPY --from=s{at} / /\n")).collect();
    format!("{stages}FROM scratch\n{copies}")
}

#[test]
fn answers_of_an_engine_are_counted() {
    let config = || format!("{}{}", String::from_utf8(crate::config()).unwrap(), " ".repeat(7 << 20));
    let engine = |images| Engine { config: config().into_bytes(), ..Engine::with(dockerfile(images)) };
    let few = run(engine(10), &[]);
    assert!(few.status.success() && few.result().result.is_some(), "{}", few.stderr);
    let many = run(engine(40), &[]);
    assert!(many.status.success(), "{}", many.stderr);
    let message = &many.error().message;
    assert!(
        message.contains("image configs that it asks the engine for take more than 256 MiB"),
        "{message}"
    );
    let (peak_kib, _) = many.needs.expect("it was running");
    assert!(peak_kib < 1 << 20, "{peak_kib} KiB");
}

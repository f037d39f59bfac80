//! Converts a Dockerfile and prints its graph as text, one paragraph for each step:
//!
//! ```text
//! cargo run --example convert -- examples/go-hello/Dockerfile target=builder build-arg:VERSION=2
//! ```
//!
//! The options are those of `docker build`, by the names that BuildKit gives them. Images are taken for plain ones.

use multistage::{Options, Question};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: convert DOCKERFILE [OPTION=VALUE]…")?;
    let given: Vec<String> = arguments.collect();
    let options = Options::of(given.iter().filter_map(|option| option.split_once('=')))?;
    let dockerfile = multistage::parse(std::fs::read(&path)?);

    let converted = multistage::convert(&dockerfile, &options, |question| match question {
        Question::ImageConfig(image) => {
            eprintln!("taken for a plain image: {}", image.reference);
            image.plain()
        }
        other => other.unanswered(),
    });
    let converted = match converted {
        Ok(converted) => converted,
        Err(error) => {
            // A diagnostic is data: the place is looked up by whoever shows it.
            let (line, _) = dockerfile.sources().lines(error.diagnostic.span);
            return Err(format!("{path}:{line}: {error}").into());
        }
    };
    for warning in &converted.warnings {
        let (line, _) = dockerfile.sources().lines(warning.span);
        eprintln!("{path}:{line}: {}: {}", warning.code, warning.message);
    }
    let mut out = std::io::stdout().lock();
    out.write_all(converted.graph.dump(converted.root)?.as_bytes())?;
    writeln!(out, "config {}", String::from_utf8(converted.image.to_json())?)?;
    Ok(())
}

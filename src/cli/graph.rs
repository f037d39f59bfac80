//! `multistage graph`: the stages of a build as a picture, or its ops.

use super::Status;
use super::args::{Drawing, GraphArgs};
use super::build::{self, Ready};
use super::output::{Failure, Output};
use crate::draw;
use crate::explain::Ops;
use std::io::Write;

/// Runs the command.
pub(super) fn run(args: &GraphArgs, output: &mut Output) -> Result<Status, Failure> {
    let ready = build::run(&args.build, output)?;
    let ops = ops(&ready)?;
    let sources = &ready.source.project.sources;
    let mut picture = match args.ops {
        true => draw::of_ops(&ops, sources),
        false => draw::of_stages(&ready.built.plan, &ops, sources),
    };
    if let Some(file) = &args.build.file {
        picture.title = file.display().to_string();
    }
    let text = match args.format {
        Drawing::Text => {
            output.tell_people();
            draw::text(&picture, output.width())
        }
        Drawing::Svg => draw::svg(&picture),
        Drawing::Html => draw::html(&picture),
        Drawing::Dot => draw::dot(&picture),
        Drawing::Mermaid => draw::mermaid(&picture),
        Drawing::Json => format!("{:#}\n", draw::json(&picture)),
    };
    output.write_all(text.as_bytes())?;
    Ok(Status::Clean)
}

/// Returns the ops of a build.
pub(super) fn ops(ready: &Ready) -> Result<Ops, Failure> {
    ready.definition().map(|definition| Ops::of(&definition))
}

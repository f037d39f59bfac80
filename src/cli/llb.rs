//! `multistage llb`: the definition that an engine would get.

use super::Status;
use super::args::LlbArgs;
use super::build::{self, Ready};
use super::output::{Failure, Output};
use crate::llb::{MarshalOptions, SourceText};
use crate::report;
use prost::Message;
use std::io::Write;

/// Runs the command.
pub(super) fn run(args: &LlbArgs, output: &mut Output) -> Result<Status, Failure> {
    if !args.text && !args.json && output.is_terminal() {
        return Err(Failure::new("a definition is bytes, which say nothing on a terminal")
            .hint("send it on: `multistage llb | buildctl build …`")
            .hint("or look at it: `multistage llb --text`"));
    }
    let Ready { source, built } = build::run(&args.build, output)?;
    let (graph, root) = (&built.converted.graph, built.converted.root);
    let broken =
        |error: crate::llb::Error| Failure::new(format!("failed to marshal LLB definition: {error}"));
    if args.text {
        output.write_all(graph.dump(root).map_err(broken)?.as_bytes())?;
        return Ok(Status::Clean);
    }
    let project = &source.project;
    let text =
        SourceText { map: &project.sources, language: "Dockerfile", definition: Some(&project.definition) };
    let options = MarshalOptions { source: Some(text), ..MarshalOptions::new(&built.plan.platforms.target) };
    let definition = graph.marshal(root, &options).map_err(broken)?;
    if args.json {
        let answer = report::convert_llb(&definition).map_err(|error| Failure::new(error.to_string()))?;
        output.write_all(answer.get("result.json").map_or(&[][..], Vec::as_slice))?;
        writeln!(output)?;
    } else {
        output.write_all(&definition.into_pb().encode_to_vec())?;
    }
    Ok(Status::Clean)
}

//! `multistage llb`: the definition that an engine would get.

use super::Status;
use super::args::LlbArgs;
use super::build;
use super::output::{Failure, Output};
use crate::report;
use std::io::Write;

/// Runs the command.
pub(super) fn run(args: &LlbArgs, output: &mut Output) -> Result<Status, Failure> {
    if !args.text && !args.json && output.is_terminal() {
        return Err(Failure::new("a definition is bytes, which say nothing on a terminal")
            .hint("send it on: `multistage llb | buildctl build …`")
            .hint("or look at it: `multistage llb --text`"));
    }
    let ready = build::run(&args.build, output)?;
    if args.text {
        let converted = &ready.built.converted;
        let text = converted.graph.dump(converted.root);
        let text =
            text.map_err(|error| Failure::new(format!("failed to marshal LLB definition: {error}")))?;
        output.tell_people();
        output.write_all(text.as_bytes())?;
        return Ok(Status::Clean);
    }
    let definition = ready.definition()?;
    if args.json {
        let answer = report::convert_llb(&definition).map_err(|error| Failure::new(error.to_string()))?;
        output.write_all(answer.get("result.json").map_or(&[][..], Vec::as_slice))?;
        writeln!(output)?;
    } else {
        output.write_all(&definition.encode())?;
    }
    Ok(Status::Clean)
}

//! Mistakes that no build tells of, since what is written means something else: a flag taken for a file, an instruction
//! taken for a part of the one above, a comment taken for arguments. Each has a file of its own.
//!
//! In: a typed file. Out: warnings, each with a fix where one is at hand. All are about what is written, so each is sure.

mod comment_as_argument;
mod misplaced_flag;
mod not_json;
mod outside_context;
mod run_in_scratch;
mod swallowed_instruction;
#[cfg(test)]
mod testing;
mod unknown_rule;
mod unknown_trigger;

pub(super) use not_json::nearly_json;

use super::fix::Fix;
use crate::instruction::{File, Instruction, Kind, Transfer};
use crate::text::{Diagnostic, SourceFile, Span};

/// A warning, and how to mend what it is about.
type Found = (Diagnostic, Option<Fix>);

/// Returns all such mistakes of a file.
pub(super) fn all(source: &SourceFile, file: &File) -> Vec<Found> {
    let mut found = unknown_rule::find(source, file);
    for instruction in &file.global_args {
        found.extend(comment_as_argument::find(source, file.escape, instruction));
    }
    found.extend(run_in_scratch::find(source, &file.stages));
    for stage in &file.stages {
        for instruction in &stage.instructions {
            found.extend(swallowed_instruction::find(source, file.escape, instruction));
            found.extend(comment_as_argument::find(source, file.escape, instruction));
            match &instruction.kind {
                Kind::Copy(copy) => {
                    found.extend(transfer(source, instruction, &copy.transfer, copy.from.is_none()));
                }
                Kind::Add(add) => found.extend(transfer(source, instruction, &add.transfer, true)),
                Kind::Volume(volume) => found.extend(not_json::path(source, instruction, &volume.paths)),
                Kind::Run(run) => {
                    let flag = misplaced_flag::as_command(source, instruction, &run.command);
                    found.extend(flag.or_else(|| not_json::command(source, instruction, &run.command)));
                }
                Kind::Onbuild(onbuild) => found.extend(unknown_trigger::find(instruction, &onbuild.keyword)),
                _ => {}
            }
        }
    }
    found
}

/// Finds flags and JSON among the paths, and paths that lead out of the context.
fn transfer(
    source: &SourceFile,
    instruction: &Instruction,
    transfer: &Transfer,
    is_context: bool,
) -> Vec<Found> {
    let mut found: Vec<Found> = not_json::path(source, instruction, &transfer.sources).into_iter().collect();
    found.extend(misplaced_flag::among_paths(source, instruction, transfer));
    if is_context {
        found.extend(outside_context::find(instruction, transfer));
    }
    found
}

fn warning(code: &'static str, message: impl Into<String>, span: Span, within: &Instruction) -> Diagnostic {
    Diagnostic::warning(code, message, span).within(within.head.span)
}

fn part(start: u32, at: usize, length: usize) -> Span {
    let start = start + at as u32;
    Span::new(start, start + length as u32)
}

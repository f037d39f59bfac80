//! The frontend in the image: see `multistage::gateway`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    multistage::gateway::main()
}

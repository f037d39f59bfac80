//! The command line: see `multistage::cli`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    multistage::cli::main()
}

//! The command line: see `multistage::internal::cli`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    multistage::internal::cli::main()
}

//! The `woodfrog` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    woodfrog_cli::main(std::env::args_os())
}

//! Runs the checks in one program.

use std::process::ExitCode;

fn main() -> ExitCode {
    match woodfrog_wasi_guests::run_all() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

//! `woodfrog wast`: scripts of the WebAssembly specification's test suite.
//!
//! A [`script`] is a list of modules and assertions about them. It acts on a
//! [`world`], the store that all its modules live in, which can be frozen and
//! thawed in the middle of every call. [`values`] compares results with what a
//! script expects of them; [`spectest`] is the module that scripts import.

pub mod script;
pub mod spectest;
pub mod values;
pub mod world;

pub use script::{Mismatch, Problem, Summary};
pub use world::Options;

use crate::EXIT_FAILURE;
use crate::args::WastArgs;
use crate::error::Failure;
use crate::load;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::num::NonZeroU64;

/// Runs scripts and returns the exit code: 1 if anything failed.
///
/// # Errors
///
/// [`Failure::Read`], [`Failure::Output`].
pub fn run(args: &WastArgs) -> Result<u8, Failure> {
    let options = Options {
        freeze_every: NonZeroU64::new(args.freeze_every),
        wasm_features: args.features,
        ..Options::default()
    };
    let (mut passed, mut failed) = (0, 0);
    let mut text = String::new();
    for path in &args.files {
        let source = load::read(path)?;
        let summary = match std::str::from_utf8(&source) {
            Ok(source) => script::run(source, &options),
            Err(error) => Summary::not_run(1, Mismatch::Text(error.to_string())),
        };
        passed += summary.passed;
        failed += summary.problems.len();
        for Problem { line, mismatch } in summary.problems {
            let _ = writeln!(text, "{}:{line}: {mismatch}", path.display());
        }
    }
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(Failure::Output)?;
    Ok(if failed == 0 { 0 } else { EXIT_FAILURE })
}

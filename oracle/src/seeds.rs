//! Random programs: remakes the file of what they do, or explains one of them.

use crate::subject::{self, THREAD_STACK_BYTES, Wasmtime};
use fuzz_common::expected::{self, Expected, SEEDS};
use fuzz_common::random::Random;
use fuzz_common::subject::{Engines, Freezing, Woodfrog};
use fuzz_common::{Program, Transcript};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use wasmtime::{Error, Result};
use woodfrog_cli::LinuxPlatform;

/// Writes what the programs of the first seeds do to a file; says what it was.
///
/// # Errors
///
/// Fails if the file cannot be written.
pub fn remake(file: &Path) -> Result<String> {
    let run = || {
        let engine = subject::engine();
        let (mut returned, mut trapped) = (0, 0);
        let mut all = Vec::new();
        for seed in 0..SEEDS {
            let program = Program::from_seed(seed);
            let transcript = Transcript::of(&program, &mut Wasmtime::new(&engine, &program));
            returned += transcript.returned;
            trapped += transcript.trapped;
            all.push(Expected::of(&program, &transcript));
        }
        let told = format!("{SEEDS} seeds: {returned} calls returned, {trapped} trapped");
        (all, told)
    };
    let (all, told) = on_a_large_stack(run)?;
    std::fs::write(file, expected::to_bytes(&all))?;
    Ok(told)
}

/// Prints where Wasmtime, Woodfrog, and Woodfrog frozen first differ on a program,
/// or what all three say. Whether they are alike.
pub fn explain(program: &Program) -> bool {
    // Before Wasmtime's engine, whose signal handlers come first then.
    let engines = Engines::new(Arc::new(LinuxPlatform::new()));
    let engine = subject::engine();
    let oracle = Transcript::of(program, &mut Wasmtime::new(&engine, program));
    let mut is_alike = true;
    for (name, freezing) in [
        ("Woodfrog", Freezing::Never),
        ("Woodfrog, frozen", Freezing::Random(Random(0))),
    ] {
        let mut subject = Woodfrog::new(&engines, program, freezing);
        let transcript = Transcript::of(program, &mut subject);
        let lines = oracle.lines.iter().zip(&transcript.lines);
        let first = lines
            .enumerate()
            .find(|(_, (expected, found))| expected != found);
        if let Some((index, (expected, found))) = first {
            is_alike = false;
            println!("after\n{}", oracle.lines[..index].join("\n"));
            println!("Wasmtime says\n{expected}\n{name} says\n{found}");
        }
    }
    if is_alike {
        print!("{oracle}");
    }
    is_alike
}

/// Goes through the programs of further seeds in both engines, Woodfrog frozen, and
/// returns those that they do not agree on.
///
/// # Errors
///
/// Fails if the run cannot be made.
pub fn search(seeds: Range<u64>) -> Result<Vec<u64>> {
    on_a_large_stack(move || {
        // Before Wasmtime's engine, whose signal handlers come first then.
        let engines = Engines::new(Arc::new(LinuxPlatform::new()));
        let engine = subject::engine();
        let is_different = |&seed: &u64| {
            let program = Program::from_seed(seed);
            let run = || {
                let oracle = Transcript::of(&program, &mut Wasmtime::new(&engine, &program));
                let freezing = Freezing::Random(Random(!seed));
                let mut subject = Woodfrog::new(&engines, &program, freezing);
                Transcript::of(&program, &mut subject) == oracle
            };
            // What panics is a find too, and must not end the search.
            let is_alike = catch_unwind(AssertUnwindSafe(run)).unwrap_or(false);
            if !is_alike {
                println!("seed {seed}");
            }
            !is_alike
        };
        seeds.filter(is_different).collect()
    })
}

fn on_a_large_stack<R: Send + 'static>(run: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    let thread = thread::Builder::new()
        .stack_size(THREAD_STACK_BYTES)
        .spawn(run)?;
    thread.join().map_err(|_| Error::msg("the run failed"))
}

//! Remakes `tests/programs/expected.json`.
//!
//! Runs every invocation that the programs' directives name and writes down
//! results, traps and the frames of traps.

use crate::{program, run};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use wasmtime::{Error, Result, error::Context as _};

/// Writes what the programs of a directory do to its `expected.json`; says how many.
///
/// # Errors
///
/// Fails on anything but a return or a trap: those are results.
pub fn remake(dir: &Path) -> Result<usize> {
    let runner = run::Runner::new()?;
    let mut text = String::from("{\n");
    let files = program_files(dir)?;
    for (i, file) in files.iter().enumerate() {
        let results = results(&runner, dir, file).with_context(|| file.clone())?;
        writeln!(text, "{}: [", json!(file))?;
        for (j, result) in results.iter().enumerate() {
            let comma = if j + 1 < results.len() { "," } else { "" };
            writeln!(text, "  {result}{comma}")?;
        }
        writeln!(text, "]{}", if i + 1 < files.len() { "," } else { "" })?;
    }
    text.push_str("}\n");
    std::fs::write(dir.join("expected.json"), text)?;
    Ok(files.len())
}

/// The names of the programs in a directory, sorted; libraries that only
/// others preload lie deeper.
fn program_files(dir: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".wat") {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}

/// One object per invocation of one program.
fn results(runner: &run::Runner, dir: &Path, file: &str) -> Result<Vec<Value>> {
    let program = program::Program::read(dir, file)?;
    if program.invocations.is_empty() {
        return Err(Error::msg("the program invokes nothing"));
    }
    let run = |invocation| {
        let mut result = runner.run(dir, &program, invocation)?;
        result["invoke"] = json!(program::line(invocation));
        Ok(result)
    };
    program.invocations.iter().map(run).collect()
}

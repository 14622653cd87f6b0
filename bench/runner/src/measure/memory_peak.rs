//! Peak memory of compiling, in a process of its own that does nothing else.

use crate::corpus::Sample;
use crate::engines;
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Command;

/// Compiles a module in a fresh process of this program. Returns how many bytes its resident
/// set grew by at most, counted from when the engine was made and the file was read.
pub fn of(engine: &str, sample: &Sample) -> Result<u64> {
    let mut child = Command::new(std::env::current_exe()?);
    let output = child
        .arg("--peak-of")
        .arg(engine)
        .arg("--module")
        .arg(&sample.path)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{engine}: {errors}");
    let text = String::from_utf8(output.stdout)?;
    text.trim()
        .parse()
        .with_context(|| format!("{engine} said {text:?}"))
}

/// What the fresh process does: prints how many bytes it took.
pub fn print_own(engine: &str, module: &Path) -> Result<()> {
    let engines = engines::all()?;
    let engine = engines.iter().find(|candidate| candidate.name() == engine);
    let engine = engine.context("no such engine")?;
    let wasm = std::fs::read(module)?;
    // Sets the peak to what is in use now (proc(5)).
    std::fs::write("/proc/self/clear_refs", "5")?;
    let before = status_bytes("VmRSS")?;
    let Some(compiled) = engine.compile(&wasm) else {
        bail!("{} compiles nothing", engine.name());
    };
    let compiled = compiled?;
    println!("{}", status_bytes("VmHWM")?.saturating_sub(before));
    drop(compiled);
    Ok(())
}

fn status_bytes(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    field_bytes(&status, field).with_context(|| format!("no {field} in {status}"))
}

fn field_bytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_in_kib() {
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t  1000 kB\n";
        assert_eq!(field_bytes(status, "VmHWM"), Some(2 << 20));
        assert_eq!(field_bytes(status, "VmSwap"), None);
    }
}

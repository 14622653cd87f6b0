//! The programs as wasm, built by cargo: once for every engine, and once with vectors.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The modules.
pub struct Guests {
    /// Without vector instructions.
    pub scalar: Vec<u8>,
    /// Where that is.
    pub scalar_path: PathBuf,
    /// With them.
    pub vector: Vec<u8>,
}

impl Guests {
    /// Builds both.
    pub fn build() -> Result<Self> {
        let read = |path: &Path| std::fs::read(path).with_context(|| path.display().to_string());
        let scalar_path = build("scalar", "")?;
        let vector_path = build("vector", "-Ctarget-feature=+simd128")?;
        Ok(Self {
            scalar: read(&scalar_path)?,
            scalar_path,
            vector: read(&vector_path)?,
        })
    }
}

/// The workspace of the bench.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where built and downloaded files go.
pub fn target() -> PathBuf {
    workspace().join("target")
}

fn build(name: &str, flags: &str) -> Result<PathBuf> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let target_dir = target().join("guests").join(name);
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--package", "woodfrog-workloads", "--target", TARGET])
        .arg("--manifest-path")
        .arg(workspace().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target_dir)
        .env("RUSTFLAGS", flags);
    let status = cargo.status().context("cargo cannot be run")?;
    ensure!(status.success(), "building the {name} guest failed");
    Ok(target_dir
        .join(TARGET)
        .join("release/woodfrog_workloads.wasm"))
}

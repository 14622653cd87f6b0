//! Tells builds of the compiler apart, for precompiled modules.
//!
//! Machine code fits the state map, the context layout and the calling convention that it was
//! compiled with. So the identity is a hash over the sources that decide on these: whatever
//! is changed there, code from before is refused.

use std::fs;
use std::path::{Path, PathBuf};

/// What decides on machine code and what it takes for granted.
const SOURCES: [&str; 5] = [
    "src/abi",
    "src/compile",
    "src/limits.rs",
    "src/module",
    "src/state",
];

fn main() {
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        collect(Path::new(source), &mut files);
    }
    files.sort();
    let mut hash = Fnv::default();
    hash.write(env!("CARGO_PKG_VERSION").as_bytes());
    for file in &files {
        hash.write(file.to_str().expect("the names are ASCII").as_bytes());
        hash.write(&fs::read(file).expect("the sources can be read"));
    }
    println!("cargo::rustc-env=WOODFROG_COMPILER={:016x}", hash.0);
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
        return;
    }
    for entry in fs::read_dir(path).expect("the sources are there") {
        collect(&entry.expect("the sources can be read").path(), files);
    }
}

/// FNV-1a of 64 bits: the same in every version of Rust, unlike the standard library's hasher.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds bytes and their number, so that what moves from one file to the next counts.
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().chain(&bytes.len().to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

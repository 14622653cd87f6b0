//! Damaged modules and disks, and damaged images of programs of every shape, on
//! the whole way from bytes to a running store: each is refused with a typed
//! error, or is a store that runs within wasm's rules.
//!
//! Each test makes its mutations from a fixed seed, and prints that of a
//! mutation it fails on.

mod disks;
mod images;
mod modules;
mod precompiled;

use fuzz_common::guest::Host;
use std::sync::Arc;
use woodfrog_cli::LinuxPlatform;

/// The host of a program in text format.
fn host(text: &str) -> Host {
    let wasm = wat::parse_str(text).expect("a valid program");
    Host::new(Arc::new(LinuxPlatform::new()), &wasm)
}

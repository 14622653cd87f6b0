//! Files to compiled modules.

use crate::error::Failure;
use crate::input;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use woodfrog::runtime::{Engine, Module};

/// Compiles modules and adds up the time that takes.
#[derive(Debug, Default)]
pub struct Loader {
    /// Time spent decoding, validating and compiling; reading files and text
    /// format not included.
    pub compile_time: Duration,
}

impl Loader {
    /// Reads and compiles a module.
    ///
    /// # Errors
    ///
    /// [`Failure`] names the file.
    pub fn load(&mut self, engine: &Engine, path: &Path) -> Result<Module, Failure> {
        let bytes = input::read_module(path)?;
        let start = Instant::now();
        let module = Module::new(engine, &bytes);
        self.compile_time += start.elapsed();
        module.map_err(|source| Failure::Module {
            path: path.to_owned(),
            source,
        })
    }
}

/// Reads and validates a module without compiling it.
///
/// # Errors
///
/// [`Failure`] names the file.
pub fn decode(path: &Path) -> Result<woodfrog::module::Module, Failure> {
    let bytes = input::read_module(path)?;
    woodfrog::module::Module::decode(bytes).map_err(|source| Failure::Module {
        path: path.to_owned(),
        source: source.into(),
    })
}

/// Splits the value of a `--preload` into name and file.
///
/// # Errors
///
/// [`Failure::MalformedOption`].
pub fn split_preload(value: &str) -> Result<(&str, PathBuf), Failure> {
    match value.split_once('=') {
        Some((name, file)) => Ok((name, file.into())),
        None => Err(Failure::MalformedOption {
            option: "--preload",
            value: value.to_owned(),
            expected: "NAME=FILE",
        }),
    }
}

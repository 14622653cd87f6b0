//! Files to compiled modules.

use crate::disk;
use crate::error::Failure;
use crate::files::{self, Files};
use crate::input::{self, ModuleFile};
use crate::platform::LinuxPlatform;
use crate::progress::Progress;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use woodfrog::abi::CpuFeatures;
use woodfrog::runtime::{Config, Engine, Module};
use woodfrog::wasi::memory_files::MemoryFiles;

/// Compiles modules and adds up the time that takes.
#[derive(Debug, Default)]
pub struct Loader {
    /// Whether to load precompiled modules: who runs the command trusts them.
    pub allow_precompiled: bool,
    /// Time spent decoding, validating and compiling, or loading what is compiled; reading
    /// files and text format not included.
    pub compile_time: Duration,
}

impl Loader {
    /// Reads and compiles a module, or loads it if it is compiled.
    ///
    /// # Errors
    ///
    /// [`Failure`] names the file.
    pub fn load(&mut self, engine: &Engine, path: &Path) -> Result<Module, Failure> {
        match input::read_module(path)? {
            ModuleFile::Wasm(bytes) => self.compile(engine, path, &bytes),
            ModuleFile::Precompiled(_) if !self.allow_precompiled => {
                Err(Failure::PrecompiledNotAllowed {
                    path: path.to_owned(),
                })
            }
            ModuleFile::Precompiled(bytes) => self.load_precompiled(engine, path, &bytes),
        }
    }

    /// Compiles the module that a disk has, or loads it if it is compiled and that is allowed.
    ///
    /// # Errors
    ///
    /// [`Failure`] names the disk.
    pub fn load_of_disk(
        &mut self,
        engine: &Engine,
        path: &Path,
        bytes: &[u8],
    ) -> Result<Module, Failure> {
        match self.allow_precompiled && Module::is_precompiled(bytes) {
            true => self.load_precompiled(engine, path, bytes),
            false => self.compile(engine, path, disk::wasm(bytes)?),
        }
    }

    fn compile(&mut self, engine: &Engine, path: &Path, bytes: &[u8]) -> Result<Module, Failure> {
        let start = Instant::now();
        let mut progress = Progress::new(format!("compiling {}", path.display()));
        let module = Module::new_with_progress(engine, bytes, &mut |now| {
            progress.set(now.validated.midpoint(now.compiled), now.total);
        });
        drop(progress);
        self.compile_time += start.elapsed();
        module.map_err(|source| Failure::Module {
            path: path.to_owned(),
            source,
        })
    }

    #[expect(unsafe_code, reason = "the user says whom to trust")]
    fn load_precompiled(
        &mut self,
        engine: &Engine,
        path: &Path,
        bytes: &[u8],
    ) -> Result<Module, Failure> {
        let start = Instant::now();
        // SAFETY: the user has said, by an option that tells what it means, that the file is
        // as a compiler wrote it.
        let module = unsafe { Module::deserialize(engine, bytes) };
        self.compile_time += start.elapsed();
        module.map_err(|source| Failure::Precompiled {
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
    let bytes = input::read_wasm(path)?;
    woodfrog::module::Module::decode(bytes).map_err(|source| Failure::Module {
        path: path.to_owned(),
        source: source.into(),
    })
}

/// Validates the module that a disk has, without compiling it.
///
/// # Errors
///
/// [`Failure`] names the disk.
pub fn decode_of_disk(path: &Path, bytes: &[u8]) -> Result<woodfrog::module::Module, Failure> {
    let wasm = disk::wasm(bytes)?;
    woodfrog::module::Module::decode(wasm.to_vec()).map_err(|source| Failure::Module {
        path: path.to_owned(),
        source: source.into(),
    })
}

/// Compiles a module for a processor with these features, whether this one has them or not, to
/// what [`Module::deserialize`] loads.
///
/// # Errors
///
/// [`Failure`] names the file.
pub fn precompile(path: &Path, features: CpuFeatures) -> Result<Vec<u8>, Failure> {
    let config = Config {
        features,
        ..Config::default()
    };
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), config);
    let compiled = engine.precompile_module(&input::read_wasm(path)?);
    compiled.map_err(|source| Failure::Module {
        path: path.to_owned(),
        source,
    })
}

/// Reads a tar archive that a program can be given.
///
/// # Errors
///
/// [`Failure::Read`], [`Failure::Archive`].
pub fn archive(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = input::read_archive(path)?;
    let unpacked = files::new_memory_files().unpack("", &bytes);
    unpacked.map_err(|source| Failure::Archive {
        path: path.to_owned(),
        source,
    })?;
    Ok(bytes)
}

/// The environment that `--env` options make.
///
/// # Errors
///
/// [`Failure::MalformedOption`].
pub fn environment(options: &[String]) -> Result<Vec<Vec<u8>>, Failure> {
    let has_name = |option: &str| option.find('=').is_some_and(|name_len| name_len > 0);
    let variable = |option: &String| match has_name(option) {
        true => Ok(option.clone().into_bytes()),
        false => Err(Failure::MalformedOption {
            option: "--env",
            value: option.clone(),
            expected: "NAME=VALUE",
        }),
    };
    options.iter().map(variable).collect()
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

/// Opens the directories that `--dir` options name, beside files in memory.
///
/// # Errors
///
/// [`Failure::Directory`], [`Failure::DirectoryTwice`].
pub fn files(options: &[String], memory: Option<MemoryFiles>) -> Result<Files, Failure> {
    let mut files = Files {
        memory,
        ..Files::default()
    };
    for option in options {
        let (host, guest) = split_guest(option).unwrap_or((option, option));
        if files.names().any(|name| name == guest) {
            return Err(Failure::DirectoryTwice(guest.to_owned()));
        }
        files
            .directories
            .add(Path::new(host), guest)
            .map_err(|source| Failure::Directory {
                value: option.clone(),
                source,
            })?;
    }
    Ok(files)
}

/// Reads the archives that `--tar` options name; None if there are none.
///
/// # Errors
///
/// [`Failure::Read`], [`Failure::Archive`], [`Failure::DirectoryTwice`].
pub fn archives(options: &[String]) -> Result<Option<MemoryFiles>, Failure> {
    if options.is_empty() {
        return Ok(None);
    }
    let mut memory = files::new_memory_files();
    for (index, option) in options.iter().enumerate() {
        let (path, guest) = split_guest(option).unwrap_or((option, "/"));
        let path = Path::new(path);
        // Each of several archives has a directory of its own, whose name the program does not see.
        let directory = match options.len() {
            1 => String::new(),
            _ => index.to_string(),
        };
        let unpacked = memory.unpack(&directory, &input::read_archive(path)?);
        unpacked.map_err(|source| Failure::Archive {
            path: path.to_owned(),
            source,
        })?;
        memory
            .preopen(guest, &directory)
            .map_err(|_| Failure::DirectoryTwice(guest.to_owned()))?;
    }
    Ok(Some(memory))
}

/// Splits HOST::GUEST.
fn split_guest(option: &str) -> Option<(&str, &str)> {
    option.split_once("::")
}

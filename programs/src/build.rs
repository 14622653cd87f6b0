//! Sources to modules. What has been built is not built again while nothing that goes into it
//! has changed.

use crate::command::{run, sha256};
use crate::package::Package;
use anyhow::{Context, Result, anyhow, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program is made of.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// C, by Debian's clang.
    C(CSource),
    /// A binary of a package of crates.io, by `cargo install`.
    Crate {
        /// The package.
        name: &'static str,
        /// Its version.
        version: &'static str,
        /// The binary.
        binary: &'static str,
    },
    /// A module that is in a package of npm.
    Npm {
        /// The package.
        package: Package,
        /// The module's path in it.
        member: &'static str,
    },
}

/// A program in C.
#[derive(Clone, Copy, Debug)]
pub struct CSource {
    /// The file with `main`, below `guests/`.
    pub main: &'static str,
    /// The package of crates.io with the sources, and the folder in it. It must be one
    /// that `sources/Cargo.toml` names.
    pub package: Option<(&'static str, &'static str)>,
    /// Files of that folder that are not part of the program.
    pub without: &'static [&'static str],
    /// Options for the compiler; `{guests}` stands for the folder.
    pub flags: &'static [&'static str],
}

/// What wasi-libc only has as emulations, in libraries of their own.
const EMULATED: [&str; 4] = ["mman", "getpid", "signal", "process-clocks"];
/// Where Debian's wasi-libc is.
const LIBRARIES: &str = "/usr/lib/wasm32-wasi";
const TARGET: &str = "--target=wasm32-wasi";

impl Source {
    /// Builds the program called `name` and returns its module.
    ///
    /// # Errors
    ///
    /// Something cannot be had or compiled; the error says what.
    pub fn build(&self, name: &str) -> Result<PathBuf> {
        match self {
            Self::C(source) => source.build(name),
            Self::Npm { package, member } => package.member(member),
            Self::Crate {
                name,
                version,
                binary,
            } => install(name, version, binary),
        }
    }
}

fn built() -> Result<PathBuf> {
    let folder = crate::target().join("built");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// Installs a binary for WASI into a folder of its own.
fn install(name: &str, version: &str, binary: &str) -> Result<PathBuf> {
    let root = built()?.join(format!("{name}-{version}"));
    let module = root.join("bin").join(format!("{binary}.wasm"));
    if module.exists() {
        return Ok(module);
    }
    run(Command::new(env!("CARGO"))
        .args(["install", name, "--version", version, "--locked"])
        .args(["--target", "wasm32-wasip1", "--root"])
        .arg(&root)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR"))?;
    ensure!(module.exists(), "{name} {version} has no binary {binary}");
    Ok(module)
}

impl CSource {
    fn build(&self, name: &str) -> Result<PathBuf> {
        let folder = built()?;
        let module = folder.join(format!("{name}.wasm"));
        let stamp = folder.join(format!("{name}.stamp"));
        let key = self.key()?;
        if module.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == key) {
            return Ok(module);
        }
        let objects = folder.join(name);
        fs::create_dir_all(&objects)?;
        let mut inputs = vec![guests().join(self.main)];
        let mut includes = Vec::new();
        if let Some((package, path)) = self.package {
            let sources = package_folder(package)?.join(path);
            inputs.extend(self.files_of(&sources)?);
            includes.push(format!("-I{}", sources.display()));
        }
        let mut link = Command::new("wasm-ld");
        link.arg("-o")
            .arg(&module)
            .arg(Path::new(LIBRARIES).join("crt1-command.o"));
        for input in &inputs {
            let stem = input.file_stem().context("a source has a name")?;
            let object = objects.join(stem).with_extension("o");
            // Compiled and linked in two steps: clang runs wasm-opt, where there is one, over
            // what it links itself.
            run(Command::new("clang")
                .args([TARGET, "-O2", "-w", "-c"])
                .args(self.flags())
                .args(&includes)
                .arg("-o")
                .arg(&object)
                .arg(input))?;
            link.arg(object);
        }
        link.args(EMULATED.map(|name| format!("-lwasi-emulated-{name}")))
            .args([&format!("-L{LIBRARIES}"), "-lc"])
            .arg(runtime_library()?);
        run(&mut link)?;
        fs::write(stamp, key)?;
        Ok(module)
    }

    fn flags(&self) -> impl Iterator<Item = String> {
        let emulated = EMULATED.map(|name| {
            let name = name.replace('-', "_").to_uppercase();
            format!("-D_WASI_EMULATED_{name}")
        });
        let guests = guests().display().to_string();
        let own = self.flags.iter();
        own.map(move |flag| flag.replace("{guests}", &guests))
            .chain(emulated)
    }

    /// The C files of a folder, in order, less those that are not wanted.
    fn files_of(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            let is_wanted = !self.without.iter().any(|other| name == *other);
            if is_wanted && path.extension().is_some_and(|extension| extension == "c") {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Changes when what goes into the program changes.
    fn key(&self) -> Result<String> {
        let mut text = format!("{self:?}");
        let lock = crate::folder().join("sources/Cargo.lock");
        let own = [lock, guests().join(self.main)];
        let headers = [
            guests().join("lua/no_setjmp.h"),
            guests().join("lua/setjmp.h"),
        ];
        for file in own.iter().chain(&headers) {
            text += &fs::read_to_string(file).with_context(|| file.display().to_string())?;
        }
        Ok(sha256(text.as_bytes()))
    }
}

fn guests() -> PathBuf {
    crate::folder().join("guests")
}

/// clang's own library, for what WebAssembly has no instructions for.
fn runtime_library() -> Result<String> {
    let path = run(Command::new("clang").args([TARGET, "-print-libgcc-file-name"]))?;
    let path = String::from_utf8(path)?;
    let path = path.trim();
    ensure!(
        Path::new(path).exists(),
        "{path} is missing: `scripts/setup programs` installs it"
    );
    Ok(path.to_owned())
}

/// Has cargo fetch the packages of `sources/Cargo.toml`, and returns where one is.
fn package_folder(name: &str) -> Result<PathBuf> {
    let metadata = run(Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .arg("--manifest-path")
        .arg(crate::folder().join("sources/Cargo.toml")))?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|package| package["name"] == name)
        .find_map(|package| package["manifest_path"].as_str());
    let manifest = manifest.ok_or_else(|| anyhow!("sources/Cargo.toml does not name {name}"))?;
    Ok(Path::new(manifest).with_file_name(""))
}

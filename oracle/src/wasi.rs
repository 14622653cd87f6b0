//! The guest of `tests/wasi` in Wasmtime's WASI host: a second opinion on what it checks.

use std::path::{Path, PathBuf};
use std::{env, fs, process};
use wasmtime::{Engine, ExternType, Linker, Module, Result, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, p0, p1};

/// Runs every check of the guest in an empty directory, prints those that fail with the line
/// that they return, and says how many there are.
///
/// # Errors
///
/// Fails if the guest cannot be read or is none.
pub fn check(guest: &Path) -> Result<String> {
    let engine = Engine::default();
    let module = Module::from_file(&engine, guest)?;
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |ctx: &mut WasiP1Ctx| ctx)?;
    p0::add_to_linker_sync(&mut linker, |ctx: &mut WasiP1Ctx| ctx)?;
    let is_check = |ty: &ExternType| match ty {
        ExternType::Func(ty) => ty.results().len() == 1,
        _ => false,
    };
    let exports = module.exports().filter(|export| is_check(&export.ty()));
    let names: Vec<_> = exports.map(|export| export.name().to_owned()).collect();
    let mut failed = 0;
    for name in &names {
        let directory = Directory::new()?;
        let ctx = WasiCtxBuilder::new()
            .inherit_stdio()
            .arg("guest.wasm")
            .env("KEY", "a value")
            .env("EMPTY", "")
            .preopened_dir(&directory.0, "/", FsPerms::ReadWrite)?
            .build_p1();
        let mut store = Store::new(&engine, ctx);
        let instance = linker.instantiate(&mut store, &module)?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize.call(&mut store, ())?;
        }
        let check = instance.get_typed_func::<(), u32>(&mut store, name)?;
        let outcome = match check.call(&mut store, ()) {
            Ok(0) => continue,
            Ok(line) => format!("line {line}"),
            Err(error) => format!("{error:#}"),
        };
        failed += 1;
        println!("{name}: {outcome}");
    }
    Ok(format!("{} checks, {failed} failed", names.len()))
}

/// An empty directory that is removed with what is in it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Result<Self> {
        let path = env::temp_dir().join(format!("woodfrog-oracle-{}", process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What stays is in the directory for what may go.
        let _ = fs::remove_dir_all(&self.0);
    }
}

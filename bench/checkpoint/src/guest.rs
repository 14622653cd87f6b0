//! The guest: a program that reads its memory all the time, and writes to a part of it each second.

use anyhow::{Context, Result};
use std::sync::Arc;
use std::time::Instant;
use woodfrog::abi::Val;
use woodfrog::runtime::{Caller, Config, Engine, Instance, Linker, Module, Store};
use woodfrog_cli::LinuxPlatform;

/// A page of a checkpoint.
pub const PAGE: u64 = 4096;

/// What a guest is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How much memory it has.
    pub mib: u64,
    /// How many of its pages it writes to in a second.
    pub pages_per_s: u64,
    /// Which ones.
    pub seed: u64,
    /// How often it writes to all of them, in milliseconds; 0: when it begins alone.
    pub all_every_ms: u64,
}

impl Load {
    /// A guest that writes to a part of its memory, in percent, in each second.
    pub fn of_percent(mib: u64, percent: u64, seed: u64) -> Self {
        Self {
            mib,
            pages_per_s: (mib << 20) / PAGE * percent / 100,
            seed,
            all_every_ms: 0,
        }
    }

    /// The module.
    pub fn to_wasm(self) -> Result<Vec<u8>> {
        let text = include_str!("guest.wat")
            .replace("MEMORY)", &format!("{})", self.mib << 4))
            .replace("RATE)", &format!("{})", self.pages_per_s))
            .replace("SEED)", &format!("{})", self.seed))
            .replace("ALL_EVERY)", &format!("{})", self.all_every_ms * 1_000_000));
        Ok(wat::parse_str(text)?)
    }
}

/// A compiled guest, and what it may call, on Linux.
pub struct Program {
    pub engine: Engine,
    pub linker: Linker<()>,
    pub wasm: Vec<u8>,
    module: Module,
}

/// How far a guest has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Pages that it has read.
    pub units: u64,
    /// Pages that it has written to, those counted more than once that it chose again.
    pub writes: u64,
}

impl Program {
    /// Compiles a guest.
    pub fn new(load: Load) -> Result<Self> {
        let wasm = load.to_wasm()?;
        let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
        let module = Module::new(&engine, &wasm)?;
        let mut linker = Linker::new();
        let start = Instant::now();
        linker.func_wrap(
            "wasi_snapshot_preview1",
            "clock_time_get",
            move |mut caller: Caller<'_, ()>, _: i32, _: i64, at: i32| {
                let now = start.elapsed().as_nanos() as u64;
                let written = caller.write("memory", u64::from(at as u32), &now.to_le_bytes());
                i32::from(written.is_err())
            },
        );
        // Its reports are for those who cannot look into it.
        linker.func_wrap(
            "wasi_snapshot_preview1",
            "fd_write",
            |_: i32, _: i32, _: i32, _: i32| 0,
        );
        Ok(Self {
            engine,
            linker,
            wasm,
            module,
        })
    }

    /// A store in which the guest has not begun.
    pub fn begin(&self) -> Result<(Store<()>, Instance)> {
        let mut store = Store::new(&self.engine, ());
        let instance = self.linker.instantiate(&mut store, &self.module)?;
        Ok((store, instance))
    }
}

/// How far the guest in a store has come, which does not run.
pub fn progress(store: &Store<()>) -> Result<Progress> {
    let instance = store.instances().next().context("no instance")?;
    let number = |name| {
        let global = instance.get_global(store, name).context("no such global")?;
        match global.get(store) {
            Val::I64(value) => Ok(value as u64),
            other => anyhow::bail!("{name} is {other:?}"),
        }
    };
    Ok(Progress {
        units: number("units")?,
        writes: number("writes")?,
    })
}

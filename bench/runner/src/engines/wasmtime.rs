//! Wasmtime: Cranelift, bare and with what it takes to interrupt it, and Winch.

use super::{Boundary, Compiled, Crossing, Engine, Program, names};
use anyhow::{Result, anyhow};
use std::num::NonZero;
use wasmtime::{Config, Instance, Linker, Module, Store, Strategy, WasmBacktrace};

struct Wasmtime {
    name: &'static str,
    engine: wasmtime::Engine,
    /// Whether compile times of this configuration are looked at.
    is_compiler: bool,
}

/// Every configuration.
pub fn all() -> Result<Vec<Box<dyn Engine>>> {
    let mut cranelift_epoch = Config::new();
    cranelift_epoch.epoch_interruption(true);
    let mut cranelift_debug = Config::new();
    cranelift_debug.guest_debug(true);
    let mut winch = Config::new();
    winch.strategy(Strategy::Winch);
    let mut winch_epoch = winch.clone();
    winch_epoch.epoch_interruption(true);
    let configurations = [
        (names::CRANELIFT, Config::new(), true),
        ("Cranelift + epoch", cranelift_epoch, false),
        ("Cranelift + guest_debug", cranelift_debug, false),
        (names::WINCH, winch, true),
        (names::WINCH_EPOCH, winch_epoch, false),
    ];
    let engines = configurations.into_iter();
    engines
        .map(|(name, config, is_compiler)| -> Result<Box<dyn Engine>> {
            Ok(Box::new(Wasmtime {
                name,
                engine: wasmtime::Engine::new(&config).map_err(describe)?,
                is_compiler,
            }))
        })
        .collect()
}

/// Wasmtime's error as ours.
fn describe(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:?}")
}

impl Engine for Wasmtime {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compile(&self, wasm: &[u8]) -> Option<Result<Compiled>> {
        let compile = || {
            let module = Module::new(&self.engine, wasm).map_err(describe)?;
            Ok(Compiled {
                machine_code: Some(module.text().len()),
                state_map: None,
                _module: Box::new(module),
            })
        };
        self.is_compiler.then(compile)
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Program>> {
        let module = Module::new(&self.engine, wasm).map_err(describe)?;
        let mut store = Store::new(&self.engine, ());
        store.set_epoch_deadline(1);
        let instance = Instance::new(&mut store, &module, &[]).map_err(describe)?;
        Ok(Box::new(Running { store, instance }))
    }
}

struct Running {
    store: Store<()>,
    instance: Instance,
}

impl Program for Running {
    fn call(&mut self, name: &str, size: u32) -> Result<u64> {
        let func = self
            .instance
            .get_typed_func::<u32, u64>(&mut self.store, name)
            .map_err(describe)?;
        func.call(&mut self.store, size).map_err(describe)
    }
}

/// Cranelift's boundary. The store's data says how often a host function looks at frames.
pub struct WasmtimeBoundary {
    module: Module,
    linker: Linker<u32>,
    store: Store<u32>,
    instance: Instance,
}

impl WasmtimeBoundary {
    /// Instantiates `crossings.wat`.
    pub fn new(wasm: &[u8]) -> Result<Self> {
        Self::make(wasm).map_err(describe)
    }

    fn make(wasm: &[u8]) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.wasm_backtrace_max_frames(NonZero::new(32));
        let engine = wasmtime::Engine::new(&config)?;
        let module = Module::new(&engine, wasm)?;
        let mut linker: Linker<u32> = Linker::new(&engine);
        linker.func_wrap("host", "empty", || {})?;
        linker.func_wrap("host", "add", |a: i32, b: i32| a.wrapping_add(b))?;
        linker.func_wrap("host", "look", |caller: wasmtime::Caller<'_, u32>| {
            for _ in 0..*caller.data() {
                assert_eq!(WasmBacktrace::force_capture(&caller).frames().len(), 32);
            }
        })?;
        let mut store = Store::new(&engine, 0);
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Self {
            module,
            linker,
            store,
            instance,
        })
    }

    fn call(&mut self, name: &str, argument: u32) -> wasmtime::Result<()> {
        let func = self
            .instance
            .get_typed_func::<u32, ()>(&mut self.store, name)?;
        func.call(&mut self.store, argument)
    }

    fn try_cross(&mut self, crossing: Crossing, count: u32) -> wasmtime::Result<()> {
        match crossing {
            Crossing::Loop => self.call("loop", count),
            Crossing::HostCall => self.call("call", count),
            Crossing::HostCallWithArguments => self.call("call_with_arguments", count),
            Crossing::Enter => {
                let func = self
                    .instance
                    .get_typed_func::<(), ()>(&mut self.store, "nothing")?;
                (0..count).try_for_each(|_| func.call(&mut self.store, ()))
            }
            Crossing::Instantiate => (0..count).try_for_each(|_| {
                let mut store = Store::new(self.module.engine(), 0);
                self.linker.instantiate(&mut store, &self.module).map(drop)
            }),
            Crossing::Backtrace => {
                *self.store.data_mut() = count;
                self.call("descend", 32)
            }
        }
    }
}

impl Boundary for WasmtimeBoundary {
    fn name(&self) -> &'static str {
        names::CRANELIFT
    }

    fn cross(&mut self, crossing: Crossing, count: u32) -> Result<()> {
        self.try_cross(crossing, count).map_err(describe)
    }
}

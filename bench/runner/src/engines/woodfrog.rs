//! Woodfrog, as it comes: polls and state maps on; and without polls, to tell their cost.

use super::unpolled::Unpolled;
use super::{Boundary, Compiled, Crossing, Engine, Program, names};
use anyhow::{Result, bail};
use std::sync::Arc;
use woodfrog::runtime::{
    self, Caller, Config, Instance, Linker, Module, Outcome, Store, WasmParams,
};
use woodfrog_cli::LinuxPlatform;

/// The engine.
pub struct Woodfrog {
    name: &'static str,
    engine: runtime::Engine,
}

/// An engine on Linux, in its default configuration.
pub fn engine() -> runtime::Engine {
    runtime::Engine::new(Arc::new(LinuxPlatform::new()), Config::default())
}

impl Woodfrog {
    /// The engine as it comes.
    pub fn new() -> Self {
        Self {
            name: names::WOODFROG,
            engine: engine(),
        }
    }

    /// The engine on a platform that takes polls out of its code.
    pub fn without_polls() -> Self {
        let platform = Arc::new(Unpolled(LinuxPlatform::new()));
        Self {
            name: names::UNPOLLED,
            engine: runtime::Engine::new(platform, Config::default()),
        }
    }
}

impl Engine for Woodfrog {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compile(&self, wasm: &[u8]) -> Option<Result<Compiled>> {
        let compile = || {
            let module = Module::new(&self.engine, wasm)?;
            let statistics = module.statistics();
            Ok(Compiled {
                machine_code: Some(statistics.machine_code),
                state_map: Some(statistics.state_map),
                _module: Box::new(module),
            })
        };
        (self.name == names::WOODFROG).then(compile)
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Program>> {
        let module = Module::new(&self.engine, wasm)?;
        let mut store = Store::new(&self.engine, ());
        let instance = Linker::new().instantiate(&mut store, &module)?;
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
            .get_typed_func::<u32, u64>(&self.store, name)?;
        match func.call(&mut self.store, size)? {
            Outcome::Returned(sum) => Ok(sum),
            Outcome::Suspended => bail!("nobody asked for a suspension"),
        }
    }
}

/// Woodfrog's boundary. The store's data says how often a host function looks at frames.
pub struct WoodfrogBoundary {
    module: Module,
    linker: Linker<u32>,
    store: Store<u32>,
    instance: Instance,
}

impl WoodfrogBoundary {
    /// Instantiates `crossings.wat`.
    pub fn new(wasm: &[u8]) -> Result<Self> {
        let engine = engine();
        let module = Module::new(&engine, wasm)?;
        let mut linker: Linker<u32> = Linker::new();
        linker.func_wrap("host", "empty", || ());
        linker.func_wrap("host", "add", i32::wrapping_add);
        linker.func_wrap("host", "look", |caller: Caller<'_, u32>| {
            for _ in 0..*caller.data() {
                assert_eq!(caller.backtrace().frames.len(), 32);
            }
        });
        let mut store = Store::new(&engine, 0);
        let instance = linker.instantiate(&mut store, &module)?;
        Ok(Self {
            module,
            linker,
            store,
            instance,
        })
    }

    fn call<P: WasmParams + Copy>(&mut self, name: &str, params: P, count: u32) -> Result<()> {
        let func = self.instance.get_typed_func::<P, ()>(&self.store, name)?;
        for _ in 0..count {
            func.call(&mut self.store, params)?;
        }
        Ok(())
    }
}

impl Boundary for WoodfrogBoundary {
    fn name(&self) -> &'static str {
        names::WOODFROG
    }

    fn cross(&mut self, crossing: Crossing, count: u32) -> Result<()> {
        match crossing {
            Crossing::Loop => self.call("loop", count, 1),
            Crossing::HostCall => self.call("call", count, 1),
            Crossing::HostCallWithArguments => self.call("call_with_arguments", count, 1),
            Crossing::Enter => self.call("nothing", (), count),
            Crossing::Instantiate => {
                for _ in 0..count {
                    let mut store = Store::new(self.module.engine(), 0);
                    self.linker.instantiate(&mut store, &self.module)?;
                }
                Ok(())
            }
            Crossing::Backtrace => {
                *self.store.data_mut() = count;
                self.call("descend", 32, 1)
            }
        }
    }
}

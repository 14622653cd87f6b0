//! Woodfrog, as it comes: polls and state maps on; and without polls, to tell their cost.

use super::unpolled::Unpolled;
use super::{Boundary, Compiled, Crossing, Engine, Program, names};
use anyhow::{Context, Result, bail};
use std::sync::Arc;
use woodfrog::abi::{FuncType, ValType, Value};
use woodfrog::runtime::{self, Config, Instance, Linker, Module, Outcome, Store};
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
        let func = self.instance.func(&self.store, name);
        let func = func.with_context(|| format!("no export {name}"))?;
        match func.call(&mut self.store, &[Value::I32(size as i32)])? {
            Outcome::Returned(values) => match values[..] {
                [Value::I64(sum)] => Ok(sum as u64),
                _ => bail!("{name} returned {values:?}"),
            },
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
        let nothing = FuncType::new([], []);
        let binary = FuncType::new([ValType::I32, ValType::I32], [ValType::I32]);
        let mut linker: Linker<u32> = Linker::new();
        linker.func("host", "empty", nothing.clone(), |_, _, _| Ok(()));
        linker.func("host", "add", binary, |_, arguments, results| {
            if let [Value::I32(a), Value::I32(b)] = arguments {
                results[0] = Value::I32(a.wrapping_add(*b));
            }
            Ok(())
        });
        linker.func("host", "look", nothing, |caller, _, _| {
            for _ in 0..*caller.data() {
                assert_eq!(caller.backtrace().frames.len(), 32);
            }
            Ok(())
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

    fn call(&mut self, name: &str, arguments: &[Value], count: u32) -> Result<()> {
        let func = self.instance.func(&self.store, name);
        let func = func.with_context(|| format!("no export {name}"))?;
        for _ in 0..count {
            func.call(&mut self.store, arguments)?;
        }
        Ok(())
    }
}

impl Boundary for WoodfrogBoundary {
    fn name(&self) -> &'static str {
        names::WOODFROG
    }

    fn cross(&mut self, crossing: Crossing, count: u32) -> Result<()> {
        let argument = [Value::I32(count as i32)];
        match crossing {
            Crossing::Loop => self.call("loop", &argument, 1),
            Crossing::HostCall => self.call("call", &argument, 1),
            Crossing::HostCallWithArguments => self.call("call_with_arguments", &argument, 1),
            Crossing::Enter => self.call("nothing", &[], count),
            Crossing::Instantiate => {
                for _ in 0..count {
                    let mut store = Store::new(self.module.engine(), 0);
                    self.linker.instantiate(&mut store, &self.module)?;
                }
                Ok(())
            }
            Crossing::Backtrace => {
                *self.store.data_mut() = count;
                self.call("descend", &[Value::I32(32)], 1)
            }
        }
    }
}

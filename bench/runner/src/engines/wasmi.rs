//! wasmi, an interpreter.

use super::{Compiled, Engine, Program};
use anyhow::Result;
use wasmi::{CompilationMode, Config, Instance, Linker, Module, Store};

/// The interpreter; it translates functions to its own code as soon as it gets them.
pub struct Wasmi(wasmi::Engine);

impl Wasmi {
    /// Makes the engine.
    pub fn new() -> Self {
        let mut config = Config::default();
        config.compilation_mode(CompilationMode::Eager);
        Self(wasmi::Engine::new(&config))
    }
}

impl Engine for Wasmi {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn compile(&self, wasm: &[u8]) -> Option<Result<Compiled>> {
        let module = Module::new(&self.0, wasm).map_err(Into::into);
        Some(module.map(|module| Compiled {
            machine_code: None,
            state_map: None,
            _module: Box::new(module),
        }))
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Program>> {
        let module = Module::new(&self.0, wasm)?;
        let mut store = Store::new(&self.0, ());
        let instance = Linker::new(&self.0).instantiate_and_start(&mut store, &module)?;
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
        Ok(func.call(&mut self.store, size)?)
    }
}

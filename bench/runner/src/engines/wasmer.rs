//! Wasmer's single-pass compiler.

use super::{Compiled, Engine, Program, names};
use anyhow::Result;
use std::num::NonZero;
use wasmer::sys::Singlepass as Compiler;
use wasmer::{Instance, Module, Store, TypedFunction, imports};

/// The compiler on one thread.
pub struct Singlepass;

impl Engine for Singlepass {
    fn name(&self) -> &'static str {
        names::SINGLEPASS
    }

    fn has_vectors(&self) -> bool {
        false
    }

    fn compile(&self, wasm: &[u8]) -> Option<Result<Compiled>> {
        let compile = || {
            let store = store();
            let module = Module::new(&store, wasm)?;
            Ok(Compiled {
                machine_code: None,
                state_map: None,
                _module: Box::new((store, module)),
            })
        };
        Some(compile())
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Program>> {
        let mut store = store();
        let module = Module::new(&store, wasm)?;
        let instance = Instance::new(&mut store, &module, &imports! {})?;
        Ok(Box::new(Running { store, instance }))
    }
}

fn store() -> Store {
    let mut compiler = Compiler::default();
    compiler.num_threads(NonZero::<usize>::MIN);
    Store::new(compiler)
}

struct Running {
    store: Store,
    instance: Instance,
}

impl Program for Running {
    fn call(&mut self, name: &str, size: u32) -> Result<u64> {
        let exports = &self.instance.exports;
        let func: TypedFunction<u32, u64> = exports.get_typed_function(&self.store, name)?;
        Ok(func.call(&mut self.store, size)?)
    }
}

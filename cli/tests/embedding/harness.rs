//! What the tests share: engines, instances, and runs that freeze.

use std::num::NonZeroU64;
use std::sync::Arc;
use woodfrog::abi::Value;
use woodfrog::image::RawImage;
use woodfrog::runtime::{
    CallError, Config, Engine, Instance, Linker, Module, Outcome, Store, Trap,
};
use woodfrog_cli::LinuxPlatform;

pub fn engine() -> Engine {
    Engine::new(Arc::new(LinuxPlatform::new()), Config::default())
}

pub fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, &wat::parse_str(wat).unwrap()).unwrap()
}

/// A store with one instance of a module that imports nothing.
pub fn instance(wat: &str) -> (Store<()>, Instance) {
    let engine = engine();
    let mut store = Store::new(&engine, ());
    let module = module(&engine, wat);
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    (store, instance)
}

pub fn call<T: 'static>(
    store: &mut Store<T>,
    instance: Instance,
    name: &str,
    args: &[Value],
) -> Result<Outcome, CallError> {
    let func = instance.func(&*store, name).unwrap();
    func.call(store, args)
}

pub fn returned(values: &[Value]) -> Outcome {
    Outcome::Returned(values.to_vec())
}

pub fn trapped(result: Result<Outcome, CallError>) -> Trap {
    match result.unwrap_err() {
        CallError::Trap(trap) => trap,
        error => panic!("{error}"),
    }
}

/// Modules, of which the first is called, and what they import.
pub struct Program<T: 'static> {
    pub engine: Engine,
    pub linker: Linker<T>,
    pub modules: Vec<Module>,
}

impl Program<()> {
    pub fn new(wat: &str) -> Self {
        let engine = engine();
        let modules = vec![module(&engine, wat)];
        Self {
            engine,
            linker: Linker::new(),
            modules,
        }
    }
}

//! What the tests share: engines, instances, and runs that freeze.

use std::num::NonZeroU64;
use std::sync::Arc;
use woodfrog::abi::Val;
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
    args: &[Val],
) -> Result<Outcome, CallError> {
    let func = instance.get_func(&*store, name).unwrap();
    func.call(store, args)
}

pub fn returned(values: &[Val]) -> Outcome {
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
impl<T: Clone + 'static> Program<T> {
    /// Makes the store an image and a new store of that.
    pub fn freeze_and_thaw(&self, store: Store<T>) -> Store<T> {
        let bytes = store.capture().unwrap().to_bytes();
        let data = store.into_data();
        let inert: Vec<_> = self.modules.iter().map(Module::inner).collect();
        let image = RawImage::parse(&bytes).unwrap().validate(&inert).unwrap();
        let store =
            Store::restore(&self.engine, data, &self.linker, &self.modules, &image).unwrap();
        // A thawed store freezes to the same image again.
        assert!(store.capture().unwrap().to_bytes() == bytes);
        store
    }

    /// Calls a function of a fresh instance of the first module, freezing at
    /// every `n`th suspend point. Says how often.
    pub fn run_frozen(
        &self,
        data: T,
        name: &str,
        args: &[Val],
        n: Option<NonZeroU64>,
    ) -> (Result<Outcome, CallError>, u64, Store<T>) {
        let mut store = Store::new(&self.engine, data);
        let instance = self
            .linker
            .instantiate(&mut store, &self.modules[0])
            .unwrap();
        store.set_freeze_every(n);
        let mut result = call(&mut store, instance, name, args);
        let mut freezes = 0;
        while let Ok(Outcome::Suspended) = result {
            freezes += 1;
            store = self.freeze_and_thaw(store);
            store.set_freeze_every(n);
            result = store.resume();
        }
        (result, freezes, store)
    }

    /// Asserts that a call has the same result however often it is frozen.
    pub fn check(&self, data: T, name: &str, args: &[Val], expected: &[Val]) {
        for every in [0, 1, 2, 7] {
            let n = NonZeroU64::new(every);
            let (result, freezes, _) = self.run_frozen(data.clone(), name, args, n);
            assert_eq!(
                result.unwrap(),
                returned(expected),
                "freezing every {every}"
            );
            assert!(every != 1 || freezes > 0);
        }
    }
}

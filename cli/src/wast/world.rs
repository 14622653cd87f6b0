//! The store of a script, and what the script calls its instances.
//!
//! When a call is frozen, everything is dropped but the compiled modules and the
//! script's names: the store is made anew from the image's bytes. So whatever
//! is kept of an instance is its index in the store, which never changes.

use super::spectest;
use crate::error::Failure;
use crate::platform::LinuxPlatform;
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::Arc;
use woodfrog::abi::Value;
use woodfrog::compile::CpuFeatures;
use woodfrog::image::RawImage;
use woodfrog::module::WasmFeatures;
use woodfrog::runtime::{
    CallError, Config, Engine, Instance, InstantiateError, Linker, Module, ModuleError, Outcome,
    Store,
};

/// Bytes of a script's stack. Scripts overflow it on purpose, and then each frozen
/// call has as many frames as fit: more would only take longer.
const STACK_SIZE: u64 = 512 << 10;

/// Freezes of one call after which the distance between two doubles, so that long
/// loops end, being frozen at fewer and fewer of their suspend points.
const FREEZES_AT_ONE_DISTANCE: u32 = 32;

/// Why an action of a script came to no result.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// It trapped, or cannot be called like this.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A module cannot be instantiated.
    #[error(transparent)]
    Instantiate(#[from] InstantiateError),
    /// A module is refused.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// No module of this name was made, or, if it is None, none at all or not the latest.
    #[error("there is no module {}", .0.as_deref().unwrap_or("to do this with"))]
    NoModule(Option<String>),
    /// The instance has no such function or global.
    #[error("no export \"{0}\" of that kind")]
    NoExport(String),
    /// The store could not be frozen or thawed. It is lost.
    #[error("freezing and thawing: {0}")]
    Freeze(Box<Failure>),
}

/// How scripts are run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Freeze every call at every Nth suspend point, or seldomer after many freezes.
    pub freeze_every: Option<NonZeroU64>,
    /// Processor features that code may use.
    pub features: CpuFeatures,
    /// Features of WebAssembly that modules may use.
    pub wasm_features: WasmFeatures,
}

impl Default for Options {
    /// No freezing, and the features that this processor has.
    fn default() -> Self {
        Self {
            freeze_every: None,
            features: Config::default().features,
            wasm_features: WasmFeatures::default(),
        }
    }
}

/// A store, its modules and their names in the script.
pub struct World {
    engine: Engine,
    store: Store<()>,
    linker: Linker<()>,
    modules: Vec<Module>,
    /// Instances by index, in the order in which the script registered them.
    registered: Vec<(String, u32)>,
    /// Instances by name; under None is the latest.
    instances: HashMap<Option<String>, u32>,
    /// Modules defined but not instantiated; under None is the latest.
    definitions: HashMap<Option<String>, Module>,
    freeze_every: Option<NonZeroU64>,
    freezes: u64,
}

impl World {
    /// A store in which there is only `spectest`.
    ///
    /// # Panics
    ///
    /// Panics if there is no memory for `spectest`.
    pub fn new(options: &Options) -> Self {
        let config = Config {
            stack_size: STACK_SIZE,
            features: options.features,
            wasm_features: options.wasm_features,
        };
        let engine = Engine::new(Arc::new(LinuxPlatform::new()), config);
        let mut world = Self {
            store: Store::new(&engine, ()),
            engine,
            linker: spectest::linker(),
            modules: Vec::new(),
            registered: Vec::new(),
            instances: HashMap::new(),
            definitions: HashMap::new(),
            freeze_every: options.freeze_every,
            freezes: 0,
        };
        let bytes = wat::parse_str(spectest::MODULE).expect("spectest is valid text");
        let spectest = world.compile(&bytes).expect("spectest is valid");
        world
            .instantiate(None, &spectest)
            .expect("spectest has room");
        world
            .register(spectest::NAME, None)
            .expect("spectest is the latest instance");
        world.instances.clear();
        world
    }

    /// Compiles a module.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    pub fn compile(&self, bytes: &[u8]) -> Result<Module, ModuleError> {
        Module::new(&self.engine, bytes)
    }

    /// Forgets an instance's name, and the latest instance: what was to take their
    /// place could not be made, and a script must not go on with another instead.
    pub fn forget(&mut self, name: Option<String>) {
        self.instances.remove(&None);
        self.instances.remove(&name);
    }

    /// Keeps a module to be instantiated later.
    pub fn define(&mut self, name: Option<String>, module: Module) {
        self.definitions.insert(None, module.clone());
        self.definitions.insert(name, module);
    }

    /// A module that was defined, by its name or the latest.
    ///
    /// # Errors
    ///
    /// [`ActionError::NoModule`].
    pub fn definition(&self, name: Option<String>) -> Result<Module, ActionError> {
        let module = self.definitions.get(&name).cloned();
        module.ok_or(ActionError::NoModule(name))
    }

    /// Instantiates a module and runs its start function; it is then the latest
    /// instance, and that of its name.
    ///
    /// # Errors
    ///
    /// [`ActionError`].
    pub fn instantiate(
        &mut self,
        name: Option<String>,
        module: &Module,
    ) -> Result<(), ActionError> {
        let index = self.try_instantiate(module)?;
        self.instances.insert(None, index);
        self.instances.insert(name, index);
        Ok(())
    }

    /// Instantiates a module, to which the script does not refer again, and runs its
    /// start function. Returns the instance's index.
    ///
    /// # Errors
    ///
    /// [`ActionError`].
    pub fn try_instantiate(&mut self, module: &Module) -> Result<u32, ActionError> {
        // The store may keep an instance even if this fails, and cannot be thawed without it.
        self.modules.push(module.clone());
        self.store.set_freeze_every(self.freeze_every);
        let instance = self.linker.instantiate(&mut self.store, module)?;
        let outcome = instance.start(&mut self.store);
        self.finish(outcome)?;
        Ok(instance.index())
    }

    /// Lets modules import what an instance exports.
    ///
    /// # Errors
    ///
    /// [`ActionError::NoModule`].
    pub fn register(&mut self, name: &str, module: Option<String>) -> Result<(), ActionError> {
        let instance = self.instance(module)?;
        self.linker.instance(&self.store, name, instance);
        self.registered.push((name.to_owned(), instance.index()));
        Ok(())
    }

    /// Calls an export.
    ///
    /// # Errors
    ///
    /// [`ActionError`].
    pub fn invoke(
        &mut self,
        module: Option<String>,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, ActionError> {
        let func = self.instance(module)?.func(&self.store, name);
        let func = func.ok_or_else(|| ActionError::NoExport(name.to_owned()))?;
        self.store.set_freeze_every(self.freeze_every);
        let outcome = func.call(&mut self.store, args);
        self.finish(outcome)
    }

    /// The value of an exported global.
    ///
    /// # Errors
    ///
    /// [`ActionError`].
    pub fn global(&self, module: Option<String>, name: &str) -> Result<Value, ActionError> {
        let global = self.instance(module)?.global(&self.store, name);
        let global = global.ok_or_else(|| ActionError::NoExport(name.to_owned()))?;
        Ok(global.get(&self.store))
    }

    /// How often a call was frozen and thawed.
    pub fn freezes(&self) -> u64 {
        self.freezes
    }

    fn instance(&self, name: Option<String>) -> Result<Instance, ActionError> {
        let index = self.instances.get(&name);
        let instance = index.and_then(|&index| self.at(index));
        instance.ok_or(ActionError::NoModule(name))
    }

    fn at(&self, index: u32) -> Option<Instance> {
        self.store.instances().nth(index as usize)
    }

    /// Sees a call to its end, through all freezes.
    fn finish(
        &mut self,
        mut outcome: Result<Outcome, CallError>,
    ) -> Result<Vec<Value>, ActionError> {
        let mut freezes = 0;
        loop {
            if let Outcome::Returned(values) = outcome? {
                return Ok(values);
            }
            freezes += 1;
            self.freezes += 1;
            self.freeze_and_thaw()
                .map_err(|failure| ActionError::Freeze(Box::new(failure)))?;
            let distance = self.freeze_every.map(|n| distance(n, freezes));
            self.store.set_freeze_every(distance);
            outcome = self.store.resume();
        }
    }

    /// Serialises the suspended store, drops it, and makes it anew from the bytes.
    /// If that fails, the world is empty.
    ///
    /// # Panics
    ///
    /// Panics if the new store freezes to another image, which is the engine's fault.
    fn freeze_and_thaw(&mut self) -> Result<(), Failure> {
        let bytes = self.store.capture()?.to_bytes();
        self.store = Store::new(&self.engine, ());
        self.linker = spectest::linker();
        let raw = RawImage::parse(&bytes)?;
        let image = raw.unverified();
        self.store = Store::restore(&self.engine, (), &self.linker, &self.modules, image)?;
        assert!(
            self.store.capture()?.to_bytes() == bytes,
            "a thawed store freezes to another image"
        );
        for (name, index) in &self.registered {
            let instance = self.at(*index).expect("instances keep their indices");
            self.linker.instance(&self.store, name, instance);
        }
        Ok(())
    }
}

/// How many suspend points to pass to the next freeze.
fn distance(freeze_every: NonZeroU64, freezes: u32) -> NonZeroU64 {
    let doublings = (freezes / FREEZES_AT_ONE_DISTANCE).min(u64::BITS - 1);
    freeze_every.saturating_mul(NonZeroU64::new(1 << doublings).expect("a power of two"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_between_freezes_doubles_now_and_then() {
        let three = NonZeroU64::new(3).unwrap();
        assert_eq!(distance(three, 1).get(), 3);
        assert_eq!(distance(three, FREEZES_AT_ONE_DISTANCE).get(), 6);
        assert_eq!(distance(three, 5 * FREEZES_AT_ONE_DISTANCE + 1).get(), 96);
        assert_eq!(distance(three, u32::MAX), NonZeroU64::MAX);
    }
}

//! The store of a script, and what the script calls its instances.
//!
//! When a call is frozen, everything is dropped but the compiled modules and the
//! script's names: the store is made anew from the image's bytes. So whatever
//! is kept of an instance is its index in the store, which never changes.
//!
//! When a script cannot get at any of its instances again, they are dropped: to freeze with
//! every later call what scripts leave behind would take most of the time.

use crate::freezing::{Freezer, Next};
use crate::spectest;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use woodfrog::abi::Val;
use woodfrog::image::{ImageError, ImagePages, RawImage, ValidateError};
use woodfrog::module::ExternType;
use woodfrog::runtime::{
    CallError, CaptureError, Engine, Instance, InstantiateError, LazyMemory, Linker, Module,
    ModuleError, MoveError, Outcome, RestoreError, Store, SuspendedFrame, VersionId,
};

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
    Freeze(#[from] FreezeError),
}

/// Why a store could not be frozen or thawed.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// It has no image.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// Its frames cannot go to other code versions.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// The image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The image does not fit the modules.
    #[error(transparent)]
    Invalid(#[from] ValidateError),
    /// No store can be made of the image.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The image of the new store is not that of the old one.
    #[error("a thawed store freezes to another image")]
    Unfaithful,
}

/// So often in a call is the thawed store compared with the frozen one after each freeze;
/// later, each so manieth time.
const FREEZES_COMPARED: u64 = 64;

/// A store, its modules and their names in the script.
pub struct World<'f> {
    engine: Engine,
    /// The modules that are `spectest`.
    spectest: Vec<Module>,
    store: Store<()>,
    linker: Linker<()>,
    /// Those of the store's instances, those of `spectest` first.
    modules: Vec<Module>,
    /// Instances by index, in the order in which the script registered them.
    registered: Vec<(String, u32)>,
    /// Instances by name; under None is the latest.
    instances: BTreeMap<Option<String>, u32>,
    /// Modules defined but not instantiated; under None is the latest.
    definitions: BTreeMap<Option<String>, Module>,
    freezer: &'f mut dyn Freezer,
    freezes: u64,
}

impl<'f> World<'f> {
    /// A store in which there is only `spectest`.
    ///
    /// # Panics
    ///
    /// Panics if there is no memory for `spectest`.
    pub fn new(engine: &Engine, freezer: &'f mut dyn Freezer) -> Self {
        let mut world = Self {
            spectest: Vec::new(),
            store: Store::new(engine, ()),
            engine: engine.clone(),
            linker: spectest::linker(freezer.host_functions()),
            modules: Vec::new(),
            registered: Vec::new(),
            instances: BTreeMap::new(),
            definitions: BTreeMap::new(),
            freezer,
            freezes: 0,
        };
        let modules = spectest::modules(engine.config().wasm_features);
        let modules = modules.map(|bytes| world.compile(bytes).expect("spectest is valid"));
        world.spectest = modules.collect();
        world.add_spectest();
        world
    }

    /// Puts `spectest` into an empty store.
    fn add_spectest(&mut self) {
        for module in self.spectest.clone() {
            self.instantiate(None, &module).expect("room for spectest");
            self.register(spectest::NAME, None)
                .expect("spectest is the latest instance");
        }
        self.instances.clear();
    }

    /// Drops the store, and what the linker knows of it.
    fn drop_store(&mut self) {
        self.store = Store::new(&self.engine, ());
        self.linker = spectest::linker(self.freezer.host_functions());
    }

    /// Whether there are instances beside `spectest` and the script cannot get at them: none has a
    /// name or is registered, and none is in the table of `spectest` or has changed it, because
    /// modules import functions alone.
    fn is_out_of_reach(&self) -> bool {
        let imports_functions = |module: &Module| {
            let mut imports = module.imports();
            imports.all(|import| matches!(import.ty(), ExternType::Func(_)))
        };
        self.modules.len() > self.spectest.len()
            && self.instances.is_empty()
            && self.registered.len() == self.spectest.len()
            && self.modules.iter().all(imports_functions)
    }

    /// Compiles a module.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    pub fn compile(&mut self, bytes: &[u8]) -> Result<Module, ModuleError> {
        let module = Module::new(&self.engine, bytes)?;
        self.freezer.compiled(&module)?;
        Ok(module)
    }

    /// Forgets an instance's name, and the latest instance: what was to take their
    /// place could not be made, and a script must not go on with another instead. Instances that
    /// the script cannot get at any more are dropped if no others are left.
    ///
    /// # Panics
    ///
    /// As [`Self::new`].
    pub fn forget(&mut self, name: &Option<String>) {
        self.instances.remove(&None);
        self.instances.remove(name);
        if self.is_out_of_reach() {
            self.drop_store();
            self.modules.clear();
            self.registered.clear();
            self.add_spectest();
        }
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
    pub fn definition(&self, name: &Option<String>) -> Result<Module, ActionError> {
        let module = self.definitions.get(name).cloned();
        module.ok_or_else(|| ActionError::NoModule(name.clone()))
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
        let instance = self.linker.instantiate(&mut self.store, module)?;
        self.run(|store| instance.start(store))?;
        Ok(instance.index())
    }

    /// Lets modules import what an instance exports.
    ///
    /// # Errors
    ///
    /// [`ActionError::NoModule`].
    pub fn register(&mut self, name: &str, instance: Option<String>) -> Result<(), ActionError> {
        let instance = self.instance(&instance)?;
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
        instance: &Option<String>,
        name: &str,
        args: &[Val],
    ) -> Result<Vec<Val>, ActionError> {
        let func = self.instance(instance)?.get_func(&self.store, name);
        let func = func.ok_or_else(|| ActionError::NoExport(name.to_owned()))?;
        self.run(|store| func.call(store, args))
    }

    /// The value of an exported global.
    ///
    /// # Errors
    ///
    /// [`ActionError`].
    pub fn global(&self, instance: &Option<String>, name: &str) -> Result<Val, ActionError> {
        let global = self.instance(instance)?.get_global(&self.store, name);
        let global = global.ok_or_else(|| ActionError::NoExport(name.to_owned()))?;
        Ok(global.get(&self.store))
    }

    /// How often a call was frozen and thawed.
    pub fn freezes(&self) -> u64 {
        self.freezes
    }

    fn instance(&self, name: &Option<String>) -> Result<Instance, ActionError> {
        let index = self.instances.get(name);
        let instance = index.and_then(|&index| self.at(index));
        instance.ok_or_else(|| ActionError::NoModule(name.clone()))
    }

    fn at(&self, index: u32) -> Option<Instance> {
        self.store.instances().nth(index as usize)
    }

    /// Makes a call and sees it to its end, through all freezes.
    fn run(
        &mut self,
        call: impl FnOnce(&mut Store<()>) -> Result<Outcome, CallError>,
    ) -> Result<Vec<Val>, ActionError> {
        self.freezer.begin(&mut self.store);
        let outcome = call(&mut self.store);
        let result = self.finish(outcome);
        self.freezer.end(&mut self.store);
        result
    }

    fn finish(&mut self, mut outcome: Result<Outcome, CallError>) -> Result<Vec<Val>, ActionError> {
        let mut freezes = 0;
        loop {
            if let Outcome::Returned(values) = outcome? {
                return Ok(values);
            }
            let next = self.freezer.suspended(&mut self.store);
            if let Next::FreezeAndThaw(versions) = next.map_err(FreezeError::Move)? {
                freezes += 1;
                self.freezes += 1;
                self.freeze_and_thaw(freezes, &versions)?;
            }
            self.freezer.thawed(&mut self.store);
            outcome = self.store.resume();
        }
    }

    /// Serialises the suspended store, drops it, and makes it anew from the bytes, for the
    /// `count`th time in a call, with frames in the code `versions` given. If that fails, the world is empty.
    fn freeze_and_thaw(&mut self, count: u64, versions: &[VersionId]) -> Result<(), FreezeError> {
        let bytes = self.store.capture()?.to_bytes();
        self.drop_store();
        let is_lazy = !count.is_multiple_of(2);
        let (metadata, pages) = ImagePages::parse(bytes.clone())?;
        let raw = match is_lazy {
            true => metadata,
            false => RawImage::parse(&bytes)?,
        };
        let (linker, modules) = (&self.linker, &self.modules);
        let inert: Vec<_> = modules.iter().map(Module::inner).collect();
        let image = raw.validate(&inert)?;
        let version =
            |frame: &SuspendedFrame| versions.get(frame.number).copied().unwrap_or_default();
        let memory = LazyMemory {
            source: Box::new(pages),
            base: None,
        };
        // Memories that are in the image are not in want of pages.
        let store = Store::new(&self.engine, ());
        self.store = store.restored_lazily(linker, modules, &image, memory, version)?;
        // To compare takes all pages, and then the call finds them all.
        let is_compared =
            !is_lazy && count <= FREEZES_COMPARED || count.is_multiple_of(FREEZES_COMPARED + 1);
        if is_compared && self.store.capture()?.to_bytes() != bytes {
            return Err(FreezeError::Unfaithful);
        }
        for (name, index) in &self.registered {
            let instance = self.at(*index).expect("instances keep their indices");
            self.linker.instance(&self.store, name, instance);
        }
        Ok(())
    }
}

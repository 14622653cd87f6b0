//! What stores share: the platform, processor features, interned types and thunks.

use super::Module;
use super::code_memory::CodeMemory;
use super::module::ModuleInner;
use crate::abi::FuncType;
use crate::compile::{self, CompileOptions, CpuFeatures};
use crate::limits;
use crate::module::{ModuleHash, WasmFeatures};
use crate::platform::{Platform, PlatformError};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use hashbrown::HashMap;
use spin::Mutex;

/// Choices of an [`Engine`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Size of each store's wasm stack in bytes, guard not included; rounded
    /// up to whole pages and to at least twice [`limits::STACK_RESERVE`].
    pub stack_size: u64,
    /// Processor features that generated code may use. Code for others than the
    /// processor has is refused.
    pub features: CpuFeatures,
    /// Features of WebAssembly that modules may use.
    pub wasm_features: WasmFeatures,
    /// Pages of 4 KiB that a store can keep while a checkpoint of it is written out: what they held
    /// when it began, of those written to since. Its memories have equal shares. As many pages again may be
    /// on loan ([`LiveCheckpoint::lend_batch`](super::LiveCheckpoint::lend_batch)), each of which takes
    /// another if it is written to. A guest that finds none left waits: on
    /// Linux where it is, elsewhere it is suspended before
    /// ([`Store::is_short_of_spare_pages`](super::Store::is_short_of_spare_pages)).
    pub spare_pages: usize,
}

impl Default for Config {
    /// The default stack size, the processor's features that CPUID reports, and all of
    /// WebAssembly's that the engine has.
    fn default() -> Self {
        Self {
            stack_size: limits::DEFAULT_STACK_SIZE,
            features: CpuFeatures::detect(),
            wasm_features: WasmFeatures::default(),
            spare_pages: limits::DEFAULT_SPARE_PAGES,
        }
    }
}

/// A shared, thread-safe engine. Cloning is cheap.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<EngineInner>,
}

struct EngineInner {
    platform: Arc<dyn Platform>,
    config: Config,
    types: Mutex<Types>,
    /// The modules that exist, by hash.
    modules: Mutex<HashMap<ModuleHash, Vec<Weak<ModuleInner>>>>,
}

/// Interned function types, by number.
#[derive(Default)]
struct Types {
    numbers: HashMap<Arc<FuncType>, u32>,
    entries: Vec<TypeEntry>,
}

struct TypeEntry {
    ty: Arc<FuncType>,
    thunks: Option<(CodeMemory, Thunks)>,
}

/// Addresses of the thunks of one function type. Valid while the engine lives.
#[derive(Clone, Copy)]
pub(super) struct Thunks {
    /// Entry of the entry thunk.
    pub(super) entry: u64,
    /// Where the function returns to in the entry thunk.
    pub(super) entry_return: u64,
    /// Entry of the host thunk.
    pub(super) host: u64,
}

impl Engine {
    /// Makes an engine.
    pub fn new(platform: Arc<dyn Platform>, config: Config) -> Self {
        Self {
            inner: Arc::new(EngineInner {
                platform,
                config,
                types: Mutex::default(),
                modules: Mutex::default(),
            }),
        }
    }

    /// The platform it was made with.
    pub fn platform(&self) -> &Arc<dyn Platform> {
        &self.inner.platform
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// How modules are compiled when nobody says otherwise.
    pub(super) fn compile_options(&self) -> CompileOptions {
        CompileOptions {
            features: self.config().features,
            ..CompileOptions::default()
        }
    }

    /// The engine-wide number of a function type; equal types have equal numbers.
    pub fn intern(&self, ty: &FuncType) -> u32 {
        self.inner.types.lock().intern(ty)
    }

    /// A module that has been compiled for this engine and still exists.
    pub fn module(&self, hash: ModuleHash) -> Option<Module> {
        let modules = self.inner.modules.lock();
        let module = modules.get(&hash)?.iter().find_map(Weak::upgrade)?;
        Some(Module::of(module))
    }

    /// Notes a module, for [`Self::module`] to find.
    pub(super) fn add_module(&self, hash: ModuleHash, module: &Arc<ModuleInner>) {
        let mut modules = self.inner.modules.lock();
        modules
            .entry(hash)
            .or_default()
            .push(Arc::downgrade(module));
    }

    /// Forgets those modules with a hash that do not exist any more.
    pub(super) fn forget_module(&self, hash: ModuleHash) {
        let mut modules = self.inner.modules.lock();
        if let Some(found) = modules.get_mut(&hash) {
            found.retain(|module| module.strong_count() > 0);
            if found.is_empty() {
                modules.remove(&hash);
            }
        }
    }

    /// Whether both are the same engine.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// A type and its thunks, compiled when first asked for.
    ///
    /// # Panics
    ///
    /// Panics if no type has that number.
    pub(super) fn thunks(&self, signature: u32) -> Result<(Arc<FuncType>, Thunks), PlatformError> {
        let mut types = self.inner.types.lock();
        let entry = &mut types.entries[signature as usize];
        if let Some((_, thunks)) = &entry.thunks {
            return Ok((entry.ty.clone(), *thunks));
        }
        let (code, thunks) = compile_thunks(&self.inner.platform, &entry.ty)?;
        entry.thunks = Some((code, thunks));
        Ok((entry.ty.clone(), thunks))
    }
}

impl Types {
    fn intern(&mut self, ty: &FuncType) -> u32 {
        if let Some(&number) = self.numbers.get(ty) {
            return number;
        }
        let number = u32::try_from(self.entries.len()).expect("types take more than 4 bytes each");
        let ty = Arc::new(ty.clone());
        self.numbers.insert(ty.clone(), number);
        self.entries.push(TypeEntry { ty, thunks: None });
        number
    }
}

fn compile_thunks(
    platform: &Arc<dyn Platform>,
    ty: &FuncType,
) -> Result<(CodeMemory, Thunks), PlatformError> {
    const ALIGN: usize = 16;
    let entry = compile::entry_thunk(ty);
    let host = compile::host_thunk(ty);
    let host_offset = entry.code.len().next_multiple_of(ALIGN);
    let mut code = entry.code;
    // INT3 between the two, in case something goes astray.
    code.resize(host_offset, 0xcc);
    code.extend_from_slice(&host.code);
    let memory = CodeMemory::new(platform, &code)?;
    let base = memory.base() as u64;
    let thunks = Thunks {
        entry: base,
        entry_return: base + u64::from(entry.return_offset),
        host: base + host_offset as u64,
    };
    Ok((memory, thunks))
}

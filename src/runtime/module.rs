//! A compiled module: what [`crate::module`] made of the bytes, and its code versions.

use super::version::{UnknownVersion, Version, VersionId, VersionList};
use super::{Engine, ModuleError};
use crate::compile::CompileOptions;
use crate::module::{FunctionBody, ModuleHash, WasmFeatures};
use crate::state::ModuleStateMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use spin::Once;

/// A compiled module. Cloning is cheap.
#[derive(Clone)]
pub struct Module {
    inner: Arc<ModuleInner>,
}

/// What a [`Module`] shares.
pub(crate) struct ModuleInner {
    engine: Engine,
    module: crate::module::Module,
    /// The features of WebAssembly that it was allowed to use.
    wasm_features: WasmFeatures,
    signatures: Vec<u32>,
    versions: VersionList,
    /// A precompiled module decoded once more with its bodies, when they are needed.
    validated: Once<crate::module::Module>,
}

/// Sizes in bytes of what a compilation read and made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileStatistics {
    /// Bytes of the module's function bodies.
    pub wasm_code: usize,
    /// Bytes of machine code.
    pub machine_code: usize,
    /// Bytes of the state map, trap table included.
    pub state_map: usize,
    /// How many functions.
    pub functions: usize,
}

/// How far [`Module::new_with_progress`] has come, in bytes of the code section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileProgress {
    /// How much has been validated.
    pub validated: u64,
    /// How much has been compiled.
    pub compiled: u64,
    /// How much there is.
    pub total: u64,
}

impl Drop for ModuleInner {
    fn drop(&mut self) {
        self.engine.forget_module(self.module.hash);
    }
}

impl Module {
    /// Decodes, validates and compiles a module, for the features that the engine's
    /// configuration names.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    pub fn new(engine: &Engine, bytes: &[u8]) -> Result<Self, ModuleError> {
        Self::new_with_progress(engine, bytes, &mut |_| {})
    }

    /// The same, and tells after each function how far it has come: first each is validated,
    /// then each is compiled. For whoever lets somebody wait for large modules.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    pub fn new_with_progress(
        engine: &Engine,
        bytes: &[u8],
        on_progress: &mut dyn FnMut(CompileProgress),
    ) -> Result<Self, ModuleError> {
        let wasm_features = engine.config().wasm_features;
        let mut progress = CompileProgress::default();
        let mut code_start = 0;
        let on_validated = &mut |end: u64, section: &Range<u64>| {
            code_start = section.start;
            progress.validated = end - section.start;
            progress.total = section.end - section.start;
            on_progress(progress);
        };
        let decode = crate::module::Module::decode_and_tell;
        let module = decode(bytes, wasm_features, on_validated)?;
        let options = engine.compile_options();
        let on_compiled = &mut |body: &FunctionBody| {
            progress.compiled = body.range.end as u64 - code_start;
            on_progress(progress);
        };
        Self::with_version(engine, module, wasm_features, |module, signatures| {
            Version::new(engine, module, signatures, options, on_compiled)
        })
    }

    /// A module with the version that `make` makes of it and the numbers of its types.
    pub(super) fn with_version<E>(
        engine: &Engine,
        module: crate::module::Module,
        wasm_features: WasmFeatures,
        make: impl FnOnce(&crate::module::Module, &[u32]) -> Result<Version, E>,
    ) -> Result<Self, E> {
        let signatures: Vec<u32> = module.types.iter().map(|ty| engine.intern(ty)).collect();
        let versions = VersionList::new();
        versions.add(make(&module, &signatures)?);
        let inner = Arc::new(ModuleInner {
            engine: engine.clone(),
            module,
            wasm_features,
            signatures,
            versions,
            validated: Once::new(),
        });
        engine.add_module(inner.module.hash, &inner);
        Ok(Self { inner })
    }

    /// The module that shares this.
    pub(super) fn of(inner: Arc<ModuleInner>) -> Self {
        Self { inner }
    }

    /// Compiles the module once more, with other options. Its instances and frames stay in
    /// the versions they are in until they are moved. The version lives as long as the module.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    pub fn add_version(&self, options: &CompileOptions) -> Result<VersionId, ModuleError> {
        let inner = &*self.inner;
        let module = self.validated()?;
        let options = options.clone();
        let version = Version::new(
            &inner.engine,
            module,
            &inner.signatures,
            options,
            &mut |_| {},
        )?;
        Ok(inner.versions.add(version))
    }

    /// The decoded module with its function bodies validated, which those of a precompiled
    /// module are only now.
    pub(super) fn validated(&self) -> Result<&crate::module::Module, ModuleError> {
        let inner = &*self.inner;
        if inner.module.has_validated_bodies {
            return Ok(&inner.module);
        }
        let decode = || {
            let bytes = inner.module.bytes.clone();
            crate::module::Module::decode_with(bytes, inner.wasm_features)
        };
        Ok(inner.validated.try_call_once(decode)?)
    }

    /// A code version.
    ///
    /// # Errors
    ///
    /// [`UnknownVersion`].
    pub fn version(&self, id: VersionId) -> Result<&Version, UnknownVersion> {
        self.inner.versions.get(id).ok_or(UnknownVersion(id))
    }

    /// All code versions, by number.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        self.inner.versions.iter()
    }

    /// Whether any version has breakpoints.
    pub(super) fn has_breakpoints(&self) -> bool {
        self.versions()
            .any(|version| !version.options().breakpoints.is_empty())
    }

    /// The decoded module.
    pub fn inner(&self) -> &crate::module::Module {
        &self.inner.module
    }

    /// The features of WebAssembly that it was allowed to use.
    pub(super) fn wasm_features(&self) -> WasmFeatures {
        self.inner.wasm_features
    }

    /// The engine it was compiled for.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Its identity.
    pub fn hash(&self) -> ModuleHash {
        self.inner.module.hash
    }

    /// Sizes; of the first code version, as all below.
    pub fn statistics(&self) -> CompileStatistics {
        let inner = &*self.inner;
        CompileStatistics {
            wasm_code: inner.module.bodies.iter().map(|b| b.range.len()).sum(),
            machine_code: self.code().len(),
            state_map: self.state_map().size_bytes(),
            functions: self.functions().len(),
        }
    }

    /// The machine code.
    pub fn code(&self) -> &[u8] {
        self.first().code()
    }

    /// Where each defined function is in the machine code.
    pub fn functions(&self) -> &[Range<u32>] {
        self.first().functions()
    }

    /// The state map of the machine code.
    pub fn state_map(&self) -> &ModuleStateMap {
        self.first().state_map()
    }

    /// The engine-wide number of a function's type, by function index.
    pub(super) fn signature(&self, function: u32) -> u32 {
        let ty = self.inner.module.functions[function as usize];
        self.inner.signatures[ty as usize]
    }

    /// The version that [`Self::new`] made.
    pub(super) fn first(&self) -> &Version {
        self.versions().next().expect("a module has a version")
    }

    /// Whether both are clones of one module.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

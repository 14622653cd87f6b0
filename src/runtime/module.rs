//! A compiled module: what [`crate::module`] and [`crate::compile`] made of the
//! bytes, with its code in executable memory.

use super::code_memory::CodeMemory;
use super::{Engine, ModuleError};
use crate::abi::CpuFeatures;
use crate::compile::{CompileOptions, compile};
use crate::module::ModuleHash;
use crate::state::ModuleStateMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// A compiled module. Cloning is cheap.
#[derive(Clone)]
pub struct Module {
    inner: Arc<ModuleInner>,
}

/// What a [`Module`] shares.
pub(crate) struct ModuleInner {
    engine: Engine,
    module: crate::module::Module,
    signatures: Vec<u32>,
    functions: Vec<Range<u32>>,
    state_map: ModuleStateMap,
    code: CodeMemory,
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

impl Module {
    /// Decodes, validates and compiles a module.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    pub fn new(engine: &Engine, bytes: &[u8]) -> Result<Self, ModuleError> {
        let features = engine.config().wasm_features;
        let module = crate::module::Module::decode_with(bytes, features)?;
        let signatures: Vec<u32> = module.types.iter().map(|ty| engine.intern(ty)).collect();
        let missing = engine.config().features.without(CpuFeatures::detect());
        if missing != CpuFeatures::BASELINE {
            return Err(ModuleError::MissingFeatures(missing));
        }
        let options = CompileOptions {
            features: engine.config().features,
            ..CompileOptions::default()
        };
        let compiled = compile(&module, &signatures, &options)?;
        let code = CodeMemory::new(engine.platform(), &compiled.code)?;
        Ok(Self {
            inner: Arc::new(ModuleInner {
                engine: engine.clone(),
                module,
                signatures,
                functions: compiled.functions,
                state_map: compiled.state_map,
                code,
            }),
        })
    }

    /// The decoded module.
    pub fn inner(&self) -> &crate::module::Module {
        &self.inner.module
    }

    /// The engine it was compiled for.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Its identity.
    pub fn hash(&self) -> ModuleHash {
        self.inner.module.hash
    }

    /// Sizes.
    pub fn statistics(&self) -> CompileStatistics {
        let inner = &*self.inner;
        CompileStatistics {
            wasm_code: inner.module.bodies.iter().map(|b| b.range.len()).sum(),
            machine_code: inner.code.bytes().len(),
            state_map: inner.state_map.size_bytes(),
            functions: inner.functions.len(),
        }
    }

    /// The machine code.
    pub fn code(&self) -> &[u8] {
        self.inner.code.bytes()
    }

    /// Where each defined function is in the machine code.
    pub fn functions(&self) -> &[Range<u32>] {
        &self.inner.functions
    }

    /// The state map of the machine code.
    pub fn state_map(&self) -> &ModuleStateMap {
        &self.inner.state_map
    }

    /// The engine-wide number of a function's type, by function index.
    pub(super) fn signature(&self, function: u32) -> u32 {
        let ty = self.inner.module.functions[function as usize];
        self.inner.signatures[ty as usize]
    }

    /// Address of the machine code.
    pub(crate) fn code_base(&self) -> u64 {
        self.inner.code.base() as u64
    }

    /// Whether both are clones of one module.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

//! A compiled module: what [`crate::module`] and [`crate::compile`] made of the
//! bytes, with its code in executable memory.

use super::{Engine, ModuleError};
use crate::module::ModuleHash;
use alloc::sync::Arc;

/// A compiled module. Cloning is cheap.
#[derive(Clone)]
pub struct Module {
    inner: Arc<ModuleInner>,
}

pub(crate) struct ModuleInner {
    module: crate::module::Module,
    statistics: CompileStatistics,
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
    pub fn new(_engine: &Engine, _bytes: &[u8]) -> Result<Self, ModuleError> {
        todo!()
    }

    /// The decoded module.
    pub fn inner(&self) -> &crate::module::Module {
        &self.inner.module
    }

    /// Its identity.
    pub fn hash(&self) -> ModuleHash {
        self.inner.module.hash
    }

    /// Sizes.
    pub fn statistics(&self) -> CompileStatistics {
        self.inner.statistics
    }

    /// The machine code.
    pub fn code(&self) -> &[u8] {
        todo!()
    }
}

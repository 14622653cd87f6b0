//! Instances of modules.

use super::{
    AsContext, AsContextMut, CallError, Extern, Func, Global, Memory, Module, Outcome, Table,
};
use alloc::string::String;
use alloc::vec::Vec;

/// An instance of a module in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    pub(super) store: u64,
    pub(super) index: u32,
}

impl Instance {
    /// Runs the module's start function, if it has one. To be called once,
    /// after [`Linker::instantiate`](super::Linker::instantiate).
    ///
    /// # Errors
    ///
    /// As for [`Func::call`].
    pub fn start(&self, _store: impl AsContextMut) -> Result<Outcome, CallError> {
        todo!()
    }

    /// The module it is an instance of.
    ///
    /// # Panics
    ///
    /// This and all below panic if the instance is of another store.
    pub fn module(&self, _store: impl AsContext) -> Module {
        todo!()
    }

    /// Its index in the store, as backtraces and images number instances.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// An export by name.
    pub fn export(&self, _store: impl AsContext, _name: &str) -> Option<Extern> {
        todo!()
    }

    /// All exports, in the module's order.
    pub fn exports(&self, _store: impl AsContext) -> Vec<(String, Extern)> {
        todo!()
    }

    /// An exported function.
    pub fn func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.export(store, name)?.into_func()
    }

    /// An exported memory.
    pub fn memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.export(store, name)?.into_memory()
    }

    /// An exported table.
    pub fn table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.export(store, name)?.into_table()
    }

    /// An exported global.
    pub fn global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.export(store, name)?.into_global()
    }
}

//! Instances of modules.

use super::instantiate::IndexSpaces;
use super::linker::check_import;
use super::store_core::{InstanceEntry, StoreCore};
use super::{
    AsContext, AsContextMut, CallError, Extern, Func, Global, InstantiateError, Memory, Module,
    Outcome, Table, TypedFunc, TypedFuncError, WasmParams, WasmResults,
};
use crate::module::ExternKind;
use alloc::string::String;
use alloc::vec::Vec;

/// An instance of a module in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    pub(super) store: u64,
    pub(super) index: u32,
}

impl Instance {
    /// Makes an instance of a module, whose imports are given in the module's order. Otherwise
    /// as [`Linker::instantiate`](super::Linker::instantiate), which finds them by name.
    ///
    /// # Errors
    ///
    /// [`InstantiateError`].
    ///
    /// # Panics
    ///
    /// Panics if an import is of another store, or the module of another engine.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Self, InstantiateError> {
        let mut context = store.as_context_mut();
        context.core().check_instantiation(module)?;
        let expected = &module.inner().imports;
        if imports.len() != expected.len() {
            return Err(InstantiateError::ImportCount {
                expected: expected.len(),
                given: imports.len(),
            });
        }
        let mut spaces = IndexSpaces::default();
        for (import, item) in expected.iter().zip(imports) {
            check_import(import, &item.ty(&context))?;
            spaces.import(*item);
        }
        let core = context.core_mut();
        let index = core.instantiate(module, spaces)?;
        Ok(Self {
            store: core.id,
            index,
        })
    }

    /// Runs the module's start function, if it has one. To be called once,
    /// after [`Linker::instantiate`](super::Linker::instantiate).
    ///
    /// # Errors
    ///
    /// As for [`Func::call`].
    pub fn start(&self, mut store: impl AsContextMut) -> Result<Outcome, CallError> {
        let context = store.as_context();
        let entry = self.entry(context.core());
        let Some(start) = entry.module.inner().start else {
            return Ok(Outcome::Returned(Vec::new()));
        };
        let func = Func {
            store: self.store,
            addr: entry.functions[start as usize],
        };
        func.call(store.as_context_mut(), &[])
    }

    /// The module it is an instance of.
    ///
    /// # Panics
    ///
    /// This and all below panic if the instance is of another store.
    pub fn module(&self, store: impl AsContext) -> Module {
        self.entry(store.as_context().core()).module.clone()
    }

    /// Its index in the store, as backtraces and images number instances.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// An export by name.
    pub fn get_export(&self, store: impl AsContext, name: &str) -> Option<Extern> {
        let context = store.as_context();
        let entry = self.entry(context.core());
        let export = entry.module.inner().export(name)?;
        Some(self.item(entry, export.kind, export.index))
    }

    /// All exports, in the module's order.
    pub fn exports(&self, store: impl AsContext) -> Vec<(String, Extern)> {
        let context = store.as_context();
        let entry = self.entry(context.core());
        let exports = &entry.module.inner().exports;
        exports
            .iter()
            .map(|e| (e.name.clone(), self.item(entry, e.kind, e.index)))
            .collect()
    }

    fn entry<'a>(&self, core: &'a StoreCore) -> &'a InstanceEntry {
        core.check_store(self.store);
        &core.instances[self.index as usize]
    }

    /// What an index space of the instance names.
    fn item(&self, entry: &InstanceEntry, kind: ExternKind, index: u32) -> Extern {
        let (store, index) = (self.store, index as usize);
        match kind {
            ExternKind::Func => Extern::Func(Func {
                store,
                addr: entry.functions[index],
            }),
            ExternKind::Table => Extern::Table(Table {
                store,
                addr: entry.tables[index],
            }),
            ExternKind::Memory => Extern::Memory(Memory {
                store,
                addr: entry.memories[index],
            }),
            ExternKind::Global => Extern::Global(Global {
                store,
                addr: entry.globals[index],
            }),
        }
    }

    /// An exported function.
    pub fn get_func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// An exported function of a type that Rust knows; see [`Func::typed`].
    ///
    /// # Errors
    ///
    /// [`TypedFuncError`].
    pub fn get_typed_func<P: WasmParams, R: WasmResults>(
        &self,
        store: impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<P, R>, TypedFuncError> {
        let func = self.get_func(&store, name);
        let func = func.ok_or_else(|| TypedFuncError::NoFunction(name.into()))?;
        Ok(func.typed(store)?)
    }

    /// An exported memory.
    pub fn get_memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// An exported table.
    pub fn get_table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// An exported global.
    pub fn get_global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }
}

//! An image to a store: builds it anew, and its stack.
//!
//! Images are hostile until proven. A [`ValidatedImage`] has been checked to fit its
//! modules, and the frame validation checks that its frames can be rebuilt; only then
//! anything is written that machine code will read. On any error the store made so far is
//! dropped.

use super::context::AsContextMut;
use super::instantiate::IndexSpaces;
use super::lazy::{LazyMemory, Pages};
use super::limiter::Counted;
use super::memory::MemoryError;
use super::store::StoreInner;
use super::store_core::StoreCore;
use super::vmctx::NewContext;
use super::{
    Engine, LimitError, Linker, MemoryAccessError, Module, Store, SuspendedFrame, TableError,
    UnknownVersion, VersionId,
};
use crate::abi::value::FuncRefs;
use crate::abi::{FuncAddr, Val};
use crate::frame::{FramesError, RebuildError};
use crate::image::{
    FunctionState, InstanceImage, InstanceState, MemoryContents, MemoryState, TableElements,
    TableState, ValidateError, ValidatedImage,
};
use crate::module::ModuleHash;
use crate::platform::PlatformError;
use alloc::string::String;
use alloc::vec::Vec;

/// Why an image could not become a store.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A module that the image names was not given.
    #[error(transparent)]
    Invalid(#[from] ValidateError),
    /// The linker has no host function that the image needs.
    #[error("unknown host function: \"{module}\" \"{name}\"")]
    UnknownHostFunction {
        /// Module name.
        module: String,
        /// Field name.
        name: String,
    },
    /// The linker's host function has another type.
    #[error("host function \"{module}\" \"{name}\" has another type than in the image")]
    HostFunctionType {
        /// Module name.
        module: String,
        /// Field name.
        name: String,
    },
    /// A memory could not be allocated.
    #[error("no memory for a memory: {0}")]
    Memory(#[source] MemoryError),
    /// A memory's contents do not lie within it.
    #[error("contents of a memory: {0}")]
    Contents(#[from] MemoryAccessError),
    /// A table could not be allocated.
    #[error("no memory for a table: {0}")]
    Table(#[source] TableError),
    /// The store's limiter does not admit it.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// There is no memory for a thunk or the stack.
    #[error("no memory for the store: {0}")]
    Platform(#[from] PlatformError),
    /// The frames cannot be those of a stack of this store.
    #[error(transparent)]
    Frames(#[from] FramesError),
    /// A frame's module has no such code version.
    #[error("frame #{frame}: {unknown}")]
    UnknownVersion {
        /// Number of the frame, innermost 0.
        frame: usize,
        /// The version.
        unknown: UnknownVersion,
    },
    /// The frames do not fit onto the stack.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
}

/// What the limiter does not admit is one kind of error, whatever it was asked about.
impl From<MemoryError> for RestoreError {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Limit(error) => Self::Limit(error),
            error => Self::Memory(error),
        }
    }
}

impl From<TableError> for RestoreError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Limit(error) => Self::Limit(error),
            error => Self::Table(error),
        }
    }
}

impl<T: 'static> Store<T> {
    /// Makes a store of an image. `modules` are the modules that the image names, in any
    /// order; host functions are looked up in `linker` by their import names. If the image
    /// was suspended, [`Store::resume`] goes on. The host's state in the image is left
    /// alone: [`Engine::thaw`] restores that too, and finds the modules itself.
    ///
    /// # Errors
    ///
    /// [`RestoreError`]. Nothing has run then, and nothing is left.
    ///
    /// # Panics
    ///
    /// Panics if a module is of another engine.
    pub fn restore(
        engine: &Engine,
        data: T,
        linker: &Linker<T>,
        modules: &[Module],
        image: &ValidatedImage<'_>,
    ) -> Result<Self, RestoreError> {
        Self::restore_in_versions(engine, data, linker, modules, image, |_| VersionId::FIRST)
    }

    /// Makes a store of an image, as [`Self::restore`] does; each of its frames goes on in the
    /// code version that `choose` returns for it. Calls enter [`VersionId::FIRST`] until
    /// [`Instance::set_version`](super::Instance::set_version) says otherwise.
    ///
    /// # Errors
    ///
    /// [`RestoreError`]. Nothing has run then, and nothing is left.
    ///
    /// # Panics
    ///
    /// Panics if a module is of another engine.
    pub fn restore_in_versions(
        engine: &Engine,
        data: T,
        linker: &Linker<T>,
        modules: &[Module],
        image: &ValidatedImage<'_>,
        choose: impl FnMut(&SuspendedFrame) -> VersionId,
    ) -> Result<Self, RestoreError> {
        Self::new(engine, data).restored_in_versions(linker, modules, image, choose)
    }

    /// Makes this store, which must be a new one, what an image says, as
    /// [`Self::restore_in_versions`] does: for a store that has a limiter, which is asked about
    /// all that the image has.
    ///
    /// # Errors
    ///
    /// As for [`Self::restore_in_versions`].
    ///
    /// # Panics
    ///
    /// As there, and if the store has anything in it.
    pub fn restored_in_versions(
        self,
        linker: &Linker<T>,
        modules: &[Module],
        image: &ValidatedImage<'_>,
        choose: impl FnMut(&SuspendedFrame) -> VersionId,
    ) -> Result<Self, RestoreError> {
        self.restored(linker, modules, image, None, choose)
    }

    /// Makes this store, which must be a new one, what an image says, as
    /// [`Self::restored_in_versions`] does, but has it read its memories when it needs them, as
    /// [`Engine::thaw_lazily`] has it.
    ///
    /// # Errors
    ///
    /// As for [`Self::restore_in_versions`].
    ///
    /// # Panics
    ///
    /// As for [`Self::restored_in_versions`].
    pub fn restored_lazily(
        self,
        linker: &Linker<T>,
        modules: &[Module],
        image: &ValidatedImage<'_>,
        memory: LazyMemory,
        choose: impl FnMut(&SuspendedFrame) -> VersionId,
    ) -> Result<Self, RestoreError> {
        self.restored(linker, modules, image, Some(memory), choose)
    }

    /// This store, which has nothing in it, as one that an image has made. Memory contents that are
    /// elsewhere come from `lazy`, or are zeros.
    pub(super) fn restored(
        mut self,
        linker: &Linker<T>,
        modules: &[Module],
        image: &ValidatedImage<'_>,
        lazy: Option<LazyMemory>,
        mut choose: impl FnMut(&SuspendedFrame) -> VersionId,
    ) -> Result<Self, RestoreError> {
        let mut context = self.as_context_mut();
        let core = context.core();
        assert!(
            core.is_empty(),
            "an image was restored into a store that is in use"
        );
        assert!(
            modules.iter().all(|module| core.engine.is(module.engine())),
            "a store was restored with a module of another engine"
        );
        let find = |&hash: &ModuleHash| {
            let module = modules.iter().find(|module| module.hash() == hash);
            module.ok_or(ValidateError::UnknownModule { hash })
        };
        let modules: Vec<&Module> = image.modules.iter().map(find).collect::<Result<_, _>>()?;
        let module_of = |instance: &InstanceState| modules[instance.module as usize];
        let instances: Vec<&Module> = image.instances.iter().map(module_of).collect();

        restore_entities(context.inner_mut(), linker, &instances, image)?;
        if let Some(lazy) = lazy {
            if lazy.base.is_some() {
                // What is withheld while it is tracked has not been written to. Where it cannot be,
                // whoever begins a checkpoint learns that.
                let _ = self.trackers();
            }
            let core = self.as_context_mut().into_core_mut();
            core.withhold_memories(&image.memories, lazy);
        }
        if let Some(state) = &image.execution_state {
            let core = self.as_context_mut().into_core_mut();
            core.restore_execution(state, &mut choose)?;
        }
        Ok(self)
    }
}

fn restore_entities<T: 'static>(
    inner: &mut StoreInner<T>,
    linker: &Linker<T>,
    modules: &[&Module],
    image: &InstanceImage<'_>,
) -> Result<(), RestoreError> {
    let new_context = |module: &&Module| NewContext::new(&module.inner().vm_offsets());
    let mut contexts: Vec<_> = modules.iter().map(new_context).collect();
    for function in &image.functions {
        match function {
            FunctionState::Defined { instance, index } => {
                let context = &mut contexts[*instance as usize];
                let module = modules[*instance as usize];
                inner.core.add_wasm_func(context, module, *instance, *index);
            }
            FunctionState::Host { module, name, ty } => {
                let host = linker.host_function(module, name);
                let host = host.ok_or_else(|| RestoreError::UnknownHostFunction {
                    module: module.clone(),
                    name: name.clone(),
                })?;
                if *host.ty != *ty {
                    return Err(RestoreError::HostFunctionType {
                        module: module.clone(),
                        name: name.clone(),
                    });
                }
                host.add(module, name, inner)?;
            }
        }
    }
    let core = &mut inner.core;
    core.restore_memories(&image.memories)?;
    core.restore_tables(&image.tables)?;
    for global in &image.globals {
        let raw = core.raw_value(&global.value);
        core.add_global(global.ty, raw);
    }
    for ((context, &module), state) in contexts.into_iter().zip(modules).zip(&image.instances) {
        core.admit(Counted::Instances)?;
        core.restore_instance(context, module, state);
    }
    Ok(())
}

impl StoreCore {
    fn raw_value(&self, value: &Val) -> u128 {
        value.to_raw(self).expect("validation found every function")
    }

    fn restore_memories(&mut self, memories: &[MemoryState<'_>]) -> Result<(), RestoreError> {
        for memory in memories {
            let addr = self.add_memory(memory.ty, memory.size_pages)?;
            let entry = &mut self.memories[addr as usize];
            for (address, bytes) in memory.contents.chunks() {
                entry
                    .range_mut(address, bytes.len() as u64)?
                    .copy_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Withholds the pages of the memories whose contents are elsewhere.
    fn withhold_memories(&mut self, memories: &[MemoryState<'_>], lazy: LazyMemory) {
        let pages = self.pages.insert(Pages::new(lazy.source));
        for (addr, (entry, state)) in (0..).zip(self.memories.iter_mut().zip(memories)) {
            if matches!(state.contents, MemoryContents::Elsewhere) {
                entry.withhold(addr, pages);
            }
        }
        self.base.set(lazy.base);
    }

    fn restore_tables(&mut self, tables: &[TableState]) -> Result<(), RestoreError> {
        for table in tables {
            let raw: Vec<u64> = match &table.elements {
                TableElements::Func(elements) => {
                    let raw = |addr: FuncAddr| self.raw_func(addr).expect("validated");
                    elements.iter().map(|e| e.map_or(0, raw)).collect()
                }
                TableElements::Extern(elements) => {
                    let values = elements.iter().map(|&element| Val::ExternRef(element));
                    values.map(|value| self.raw_value(&value) as u64).collect()
                }
            };
            let addr = self.add_table(table.ty, raw.len() as u64, 0)?;
            let entry = &mut self.tables[addr as usize];
            entry.elements_mut().copy_from_slice(&raw);
        }
        Ok(())
    }

    fn restore_instance(&mut self, context: NewContext, module: &Module, state: &InstanceState) {
        let spaces = IndexSpaces {
            functions: state.functions.clone(),
            tables: state.tables.clone(),
            memories: state.memories.clone(),
            globals: state.globals.clone(),
        };
        self.add_instance(context, module, spaces);
        let instance = self.instances.last_mut().expect("just added");
        instance
            .dropped_elements
            .clone_from(&state.dropped_elements);
        instance.dropped_data.clone_from(&state.dropped_data);
    }
}

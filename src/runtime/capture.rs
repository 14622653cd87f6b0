//! A store to an image: all mutable state, in the terms of the spec's store.

use super::activation::Execution;
use super::context::AsContext;
use super::memory::MemoryEntry;
use super::store_core::{FuncEntry, FuncOrigin, InstanceEntry, StoreCore};
use super::table::TableEntry;
use super::{PageError, Store, backtrace};
use crate::abi::value::FuncRefs;
use crate::abi::{FuncAddr, Val, ValType};
use crate::frame::{ExecutionStateImage, Exit, ReadError, StackDump};
use crate::image::{
    FunctionState, GlobalState, InstanceImage, InstanceState, MemoryContents, MemoryState,
    TableElements, TableState,
};
use crate::limits::MAX_IMAGE_FRAMES;
use crate::module::ModuleHash;
use alloc::vec::Vec;

/// Why a store could not be captured.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// A host function was not defined by a linker, so nobody could find it again.
    #[error("host function {} has no import name", .0.0)]
    UnnamedHostFunction(FuncAddr),
    /// The stack could not be read.
    #[error("the stack cannot be read: {0}")]
    Frames(#[from] ReadError),
    /// The stack is deeper than images may be.
    #[error("the stack has more than {MAX_IMAGE_FRAMES} frames")]
    TooDeep,
    /// The store is suspended where it cannot be captured: it has to be resumed first.
    #[error("the store is held at an instruction that waits for a page: resume it first")]
    Held,
    /// A page of the store, which was thawed lazily, cannot be read.
    #[error(transparent)]
    Page(#[from] PageError),
}

impl<T: 'static> Store<T> {
    /// Captures the whole store: suspended in the middle of a call, or idle between
    /// two. Memories are borrowed, not copied. The host's state is left out:
    /// [`Store::freeze`] adds it.
    ///
    /// # Errors
    ///
    /// [`CaptureError`].
    pub fn capture(&self) -> Result<InstanceImage<'_>, CaptureError> {
        self.capture_with(|memory| {
            Ok(MemoryContents::Sparse {
                bytes: memory.bytes()?,
                touched: memory.touched(),
            })
        })
    }

    /// Captures all but what memories hold.
    pub(super) fn capture_metadata(&self) -> Result<InstanceImage<'_>, CaptureError> {
        self.capture_with(|_| Ok(MemoryContents::Elsewhere))
    }

    fn capture_with<'a>(
        &'a self,
        contents: impl Fn(&'a MemoryEntry) -> Result<MemoryContents<'a>, PageError>,
    ) -> Result<InstanceImage<'a>, CaptureError> {
        let core = self.as_context().into_core();
        let mut modules = Vec::new();
        let instances = core.instances.iter();
        Ok(InstanceImage {
            instances: instances.map(|i| instance_state(i, &mut modules)).collect(),
            functions: core.capture_functions()?,
            tables: core.tables.iter().map(|t| table_state(core, t)).collect(),
            memories: core.capture_memories(contents)?,
            globals: core.capture_globals(),
            execution_state: core.capture_execution()?,
            modules,
            host: Vec::new(),
        })
    }
}

fn instance_state(instance: &InstanceEntry, modules: &mut Vec<ModuleHash>) -> InstanceState {
    let hash = instance.module.hash();
    let known = modules.iter().position(|&module| module == hash);
    let module = known.unwrap_or_else(|| {
        modules.push(hash);
        modules.len() - 1
    });
    InstanceState {
        module: module as u32,
        functions: instance.functions.clone(),
        tables: instance.tables.clone(),
        memories: instance.memories.clone(),
        globals: instance.globals.clone(),
        dropped_elements: instance.dropped_elements.clone(),
        dropped_data: instance.dropped_data.clone(),
    }
}

fn table_state(core: &StoreCore, table: &TableEntry) -> TableState {
    let elements = table.elements().iter().copied();
    let elements = if table.declared.element == ValType::FuncRef {
        let addr = |raw| (raw != 0).then(|| core.func_addr(raw));
        TableElements::Func(elements.map(addr).collect())
    } else {
        let token = |raw| match Val::from_raw(ValType::ExternRef, u128::from(raw), core) {
            Val::ExternRef(token) => token,
            value => unreachable!("{value:?} is not an externref"),
        };
        TableElements::Extern(elements.map(token).collect())
    };
    TableState {
        ty: table.declared,
        elements,
    }
}

impl StoreCore {
    fn capture_functions(&self) -> Result<Vec<FunctionState>, CaptureError> {
        let funcs = (0..).zip(&self.funcs);
        funcs
            .map(|(addr, func)| self.function_state(FuncAddr(addr), func))
            .collect()
    }

    fn function_state(
        &self,
        addr: FuncAddr,
        func: &FuncEntry,
    ) -> Result<FunctionState, CaptureError> {
        match func.origin {
            FuncOrigin::Wasm { instance, function } => Ok(FunctionState::Defined {
                instance,
                index: function,
            }),
            FuncOrigin::Host(host) => {
                let host = &self.host_funcs[host as usize];
                let name = host.name.clone();
                let (module, name) = name.ok_or(CaptureError::UnnamedHostFunction(addr))?;
                Ok(FunctionState::Host {
                    module,
                    name,
                    ty: (*host.ty).clone(),
                })
            }
        }
    }

    fn capture_memories<'a>(
        &'a self,
        contents: impl Fn(&'a MemoryEntry) -> Result<MemoryContents<'a>, PageError>,
    ) -> Result<Vec<MemoryState<'a>>, PageError> {
        let state = |memory: &'a MemoryEntry| {
            Ok(MemoryState {
                ty: memory.declared,
                size_pages: memory.pages(),
                contents: contents(memory)?,
            })
        };
        self.memories.iter().map(state).collect()
    }

    fn capture_globals(&self) -> Vec<GlobalState> {
        let globals = self.globals.iter();
        globals
            .map(|global| GlobalState {
                ty: global.ty,
                value: Val::from_raw(global.ty.value, global.raw(), self),
            })
            .collect()
    }

    fn capture_execution(&self) -> Result<Option<ExecutionStateImage>, CaptureError> {
        let Execution::Suspended(suspension) = &self.execution else {
            return Ok(None);
        };
        let mut state = self.read_suspended()?.image;
        state.host_call.clone_from(&suspension.host_call);
        Ok(Some(state))
    }

    /// The frames of a suspended store.
    pub(super) fn read_suspended(&self) -> Result<StackDump, CaptureError> {
        if matches!(self.suspension(), Ok(suspension) if suspension.exit == Exit::Fault) {
            return Err(CaptureError::Held);
        }
        // One more than allowed tells whether there are more.
        let dump =
            backtrace::read_activation(self, self.frame(), Exit::Call, MAX_IMAGE_FRAMES + 1)?;
        if dump.image.frames.len() > MAX_IMAGE_FRAMES {
            return Err(CaptureError::TooDeep);
        }
        Ok(dump)
    }
}

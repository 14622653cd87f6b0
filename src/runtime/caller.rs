//! What a host function gets to see of the store it was called from.

use super::backtrace;
use super::context::{AsContextMut, StoreContextMut};
use super::host_call::CalledFrom;
use super::store_core::StoreCore;
use super::{
    AsContext, Backtrace, Engine, Extern, Instance, InterruptHandle, Memory, MemoryAccessError,
};
use core::ptr::NonNull;

/// The store, and the instance that called.
pub struct Caller<'a, T> {
    pub(super) context: StoreContextMut<'a, T>,
    pub(super) called_from: CalledFrom,
}

impl<T: 'static> Caller<'_, T> {
    /// The store, for when the caller is gone.
    pub(super) fn core(&self) -> NonNull<StoreCore> {
        self.context.inner.cast()
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.context.as_context().into_data()
    }

    /// The embedder's data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        self.context.as_context_mut().into_data_mut()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.context.core().engine
    }

    /// A handle that asks the store to suspend. A request made now is obeyed
    /// when the host function returns.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle {
            contexts: self.context.core().contexts.clone(),
        }
    }

    /// The wasm frames that have led here, innermost first: those that called this host
    /// function, and behind each of its like, further out, those that called that one.
    pub fn backtrace(&self) -> Backtrace {
        backtrace::of_waiting_store(self.context.core())
    }

    /// The calling instance; None if the host called the host function itself.
    pub fn instance(&self) -> Option<Instance> {
        let core = self.context.core();
        let is_from_wasm = self.called_from == CalledFrom::Wasm;
        is_from_wasm.then(|| Instance {
            store: core.id,
            index: core.calling_instance(),
        })
    }

    /// An export of the calling instance.
    pub fn get_export(&self, name: &str) -> Option<Extern> {
        self.instance()?.get_export(self, name)
    }

    /// An exported memory of the calling instance.
    pub fn get_memory(&self, name: &str) -> Option<Memory> {
        self.get_export(name)?.into_memory()
    }

    /// Copies guest memory at `address` to `buffer`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`]: there is no such memory, or it is smaller.
    pub fn read(
        &self,
        memory: &str,
        address: u64,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        let memory = self.get_memory(memory).ok_or(MemoryAccessError::NoMemory)?;
        memory.read(self, address, buffer)
    }

    /// Copies `bytes` to guest memory at `address`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`]: there is no such memory, or it is smaller.
    /// Nothing is written then.
    pub fn write(
        &mut self,
        memory: &str,
        address: u64,
        bytes: &[u8],
    ) -> Result<(), MemoryAccessError> {
        let memory = self.get_memory(memory).ok_or(MemoryAccessError::NoMemory)?;
        memory.write(self, address, bytes)
    }
}

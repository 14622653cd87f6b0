//! What a host function gets to see of the store it was called from.

use super::context::StoreContextMut;
use super::{Extern, Instance, Memory, MemoryAccessError};

/// The store, and the instance that called.
pub struct Caller<'a, T> {
    pub(super) context: StoreContextMut<'a, T>,
}

impl<T: 'static> Caller<'_, T> {
    /// The embedder's data.
    pub fn data(&self) -> &T {
        todo!()
    }

    /// The embedder's data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        todo!()
    }

    /// The calling instance; None if the host called the host function itself.
    pub fn instance(&self) -> Option<Instance> {
        todo!()
    }

    /// An export of the calling instance.
    pub fn export(&self, _name: &str) -> Option<Extern> {
        todo!()
    }

    /// An exported memory of the calling instance.
    pub fn memory(&self, _name: &str) -> Option<Memory> {
        todo!()
    }

    /// Copies guest memory at `address` to `buffer`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`]: there is no such memory, or it is smaller.
    pub fn read(
        &self,
        _memory: &str,
        _address: u64,
        _buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        todo!()
    }

    /// Copies `bytes` to guest memory at `address`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError`]: there is no such memory, or it is smaller.
    /// Nothing is written then.
    pub fn write(
        &mut self,
        _memory: &str,
        _address: u64,
        _bytes: &[u8],
    ) -> Result<(), MemoryAccessError> {
        todo!()
    }

    /// The bytes of a memory and the embedder's data at once.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError::NoMemory`].
    pub fn memory_and_data(
        &mut self,
        _memory: &str,
    ) -> Result<(&mut [u8], &mut T), MemoryAccessError> {
        todo!()
    }
}

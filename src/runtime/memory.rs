//! Linear memories of a store.

use super::{AsContext, AsContextMut};
use crate::module::MemoryType;
use crate::platform::PlatformError;

/// A linear memory of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub(super) store: u64,
    pub(super) addr: u32,
}

/// Why a memory could not be made or grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// More pages than the maximum.
    #[error("{wanted} pages of at most {maximum}")]
    TooLarge {
        /// How many pages were wanted.
        wanted: u64,
        /// The maximum.
        maximum: u64,
    },
    /// The platform has no memory left.
    #[error(transparent)]
    Platform(#[from] PlatformError),
}

/// Why guest memory could not be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryAccessError {
    /// The range is not within the memory.
    #[error("{len} bytes at {address} are not within a memory of {size} bytes")]
    OutOfBounds {
        /// First address.
        address: u64,
        /// How many bytes.
        len: u64,
        /// The memory's size in bytes.
        size: u64,
    },
    /// The calling instance does not export a memory of that name.
    #[error("no such memory is exported")]
    NoMemory,
}

impl Memory {
    /// Makes a memory.
    ///
    /// # Errors
    ///
    /// [`MemoryError`].
    pub fn new(_store: impl AsContextMut, _ty: MemoryType) -> Result<Self, MemoryError> {
        todo!()
    }

    /// Its type, with the current size as minimum.
    ///
    /// # Panics
    ///
    /// This and all below panic if the memory is of another store.
    pub fn ty(&self, _store: impl AsContext) -> MemoryType {
        todo!()
    }

    /// Its size in pages of 64 KiB.
    pub fn size(&self, _store: impl AsContext) -> u64 {
        todo!()
    }

    /// Its bytes.
    pub fn data<'a, T: 'static>(&self, _store: &'a impl AsContext<Data = T>) -> &'a [u8] {
        todo!()
    }

    /// Its bytes, to change.
    pub fn data_mut<'a, T: 'static>(
        &self,
        _store: &'a mut impl AsContextMut<Data = T>,
    ) -> &'a mut [u8] {
        todo!()
    }

    /// Copies its bytes at `address` to `buffer`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError::OutOfBounds`].
    pub fn read(
        &self,
        _store: impl AsContext,
        _address: u64,
        _buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        todo!()
    }

    /// Copies `bytes` to it at `address`.
    ///
    /// # Errors
    ///
    /// [`MemoryAccessError::OutOfBounds`]; nothing is written then.
    pub fn write(
        &self,
        _store: impl AsContextMut,
        _address: u64,
        _bytes: &[u8],
    ) -> Result<(), MemoryAccessError> {
        todo!()
    }

    /// Grows it by `delta` pages and returns the old size.
    ///
    /// # Errors
    ///
    /// [`MemoryError`]; the memory is then as it was.
    pub fn grow(&self, _store: impl AsContextMut, _delta: u64) -> Result<u64, MemoryError> {
        todo!()
    }
}

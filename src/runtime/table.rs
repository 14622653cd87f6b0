//! Tables of a store.

use super::{AsContext, AsContextMut};
use crate::abi::{ValType, Value};
use crate::module::TableType;

/// A table of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    pub(super) store: u64,
    pub(super) addr: u32,
}

/// Why a table could not be made, grown or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// More elements than the maximum, or than the heap has room for.
    #[error("{wanted} elements of at most {maximum}")]
    TooLarge {
        /// How many elements were wanted.
        wanted: u64,
        /// The maximum.
        maximum: u64,
    },
    /// The value has another type than the elements.
    #[error("a value of type {given} for a table of {expected}")]
    Type {
        /// The element type.
        expected: ValType,
        /// The value's type.
        given: ValType,
    },
    /// The value refers to a function that the store does not have.
    #[error("the value refers to a function of another store")]
    ForeignFunction,
    /// The index is not within the table.
    #[error("index {index} is not within a table of {len} elements")]
    OutOfBounds {
        /// The index.
        index: u64,
        /// The table's size.
        len: u64,
    },
}

impl Table {
    /// Makes a table whose elements are `value`.
    ///
    /// # Errors
    ///
    /// [`TableError`].
    pub fn new(
        _store: impl AsContextMut,
        _ty: TableType,
        _value: Value,
    ) -> Result<Self, TableError> {
        todo!()
    }

    /// Its type, with the current size as minimum.
    ///
    /// # Panics
    ///
    /// This and all below panic if the table is of another store.
    pub fn ty(&self, _store: impl AsContext) -> TableType {
        todo!()
    }

    /// How many elements it has.
    pub fn size(&self, _store: impl AsContext) -> u64 {
        todo!()
    }

    /// An element; None past the end.
    pub fn get(&self, _store: impl AsContext, _index: u64) -> Option<Value> {
        todo!()
    }

    /// Sets an element.
    ///
    /// # Errors
    ///
    /// [`TableError`].
    pub fn set(
        &self,
        _store: impl AsContextMut,
        _index: u64,
        _value: Value,
    ) -> Result<(), TableError> {
        todo!()
    }

    /// Grows it by `delta` elements that are `value`, and returns the old size.
    ///
    /// # Errors
    ///
    /// [`TableError`]; the table is then as it was.
    pub fn grow(
        &self,
        _store: impl AsContextMut,
        _delta: u64,
        _value: Value,
    ) -> Result<u64, TableError> {
        todo!()
    }
}

//! Globals of a store.

use super::{AsContext, AsContextMut};
use crate::abi::{ValType, Value};
use crate::module::GlobalType;

/// A global of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    pub(super) store: u64,
    pub(super) addr: u32,
}

/// Why a global could not be made or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobalError {
    /// It is immutable.
    #[error("the global is immutable")]
    Immutable,
    /// The value has another type.
    #[error("a value of type {given} for a global of type {expected}")]
    Type {
        /// The global's type.
        expected: ValType,
        /// The value's type.
        given: ValType,
    },
    /// The value refers to a function that the store does not have.
    #[error("the value refers to a function of another store")]
    ForeignFunction,
}

impl Global {
    /// Makes a global.
    ///
    /// # Errors
    ///
    /// [`GlobalError`], if `value` is not of the type.
    pub fn new(
        _store: impl AsContextMut,
        _ty: GlobalType,
        _value: Value,
    ) -> Result<Self, GlobalError> {
        todo!()
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// Panics if it is of another store.
    pub fn ty(&self, _store: impl AsContext) -> GlobalType {
        todo!()
    }

    /// Its value.
    ///
    /// # Panics
    ///
    /// Panics if it is of another store.
    pub fn get(&self, _store: impl AsContext) -> Value {
        todo!()
    }

    /// Sets its value.
    ///
    /// # Errors
    ///
    /// [`GlobalError`].
    ///
    /// # Panics
    ///
    /// Panics if it is of another store.
    pub fn set(&self, _store: impl AsContextMut, _value: Value) -> Result<(), GlobalError> {
        todo!()
    }
}

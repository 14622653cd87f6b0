//! Resolves a module's imports by name.

use super::{
    AsContext, AsContextMut, Caller, Extern, HostError, Instance, InstantiateError, Module,
};
use crate::abi::{FuncType, Value};
use alloc::string::String;
use core::marker::PhantomData;

/// Names and what they stand for: host functions, which any store can have, and
/// things of one store. A later definition of a name replaces the one before.
pub struct Linker<T> {
    data: PhantomData<fn(T)>,
}

/// Why a name could not be defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefineError {
    /// The linker holds things of another store already.
    #[error("\"{module}\" \"{name}\" is of another store than what the linker holds")]
    ForeignStore {
        /// Module name.
        module: String,
        /// Field name.
        name: String,
    },
}

impl<T: 'static> Default for Linker<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: 'static> Linker<T> {
    /// Makes an empty linker.
    pub fn new() -> Self {
        Self { data: PhantomData }
    }

    /// Defines a host function. It gets its arguments, and results of the
    /// right number and types, all zero or null, which it replaces.
    ///
    /// # Panics
    ///
    /// A call panics if the function leaves a result of another type.
    pub fn func(
        &mut self,
        _module: &str,
        _name: &str,
        _ty: FuncType,
        _func: impl Fn(Caller<'_, T>, &[Value], &mut [Value]) -> Result<(), HostError>
        + Send
        + Sync
        + 'static,
    ) -> &mut Self {
        todo!()
    }

    /// Defines a name as a thing of a store.
    pub fn define(&mut self, _module: &str, _name: &str, _value: impl Into<Extern>) -> &mut Self {
        todo!()
    }

    /// Defines every export of an instance under the module name `module`.
    ///
    /// # Panics
    ///
    /// Panics if the instance is of another store.
    pub fn instance(
        &mut self,
        _store: impl AsContext<Data = T>,
        _module: &str,
        _instance: Instance,
    ) -> &mut Self {
        todo!()
    }

    /// Defines every imported function of `module` that has no definition yet as
    /// one that returns zeros and nulls.
    pub fn define_unknown_imports_as_default_values(&mut self, _module: &Module) -> &mut Self {
        todo!()
    }

    /// Instantiates a module: links it and initialises its tables and
    /// memories. Does not run its start function: see [`Instance::start`].
    ///
    /// # Errors
    ///
    /// [`InstantiateError`].
    ///
    /// # Panics
    ///
    /// Panics if the linker holds things of another store, or the module is of another engine.
    pub fn instantiate(
        &self,
        _store: impl AsContextMut<Data = T>,
        _module: &Module,
    ) -> Result<Instance, InstantiateError> {
        todo!()
    }
}

//! Functions of a store.

use super::{AsContext, AsContextMut, CallError, Caller, HostError, Outcome};
use crate::abi::{FuncAddr, FuncType, Value};

/// A function of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func {
    pub(super) store: u64,
    pub(super) addr: FuncAddr,
}

impl Func {
    /// Makes a host function that has no import name. A store that has one
    /// cannot be captured; see [`Linker::func`](super::Linker::func).
    pub fn new<S: AsContextMut>(
        _store: S,
        _ty: FuncType,
        _func: impl Fn(Caller<'_, S::Data>, &[Value], &mut [Value]) -> Result<(), HostError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        todo!()
    }

    /// Calls the function. With a [`Caller`] as the store, the call is nested
    /// in the running one, and cannot be suspended: requests wait until
    /// it has returned.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    ///
    /// # Panics
    ///
    /// Panics if the function is of another store.
    pub fn call(&self, _store: impl AsContextMut, _args: &[Value]) -> Result<Outcome, CallError> {
        todo!()
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// Panics if it is of another store.
    pub fn ty(&self, _store: impl AsContext) -> FuncType {
        todo!()
    }

    /// Its address: what a [`Value::FuncRef`] to it holds.
    pub fn addr(&self) -> FuncAddr {
        self.addr
    }

    /// The function that a [`Value::FuncRef`] refers to; None if the store has no such function.
    pub fn from_addr(_store: impl AsContext, _addr: FuncAddr) -> Option<Self> {
        todo!()
    }
}

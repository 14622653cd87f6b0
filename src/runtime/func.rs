//! Functions of a store.

use super::activation;
use super::host_func::{Dynamic, HostClosure, TypedHostFunc};
use super::store::StoreInner;
use super::{AsContext, AsContextMut, CallError, Caller, HostError, IntoFunc, Outcome};
use crate::abi::{FuncAddr, FuncType, Val};
use crate::platform::PlatformError;
use alloc::string::String;
use alloc::sync::Arc;

/// A function of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func {
    pub(super) store: u64,
    pub(super) addr: FuncAddr,
}

impl Func {
    /// Makes a host function that has no import name. A store that has one
    /// cannot be captured; see [`Linker::func_new`](super::Linker::func_new).
    ///
    /// # Errors
    ///
    /// [`PlatformError`]: there is no memory for the thunk of a new type.
    pub fn new<S: AsContextMut>(
        store: S,
        ty: FuncType,
        func: impl Fn(Caller<'_, S::Data>, &[Val], &mut [Val]) -> Result<(), HostError>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, PlatformError> {
        let ty = Arc::new(ty);
        let closure = Dynamic {
            ty: ty.clone(),
            func,
        };
        Self::add(store, ty, Arc::new(closure))
    }

    /// Makes a host function, of the type that the closure's parameters and results stand
    /// for. Otherwise as [`Self::new`], but faster to call.
    ///
    /// # Errors
    ///
    /// As for [`Self::new`].
    pub fn wrap<S: AsContextMut, Params, Results>(
        store: S,
        func: impl IntoFunc<S::Data, Params, Results>,
    ) -> Result<Self, PlatformError> {
        let TypedHostFunc { ty, closure } = func.into_func();
        Self::add(store, Arc::new(ty), closure)
    }

    fn add<S: AsContextMut>(
        mut store: S,
        ty: Arc<FuncType>,
        closure: HostClosure<S::Data>,
    ) -> Result<Self, PlatformError> {
        let mut context = store.as_context_mut();
        let inner = context.inner_mut();
        Ok(Self {
            store: inner.core.id,
            addr: add_host_func(inner, ty, None, closure)?,
        })
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
    pub fn call(&self, mut store: impl AsContextMut, args: &[Val]) -> Result<Outcome, CallError> {
        activation::call_dynamic(store.as_context_mut().inner.cast(), *self, args)
    }

    /// Its type.
    ///
    /// # Panics
    ///
    /// Panics if it is of another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let context = store.as_context();
        let core = context.core();
        core.check_store(self.store);
        core.func_type(self.addr).clone()
    }

    /// Its address: what a [`Val::FuncRef`] to it holds.
    pub fn addr(&self) -> FuncAddr {
        self.addr
    }

    /// The function that a [`Val::FuncRef`] refers to; None if the store has no such function.
    pub fn from_addr(store: impl AsContext, addr: FuncAddr) -> Option<Self> {
        let context = store.as_context();
        let core = context.core();
        core.funcs.get(addr.0 as usize)?;
        Some(Self {
            store: core.id,
            addr,
        })
    }
}

/// Adds a host function to a store.
pub(super) fn add_host_func<T>(
    inner: &mut StoreInner<T>,
    ty: Arc<FuncType>,
    name: Option<(String, String)>,
    closure: HostClosure<T>,
) -> Result<FuncAddr, PlatformError> {
    let addr = inner.core.add_host_func(ty, name)?;
    inner.closures.push(closure);
    Ok(addr)
}

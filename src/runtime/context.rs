//! Access to a store, from outside ([`Store`](super::Store)) and from within a
//! host function ([`Caller`](super::Caller)) alike.

#![expect(unsafe_code, reason = "derives references from a store's address")]

use super::store::{Store, StoreInner};
use super::store_core::StoreCore;
use super::{Caller, Engine};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Shared access to a store. Made by [`AsContext::as_context`].
pub struct StoreContext<'a, T> {
    pub(super) inner: NonNull<StoreInner<T>>,
    pub(super) borrow: PhantomData<&'a Store<T>>,
}

/// Exclusive access to a store. Made by [`AsContextMut::as_context_mut`].
pub struct StoreContextMut<'a, T> {
    pub(super) inner: NonNull<StoreInner<T>>,
    pub(super) borrow: PhantomData<&'a mut Store<T>>,
}

/// What gives shared access to a store.
pub trait AsContext {
    /// The embedder's data in the store.
    type Data: 'static;
    /// Borrows the store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// What gives exclusive access to a store.
pub trait AsContextMut: AsContext {
    /// Borrows the store exclusively.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext {
            inner: self.inner,
            borrow: PhantomData,
        }
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut {
            inner: self.inner,
            borrow: PhantomData,
        }
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;
    fn as_context(&self) -> StoreContext<'_, T> {
        self.context.as_context()
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.context.as_context_mut()
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext {
            inner: self.inner,
            borrow: PhantomData,
        }
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;
    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext {
            inner: self.inner,
            borrow: PhantomData,
        }
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut {
            inner: self.inner,
            borrow: PhantomData,
        }
    }
}

impl<S: AsContext> AsContext for &S {
    type Data = S::Data;
    fn as_context(&self) -> StoreContext<'_, S::Data> {
        S::as_context(self)
    }
}

impl<S: AsContext> AsContext for &mut S {
    type Data = S::Data;
    fn as_context(&self) -> StoreContext<'_, S::Data> {
        S::as_context(self)
    }
}

impl<S: AsContextMut> AsContextMut for &mut S {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, S::Data> {
        S::as_context_mut(self)
    }
}

impl<'a, T: 'static> StoreContext<'a, T> {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.core().engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.as_context().into_data()
    }

    pub(super) fn core(&self) -> &StoreCore {
        self.as_context().into_core()
    }

    pub(super) fn into_core(self) -> &'a StoreCore {
        &self.into_inner().core
    }

    pub(super) fn into_data(self) -> &'a T {
        &self.into_inner().data
    }

    fn into_inner(self) -> &'a StoreInner<T> {
        // SAFETY: the store is borrowed for 'a, and alive; machine code does not run meanwhile.
        unsafe { self.inner.as_ref() }
    }
}

impl<'a, T: 'static> StoreContextMut<'a, T> {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.core().engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.as_context().into_data()
    }

    /// The embedder's data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        self.as_context_mut().into_data_mut()
    }

    pub(super) fn core(&self) -> &StoreCore {
        self.as_context().into_core()
    }

    pub(super) fn core_mut(&mut self) -> &mut StoreCore {
        self.as_context_mut().into_core_mut()
    }

    pub(super) fn inner_mut(&mut self) -> &mut StoreInner<T> {
        self.as_context_mut().into_inner_mut()
    }

    pub(super) fn into_core_mut(self) -> &'a mut StoreCore {
        &mut self.into_inner_mut().core
    }

    pub(super) fn into_data_mut(self) -> &'a mut T {
        &mut self.into_inner_mut().data
    }

    pub(super) fn into_inner_mut(mut self) -> &'a mut StoreInner<T> {
        // SAFETY: the store is borrowed exclusively for 'a, and alive; machine code does not
        // run meanwhile.
        unsafe { self.inner.as_mut() }
    }
}

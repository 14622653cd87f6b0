//! Functions of a store.

use super::activation;
use super::store::StoreInner;
use super::{AsContext, AsContextMut, CallError, Caller, HostError, Outcome};
use crate::abi::{FuncAddr, FuncType, Value};
use crate::platform::PlatformError;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A function of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func {
    pub(super) store: u64,
    pub(super) addr: FuncAddr,
}

/// A host function's code.
pub(super) type HostClosure<T> =
    Arc<dyn Fn(Caller<'_, T>, &[Value], &mut [Value]) -> Result<(), HostError> + Send + Sync>;

impl Func {
    /// Makes a host function that has no import name. A store that has one
    /// cannot be captured; see [`Linker::func`](super::Linker::func).
    ///
    /// # Errors
    ///
    /// [`PlatformError`]: there is no memory for the thunk of a new type.
    pub fn new<S: AsContextMut>(
        mut store: S,
        ty: FuncType,
        func: impl Fn(Caller<'_, S::Data>, &[Value], &mut [Value]) -> Result<(), HostError>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, PlatformError> {
        let mut context = store.as_context_mut();
        let inner = context.inner_mut();
        let addr = add_host_func(inner, Arc::new(ty), None, Arc::new(func))?;
        Ok(Self {
            store: inner.core.id,
            addr,
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
    pub fn call(&self, mut store: impl AsContextMut, args: &[Value]) -> Result<Outcome, CallError> {
        activation::call(store.as_context_mut().inner.cast(), *self, args)
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

    /// Its address: what a [`Value::FuncRef`] to it holds.
    pub fn addr(&self) -> FuncAddr {
        self.addr
    }

    /// The function that a [`Value::FuncRef`] refers to; None if the store has no such function.
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

/// Arguments and results of a host call; on the stack if they are few.
pub(super) struct HostValues {
    inline: [Value; Self::INLINE],
    heap: Vec<Value>,
    params: usize,
    len: usize,
}

impl HostValues {
    const INLINE: usize = 8;

    /// No values.
    pub(super) const EMPTY: Self = Self {
        inline: [Value::I32(0); Self::INLINE],
        heap: Vec::new(),
        params: 0,
        len: 0,
    };

    /// Makes zeros and nulls for a type's results, and room for its arguments.
    #[inline]
    pub(super) fn fit(&mut self, ty: &FuncType) {
        self.params = ty.params.len();
        self.len = self.params + ty.results.len();
        if self.len > Self::INLINE {
            self.heap.resize(self.len, Value::I32(0));
        }
        for (value, &ty) in self.split().1.iter_mut().zip(&ty.results) {
            *value = Value::default_of(ty);
        }
    }

    pub(super) fn args(&mut self) -> &mut [Value] {
        let params = self.params;
        &mut self.all()[..params]
    }

    pub(super) fn results(&self) -> &[Value] {
        if self.len > Self::INLINE {
            &self.heap[self.params..]
        } else {
            &self.inline[self.params..self.len]
        }
    }

    /// Arguments and results.
    pub(super) fn split(&mut self) -> (&[Value], &mut [Value]) {
        let params = self.params;
        let (args, results) = self.all().split_at_mut(params);
        (args, results)
    }

    /// Asserts that the results are of the type's.
    pub(super) fn check_results(&self, ty: &FuncType) {
        for (value, &expected) in self.results().iter().zip(&ty.results) {
            assert!(
                value.ty() == expected,
                "a host function returned a value of type {} as {expected}",
                value.ty()
            );
        }
    }

    fn all(&mut self) -> &mut [Value] {
        if self.len > Self::INLINE {
            &mut self.heap
        } else {
            &mut self.inline[..self.len]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::ValType;

    #[test]
    fn host_values_are_split_whether_few_or_many() {
        for count in [0, 1, 4, 5, 40] {
            let ty = FuncType::new(
                alloc::vec![ValType::I32; count],
                alloc::vec![ValType::F64; count],
            );
            let mut values = HostValues::EMPTY;
            values.fit(&ty);
            assert_eq!(values.args().len(), count);
            assert!(values.results().iter().all(|&v| v == Value::F64(0)));
            assert_eq!(values.results().len(), count);
            values.check_results(&ty);
        }
    }
}

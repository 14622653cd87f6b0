//! Functions of a store.

use super::activation;
use super::store::StoreInner;
use super::store_core::FuncOrigin;
use super::{AsContext, AsContextMut, CallError, Caller, HostError, Outcome, StoreContextMut};
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
        let mut context = store.as_context_mut();
        let core = context.core_mut();
        core.check_store(self.store);
        if core.execution.is_suspended() {
            return Err(CallError::StoreSuspended);
        }
        check_arguments(core.func_type(self.addr), args)?;
        match core.funcs[self.addr.0 as usize].origin {
            FuncOrigin::Wasm { .. } => activation::call(context.inner.cast(), self.addr, args),
            FuncOrigin::Host(host) => call_host(context, host, args),
        }
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

fn check_arguments(ty: &FuncType, args: &[Value]) -> Result<(), CallError> {
    if args.len() != ty.params.len() {
        return Err(CallError::ArgumentCount {
            expected: ty.params.len(),
            given: args.len(),
        });
    }
    for (index, (arg, &expected)) in args.iter().zip(&ty.params).enumerate() {
        let given = arg.ty();
        if given != expected {
            return Err(CallError::ArgumentType {
                index,
                expected,
                given,
            });
        }
    }
    Ok(())
}

/// Calls a host function from the host, with no wasm in between.
fn call_host<T: 'static>(
    mut context: StoreContextMut<'_, T>,
    host: u32,
    args: &[Value],
) -> Result<Outcome, CallError> {
    let inner = context.inner_mut();
    let closure = inner.closures[host as usize].clone();
    let ty = inner.core.host_funcs[host as usize].ty.clone();
    inner.core.direct_host_calls += 1;
    let mut values = HostValues::new(&ty);
    values.args().copy_from_slice(args);
    let caller = Caller {
        context: context.as_context_mut(),
        is_from_wasm: false,
    };
    let (args, results) = values.split();
    let returned = closure(caller, args, results);
    context.core_mut().direct_host_calls -= 1;
    match returned {
        Ok(()) => {
            values.check_results(&ty);
            Ok(Outcome::Returned(values.results().to_vec()))
        }
        Err(error) => Err(error.downcast().unwrap_or_else(CallError::Host)),
    }
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

    /// Makes zeros and nulls for a type's results, and room for its arguments.
    pub(super) fn new(ty: &FuncType) -> Self {
        let params = ty.params.len();
        let len = params + ty.results.len();
        let mut values = Self {
            inline: [Value::I32(0); Self::INLINE],
            heap: Vec::new(),
            params,
            len,
        };
        if len > Self::INLINE {
            values.heap.resize(len, Value::I32(0));
        }
        for (value, &ty) in values.split().1.iter_mut().zip(&ty.results) {
            *value = Value::default_of(ty);
        }
        values
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
            let mut values = HostValues::new(&ty);
            assert_eq!(values.args().len(), count);
            assert!(values.results().iter().all(|&v| v == Value::F64(0)));
            assert_eq!(values.results().len(), count);
            values.check_results(&ty);
        }
    }
}

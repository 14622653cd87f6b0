//! Host functions: closures of any Rust type, made callable on an array of raw values.

#![expect(
    unsafe_code,
    reason = "reads and writes the arrays that thunks exchange with the host"
)]

use super::wasm_ty::{WasmResults, WasmTy, for_each_tuple, func_type};
use super::{Caller, HostError};
use crate::abi::{FuncType, Val};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::marker::PhantomData;

/// A host function's code.
pub(super) trait HostFunc<T>: Send + Sync {
    /// Calls it on an array of raw arguments, which results replace.
    ///
    /// # Safety
    ///
    /// The array holds arguments of the function's type, of the caller's store, and has
    /// room for its results.
    unsafe fn call(&self, caller: Caller<'_, T>, array: *mut u128) -> Result<(), HostError>;
}

/// A host function's code, shared between linkers and stores.
pub(super) type HostClosure<T> = Arc<dyn HostFunc<T>>;

/// A host function and its type.
pub struct TypedHostFunc<T> {
    pub(super) ty: FuncType,
    pub(super) closure: HostClosure<T>,
}

/// A closure over values whose types are known at run time only.
pub(super) struct Dynamic<F> {
    pub(super) ty: Arc<FuncType>,
    pub(super) func: F,
}

impl<T, F> HostFunc<T> for Dynamic<F>
where
    T: 'static,
    F: Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<(), HostError> + Send + Sync,
{
    unsafe fn call(&self, caller: Caller<'_, T>, array: *mut u128) -> Result<(), HostError> {
        let core = caller.core();
        let mut values = HostValues::of(&self.ty);
        let (args, results) = values.split();
        for (index, (arg, &ty)) in args.iter_mut().zip(&self.ty.params).enumerate() {
            // SAFETY: the caller vouches for the array.
            *arg = Val::from_raw(ty, unsafe { array.add(index).read() }, unsafe {
                core.as_ref()
            });
        }
        (self.func)(caller, args, results)?;
        for (index, (result, &expected)) in results.iter().zip(&self.ty.results).enumerate() {
            assert!(
                result.ty() == expected,
                "a host function returned a value of type {} as {expected}",
                result.ty()
            );
            // SAFETY: the host function has returned, so its access to the store is over.
            let raw = result.to_raw(unsafe { core.as_ref() }).expect(FOREIGN);
            // SAFETY: the caller vouches for the array.
            unsafe { array.add(index).write(raw) };
        }
        Ok(())
    }
}

/// What it means that a result cannot be stored.
const FOREIGN: &str = "a host function returned a function of another store";

/// A closure over Rust values.
struct Typed<F, Params, Results> {
    func: F,
    signature: PhantomData<fn(Params) -> Results>,
}

/// What a typed host function returns: [`WasmResults`], or a `Result` of them and an error
/// that becomes a [`HostError`] and ends the call.
pub trait WasmRet: 'static {
    /// The results.
    type Results: WasmResults;

    /// The results, or why there are none.
    ///
    /// # Errors
    ///
    /// The host function's.
    fn into_results(self) -> Result<Self::Results, HostError>;
}

impl<R: WasmResults> WasmRet for R {
    type Results = R;

    #[inline]
    fn into_results(self) -> Result<R, HostError> {
        Ok(self)
    }
}

impl<R: WasmResults, E: Into<HostError> + 'static> WasmRet for Result<R, E> {
    type Results = R;

    #[inline]
    fn into_results(self) -> Result<R, HostError> {
        self.map_err(Into::into)
    }
}

/// A closure that can be a host function: its parameters, but perhaps a first one of type
/// [`Caller`], are each a [`WasmTy`], and it returns a [`WasmRet`].
///
/// Implemented by this crate only, for closures of up to sixteen parameters.
pub trait IntoFunc<T, Params, Results>: Send + Sync + 'static {
    /// The closure as a host function.
    fn into_func(self) -> TypedHostFunc<T>;
}

/// Implements [`IntoFunc`] for closures of so many parameters, with and without a caller.
macro_rules! closures {
    ($($index:literal $value:ident),*) => {
        impl<T, Function, $($value: WasmTy,)* R: WasmRet> IntoFunc<T, ($($value,)*), R> for Function
        where
            T: 'static,
            Function: Fn($($value),*) -> R + Send + Sync + 'static,
        {
            #[allow(non_snake_case, reason = "arguments are named like their types")]
            fn into_func(self) -> TypedHostFunc<T> {
                let func = move |_: Caller<'_, T>, $($value: $value),*| self($($value),*);
                IntoFunc::<T, (Caller<'_, T>, $($value,)*), R>::into_func(func)
            }
        }

        impl<T, Function, $($value: WasmTy,)* R: WasmRet>
            IntoFunc<T, (Caller<'_, T>, $($value,)*), R> for Function
        where
            T: 'static,
            Function: Fn(Caller<'_, T>, $($value),*) -> R + Send + Sync + 'static,
        {
            fn into_func(self) -> TypedHostFunc<T> {
                TypedHostFunc {
                    ty: func_type::<($($value,)*), R::Results>(),
                    closure: Arc::new(Typed::<_, ($($value,)*), R> {
                        func: self,
                        signature: PhantomData,
                    }),
                }
            }
        }

        impl<T, Function, $($value: WasmTy,)* R: WasmRet> HostFunc<T>
            for Typed<Function, ($($value,)*), R>
        where
            T: 'static,
            Function: Fn(Caller<'_, T>, $($value),*) -> R + Send + Sync,
        {
            #[allow(non_snake_case, reason = "arguments are named like their types")]
            unsafe fn call(
                &self,
                caller: Caller<'_, T>,
                array: *mut u128,
            ) -> Result<(), HostError> {
                use super::wasm_ty::sealed::List;
                let core = caller.core();
                // SAFETY: the store is alive; nobody else uses it until the closure is called.
                let store = unsafe { core.as_ref() };
                // SAFETY: the caller vouches for the array.
                let ($($value,)*) = unsafe { <($($value,)*)>::load(array, store) };
                let results = (self.func)(caller, $($value),*).into_results()?;
                // SAFETY: as above; the host function's access to the store is over.
                unsafe { results.store(array, core.as_ref()) }.expect(FOREIGN);
                Ok(())
            }
        }
    };
}
for_each_tuple!(closures);

/// Arguments and results of a host call; on the stack if they are few.
struct HostValues {
    inline: [Val; Self::INLINE],
    heap: Vec<Val>,
    params: usize,
    len: usize,
}

impl HostValues {
    const INLINE: usize = 8;

    /// Zeros and nulls for a type's results, and room for its arguments.
    fn of(ty: &FuncType) -> Self {
        let mut values = Self {
            inline: [Val::I32(0); Self::INLINE],
            heap: Vec::new(),
            params: ty.params.len(),
            len: ty.params.len() + ty.results.len(),
        };
        if values.len > Self::INLINE {
            values.heap.resize(values.len, Val::I32(0));
        }
        for (value, &ty) in values.split().1.iter_mut().zip(&ty.results) {
            *value = Val::default_for_ty(ty);
        }
        values
    }

    /// Arguments and results.
    fn split(&mut self) -> (&mut [Val], &mut [Val]) {
        let all = if self.len > Self::INLINE {
            &mut self.heap
        } else {
            &mut self.inline[..self.len]
        };
        all.split_at_mut(self.params)
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
            let mut values = HostValues::of(&ty);
            let (args, results) = values.split();
            assert_eq!(args.len(), count);
            assert_eq!(results.len(), count);
            assert!(results.iter().all(|&v| v == Val::F64(0)));
        }
    }
}

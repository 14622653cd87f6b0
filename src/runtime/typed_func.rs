//! Functions whose type is known to Rust: called without a look at it each time.

#![expect(
    unsafe_code,
    reason = "reads and writes the arrays that thunks exchange with the host"
)]

use super::activation;
use super::wasm_ty::{WasmParams, WasmResults, func_type};
use super::{AsContext, AsContextMut, CallError, Func, Outcome};
use crate::abi::FuncType;
use alloc::string::String;
use core::marker::PhantomData;

/// A [`Func`] whose parameters are `Params` and whose results are `Results`. Made by
/// [`Func::typed`] and [`Instance::get_typed_func`](super::Instance::get_typed_func).
pub struct TypedFunc<Params, Results> {
    func: Func,
    signature: PhantomData<fn(Params) -> Results>,
}

/// A function is not of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the function takes {:?} and returns {:?}, not {:?} and {:?}",
    found.params, found.results, expected.params, expected.results
)]
pub struct TypeMismatch {
    /// The type that was asked for.
    pub expected: FuncType,
    /// The function's type.
    pub found: FuncType,
}

/// There is no such export of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypedFuncError {
    /// No function is exported under this name.
    #[error("no function is exported as {0:?}")]
    NoFunction(String),
    /// It has another type.
    #[error(transparent)]
    Type(#[from] TypeMismatch),
}

impl<Params, Results> Clone for TypedFunc<Params, Results> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Params, Results> Copy for TypedFunc<Params, Results> {}

impl Func {
    /// The function as one whose type Rust knows.
    ///
    /// # Errors
    ///
    /// [`TypeMismatch`].
    ///
    /// # Panics
    ///
    /// Panics if the function is of another store.
    pub fn typed<P: WasmParams, R: WasmResults>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<P, R>, TypeMismatch> {
        let context = store.as_context();
        let core = context.core();
        core.check_store(self.store);
        let (expected, found) = (func_type::<P, R>(), core.func_type(self.addr));
        if expected != *found {
            let found = found.clone();
            return Err(TypeMismatch { expected, found });
        }
        Ok(TypedFunc {
            func: *self,
            signature: PhantomData,
        })
    }
}

impl<P: WasmParams, R: WasmResults> TypedFunc<P, R> {
    /// Calls the function; see [`Func::call`].
    ///
    /// # Errors
    ///
    /// [`CallError`].
    ///
    /// # Panics
    ///
    /// Panics if the function is of another store.
    pub fn call(&self, mut store: impl AsContextMut, params: P) -> Result<Outcome<R>, CallError> {
        let core = store.as_context_mut().inner.cast();
        activation::call(
            core,
            self.func,
            const { if P::LEN > R::LEN { P::LEN } else { R::LEN } },
            // SAFETY: the array has room for all parameters.
            |core, array| unsafe { params.store(array, core) }.map_err(CallError::ForeignFunction),
            // SAFETY: the function has returned results of its type, which is this one.
            |core, array| unsafe { R::load(array, core) },
        )
    }

    /// Goes on where the store was suspended in a call of a function of this type; see
    /// [`Store::resume`](super::Store::resume).
    ///
    /// # Errors
    ///
    /// As for [`Self::call`]; [`CallError::NotSuspended`];
    /// [`CallError::AnotherFunction`] if the call that waits is one of a function with other
    /// results. The store is then as it was.
    ///
    /// # Panics
    ///
    /// Panics if the function is of another store.
    pub fn resume(&self, mut store: impl AsContextMut) -> Result<Outcome<R>, CallError> {
        let context = store.as_context_mut();
        context.core().check_store(self.func.store);
        let core = context.inner.cast();
        // SAFETY: results are of this type, which is checked first.
        activation::resume_as(core, &R::types(), |core, array| unsafe {
            R::load(array, core)
        })
    }

    /// The function.
    pub fn func(&self) -> &Func {
        &self.func
    }
}

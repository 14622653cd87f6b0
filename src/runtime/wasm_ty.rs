//! Rust types that stand for wasm values, one by one and in lists.

#![expect(
    unsafe_code,
    reason = "reads and writes the arrays that thunks exchange with the host"
)]

use crate::abi::value::FuncRefs;
use crate::abi::{ExternRef, FuncAddr, FuncType, Val, ValType};
use alloc::vec::Vec;

/// A Rust type that stands for one wasm value: `i32` and `u32`, `i64` and `u64`, `f32`,
/// `f64`, `u128` (a v128, lane 0 lowest), `Option<FuncAddr>` and `Option<ExternRef>`.
///
/// Implemented by this crate only.
pub trait WasmTy: Copy + Send + Sync + 'static + sealed::Value {
    /// The wasm type.
    const TYPE: ValType;
}

/// The parameters of a typed function: a [`WasmTy`], or a tuple of none to sixteen.
pub trait WasmParams: 'static + sealed::List {}

/// The results of a typed function: as for [`WasmParams`].
pub trait WasmResults: 'static + sealed::List {}

impl<L: 'static + sealed::List> WasmParams for L {}
impl<L: 'static + sealed::List> WasmResults for L {}

/// The function type that stands for parameters `P` and results `R`.
pub(super) fn func_type<P: WasmParams, R: WasmResults>() -> FuncType {
    FuncType::new(P::types(), R::types())
}

pub(super) mod sealed {
    use super::{FuncRefs, ValType, Vec};

    /// How a value goes to and from a 16-byte slot. Only as many bytes as the type has are
    /// touched: what wrote the slot has written no more.
    pub trait Value: Sized {
        /// # Safety
        ///
        /// `slot` holds a value of the type, of the store of `funcs`.
        unsafe fn load(slot: *const u128, funcs: &dyn FuncRefs) -> Self;

        /// Returns false if the value names a function that the store does not have.
        ///
        /// # Safety
        ///
        /// `slot` may be written.
        #[must_use]
        unsafe fn store(self, slot: *mut u128, funcs: &dyn FuncRefs) -> bool;
    }

    /// A list of values in consecutive slots.
    pub trait List: Sized {
        /// How many there are.
        const LEN: usize;

        /// Their types.
        fn types() -> Vec<ValType>;

        /// # Safety
        ///
        /// As for [`Value::load`], for each of [`Self::LEN`] slots.
        unsafe fn load(slots: *const u128, funcs: &dyn FuncRefs) -> Self;

        /// Fails with the index of a value that names a function that the store does not have.
        ///
        /// # Safety
        ///
        /// As for [`Value::store`], for each of [`Self::LEN`] slots.
        unsafe fn store(self, slots: *mut u128, funcs: &dyn FuncRefs) -> Result<(), usize>;
    }
}

/// Implements [`WasmTy`] for types that are as many bytes in a slot.
macro_rules! plain {
    ($($rust:ty => $wasm:ident),*) => {$(
        impl WasmTy for $rust {
            const TYPE: ValType = ValType::$wasm;
        }

        impl sealed::Value for $rust {
            #[inline]
            unsafe fn load(slot: *const u128, _: &dyn FuncRefs) -> Self {
                // SAFETY: passed on to the caller; slots are little-endian and aligned.
                unsafe { slot.cast::<Self>().read() }
            }

            #[inline]
            unsafe fn store(self, slot: *mut u128, _: &dyn FuncRefs) -> bool {
                // SAFETY: passed on to the caller.
                unsafe { slot.cast::<Self>().write(self) };
                true
            }
        }
    )*};
}
plain!(i32 => I32, u32 => I32, i64 => I64, u64 => I64, f32 => F32, f64 => F64, u128 => V128);

/// Implements [`WasmTy`] for references.
macro_rules! reference {
    ($($rust:ty => $wasm:ident),*) => {$(
        impl WasmTy for $rust {
            const TYPE: ValType = ValType::$wasm;
        }

        impl sealed::Value for $rust {
            unsafe fn load(slot: *const u128, funcs: &dyn FuncRefs) -> Self {
                // SAFETY: passed on to the caller.
                let raw = unsafe { slot.cast::<u64>().read() };
                match Val::from_raw(Self::TYPE, raw.into(), funcs) {
                    Val::$wasm(reference) => reference,
                    value => unreachable!("{value:?} is not of type {}", Self::TYPE),
                }
            }

            unsafe fn store(self, slot: *mut u128, funcs: &dyn FuncRefs) -> bool {
                let Some(raw) = Val::$wasm(self).to_raw(funcs) else {
                    return false;
                };
                // SAFETY: passed on to the caller.
                unsafe { slot.cast::<u64>().write(raw as u64) };
                true
            }
        }
    )*};
}
reference!(Option<FuncAddr> => FuncRef, Option<ExternRef> => ExternRef);

impl<V: WasmTy> sealed::List for V {
    const LEN: usize = 1;

    fn types() -> Vec<ValType> {
        alloc::vec![V::TYPE]
    }

    #[inline]
    unsafe fn load(slots: *const u128, funcs: &dyn FuncRefs) -> Self {
        // SAFETY: passed on to the caller.
        unsafe { <V as sealed::Value>::load(slots, funcs) }
    }

    #[inline]
    unsafe fn store(self, slots: *mut u128, funcs: &dyn FuncRefs) -> Result<(), usize> {
        // SAFETY: passed on to the caller.
        match unsafe { <V as sealed::Value>::store(self, slots, funcs) } {
            true => Ok(()),
            false => Err(0),
        }
    }
}

/// Implements [`sealed::List`] for a tuple.
macro_rules! tuple {
    ($($index:literal $value:ident),*) => {
        impl<$($value: WasmTy),*> sealed::List for ($($value,)*) {
            const LEN: usize = <[ValType]>::len(&[$($value::TYPE),*]);

            fn types() -> Vec<ValType> {
                alloc::vec![$($value::TYPE),*]
            }

            #[inline]
            #[allow(clippy::unused_unit, reason = "the empty tuple is one of them")]
            unsafe fn load(_slots: *const u128, _funcs: &dyn FuncRefs) -> Self {
                // SAFETY: passed on to the caller.
                ($(unsafe { <$value as sealed::Value>::load(_slots.add($index), _funcs) },)*)
            }

            #[inline]
            unsafe fn store(self, _slots: *mut u128, _funcs: &dyn FuncRefs) -> Result<(), usize> {
                #[allow(non_snake_case, reason = "named like their types")]
                let ($($value,)*) = self;
                // SAFETY: passed on to the caller.
                $(if !unsafe { sealed::Value::store($value, _slots.add($index), _funcs) } {
                    return Err($index);
                })*
                Ok(())
            }
        }
    };
}

/// Calls a macro once for each number of values.
macro_rules! for_each_tuple {
    ($macro:ident) => {
        $macro!();
        $macro!(0 A);
        $macro!(0 A, 1 B);
        $macro!(0 A, 1 B, 2 C);
        $macro!(0 A, 1 B, 2 C, 3 D);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J, 10 K);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J, 10 K, 11 L);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J, 10 K, 11 L, 12 M);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J, 10 K, 11 L, 12 M, 13 N);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J, 10 K, 11 L, 12 M, 13 N, 14 O);
        $macro!(0 A, 1 B, 2 C, 3 D, 4 E, 5 F, 6 G, 7 H, 8 I, 9 J, 10 K, 11 L, 12 M, 13 N, 14 O, 15 P);
    };
}
pub(super) use for_each_tuple;
for_each_tuple!(tuple);

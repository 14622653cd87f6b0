//! Wasm values and types, and their raw 64- or 128-bit machine form.
//!
//! Raw form: an i32 and an f32 occupy the low 32 bits (upper bits zero when
//! produced by us, ignored when read); an i64 and f64 all 64; a v128 all 128;
//! a funcref is the address of a [`VmFuncRef`](super::VmFuncRef) or 0; an
//! externref is 0 for null, else `1 << 32 | token`.

use alloc::boxed::Box;
use serde::{Deserialize, Serialize};

/// A wasm value type (WebAssembly 2.0, section 2.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit IEEE 754 float.
    F32,
    /// 64-bit IEEE 754 float.
    F64,
    /// 128-bit vector.
    V128,
    /// Nullable function reference.
    FuncRef,
    /// Nullable opaque host reference.
    ExternRef,
}

impl ValType {
    /// Whether values of this type live in XMM registers.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64 | Self::V128)
    }

    /// Whether this is `funcref` or `externref`.
    pub const fn is_ref(self) -> bool {
        matches!(self, Self::FuncRef | Self::ExternRef)
    }

    /// The type's name in the wasm text format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::FuncRef => "funcref",
            Self::ExternRef => "externref",
        }
    }
}

impl core::fmt::Display for ValType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// A function type (WebAssembly 2.0, section 2.3.6).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FuncType {
    /// Parameter types, in order.
    pub params: Box<[ValType]>,
    /// Result types, in order.
    pub results: Box<[ValType]>,
}

impl FuncType {
    /// Makes a function type from its parameter and result types.
    pub fn new(params: impl Into<Box<[ValType]>>, results: impl Into<Box<[ValType]>>) -> Self {
        Self {
            params: params.into(),
            results: results.into(),
        }
    }
}

/// A function's address in its store: an index into the store's functions
/// (WebAssembly 2.0, section 4.2.1). The identity of a funcref in images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FuncAddr(pub u32);

/// An opaque host reference: a token that only the host gives meaning to.
///
/// Being a number, it survives freezing; what it stands for is the host's to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExternRef(pub u32);

/// A wasm value. Floats are kept as bits, so that NaN payloads survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Val {
    /// An i32.
    I32(i32),
    /// An i64.
    I64(i64),
    /// The bits of an f32.
    F32(u32),
    /// The bits of an f64.
    F64(u64),
    /// The bits of a v128, lane 0 lowest.
    V128(u128),
    /// A function reference.
    FuncRef(Option<FuncAddr>),
    /// A host reference.
    ExternRef(Option<ExternRef>),
}

impl Val {
    /// The value's type.
    pub const fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(_) => ValType::FuncRef,
            Self::ExternRef(_) => ValType::ExternRef,
        }
    }

    /// The default value of a type: zero or null (WebAssembly 2.0, section 4.2.2).
    pub const fn default_for_ty(ty: ValType) -> Self {
        match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(0),
            ValType::FuncRef => Self::FuncRef(None),
            ValType::ExternRef => Self::ExternRef(None),
        }
    }
}

/// The value as a Rust one, if it is of that type.
macro_rules! conversions {
    ($($get:ident $unwrap:ident $variant:ident $rust:ty, $what:literal, $to:expr, $from:expr;)*) => {
        impl Val {
            $(
                #[doc = concat!("The value, if it is ", $what, ".")]
                pub fn $get(&self) -> Option<$rust> {
                    match *self {
                        Self::$variant(value) => Some($to(value)),
                        _ => None,
                    }
                }

                #[doc = concat!("The value, which must be ", $what, ".")]
                ///
                /// # Panics
                ///
                /// Panics if it is not.
                pub fn $unwrap(&self) -> $rust {
                    self.$get().expect(concat!("the value is ", $what))
                }
            )*
        }

        $(
            impl From<$rust> for Val {
                fn from(value: $rust) -> Self {
                    Self::$variant($from(value))
                }
            }
        )*
    };
}

conversions! {
    i32 unwrap_i32 I32 i32, "an i32", core::convert::identity, core::convert::identity;
    i64 unwrap_i64 I64 i64, "an i64", core::convert::identity, core::convert::identity;
    f32 unwrap_f32 F32 f32, "an f32", f32::from_bits, f32::to_bits;
    f64 unwrap_f64 F64 f64, "an f64", f64::from_bits, f64::to_bits;
    v128 unwrap_v128 V128 u128, "a v128", core::convert::identity, core::convert::identity;
    func_ref unwrap_func_ref FuncRef Option<FuncAddr>, "a funcref", core::convert::identity, core::convert::identity;
    extern_ref unwrap_extern_ref ExternRef Option<ExternRef>, "an externref", core::convert::identity, core::convert::identity;
}

/// Translates function references between their raw form, which only one
/// store understands, and their address in that store.
pub trait FuncRefs {
    /// The store address of a raw, non-zero funcref.
    fn func_addr(&self, raw: u64) -> FuncAddr;
    /// The raw form of a function's address, or None if the store has no such function.
    fn raw_func(&self, addr: FuncAddr) -> Option<u64>;
}

const EXTERN_REF_TAG: u64 = 1 << 32;

impl Val {
    /// Reads a value of type `ty` from its raw form.
    pub fn from_raw(ty: ValType, raw: u128, funcs: &dyn FuncRefs) -> Self {
        let low = raw as u64;
        match ty {
            ValType::I32 => Self::I32(low as i32),
            ValType::I64 => Self::I64(low as i64),
            ValType::F32 => Self::F32(low as u32),
            ValType::F64 => Self::F64(low),
            ValType::V128 => Self::V128(raw),
            ValType::FuncRef if low == 0 => Self::FuncRef(None),
            ValType::FuncRef => Self::FuncRef(Some(funcs.func_addr(low))),
            ValType::ExternRef if low == 0 => Self::ExternRef(None),
            ValType::ExternRef => Self::ExternRef(Some(ExternRef(low as u32))),
        }
    }

    /// The value's raw form, or None if it names a function that the store does not have.
    pub fn to_raw(&self, funcs: &dyn FuncRefs) -> Option<u128> {
        Some(match *self {
            Self::I32(v) => u128::from(v as u32),
            Self::I64(v) => u128::from(v as u64),
            Self::F32(bits) => u128::from(bits),
            Self::F64(bits) => u128::from(bits),
            Self::V128(bits) => bits,
            Self::FuncRef(None) | Self::ExternRef(None) => 0,
            Self::FuncRef(Some(addr)) => u128::from(funcs.raw_func(addr)?),
            Self::ExternRef(Some(ExternRef(token))) => {
                u128::from(EXTERN_REF_TAG | u64::from(token))
            }
        })
    }
}

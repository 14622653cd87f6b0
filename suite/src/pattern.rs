//! What a script expects of results.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};
use woodfrog::abi::{ExternRef, Val, ValType};

/// The bits that patterns of arithmetic NaNs give: exponent and quiet bit.
pub const F32_NAN: u128 = 0x7fc0_0000;
/// The bits that patterns of canonical NaNs give: all but the sign.
pub const F32_MAGNITUDE: u128 = 0x7fff_ffff;
/// The bits that patterns of arithmetic NaNs give: exponent and quiet bit.
pub const F64_NAN: u128 = 0x7ff8_0000_0000_0000;
/// The bits that patterns of canonical NaNs give: all but the sign.
pub const F64_MAGNITUDE: u128 = 0x7fff_ffff_ffff_ffff;

/// What a result may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Pattern {
    /// A number or vector of which some bits are given. NaN patterns, also those of the
    /// lanes of a vector, leave bits open.
    Bits {
        /// Its type.
        ty: ValType,
        /// Which bits are given.
        mask: u128,
        /// What they are; all others are zero here.
        bits: u128,
    },
    /// A null reference, of a type if there is one.
    Null(Option<ValType>),
    /// A reference to any function.
    Func,
    /// An external reference, to this object if there is one.
    Extern(Option<u32>),
    /// What matches any of these.
    Either(Vec<Pattern>),
    /// A value that the engine does not have.
    Unsupported(String),
}

impl Pattern {
    /// Whether `value` matches.
    pub fn matches(&self, value: &Val) -> bool {
        match (self, value) {
            (&Self::Bits { ty, mask, bits }, value) => {
                ty == value.ty() && number_bits(value).is_some_and(|found| found & mask == bits)
            }
            (Self::Null(None), Val::FuncRef(None) | Val::ExternRef(None)) => true,
            (Self::Null(Some(ValType::FuncRef)), Val::FuncRef(None)) => true,
            (Self::Null(Some(ValType::ExternRef)), Val::ExternRef(None)) => true,
            (Self::Func, Val::FuncRef(found)) => found.is_some(),
            (Self::Extern(None), Val::ExternRef(found)) => found.is_some(),
            (Self::Extern(Some(token)), Val::ExternRef(found)) => *found == Some(ExternRef(*token)),
            (Self::Either(patterns), value) => patterns.iter().any(|p| p.matches(value)),
            _ => false,
        }
    }
}

/// Whether the values are as expected, one by one.
pub fn match_all(expected: &[Pattern], found: &[Val]) -> bool {
    expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(expected, found)| expected.matches(found))
}

/// The bits of a number or vector.
fn number_bits(value: &Val) -> Option<u128> {
    Some(match *value {
        Val::I32(value) => u128::from(value as u32),
        Val::I64(value) => u128::from(value as u64),
        Val::F32(bits) => u128::from(bits),
        Val::F64(bits) => u128::from(bits),
        Val::V128(bits) => bits,
        Val::FuncRef(_) | Val::ExternRef(_) => return None,
    })
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits { ty, mask, bits } => match (ty, *mask) {
                (ValType::F32, F32_MAGNITUDE) | (ValType::F64, F64_MAGNITUDE) => {
                    write!(f, "{ty} nan:canonical")
                }
                (ValType::F32, F32_NAN) | (ValType::F64, F64_NAN) => {
                    write!(f, "{ty} nan:arithmetic")
                }
                (ValType::V128, mask) if mask != u128::MAX => {
                    write!(f, "v128 {bits:#034x} in the bits {mask:#034x}")
                }
                _ => write!(f, "{ty} {}", number(*ty, *bits)),
            },
            Self::Null(_) => f.write_str("a null reference"),
            Self::Func => f.write_str("a function reference"),
            Self::Extern(None) => f.write_str("an externref"),
            Self::Extern(Some(token)) => write!(f, "externref {token}"),
            Self::Either(patterns) => f.write_str(&list(patterns, " or ")),
            Self::Unsupported(what) => f.write_str(what),
        }
    }
}

/// Expected results as text.
pub fn describe_expected(expected: &[Pattern]) -> String {
    match expected.is_empty() {
        true => "no results".to_owned(),
        false => list(expected, ", "),
    }
}

/// Results as text.
pub fn describe_found(found: &[Val]) -> String {
    let texts = found.iter().map(|value| match number_bits(value) {
        Some(bits) => format!("{} {}", value.ty(), number(value.ty(), bits)),
        None => format!("{value:?}"),
    });
    match found.is_empty() {
        true => "no results".to_owned(),
        false => list(&texts.collect::<Vec<_>>(), ", "),
    }
}

/// The text of a number or vector: integers signed, NaNs as the text format has them.
fn number(ty: ValType, bits: u128) -> String {
    let nan = |is_negative, payload: u64| {
        let sign = if is_negative { "-" } else { "" };
        format!("{sign}nan:{payload:#x}")
    };
    match ty {
        ValType::I32 => (bits as i32).to_string(),
        ValType::I64 => (bits as i64).to_string(),
        ValType::F32 => match f32::from_bits(bits as u32) {
            float if float.is_nan() => nan(float.is_sign_negative(), bits as u64 & 0x7f_ffff),
            float => float.to_string(),
        },
        ValType::F64 => match f64::from_bits(bits as u64) {
            float if float.is_nan() => {
                nan(float.is_sign_negative(), bits as u64 & 0xf_ffff_ffff_ffff)
            }
            float => float.to_string(),
        },
        _ => format!("{bits:#034x}"),
    }
}

fn list<T: fmt::Display>(items: &[T], separator: &str) -> String {
    let texts: Vec<String> = items.iter().map(|item| format!("{item}")).collect();
    texts.join(separator)
}

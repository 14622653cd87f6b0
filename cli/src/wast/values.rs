//! Arguments and expected results of a script.

use crate::values;
use wast::core::{AbstractHeapType, HeapType, NanPattern, WastArgCore, WastRetCore};
use wast::{WastArg, WastRet};
use woodfrog::abi::{ExternRef, Value};

/// The quiet bit of a NaN, and all bits but the sign of a canonical one.
const F32_QUIET: u32 = 1 << 22;
const F32_CANONICAL: u32 = 0x7fc0_0000;
const F64_QUIET: u64 = 1 << 51;
const F64_CANONICAL: u64 = 0x7ff8_0000_0000_0000;

/// The value of an argument; None if the engine has none of its type.
pub fn argument(arg: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(arg) = arg else {
        return None;
    };
    Some(match arg {
        WastArgCore::I32(value) => Value::I32(*value),
        WastArgCore::I64(value) => Value::I64(*value),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::V128(value) => Value::V128(u128::from_le_bytes(value.to_le_bytes())),
        WastArgCore::RefNull(ty) => null(ty)?,
        WastArgCore::RefExtern(token) => Value::ExternRef(Some(ExternRef(*token))),
        WastArgCore::RefHost(_) => return None,
    })
}

fn null(ty: &HeapType<'_>) -> Option<Value> {
    match ty {
        HeapType::Abstract {
            ty: AbstractHeapType::Func,
            ..
        } => Some(Value::FuncRef(None)),
        HeapType::Abstract {
            ty: AbstractHeapType::Extern,
            ..
        } => Some(Value::ExternRef(None)),
        _ => None,
    }
}

/// Whether the values are as expected, one by one.
pub fn match_all(expected: &[WastRet<'_>], found: &[Value]) -> bool {
    expected.len() == found.len()
        && expected.iter().zip(found).all(|(expected, found)| {
            matches!(expected, WastRet::Core(expected) if matches(expected, found))
        })
}

fn matches(expected: &WastRetCore<'_>, found: &Value) -> bool {
    match (expected, found) {
        (WastRetCore::Either(patterns), found) => patterns.iter().any(|p| matches(p, found)),
        (WastRetCore::I32(expected), Value::I32(found)) => expected == found,
        (WastRetCore::I64(expected), Value::I64(found)) => expected == found,
        (WastRetCore::F32(expected), &Value::F32(found)) => match expected {
            NanPattern::CanonicalNan => found & (u32::MAX >> 1) == F32_CANONICAL,
            NanPattern::ArithmeticNan => f32::from_bits(found).is_nan() && found & F32_QUIET != 0,
            NanPattern::Value(value) => value.bits == found,
        },
        (WastRetCore::F64(expected), &Value::F64(found)) => match expected {
            NanPattern::CanonicalNan => found & (u64::MAX >> 1) == F64_CANONICAL,
            NanPattern::ArithmeticNan => f64::from_bits(found).is_nan() && found & F64_QUIET != 0,
            NanPattern::Value(value) => value.bits == found,
        },
        (WastRetCore::RefNull(None), Value::FuncRef(None) | Value::ExternRef(None)) => true,
        (WastRetCore::RefNull(Some(ty)), found) => null(ty).as_ref() == Some(found),
        (WastRetCore::RefFunc(None), Value::FuncRef(found)) => found.is_some(),
        (WastRetCore::RefExtern(None), Value::ExternRef(found)) => found.is_some(),
        (WastRetCore::RefExtern(Some(token)), Value::ExternRef(found)) => {
            *found == Some(ExternRef(*token))
        }
        _ => false,
    }
}

/// Expected results as text.
pub fn describe_expected(expected: &[WastRet<'_>]) -> String {
    let texts = expected.iter().map(|expected| match expected {
        WastRet::Core(expected) => describe_pattern(expected),
        other => format!("{other:?}"),
    });
    list(texts)
}

fn describe_pattern(pattern: &WastRetCore<'_>) -> String {
    match pattern {
        WastRetCore::I32(value) => describe_value(&Value::I32(*value)),
        WastRetCore::I64(value) => describe_value(&Value::I64(*value)),
        WastRetCore::F32(pattern) => match pattern {
            NanPattern::Value(value) => describe_value(&Value::F32(value.bits)),
            nan => format!("f32 {}", describe_nan(nan)),
        },
        WastRetCore::F64(pattern) => match pattern {
            NanPattern::Value(value) => describe_value(&Value::F64(value.bits)),
            nan => format!("f64 {}", describe_nan(nan)),
        },
        WastRetCore::Either(patterns) => {
            let texts: Vec<_> = patterns.iter().map(describe_pattern).collect();
            texts.join(" or ")
        }
        WastRetCore::RefNull(_) => "a null reference".to_owned(),
        WastRetCore::RefFunc(_) => "a function reference".to_owned(),
        WastRetCore::RefExtern(None) => "an externref".to_owned(),
        WastRetCore::RefExtern(Some(token)) => format!("externref {token}"),
        other => format!("{other:?}"),
    }
}

fn describe_nan<T>(pattern: &NanPattern<T>) -> &'static str {
    match pattern {
        NanPattern::CanonicalNan => "nan:canonical",
        NanPattern::ArithmeticNan => "nan:arithmetic",
        NanPattern::Value(_) => "value",
    }
}

/// Values with their types as text.
pub fn describe_found(found: &[Value]) -> String {
    list(found.iter().map(describe_value))
}

fn describe_value(value: &Value) -> String {
    format!("{} {}", value.ty(), values::format(value))
}

fn list(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<_> = texts.collect();
    match texts.is_empty() {
        true => "no results".to_owned(),
        false => texts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_patterns_match_either_sign_and_no_signalling_nan() {
        let canonical = WastRetCore::F32(NanPattern::CanonicalNan);
        let arithmetic = WastRetCore::F32(NanPattern::ArithmeticNan);
        for (bits, is_canonical, is_arithmetic) in [
            (0x7fc0_0000, true, true),
            (0xffc0_0000, true, true),
            (0xffc0_0001, false, true),
            (0x7fa0_0000, false, false),
            (0x7f80_0000, false, false),
            (0x3fc0_0000, false, false),
        ] {
            assert_eq!(matches(&canonical, &Value::F32(bits)), is_canonical);
            assert_eq!(matches(&arithmetic, &Value::F32(bits)), is_arithmetic);
        }
        assert!(!matches(&canonical, &Value::F64(F64_CANONICAL)));
    }

    #[test]
    fn a_null_reference_matches_only_null_of_its_type() {
        let null = WastRetCore::RefNull(None);
        assert!(matches(&null, &Value::ExternRef(None)));
        assert!(!matches(&null, &Value::ExternRef(Some(ExternRef(0)))));
        assert!(!matches(&null, &Value::I32(0)));
        let some = WastRetCore::RefExtern(Some(3));
        assert!(matches(&some, &Value::ExternRef(Some(ExternRef(3)))));
        assert!(!matches(&some, &Value::ExternRef(None)));
    }
}

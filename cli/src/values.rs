//! Wasm values as text, to and fro.
//!
//! Integers are signed decimal. Floats are the shortest decimal that reads back as
//! the same value; `inf`, `-inf`; NaNs as the wasm text format has them, `nan:0x`
//! and the payload, with a minus sign before it if the sign bit is set.

use woodfrog::abi::{ExternRef, Val, ValType};

/// Bits of a float's fraction, where a NaN has its payload.
const F32_FRACTION_BITS: u32 = 23;
const F64_FRACTION_BITS: u32 = 52;

/// The text of a value.
pub fn format(value: &Val) -> String {
    match *value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => {
            let float = f32::from_bits(bits);
            let payload = u64::from(bits) & ((1 << F32_FRACTION_BITS) - 1);
            match float.is_nan() {
                true => format_nan(float.is_sign_negative(), payload),
                false => float.to_string(),
            }
        }
        Val::F64(bits) => {
            let float = f64::from_bits(bits);
            let payload = bits & ((1 << F64_FRACTION_BITS) - 1);
            match float.is_nan() {
                true => format_nan(float.is_sign_negative(), payload),
                false => float.to_string(),
            }
        }
        Val::V128(bits) => format!("{bits:#034x}"),
        Val::FuncRef(None) | Val::ExternRef(None) => "null".to_owned(),
        Val::FuncRef(Some(addr)) => format!("func:{}", addr.0),
        Val::ExternRef(Some(ExternRef(token))) => token.to_string(),
    }
}

fn format_nan(is_negative: bool, payload: u64) -> String {
    let sign = if is_negative { "-" } else { "" };
    format!("{sign}nan:{payload:#x}")
}

/// Reads a value of type `ty`; None if the text is no such value. Integers may be
/// signed or unsigned, decimal or hexadecimal; function references can only be null.
pub fn parse(ty: ValType, text: &str) -> Option<Val> {
    Some(match ty {
        ValType::I32 => {
            let value = parse_integer(text)?;
            let signed = i32::try_from(value).ok();
            Val::I32(signed.or_else(|| Some(u32::try_from(value).ok()? as i32))?)
        }
        ValType::I64 => {
            let value = parse_integer(text)?;
            let signed = i64::try_from(value).ok();
            Val::I64(signed.or_else(|| Some(u64::try_from(value).ok()? as i64))?)
        }
        ValType::F32 => Val::F32(match parse_nan(text, F32_FRACTION_BITS)? {
            Float::Nan {
                is_negative,
                payload,
            } => u32::from(is_negative) << 31 | 0xff << F32_FRACTION_BITS | payload as u32,
            Float::Other => text.parse::<f32>().ok()?.to_bits(),
        }),
        ValType::F64 => Val::F64(match parse_nan(text, F64_FRACTION_BITS)? {
            Float::Nan {
                is_negative,
                payload,
            } => u64::from(is_negative) << 63 | 0x7ff << F64_FRACTION_BITS | payload,
            Float::Other => text.parse::<f64>().ok()?.to_bits(),
        }),
        ValType::V128 => match text.strip_prefix("0x") {
            Some(digits) => Val::V128(parse_digits(digits, 16)?),
            None => Val::V128(parse_digits(text, 10)?),
        },
        ValType::FuncRef if text == "null" => Val::FuncRef(None),
        ValType::FuncRef => return None,
        ValType::ExternRef if text == "null" => Val::ExternRef(None),
        ValType::ExternRef => Val::ExternRef(Some(ExternRef(text.parse().ok()?))),
    })
}

fn parse_integer(text: &str) -> Option<i128> {
    let (is_negative, digits) = split_sign(text);
    let magnitude = match digits.strip_prefix("0x") {
        Some(digits) => parse_digits(digits, 16)?,
        None => parse_digits(digits, 10)?,
    };
    let magnitude = i128::try_from(magnitude).ok()?;
    Some(if is_negative { -magnitude } else { magnitude })
}

fn parse_digits(digits: &str, radix: u32) -> Option<u128> {
    match digits.starts_with(['+', '-']) {
        true => None,
        false => u128::from_str_radix(digits, radix).ok(),
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

enum Float {
    Nan { is_negative: bool, payload: u64 },
    Other,
}

/// Reads `nan` and `nan:0x...`; None if it is a NaN whose payload there cannot be.
fn parse_nan(text: &str, fraction_bits: u32) -> Option<Float> {
    let (is_negative, magnitude) = split_sign(text);
    let Some(rest) = magnitude.strip_prefix("nan") else {
        return Some(Float::Other);
    };
    let payload = match rest.strip_prefix(":0x") {
        Some(digits) => u64::try_from(parse_digits(digits, 16)?).ok()?,
        None if rest.is_empty() => 1 << (fraction_bits - 1),
        None => return None,
    };
    (payload != 0 && payload < 1 << fraction_bits).then_some(Float::Nan {
        is_negative,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_as_they_were_printed() {
        let floats = [
            0.0f64,
            -0.0,
            1.5,
            1e300,
            5e-324,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        let nans = [
            0x7ff8_0000_0000_0000,
            0xfff0_0000_0000_0001,
            0x7ff4_0000_0000_1234,
        ];
        let mut values = vec![
            Val::I32(i32::MIN),
            Val::I32(-1),
            Val::I64(i64::MIN),
            Val::F32(0x7fc0_0000),
            Val::F32(0xff80_0001),
            Val::F32(0.1f32.to_bits()),
            Val::V128(u128::MAX - 7),
            Val::FuncRef(None),
            Val::ExternRef(Some(ExternRef(9))),
        ];
        values.extend(floats.map(|float| Val::F64(float.to_bits())));
        values.extend(nans.map(Val::F64));
        for value in values {
            assert_eq!(parse(value.ty(), &format(&value)), Some(value), "{value:?}");
        }
    }

    #[test]
    fn nans_print_as_in_the_text_format() {
        assert_eq!(format(&Val::F32(0x7fc0_0000)), "nan:0x400000");
        assert_eq!(
            format(&Val::F64(0xfff8_0000_0000_0001)),
            "-nan:0x8000000000001"
        );
    }

    #[test]
    fn integers_may_be_unsigned_or_hexadecimal() {
        assert_eq!(parse(ValType::I32, "4294967295"), Some(Val::I32(-1)));
        assert_eq!(parse(ValType::I32, "0xffffffff"), Some(Val::I32(-1)));
        assert_eq!(parse(ValType::I32, "-0x10"), Some(Val::I32(-16)));
        assert_eq!(parse(ValType::I32, "4294967296"), None);
        assert_eq!(parse(ValType::I32, "-2147483649"), None);
        assert_eq!(
            parse(ValType::I64, "18446744073709551615"),
            Some(Val::I64(-1))
        );
    }

    #[test]
    fn nonsense_is_no_value() {
        for text in ["", "-", "0x", "1.5", "--1", "+-1", "ten"] {
            assert_eq!(parse(ValType::I32, text), None, "{text:?}");
        }
        for text in ["", "nan:0x0", "nan:0x800000", "nano", "1,5"] {
            assert_eq!(parse(ValType::F32, text), None, "{text:?}");
        }
    }
}

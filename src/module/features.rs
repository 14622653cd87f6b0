//! Which features of WebAssembly modules may use.
//!
//! An embedder that promises its guests a certain version of WebAssembly, or a
//! certain surface, chooses it here; a module that needs more is refused. Every
//! feature that has a switch is implemented.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use wasmparser::WasmFeatures as Parser;

/// Features of WebAssembly beyond version 1.0. A module that needs one that is off is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WasmFeatures {
    /// Sign-extension instructions.
    pub sign_extension: bool,
    /// Conversions of floats to integers that saturate and do not trap.
    pub saturating_conversions: bool,
    /// Several results, and blocks with parameters.
    pub multi_value: bool,
    /// Instructions that fill, copy and initialise ranges of memories and tables.
    pub bulk_memory: bool,
    /// References as values, several tables, and instructions on tables.
    pub reference_types: bool,
    /// 128-bit vectors; only if the crate's feature `simd` is on.
    pub simd: bool,
    /// Vector instructions whose results may differ between machines. Here they never do.
    /// Only if the crate's feature `simd` is on.
    pub relaxed_simd: bool,
    /// Calls that replace their caller's frame.
    pub tail_call: bool,
    /// Integer arithmetic in constant expressions.
    pub extended_const: bool,
    /// Several memories.
    pub multi_memory: bool,
    /// Memories and tables with 64-bit addresses.
    pub memory64: bool,
}

/// A name that is none of a feature or set of features.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no feature \"{0}\" of WebAssembly; there are v2, all, {names}", names = WasmFeatures::ALL)]
pub struct UnknownFeature(pub String);

impl WasmFeatures {
    /// WebAssembly 1.0.
    pub const V1: Self = Self {
        sign_extension: false,
        saturating_conversions: false,
        multi_value: false,
        bulk_memory: false,
        reference_types: false,
        simd: false,
        relaxed_simd: false,
        tail_call: false,
        extended_const: false,
        multi_memory: false,
        memory64: false,
    };

    /// WebAssembly 2.0; without vectors if the crate's feature `simd` is off.
    pub const V2: Self = Self {
        sign_extension: true,
        saturating_conversions: true,
        multi_value: true,
        bulk_memory: true,
        reference_types: true,
        simd: cfg!(feature = "simd"),
        ..Self::V1
    };

    /// All that the engine has.
    pub const ALL: Self = Self {
        sign_extension: true,
        saturating_conversions: true,
        multi_value: true,
        bulk_memory: true,
        reference_types: true,
        simd: cfg!(feature = "simd"),
        relaxed_simd: cfg!(feature = "simd"),
        tail_call: true,
        extended_const: true,
        multi_memory: true,
        memory64: true,
    };

    /// The features that are on in either.
    #[must_use]
    pub fn union(mut self, mut other: Self) -> Self {
        for (_, switch, _) in SWITCHES {
            *switch(&mut self) |= *switch(&mut other);
        }
        self
    }

    /// A set of features by its name, or version 1.0 with one feature.
    fn named(name: &str) -> Option<Self> {
        let mut features = match name {
            "v1" => return Some(Self::V1),
            "v2" => return Some(Self::V2),
            "all" => return Some(Self::ALL),
            _ => Self::V1,
        };
        let (_, switch, _) = SWITCHES.iter().find(|(known, ..)| *known == name)?;
        *switch(&mut features) = true;
        Some(features)
    }

    /// The set as bits, in the order of its members.
    pub(crate) fn to_bits(mut self) -> u32 {
        let switches = (0..).zip(SWITCHES);
        switches
            .map(|(bit, (_, switch, _))| u32::from(*switch(&mut self)) << bit)
            .sum()
    }

    /// The set with these bits; None if there is one of no feature.
    pub(crate) fn from_bits(bits: u32) -> Option<Self> {
        let mut set = Self::V1;
        for (bit, (_, switch, _)) in (0..).zip(SWITCHES) {
            *switch(&mut set) = bits & 1 << bit != 0;
        }
        (set.to_bits() == bits).then_some(set)
    }

    /// The features that are in this set and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self::from_bits(self.to_bits() & !other.to_bits()).expect("bits of features")
    }

    /// The switches that are on.
    fn on(mut self) -> impl Iterator<Item = &'static Switch> {
        SWITCHES
            .iter()
            .filter(move |(_, switch, _)| *switch(&mut self))
    }

    /// The same in wasmparser's terms, without what is not compiled in.
    pub(super) fn to_wasmparser(self) -> Parser {
        let missing = self.without(Self::ALL);
        self.without(missing)
            .on()
            .fold(Parser::WASM1, |features, &(.., feature)| features | feature)
    }
}

/// A feature: its name on command lines, where it is, and what wasmparser calls it.
type Switch = (&'static str, fn(&mut WasmFeatures) -> &mut bool, Parser);

#[rustfmt::skip]
const SWITCHES: &[Switch] = &[
    ("sign-extension", |f| &mut f.sign_extension, Parser::SIGN_EXTENSION),
    ("saturating-conversions", |f| &mut f.saturating_conversions, Parser::SATURATING_FLOAT_TO_INT),
    ("multi-value", |f| &mut f.multi_value, Parser::MULTI_VALUE),
    ("bulk-memory", |f| &mut f.bulk_memory, Parser::BULK_MEMORY),
    ("reference-types", |f| &mut f.reference_types, Parser::REFERENCE_TYPES),
    ("simd", |f| &mut f.simd, Parser::SIMD),
    ("relaxed-simd", |f| &mut f.relaxed_simd, Parser::RELAXED_SIMD),
    ("tail-call", |f| &mut f.tail_call, Parser::TAIL_CALL),
    ("extended-const", |f| &mut f.extended_const, Parser::EXTENDED_CONST),
    ("multi-memory", |f| &mut f.multi_memory, Parser::MULTI_MEMORY),
    ("memory64", |f| &mut f.memory64, Parser::MEMORY64),
];

impl Default for WasmFeatures {
    /// [`WasmFeatures::ALL`].
    fn default() -> Self {
        Self::ALL
    }
}

impl FromStr for WasmFeatures {
    type Err = UnknownFeature;

    /// Reads names joined by `+`, such as `v2+multi-memory`: `v1`, `v2`, `all`, and
    /// those of features, which stand for version 1.0 and the feature.
    fn from_str(text: &str) -> Result<Self, UnknownFeature> {
        text.split('+').try_fold(Self::V1, |features, name| {
            let named = Self::named(name).ok_or_else(|| UnknownFeature(name.into()))?;
            Ok(features.union(named))
        })
    }
}

impl fmt::Display for WasmFeatures {
    /// Writes `v1` and the names of the features that are on, joined by `+`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v1")?;
        self.on().try_for_each(|(name, ..)| write!(f, "+{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Module;
    use alloc::string::ToString;

    #[cfg(not(feature = "simd"))]
    #[test]
    fn vectors_that_are_not_compiled_in_are_refused_whoever_asks_for_them() {
        use crate::module::DecodeError;
        let asked = WasmFeatures {
            simd: true,
            ..WasmFeatures::ALL
        };
        for text in [
            "(func (result v128) v128.const i64x2 0 0)",
            "(func (param v128))",
        ] {
            let bytes = wat::parse_str(text).unwrap();
            let refused = Module::decode_with(bytes, asked);
            assert!(matches!(
                refused,
                Err(DecodeError::UnsupportedFeature { .. })
            ));
        }
    }

    #[test]
    fn features_read_back_as_they_were_printed() {
        for features in [WasmFeatures::V1, WasmFeatures::V2, WasmFeatures::ALL] {
            assert_eq!(features.to_string().parse(), Ok(features));
        }
        let features: WasmFeatures = "v1+memory64".parse().unwrap();
        assert!(features.memory64 && !features.multi_memory);
        for (text, unknown) in [("", ""), ("v4", "v4"), ("v1+", ""), ("v1,simd", "v1,simd")] {
            let error = UnknownFeature(unknown.into());
            assert_eq!(text.parse::<WasmFeatures>(), Err(error), "{text:?}");
        }
        let error = "v9".parse::<WasmFeatures>().unwrap_err().to_string();
        let names = WasmFeatures::ALL.to_string();
        assert!(
            error.contains("\"v9\"") && error.ends_with(&names),
            "{error}"
        );
    }

    #[test]
    fn a_module_is_refused_if_a_feature_that_it_needs_is_off() {
        for (text, feature) in [
            (
                "(func (result i32) i32.const 1 i32.extend8_s)",
                "sign-extension",
            ),
            (
                "(func (result i32) f32.const 1 i32.trunc_sat_f32_s)",
                "saturating-conversions",
            ),
            (
                "(func (result i32 i32) i32.const 1 i32.const 2)",
                "multi-value",
            ),
            (
                "(memory 1) (func i32.const 1 i32.const 2 i32.const 3 memory.fill)",
                "bulk-memory",
            ),
            (
                "(func (result externref) ref.null extern)",
                "reference-types",
            ),
            ("(table 1 funcref) (table 1 funcref)", "reference-types"),
            (
                "(global i32 i32.const 1 i32.const 2 i32.add)",
                "extended-const",
            ),
            ("(memory 1) (memory 1)", "multi-memory"),
            ("(memory i64 1)", "memory64"),
            ("(table i64 1 funcref)", "memory64"),
        ] {
            let bytes = wat::parse_str(text).unwrap();
            let refused = Module::decode_with(bytes.clone(), WasmFeatures::V1);
            assert!(refused.is_err(), "{text}");
            let features = feature.parse().unwrap();
            Module::decode_with(bytes, features).expect(text);
        }
    }
}

//! The host functions that random programs may import.
//!
//! They answer with numbers that depend on everything they were ever asked, so
//! whoever calls them once too often, in another order, or with other arguments
//! will be found out.

use crate::features::FEATURES;
use crate::random::{Random, hash};
use wasm_encoder::{EntityType, ImportSection, Module, TypeSection, ValType as EncodedType};
use woodfrog::abi::{ExternRef, FuncType, Val, ValType};

/// Import module name of all host functions.
pub const MODULE: &str = "host";

/// Types of the host functions. Each is imported by its index, in decimal.
pub fn functions() -> Vec<FuncType> {
    use ValType::*;
    let mut types = vec![
        FuncType::new([], []),
        FuncType::new([I32], [I32]),
        FuncType::new([I64, F64], [F32]),
        FuncType::new([], [I64, F64, I32]),
        FuncType::new([F32, F32, I32], [F64]),
        FuncType::new([ExternRef], [ExternRef]),
        FuncType::new([FuncRef, I32], [FuncRef, I64]),
        FuncType::new(
            [I32, I64, I32, I64, F32, F64, I32, I64, F64, I32, F32],
            [I64, I64],
        ),
    ];
    if FEATURES.simd {
        types.push(FuncType::new([V128], [V128]));
        types.push(FuncType::new([I32, V128, F32, V128], [V128, I32, V128]));
    }
    types
}

/// What has been asked of the host so far, in brief.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostLog(pub u64);

impl HostLog {
    /// Answers a call: notes function and arguments, and fills in the results.
    pub fn answer(&mut self, function: usize, args: &[Val], results: &mut [Val]) {
        let asked = format!("{:x} {function} {}", self.0, shown(args));
        self.0 = hash(asked.as_bytes());
        let mut random = Random(self.0);
        for result in results {
            *result = answer(result.ty(), args, &mut random);
        }
    }
}

fn answer(ty: ValType, args: &[Val], random: &mut Random) -> Val {
    let bits = random.bits();
    match ty {
        ValType::I32 => Val::I32(bits as i32 >> (bits >> 60)),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32((bits as i16 as f32).to_bits()),
        ValType::F64 => Val::F64((bits as i32 as f64).to_bits()),
        ValType::V128 => Val::V128(u128::from(bits) << 64 | u128::from(random.bits())),
        ValType::FuncRef => args
            .iter()
            .copied()
            .find(|arg| arg.ty() == ty)
            .unwrap_or(Val::FuncRef(None)),
        ValType::ExternRef if bits.is_multiple_of(4) => Val::ExternRef(None),
        ValType::ExternRef => Val::ExternRef(Some(ExternRef(bits as u32 >> 8))),
    }
}

/// Values as text, of NaNs and functions only that they are such.
pub fn shown(values: &[Val]) -> String {
    let texts: Vec<_> = values.iter().map(|&value| show(value)).collect();
    texts.join(" ")
}

fn show(value: Val) -> String {
    match value {
        Val::I32(x) => format!("i32:{x}"),
        Val::I64(x) => format!("i64:{x}"),
        Val::F32(bits) if f32::from_bits(bits).is_nan() => "f32:nan".into(),
        Val::F32(bits) => format!("f32:{bits:#x}"),
        Val::F64(bits) if f64::from_bits(bits).is_nan() => "f64:nan".into(),
        Val::F64(bits) => format!("f64:{bits:#x}"),
        Val::V128(bits) => format!("v128:{bits:#x}"),
        Val::FuncRef(None) => "null func".into(),
        Val::FuncRef(Some(_)) => "func".into(),
        Val::ExternRef(None) => "null extern".into(),
        Val::ExternRef(Some(ExternRef(token))) => format!("extern:{token}"),
    }
}

/// A module that imports all host functions, which tells the generator of them.
pub(crate) fn available() -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    for (index, ty) in functions().iter().enumerate() {
        let encoded = |ty: &ValType| encoded(*ty);
        types.ty().function(
            ty.params.iter().map(encoded),
            ty.results.iter().map(encoded),
        );
        let ty = EntityType::Function(index as u32);
        imports.import(MODULE, &index.to_string(), ty);
    }
    let mut module = Module::new();
    module.section(&types).section(&imports);
    module.finish()
}

fn encoded(ty: ValType) -> EncodedType {
    match ty {
        ValType::I32 => EncodedType::I32,
        ValType::I64 => EncodedType::I64,
        ValType::F32 => EncodedType::F32,
        ValType::F64 => EncodedType::F64,
        ValType::V128 => EncodedType::V128,
        ValType::FuncRef => EncodedType::FUNCREF,
        ValType::ExternRef => EncodedType::EXTERNREF,
    }
}

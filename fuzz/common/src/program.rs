//! Random modules with calls of their exports.

use crate::features::FEATURES;
use crate::host;
use crate::random::{Random, hash};
use crate::shape::Shape;
use crate::tame::{Nans, tame};

pub use crate::tame::FUEL;
use arbitrary::Unstructured;
use wasm_smith::{Config, MemoryOffsetChoices, Module};
use wasmparser::ExternalKind;
use woodfrog::abi::{ExternRef, Val, ValType};

/// How many loop iterations and function entries a call may pass.
pub const FUEL_PER_CALL: u32 = 300;

/// Most functions that are called, each twice.
const MAX_CALLED: usize = 10;

/// A module and what to do with it.
#[derive(Clone, Debug)]
pub struct Program {
    /// The module's bytes.
    pub wasm: Vec<u8>,
    /// The calls, to be made in this order in one store.
    pub calls: Vec<Call>,
    /// Names of the exported globals, memories and tables.
    pub state: Vec<(String, ExternalKind)>,
}

/// A call of an exported function.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function's name.
    pub function: String,
    /// The arguments.
    pub args: Vec<Val>,
}

impl Program {
    /// The program that a seed stands for.
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random(seed);
        let len = 500 << random.below(5);
        Self::from_bytes(&random.bytes(len))
    }

    /// The program that bytes stand for; any bytes stand for one.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut random = Random(hash(bytes));
        let config = config(&mut random);
        let smith = Module::new(config, &mut Unstructured::new(bytes))
            .expect("what is missing counts as zeros");
        let nans = *random.pick(&[Nans::AtOrigin, Nans::AtUse]);
        let wasm = tame(&smith.to_bytes(), nans, FUEL_PER_CALL, random.clone());
        let shape = Shape::of(&wasm);
        let calls = calls(&shape, &mut random);
        let exports = shape.exports.into_iter();
        let state = exports
            .filter(|(name, kind, _)| *kind != ExternalKind::Func && name != FUEL)
            .map(|(name, kind, _)| (name, kind))
            .collect();
        Self { wasm, calls, state }
    }

    /// A fingerprint of module and calls, to tell a changed generator from a changed engine.
    pub fn fingerprint(&self) -> u32 {
        let calls = format!("{:?}", self.calls);
        (hash(&self.wasm) ^ hash(calls.as_bytes()).rotate_left(32)) as u32
    }
}

/// What the generator may do. Minima are such that [`tame`] finds a section of each kind.
fn config(random: &mut Random) -> Config {
    Config {
        allow_start_export: random.is_one_in(4),
        available_imports: Some(host::available()),
        bulk_memory_enabled: true,
        compact_imports_enabled: false,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        export_everything: true,
        extended_const_enabled: FEATURES.extended_const,
        gc_enabled: false,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 12,
        max_funcs: host::functions().len() + 3 + random.below(12),
        max_globals: 12,
        max_imports: 100,
        max_instructions: 40 << random.below(5),
        max_memories: if FEATURES.multi_memory { 3 } else { 1 },
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        max_table_elements: 20,
        max_tables: 3,
        max_type_size: 100_000,
        max_types: 12,
        memory64_enabled: FEATURES.memory64,
        memory_offset_choices: MemoryOffsetChoices(60, 30, 10),
        min_data_segments: 1,
        min_element_segments: 1,
        min_funcs: 3,
        min_globals: 2,
        min_memories: 1,
        min_tables: 1,
        min_types: 4,
        multi_value_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: FEATURES.relaxed_simd,
        saturating_float_to_int_enabled: true,
        shared_everything_threads_enabled: false,
        sign_extension_ops_enabled: true,
        simd_enabled: FEATURES.simd,
        tail_call_enabled: FEATURES.tail_call,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

/// Calls of all functions, then of all functions again with other arguments.
fn calls(shape: &Shape, random: &mut Random) -> Vec<Call> {
    let is_function = |(_, kind, _): &&(_, ExternalKind, _)| *kind == ExternalKind::Func;
    let functions: Vec<_> = shape
        .exports
        .iter()
        .filter(is_function)
        .take(MAX_CALLED)
        .collect();
    let rounds = functions.iter().chain(&functions);
    rounds
        .map(|(name, _, index)| Call {
            function: name.clone(),
            args: shape
                .signature(*index)
                .0
                .iter()
                .map(|&ty| argument(ty, random))
                .collect(),
        })
        .collect()
}

fn argument(ty: wasm_encoder::ValType, random: &mut Random) -> Val {
    use wasm_encoder::ValType as Encoded;
    match ty {
        Encoded::I32 => Val::I32(integer(random) as i32),
        Encoded::I64 => Val::I64(integer(random) as i64),
        Encoded::F32 => Val::F32((float(random) as f32).to_bits()),
        Encoded::F64 => Val::F64(float(random).to_bits()),
        Encoded::V128 => Val::V128(u128::from(integer(random)) << 64 | u128::from(integer(random))),
        Encoded::Ref(ty) if ty == wasm_encoder::RefType::EXTERNREF && !random.is_one_in(4) => {
            Val::ExternRef(Some(ExternRef(random.bits() as u32)))
        }
        Encoded::Ref(ty) if ty == wasm_encoder::RefType::EXTERNREF => {
            Val::default_for_ty(ValType::ExternRef)
        }
        Encoded::Ref(_) => Val::default_for_ty(ValType::FuncRef),
    }
}

/// Small, at an edge, or anything.
fn integer(random: &mut Random) -> u64 {
    const EDGES: [u64; 8] = [
        0,
        u64::MAX,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        0x0001_0000,
    ];
    match random.below(3) {
        0 => random.below(100) as u64,
        1 => *random.pick(&EDGES),
        _ => random.bits(),
    }
}

fn float(random: &mut Random) -> f64 {
    const EDGES: [f64; 10] = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        1e-40,
        2147483648.0,
        1.8446744073709552e19,
    ];
    match random.below(3) {
        0 => random.below(100) as f64 / 4.0,
        1 => *random.pick(&EDGES),
        _ => random.bits() as i32 as f64 * 1e-3,
    }
}

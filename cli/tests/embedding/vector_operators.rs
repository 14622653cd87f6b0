//! Every vector instruction gives the same wherever its operands and its result are.
//!
//! Instructions of the processor overwrite an operand, and the compiler writes a result
//! into the register of the local that it is assigned to. So each operator is compiled
//! with operands in registers of locals, in registers of their own, in frame slots and as
//! constants, with the result assigned to either operand or to neither, with one operand
//! twice, and with hardly a register free. What it is to give, the test suite says.

use crate::harness::call;
use std::fmt::Write as _;
use std::sync::Arc;
use woodfrog::abi::{CpuFeatures, Val};
use woodfrog::runtime::{Config, Engine, Linker, Module, Outcome, Store};
use woodfrog_cli::LinuxPlatform;

/// Operators by the types of operands and result: v128 is `v`, i32 `i`, i64 `l`, f32 `f`,
/// f64 `d`. Commas separate the operators.
const OPERATORS: &[(&str, char, &str)] = &[
    (
        "v",
        'v',
        "v128.not, i8x16.abs, i8x16.neg, i8x16.popcnt, i16x8.abs, i16x8.neg, i32x4.abs, \
         i32x4.neg, i64x2.abs, i64x2.neg, i16x8.extend_low_i8x16_s, \
         i16x8.extend_high_i8x16_s, i16x8.extend_low_i8x16_u, i16x8.extend_high_i8x16_u, \
         i32x4.extend_low_i16x8_s, i32x4.extend_high_i16x8_s, i32x4.extend_low_i16x8_u, \
         i32x4.extend_high_i16x8_u, i64x2.extend_low_i32x4_s, i64x2.extend_high_i32x4_s, \
         i64x2.extend_low_i32x4_u, i64x2.extend_high_i32x4_u, \
         i16x8.extadd_pairwise_i8x16_s, i16x8.extadd_pairwise_i8x16_u, \
         i32x4.extadd_pairwise_i16x8_s, i32x4.extadd_pairwise_i16x8_u",
    ),
    (
        "v",
        'i',
        "v128.any_true, i8x16.all_true, i16x8.all_true, i32x4.all_true, i64x2.all_true, \
         i8x16.bitmask, i16x8.bitmask, i32x4.bitmask, i64x2.bitmask",
    ),
    (
        "vv",
        'v',
        "v128.and, v128.andnot, v128.or, v128.xor, i8x16.swizzle, i8x16.relaxed_swizzle, \
         i8x16.eq, i8x16.ne, i8x16.lt_s, i8x16.lt_u, i8x16.gt_s, i8x16.gt_u, i8x16.le_s, \
         i8x16.le_u, i8x16.ge_s, i8x16.ge_u, i16x8.eq, i16x8.ne, i16x8.lt_s, i16x8.lt_u, \
         i16x8.gt_s, i16x8.gt_u, i16x8.le_s, i16x8.le_u, i16x8.ge_s, i16x8.ge_u, i32x4.eq, \
         i32x4.ne, i32x4.lt_s, i32x4.lt_u, i32x4.gt_s, i32x4.gt_u, i32x4.le_s, i32x4.le_u, \
         i32x4.ge_s, i32x4.ge_u, i64x2.eq, i64x2.ne, i64x2.lt_s, i64x2.gt_s, i64x2.le_s, \
         i64x2.ge_s, i8x16.add, i8x16.add_sat_s, i8x16.add_sat_u, i8x16.sub, \
         i8x16.sub_sat_s, i8x16.sub_sat_u, i8x16.min_s, i8x16.min_u, i8x16.max_s, \
         i8x16.max_u, i8x16.avgr_u, i16x8.add, i16x8.add_sat_s, i16x8.add_sat_u, i16x8.sub, \
         i16x8.sub_sat_s, i16x8.sub_sat_u, i16x8.mul, i16x8.min_s, i16x8.min_u, i16x8.max_s, \
         i16x8.max_u, i16x8.avgr_u, i32x4.add, i32x4.sub, i32x4.mul, i32x4.min_s, \
         i32x4.min_u, i32x4.max_s, i32x4.max_u, i64x2.add, i64x2.sub, i64x2.mul, \
         i8x16.narrow_i16x8_s, i8x16.narrow_i16x8_u, i16x8.narrow_i32x4_s, \
         i16x8.narrow_i32x4_u, i16x8.q15mulr_sat_s, i16x8.relaxed_q15mulr_s, \
         i32x4.dot_i16x8_s, i16x8.extmul_low_i8x16_s, i16x8.extmul_high_i8x16_s, \
         i16x8.extmul_low_i8x16_u, i16x8.extmul_high_i8x16_u, i32x4.extmul_low_i16x8_s, \
         i32x4.extmul_high_i16x8_s, i32x4.extmul_low_i16x8_u, i32x4.extmul_high_i16x8_u, \
         i64x2.extmul_low_i32x4_s, i64x2.extmul_high_i32x4_s, i64x2.extmul_low_i32x4_u, \
         i64x2.extmul_high_i32x4_u, i16x8.relaxed_dot_i8x16_i7x16_s, \
         i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15, \
         i8x16.shuffle 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31, \
         i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11, \
         i8x16.shuffle 16 17 18 19 20 21 22 23 28 29 30 31 24 25 26 27, \
         i8x16.shuffle 2 3 0 1 6 7 4 5 8 9 10 11 12 13 14 15, \
         i8x16.shuffle 3 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2, \
         i8x16.shuffle 7 7 7 7 7 7 7 7 0 0 0 0 0 0 0 0, \
         i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23, \
         i8x16.shuffle 24 8 25 9 26 10 27 11 28 12 29 13 30 14 31 15, \
         i8x16.shuffle 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20, \
         i8x16.shuffle 25 26 27 28 29 30 31 0 1 2 3 4 5 6 7 8, \
         i8x16.shuffle 0 1 18 19 4 5 22 23 8 9 26 27 28 29 14 15, \
         i8x16.shuffle 4 5 6 7 12 13 14 15 16 17 18 19 28 29 30 31, \
         i8x16.shuffle 20 21 22 23 28 29 30 31 0 1 2 3 8 9 10 11, \
         i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 0",
    ),
    (
        "vi",
        'v',
        "i8x16.shl, i8x16.shr_s, i8x16.shr_u, i16x8.shl, i16x8.shr_s, i16x8.shr_u, \
         i32x4.shl, i32x4.shr_s, i32x4.shr_u, i64x2.shl, i64x2.shr_s, i64x2.shr_u",
    ),
    (
        "vvv",
        'v',
        "v128.bitselect, i8x16.relaxed_laneselect, i16x8.relaxed_laneselect, \
         i32x4.relaxed_laneselect, i64x2.relaxed_laneselect, \
         i32x4.relaxed_dot_i8x16_i7x16_add_s",
    ),
    (
        "v",
        'v',
        "f32x4.abs, f32x4.neg, f32x4.sqrt, f32x4.ceil, f32x4.floor, f32x4.trunc, \
         f32x4.nearest, f64x2.abs, f64x2.neg, f64x2.sqrt, f64x2.ceil, f64x2.floor, \
         f64x2.trunc, f64x2.nearest, i32x4.trunc_sat_f32x4_s, i32x4.trunc_sat_f32x4_u, \
         i32x4.trunc_sat_f64x2_s_zero, i32x4.trunc_sat_f64x2_u_zero, \
         i32x4.relaxed_trunc_f32x4_s, i32x4.relaxed_trunc_f32x4_u, \
         i32x4.relaxed_trunc_f64x2_s_zero, i32x4.relaxed_trunc_f64x2_u_zero, \
         f32x4.convert_i32x4_s, f32x4.convert_i32x4_u, f64x2.convert_low_i32x4_s, \
         f64x2.convert_low_i32x4_u, f32x4.demote_f64x2_zero, f64x2.promote_low_f32x4",
    ),
    (
        "vv",
        'v',
        "f32x4.eq, f32x4.ne, f32x4.lt, f32x4.gt, f32x4.le, f32x4.ge, f32x4.add, f32x4.sub, \
         f32x4.mul, f32x4.div, f32x4.min, f32x4.max, f32x4.pmin, f32x4.pmax, \
         f32x4.relaxed_min, f32x4.relaxed_max, f64x2.eq, f64x2.ne, f64x2.lt, f64x2.gt, \
         f64x2.le, f64x2.ge, f64x2.add, f64x2.sub, f64x2.mul, f64x2.div, f64x2.min, \
         f64x2.max, f64x2.pmin, f64x2.pmax, f64x2.relaxed_min, f64x2.relaxed_max",
    ),
    (
        "vvv",
        'v',
        "f32x4.relaxed_madd, f32x4.relaxed_nmadd, f64x2.relaxed_madd, f64x2.relaxed_nmadd",
    ),
    (
        "v",
        'i',
        "i8x16.extract_lane_s 0, i8x16.extract_lane_s 15, i8x16.extract_lane_u 6, \
         i16x8.extract_lane_s 1, i16x8.extract_lane_u 7, i32x4.extract_lane 0, \
         i32x4.extract_lane 3",
    ),
    ("v", 'l', "i64x2.extract_lane 0, i64x2.extract_lane 1"),
    ("v", 'f', "f32x4.extract_lane 0, f32x4.extract_lane 2"),
    ("v", 'd', "f64x2.extract_lane 0, f64x2.extract_lane 1"),
    ("i", 'v', "i8x16.splat, i16x8.splat, i32x4.splat"),
    ("l", 'v', "i64x2.splat"),
    ("f", 'v', "f32x4.splat"),
    ("d", 'v', "f64x2.splat"),
    (
        "vi",
        'v',
        "i8x16.replace_lane 5, i16x8.replace_lane 7, i32x4.replace_lane 0, i32x4.replace_lane \
         3",
    ),
    ("vl", 'v', "i64x2.replace_lane 0, i64x2.replace_lane 1"),
    ("vf", 'v', "f32x4.replace_lane 0, f32x4.replace_lane 3"),
    ("vd", 'v', "f64x2.replace_lane 0, f64x2.replace_lane 1"),
];

/// Operands: random bits, then those where lanes overflow, then few different ones.
const VALUES: [[u128; 3]; 6] = [
    [
        0x8f3a_11c7_0e5d_92b4_7be6_f00d_a5c3_6179,
        0x26d1_9b04_e8f7_3c5a_c091_d4be_17f2_083d,
        0xf10e_2d3c_4b5a_6978_8796_a5b4_c3d2_e1f0,
    ],
    [
        0x8000_7fff_8080_7f7f_8000_0000_8000_8000,
        0x8000_8001_8080_ffff_8000_0000_8000_7fff,
        0xffff_ffff_0000_0000_ffff_0000_ff00_ff00,
    ],
    [
        0x0000_0001_0000_0000_7fff_ffff_ffff_ffff,
        0x0000_0001_0000_0001_8000_0000_0000_0000,
        0,
    ],
    [
        0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100,
        0,
        0x0102_0304_0506_0708_0910_1112_1314_1516,
    ],
    // Floats: NaNs of different payloads, signalling ones too, zeros of both signs, infinities.
    [
        0x7fc0_1234_ff80_0001_8000_0000_7f80_0000,
        0xffc0_5678_7fc0_0000_0000_0000_ff80_0000,
        0x7f80_0002_ffc0_0003_8000_0000_ff80_0000,
    ],
    [
        0x7ff8_0000_0000_1234_8000_0000_0000_0000,
        0xfff0_0000_0000_0001_0000_0000_0000_0000,
        0x7ff4_0000_0000_0005_7ff0_0000_0000_0000,
    ],
];

/// Where the lists for floats begin.
const FLOAT_VALUES: usize = 4;

/// Counts of shifts.
const COUNTS: [u32; 8] = [0, 1, 7, 8, 31, 63, 0xffff_ffe5, 130];

/// Where an operand is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// In a local, of which an operand may be another.
    Local(usize),
    /// In a register that the operand stack owns.
    Owned,
    /// A constant.
    Const,
}

/// An operator with a list of its operands.
struct Subject<'a> {
    operator: &'a str,
    params: Vec<char>,
    result: char,
    operands: Vec<Val>,
}

/// One way to have an operator compiled.
#[derive(Clone)]
struct Variant {
    places: Vec<Place>,
    /// The local that the result is assigned to; the first ones are the parameters.
    assigned: Option<usize>,
    /// A block takes the operands, so that they are in their home slots.
    is_spilled: bool,
    /// Other locals have taken the registers.
    is_unpinned: bool,
    /// Other operands have taken the rest.
    is_crowded: bool,
}

impl Subject<'_> {
    fn variants(&self) -> Vec<Variant> {
        let count = self.params.len();
        let mut placements = vec![vec![]];
        for index in 0..count {
            let places = [Place::Local(index), Place::Owned, Place::Const];
            let with = |place| {
                let extended = move |placement: &Vec<Place>| [&placement[..], &[place]].concat();
                placements.iter().map(extended).collect::<Vec<_>>()
            };
            placements = places.into_iter().flat_map(with).collect();
        }
        let mut variants = Vec::new();
        for places in placements {
            for assigned in (0..=count).map(Some).chain([None]) {
                // The local behind the parameters is of the result's type.
                if assigned.is_some_and(|local| self.local_type(local) != self.result) {
                    continue;
                }
                for flags in 0..8 {
                    variants.push(Variant {
                        places: places.clone(),
                        assigned,
                        is_spilled: flags & 1 != 0,
                        is_unpinned: flags & 2 != 0,
                        is_crowded: flags & 4 != 0,
                    });
                }
            }
        }
        variants
    }

    fn local_type(&self, local: usize) -> char {
        self.params.get(local).copied().unwrap_or(self.result)
    }

    fn module(&self, variants: &[Variant]) -> String {
        let mut wat = String::from("(module");
        for (index, operand) in self.operands.iter().enumerate() {
            let ty = type_name(self.params[index]);
            let _ = write!(wat, " (global $g{index} {ty} ({}))", constant(operand));
        }
        for (index, variant) in variants.iter().enumerate() {
            self.function(&mut wat, &format!("{index}"), variant);
        }
        wat.push(')');
        wat
    }

    /// A function that returns what was in the local to be assigned, and the result.
    fn function(&self, wat: &mut String, name: &str, variant: &Variant) {
        let types = |params: &[char]| params.iter().map(|&ty| type_name(ty)).collect::<Vec<_>>();
        let params = types(&self.params).join(" ");
        let result = type_name(self.result);
        let assigned = variant.assigned.unwrap_or(self.params.len());
        let _ = write!(
            wat,
            " (func (export \"{name}\") (param {params}) (result {result} {result}) \
             (local {result}) (local $crowd v128)"
        );
        if variant.is_unpinned {
            let _ = write!(wat, " (local v128 v128 v128 v128 v128 v128 v128)");
            let first = self.params.len() + 2;
            let uses: Vec<_> = (first..first + 7)
                .map(|local| format!("local.get {local} drop"))
                .collect();
            let _ = write!(wat, " loop {} end", uses.join(" "));
        }
        let _ = write!(wat, " local.get {assigned}");
        if variant.is_crowded {
            wat.push_str(&" local.get $crowd i8x16.popcnt".repeat(14));
        }
        for (index, place) in variant.places.iter().enumerate() {
            let _ = match place {
                Place::Local(local) => write!(wat, " local.get {local}"),
                Place::Owned => write!(wat, " global.get $g{index}"),
                Place::Const => write!(wat, " {}", constant(&self.operands[index])),
            };
        }
        if variant.is_spilled {
            let _ = write!(
                wat,
                " i32.const 0 block (param {params} i32) (result {params} i32) end drop"
            );
        }
        let _ = write!(wat, " {}", self.operator);
        if variant.assigned.is_some() || variant.is_crowded {
            let _ = write!(wat, " local.set {assigned}");
        }
        if variant.is_crowded {
            // What else was on the stack is still there.
            let _ = write!(
                wat,
                " {} v128.any_true if unreachable end",
                " v128.or".repeat(13)
            );
        }
        if variant.assigned.is_some() || variant.is_crowded {
            let _ = write!(wat, " local.get {assigned}");
        }
        wat.push(')');
    }

    /// Compares all variants that read the operands themselves, then those that read the
    /// first one of each type twice.
    fn check(&self, engine: &Engine) {
        let variants = self.variants();
        self.check_alike(engine, &variants);
        if self.params.iter().filter(|&&ty| ty == 'v').count() > 1 {
            let same = |variant: &Variant| Variant {
                places: variant.places.iter().map(|_| Place::Local(0)).collect(),
                ..variant.clone()
            };
            let all_local = variants
                .iter()
                .filter(|variant| variant.places.iter().all(|&place| place != Place::Const));
            let twice: Vec<_> = all_local
                .map(|variant| match variant.places[0] {
                    Place::Owned => variant.clone(),
                    _ => same(variant),
                })
                .filter(|variant| {
                    let is_owned = |&place: &Place| place == Place::Owned;
                    variant.places.iter().all(is_owned) || !variant.places.iter().any(is_owned)
                })
                .collect();
            let operands = vec![self.operands[0]; self.params.len()];
            let params = self.params.clone();
            Subject {
                operands,
                params,
                ..*self
            }
            .check_alike(engine, &twice);
        }
    }

    fn check_alike(&self, engine: &Engine, variants: &[Variant]) {
        let wat = self.module(variants);
        let module = Module::new(engine, &wat::parse_str(&wat).expect("valid text"))
            .unwrap_or_else(|error| panic!("{}: {error}", self.operator));
        let mut store = Store::new(engine, ());
        let instance = Linker::new().instantiate(&mut store, &module).unwrap();
        let mut expected = None;
        for (index, variant) in variants.iter().enumerate() {
            let name = index.to_string();
            let outcome = call(&mut store, instance, &name, &self.operands).unwrap();
            let Outcome::Returned(results) = outcome else {
                panic!("not suspended")
            };
            let describe = || {
                let mut wat = String::new();
                self.function(&mut wat, &name, variant);
                format!("{:x?}: {wat}", self.operands)
            };
            let old = match variant.assigned {
                Some(local) if local < self.params.len() => self.operands[local],
                _ => zero(self.result),
            };
            assert_eq!(results[0], old, "{}", describe());
            let expected = *expected.get_or_insert(results[1]);
            assert_eq!(results[1], expected, "{}", describe());
        }
    }
}

fn type_name(ty: char) -> &'static str {
    match ty {
        'v' => "v128",
        'i' => "i32",
        'l' => "i64",
        'f' => "f32",
        'd' => "f64",
        _ => unreachable!("no such type"),
    }
}

fn zero(ty: char) -> Val {
    match ty {
        'v' => Val::V128(0),
        'i' => Val::I32(0),
        'l' => Val::I64(0),
        'f' => Val::F32(0),
        'd' => Val::F64(0),
        _ => unreachable!("no such type"),
    }
}

fn constant(value: &Val) -> String {
    match *value {
        Val::V128(bits) => format!("v128.const i64x2 {} {}", bits as u64, (bits >> 64) as u64),
        Val::I32(value) => format!("i32.const {value}"),
        Val::I64(value) => format!("i64.const {value}"),
        Val::F32(bits) => format!("f32.const {:?}", f32::from_bits(bits)),
        Val::F64(bits) => format!("f64.const {:?}", f64::from_bits(bits)),
        _ => unreachable!("no operand of a vector instruction"),
    }
}

/// Operands of these types: some number `round` of the lists above.
fn operands(params: &str, round: usize) -> Vec<Val> {
    let vectors = VALUES[round % VALUES.len()];
    let scalar = vectors[2];
    let values = params.chars().zip(vectors).map(|(ty, vector)| match ty {
        'v' => Val::V128(vector),
        'i' => Val::I32(COUNTS[round % COUNTS.len()] as i32),
        'l' => Val::I64(scalar as i64),
        'f' => Val::F32(1.5f32.to_bits()),
        'd' => Val::F64((-2.25f64).to_bits()),
        _ => unreachable!("no such type"),
    });
    values.collect()
}

/// Checks the operators whose name starts so; says how many they are.
fn check_all(features: CpuFeatures, start: &str) -> usize {
    let config = Config {
        features,
        ..Config::default()
    };
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), config);
    let mut checked = 0;
    for &(params, result, operators) in OPERATORS {
        // Counts matter, and one operand has few places.
        let rounds = match params {
            "vi" => COUNTS.len(),
            _ if params.len() == 1 => VALUES.len(),
            _ => 2,
        };
        for operator in operators.split(", ").filter(|name| name.starts_with(start)) {
            let first = match operator.starts_with('f') {
                true => FLOAT_VALUES,
                false => checked,
            };
            for round in first..first + rounds {
                let operands = operands(params, round);
                let params = params.chars().collect();
                let subject = Subject {
                    operator,
                    params,
                    result,
                    operands,
                };
                subject.check(&engine);
            }
            checked += 1;
        }
    }
    checked
}

#[test]
fn vector_instructions_give_the_same_wherever_their_operands_are() {
    assert!(check_all(CpuFeatures::BASELINE, "") > 250);
}

#[test]
fn so_do_those_that_other_features_change() {
    assert!(check_all(CpuFeatures::detect(), "i64x2") > 10);
}

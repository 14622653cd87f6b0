//! Vector operators give the same whether an operand is a constant or passed.
//!
//! The compiler leaves constants in memory where an instruction can read them there.

use crate::harness::{call, instance, returned};
use std::fmt::Write as _;
use woodfrog::abi::Val;
use woodfrog::runtime::Outcome;

const OF_TWO: &str = "
    v128.and v128.or v128.xor v128.andnot
    i8x16.add i8x16.sub i8x16.add_sat_s i8x16.add_sat_u i8x16.sub_sat_s i8x16.sub_sat_u
    i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u i8x16.avgr_u
    i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u
    i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u
    i8x16.swizzle i8x16.relaxed_swizzle i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u
    i16x8.add i16x8.sub i16x8.mul i16x8.add_sat_s i16x8.add_sat_u i16x8.sub_sat_s
    i16x8.sub_sat_u i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u i16x8.avgr_u
    i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u
    i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u
    i16x8.q15mulr_sat_s i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s
    i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u
    i16x8.extmul_low_i8x16_s i16x8.extmul_low_i8x16_u
    i16x8.extmul_high_i8x16_s i16x8.extmul_high_i8x16_u
    i32x4.add i32x4.sub i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u
    i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u
    i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u i32x4.dot_i16x8_s
    i32x4.extmul_low_i16x8_s i32x4.extmul_low_i16x8_u
    i32x4.extmul_high_i16x8_s i32x4.extmul_high_i16x8_u
    i64x2.add i64x2.sub i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s
    i64x2.extmul_low_i32x4_s i64x2.extmul_low_i32x4_u
    i64x2.extmul_high_i32x4_s i64x2.extmul_high_i32x4_u
    f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax
    f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge f32x4.relaxed_min f32x4.relaxed_max
    f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax
    f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge f64x2.relaxed_min f64x2.relaxed_max
";

const OF_ONE: &str = "
    v128.not i8x16.abs i8x16.neg i8x16.popcnt i16x8.abs i16x8.neg i32x4.abs i32x4.neg
    i64x2.abs i64x2.neg f32x4.abs f32x4.neg f32x4.sqrt f32x4.ceil f32x4.floor f32x4.trunc
    f32x4.nearest f64x2.abs f64x2.neg f64x2.sqrt f64x2.ceil f64x2.floor f64x2.trunc
    f64x2.nearest i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u
    i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u
    i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_u i32x4.extend_low_i16x8_u
    i32x4.extend_high_i16x8_s i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_u
    i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u i32x4.trunc_sat_f64x2_s_zero
    i32x4.trunc_sat_f64x2_u_zero f32x4.convert_i32x4_s f32x4.convert_i32x4_u
    f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u f32x4.demote_f64x2_zero
    f64x2.promote_low_f32x4 i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u
    i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero
";

/// Results that are no vectors, which the module makes ones.
const TO_SCALARS: [(&str, &str); 17] = [
    ("v128.any_true", "i32x4"),
    ("i8x16.all_true", "i32x4"),
    ("i16x8.all_true", "i32x4"),
    ("i32x4.all_true", "i32x4"),
    ("i64x2.all_true", "i32x4"),
    ("i8x16.bitmask", "i32x4"),
    ("i16x8.bitmask", "i32x4"),
    ("i32x4.bitmask", "i32x4"),
    ("i64x2.bitmask", "i32x4"),
    ("i8x16.extract_lane_s 9", "i32x4"),
    ("i8x16.extract_lane_u 15", "i32x4"),
    ("i16x8.extract_lane_s 3", "i32x4"),
    ("i32x4.extract_lane 2", "i32x4"),
    ("i64x2.extract_lane 1", "i64x2"),
    ("f32x4.extract_lane 0", "f32x4"),
    ("f32x4.extract_lane 3", "f32x4"),
    ("f64x2.extract_lane 1", "f64x2"),
];

const OF_THREE: &str = "
    v128.bitselect i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect
    i64x2.relaxed_laneselect f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd
    f64x2.relaxed_nmadd i32x4.relaxed_dot_i8x16_i7x16_add_s
";

/// Shuffles that one instruction does, of one operand or both, and one that none does.
const SHUFFLES: [&str; 6] = [
    "i8x16.shuffle 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31",
    "i8x16.shuffle 19 18 17 16 20 21 22 23 24 25 26 27 28 31 30 29",
    "i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23",
    "i8x16.shuffle 16 0 17 1 18 2 19 3 20 4 21 5 22 6 23 7",
    "i8x16.shuffle 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20",
    "i8x16.shuffle 31 0 30 1 29 2 28 3 27 4 26 5 25 6 24 7",
];

/// Zero, all ones, numbers without a pattern, small lanes, and floats of either width.
const VALUES: [u128; 6] = [
    0,
    u128::MAX,
    0xfedc_ba98_7654_3210_0123_4567_89ab_cdef,
    0x0005_0080_7fff_ff80_0001_8000_00ff_0003,
    0x4049_0fdb_bf80_0000_7f80_0000_c2f6_e979,
    0x4009_21fb_5444_2d18_c0fe_2400_0000_0000,
];

fn constant(bits: u128) -> String {
    format!("v128.const i64x2 {:#x} {:#x}", bits as u64, bits >> 64)
}

/// The results of functions `0`, `1` and so on.
fn results(wat: &str, count: usize) -> Vec<Outcome> {
    let (mut store, instance) = instance(wat);
    (0..count)
        .map(|index| call(&mut store, instance, &index.to_string(), &[]).unwrap())
        .collect()
}

/// Applies each operator to constants in place and to the results of calls, and
/// compares.
fn check(operators: &[String], arity: usize) {
    for seed in 0..VALUES.len() {
        let operands: Vec<u128> = (0..arity)
            .map(|k| VALUES[(seed + 5 * k + seed * k) % VALUES.len()])
            .collect();
        // Bit k of the mask: operand k is passed.
        let masks = 1 << arity;
        let mut wat = String::from("(module (func $id (param v128) (result v128) local.get 0)\n");
        for (number, operator) in operators.iter().enumerate() {
            for mask in 0..masks {
                let name = number * masks + mask;
                let _ = write!(
                    wat,
                    r#"(func (export "{name}") (result v128) (local v128) "#
                );
                for (k, &bits) in operands.iter().enumerate() {
                    let _ = write!(wat, "{} ", constant(bits));
                    if mask >> k & 1 == 1 {
                        wat.push_str("call $id ");
                    }
                }
                let _ = writeln!(wat, "{operator} local.set 0 local.get 0)");
            }
        }
        wat.push(')');
        let found = results(&wat, operators.len() * masks);
        for (number, operator) in operators.iter().enumerate() {
            let alternatives = &found[number * masks..(number + 1) * masks];
            for (mask, outcome) in alternatives.iter().enumerate() {
                assert_eq!(
                    outcome,
                    &alternatives[masks - 1],
                    "{operator} of {operands:x?}, passed {mask:b}"
                );
            }
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

#[test]
fn operators_of_two_vectors() {
    let mut operators = words(OF_TWO);
    operators.extend(SHUFFLES.map(String::from));
    check(&operators, 2);
}

#[test]
fn operators_of_one_vector() {
    let mut operators = words(OF_ONE);
    operators.extend(TO_SCALARS.map(|(operator, lanes)| format!("{operator} {lanes}.splat")));
    check(&operators, 1);
}

#[test]
fn operators_of_three_vectors() {
    check(&words(OF_THREE), 3);
}

#[test]
fn constants_are_stored_dropped_and_assigned() {
    let (zero, ones, other) = (constant(0), constant(u128::MAX), constant(VALUES[2]));
    let wat = format!(
        r#"(module (memory 1)
          (global $g (mut v128) ({zero}))
          (func (export "run") (result v128 v128 v128 v128) (local $a v128) (local $b v128)
            i32.const 16 {other} v128.store
            i32.const 40 {ones} v128.store64_lane 1
            {ones} drop
            {other} global.set $g
            {ones} local.set $a
            {other} local.tee $b local.set $a
            i32.const 16 v128.load
            global.get $g
            local.get $a
            i32.const 40 {zero} v128.load64_lane 0))"#
    );
    let (mut store, instance) = instance(&wat);
    let outcome = call(&mut store, instance, "run", &[]).unwrap();
    let other = Val::V128(VALUES[2]);
    let lane = Val::V128(u128::from(u64::MAX));
    assert_eq!(outcome, returned(&[other, other, other, lane]));
}

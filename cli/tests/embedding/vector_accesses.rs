//! Vector accesses to memory up to its end and one byte further: the trap finds the locals
//! as they were, though results are written into the registers of locals.

use crate::harness::{call, instance, trapped};
use std::fmt::Write as _;
use woodfrog::abi::{TrapCode, Val};

/// Accesses by how many bytes they touch.
const ACCESSES: [(u32, &[&str]); 5] = [
    (
        1,
        &[
            "v128.load8_splat",
            "v128.load8_lane 11",
            "v128.store8_lane 6",
        ],
    ),
    (
        2,
        &[
            "v128.load16_splat",
            "v128.load16_lane 5",
            "v128.store16_lane 7",
        ],
    ),
    (
        4,
        &[
            "v128.load32_splat",
            "v128.load32_zero",
            "v128.load32_lane 2",
            "v128.store32_lane 0",
            "v128.store32_lane 3",
        ],
    ),
    (
        8,
        &[
            "v128.load64_splat",
            "v128.load64_zero",
            "v128.load8x8_s",
            "v128.load8x8_u",
            "v128.load16x4_s",
            "v128.load16x4_u",
            "v128.load32x2_s",
            "v128.load32x2_u",
            "v128.load64_lane 0",
            "v128.load64_lane 1",
            "v128.store64_lane 0",
            "v128.store64_lane 1",
        ],
    ),
    (16, &["v128.load", "v128.store"]),
];

/// An offset that does not fit an instruction.
const FAR: &str = "offset=0x80000000";

const PAGE: u32 = 0x1_0000;

/// What the memory is full of.
const FILL: u8 = 0x5a;
const VECTOR: u128 = 0xf0e1_d2c3_b4a5_9687_7869_5a4b_3c2d_1e0f;
const OTHER: u128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;

/// Functions for each access and each place of its vector: the local that the result is
/// assigned to, another one, or the operand stack. With the last index that is valid.
fn module(address: &str) -> (String, Vec<(String, Option<u32>)>) {
    let mut functions = Vec::new();
    let mut wat = format!(
        "(module (memory (export \"memory\") {address} 1 1)
           (global $vector v128 (v128.const i64x2 {} {}))",
        VECTOR as u64,
        VECTOR >> 64
    );
    for (bytes, accesses) in ACCESSES {
        for access in accesses {
            let vector: &[&str] = match access.contains("lane") || access.contains("store") {
                true => &["local.get 1", "local.get 2", "global.get $vector"],
                false => &[""],
            };
            let assign = match access.contains("store") {
                true => "",
                false => "local.set 1",
            };
            let (name, lane) = access.split_once(' ').unwrap_or((access, ""));
            for vector in vector {
                for (offset, last) in [("", Some(PAGE - bytes)), (FAR, None)] {
                    let export = format!("{access} of {vector} {offset}");
                    let _ = write!(
                        wat,
                        "(func (export \"{export}\") (param {address} v128 v128) (result v128)
                           i64.const 77 local.get 1 local.get 2
                           local.get 0 {vector} {name} {offset} {lane} {assign}
                           drop drop drop local.get 1)"
                    );
                    functions.push((export, last));
                }
            }
        }
    }
    wat.push(')');
    (wat, functions)
}

fn check(address: &str, index: fn(u32) -> Val) {
    let (wat, functions) = module(address);
    let (mut store, instance) = instance(&wat);
    for (name, last) in functions {
        let memory = instance.get_memory(&store, "memory").unwrap();
        memory.write(&mut store, 0, &[FILL; PAGE as usize]).unwrap();
        let args = |at| [index(at), Val::V128(VECTOR), Val::V128(OTHER)];
        if let Some(last) = last {
            call(&mut store, instance, &name, &args(last)).unwrap();
        }
        memory.write(&mut store, 0, &[FILL; PAGE as usize]).unwrap();
        let beyond = last.map_or(0, |last| last + 1);
        let trap = trapped(call(&mut store, instance, &name, &args(beyond)));
        assert_eq!(trap.code, TrapCode::MemoryOutOfBounds, "{name}");
        let frame = &trap.backtrace.frames[0];
        assert_eq!(frame.locals, args(beyond).map(Some), "{name}");
        let waiting = [Val::I64(77), Val::V128(VECTOR), Val::V128(OTHER)];
        assert_eq!(frame.stack, waiting.map(Some), "{name}");
        let mut bytes = vec![0; PAGE as usize];
        memory.read(&store, 0, &mut bytes).unwrap();
        assert!(bytes.iter().all(|&byte| byte == FILL), "{name} stored");
    }
}

#[test]
fn the_last_bytes_are_accessed_and_one_beyond_traps() {
    check("i32", |at| Val::I32(at as i32));
}

#[test]
fn of_a_64_bit_memory_too() {
    check("i64", |at| Val::I64(i64::from(at)));
}

//! Traps: each kind, with the exact place.

use crate::harness::{Program, call, instance, trapped};
use std::num::NonZeroU64;
use woodfrog::abi::{TrapCode, Val};
use woodfrog::runtime::Trap;

/// File offset of the first occurrence of an operator's bytes in the code of a module.
fn offset_of(wat: &str, operator: &[u8]) -> usize {
    let bytes = wat::parse_str(wat).unwrap();
    let position = bytes.windows(operator.len()).rposition(|w| w == operator);
    position.unwrap()
}

fn trap_of(wat: &str, name: &str, args: &[Val]) -> Trap {
    let (mut store, instance) = instance(wat);
    trapped(call(&mut store, instance, name, args))
}

#[test]
fn unreachable_is_found_with_locals_and_stack() {
    let wat = r#"(module
      (func $inner (param i32) (local i64)
        i64.const 9 local.set 1
        i32.const 5
        local.get 0
        unreachable)
      (func (export "outer") i32.const 7 call $inner))"#;
    let trap = trap_of(wat, "outer", &[]);
    assert_eq!(trap.code, TrapCode::Unreachable);
    let frames = &trap.backtrace.frames;
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0].function, 0);
    assert_eq!(frames[0].name.as_deref(), Some("inner"));
    assert_eq!(frames[0].offset, offset_of(wat, &[0x20, 0x00, 0x00]) + 2);
    assert_eq!(frames[0].locals, [Some(Val::I32(7)), Some(Val::I64(9))]);
    assert_eq!(frames[0].stack, [Some(Val::I32(5)), Some(Val::I32(7))]);
    assert_eq!(frames[1].name.as_deref(), Some("outer"));
    assert_eq!(frames[1].offset, offset_of(wat, &[0x10, 0x00]));
}

#[test]
fn division_faults_tell_zero_from_overflow() {
    let wat = r#"(module
      (func (export "div32") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
      (func (export "div64") (param i64 i64) (result i64) local.get 0 local.get 1 i64.div_s)
      (func (export "rem64") (param i64 i64) (result i64) local.get 0 local.get 1 i64.rem_u))"#;
    let trap = trap_of(wat, "div32", &[Val::I32(1), Val::I32(0)]);
    assert_eq!(trap.code, TrapCode::IntegerDivideByZero);
    assert_eq!(trap.backtrace.frames[0].offset, offset_of(wat, &[0x6d]));
    let trap = trap_of(wat, "div32", &[Val::I32(i32::MIN), Val::I32(-1)]);
    assert_eq!(trap.code, TrapCode::IntegerOverflow);
    let trap = trap_of(wat, "div64", &[Val::I64(i64::MIN), Val::I64(-1)]);
    assert_eq!(trap.code, TrapCode::IntegerOverflow);
    let trap = trap_of(wat, "rem64", &[Val::I64(1), Val::I64(0)]);
    assert_eq!(trap.code, TrapCode::IntegerDivideByZero);
}

#[test]
fn memory_accesses_out_of_bounds_trap_at_the_access() {
    let wat = r#"(module (memory 1)
      (func (export "load") (param i32) (result i64) local.get 0 i64.load)
      (func (export "far") (param i32) (result i32) local.get 0 i32.load8_u offset=0xffffffff)
      (func (export "store") (param i32) local.get 0 f64.const 1 f64.store offset=8))"#;
    for (name, address) in [
        ("load", 65529),
        ("load", -1),
        ("far", 1),
        ("far", -1),
        ("store", 65521),
    ] {
        let trap = trap_of(wat, name, &[Val::I32(address)]);
        assert_eq!(trap.code, TrapCode::MemoryOutOfBounds, "{name} {address}");
        assert_eq!(trap.backtrace.frames.len(), 1);
        let operator = match name {
            "load" => &[0x29, 0x03][..],
            "far" => &[0x2d, 0x00],
            _ => &[0x39, 0x03],
        };
        assert_eq!(trap.backtrace.frames[0].offset, offset_of(wat, operator));
    }
}

#[test]
fn indirect_calls_trap_for_each_reason() {
    let wat = r#"(module
      (type $i (func (result i32)))
      (table 3 funcref) (elem (i32.const 0) $f $g)
      (func $f (result i32) i32.const 1)
      (func $g (result i64) i64.const 1)
      (func (export "run") (param i32) (result i32) local.get 0 call_indirect (type $i)))"#;
    let (mut store, instance) = instance(wat);
    assert!(call(&mut store, instance, "run", &[Val::I32(0)]).is_ok());
    for (index, code) in [
        (1, TrapCode::IndirectCallTypeMismatch),
        (2, TrapCode::UninitializedElement),
        (3, TrapCode::UndefinedElement),
        (-1, TrapCode::UndefinedElement),
    ] {
        let trap = trapped(call(&mut store, instance, "run", &[Val::I32(index)]));
        assert_eq!(trap.code, code);
        assert_eq!(
            trap.backtrace.frames[0].offset,
            offset_of(wat, &[0x11, 0x00])
        );
    }
}

#[test]
fn conversions_and_bulk_operations_trap() {
    let wat = r#"(module (memory 1) (table 4 funcref)
      (func (export "trunc") (param f64) (result i32) local.get 0 i32.trunc_f64_s)
      (func (export "fill") (param i32 i32) local.get 0 i32.const 1 local.get 1 memory.fill)
      (func (export "copy") (param i32 i32) local.get 0 i32.const 1 local.get 1 table.copy)
      (func (export "get") (param i32) local.get 0 table.get 0 drop))"#;
    let nan = Val::F64(f64::NAN.to_bits());
    assert_eq!(
        trap_of(wat, "trunc", &[nan]).code,
        TrapCode::InvalidConversionToInteger
    );
    let big = Val::F64(1e10f64.to_bits());
    assert_eq!(
        trap_of(wat, "trunc", &[big]).code,
        TrapCode::IntegerOverflow
    );
    let trap = trap_of(wat, "fill", &[Val::I32(65530), Val::I32(7)]);
    assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
    assert_eq!(
        trap.backtrace.frames[0].offset,
        offset_of(wat, &[0xfc, 0x0b])
    );
    let trap = trap_of(wat, "copy", &[Val::I32(0), Val::I32(4)]);
    assert_eq!(trap.code, TrapCode::TableOutOfBounds);
    assert_eq!(
        trap.backtrace.frames[0].offset,
        offset_of(wat, &[0xfc, 0x0e])
    );
    let trap = trap_of(wat, "get", &[Val::I32(4)]);
    assert_eq!(trap.code, TrapCode::TableOutOfBounds);
}

#[test]
fn endless_recursion_exhausts_the_stack_and_the_store_lives_on() {
    let wat = r#"(module
      (func $down (export "down") (param i32) local.get 0 i32.const 1 i32.add call $down)
      (func (export "one") (result i32) i32.const 1))"#;
    let (mut store, instance) = instance(wat);
    for _ in 0..3 {
        let trap = trapped(call(&mut store, instance, "down", &[Val::I32(0)]));
        assert_eq!(trap.code, TrapCode::CallStackExhausted);
        assert!(trap.backtrace.is_truncated);
        assert_eq!(trap.backtrace.frames[0].name.as_deref(), Some("down"));
        assert!(call(&mut store, instance, "one", &[]).is_ok());
    }
}

#[test]
fn a_frozen_program_traps_at_the_same_place() {
    let wat = r#"(module
      (func $count (param i32) (result i32)
        loop
          local.get 0 i32.const 1 i32.sub local.tee 0
          br_if 0
        end
        i32.const 10 local.get 0 i32.div_u)
      (func (export "run") (result i32) i32.const 3 call $count i32.const 4 i32.add))"#;
    let program = Program::new(wat);
    let (plain, _, _) = program.run_frozen((), "run", &[], None);
    let plain = trapped(plain);
    assert_eq!(plain.code, TrapCode::IntegerDivideByZero);
    for n in 1..6 {
        let (frozen, freezes, _) = program.run_frozen((), "run", &[], NonZeroU64::new(n));
        assert!(freezes > 0);
        assert_eq!(trapped(frozen), plain);
    }
}

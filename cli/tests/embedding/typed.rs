//! Functions and host functions whose types Rust knows.

use crate::harness::{Program, engine, instance, module, returned};
use std::num::NonZeroU64;
use woodfrog::abi::{ExternRef, FuncAddr, FuncType, Val, ValType};
use woodfrog::runtime::{
    CallError, Caller, Func, HostError, Linker, Outcome, Store, TypeMismatch, TypedFuncError,
};

#[test]
fn values_of_all_types_go_in_and_come_out() {
    type All = (
        i32,
        u32,
        i64,
        u64,
        f32,
        f64,
        u128,
        Option<FuncAddr>,
        Option<ExternRef>,
    );
    let types = "i32 i32 i64 i64 f32 f64 v128 funcref externref";
    let (mut store, instance) = instance(&format!(
        r#"(module (func (export "same") (param {types}) (result {types})
            local.get 0 local.get 1 local.get 2 local.get 3 local.get 4
            local.get 5 local.get 6 local.get 7 local.get 8))"#
    ));
    let same = instance
        .get_typed_func::<All, All>(&store, "same")
        .expect("all types are right");
    let function = Some(same.func().addr());
    let values = (
        -1,
        u32::MAX,
        i64::MIN,
        u64::MAX,
        f32::from_bits(0x7fa0_0001),
        -0.5,
        u128::MAX - 7,
        function,
        Some(ExternRef(9)),
    );
    let Outcome::Returned(found) = same.call(&mut store, values).unwrap() else {
        panic!("nobody asked for a suspension");
    };
    assert_eq!(found.4.to_bits(), 0x7fa0_0001);
    let without_nan = |mut all: All| {
        all.4 = 0.0;
        all
    };
    assert_eq!(without_nan(found), without_nan(values));
    let nulls = (0, 0, 0, 0, 0.0, 0.0, 0, None, None);
    assert_eq!(
        same.call(&mut store, nulls).unwrap(),
        Outcome::Returned(nulls)
    );
}

#[test]
fn a_function_of_another_type_is_refused() {
    let (store, instance) =
        instance(r#"(module (func (export "f") (param i32) (result i64) i64.const 1))"#);
    assert!(instance.get_typed_func::<i32, i64>(&store, "f").is_ok());
    let error = instance
        .get_typed_func::<i32, f64>(&store, "f")
        .err()
        .unwrap();
    let mismatch = TypeMismatch {
        expected: FuncType::new([ValType::I32], [ValType::F64]),
        found: FuncType::new([ValType::I32], [ValType::I64]),
    };
    assert_eq!(error, TypedFuncError::Type(mismatch));
    let error = instance
        .get_typed_func::<(), ()>(&store, "g")
        .err()
        .unwrap();
    assert_eq!(error.to_string(), r#"no function is exported as "g""#);
}

#[test]
fn a_reference_to_a_function_of_another_store_is_refused() {
    let (mut store, instance) = instance(r#"(module (func (export "f") (param i32 funcref)))"#);
    let f = instance.get_typed_func::<(i32, Option<FuncAddr>), ()>(&store, "f");
    let error = f.unwrap().call(&mut store, (0, Some(FuncAddr(70))));
    assert!(matches!(error, Err(CallError::ForeignFunction(1))));
}

#[test]
fn closures_with_and_without_a_caller_are_host_functions() {
    let engine = engine();
    let mut linker = Linker::new();
    linker
        .func_wrap("host", "add", |a: i64, b: i32| a + i64::from(b))
        .func_wrap("host", "count", |mut caller: Caller<'_, u32>| {
            *caller.data_mut() += 1;
        })
        .func_wrap("host", "divide", |a: u32, b: u32| {
            match (a.checked_div(b), a.checked_rem(b)) {
                (Some(quotient), Some(rest)) => Ok((quotient, rest)),
                _ => Err(HostError::new(std::fmt::Error)),
            }
        });
    let module = module(
        &engine,
        r#"(module
          (import "host" "add" (func $add (param i64 i32) (result i64)))
          (import "host" "count" (func $count))
          (import "host" "divide" (func $divide (param i32 i32) (result i32 i32)))
          (func (export "run") (param i32 i32) (result i32 i32 i64)
            call $count
            (call $divide (local.get 0) (local.get 1))
            (call $add (i64.const 1000) (i32.const -1))))"#,
    );
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance
        .get_typed_func::<(u32, u32), (u32, u32, i64)>(&store, "run")
        .unwrap();
    let outcome = run.call(&mut store, (17, 5)).unwrap();
    assert_eq!(outcome, Outcome::Returned((3, 2, 999)));
    match run.call(&mut store, (17, 0)) {
        Err(CallError::Host(error)) => assert!(error.downcast_ref::<std::fmt::Error>().is_some()),
        other => panic!("{other:?}"),
    }
    assert_eq!(*store.data(), 2);
}

#[test]
fn a_host_function_that_the_host_calls_itself_runs_at_once() {
    let engine = engine();
    let mut store = Store::new(&engine, 5u64);
    let scale = |caller: Caller<'_, u64>, factor: u64| factor * *caller.data();
    let func = Func::wrap(&mut store, scale).unwrap();
    let typed = func.typed::<u64, u64>(&store).unwrap();
    let outcome = typed.call(&mut store, 3).unwrap();
    assert_eq!(outcome, Outcome::Returned(15));
    let outcome = func.call(&mut store, &[Val::I64(4)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I64(20)]));
}

/// A program that calls host functions in a loop, with many values.
fn calling_program() -> Program<()> {
    let mut program = Program::new(
        r#"(module
          (import "host" "mix" (func $mix
            (param i32 i64 f64 f32 i32 i32 i32 i32 i64) (result i64 f64)))
          (import "host" "next" (func $next (param i32) (result i32)))
          (func (export "run") (param i32) (result i64 f64) (local i64 f64)
            loop
              (call $mix (local.get 0) (local.get 1) (local.get 2) (f32.const 0.5)
                (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i64.const 5))
              local.set 2
              local.set 1
              (br_if 0 (local.tee 0 (call $next (local.get 0))))
            end
            local.get 1 local.get 2))"#,
    );
    type Mixed = (i64, f64);
    let mix = |a: i32, b: i64, c: f64, d: f32, e: i32, f: i32, g: i32, h: i32, i: i64| -> Mixed {
        let sum = i64::from(a) + b + i + i64::from(e + f * 10 + g * 100 + h * 1000);
        (sum, c + f64::from(d))
    };
    program.linker.func_wrap("host", "mix", mix);
    program
        .linker
        .func_wrap("host", "next", |count: i32| count - 1);
    program
}

#[test]
fn typed_host_functions_are_frozen_behind() {
    let expected = [Val::I64(15 + 5 * (5 + 4321)), Val::F64(2.5f64.to_bits())];
    calling_program().check((), "run", &[Val::I32(5)], &expected);
}

#[test]
fn a_typed_call_is_resumed_until_it_returns() {
    let program = calling_program();
    let mut store = Store::new(&program.engine, ());
    let instance = program
        .linker
        .instantiate(&mut store, &program.modules[0])
        .unwrap();
    let run = instance
        .get_typed_func::<i32, (i64, f64)>(&store, "run")
        .unwrap();
    let other = Func::wrap(&mut store, || 1i32).unwrap();
    let other = other.typed::<(), i32>(&store).unwrap();
    store.set_freeze_every(NonZeroU64::new(1));
    assert!(matches!(
        run.resume(&mut store),
        Err(CallError::NotSuspended)
    ));
    let mut outcome = run.call(&mut store, 3).unwrap();
    let mut freezes = 0;
    while outcome == Outcome::Suspended {
        freezes += 1;
        let refused = other.resume(&mut store);
        assert!(matches!(refused, Err(CallError::AnotherFunction)));
        let refused = run.call(&mut store, 1);
        assert!(matches!(refused, Err(CallError::StoreSuspended)));
        outcome = run.resume(&mut store).unwrap();
    }
    assert_eq!(outcome, Outcome::Returned((6 + 3 * (5 + 4321), 1.5)));
    assert_eq!(
        freezes,
        1 + 3 * 3,
        "header, and loop and both calls in each turn"
    );
}

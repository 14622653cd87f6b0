//! Calls, imports, host functions and suspension in place.

use crate::harness::{call, engine, instance, module, returned};
use std::num::NonZeroU64;
use woodfrog::abi::{FuncType, TrapCode, Val, ValType};
use woodfrog::runtime::{
    CallError, Func, HostError, Instance, InstantiateError, Linker, Outcome, Store,
};

#[test]
fn a_call_returns_the_sum_of_its_arguments() {
    let (mut store, instance) = instance(
        r#"(module (func (export "add") (param i32 i32) (result i32)
            local.get 0 local.get 1 i32.add))"#,
    );
    let outcome = call(&mut store, instance, "add", &[Val::I32(40), Val::I32(2)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I32(42)]));
}

#[test]
fn recursion_and_loops_run() {
    let (mut store, instance) = instance(
        r#"(module
          (func $fib (export "fib") (param i32) (result i32)
            local.get 0 i32.const 2 i32.lt_s
            if (result i32) local.get 0
            else
              local.get 0 i32.const 1 i32.sub call $fib
              local.get 0 i32.const 2 i32.sub call $fib
              i32.add
            end)
          (func (export "sum") (param i64) (result i64) (local i64)
            loop
              local.get 1 local.get 0 i64.add local.set 1
              local.get 0 i64.const 1 i64.sub local.tee 0
              i64.const 0 i64.ne br_if 0
            end
            local.get 1))"#,
    );
    let outcome = call(&mut store, instance, "fib", &[Val::I32(20)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I32(6765)]));
    let outcome = call(&mut store, instance, "sum", &[Val::I64(1000)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I64(500500)]));
}

#[test]
fn many_values_of_all_types_go_in_and_come_out() {
    let (mut store, instance) = instance(
        r#"(module (func (export "swap")
            (param i32 f32 i64 f64 i32 i32 i32 i32 i32 i64 f32)
            (result f32 i64 i32 f64 i64)
            local.get 10 local.get 9 local.get 0 local.get 3 local.get 2))"#,
    );
    let args = [
        Val::I32(1),
        Val::F32(0x7fa0_0001),
        Val::I64(3),
        Val::F64(4),
        Val::I32(5),
        Val::I32(6),
        Val::I32(7),
        Val::I32(8),
        Val::I32(9),
        Val::I64(-10),
        Val::F32(11),
    ];
    let outcome = call(&mut store, instance, "swap", &args).unwrap();
    let results = [args[10], args[9], args[0], args[3], args[2]];
    assert_eq!(outcome, returned(&results));
}

#[test]
fn arguments_are_checked() {
    let (mut store, instance) = instance(r#"(module (func (export "f") (param i32)))"#);
    let error = call(&mut store, instance, "f", &[]).unwrap_err();
    assert!(matches!(
        error,
        CallError::ArgumentCount {
            expected: 1,
            given: 0
        }
    ));
    let error = call(&mut store, instance, "f", &[Val::I64(0)]).unwrap_err();
    assert!(matches!(
        error,
        CallError::ArgumentType {
            index: 0,
            expected: ValType::I32,
            ..
        }
    ));
}

#[test]
fn host_functions_get_arguments_memory_and_data() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module
          (import "host" "mix" (func $mix (param i32 f64 i64) (result i32 i64)))
          (memory (export "memory") 1)
          (data (i32.const 16) "frog")
          (func (export "run") (param i32) (result i64) (local $r i64)
            local.get 0 f64.const 1.5 i64.const 7 call $mix
            drop drop
            local.get 0 f64.const 2.5 i64.const 9 call $mix
            i64.const 1 i64.add local.set $r drop local.get $r))"#,
    );
    let mut linker = Linker::<Vec<u64>>::new();
    let ty = FuncType::new(
        [ValType::I32, ValType::F64, ValType::I64],
        [ValType::I32, ValType::I64],
    );
    linker.func_new("host", "mix", ty, |mut caller, args, results| {
        let mut bytes = [0; 4];
        caller
            .read("memory", 16, &mut bytes)
            .map_err(HostError::new)?;
        assert_eq!(&bytes, b"frog");
        let Val::F64(bits) = args[1] else { panic!() };
        caller.data_mut().push(bits);
        let Val::I64(value) = args[2] else { panic!() };
        results[0] = args[0];
        results[1] = Val::I64(value * 10);
        Ok(())
    });
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outcome = call(&mut store, instance, "run", &[Val::I32(3)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I64(91)]));
    assert_eq!(*store.data(), [1.5f64.to_bits(), 2.5f64.to_bits()]);
}

#[test]
fn host_functions_call_back_into_wasm() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module
          (import "host" "again" (func $again (param i32) (result i32)))
          (func (export "down") (param i32) (result i32)
            local.get 0 i32.eqz
            if (result i32) i32.const 100
            else local.get 0 i32.const 1 i32.sub call $again local.get 0 i32.add end))"#,
    );
    let mut linker = Linker::<()>::new();
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    linker.func_new("host", "again", ty, |mut caller, args, results| {
        let func = caller.get_export("down").unwrap().into_func().unwrap();
        let Outcome::Returned(values) = func.call(&mut caller, args)? else {
            panic!("suspended within a host function")
        };
        results.copy_from_slice(&values);
        Ok(())
    });
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outcome = call(&mut store, instance, "down", &[Val::I32(10)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I32(155)]));
    let error = call(&mut store, instance, "down", &[Val::I32(1000)]).unwrap_err();
    let CallError::Trap(trap) = error else {
        panic!("{error}")
    };
    assert_eq!(trap.code, TrapCode::CallStackExhausted);
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("exit {0}")]
struct Exit(i32);

#[test]
fn host_errors_leave_wasm_and_keep_their_type() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module (import "host" "exit" (func $exit (param i32)))
          (func (export "run") i32.const 7 call $exit unreachable))"#,
    );
    let mut linker = Linker::<()>::new();
    linker.func_new(
        "host",
        "exit",
        FuncType::new([ValType::I32], []),
        |_, args, _| {
            let Val::I32(code) = args[0] else { panic!() };
            Err(HostError::new(Exit(code)))
        },
    );
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    for _ in 0..3 {
        let error = call(&mut store, instance, "run", &[]).unwrap_err();
        let CallError::Host(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.downcast::<Exit>().unwrap(), Exit(7));
    }
}

#[test]
fn a_missing_or_wrong_import_is_named() {
    let engine = engine();
    let module = module(&engine, r#"(module (import "a" "b" (func (param i32))))"#);
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::<()>::new();
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert!(matches!(error, InstantiateError::UnknownImport { .. }));
    assert!(error.to_string().contains("unknown import"));
    linker.func_new("a", "b", FuncType::new([], []), |_, _, _| Ok(()));
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert!(error.to_string().contains("incompatible import type"));
    let mut linker = Linker::<()>::new();
    linker.define_unknown_imports_as_default_values(&module);
    linker.instantiate(&mut store, &module).unwrap();
}

#[test]
fn a_host_function_of_another_type_is_an_unknown_import() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module
             (import "a" "other" (func $other (result i32)))
             (import "a" "same" (func $same (result i32)))
             (func (export "f") (result i32 i32) call $other call $same))"#,
    );
    let mut linker = Linker::<()>::new();
    linker.func_wrap("a", "other", |_: i64| 1);
    linker.func_wrap("a", "same", || 2);
    linker.define_unknown_imports_as_default_values(&module);
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outcome = call(&mut store, instance, "f", &[]).unwrap();
    assert_eq!(outcome, Outcome::Returned(vec![Val::I32(0), Val::I32(2)]));
}

/// Runs until returned, resuming in place; says how often it was suspended.
fn run_in_place<T: 'static>(
    store: &mut Store<T>,
    instance: Instance,
    name: &str,
    args: &[Val],
) -> (Outcome, u32) {
    let mut outcome = call(store, instance, name, args).unwrap();
    let mut suspensions = 0;
    while outcome == Outcome::Suspended {
        assert!(store.is_suspended());
        suspensions += 1;
        outcome = store.resume().unwrap();
    }
    (outcome, suspensions)
}

#[test]
fn a_loop_resumes_in_place_after_every_suspend_point() {
    let (mut store, instance) = instance(
        r#"(module (func (export "sum") (param i64 f64) (result i64 f64) (local i64 f64)
            loop
              local.get 2 local.get 0 i64.add local.set 2
              local.get 3 local.get 1 f64.add local.set 3
              local.get 0 i64.const 1 i64.sub local.tee 0
              i64.const 0 i64.ne br_if 0
            end
            local.get 2 local.get 3))"#,
    );
    store.set_freeze_every(NonZeroU64::new(1));
    let args = [Val::I64(100), Val::F64(0.5f64.to_bits())];
    let (outcome, suspensions) = run_in_place(&mut store, instance, "sum", &args);
    let results = [Val::I64(5050), Val::F64(50f64.to_bits())];
    assert_eq!(outcome, returned(&results));
    assert_eq!(suspensions, 101);
}

#[test]
fn a_request_from_another_thread_suspends_a_tight_loop() {
    let (mut store, instance) = instance(
        r#"(module (global (export "stop") (mut i32) (i32.const 0))
          (func (export "spin") loop global.get 0 i32.eqz br_if 0 end))"#,
    );
    let handle = store.interrupt_handle();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        handle.request_suspend();
    });
    assert_eq!(
        call(&mut store, instance, "spin", &[]).unwrap(),
        Outcome::Suspended
    );
    thread.join().unwrap();
    let error = call(&mut store, instance, "spin", &[]).unwrap_err();
    assert!(matches!(error, CallError::StoreSuspended));
    let stop = instance.get_global(&store, "stop").unwrap();
    stop.set(&mut store, Val::I32(1)).unwrap();
    assert_eq!(store.resume().unwrap(), returned(&[]));
    assert!(matches!(
        store.resume().unwrap_err(),
        CallError::NotSuspended
    ));
}

#[test]
fn a_handle_outlives_its_store() {
    let engine = engine();
    let store = Store::new(&engine, ());
    let handle = store.interrupt_handle();
    drop(store);
    handle.request_suspend();
}

#[test]
fn host_calls_suspend_behind_them_with_their_results() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module
          (import "host" "next" (func $next (param i64) (result f64 i32 i64)))
          (func (export "run") (param i64) (result i64) (local f64 i32)
            local.get 0
            local.get 0 call $next
            local.set 0 local.set 2 local.set 1
            local.get 0 i64.add
            local.get 2 i64.extend_i32_s i64.add
            local.get 1 i64.trunc_f64_s i64.add))"#,
    );
    let mut linker = Linker::<u32>::new();
    let ty = FuncType::new([ValType::I64], [ValType::F64, ValType::I32, ValType::I64]);
    linker.func_new("host", "next", ty, |mut caller, args, results| {
        *caller.data_mut() += 1;
        results[0] = Val::F64(1000f64.to_bits());
        results[1] = Val::I32(100);
        results[2] = args[0];
        Ok(())
    });
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    store.set_freeze_every(NonZeroU64::new(1));
    let (outcome, suspensions) = run_in_place(&mut store, instance, "run", &[Val::I64(1)]);
    assert_eq!(outcome, returned(&[Val::I64(1102)]));
    assert_eq!((suspensions, *store.data()), (2, 1));
    // The same without a freeze.
    store.set_freeze_every(None);
    let outcome = call(&mut store, instance, "run", &[Val::I64(1)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I64(1102)]));
}

#[test]
fn a_nested_call_defers_suspension_until_it_has_returned() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module
          (import "host" "inner" (func $inner (param i32) (result i32)))
          (func (export "count") (param i32) (result i32) (local i32)
            loop
              local.get 1 i32.const 2 i32.add local.set 1
              local.get 0 i32.const 1 i32.sub local.tee 0
              br_if 0
            end
            local.get 1)
          (func (export "run") (result i32)
            i32.const 10 call $inner i32.const 20 call $inner i32.add))"#,
    );
    let mut linker = Linker::<()>::new();
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    linker.func_new("host", "inner", ty, |mut caller, args, results| {
        let func = caller.get_export("count").unwrap().into_func().unwrap();
        let outcome = func.call(&mut caller, args)?;
        let Outcome::Returned(values) = outcome else {
            panic!("suspended within a host function")
        };
        results.copy_from_slice(&values);
        Ok(())
    });
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    for (every, expected) in [(1, 3), (5, 2), (1000, 0)] {
        store.set_freeze_every(NonZeroU64::new(every));
        let (outcome, suspensions) = run_in_place(&mut store, instance, "run", &[]);
        assert_eq!(outcome, returned(&[Val::I32(60)]));
        assert_eq!(suspensions, expected, "every {every}");
    }
    store.set_freeze_every(None);
    store.interrupt_handle().request_suspend();
    let (outcome, suspensions) = run_in_place(&mut store, instance, "run", &[]);
    assert_eq!((outcome, suspensions), (returned(&[Val::I32(60)]), 1));
}

#[test]
fn a_request_within_a_nested_call_is_obeyed_behind_the_host_function() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module
          (import "host" "inner" (func $inner (result i32)))
          (func (export "seven") (result i32) (local i32)
            loop
              local.get 0 i32.const 1 i32.add local.tee 0
              i32.const 7 i32.lt_u br_if 0
            end
            local.get 0)
          (func (export "run") (result i32) call $inner))"#,
    );
    let mut linker = Linker::<()>::new();
    linker.func_new(
        "host",
        "inner",
        FuncType::new([], [ValType::I32]),
        |mut caller, _, results| {
            caller.interrupt_handle().request_suspend();
            let func = caller.get_export("seven").unwrap().into_func().unwrap();
            assert_eq!(func.call(&mut caller, &[])?, returned(&[Val::I32(7)]));
            results[0] = Val::I32(8);
            Ok(())
        },
    );
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let (outcome, suspensions) = run_in_place(&mut store, instance, "run", &[]);
    assert_eq!((outcome, suspensions), (returned(&[Val::I32(8)]), 1));
}

#[test]
fn a_request_within_a_host_function_of_the_hosts_is_obeyed_by_the_next_call() {
    let (mut store, instance) = instance(
        r#"(module (func (export "count") (param i32) (result i32) (local i32)
            loop
              local.get 1 i32.const 1 i32.add local.tee 1
              local.get 0 i32.lt_u br_if 0
            end
            local.get 1))"#,
    );
    let seven = [Val::I32(7)];
    let host = Func::new(
        &mut store,
        FuncType::new([], []),
        move |mut caller, _, _| {
            caller.interrupt_handle().request_suspend();
            let func = instance.get_func(&caller, "count").unwrap();
            assert_eq!(func.call(&mut caller, &seven)?, returned(&seven));
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(host.call(&mut store, &[]).unwrap(), returned(&[]));
    let (outcome, suspensions) = run_in_place(&mut store, instance, "count", &seven);
    assert_eq!((outcome, suspensions), (returned(&seven), 1));
}

#[test]
fn bulk_operations_resume_in_place() {
    let (mut store, instance) = instance(
        r#"(module (memory 16)
          (func (export "run") (param f64 i32) (result f64 i32 i32)
            i32.const 1000 local.get 1 i32.const 300000 memory.fill
            i32.const 2000 i32.const 1000 i32.const 300000 memory.copy
            local.get 0 local.get 1 i32.const 301999 i32.load8_u))"#,
    );
    store.set_freeze_every(NonZeroU64::new(1));
    let args = [Val::F64(9), Val::I32(0x77)];
    let (outcome, suspensions) = run_in_place(&mut store, instance, "run", &args);
    assert_eq!(outcome, returned(&[args[0], args[1], args[1]]));
    assert_eq!(suspensions, 1 + 4 + 4);
}

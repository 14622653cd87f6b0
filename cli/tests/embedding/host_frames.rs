//! Host functions between wasm frames: wasm calls host calls wasm calls host.

use crate::harness::{Program, call, engine, module, returned, trapped};
use std::num::NonZeroU64;
use woodfrog::abi::{FuncType, TrapCode, Val, ValType};
use woodfrog::runtime::{Backtrace, BacktraceFrame, Caller, HostError, Linker, Outcome, Store};

/// `run(n)` calls the host's `down(n)`, which calls `run(n - 1)`, until n is 0: then `leaf`.
/// Each frame keeps values of several kinds over its call, which tell in the result.
const NESTED: &str = r#"(module
  (import "host" "down" (func $down (param i32) (result i64)))
  (import "host" "leaf" (func $leaf (result i64)))
  (func $run (export "run") (param $n i32) (result i64) (local $kept f64)
    local.get $n f64.convert_i32_s f64.const 0.5 f64.add local.set $kept
    i64.const 1000
    local.get $n
    if (result i64)
      local.get $n call $down
    else
      call $leaf
    end
    i64.add
    local.get $kept i64.trunc_f64_s i64.add)
  (func (export "trap") (result i64) (local i32)
    i32.const 77 local.set 0
    unreachable))"#;

/// What the host functions do and see.
#[derive(Clone, Default)]
struct Seen {
    backtrace: Backtrace,
    /// The leaf asks for a suspension.
    asks: bool,
    /// The leaf calls what traps.
    traps: bool,
}

fn down(mut caller: Caller<'_, Seen>, args: &[Val], results: &mut [Val]) -> Result<(), HostError> {
    let Val::I32(n) = args[0] else { unreachable!() };
    let run = caller.get_export("run").unwrap().into_func().unwrap();
    match run.call(&mut caller, &[Val::I32(n - 1)])? {
        Outcome::Returned(values) => results.copy_from_slice(&values),
        Outcome::Suspended => panic!("suspended below a host function"),
    }
    Ok(())
}

fn leaf(mut caller: Caller<'_, Seen>, _: &[Val], results: &mut [Val]) -> Result<(), HostError> {
    caller.data_mut().backtrace = caller.backtrace();
    if caller.data().asks {
        caller.interrupt_handle().request_suspend();
    }
    if caller.data().traps {
        let trap = caller.get_export("trap").unwrap().into_func().unwrap();
        trap.call(&mut caller, &[])?;
    }
    results[0] = Val::I64(5);
    Ok(())
}

fn nested() -> Program<Seen> {
    let engine = engine();
    let mut linker = Linker::new();
    linker.func_new(
        "host",
        "down",
        FuncType::new([ValType::I32], [ValType::I64]),
        down,
    );
    linker.func_new("host", "leaf", FuncType::new([], [ValType::I64]), leaf);
    let modules = vec![module(&engine, NESTED)];
    Program {
        engine,
        linker,
        modules,
    }
}

/// 1000 + n for each level, and the leaf's 5.
fn sum(n: i64) -> [Val; 1] {
    [Val::I64(5 + (0..=n).map(|n| 1000 + n).sum::<i64>())]
}

/// Asserts that frames are those of `run(0)` to `run(n)`, each with its locals and operands.
fn assert_frames_of_run(frames: &[BacktraceFrame], n: i32) {
    assert_eq!(frames.len() as i32, n + 1);
    for (level, frame) in (0..).zip(frames) {
        assert_eq!(frame.name.as_deref(), Some("run"));
        let kept = f64::from(level) + 0.5;
        let locals = [Val::I32(level), Val::F64(kept.to_bits())].map(Some);
        assert_eq!(frame.locals, locals, "locals at level {level}");
        assert_eq!(
            frame.stack,
            [Some(Val::I64(1000))],
            "operands at level {level}"
        );
    }
}

#[test]
fn a_backtrace_goes_through_all_host_functions() {
    let program = nested();
    let (result, _, store) = program.run_frozen(Seen::default(), "run", &[Val::I32(4)], None);
    assert_eq!(result.unwrap(), returned(&sum(4)));
    assert_frames_of_run(&store.data().backtrace.frames, 4);
    assert!(
        store.backtrace().frames.is_empty(),
        "an idle store has no frames"
    );
}

#[test]
fn a_trap_below_host_functions_has_the_frames_of_all_levels() {
    let program = nested();
    let data = Seen {
        traps: true,
        ..Seen::default()
    };
    let (result, _, mut store) = program.run_frozen(data, "run", &[Val::I32(3)], None);
    let trap = trapped(result);
    assert_eq!(trap.code, TrapCode::Unreachable);
    let (innermost, others) = trap.backtrace.frames.split_first().unwrap();
    assert_eq!(innermost.name.as_deref(), Some("trap"));
    assert_eq!(innermost.locals, [Some(Val::I32(77))]);
    assert_frames_of_run(others, 3);
    // The store is as good as new.
    store.data_mut().traps = false;
    let instance = store.instances().next().unwrap();
    assert_eq!(
        call(&mut store, instance, "run", &[Val::I32(2)]).unwrap(),
        returned(&sum(2))
    );
}

/// A store in which `run(depth)` was called, whose leaf asked for a suspension.
fn suspended_by_leaf(program: &Program<Seen>, depth: i32) -> Store<Seen> {
    let data = Seen {
        asks: true,
        ..Seen::default()
    };
    let mut store = Store::new(&program.engine, data);
    let instance = program
        .linker
        .instantiate(&mut store, &program.modules[0])
        .unwrap();
    let outcome = call(&mut store, instance, "run", &[Val::I32(depth)]).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
    store
}

#[test]
fn a_request_below_host_functions_waits_until_the_outermost_has_returned() {
    let program = nested();
    for depth in [1, 2, 7] {
        let store = suspended_by_leaf(&program, depth);
        assert!(!store.interrupt_handle().is_requested(), "obeyed once");
        let frames = store.backtrace().frames;
        assert_eq!(frames.len(), 1, "the outermost wasm frame alone is left");
        assert_eq!(frames[0].locals[0], Some(Val::I32(depth)));
        let mut store = program.freeze_and_thaw(store);
        assert_eq!(
            store.backtrace().frames,
            frames,
            "thawed, it is the same frame"
        );
        assert_eq!(store.resume().unwrap(), returned(&sum(depth.into())));
    }
}

#[test]
fn a_request_by_the_innermost_host_function_of_one_level_is_obeyed_behind_it() {
    let program = nested();
    let store = suspended_by_leaf(&program, 0);
    assert_eq!(
        program.freeze_and_thaw(store).resume().unwrap(),
        returned(&sum(0))
    );
}

#[test]
fn nested_calls_frozen_wherever_they_can_be_return_the_same() {
    let program = nested();
    for every in [1, 2, 3, 5] {
        let (result, freezes, _) = program.run_frozen(
            Seen::default(),
            "run",
            &[Val::I32(6)],
            NonZeroU64::new(every),
        );
        assert_eq!(result.unwrap(), returned(&sum(6)), "freezing every {every}");
        assert!(freezes > 0, "freezing every {every}");
    }
}

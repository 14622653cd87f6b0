//! Why stores are suspended: requests, deadlines and budgets, alone and together.

use crate::harness::{Program, call, engine, module, returned};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;
use woodfrog::abi::Val;
use woodfrog::runtime::{
    Caller, Func, HostError, InterruptHandle, Linker, Outcome, Pending, Store, SuspendReason,
};

/// Recursion, loops, a bulk operation of several chunks, and host calls: everything that has
/// suspend points. `host.scale` triples.
const PROGRAM: &str = r#"(module
  (import "host" "scale" (func $scale (param i64) (result i64)))
  (memory 4)
  (func $fib (param $n i64) (result i64)
    (if (result i64) (i64.lt_u (local.get $n) (i64.const 2))
      (then (local.get $n))
      (else (i64.add
        (call $fib (i64.sub (local.get $n) (i64.const 1)))
        (call $fib (i64.sub (local.get $n) (i64.const 2)))))))
  (func (export "run") (param $n i64) (result i64)
    (local $sum i64)
    (loop $again
      (local.set $sum (i64.add
        (i64.mul (local.get $sum) (i64.const 31))
        (call $scale (call $fib (local.get $n)))))
      (memory.fill (i32.const 3) (i32.wrap_i64 (local.get $sum)) (i32.const 200000))
      (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 100000))))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $again (i64.ge_s (local.get $n) (i64.const 0))))
    (local.get $sum)))"#;

fn program() -> Program<()> {
    let mut program = Program::new(PROGRAM);
    program.linker.func_wrap("host", "scale", |n: i64| n * 3);
    program
}

fn instantiate(program: &Program<()>) -> (Store<()>, Func) {
    let mut store = Store::new(&program.engine, ());
    let instance = program.linker.instantiate(&mut store, &program.modules[0]);
    let run = instance.unwrap().get_func(&store, "run").unwrap();
    (store, run)
}

const ARGS: [Val; 1] = [Val::I64(8)];

#[test]
fn a_budget_ends_at_its_point_and_the_program_never_knows() {
    let program = program();
    let (mut store, run) = instantiate(&program);
    store.set_budget(Some(u64::MAX));
    let expected = run.call(&mut store, &ARGS).unwrap();
    let all = u64::MAX - store.budget().unwrap();
    assert!((100..1000).contains(&all), "{all} points");
    for budget in 1..=all {
        let (mut store, run) = instantiate(&program);
        store.set_budget(Some(budget));
        assert_eq!(run.call(&mut store, &ARGS).unwrap(), Outcome::Suspended);
        assert_eq!(store.suspend_reason(), Some(SuspendReason::Budget));
        assert_eq!(store.budget(), Some(0));
        let mut thawed = program.freeze_and_thaw(store);
        assert_eq!((thawed.budget(), thawed.suspend_reason()), (None, None));
        // What is left is exactly the rest.
        thawed.set_budget(Some(all - budget + 1));
        assert_eq!(thawed.resume().unwrap(), expected, "budget {budget}");
        assert_eq!(thawed.budget(), Some(1));
    }
    let (mut store, run) = instantiate(&program);
    store.set_budget(Some(all + 1));
    assert_eq!(run.call(&mut store, &ARGS).unwrap(), expected);
    assert_eq!((store.budget(), store.suspend_reason()), (Some(1), None));
}

#[test]
fn a_budget_that_is_used_up_stays_so_until_it_is_set_anew() {
    let program = program();
    let (mut store, run) = instantiate(&program);
    store.set_budget(Some(0));
    assert_eq!(run.call(&mut store, &ARGS).unwrap(), Outcome::Suspended);
    for _ in 0..5 {
        assert_eq!(store.suspend_reason(), Some(SuspendReason::Budget));
        assert_eq!(store.resume().unwrap(), Outcome::Suspended);
    }
    store.set_budget(None);
    assert!(matches!(store.resume().unwrap(), Outcome::Returned(_)));
}

#[test]
fn counts_go_on_beside_each_other() {
    let program = program();
    let (mut store, run) = instantiate(&program);
    store.set_freeze_every(NonZeroU64::new(3));
    store.set_budget(Some(7));
    let mut outcome = run.call(&mut store, &ARGS).unwrap();
    let mut reasons = Vec::new();
    while outcome == Outcome::Suspended && reasons.len() < 3 {
        reasons.push((store.suspend_reason().unwrap(), store.budget().unwrap()));
        outcome = store.resume().unwrap();
    }
    let every = SuspendReason::FreezeEvery;
    assert_eq!(
        reasons,
        [(every, 4), (every, 1), (SuspendReason::Budget, 0)]
    );
}

/// The time of a clock that only host calls move.
#[derive(Default)]
struct Clock {
    now_ns: u64,
}

/// Calls `host.step` until it has been called as often as the parameter says.
const STEPS: &str = r#"(module
  (import "host" "step" (func $step (result i64)))
  (func (export "run") (param $n i64) (result i64)
    (local $last i64)
    (loop $again
      (local.set $last (call $step))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br_if $again (i64.gt_s (local.get $n) (i64.const 0))))
    (local.get $last)))"#;

/// A store of [`STEPS`] whose clock goes 10 ns further with each step.
fn with_clock() -> (Store<Clock>, Func) {
    let engine = engine();
    let mut linker = Linker::new();
    linker.func_wrap("host", "step", |mut caller: Caller<'_, Clock>| {
        let handle = caller.interrupt_handle();
        let clock = caller.data_mut();
        clock.now_ns += 10;
        handle.tick(clock.now_ns);
        clock.now_ns as i64
    });
    let mut store = Store::new(&engine, Clock::default());
    let module = module(&engine, STEPS);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    (store, run)
}

#[test]
fn a_deadline_stops_the_store_at_the_first_tick_behind_it() {
    let (mut store, run) = with_clock();
    store.set_deadline(Some(95));
    let outcome = run.call(&mut store, &[Val::I64(30)]).unwrap();
    assert_eq!((outcome, store.data().now_ns), (Outcome::Suspended, 100));
    assert_eq!(store.suspend_reason(), Some(SuspendReason::Deadline));
    // It is past until another is set: it stops at each suspend point.
    assert_eq!(store.resume().unwrap(), Outcome::Suspended);
    assert_eq!(store.suspend_reason(), Some(SuspendReason::Deadline));
    assert_eq!(store.data().now_ns, 100);
    store.set_deadline(Some(200));
    assert_eq!(store.resume().unwrap(), Outcome::Suspended);
    assert_eq!(store.data().now_ns, 200);
    store.set_deadline(None);
    assert_eq!(store.resume().unwrap(), returned(&[Val::I64(300)]));
    assert_eq!(store.suspend_reason(), None);
}

#[test]
fn a_deadline_that_passes_before_the_call_stops_it_at_its_beginning() {
    let (mut store, run) = with_clock();
    store.set_deadline(Some(5));
    let handle = store.interrupt_handle();
    handle.tick(4);
    handle.tick(5);
    assert!(!handle.is_requested(), "nobody has asked");
    let outcome = run.call(&mut store, &[Val::I64(3)]).unwrap();
    assert_eq!((outcome, store.data().now_ns), (Outcome::Suspended, 0));
    // A request is not what a deadline is, and goes before it.
    handle.cancel();
    handle.request_suspend();
    assert_eq!(store.resume().unwrap(), Outcome::Suspended);
    assert_eq!(store.suspend_reason(), Some(SuspendReason::Requested));
    store.set_deadline(None);
    assert_eq!(store.resume().unwrap(), returned(&[Val::I64(30)]));
}

#[test]
fn another_thread_ticks_while_a_loop_runs() {
    let engine = engine();
    let wat = r#"(module (func (export "run") (loop $again (br $again))))"#;
    let mut store = Store::new(&engine, ());
    let module = module(&engine, wat);
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let run = instance.get_func(&store, "run").unwrap();
    let start = Instant::now();
    let now_ns = || start.elapsed().as_nanos() as u64;
    let is_over = AtomicBool::new(false);
    let handle = store.interrupt_handle();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                handle.tick(now_ns());
            }
        });
        let mut deadline_ns = now_ns() + 1_000_000;
        store.set_deadline(Some(deadline_ns));
        let mut outcome = run.call(&mut store, &[]).unwrap();
        for _ in 0..200 {
            assert_eq!(outcome, Outcome::Suspended);
            assert_eq!(store.suspend_reason(), Some(SuspendReason::Deadline));
            assert!(now_ns() >= deadline_ns, "stopped before its deadline");
            deadline_ns = now_ns() + 20_000;
            store.set_deadline(Some(deadline_ns));
            outcome = store.resume().unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
    });
}

/// `outer` calls a host function that calls `inner`, a loop of many points.
const NESTED: &str = r#"(module
  (import "host" "nest" (func $nest (result i32)))
  (func (export "inner") (result i32)
    (local $n i32)
    (loop $again
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 100))))
    (local.get $n))
  (func (export "outer") (result i32) (call $nest)))"#;

/// Calls `inner`, with the store's handle before it.
fn nest(
    before: fn(&InterruptHandle),
) -> impl Fn(Caller<'_, ()>) -> Result<i32, HostError> + Send + Sync {
    move |mut caller| {
        before(&caller.interrupt_handle());
        let inner = caller.get_export("inner").unwrap().into_func().unwrap();
        match inner.call(&mut caller, &[])? {
            Outcome::Returned(values) => Ok(i32::from(values == [Val::I32(100)])),
            Outcome::Suspended => panic!("within a host function"),
        }
    }
}

/// What ends within calls that cannot be suspended is obeyed behind the outermost of them.
#[test]
fn deadlines_and_budgets_wait_for_the_host_function_to_return() {
    let engine = engine();
    let module = module(&engine, NESTED);
    let mut linker = Linker::<()>::new();
    linker.func_wrap("host", "nest", nest(|handle| handle.tick(1000)));
    for (budget, deadline, reason) in [
        (None, Some(1000), SuspendReason::Deadline),
        (Some(20), None, SuspendReason::Budget),
        (Some(20), Some(7), SuspendReason::Deadline),
    ] {
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &module).unwrap();
        store.set_budget(budget);
        store.set_deadline(deadline);
        let outcome = call(&mut store, instance, "outer", &[]).unwrap();
        assert_eq!(outcome, Outcome::Suspended);
        assert_eq!(store.suspend_reason(), Some(reason));
        assert_eq!(store.backtrace().frames.len(), 1, "in `outer`");
        store.set_budget(None);
        store.set_deadline(None);
        assert_eq!(store.resume().unwrap(), returned(&[Val::I32(1)]));
    }
}

#[test]
fn a_pending_call_is_the_reason_before_all_others_and_outlives_a_freeze() {
    let wat = r#"(module (import "host" "wait" (func $wait (result i32)))
      (func (export "run") (result i32) (call $wait)))"#;
    let mut program = Program::new(wat);
    program
        .linker
        .func_wrap("host", "wait", |caller: Caller<'_, ()>| {
            caller.interrupt_handle().request_suspend();
            Err::<i32, _>(Pending)
        });
    let mut store = Store::new(&program.engine, ());
    let instance = program.linker.instantiate(&mut store, &program.modules[0]);
    let outcome = call(&mut store, instance.unwrap(), "run", &[]).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
    assert_eq!(store.suspend_reason(), Some(SuspendReason::Pending));
    let mut store = program.freeze_and_thaw(store);
    assert_eq!(store.suspend_reason(), Some(SuspendReason::Pending));
    store.complete_pending_call(&[Val::I32(5)]).unwrap();
    assert_eq!(store.suspend_reason(), Some(SuspendReason::Pending));
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(5)]));
}

//! Host functions that have no answer yet: the store is suspended at their call, frozen or
//! not, and the program never knows.

use crate::harness::{Program, call, engine, module, returned};
use std::num::NonZeroU64;
use woodfrog::abi::{FuncType, Val, ValType};
use woodfrog::compile::{CompileOptions, RegisterCache};
use woodfrog::runtime::{
    CallError, Caller, CompleteError, Func, HostError, Linker, Module, Outcome, Pending,
    PendingCall, Store,
};

/// How often each call is pending before it is answered, and what was seen.
#[derive(Clone, Default)]
struct Host {
    patience: u32,
    asked: u32,
    /// Arguments of all calls that were answered.
    answered: Vec<Vec<Val>>,
    /// Index of the calling instance, and how many frames there were, for each attempt.
    seen: Vec<(u32, usize)>,
}

/// Answers with arguments in reverse order, or `Pending`.
fn reverse(
    mut caller: Caller<'_, Host>,
    args: &[Val],
    results: &mut [Val],
) -> Result<(), HostError> {
    let seen = (
        caller.instance().unwrap().index(),
        caller.backtrace().frames.len(),
    );
    let host = caller.data_mut();
    host.seen.push(seen);
    host.asked += 1;
    if host.asked <= host.patience {
        return Err(Pending.into());
    }
    host.asked = 0;
    host.answered.push(args.to_vec());
    for (result, arg) in results.iter_mut().zip(args.iter().rev()) {
        *result = *arg;
    }
    Ok(())
}

/// Every type, more of each than there are registers for.
const MANY: [ValType; 20] = [
    ValType::I64,
    ValType::F64,
    ValType::V128,
    ValType::I32,
    ValType::FuncRef,
    ValType::ExternRef,
    ValType::F32,
    ValType::V128,
    ValType::I64,
    ValType::I32,
    ValType::I64,
    ValType::V128,
    ValType::F64,
    ValType::F64,
    ValType::F64,
    ValType::F32,
    ValType::V128,
    ValType::V128,
    ValType::ExternRef,
    ValType::I64,
];

/// A call in each way that there is. `many` is of [`MANY`], `one` of an i64; both are
/// imported. The results are what `many` gives for constants, folded, and `one(7)` on top.
fn program_text() -> String {
    let params = MANY.map(|ty| format!("{ty}")).join(" ");
    let results = MANY.iter().rev().map(|ty| format!("{ty}"));
    let results = results.collect::<Vec<_>>().join(" ");
    let arguments = MANY.iter().enumerate().map(|(n, ty)| match ty {
        ValType::V128 => format!("(v128.const i64x2 {n} -{n})"),
        ValType::FuncRef => "(ref.func $direct)".to_owned(),
        ValType::ExternRef => "(local.get $object)".to_owned(),
        ty => format!("({ty}.const {n})"),
    });
    let arguments = arguments.collect::<Vec<_>>().join(" ");
    let fold = MANY.iter().map(|ty| {
        let to_i64 = match ty {
            ValType::I32 => "i64.extend_i32_s",
            ValType::I64 => "",
            ValType::F32 => "i64.trunc_f32_s",
            ValType::F64 => "i64.trunc_f64_s",
            ValType::V128 => "i64x2.extract_lane 0",
            _ => "ref.is_null i64.extend_i32_u",
        };
        format!("{to_i64} (i64.mul (local.get $sum) (i64.const 3)) i64.add local.set $sum")
    });
    let fold = fold.collect::<Vec<_>>().join("\n");
    format!(
        r#"(module
  (type $many (func (param {params}) (result {results})))
  (type $one (func (param i64) (result i64)))
  (import "host" "many" (func $many (type $many)))
  (import "host" "one" (func $one (type $one)))
  (table funcref (elem $one $tail))
  (elem declare func $direct)
  (func $tail (type $one) (return_call $one (local.get 0)))
  (func $shuffled (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i64)
    (return_call $one (i64.extend_i32_s (local.get 8))))
  (func $spread (param i64) (param $object externref) (result {results})
    (return_call $many {arguments}))
  (func $fold (param {results}) (result i64) (local $sum i64)
    {gets}
    {fold}
    (local.get $sum))
  (func $direct (export "direct") (param $object externref) (result i64) (local $kept f64)
    (local.set $kept (f64.const 0.5))
    i64.const 1000
    (call $fold (call $many {arguments}))
    i64.add
    (call $one (i64.const 7))
    i64.add
    (i64.trunc_f64_s (f64.add (local.get $kept) (local.get $kept)))
    i64.add)
  (func (export "indirect") (param $object externref) (result i64)
    (call_indirect (type $one) (i64.const 7) (i32.const 0))
    (call_indirect (type $one) (i64.const 8) (i32.const 1))
    i64.add)
  (func (export "tail") (param $object externref) (result i64)
    (call $tail (i64.const 7))
    (call $shuffled (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)
      (i32.const 5) (i32.const 6) (i32.const 7) (i32.const -8))
    i64.sub
    (call $fold (call $spread (i64.const 1) (local.get $object)))
    i64.add)
  (func (export "outermost") (param $object externref) (result i64)
    (return_call $one (i64.const 7)))
  (func (export "outermost_many") (param $object externref) (result {results})
    (return_call $many {arguments})))"#,
        gets = (0..MANY.len())
            .map(|n| format!("(local.get {n})"))
            .collect::<Vec<_>>()
            .join(" "),
    )
}

fn program() -> Program<Host> {
    let engine = engine();
    let mut linker = Linker::new();
    let mut reversed = MANY;
    reversed.reverse();
    linker.func_new("host", "many", FuncType::new(MANY, reversed), reverse);
    let one = FuncType::new([ValType::I64], [ValType::I64]);
    linker.func_new("host", "one", one, reverse);
    let modules = vec![module(&engine, &program_text())];
    Program {
        engine,
        linker,
        modules,
    }
}

const FUNCTIONS: [&str; 5] = ["direct", "indirect", "tail", "outermost", "outermost_many"];

fn object() -> [Val; 1] {
    [Val::ExternRef(Some(woodfrog::abi::ExternRef(5)))]
}

/// What a function returns, and its host calls, if every call is answered at once.
fn answered_at_once(program: &Program<Host>, name: &str) -> (Outcome, Host) {
    let (result, _, store) = program.run_frozen(Host::default(), name, &object(), None);
    (result.unwrap(), store.into_data())
}

#[test]
fn calls_that_are_made_again_return_the_same() {
    let program = program();
    for name in FUNCTIONS {
        let (expected, host) = answered_at_once(&program, name);
        assert!(!host.answered.is_empty());
        for patience in [1, 3] {
            for every in [None, Some(1), Some(2)] {
                let data = Host {
                    patience,
                    ..Host::default()
                };
                let every = every.and_then(NonZeroU64::new);
                let (result, freezes, store) = program.run_frozen(data, name, &object(), every);
                let told = format!("{name}, pending {patience} times, every {every:?}");
                assert_eq!(result.unwrap(), expected, "{told}");
                let data = store.into_data();
                assert_eq!(data.answered, host.answered, "{told}");
                let attempts: Vec<_> = host
                    .seen
                    .iter()
                    .flat_map(|&seen| vec![seen; patience as usize + 1])
                    .collect();
                assert_eq!(data.seen, attempts, "{told}");
                assert!(freezes >= u64::from(patience) * host.answered.len() as u64);
            }
        }
    }
}

#[test]
fn calls_go_on_in_place_and_in_other_code_versions() {
    let program = program();
    let options = CompileOptions {
        cache: RegisterCache::Nothing,
        ..CompileOptions::default()
    };
    let other = program.modules[0].add_version(&options).unwrap();
    for name in FUNCTIONS {
        let (expected, host) = answered_at_once(&program, name);
        let data = Host {
            patience: 2,
            ..Host::default()
        };
        let mut store = Store::new(&program.engine, data);
        let instance = program
            .linker
            .instantiate(&mut store, &program.modules[0])
            .unwrap();
        let mut outcome = call(&mut store, instance, name, &object()).unwrap();
        let mut is_other = false;
        while outcome == Outcome::Suspended {
            is_other = !is_other;
            let version = match is_other {
                true => other,
                false => woodfrog::runtime::VersionId::FIRST,
            };
            store.move_frames(|_| version).unwrap();
            outcome = store.resume().unwrap();
        }
        assert_eq!(outcome, expected, "{name}");
        assert_eq!(store.data().answered, host.answered, "{name}");
    }
}

/// What the embedder answers in the host function's place.
fn answer(call: &PendingCall) -> Vec<Val> {
    call.args.iter().rev().copied().collect()
}

#[test]
fn calls_are_completed_by_the_embedder_before_or_after_a_freeze() {
    let program = program();
    for name in FUNCTIONS {
        let (expected, host) = answered_at_once(&program, name);
        for (before, after) in [(false, false), (true, false), (false, true), (true, true)] {
            let data = Host {
                patience: u32::MAX,
                ..Host::default()
            };
            let mut store = Store::new(&program.engine, data);
            let instance = program
                .linker
                .instantiate(&mut store, &program.modules[0])
                .unwrap();
            store.set_freeze_every(NonZeroU64::new(1));
            let mut outcome = call(&mut store, instance, name, &object()).unwrap();
            let mut answered = Vec::new();
            while outcome == Outcome::Suspended {
                if before {
                    store = program.freeze_and_thaw(store);
                }
                if let Some(call) = store.pending_call() {
                    answered.push(call.args.clone());
                    store.complete_pending_call(&answer(&call)).unwrap();
                    assert_eq!(store.pending_call(), None);
                }
                if after {
                    store = program.freeze_and_thaw(store);
                }
                outcome = store.resume().unwrap();
            }
            assert_eq!(outcome, expected, "{name}, {before}, {after}");
            assert_eq!(answered, host.answered);
            assert!(store.data().answered.is_empty());
        }
    }
}

/// A store at its first pending call.
fn pending_store(program: &Program<Host>, name: &str) -> Store<Host> {
    let data = Host {
        patience: u32::MAX,
        ..Host::default()
    };
    let mut store = Store::new(&program.engine, data);
    let instance = program
        .linker
        .instantiate(&mut store, &program.modules[0])
        .unwrap();
    let outcome = call(&mut store, instance, name, &object()).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
    store
}

#[test]
fn a_pending_call_says_what_is_called_and_with_what() {
    let program = program();
    let store = program.freeze_and_thaw(pending_store(&program, "indirect"));
    let call = store.pending_call().unwrap();
    let name = ("host".to_owned(), "one".to_owned());
    assert_eq!(call.name, Some(name));
    assert_eq!(call.ty, FuncType::new([ValType::I64], [ValType::I64]));
    assert_eq!(call.args, [Val::I64(7)]);
    assert_eq!(call.instance, store.instances().next().unwrap());
    assert_eq!(call.func.ty(&store), call.ty);
    assert_eq!(store.backtrace().frames.len(), 1);
    // Without frames, too.
    let store = program.freeze_and_thaw(pending_store(&program, "outermost"));
    assert!(store.backtrace().frames.is_empty());
    assert_eq!(store.pending_call().unwrap().args, [Val::I64(7)]);
}

#[test]
fn wrong_results_are_refused_and_the_call_stays_pending() {
    let program = program();
    let mut store = pending_store(&program, "indirect");
    let mut refused = |results: &[Val]| store.complete_pending_call(results).unwrap_err();
    let count = |given| CompleteError::ResultCount { expected: 1, given };
    assert_eq!(refused(&[]), count(0));
    assert_eq!(refused(&[Val::I64(1), Val::I64(2)]), count(2));
    let wrong = CompleteError::ResultType {
        index: 0,
        expected: ValType::I64,
        given: ValType::F64,
    };
    assert_eq!(refused(&[Val::F64(1)]), wrong);
    assert!(store.pending_call().is_some());
    let mut store = pending_store(&program, "outermost_many");
    let mut results = answer(&store.pending_call().unwrap());
    let reference = MANY.len() - 1 - 4;
    results[reference] = Val::FuncRef(Some(woodfrog::abi::FuncAddr(99)));
    let foreign = CompleteError::ForeignFunction(reference);
    assert_eq!(store.complete_pending_call(&results), Err(foreign));
    // Behind the call, or nowhere, there is nothing to complete.
    let results = answer(&store.pending_call().unwrap());
    store.complete_pending_call(&results).unwrap();
    let nothing = Err(CompleteError::NothingPending);
    assert_eq!(store.complete_pending_call(&results), nothing);
    store.resume().unwrap();
    assert_eq!(store.complete_pending_call(&results), nothing);
}

/// `outer` calls a host function that calls `inner`, which calls `wait`.
const NESTED: &str = r#"(module
  (import "host" "wait" (func $wait (result i32)))
  (import "host" "nest" (func $nest (result i32)))
  (func (export "inner") (result i32) (call $wait))
  (func (export "outer") (result i32) (call $nest)))"#;

#[test]
fn where_the_store_cannot_be_suspended_pending_is_an_error() {
    let engine = engine();
    let module = module(&engine, NESTED);
    let mut linker = Linker::<()>::new();
    linker.func_wrap("host", "wait", |caller: Caller<'_, ()>| {
        // Nobody asks where the answer would not be allowed.
        caller.interrupt_handle().request_suspend();
        assert!(!caller.is_suspend_requested());
        caller.interrupt_handle().cancel();
        Err::<i32, HostError>(Pending.into())
    });
    linker.func_wrap("host", "nest", |mut caller: Caller<'_, ()>| {
        let inner = caller.get_export("inner").unwrap().into_func().unwrap();
        let error = inner.call(&mut caller, &[]).unwrap_err();
        assert!(matches!(error, CallError::CannotSuspend), "{error}");
        Err::<i32, HostError>(error.into())
    });
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let error = call(&mut store, instance, "outer", &[]).unwrap_err();
    assert!(matches!(error, CallError::CannotSuspend), "{error}");
    assert!(!store.is_suspended());
    // The host calls the host function itself.
    let wait = Func::wrap(&mut store, || Err::<i32, _>(Pending)).unwrap();
    let error = wait.call(&mut store, &[]).unwrap_err();
    assert!(matches!(error, CallError::CannotSuspend), "{error}");
}

#[test]
fn a_host_function_that_waits_learns_of_a_request_and_satisfies_it() {
    let engine = engine();
    let wat = r#"(module (import "host" "wait" (func $wait (param i32) (result i32)))
        (func (export "run") (result i32) (call $wait (i32.const 3))))"#;
    let module = module(&engine, wat);
    let mut linker = Linker::<u32>::new();
    linker.func_wrap("host", "wait", |mut caller: Caller<'_, u32>, n: i32| {
        *caller.data_mut() += 1;
        match caller.is_suspend_requested() {
            true => Err(HostError::from(Pending)),
            false => Ok(n * 2),
        }
    });
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    store.interrupt_handle().request_suspend();
    let outcome = call(&mut store, instance, "run", &[]).unwrap();
    // At the function's header, where the request is obeyed first.
    assert_eq!((outcome, *store.data()), (Outcome::Suspended, 0));
    linker.func_wrap("host", "ask", || {});
    let handle = store.interrupt_handle();
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(6)]));
    assert!(!handle.is_requested());

    // Within the function, the request is satisfied by the answer.
    linker.func_wrap("host", "wait", |mut caller: Caller<'_, u32>, n: i32| {
        *caller.data_mut() += 1;
        if *caller.data() == 2 {
            caller.interrupt_handle().request_suspend();
        }
        match caller.is_suspend_requested() {
            true => Err(HostError::from(Pending)),
            false => Ok(n * 2),
        }
    });
    let mut store = Store::new(&engine, 1);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outcome = call(&mut store, instance, "run", &[]).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
    assert!(store.pending_call().is_some());
    assert!(!store.interrupt_handle().is_requested());
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(6)]));
    assert_eq!(*store.data(), 3);
}

/// `library` exports a function that tail-calls the host, and one that calls it;
/// `main` calls both, and has a memory of its own.
const LIBRARY: &str = r#"(module
  (import "host" "wait" (func $wait (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "L")
  (func (export "tail") (param i32) (result i32) (return_call $wait (local.get 0)))
  (func (export "call") (param i32) (result i32)
    (i32.add (call $wait (local.get 0)) (i32.const 1))))"#;
const MAIN: &str = r#"(module
  (import "library" "tail" (func $tail (param i32) (result i32)))
  (import "library" "call" (func $call (param i32) (result i32)))
  (import "host" "wait" (func $wait (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "M")
  (func (export "run") (result i32)
    (i32.mul
      (i32.mul (call $tail (i32.const 1)) (call $call (i32.const 2)))
      (call $wait (i32.const 3)))))"#;

#[test]
fn the_calling_instance_is_the_one_that_called_first() {
    let engine = engine();
    let modules = [module(&engine, LIBRARY), module(&engine, MAIN)];
    let mut linker = Linker::<u32>::new();
    linker.func_wrap("host", "wait", |mut caller: Caller<'_, u32>, n: i32| {
        *caller.data_mut() += 1;
        if !caller.data().is_multiple_of(3) {
            return Err(Pending);
        }
        let mut letter = [0];
        caller.read("memory", 0, &mut letter).unwrap();
        Ok(i32::from(letter[0]) + n)
    });
    let mut store = Store::new(&engine, 0);
    let mut linker_of_store = linker_with(&mut store, &modules[0], linker);
    let instance = linker_of_store
        .instantiate(&mut store, &modules[1])
        .unwrap();
    let mut outcome = call(&mut store, instance, "run", &[]).unwrap();
    let program = Program {
        engine,
        linker: std::mem::take(&mut linker_of_store),
        modules: modules.to_vec(),
    };
    let mut freezes = 0;
    while outcome == Outcome::Suspended {
        freezes += 1;
        store = program.freeze_and_thaw(store);
        outcome = store.resume().unwrap();
    }
    let [l, m] = [i32::from(b'L'), i32::from(b'M')];
    let expected = (l + 1) * (l + 2 + 1) * (m + 3);
    assert_eq!(outcome, returned(&[Val::I32(expected)]));
    assert_eq!(freezes, 6);
}

/// The linker with the exports of an instance of the library.
fn linker_with(store: &mut Store<u32>, library: &Module, mut linker: Linker<u32>) -> Linker<u32> {
    let library = linker.instantiate(&mut *store, library).unwrap();
    linker.instance(&*store, "library", library);
    linker
}

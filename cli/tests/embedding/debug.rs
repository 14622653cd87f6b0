//! Breakpoints and single steps.

use crate::harness::{Program, call, engine, instance, module, returned};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};
use wasmparser::{Operator, Parser, Payload};
use woodfrog::abi::{FuncType, Val, ValType};
use woodfrog::compile::CodePosition;
use woodfrog::frame::SetLocalError;
use woodfrog::runtime::{
    BreakpointError, DebugAction, DebugEvent, DebugFrame, Linker, Module, Outcome, Store,
};

/// Sums n + (n - 1) + ... + 1 with help of a function, in several kinds of locals.
const SUM: &str = r#"(module
  (memory (export "memory") 1)
  (func $add (param i64 i64) (result i64)
    local.get 0 local.get 1 i64.add)
  (func $sum (export "sum") (param $n i32) (result i64) (local $sum i64) (local $half f64)
    i64.const 40
    loop $next
      local.get $sum local.get $n i64.extend_i32_u call $add local.set $sum
      local.get $half f64.const 0.5 f64.add local.set $half
      local.get $n i32.const 1 i32.sub local.tee $n
      br_if $next
    end
    drop
    local.get $sum))"#;

const ADD: u32 = 0;
const SUM_FUNCTION: u32 = 1;

/// Where the operators of all functions of a module start.
pub fn everywhere(module: &Module) -> Vec<CodePosition> {
    let inert = module.inner();
    let functions = inert.imported_functions..inert.functions.len() as u32;
    functions
        .flat_map(|function| operators(module, function))
        .map(|(position, _)| position)
        .collect()
}

/// Where the operators of a function start, with their names.
fn operators(module: &Module, function: u32) -> Vec<(CodePosition, String)> {
    let bytes = &module.inner().bytes;
    let bodies =
        Parser::new(0)
            .parse_all(bytes)
            .filter_map(|payload| match payload.expect("valid") {
                Payload::CodeSectionEntry(body) => Some(body),
                _ => None,
            });
    let defined = (function - module.inner().imported_functions) as usize;
    let body = bodies.into_iter().nth(defined).expect("defined");
    let operators = body
        .get_operators_reader()
        .expect("valid")
        .into_iter_with_offsets();
    operators
        .map(|operator| {
            let (operator, offset): (Operator<'_>, _) = operator.expect("valid");
            let position = CodePosition {
                function,
                wasm_offset: offset as u32,
            };
            let name = format!("{operator:?}");
            (
                position,
                name.split([' ', '{']).next().expect("a name").to_owned(),
            )
        })
        .collect()
}

/// The operators of a function with a name.
fn positions_of(module: &Module, function: u32, name: &str) -> Vec<CodePosition> {
    let operators = operators(module, function).into_iter();
    operators
        .filter(|(_, n)| n == name)
        .map(|(position, _)| position)
        .collect()
}

type Log<E> = Arc<Mutex<Vec<E>>>;

/// Has the debugger note something of each stop, and go on as told.
fn log_stops<T: 'static, E: Send + 'static>(
    store: &mut Store<T>,
    action: DebugAction,
    mut note: impl FnMut(&mut DebugFrame<'_, T>) -> E + Send + 'static,
) -> Log<E> {
    let log = Log::<E>::default();
    let kept = log.clone();
    store.set_debug_handler(Some(Box::new(move |frame| {
        let noted = note(frame);
        kept.lock().unwrap().push(noted);
        action
    })));
    log
}

fn taken<E>(log: &Log<E>) -> Vec<E> {
    std::mem::take(&mut log.lock().unwrap())
}

#[test]
fn a_breakpoint_stops_before_its_operator_with_locals_and_operands() {
    let (mut store, instance) = instance(SUM);
    let module = instance.module(&store);
    let add = positions_of(&module, SUM_FUNCTION, "F64Add")[0];
    store.set_breakpoints(&module, &[add]).unwrap();
    let log = log_stops(&mut store, DebugAction::Continue, |frame| {
        assert_eq!(frame.event(), DebugEvent::Breakpoint);
        (frame.frame(), frame.backtrace().frames.len())
    });
    let outcome = call(&mut store, instance, "sum", &[Val::I32(3)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I64(6)]));
    let stops = taken(&log);
    assert_eq!(stops.len(), 3);
    for (index, (frame, depth)) in stops.into_iter().enumerate() {
        assert_eq!(
            (frame.function, frame.offset as u32),
            (SUM_FUNCTION, add.wasm_offset)
        );
        assert_eq!(depth, 1);
        let half = (index as f64 * 0.5).to_bits();
        let sum = [3, 5, 6][index];
        let locals = [Val::I32(3 - index as i32), Val::I64(sum), Val::F64(half)];
        assert_eq!(frame.locals, locals.map(Some));
        let operands = [Val::I64(40), Val::F64(half), Val::F64(0.5f64.to_bits())];
        assert_eq!(frame.stack, operands.map(Some));
    }
}

#[test]
fn a_breakpoint_behind_a_vector_constant_shows_it() {
    const WAT: &str = r#"(module
      (func (export "run") (param v128) (result v128)
        local.get 0 v128.const i64x2 1 2 v128.xor))"#;
    let (mut store, instance) = instance(WAT);
    let module = instance.module(&store);
    let xor = positions_of(&module, 0, "V128Xor")[0];
    store.set_breakpoints(&module, &[xor]).unwrap();
    let log = log_stops(&mut store, DebugAction::Continue, |frame| {
        frame.frame().stack
    });
    let outcome = call(&mut store, instance, "run", &[Val::V128(7)]).unwrap();
    assert_eq!(outcome, returned(&[Val::V128(2 << 64 | 6)]));
    let operands = [Val::V128(7), Val::V128(2 << 64 | 1)];
    assert_eq!(taken(&log), [operands.map(Some)]);
}

#[test]
fn breakpoints_at_every_operator_trace_the_program() {
    let (mut store, instance) = instance(SUM);
    let module = instance.module(&store);
    let all: Vec<_> = [ADD, SUM_FUNCTION]
        .into_iter()
        .flat_map(|function| operators(&module, function))
        .collect();
    store
        .set_breakpoints(&module, &everywhere(&module))
        .unwrap();
    let log = log_stops(&mut store, DebugAction::Continue, |frame| {
        let frame = frame.frame();
        (frame.function, frame.offset as u32)
    });
    let outcome = call(&mut store, instance, "sum", &[Val::I32(2)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I64(3)]));
    let names: Vec<&str> = taken(&log)
        .into_iter()
        .map(|(function, wasm_offset)| {
            let position = CodePosition {
                function,
                wasm_offset,
            };
            let found = all.iter().find(|(known, _)| *known == position);
            found.expect("stops are at operators").1.as_str()
        })
        .collect();
    let add = ["LocalGet", "LocalGet", "I64Add", "End"];
    let before_call = ["LocalGet", "LocalGet", "I64ExtendI32U", "Call"];
    let behind_call = [
        "LocalSet", "LocalGet", "F64Const", "F64Add", "LocalSet", "LocalGet", "I32Const", "I32Sub",
        "LocalTee", "BrIf",
    ];
    let turn = [&before_call[..], &add, &behind_call].concat();
    let expected = [
        &["I64Const", "Loop"][..],
        &turn,
        &turn,
        &["End", "Drop", "LocalGet", "End"],
    ]
    .concat();
    assert_eq!(names, expected);
}

#[test]
fn a_debugger_changes_locals_and_operands_read_before_keep_their_values() {
    const WAT: &str = r#"(module
      (func (export "run") (param i32 i64 f32 f64 v128 externref)
          (result i32 i32 i64 f32 f64 v128 externref) (local i32)
        local.get 0
        nop
        local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5))"#;
    let (mut store, instance) = instance(WAT);
    let module = instance.module(&store);
    let nop = positions_of(&module, 0, "Nop")[0];
    store.set_breakpoints(&module, &[nop]).unwrap();
    let extern_ref = |token| Val::ExternRef(Some(woodfrog::abi::ExternRef(token)));
    let before = [
        Val::I32(1),
        Val::I64(2),
        Val::F32(3),
        Val::F64(4),
        Val::V128(5 << 100),
        extern_ref(6),
    ];
    let after = [
        Val::I32(-1),
        Val::I64(-2),
        Val::F32(0x7fc0_1234),
        Val::F64(u64::MAX),
        Val::V128(u128::MAX / 3),
        extern_ref(u32::MAX),
    ];
    let log = log_stops(&mut store, DebugAction::Continue, move |frame| {
        assert_eq!(frame.frame().locals[..6], before.map(Some));
        for (local, value) in (0..).zip(after) {
            frame.set_local(local, value).unwrap();
        }
        frame.set_local(6, Val::I32(9)).unwrap();
        let refused = [(7, Val::I32(0)), (0, Val::I64(0))];
        let errors = refused.map(|(local, value)| frame.set_local(local, value).unwrap_err());
        assert_eq!(errors[0], SetLocalError::NoSuchLocal { local: 7, count: 7 });
        assert!(matches!(errors[1], SetLocalError::Type { local: 0, .. }));
        assert_eq!(frame.frame().locals[..6], after.map(Some));
        assert_eq!(frame.frame().locals[6], Some(Val::I32(9)));
        assert_eq!(frame.frame().stack, [Some(Val::I32(1))]);
    });
    let mut expected = vec![Val::I32(1)];
    expected.extend(after);
    assert_eq!(
        call(&mut store, instance, "run", &before).unwrap(),
        returned(&expected)
    );
    assert_eq!(taken(&log).len(), 1);
}

#[test]
fn changing_locals_steers_a_loop_wherever_it_stops() {
    // The same change at each operator of the loop; the first time only.
    let (mut store, instance) = instance(SUM);
    let module = instance.module(&store);
    for (position, name) in operators(&module, SUM_FUNCTION) {
        store.set_breakpoints(&module, &[position]).unwrap();
        let mut is_first = true;
        let _log = log_stops(&mut store, DebugAction::Continue, move |frame| {
            if std::mem::take(&mut is_first) {
                frame.set_local(1, Val::I64(1 << 40)).unwrap();
            }
        });
        let outcome = call(&mut store, instance, "sum", &[Val::I32(4)]).unwrap();
        let Outcome::Returned(values) = outcome else {
            panic!("{outcome:?}")
        };
        let Val::I64(sum) = values[0] else {
            panic!("{values:?}")
        };
        // What the loop adds afterwards depends on where it was; the change is seen unless
        // the sum is about to be overwritten, or has been read.
        let is_lost = matches!(
            name.as_str(),
            "LocalGet" | "I64ExtendI32U" | "Call" | "LocalSet" | "End"
        );
        assert!(sum >= 1 << 40 || is_lost, "{name} at {position:?}: {sum}");
        assert!(sum <= (1 << 40) + 10, "{name} at {position:?}: {sum}");
    }
}

#[test]
fn single_steps_go_from_header_to_header_and_end_when_told() {
    let (mut store, instance) = instance(SUM);
    let module = instance.module(&store);
    let log = log_stops(&mut store, DebugAction::Step, |frame| {
        assert_eq!(frame.event(), DebugEvent::Step);
        let frame = frame.frame();
        (frame.function, frame.locals[0])
    });
    store.set_single_step(true);
    let three = [Val::I32(3)];
    assert_eq!(
        call(&mut store, instance, "sum", &three).unwrap(),
        returned(&[Val::I64(6)])
    );
    let sum = |n| (SUM_FUNCTION, Some(Val::I32(n)));
    let add = |n| (ADD, Some(Val::I64(n)));
    let expected = [sum(3), sum(3), add(0), sum(2), add(3), sum(1), add(5)];
    assert_eq!(taken(&log), expected);
    // One step, then on to the end.
    let log = log_stops(&mut store, DebugAction::Continue, |frame| {
        frame.frame().function
    });
    assert_eq!(
        call(&mut store, instance, "sum", &three).unwrap(),
        returned(&[Val::I64(6)])
    );
    assert_eq!(taken(&log), [SUM_FUNCTION]);
    // No step without being asked for.
    assert_eq!(
        call(&mut store, instance, "sum", &three).unwrap(),
        returned(&[Val::I64(6)])
    );
    assert!(taken(&log).is_empty());
    // Parameters can be changed at a header, other locals do not exist yet.
    store.set_single_step(true);
    let log = log_stops(&mut store, DebugAction::Continue, |frame| {
        frame.set_local(0, Val::I32(4)).unwrap();
        frame.set_local(1, Val::I64(0))
    });
    assert_eq!(
        call(&mut store, instance, "sum", &three).unwrap(),
        returned(&[Val::I64(10)])
    );
    assert_eq!(taken(&log), [Err(SetLocalError::NotYetThere { local: 1 })]);
    drop(module);
}

#[test]
fn a_debugger_suspends_the_store_which_freezes_and_thaws() {
    let program = Program::new(SUM);
    let mut store = Store::new(&program.engine, ());
    let instance = program
        .linker
        .instantiate(&mut store, &program.modules[0])
        .unwrap();
    let add = positions_of(&program.modules[0], SUM_FUNCTION, "F64Add")[0];
    store.set_breakpoints(&program.modules[0], &[add]).unwrap();
    let log = log_stops(&mut store, DebugAction::Suspend, |frame| {
        frame.frame().locals[0]
    });
    let mut outcome = call(&mut store, instance, "sum", &[Val::I32(5)]).unwrap();
    let mut suspensions = 0;
    while outcome == Outcome::Suspended {
        suspensions += 1;
        // Breakpoints are not the image's; neither is the version with them.
        store = program.freeze_and_thaw(store);
        let log = log.clone();
        store.set_breakpoints(&program.modules[0], &[add]).unwrap();
        store.set_debug_handler(Some(Box::new(move |frame| {
            log.lock().unwrap().push(frame.frame().locals[0]);
            DebugAction::Suspend
        })));
        outcome = store.resume().unwrap();
    }
    assert_eq!(outcome, returned(&[Val::I64(15)]));
    // The last request comes when no suspend point is left.
    assert_eq!(suspensions, 4);
    let expected: Vec<_> = (1..=5).rev().map(|n| Some(Val::I32(n))).collect();
    assert_eq!(taken(&log), expected);
}

#[test]
fn breakpoints_can_be_set_and_cleared_at_every_suspend_point() {
    let (mut store, instance) = instance(SUM);
    let module = instance.module(&store);
    let all = everywhere(&module);
    let log = log_stops(&mut store, DebugAction::Continue, |_| ());
    store.set_freeze_every(NonZeroU64::new(1));
    let mut outcome = call(&mut store, instance, "sum", &[Val::I32(6)]).unwrap();
    let mut suspensions = 0;
    while outcome == Outcome::Suspended {
        let breakpoints = match suspensions % 3 {
            0 => &all[..],
            1 => &[],
            _ => &all[..3],
        };
        store.set_breakpoints(&module, breakpoints).unwrap();
        suspensions += 1;
        outcome = store.resume().unwrap();
    }
    assert_eq!(outcome, returned(&[Val::I64(21)]));
    assert!(suspensions > 6);
    assert!(taken(&log).len() > 20);
    // Three sets of breakpoints, of which the empty one is the first version's.
    assert_eq!(module.versions().count(), 3);
}

#[test]
fn breakpoints_hold_below_host_functions_and_in_later_instances() {
    const WAT: &str = r#"(module
      (import "host" "inner" (func $inner (result i32)))
      (func (export "leaf") (result i32) (local i32)
        i32.const 5 local.set 0 nop local.get 0)
      (func (export "run") (result i32) call $inner))"#;
    let engine = engine();
    let module = module(&engine, WAT);
    let mut linker = Linker::<()>::new();
    let ty = FuncType::new([], [ValType::I32]);
    linker.func_new("host", "inner", ty, |mut caller, _, results| {
        let leaf = caller.get_export("leaf").unwrap().into_func().unwrap();
        let Outcome::Returned(values) = leaf.call(&mut caller, &[])? else {
            panic!("suspended below a host function")
        };
        results.copy_from_slice(&values);
        Ok(())
    });
    let mut store = Store::new(&engine, ());
    let nop = positions_of(&module, 1, "Nop")[0];
    store.set_breakpoints(&module, &[nop]).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let log = log_stops(&mut store, DebugAction::Suspend, |frame| {
        frame.set_local(0, Val::I32(8)).unwrap();
        let names = frame
            .backtrace()
            .frames
            .into_iter()
            .map(|frame| frame.name.unwrap());
        names.collect::<Vec<_>>()
    });
    // The request to suspend waits until the host function has returned.
    assert_eq!(
        call(&mut store, instance, "run", &[]).unwrap(),
        Outcome::Suspended
    );
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(8)]));
    assert_eq!(taken(&log), [["leaf", "run"]]);
}

#[test]
fn a_position_that_is_no_operator_is_refused_and_changes_nothing() {
    let (mut store, instance) = instance(SUM);
    let module = instance.module(&store);
    let good = positions_of(&module, SUM_FUNCTION, "F64Add")[0];
    store.set_breakpoints(&module, &[good]).unwrap();
    let log = log_stops(&mut store, DebugAction::Continue, |_| ());
    let bad = [
        CodePosition {
            wasm_offset: good.wasm_offset - 1,
            ..good
        },
        CodePosition {
            wasm_offset: 0,
            ..good
        },
        CodePosition {
            wasm_offset: u32::MAX,
            ..good
        },
        CodePosition {
            function: 2,
            ..good
        },
    ];
    for position in bad {
        let error = store
            .set_breakpoints(&module, &[good, position])
            .unwrap_err();
        assert!(
            matches!(error, BreakpointError::NotAnOperator(p) if p == position),
            "{error}"
        );
    }
    call(&mut store, instance, "sum", &[Val::I32(2)]).unwrap();
    assert_eq!(taken(&log).len(), 2);
}

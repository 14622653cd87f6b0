//! Values of 128 bits wherever a value can be, frozen at every suspend point.

use crate::harness::{Program, call, engine, instance, module, returned, trapped};
use std::fmt::Write as _;
use std::num::NonZeroU64;
use woodfrog::abi::{FuncType, TrapCode, Val, ValType};
use woodfrog::compile::{CompileOptions, RegisterCache};
use woodfrog::module::GlobalType;
use woodfrog::runtime::{Global, GlobalError, Linker, Outcome, Store, SuspendedFrame, VersionId};

/// A number of which each half, and each quarter, differs from that of other numbers.
fn bits(n: u64) -> u128 {
    let low = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0123_4567_89ab_cdef;
    let high = n.wrapping_mul(0xd134_2543_de82_ef95) ^ 0xfedc_ba98_7654_3210;
    u128::from(high) << 64 | u128::from(low)
}

fn vector(n: u64) -> Val {
    Val::V128(bits(n))
}

/// `v128.const` in the text format.
fn constant(bits: u128) -> String {
    format!("v128.const i64x2 {:#x} {:#x}", bits as u64, bits >> 64)
}

/// Asserts that a call has the same result frozen and thawed at suspend points, and with
/// every frame moved to other code at each, which keeps nothing in registers.
fn check(program: &Program<()>, name: &str, args: &[Val], expected: &[Val]) {
    program.check((), name, args, expected);
    let options = CompileOptions {
        cache: RegisterCache::Nothing,
        ..CompileOptions::default()
    };
    let module = &program.modules[0];
    let in_frame = module.add_version(&options).unwrap();
    let mut store = Store::new(&program.engine, ());
    let instance = program.linker.instantiate(&mut store, module).unwrap();
    store.set_freeze_every(NonZeroU64::new(1));
    let mut outcome = call(&mut store, instance, name, args).unwrap();
    while outcome == Outcome::Suspended {
        let swapped = |frame: &SuspendedFrame| match frame.version {
            Some(VersionId::FIRST) => in_frame,
            _ => VersionId::FIRST,
        };
        store.move_frames(swapped).unwrap();
        outcome = store.resume().unwrap();
    }
    assert_eq!(outcome, returned(expected), "moved at every point");
}

#[test]
fn parameters_and_results_in_registers_and_on_the_stack() {
    // Eight v128 parameters come in registers, three on the stack, between integers there.
    let params = "(param v128 i32 v128 v128 v128 i64 v128 v128 v128 v128 i32 i32 i32 i32 i64 v128 i32 v128 f64 v128)";
    let results = "(result v128 i32 v128 i64 v128 f64 v128 v128)";
    let wat = format!(
        r#"(module
          (type $t (func {params} {results}))
          (table 1 funcref) (elem (i32.const 0) $shuffle)
          (func $shuffle (type $t)
            local.get 19 local.get 16 local.get 0 local.get 14 local.get 15 local.get 18
            local.get 9 local.get 17)
          (func (export "direct") (type $t)
            {arguments} call $shuffle)
          (func (export "indirect") (type $t)
            {arguments} i32.const 0 call_indirect (type $t))
          (func (export "twice") (type $t) (local v128 v128 v128 v128)
            {arguments} call $shuffle
            local.set 20 local.set 21 local.set 18 local.set 22 local.set 14 local.set 23
            local.set 16 local.set 19
            {arguments} call $shuffle))"#,
        arguments = (0..20)
            .map(|index| format!("local.get {index} "))
            .collect::<String>(),
    );
    let program = Program::new(&wat);
    let args = [
        vector(0),
        Val::I32(1),
        vector(2),
        vector(3),
        vector(4),
        Val::I64(5),
        vector(6),
        vector(7),
        vector(8),
        vector(9),
        Val::I32(10),
        Val::I32(11),
        Val::I32(12),
        Val::I32(13),
        Val::I64(14),
        vector(15),
        Val::I32(16),
        vector(17),
        Val::F64(0x7ff0_0000_0000_0012),
        vector(19),
    ];
    let expected = [19, 16, 0, 14, 15, 18, 9, 17].map(|index| args[index]);
    for name in ["direct", "indirect", "twice"] {
        check(&program, name, &args, &expected);
    }
}

#[test]
fn more_locals_than_registers_in_a_loop_with_calls() {
    const LOCALS: usize = 12;
    let mut body = String::new();
    for k in 0..LOCALS {
        let next = (k + 1) % LOCALS;
        let _ = writeln!(
            body,
            "local.get {k} local.get {next} v128.xor local.set {k}"
        );
    }
    let locals = "v128 ".repeat(LOCALS);
    let results: String = (0..LOCALS).map(|k| format!("local.get {k} ")).collect();
    let with = |call: &str| {
        let wat = format!(
            r#"(module
              (func $flip (param v128) (result v128) local.get 0 {ones} v128.xor)
              (func (export "run") (param {locals} i32) (result {locals}) (local v128)
                loop
                  {body}
                  {call}
                  local.get {LOCALS} i32.const 1 i32.sub local.tee {LOCALS} br_if 0
                end
                {results}))"#,
            ones = constant(u128::MAX),
        );
        Program::new(&wat)
    };
    let turns = 5;
    let args: Vec<Val> = (0..LOCALS as u64)
        .map(vector)
        .chain([Val::I32(turns)])
        .collect();
    for (text, flips) in [("", false), ("local.get 3 call $flip local.set 3", true)] {
        let mut values: Vec<u128> = (0..LOCALS as u64).map(bits).collect();
        for _ in 0..turns {
            for k in 0..LOCALS {
                values[k] ^= values[(k + 1) % LOCALS];
            }
            if flips {
                values[3] = !values[3];
            }
        }
        let expected: Vec<Val> = values.into_iter().map(Val::V128).collect();
        check(&with(text), "run", &args, &expected);
    }
}

#[test]
fn locals_begin_as_zero() {
    // Few are zeroed one by one, many in a loop, with integers between them.
    for count in [3, 40] {
        let locals = "i32 v128 ".repeat(count);
        let gets: String = (0..count)
            .map(|k| format!("local.get {} v128.or ", 2 * k + 2))
            .collect();
        let wat = format!(
            r#"(module
              (func $leave_traces (param i32) (result v128) (local v128 v128)
                {ones} local.tee 1 local.tee 2
                local.get 0
                if (result v128)
                  local.get 0 i32.const 1 i32.sub call $leave_traces
                else
                  {ones}
                end
                v128.and local.get 1 v128.and local.get 2 v128.and)
              (func $zeros (param v128) (result v128) (local {locals})
                local.get 0 {gets})
              (func (export "run") (param v128) (result v128 v128)
                i32.const 30 call $leave_traces
                local.get 0 call $zeros))"#,
            ones = constant(u128::MAX),
        );
        let program = Program::new(&wat);
        let expected = [Val::V128(u128::MAX), vector(1)];
        check(&program, "run", &[vector(1)], &expected);
    }
}

#[test]
fn blocks_loops_and_branches_bring_vectors() {
    let program = Program::new(
        r#"(module
          (func $id (param v128) (result v128) local.get 0)
          ;; Values below, of other sizes, that a branch drops.
          (func (export "table") (param i32 v128 i64 v128) (result v128 i64 v128)
            block (result v128 i64 v128)
              block (result v128 i64 v128)
                block (result v128 i64 v128)
                  local.get 3
                  i32.const 7
                  local.get 1 call $id
                  local.get 2
                  local.get 3 call $id
                  local.get 0
                  br_table 0 1 2
                end
                drop drop drop
                local.get 3 local.get 2 local.get 1
                br 1
              end
              i64.const 5 br_if_not_zero
            end)
          (func (export "loop") (param i32 v128 v128) (result v128 i32 v128)
            local.get 1 local.get 0 local.get 2
            loop (param v128 i32 v128) (result v128 i32 v128)
              local.set 1
              local.set 0
              call $id
              local.set 2
              local.get 1
              local.get 0 i32.const 1 i32.sub local.tee 0
              local.get 2
              local.get 0
              br_if 0
            end)
          (func (export "if") (param i32 v128 v128) (result v128 v128)
            local.get 1 local.get 2
            local.get 0
            if (param v128 v128) (result v128 v128)
              call $id local.set 1
              call $id local.get 1
              v128.and
              local.get 1
            else
              v128.xor
              local.get 2
            end)
          (func (export "select") (param v128 v128 i32) (result v128 v128)
            local.get 0 local.get 1 local.get 2 select
            local.get 1 call $id local.get 0 call $id local.get 2 i32.eqz
            select (result v128)))"#
            .replace("i64.const 5 br_if_not_zero", "i32.const 1 br_if 0")
            .as_str(),
    );
    let (a, b, n) = (vector(1), vector(2), Val::I64(-3));
    for (index, expected) in [(0, [b, n, a]), (1, [a, n, b]), (2, [a, n, b])] {
        check(&program, "table", &[Val::I32(index), a, n, b], &expected);
    }
    for turns in 1..=4 {
        let (first, last) = if turns % 2 == 0 { (a, b) } else { (b, a) };
        let args = [Val::I32(turns), a, b];
        check(&program, "loop", &args, &[first, Val::I32(0), last]);
    }
    let both = Val::V128(bits(1) & bits(2));
    check(&program, "if", &[Val::I32(1), a, b], &[both, b]);
    let either = Val::V128(bits(1) ^ bits(2));
    check(&program, "if", &[Val::I32(0), a, b], &[either, b]);
    check(&program, "select", &[a, b, Val::I32(1)], &[a, a]);
    check(&program, "select", &[a, b, Val::I32(0)], &[b, b]);
}

#[test]
fn operands_wait_in_slots_below_calls_and_loops() {
    // More vectors than registers, with narrower values between them.
    const COUNT: usize = 20;
    let mut push = String::new();
    let mut pop = String::new();
    for k in 0..COUNT as u64 {
        let _ = writeln!(push, "{} i32.const {k} call $number", constant(bits(k)));
        if k % 3 == 0 {
            let _ = writeln!(push, "local.get 0 call $id i64.const {k} drop drop");
        }
    }
    for _ in 0..COUNT {
        let _ = writeln!(
            pop,
            "local.get 1 i32.add local.set 1 local.get 2 v128.xor call $id local.set 2"
        );
    }
    let wat = format!(
        r#"(module
          (func $id (param v128) (result v128) local.get 0)
          (func $number (param i32) (result i32) local.get 0)
          (func (export "run") (param v128) (result i32 v128) (local i32 v128)
            {push}
            loop
              local.get 1 i32.const 1 i32.add local.tee 1 i32.const 3 i32.lt_u br_if 0
            end
            {pop}
            local.get 1 local.get 2))"#
    );
    let numbers: i32 = (0..COUNT as i32).sum();
    let all = (0..COUNT as u64).fold(0, |all, k| all ^ bits(k));
    let expected = [Val::I32(3 + numbers), Val::V128(all)];
    check(&Program::new(&wat), "run", &[vector(99)], &expected);
}

#[test]
fn deep_frames_keep_vectors_in_every_home() {
    let wat = format!(
        r#"(module
          (func $down (export "down") (param i32 v128) (result v128) (local v128)
            local.get 1 {c} v128.xor local.set 2
            local.get 0 i32.eqz
            if (result v128)
              local.get 1
            else
              local.get 2
              local.get 1
              local.get 0 i32.const 1 i32.sub
              local.get 1 {d} v128.xor
              call $down
              v128.xor
              local.get 2 v128.and
              v128.or
            end))"#,
        c = constant(bits(7)),
        d = constant(bits(8)),
    );
    fn down(depth: u32, value: u128) -> u128 {
        let other = value ^ bits(7);
        match depth {
            0 => value,
            _ => other | ((value ^ down(depth - 1, value ^ bits(8))) & other),
        }
    }
    let program = Program::new(&wat);
    let expected = [Val::V128(down(40, bits(1)))];
    check(&program, "down", &[Val::I32(40), vector(1)], &expected);
    let args = [Val::I32(2000), vector(1)];
    let (result, freezes, _) = program.run_frozen((), "down", &args, NonZeroU64::new(700));
    let expected = [Val::V128(down(2000, bits(1)))];
    assert_eq!(result.unwrap(), returned(&expected));
    assert_eq!(freezes, 2);
}

#[test]
fn host_functions_take_and_return_vectors() {
    let engine = engine();
    let params = [
        vec![ValType::V128; 9],
        vec![ValType::I32],
        vec![ValType::V128],
    ]
    .concat();
    let results = [ValType::V128, ValType::I32, ValType::V128, ValType::V128];
    let list = |types: &[ValType]| types.iter().map(|ty| format!("{ty} ")).collect::<String>();
    let wat = format!(
        r#"(module
          (import "host" "last" (func $last (param {params}) (result {results})))
          (func (export "run") (param {params}) (result {results} v128) (local v128)
            local.get 3 local.set 11
            {arguments} call $last
            local.get 11))"#,
        params = list(&params),
        results = list(&results),
        arguments = (0..11)
            .map(|index| format!("local.get {index} "))
            .collect::<String>(),
    );
    let mut linker = Linker::<()>::new();
    let ty = FuncType::new(params, results);
    linker.func_new("host", "last", ty, |_, args, results| {
        results.copy_from_slice(&[args[10], args[9], args[8], args[0]]);
        Ok(())
    });
    let program = Program {
        modules: vec![module(&engine, &wat)],
        engine,
        linker,
    };
    let args: Vec<Val> = (0..11)
        .map(|k| if k == 9 { Val::I32(-9) } else { vector(k) })
        .collect();
    let expected = [args[10], args[9], args[8], args[0], args[3]];
    check(&program, "run", &args, &expected);
}

#[test]
fn traps_tell_every_vector() {
    let wat = format!(
        r#"(module (memory 1)
          (func $fault (param v128 i32 v128) (local v128)
            {c} local.set 3
            local.get 2
            i64.const 5
            {d}
            local.get 1 {d} v128.store
            drop drop drop)
          (func (export "run") (param v128 i32) (local v128)
            loop
              local.get 0 local.get 0 {c} v128.xor local.tee 2 drop
              drop
            end
            {c}
            local.get 0 local.get 1 local.get 2 call $fault
            drop))"#,
        c = constant(bits(5)),
        d = constant(bits(6)),
    );
    let (mut store, instance) = instance(&wat);
    let fits = [vector(1), Val::I32(65520)];
    assert_eq!(
        call(&mut store, instance, "run", &fits).unwrap(),
        returned(&[])
    );
    for address in [65521, 65535, -1] {
        let args = [vector(1), Val::I32(address)];
        let trap = trapped(call(&mut store, instance, "run", &args));
        assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
        let [fault, run] = &trap.backtrace.frames[..] else {
            panic!("{} frames", trap.backtrace.frames.len());
        };
        let mixed = Val::V128(bits(1) ^ bits(5));
        let locals = [vector(1), Val::I32(address), mixed, vector(5)];
        assert_eq!(fault.locals, locals.map(Some));
        assert_eq!(fault.stack, [mixed, Val::I64(5), vector(6)].map(Some));
        assert_eq!(run.locals, [vector(1), Val::I32(address), mixed].map(Some));
        assert_eq!(run.stack, [Some(vector(5))]);
    }
}

#[test]
fn globals_hold_vectors() {
    let engine = engine();
    let wat = format!(
        r#"(module
          (import "host" "fixed" (global $fixed v128))
          (import "host" "shared" (global $shared (mut v128)))
          (global $own (export "own") (mut v128) ({c}))
          (global $copy (export "copy") v128 (global.get $fixed))
          (func (export "turn") (result v128)
            loop
              global.get $shared global.get $own global.set $shared global.set $own
              global.get $own global.get $copy v128.xor global.set $own
            end
            global.get $own))"#,
        c = constant(bits(3)),
    );
    let modules = vec![module(&engine, &wat)];
    for n in [0, 1] {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::<()>::new();
        let ty = |is_mutable| GlobalType {
            value: ValType::V128,
            is_mutable,
        };
        let fixed = Global::new(&mut store, ty(false), vector(1)).unwrap();
        let shared = Global::new(&mut store, ty(true), vector(2)).unwrap();
        linker.define("host", "fixed", fixed);
        linker.define("host", "shared", shared);
        let instance = linker.instantiate(&mut store, &modules[0]).unwrap();
        assert_eq!(
            shared.set(&mut store, Val::I64(1)),
            Err(GlobalError::Type {
                expected: ValType::V128,
                given: ValType::I64
            })
        );
        shared.set(&mut store, vector(9)).unwrap();
        store.set_freeze_every(NonZeroU64::new(n));
        let mut outcome = call(&mut store, instance, "turn", &[]).unwrap();
        let program = Program {
            engine: engine.clone(),
            linker: Linker::new(),
            modules: modules.clone(),
        };
        while outcome == Outcome::Suspended {
            store = program.freeze_and_thaw(store);
            store.set_freeze_every(NonZeroU64::new(n));
            outcome = store.resume().unwrap();
        }
        let own = Val::V128(bits(9) ^ bits(1));
        assert_eq!(outcome, returned(&[own]));
        let instance = store.instances().next().unwrap();
        let get = |name| instance.get_global(&store, name).unwrap().get(&store);
        assert_eq!((get("own"), get("copy")), (own, vector(1)));
    }
}

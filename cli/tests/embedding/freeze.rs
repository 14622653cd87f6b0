//! Freezing at every suspend point, and thawing in fresh memory.

use crate::harness::{Program, engine, module, returned};
use std::num::NonZeroU64;
use woodfrog::abi::{FuncType, Val, ValType};
use woodfrog::runtime::{Linker, Outcome, Store};

#[test]
fn loops_and_recursion_with_values_of_all_types() {
    let program = Program::new(
        r#"(module
          (func $fib (export "fib") (param i32) (result i32)
            local.get 0 i32.const 2 i32.lt_s
            if (result i32) local.get 0
            else
              local.get 0 i32.const 1 i32.sub call $fib
              local.get 0 i32.const 2 i32.sub call $fib
              i32.add
            end)
          (func (export "sum") (param i64 f64 f32 i32) (result i64 f64 f32 i32)
            (local i64 f64 f32 i32)
            loop
              local.get 4 local.get 0 i64.add local.set 4
              local.get 5 local.get 1 f64.add local.set 5
              local.get 6 local.get 2 f32.add local.set 6
              local.get 7 local.get 3 i32.add local.set 7
              local.get 0 i64.const 1 i64.sub local.tee 0
              i64.const 0 i64.ne br_if 0
            end
            local.get 4 local.get 5 local.get 6 local.get 7))"#,
    );
    program.check((), "fib", &[Val::I32(8)], &[Val::I32(21)]);
    let args = [
        Val::I64(20),
        Val::F64(0.5f64.to_bits()),
        Val::F32(0.25f32.to_bits()),
        Val::I32(-3),
    ];
    let expected = [
        Val::I64(210),
        Val::F64(10f64.to_bits()),
        Val::F32(5f32.to_bits()),
        Val::I32(-60),
    ];
    program.check((), "sum", &args, &expected);
}

#[test]
fn operands_across_loops_calls_and_blocks() {
    let program = Program::new(
        r#"(module
          (func $id (param i64) (result i64) local.get 0)
          (func (export "run") (param i64 i64) (result i64)
            (local i64)
            local.get 0 i64.const 1000 i64.mul
            f64.const 2.5
            local.get 1
            loop (param i64) (result i64)
              i64.const 1 i64.add
              local.get 2 i64.const 1 i64.add local.tee 2
              call $id drop
              local.get 2 i64.const 5 i64.lt_u
              br_if 0
            end
            call $id
            local.set 2
            i64.trunc_f64_s
            i64.add
            local.get 2 i64.add))"#,
    );
    let args = [Val::I64(3), Val::I64(10)];
    program.check((), "run", &args, &[Val::I64(3017)]);
}

#[test]
fn many_parameters_and_results_on_the_stack() {
    let program = Program::new(
        r#"(module
          (func $mix (param i32 f32 i64 f64 i32 i32 i32 i32 i32 i64 f32)
            (result f32 i64 i32 f64 i64)
            local.get 10 local.get 9 local.get 0 local.get 3 local.get 2)
          (func (export "run") (param i32 f32 i64 f64 i32 i32 i32 i32 i32 i64 f32)
            (result f32 i64 i32 f64 i64)
            local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 local.get 5
            local.get 6 local.get 7 local.get 8 local.get 9 local.get 10
            call $mix))"#,
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
    let expected = [args[10], args[9], args[0], args[3], args[2]];
    program.check((), "run", &args, &expected);
}

#[test]
fn memories_globals_tables_and_segments_survive() {
    let program = Program::new(
        r#"(module
          (type $f (func (param i64) (result i64)))
          (memory (export "memory") 1 10)
          (global $g (mut i64) (i64.const 5))
          (global $e (mut externref) (ref.null extern))
          (table $t 4 10 funcref)
          (elem $passive func $double $inc)
          (data $bytes "abcdefgh")
          (func $double (type $f) local.get 0 i64.const 2 i64.mul)
          (func $inc (type $f) local.get 0 i64.const 1 i64.add)
          (func $nop (export "nop") loop end)
          (func (export "run") (param externref) (result i64 externref i32)
            local.get 0 global.set $e
            call $nop
            i32.const 1 i32.const 0 i32.const 2 table.init $t $passive
            elem.drop $passive
            call $nop
            ref.null func i32.const 2 table.grow $t drop
            call $nop
            i32.const 8 memory.grow drop
            i32.const 500000 i32.const 0 i32.const 8 memory.init $bytes
            data.drop $bytes
            call $nop
            i32.const 500000 i64.load
            call $nop
            i32.const 1 call_indirect (type $f)
            i32.const 2 call_indirect (type $f)
            global.get $g i64.add
            global.set $g
            call $nop
            global.get $g global.get $e
            table.size $t memory.size i32.add))"#,
    );
    let token = Val::ExternRef(Some(woodfrog::abi::ExternRef(77)));
    let word = u64::from_le_bytes(*b"abcdefgh")
        .wrapping_mul(2)
        .wrapping_add(6) as i64;
    program.check((), "run", &[token], &[Val::I64(word), token, Val::I32(15)]);
}

#[test]
fn bulk_operations_are_interrupted_between_chunks() {
    let program = Program::new(
        r#"(module
          (memory (export "memory") 16)
          (func (export "run") (result i32 i32 i32 i32)
            i32.const 1000 i32.const 0x5a i32.const 300000 memory.fill
            i32.const 1000 i32.const 1 i32.store8
            i32.const 300999 i32.const 2 i32.store8
            ;; overlapping, upwards and downwards
            i32.const 1500 i32.const 1000 i32.const 300000 memory.copy
            i32.const 200 i32.const 1500 i32.const 300000 memory.copy
            i32.const 200 i32.load8_u
            i32.const 300199 i32.load8_u
            i32.const 300198 i32.load8_u
            i32.const 301499 i32.load8_u))"#,
    );
    let expected = [1, 2, 0x5a, 2].map(Val::I32);
    program.check((), "run", &[], &expected);
    let (_, freezes, _) = program.run_frozen((), "run", &[], NonZeroU64::new(1));
    assert!(freezes >= 3 * 4, "{freezes}");
}

#[test]
fn host_calls_with_results_and_state() {
    let engine = engine();
    let wat = r#"(module
      (import "host" "next" (func $next (param i64 i32) (result f64 i32 i64)))
      (func (export "run") (param i64) (result i64) (local f64 i32)
        local.get 0
        local.get 0 i32.const 1 call $next
        local.set 0 local.set 2 local.set 1
        local.get 0 i64.add
        local.get 2 i64.extend_i32_s i64.add
        local.get 1 i64.trunc_f64_s i64.add
        local.get 0 i32.const 2 call $next
        i64.add_drop))"#
        .replace("i64.add_drop", "local.set 0 drop drop local.get 0 i64.add");
    let modules = vec![module(&engine, &wat)];
    let mut linker = Linker::<u32>::new();
    let ty = FuncType::new(
        [ValType::I64, ValType::I32],
        [ValType::F64, ValType::I32, ValType::I64],
    );
    linker.func_new("host", "next", ty, |mut caller, args, results| {
        *caller.data_mut() += 1;
        results[0] = Val::F64(1000f64.to_bits());
        results[1] = Val::I32(100);
        results[2] = args[0];
        Ok(())
    });
    let program = Program {
        engine,
        linker,
        modules,
    };
    program.check(0, "run", &[Val::I64(1)], &[Val::I64(1103)]);
    let (_, _, store) = program.run_frozen(0, "run", &[Val::I64(1)], NonZeroU64::new(1));
    assert_eq!(*store.data(), 2);
}

#[test]
fn deep_recursion_thaws() {
    let program = Program::new(
        r#"(module
          (func $down (export "down") (param i32) (result i32)
            local.get 0 i32.eqz
            if (result i32) i32.const 0
            else local.get 0 local.get 0 i32.const 1 i32.sub call $down i32.add end))"#,
    );
    let (result, freezes, _) =
        program.run_frozen((), "down", &[Val::I32(10_000)], NonZeroU64::new(4_000));
    assert_eq!(result.unwrap(), returned(&[Val::I32(50_005_000)]));
    assert_eq!(freezes, 2);
}

#[test]
fn several_instances_share_what_they_import() {
    let engine = engine();
    let library = module(
        &engine,
        r#"(module
          (memory (export "memory") 1)
          (global (export "count") (mut i32) (i32.const 0))
          (table (export "table") 2 funcref)
          (func $step (export "step") (param i32) (result i32)
            loop
              i32.const 0 i32.const 0 i32.load local.get 0 i32.add i32.store
              local.get 0 i32.const 1 i32.sub local.tee 0
              br_if 0
            end
            i32.const 0 i32.load)
          (elem (i32.const 0) $step))"#,
    );
    let main = module(
        &engine,
        r#"(module
          (type $t (func (param i32) (result i32)))
          (import "lib" "memory" (memory 1))
          (import "lib" "count" (global $count (mut i32)))
          (import "lib" "table" (table 2 funcref))
          (import "lib" "step" (func $step (type $t)))
          (memory $own 1)
          (func (export "run") (result i32)
            i32.const 4 call $step
            i32.const 5 i32.const 0 call_indirect (type $t)
            i32.add
            global.get $count i32.const 1 i32.add global.set $count
            global.get $count i32.add
            i32.const 0 i32.load i32.add))"#
            .replace("(memory $own 1)", "")
            .as_str(),
    );
    let modules = vec![library, main];
    for n in [0, 1, 2, 3] {
        let n = NonZeroU64::new(n);
        let mut linker = Linker::<()>::new();
        let mut store = Store::new(&engine, ());
        let library = linker.instantiate(&mut store, &modules[0]).unwrap();
        linker.instance(&store, "lib", library);
        let main = linker.instantiate(&mut store, &modules[1]).unwrap();
        store.set_freeze_every(n);
        let program = Program {
            engine: engine.clone(),
            linker: Linker::new(),
            modules: modules.clone(),
        };
        let run = main.get_func(&store, "run").unwrap();
        let mut outcome = run.call(&mut store, &[]).unwrap();
        let mut freezes = 0;
        while outcome == Outcome::Suspended {
            freezes += 1;
            store = program.freeze_and_thaw(store);
            store.set_freeze_every(n);
            outcome = store.resume().unwrap();
        }
        assert_eq!(outcome, returned(&[Val::I32(10 + 25 + 1 + 25)]));
        assert!(n.is_none() || freezes > 1);
        let library = store.instances().next().unwrap();
        let count = library.get_global(&store, "count").unwrap();
        assert_eq!(count.get(&store), Val::I32(1));
    }
}

#[test]
fn an_idle_store_thaws_and_can_be_called() {
    let program = Program::new(
        r#"(module (global (export "g") (mut i32) (i32.const 1))
          (func (export "next") (result i32)
            global.get 0 i32.const 1 i32.add global.set 0 global.get 0))"#,
    );
    let mut store = Store::new(&program.engine, ());
    let instance = program
        .linker
        .instantiate(&mut store, &program.modules[0])
        .unwrap();
    crate::harness::call(&mut store, instance, "next", &[]).unwrap();
    let mut store = program.freeze_and_thaw(store);
    let instance = store.instances().next().unwrap();
    let outcome = crate::harness::call(&mut store, instance, "next", &[]).unwrap();
    assert_eq!(outcome, returned(&[Val::I32(3)]));
}

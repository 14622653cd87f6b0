//! Tail calls: chains of functions with few and many parameters, frozen anywhere.

use crate::harness::{Program, call, engine, instance, module, returned, trapped};
use std::fmt::Write;
use std::num::NonZeroU64;
use woodfrog::abi::{FuncType, TrapCode, Val, ValType};
use woodfrog::runtime::{Linker, Outcome, Store};

/// How many parameters the functions of a chain have.
const ARITIES: [usize; 5] = [0, 1, 7, 20, 100];

/// Functions of a chain: of each arity in each of two instances.
const FUNCTIONS: u64 = 2 * ARITIES.len() as u64;

/// Numbers of steps that visit all pairs of functions directly and by table.
const ALL_PAIRS: i64 = 250;

/// Type of a parameter of the functions with some arity.
fn param(arity: usize, index: usize) -> &'static str {
    ["i32", "f64", "i64", "f32", "v128", "i64"][(index + arity) % 6]
}

/// From where argument `index` comes, and whether it comes as it is.
fn source(from: usize, to: usize, index: usize) -> Option<(usize, bool)> {
    let source = (5 * index + 3).checked_rem(from)?;
    let is_plain = !index.is_multiple_of(3) && param(from, source) == param(to, index);
    Some((source, is_plain))
}

/// Which function comes when so many steps remain.
fn next(remaining: u64) -> u64 {
    (remaining * 7 + remaining / 10 + remaining / 100 + 3) % FUNCTIONS
}

fn constant(ty: &str, value: usize) -> String {
    match ty {
        "v128" => format!("(v128.const i64x2 {} {value}) ", value + 9),
        _ => format!("({ty}.const {value}) "),
    }
}

fn to_i64(ty: &str) -> &str {
    match ty {
        "i32" => "i64.extend_i32_s",
        "f32" => "i64.trunc_f32_s",
        "f64" => "i64.trunc_f64_s",
        "v128" => "call $high",
        _ => "",
    }
}

fn from_i64(ty: &str) -> &str {
    match ty {
        "i32" => "i32.wrap_i64",
        "f32" => "f32.convert_i64_s",
        "f64" => "f64.convert_i64_s",
        "v128" => "call $both",
        _ => "",
    }
}

/// One of two instances, which share a counter and a table of all functions; the
/// second calls those of the first by import, too.
fn chain(number: usize) -> String {
    let mut wat = String::from("(module\n");
    for arity in ARITIES {
        let params: Vec<_> = (0..arity).map(|index| param(arity, index)).collect();
        let params = params.join(" ");
        let results = "(result i64 f64 i32 f32)";
        writeln!(wat, "(type $t{arity} (func (param {params}) {results}))").unwrap();
    }
    if number == 1 {
        for arity in ARITIES {
            let import = format!(r#""0" "f{arity}" (func $import{arity} (type $t{arity}))"#);
            writeln!(wat, "(import {import})").unwrap();
        }
        wat += r#"(import "0" "count" (global $count (mut i64)))
                  (import "0" "table" (table $table 10 funcref))"#;
    } else {
        wat += r#"(global $count (export "count") (mut i64) (i64.const 0))
                  (table $table (export "table") 10 funcref)"#;
    }
    let functions: Vec<_> = ARITIES.iter().map(|arity| format!("$f{arity}")).collect();
    let functions = functions.join(" ");
    write!(
        wat,
        r#"(elem (i32.const {}) {functions})
           (memory 1) (data (i32.const 8) "{}")
           (func $high (param v128) (result i64)
             (v128.store (i32.const 32) (local.get 0))
             (i64.load (i32.const 40)))
           (func $both (param i64) (result v128)
             (i64.store (i32.const 32) (i64.xor (local.get 0) (i64.const -1)))
             (i64.store (i32.const 40) (local.get 0))
             (v128.load (i32.const 32)))
           (global $id (mut i64) (i64.const {}))"#,
        number * 5,
        b"ab"[number] as char,
        1000 * (number + 1),
    )
    .unwrap();
    for arity in ARITIES {
        link(&mut wat, number, arity);
    }
    for arity in ARITIES {
        entry(&mut wat, arity);
    }
    wat + ")"
}

/// A function of a chain: returns a hash of its parameters if no steps remain, else
/// tail-calls the next function.
fn link(wat: &mut String, number: usize, arity: usize) {
    write!(
        wat,
        r#"(func $f{arity} (export "f{arity}") (type $t{arity}) (local $hash i64) (local $next i32)
          (global.set $count (i64.sub (global.get $count) (i64.const 1)))
          (if (i64.eqz (global.get $count)) (then
            (local.set $hash (i64.add (global.get $id) (i64.load8_u (i32.const 8))))"#
    )
    .unwrap();
    for index in 0..arity {
        let convert = to_i64(param(arity, index));
        write!(
            wat,
            "(local.set $hash (i64.add (i64.mul (local.get $hash) (i64.const 31))
                local.get {index} {convert}))"
        )
        .unwrap();
    }
    *wat += "local.get $hash
             (f64.convert_i64_s (i64.and (local.get $hash) (i64.const 0xffff)))
             (i32.wrap_i64 (local.get $hash))
             (f32.convert_i64_s (i64.and (local.get $hash) (i64.const 0xff)))
             return))
        (local.set $next (i32.wrap_i64 (i64.rem_u
          (i64.add (i64.const 3) (i64.add (i64.mul (global.get $count) (i64.const 7))
            (i64.add (i64.div_u (global.get $count) (i64.const 10))
              (i64.div_u (global.get $count) (i64.const 100)))))
          (i64.const 10))))";
    for (function, &to) in (0..).zip([ARITIES; 2].as_flattened()) {
        write!(
            wat,
            "(if (i32.eq (local.get $next) (i32.const {function})) (then "
        )
        .unwrap();
        for index in 0..to {
            argument(wat, arity, to, index);
        }
        let is_own = function / 5 == number;
        let direct = match (is_own, number) {
            (true, _) => Some(format!("return_call $f{to}")),
            (false, 1) => Some(format!("return_call $import{to}")),
            _ => None,
        };
        let by_table = format!("i32.const {function} return_call_indirect $table (type $t{to})");
        // With blocks and values below, which a tail call leaves behind.
        match direct {
            Some(direct) if function % 2 == 0 => write!(wat, "{direct}"),
            _ => write!(wat, "{by_table}"),
        }
        .unwrap();
        *wat += "))";
    }
    *wat += "unreachable)";
}

fn argument(wat: &mut String, from: usize, to: usize, index: usize) {
    let ty = param(to, index);
    match source(from, to, index) {
        None => write!(wat, "{}", constant(ty, index)),
        Some((source, true)) => write!(wat, "(local.get {source}) "),
        Some((source, false)) => write!(
            wat,
            "local.get {source} {} (i64.add (i64.const {index})) (i64.and (i64.const 0xffff)) {} ",
            to_i64(param(from, source)),
            from_i64(ty),
        ),
    }
    .unwrap();
}

/// A function that calls one of a chain with values of its own in registers and slots, which
/// must survive, and reads its own instance's state afterwards.
fn entry(wat: &mut String, arity: usize) {
    write!(
        wat,
        r#"(func (export "run{arity}") (param $count i64) (result i64 f64 i32 f32 i64)
          (local $a i64) (local $b i64) (local $c i64) (local $x f64)
          (global.set $count (local.get $count))
          (local.set $a (i64.const 3)) (local.set $b (i64.const 5)) (local.set $c (i64.const 7))
          (local.set $x (f64.const 0.5))
          (local.set $a (i64.mul (local.get $a) (local.get $b)))
          (local.set $b (i64.mul (local.get $b) (local.get $c)))
          (i64.add (local.get $a) (i64.const 1))"#
    )
    .unwrap();
    for index in 0..arity {
        *wat += &constant(param(arity, index), index * 3);
    }
    write!(
        wat,
        r#"call $f{arity}
           f32.const 0.5 f32.add
           (global.set $id (i64.add (global.get $id) (i64.const 1)))
           (local.set $c (i64.add (local.get $c) (i64.add (global.get $id) (i64.load8_u (i32.const 8)))))
           (i64.add (i64.add (local.get $a) (i64.mul (local.get $b) (local.get $c)))
             (i64.trunc_f64_s (f64.mul (local.get $x) (f64.const 4))))
           call $drop_below)"#
    )
    .unwrap();
    if arity == 0 {
        *wat += "(func $drop_below (param i64 i64 f64 i32 f32 i64) (result i64 f64 i32 f32 i64)
            (i64.add (local.get 1) (local.get 0))
            local.get 2 local.get 3 local.get 4 local.get 5)";
    }
}

/// What `run` returns for a function of instance `number`, by the definition.
fn expected(number: u64, arity: usize, count: u64) -> Vec<Val> {
    let mut params: Vec<i64> = (0..arity as i64).map(|index| 3 * index).collect();
    let (mut here, mut remaining) = (number, count - 1);
    while remaining > 0 {
        let function = next(remaining);
        let to = ARITIES[function as usize % 5];
        let from = params.len();
        let argument = |index| match source(from, to, index) {
            None => index as i64,
            Some((source, true)) => params[source],
            Some((source, false)) => (params[source] + index as i64) & 0xffff,
        };
        params = (0..to).map(argument).collect();
        here = function / 5;
        remaining -= 1;
    }
    let id = |instance: u64| 1000 * (instance as i64 + 1);
    let byte = |instance: u64| i64::from(b"ab"[instance as usize]);
    let hash = params.iter().fold(id(here) + byte(here), |hash, &value| {
        hash.wrapping_mul(31).wrapping_add(value)
    });
    let c = 7 + id(number) + 1 + byte(number);
    vec![
        Val::I64(hash.wrapping_add(16)),
        Val::F64(((hash & 0xffff) as f64).to_bits()),
        Val::I32(hash as i32),
        Val::F32(((hash & 0xff) as f32 + 0.5).to_bits()),
        Val::I64(15 + 35 * c + 2),
    ]
}

/// A store with both instances of a chain, and the names of their modules.
fn chain_program() -> Program<()> {
    let engine = engine();
    let modules = vec![module(&engine, &chain(0)), module(&engine, &chain(1))];
    Program {
        engine,
        linker: Linker::new(),
        modules,
    }
}

/// Runs a chain from a function of instance `number`, freezing at every `n`th suspend point.
fn run_chain(
    program: &Program<()>,
    number: usize,
    arity: usize,
    count: i64,
    n: Option<NonZeroU64>,
) -> (Outcome, u64) {
    let mut store = Store::new(&program.engine, ());
    let mut linker = Linker::new();
    let first = linker.instantiate(&mut store, &program.modules[0]).unwrap();
    linker.instance(&mut store, "0", first);
    let second = linker.instantiate(&mut store, &program.modules[1]).unwrap();
    store.set_freeze_every(n);
    let name = format!("run{arity}");
    let instance = [first, second][number];
    let mut outcome = call(&mut store, instance, &name, &[Val::I64(count)]).unwrap();
    let mut freezes = 0;
    while outcome == Outcome::Suspended {
        freezes += 1;
        store = program.freeze_and_thaw(store);
        store.set_freeze_every(n);
        outcome = store.resume().unwrap();
    }
    (outcome, freezes)
}

#[test]
fn a_million_tail_calls_of_all_sizes_take_no_stack() {
    let program = chain_program();
    for number in 0..2 {
        for arity in ARITIES {
            let (outcome, _) = run_chain(&program, number, arity, 1_000_000, None);
            let expected = expected(number as u64, arity, 1_000_000);
            assert_eq!(outcome, returned(&expected), "{number} {arity}");
        }
    }
}

#[test]
fn chains_of_tail_calls_freeze_anywhere() {
    let program = chain_program();
    for number in 0..2 {
        for arity in ARITIES {
            for every in [1, 2, 7] {
                let n = NonZeroU64::new(every);
                let (outcome, freezes) = run_chain(&program, number, arity, ALL_PAIRS, n);
                let expected = expected(number as u64, arity, ALL_PAIRS as u64);
                assert_eq!(outcome, returned(&expected), "{number} {arity} {every}");
                assert!(every != 1 || freezes >= ALL_PAIRS as u64);
            }
        }
    }
}

/// Recursion in which every frame but the outermost has taken the place of two others: of
/// one with fewer and one with more stack arguments than the call has.
#[test]
fn deep_stacks_of_tail_called_functions_freeze() {
    let args = "local.get 0 ".repeat(60);
    let program = Program::new(&format!(
        r#"(module
          (type $middle (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64 i64 i64)))
          (table funcref (elem $middle))
          (func $few (param i64) (result i64 i64 i64) (local $n i64)
            (if (i64.eqz (local.tee $n (i64.and (local.get 0) (i64.const 0xff)))) (then
              (return (i64.const 1) (i64.const 2) (i64.const 3))))
            (call $middle (i64.const 9) (i64.const 8) (i64.const 7) (i64.const 6) (i64.const 5)
              (i64.const 4) (i64.const 3) (i64.sub (local.get $n) (i64.const 1)) (local.get $n))
            local.get $n i64.add)
          (func $many (param {params}) (result i64 i64 i64)
            (if (i32.wrap_i64 (i64.and (local.get 0) (i64.const 1))) (then (return_call $few (local.get 59))))
            (call_indirect (type $middle) (i64.const 19) (i64.const 18) (i64.const 17)
              (i64.const 16) (i64.const 15) (i64.const 14) (i64.const 13)
              (i64.sub (local.get 30) (i64.const 1)) (local.get 59) (i32.const 0))
            local.get 58 i64.mul)
          (func $middle (type $middle)
            (local.set 0 (i64.add (local.get 0) (local.get 6)))
            (if (i64.eqz (local.get 7)) (then
              (return (local.get 8) (local.get 6) (local.get 0))))
            (local.set 0 (local.get 7))
            {args} return_call $many)
          (func (export "run") (param i64) (result i64 i64 i64)
            (return_call $few (local.get 0))))"#,
        params = "i64 ".repeat(60),
    ));
    program.check((), "run", &[Val::I64(41)], &deep(41));
}

/// What `few` of the program above returns.
fn deep(n: i64) -> [Val; 3] {
    fn few(n: i64) -> [i64; 3] {
        match n & 0xff {
            0 => [1, 2, 3],
            n => {
                let [a, b, c] = middle([9, 3, n - 1, n]);
                [a, b, c.wrapping_add(n)]
            }
        }
    }
    fn middle([first, seventh, n, last]: [i64; 4]) -> [i64; 3] {
        match n {
            0 => [last, seventh, first + seventh],
            n if n & 1 == 1 => few(n),
            n => {
                let [a, b, c] = middle([19, 13, n - 1, n]);
                [a, b, c.wrapping_mul(n)]
            }
        }
    }
    few(n).map(Val::I64)
}

const TO_HOST: &str = r#"(module
  (type $ten (func (param i32 i64 i32 i64 i32 i64 i32 i64 i32 i64) (result i64 f64 i32)))
  (import "host" "ten" (func $ten (type $ten)))
  (import "host" "one" (func $one (param i32) (result i64 f64 i32)))
  (memory (export "memory") 1)
  (table funcref (elem $ten))
  (func $to_ten (export "to_ten") (param i64) (result i64 f64 i32)
    i32.const 1 local.get 0 i32.const 3 i64.const 4 i32.const 5
    i64.const 6 i32.const 7 i64.const 8 i32.const 9 i64.const 10
    return_call $ten)
  (func $by_table (export "by_table") (param i64) (result i64 f64 i32)
    i32.const 1 local.get 0 i32.const 3 i64.const 4 i32.const 5
    i64.const 6 i32.const 7 i64.const 8 i32.const 9 i64.const 10
    i32.const 0 return_call_indirect (type $ten))
  (func $to_one (export "to_one") (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64 f64 i32)
    (return_call $one (i32.wrap_i64 (local.get 8))))
  (func (export "run") (param i64) (result i64 f64 i32 i64) (local $sum i64) (local $i i64)
    (loop $again
      (i64.add (i64.const 1) (local.get $sum))
      (call $to_ten (local.get $i)) drop drop
      i64.add local.set $sum
      (call $by_table (local.get $i)) drop drop
      local.get $sum i64.add local.set $sum
      (br_if $again (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 1))) (local.get 0))))
    (call $to_one (i64.const 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)
      (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8))
    local.get $sum))"#;

fn to_host() -> Program<()> {
    let engine = engine();
    let modules = vec![module(&engine, TO_HOST)];
    let mut linker = Linker::new();
    let results = [ValType::I64, ValType::F64, ValType::I32];
    let ten = FuncType::new([ValType::I32, ValType::I64].repeat(5), results);
    linker.func_new("host", "ten", ten, |_, args, results| {
        let sum = args.iter().map(|arg| match arg {
            Val::I32(value) => i64::from(*value),
            Val::I64(value) => *value,
            _ => unreachable!(),
        });
        results[0] = Val::I64(sum.sum());
        results[1] = Val::F64(7);
        results[2] = Val::I32(9);
        Ok(())
    });
    let one = FuncType::new([ValType::I32], results);
    linker.func_new("host", "one", one, |_, args, results| {
        results[0] = Val::I64(11);
        results[1] = Val::F64(12);
        results[2] = args[0];
        Ok(())
    });
    Program {
        engine,
        linker,
        modules,
    }
}

#[test]
fn host_functions_are_tail_called_and_suspend_behind_them() {
    let program = to_host();
    // Each turn: the sum of 1 to 10 without 2, and the turn's number, twice; and 1.
    let sum: i64 = (0..5).map(|i| 2 * (53 + i) + 1).sum();
    let expected = [Val::I64(11), Val::F64(12), Val::I32(8), Val::I64(sum)];
    program.check((), "run", &[Val::I64(5)], &expected);
}

#[test]
fn a_host_function_in_the_place_of_the_only_frame_ends_the_call() {
    let program = to_host();
    let n = NonZeroU64::new(1);
    for (name, args, expected) in [
        ("to_ten", 1, [Val::I64(55), Val::F64(7), Val::I32(9)]),
        ("by_table", 1, [Val::I64(55), Val::F64(7), Val::I32(9)]),
        ("to_one", 9, [Val::I64(11), Val::F64(12), Val::I32(2)]),
    ] {
        let args = vec![Val::I64(2); args];
        let (result, freezes, _) = program.run_frozen((), name, &args, n);
        assert_eq!(result.unwrap(), returned(&expected), "{name}");
        assert_eq!(freezes, 1, "at the header");
    }
}

#[test]
fn a_host_function_sees_the_instance_that_tail_called_it() {
    let engine = engine();
    let library = module(
        &engine,
        r#"(module
          (import "host" "read" (func $read (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "L")
          (func (export "read") (result i32) return_call $read))"#,
    );
    let program = module(
        &engine,
        r#"(module
          (import "library" "read" (func $read (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "P")
          (func (export "run") (result i32 i32) call $read (i32.load8_u (i32.const 0))))"#,
    );
    let mut linker = Linker::<()>::new();
    let ty = FuncType::new([], [ValType::I32]);
    linker.func_new("host", "read", ty, |caller, _, results| {
        let mut byte = [0];
        caller.read("memory", 0, &mut byte).unwrap();
        results[0] = Val::I32(i32::from(byte[0]));
        Ok(())
    });
    let mut store = Store::new(&engine, ());
    let library = linker.instantiate(&mut store, &library).unwrap();
    linker.instance(&mut store, "library", library);
    let instance = linker.instantiate(&mut store, &program).unwrap();
    let outcome = call(&mut store, instance, "run", &[]).unwrap();
    let expected = [b'L', b'P'].map(|byte| Val::I32(i32::from(byte)));
    assert_eq!(outcome, returned(&expected));
}

#[test]
fn a_trap_below_a_tail_called_host_function_is_found() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module
          (import "host" "again" (func $again))
          (func (export "run") return_call $again)
          (func (export "trap") unreachable))"#,
    );
    let mut linker = Linker::<()>::new();
    linker.func_new(
        "host",
        "again",
        FuncType::new([], []),
        |mut caller, _, _| {
            let func = caller.get_export("trap").unwrap().into_func().unwrap();
            func.call(&mut caller, &[])?;
            Ok(())
        },
    );
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let trap = trapped(call(&mut store, instance, "run", &[]));
    assert_eq!(trap.code, TrapCode::Unreachable);
    let functions: Vec<_> = trap.backtrace.frames.iter().map(|f| f.function).collect();
    assert_eq!(functions, [2], "of the outer call no frame is left");
}

#[test]
fn indirect_tail_calls_trap_for_each_reason_in_the_caller() {
    let (mut store, instance) = instance(
        r#"(module
          (type $t (func (param i64) (result i64)))
          (table 3 funcref) (elem (i32.const 0) $identity $other)
          (func $identity (type $t) local.get 0)
          (func $other)
          (func $through (param i32) (result i64)
            (return_call_indirect (type $t) (i64.const 5) (local.get 0)))
          (func (export "run") (param i32) (result i64)
            (i64.add (call $through (local.get 0)) (i64.const 1))))"#,
    );
    let outcome = call(&mut store, instance, "run", &[Val::I32(0)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I64(6)]));
    for (index, code) in [
        (1, TrapCode::IndirectCallTypeMismatch),
        (2, TrapCode::UninitializedElement),
        (3, TrapCode::UndefinedElement),
        (-1, TrapCode::UndefinedElement),
    ] {
        let trap = trapped(call(&mut store, instance, "run", &[Val::I32(index)]));
        assert_eq!(trap.code, code);
        let functions: Vec<_> = trap.backtrace.frames.iter().map(|f| f.function).collect();
        assert_eq!(functions, [2, 3]);
        assert_eq!(trap.backtrace.frames[0].locals, [Some(Val::I32(index))]);
    }
}

#[test]
fn a_backtrace_shows_the_callee_in_the_place_of_its_caller() {
    let (mut store, instance) = instance(
        r#"(module
          (func $callee (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i32) unreachable)
          (func $caller (param i32) (result i32)
            (return_call $callee (i64.const 0) (i64.const 1) (i64.const 2) (i64.const 3)
              (i64.const 4) (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8)))
          (func (export "run") (result i32)
            (i32.add (i32.const 1) (call $caller (i32.const 4)))))"#,
    );
    let trap = trapped(call(&mut store, instance, "run", &[]));
    let functions: Vec<_> = trap.backtrace.frames.iter().map(|f| f.function).collect();
    assert_eq!(functions, [0, 2]);
    let locals: Vec<_> = (0..9).map(|value| Some(Val::I64(value))).collect();
    assert_eq!(trap.backtrace.frames[0].locals, locals);
}

/// Endless recursion whose every other call is a tail call with more arguments.
#[test]
fn recursion_through_large_tail_calls_exhausts_the_stack() {
    let params = "i64 ".repeat(100);
    let args = "local.get 0 ".repeat(100);
    let (mut store, instance) = instance(&format!(
        r#"(module
          (func $small (export "run") (param i64) (result i64) {args} return_call $large)
          (func $large (param {params}) (result i64)
            (i64.add (i64.const 1) (call $small (local.get 99)))))"#
    ));
    for _ in 0..3 {
        let trap = trapped(call(&mut store, instance, "run", &[Val::I64(1)]));
        assert_eq!(trap.code, TrapCode::CallStackExhausted);
        assert!(trap.backtrace.is_truncated);
    }
}

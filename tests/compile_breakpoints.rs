//! Breakpoints in compiled code: one suspend point each, where a debugger may change locals.

use std::collections::BTreeSet;
use wasmparser::{BinaryReader, Operator, OperatorsReader};
use woodfrog::compile::{CodePosition, CompileOptions, CompiledModule, compile};
use woodfrog::module::Module;
use woodfrog::state::{OperandHome, PointKind};

const PROGRAM: &str = r#"(module
    (func $id (param i32) (result i32) (local.get 0))
    (func (export "run") (param i32 i64 f64) (result i64) (local i32 f64)
        (local.set 4 (f64.add (local.get 2) (local.get 2)))
        (loop $again (result i64)
            (local.set 3 (i32.add (local.get 3) (call $id (i32.const 1))))
            (local.get 1)
            (local.set 1 (i64.mul (local.get 1) (i64.const 3)))
            (drop)
            (if (i32.lt_s (local.get 3) (local.get 0)) (then (br $again)) (else (nop)))
            (local.get 1)
            (br 1)
            (i64.const 1) (drop))))"#;

fn compile_with(module: &Module, breakpoints: &[CodePosition]) -> CompiledModule {
    let options = CompileOptions {
        breakpoints: breakpoints.into(),
        ..CompileOptions::default()
    };
    compile(module, &options).expect("within limits")
}

/// Every byte of every body: operators start at some of them.
fn everywhere(module: &Module) -> Vec<CodePosition> {
    let bodies = (module.imported_functions..).zip(&module.bodies);
    bodies
        .flat_map(|(function, body)| {
            let offsets = body.first_operator..body.range.end;
            offsets.map(move |offset| CodePosition {
                function,
                wasm_offset: offset as u32,
            })
        })
        .collect()
}

/// The operators but those that control only passes by, behind a branch: the rest of the
/// loop and the two `end`s.
fn reachable_operators(module: &Module) -> BTreeSet<CodePosition> {
    let mut reachable = BTreeSet::new();
    for (function, body) in (module.imported_functions..).zip(&module.bodies) {
        let bytes = &module.bytes[body.first_operator..body.range.end];
        let reader = BinaryReader::new(bytes, body.first_operator as _);
        let mut dead = false;
        for operator in OperatorsReader::new(reader).into_iter_with_offsets() {
            let (operator, wasm_offset) = operator.expect("valid");
            let wasm_offset = wasm_offset as u32;
            if !dead {
                reachable.insert(CodePosition {
                    function,
                    wasm_offset,
                });
            }
            match operator {
                Operator::Br { .. } => dead = true,
                Operator::Else => dead = false,
                _ => {}
            }
        }
    }
    reachable
}

fn breakpoints_in(compiled: &CompiledModule) -> BTreeSet<CodePosition> {
    let mut found = BTreeSet::new();
    for function in compiled.state_map.local_functions() {
        for point in function.points() {
            if point.kind != PointKind::Breakpoint {
                continue;
            }
            let is_new = found.insert(CodePosition {
                function: function.local_function_id(),
                wasm_offset: point.wasm_offset as u32,
            });
            assert!(is_new, "two breakpoints at one operator");
            for operand in function.operands(&point) {
                let is_tied = matches!(operand.home, OperandHome::Local(_));
                assert!(!is_tied, "an operand would change with a local");
            }
        }
    }
    found
}

#[test]
fn each_reachable_operator_can_have_a_breakpoint_and_no_other_offset() {
    let module = Module::decode(wat::parse_str(PROGRAM).unwrap()).unwrap();
    let all = breakpoints_in(&compile_with(&module, &everywhere(&module)));
    assert_eq!(all, reachable_operators(&module));
    for &position in &all {
        let alone = breakpoints_in(&compile_with(&module, &[position]));
        assert_eq!(alone, BTreeSet::from([position]));
    }
}

#[test]
fn code_without_breakpoints_has_none() {
    let module = Module::decode(wat::parse_str(PROGRAM).unwrap()).unwrap();
    assert!(breakpoints_in(&compile_with(&module, &[])).is_empty());
}

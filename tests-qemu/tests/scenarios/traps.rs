//! Every kind of trap in the kernel: its reason, function and offset, and the kernel alive after it.

use crate::bench::Bench;
use std::fs;
use wasmparser::{Operator, Parser, Payload};
use woodfrog_qemu::{Ending, MachineType, Status, TrapStatus};

/// A function of `traps.wat`, the operator in it that traps, and the reason.
struct Expected {
    function: &'static str,
    is_trapping: fn(&Operator<'_>) -> bool,
    reason: &'static str,
}

macro_rules! expected {
    ($function:literal, $operator:pat, $reason:literal) => {
        Expected {
            function: $function,
            is_trapping: |operator| matches!(operator, $operator),
            reason: $reason,
        }
    };
}

/// In the order of the letters that the program takes, from `a`.
const EXPECTED: [Expected; 12] = [
    expected!("unreachable", Operator::Unreachable, "unreachable"),
    expected!(
        "memory_load",
        Operator::I32Load { .. },
        "out of bounds memory access"
    ),
    expected!(
        "memory_store",
        Operator::I64Store { .. },
        "out of bounds memory access"
    ),
    expected!(
        "divide_by_zero",
        Operator::I32DivU,
        "integer divide by zero"
    ),
    expected!("divide_overflow", Operator::I32DivS, "integer overflow"),
    expected!(
        "conversion_overflow",
        Operator::I32TruncF64S,
        "integer overflow"
    ),
    expected!(
        "conversion_nan",
        Operator::I32TruncF32U,
        "invalid conversion to integer"
    ),
    expected!(
        "undefined_element",
        Operator::CallIndirect { .. },
        "undefined element"
    ),
    expected!(
        "uninitialized_element",
        Operator::CallIndirect { .. },
        "uninitialized element"
    ),
    expected!(
        "type_mismatch",
        Operator::CallIndirect { .. },
        "indirect call type mismatch"
    ),
    expected!(
        "table_access",
        Operator::TableGet { .. },
        "out of bounds table access"
    ),
    // A function header's offset is that of its first operator.
    expected!("stack_overflow", _, "call stack exhausted"),
];

const PROGRAM: &str = "tests/programs/qemu/traps.wat";

/// The exit status that the kernel records for a trap.
const TRAP_CODE: i32 = 134;

#[test]
fn each_trap_names_its_function_and_offset_on_q35() {
    each_trap_names_its_function_and_offset(MachineType::Q35);
}

#[test]
fn each_trap_names_its_function_and_offset_on_microvm() {
    each_trap_names_its_function_and_offset(MachineType::Microvm);
}

fn each_trap_names_its_function_and_offset(machine: MachineType) {
    for (letter, expected) in ('a'..).zip(EXPECTED) {
        let bench = Bench::new(PROGRAM, &[&letter.to_string()]);
        let wasm = bench.file("module.wasm");
        let extracted =
            bench.woodfrog(&[&"disk", &"extract", &bench.disk.path(), &"--module", &wasm]);
        assert!(extracted.status.success(), "{extracted:?}");
        let wasm = fs::read(wasm).expect("the module");

        let boot = bench.boot(machine, "", Ending::Finished);
        let trap = expected.locate(&wasm);
        assert_eq!(boot.statuses, [Status::Trapped(trap)], "{}", boot.log);
        // The innermost frame of the backtrace has the function's name.
        assert!(boot.log.contains(expected.function), "{}", boot.log);

        // The kernel lived on: it wrote the result to the disk.
        let boot = bench.boot(machine, "", Ending::Finished);
        assert_eq!(boot.statuses, [Status::EndedBefore(TRAP_CODE)]);
    }
}

impl Expected {
    /// Finds the trapping operator without the engine.
    fn locate(&self, wasm: &[u8]) -> TrapStatus {
        let mut bodies = Vec::new();
        let mut imports = 0;
        let mut function = None;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.expect("a valid module") {
                Payload::ImportSection(section) => imports = section.count(),
                Payload::CodeSectionEntry(body) => bodies.push(body),
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export.expect("an export");
                        if export.name == self.function {
                            function = Some(export.index);
                        }
                    }
                }
                _ => {}
            }
        }
        let function = function.expect("the function is exported");
        let body = &bodies[(function - imports) as usize];
        let operators = body.get_operators_reader().expect("operators");
        let (_, offset) = operators
            .into_iter_with_offsets()
            .map(|pair| pair.expect("an operator"))
            .find(|(operator, _)| (self.is_trapping)(operator))
            .expect("the function has the operator");
        TrapStatus {
            function,
            offset: offset as usize,
            reason: self.reason.to_owned(),
        }
    }
}

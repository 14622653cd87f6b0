//! An image of two linked instances, and what is shown with it.

#[cfg(feature = "checkpoint")]
mod generation;
mod mutation;
mod round_trip;
mod validation;

use super::*;
use crate::abi::ValType;
use crate::frame::{HostCall, PendingHostCall, WasmFunctionStateDump};
use crate::module::Module;
use alloc::borrow::ToOwned;
use alloc::vec;

/// Exports one of each kind, and has one segment of each kind.
const LIBRARY: &str = r#"(module
    (import "host" "tick" (func $tick (param i32) (result i64)))
    (table $table (export "table") 4 8 funcref)
    (memory $memory (export "memory") 1 4)
    (global $counter (export "counter") (mut i64) (i64.const 5))
    (elem func $work)
    (data "passive")
    (func $work (export "work") (param i32) (result i64)
        (call $tick (local.get 0))))"#;

/// Imports all of that, and has a table and globals of its own.
const PROGRAM: &str = r#"(module
    (import "library" "work" (func $work (param i32) (result i64)))
    (import "library" "table" (table 2 funcref))
    (import "library" "memory" (memory 1 4))
    (import "library" "counter" (global (mut i64)))
    (table $objects 3 externref)
    (global $reference (mut funcref) (ref.null func))
    (func $main (export "main") (result i64) (local f64)
        (call $work (i32.const 7))))"#;

fn decode(text: &str) -> Module {
    Module::decode(wat::parse_str(text).unwrap()).unwrap()
}

fn modules() -> [Module; 2] {
    [decode(LIBRARY), decode(PROGRAM)]
}

/// Contents of the sample's memory: two runs of pages among zeros.
fn memory_bytes() -> Vec<u8> {
    let mut bytes = vec![0; 2 * 65536];
    bytes[3] = 42;
    bytes[20 * IMAGE_PAGE..21 * IMAGE_PAGE + 1].fill(0xa5);
    bytes
}

fn frame(instance: u32, function: u32, stack: Vec<Option<Val>>) -> WasmFunctionStateDump {
    WasmFunctionStateDump {
        instance,
        local_function_id: function,
        wasm_inst_offset: 150,
        stack,
        locals: vec![Some(Val::F64(0x4009_21fb_5444_2d18)), None],
    }
}

/// A store that runs [`PROGRAM`] linked to [`LIBRARY`], suspended in `tick`.
fn sample<'a>(memory: &'a [u8], modules: &[Module; 2]) -> InstanceImage<'a> {
    let [library, program] = modules;
    InstanceImage {
        modules: vec![library.hash, program.hash],
        instances: vec![
            InstanceState {
                module: 0,
                functions: vec![FuncAddr(0), FuncAddr(1)],
                tables: vec![0],
                memories: vec![0],
                globals: vec![0],
                dropped_elements: vec![false],
                dropped_data: vec![true],
            },
            InstanceState {
                module: 1,
                functions: vec![FuncAddr(1), FuncAddr(2)],
                tables: vec![0, 1],
                memories: vec![0],
                globals: vec![0, 1],
                ..InstanceState::default()
            },
        ],
        functions: vec![
            FunctionState::Host {
                module: "host".to_owned(),
                name: "tick".to_owned(),
                ty: FuncType::new([ValType::I32], [ValType::I64]),
            },
            FunctionState::Defined {
                instance: 0,
                index: 1,
            },
            FunctionState::Defined {
                instance: 1,
                index: 1,
            },
        ],
        tables: vec![
            TableState {
                ty: library.tables[0],
                elements: TableElements::Func(vec![Some(FuncAddr(2)), None, None, None]),
            },
            TableState {
                ty: program.tables[1],
                elements: TableElements::Extern(vec![Some(ExternRef(9)), None, None]),
            },
        ],
        memories: vec![MemoryState {
            ty: library.memories[0],
            size_pages: 2,
            contents: MemoryContents::Linear(memory),
        }],
        globals: vec![
            GlobalState {
                ty: library.globals[0],
                value: Val::I64(-6),
            },
            GlobalState {
                ty: program.globals[1],
                value: Val::FuncRef(Some(FuncAddr(0))),
            },
        ],
        execution_state: Some(ExecutionStateImage {
            frames: vec![
                frame(0, 1, vec![]),
                frame(1, 1, vec![Some(Val::V128(u128::MAX - 1)), None]),
            ],
            host_call: Some(HostCall::Pending(PendingHostCall {
                function: FuncAddr(0),
                instance: 0,
                arguments: vec![Val::I32(-7)],
            })),
        }),
        host: vec![
            HostSection {
                name: "wasi".to_owned(),
                version: 7,
                bytes: b"clock".to_vec(),
            },
            HostSection {
                name: "log".to_owned(),
                version: u32::MAX,
                bytes: vec![],
            },
        ],
    }
}

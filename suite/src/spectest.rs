//! The module `spectest`, from which scripts import (WebAssembly's reference
//! interpreter, `script/spectest`).
//!
//! Its functions are the host's, so that calls of them can be frozen behind
//! the host's return; all else belongs to ordinary instances.

use woodfrog::abi::{FuncType, ValType};
use woodfrog::module::WasmFeatures;
use woodfrog::runtime::Linker;

/// The name that scripts import it by.
pub const NAME: &str = "spectest";

/// What `spectest` has beside functions: `spectest.wat`.
pub const MODULE: &[u8] = include_bytes!("spectest.wasm");

/// What it has with 64-bit tables in addition: `spectest64.wat`.
pub const MODULE_64: &[u8] = include_bytes!("spectest64.wasm");

/// The modules that together are `spectest`.
pub fn modules(features: WasmFeatures) -> impl Iterator<Item = &'static [u8]> {
    [MODULE, MODULE_64]
        .into_iter()
        .take(if features.memory64 { 2 } else { 1 })
}

/// What the functions of `spectest` do. They print nothing: what they would print,
/// nobody checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFunctions {
    /// Return.
    Return,
    /// Ask the store to suspend when they have returned.
    Suspend,
}

/// Functions and their parameters.
const PRINTERS: [(&str, &[ValType]); 7] = [
    ("print", &[]),
    ("print_i32", &[ValType::I32]),
    ("print_i64", &[ValType::I64]),
    ("print_f32", &[ValType::F32]),
    ("print_f64", &[ValType::F64]),
    ("print_i32_f32", &[ValType::I32, ValType::F32]),
    ("print_f64_f64", &[ValType::F64, ValType::F64]),
];

/// A linker that knows the functions of `spectest`.
pub fn linker(functions: HostFunctions) -> Linker<()> {
    let mut linker = Linker::new();
    for (name, params) in PRINTERS {
        let ty = FuncType::new(params, []);
        linker.func_new(NAME, name, ty, move |caller, _, _| {
            if functions == HostFunctions::Suspend {
                caller.interrupt_handle().request_suspend();
            }
            Ok(())
        });
    }
    linker
}

//! The module `spectest`, from which scripts import (WebAssembly's reference
//! interpreter, `script/spectest`).
//!
//! Its functions are the host's, so that calls of them can be frozen behind
//! the host's return; all else belongs to an ordinary instance.

use woodfrog::abi::{FuncType, ValType};
use woodfrog::runtime::Linker;

/// The name that scripts import it by.
pub const NAME: &str = "spectest";

/// What `spectest` has beside functions.
pub const MODULE: &str = r#"(module
  (global (export "global_i32") i32 (i32.const 666))
  (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6))
  (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref)
  (memory (export "memory") 1 2))"#;

/// Functions and their parameters. They print nothing: what they would print, nobody checks.
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
pub fn linker() -> Linker<()> {
    let mut linker = Linker::new();
    for (name, params) in PRINTERS {
        let ty = FuncType::new(params, []);
        linker.func(NAME, name, ty, |_, _, _| Ok(()));
    }
    linker
}

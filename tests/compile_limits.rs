//! Hostile functions are refused with a typed error, or compile in proportion to their size.

use woodfrog::compile::{CompileError, CompileOptions, CompiledModule, Limit, compile};
use woodfrog::module::Module;

fn compile_wat(wat: &str) -> Result<CompiledModule, CompileError> {
    let module = Module::decode(wat::parse_str(wat).expect("valid text")).expect("valid module");
    compile(&module, &CompileOptions::default())
}

fn refusal(wat: &str) -> Limit {
    match compile_wat(wat) {
        Err(CompileError::Limit {
            function: 0,
            reason,
        }) => reason,
        other => panic!(
            "not refused for a limit: {:?}",
            other.map(|module| module.code.len())
        ),
    }
}

#[test]
fn deep_stack_under_many_suspend_points_is_refused() {
    let wat = format!(
        "(module (table 1 funcref) (func {} {} {}))",
        "i32.const 1 ".repeat(10_000),
        "i32.const 0 table.get 0 drop ".repeat(10_000),
        "drop ".repeat(10_000),
    );
    assert_eq!(refusal(&wat), Limit::DescribedOperands);
}

#[test]
fn frame_that_no_stack_would_hold_is_refused() {
    let depth = 140_000;
    let wat = format!(
        "(module (func (result i32) (local i32) {} block end {}))",
        "local.get 0 ".repeat(depth),
        "i32.add ".repeat(depth - 1),
    );
    assert_eq!(refusal(&wat), Limit::FrameSize);
}

#[test]
fn deeply_nested_blocks_compile() {
    let depth = 10_000;
    let wat = format!(
        "(module (func {} br {} {}))",
        "block ".repeat(depth),
        depth - 1,
        "end ".repeat(depth)
    );
    compile_wat(&wat).expect("nesting costs nothing");
}

#[test]
fn branch_tables_of_many_targets_compile() {
    let targets = "0 1 ".repeat(50_000);
    let wat =
        format!("(module (func (param i32) block block local.get 0 br_table {targets} 0 end end))");
    let compiled = compile_wat(&wat).expect("a table is data");
    assert!(
        compiled.code.len() < 4 * 100_000 + 200,
        "{} bytes",
        compiled.code.len()
    );
}

#[test]
fn many_locals_compile() {
    let wat = format!("(module (func (local {})))", "i64 ".repeat(50_000));
    compile_wat(&wat).expect("zeroed in a loop");
}

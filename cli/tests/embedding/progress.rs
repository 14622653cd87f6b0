//! How far a module's compilation has come, as its embedder is told.

use crate::harness::engine;
use woodfrog::runtime::Module;

#[test]
fn each_function_is_told_of_when_it_is_validated_and_when_it_is_compiled() {
    let function = "(func (result i32) i32.const 1 i32.const 2 i32.add)";
    let text = format!("(module {})", function.repeat(3));
    let wasm = wat::parse_str(text).unwrap();
    let mut told = Vec::new();
    Module::new_with_progress(&engine(), &wasm, &mut |progress| told.push(progress)).unwrap();
    // A section of the number of functions, and their bodies with their sizes.
    let body = 8;
    let total = 1 + 3 * body;
    let ends = [1 + body, 1 + 2 * body, total];
    let validated = ends.map(|end| (end, 0, total));
    let compiled = ends.map(|end| (total, end, total));
    let told = told.iter().map(|p| (p.validated, p.compiled, p.total));
    assert_eq!(told.collect::<Vec<_>>(), [validated, compiled].concat());
}

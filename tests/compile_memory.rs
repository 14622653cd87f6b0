//! Hostile modules do not take memory out of proportion to their size, however they are made.

use peak_alloc::PeakAlloc;
use woodfrog::compile::{CompileOptions, compile};
use woodfrog::module::Module;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Most bytes that a byte of a module may take while it is decoded and compiled.
const FACTOR: usize = 128;

/// What every compilation may take: tables and buffers of functions, one at a time.
const FIXED: usize = 8 << 20;

/// Functions take turns, so two at once would not be told apart.
#[test]
fn memory_is_in_proportion_to_the_module() {
    let mut exceeded = Vec::new();
    for (name, wasm) in modules() {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let module = Module::decode(wasm.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let _ = compile(&module, &CompileOptions::default());
        let taken = MEMORY.peak_usage() - before;
        println!(
            "{name}: {} bytes, {taken} taken, {}",
            wasm.len(),
            taken / wasm.len()
        );
        if taken > FIXED + FACTOR * wasm.len() {
            exceeded.push(name);
        }
    }
    assert!(exceeded.is_empty(), "{exceeded:?}");
}

/// Modules of which each byte stands for as much as possible.
fn modules() -> [(&'static str, Vec<u8>); 9] {
    // 500 times `local.get 0`, and 500 times `drop`.
    let (push, drop) = ([0x20, 0].repeat(500), [0x1a].repeat(500));
    let deep = [&push[..], &[0x10, 0].repeat(2000), &drop].concat();
    let loops = [&push[..], &[0x03, 2, 0x0b].repeat(1000), &drop].concat();
    let many = [vec![0x60], values(500), values(500)].concat();
    let takes_one: Vec<u8> = vec![0x60, 1, 0x7f, 0];
    let unit: Vec<u8> = vec![0x60, 0, 0];
    let functions = |bodies: Vec<Vec<u8>>, ty: u64| {
        let types = vec([unit.clone(), takes_one.clone(), many.clone()]);
        let mut all = vec![body(&[], &[])];
        all.extend(bodies);
        let mut indices = vec![leb(0)];
        indices.resize(all.len(), leb(ty));
        module(&[(1, types), (3, vec(indices)), (10, vec(all))])
    };
    let elements = [vec![5, 0x70], vec(vec![vec![0xd0, 0x70, 0x0b]; 150_000])].concat();
    let indices = [vec![1, 0], vec(vec![leb(0); 150_000])].concat();
    [
        ("functions", functions(vec![body(&[], &[]); 150_000], 0)),
        (
            "calls",
            functions(vec![body(&[], &[0x10, 0].repeat(250_000))], 0),
        ),
        (
            "loops",
            functions(vec![body(&[], &[0x03, 0x40, 0x0b].repeat(250_000))], 0),
        ),
        (
            "calls above operands",
            functions(vec![body(&[], &deep); 50], 1),
        ),
        (
            "loops with parameters",
            functions(vec![body(&[], &loops); 50], 1),
        ),
        (
            "locals",
            functions(
                vec![body(&[50_000], &[0x03, 0x40, 0x0b].repeat(500)); 100],
                0,
            ),
        ),
        ("types", module(&[(1, vec(vec![unit.clone(); 250_000]))])),
        ("element expressions", module(&[(9, vec([elements]))])),
        (
            "elements",
            module(&[
                (1, vec([unit.clone()])),
                (3, vec([leb(0)])),
                (9, vec([indices])),
                (10, vec([body(&[], &[])])),
            ]),
        ),
    ]
}

/// A list of so many i32.
fn values(count: u64) -> Vec<u8> {
    vec(vec![vec![0x7f]; count as usize])
}

/// A function body with groups of so many i64 locals.
fn body(locals: &[u64], code: &[u8]) -> Vec<u8> {
    let locals = locals
        .iter()
        .map(|&count| [leb(count), vec![0x7e]].concat());
    let body = [vec(locals), code.to_vec(), vec![0x0b]].concat();
    [leb(body.len() as u64), body].concat()
}

fn module(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (id, contents) in sections {
        bytes.push(*id);
        bytes.extend(leb(contents.len() as u64));
        bytes.extend(contents);
    }
    bytes
}

fn vec(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<_> = items.into_iter().collect();
    [leb(items.len() as u64), items.concat()].concat()
}

fn leb(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

//! What the fuzz targets share: good inputs, and how the fuzzer's bytes damage them.

use fuzz_common::guest::{Host, TEXT};
use std::sync::{Arc, LazyLock};
use woodfrog_cli::LinuxPlatform;

/// Programs that import nothing; between them, code of every shape.
const PROGRAMS: [&str; 8] = [
    TEXT,
    include_str!("../../tests/programs/br_table.wat"),
    include_str!("../../tests/programs/call_indirect.wat"),
    include_str!("../../tests/programs/calls_results.wat"),
    include_str!("../../tests/programs/loops.wat"),
    include_str!("../../tests/programs/memory_bulk.wat"),
    include_str!("../../tests/programs/references.wat"),
    include_str!("../../tests/programs/stack_trees.wat"),
];

/// How many images there are of each.
const MAX_IMAGES: usize = 32;

/// A program, and images of it.
pub struct Frozen {
    /// What thaws them.
    pub host: Host,
    /// The program's bytes.
    pub wasm: Vec<u8>,
    /// The images.
    pub images: Vec<Vec<u8>>,
}

/// The programs, frozen at many points.
pub static FROZEN: LazyLock<Vec<Frozen>> = LazyLock::new(|| PROGRAMS.map(freeze).into());

fn freeze(text: &str) -> Frozen {
    let wasm = wat::parse_str(text).expect("a valid program");
    let mut host = Host::new(Arc::new(LinuxPlatform::new()), &wasm);
    let mut images = host.images_of_invocations(text, MAX_IMAGES);
    if images.is_empty() {
        let args = [woodfrog::abi::Val::I32(4)];
        images = host.images("run", &args, 3).0;
    }
    Frozen { host, wasm, images }
}

/// An element that a byte picks.
pub fn pick<T>(from: &[T], byte: u8) -> &T {
    &from[usize::from(byte) % from.len()]
}

/// Changes bytes as the fuzzer says: each edit is four of its bytes.
pub fn edit(bytes: &mut Vec<u8>, edits: &[u8]) {
    for edit in edits.chunks_exact(4) {
        let &[low, high, what, value] = edit else {
            unreachable!("chunks of four")
        };
        if bytes.is_empty() {
            return;
        }
        let at = usize::from(u16::from_le_bytes([low, high])) % bytes.len();
        match what % 8 {
            0 | 1 => bytes[at] = value,
            2 => bytes[at] ^= 1 << (value % 8),
            3 => bytes[at] = bytes[at].wrapping_add(value),
            4 => bytes.insert(at, value),
            5 => drop(bytes.remove(at)),
            6 => {
                let end = (at + usize::from(value)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
            _ => {
                let end = (at + usize::from(value)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
        }
    }
}

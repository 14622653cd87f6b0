//! Hostile modules: refused with a typed error, or compiled, instantiated and run a while.
//!
//! The first byte says what the others are: a module as it is, edits of a good one, or a
//! random program followed by edits of it.

#![no_main]

use fuzz_common::Program;
use libfuzzer_sys::fuzz_target;
use std::num::NonZeroU64;
use std::sync::{Arc, LazyLock};
use woodfrog::abi::Val;
use woodfrog::runtime::{Config, Engine, Linker, Module, Outcome, Store};
use woodfrog_cli::LinuxPlatform;
use woodfrog_fuzz::{FROZEN, edit, pick};

/// How many suspend points a call may pass.
const MAX_POINTS: NonZeroU64 = NonZeroU64::new(1000).expect("not 0");

/// How many of a random program's bytes are edits.
const EDITS: usize = 16;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Arc::new(LinuxPlatform::new()), Config::default()));

fuzz_target!(|data: &[u8]| {
    let &[kind, which, ref rest @ ..] = data else {
        return;
    };
    let wasm = match kind % 4 {
        0 => rest.to_vec(),
        1 => {
            let mut wasm = pick(&FROZEN, which).wasm.clone();
            edit(&mut wasm, rest);
            wasm
        }
        _ => {
            let (edits, bytes) = rest.split_at(rest.len().min(EDITS));
            let mut wasm = Program::from_bytes(bytes).wasm;
            // Not all of them, for these seldom leave it valid.
            let count = usize::from(which) % (edits.len() / 4 + 1);
            edit(&mut wasm, &edits[..4 * count]);
            wasm
        }
    };
    if let Ok(module) = Module::new(&ENGINE, &wasm) {
        run(&module);
    }
});

/// Calls all exports until one does not come to an end in time.
fn run(module: &Module) {
    let mut linker = Linker::new();
    linker.define_unknown_imports_as_default_values(module);
    let mut store = Store::new(&ENGINE, ());
    let Ok(instance) = linker.instantiate(&mut store, module) else {
        return;
    };
    store.set_freeze_every(Some(MAX_POINTS));
    if matches!(instance.start(&mut store), Ok(Outcome::Suspended)) {
        return;
    }
    for (_, export) in instance.exports(&store) {
        let Some(function) = export.into_func() else {
            continue;
        };
        let params = function.ty(&store).params;
        let args: Vec<_> = params.iter().map(|&ty| Val::default_for_ty(ty)).collect();
        store.set_freeze_every(Some(MAX_POINTS));
        if matches!(function.call(&mut store, &args), Ok(Outcome::Suspended)) {
            return;
        }
    }
}

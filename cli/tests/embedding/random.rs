//! Random programs run alike, frozen or not.

use crate::debug::everywhere;
use crate::harness::{Program, call, engine};
use arbitrary::Unstructured;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wasm_smith::{Config, Module as SmithModule};
use woodfrog::abi::{Val, ValType};
use woodfrog::module::ExternType;
use woodfrog::runtime::{CallError, DebugAction, InstantiateError, Linker, Module, Outcome, Store};
use woodfrog_suite::versions::VersionSwitch;

const MODULES: u64 = 300;

/// Of the suspensions in which frames move between code versions, one of so many is frozen, too.
const MOVES_PER_FREEZE: u64 = 3;

/// How much each function of a program may do before it is stopped.
const FUEL: u32 = 100;

/// The features that the decoder enables.
fn config() -> Config {
    Config {
        bulk_memory_enabled: true,
        compact_imports_enabled: false,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        export_everything: true,
        extended_const_enabled: false,
        gc_enabled: false,
        max_funcs: 8,
        max_imports: 3,
        max_memories: 1,
        max_memory32_bytes: 1 << 20,
        max_table_elements: 1000,
        max_tables: 3,
        memory64_enabled: false,
        min_funcs: 2,
        multi_value_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: true,
        saturating_float_to_int_enabled: true,
        shared_everything_threads_enabled: false,
        sign_extension_ops_enabled: true,
        simd_enabled: true,
        tail_call_enabled: true,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

/// A program that imports functions only; None if the seed makes none.
fn program(seed: u64) -> Option<Program<()>> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let bytes: Vec<u8> = (0..4000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect();
    let mut smith = SmithModule::new(config(), &mut Unstructured::new(&bytes)).ok()?;
    smith.ensure_termination(FUEL).ok()?;
    let engine = engine();
    let module = Module::new(&engine, &smith.to_bytes()).ok()?;
    let mut imports = module.inner().imports.iter();
    if imports.any(|import| !matches!(import.ty, ExternType::Func(_))) {
        return None;
    }
    let mut linker = Linker::new();
    linker.define_unknown_imports_as_default_values(&module);
    Some(Program {
        engine,
        linker,
        modules: vec![module],
    })
}

fn argument(ty: ValType) -> Val {
    match ty {
        ValType::I32 => Val::I32(77),
        ValType::I64 => Val::I64(-5),
        ValType::F32 => Val::F32(1.5f32.to_bits()),
        ValType::F64 => Val::F64(2.25f64.to_bits()),
        ty => Val::default_for_ty(ty),
    }
}

fn describe(result: Result<Outcome, CallError>) -> String {
    match result {
        Ok(outcome) => format!("{outcome:?}"),
        Err(error) => error.to_string(),
    }
}

/// Goes on until the end, through as many images as it takes.
fn finish(
    program: &Program<()>,
    mut store: Store<()>,
    n: Option<NonZeroU64>,
    switch: &mut Option<VersionSwitch>,
    mut result: Result<Outcome, CallError>,
) -> (Store<()>, String) {
    while let Ok(Outcome::Suspended) = result {
        let mut is_moved_only = false;
        if let Some(switch) = switch {
            switch.switch(&mut store).unwrap();
            is_moved_only = !switch.moves().is_multiple_of(MOVES_PER_FREEZE);
        }
        if is_moved_only {
            result = store.resume();
            continue;
        }
        store = program.freeze_and_thaw(store);
        store.set_freeze_every(n);
        result = store.resume();
    }
    (store, describe(result))
}

/// What the start function and all exports did, one after the other, and the image at
/// the end.
type Ran = (Vec<String>, Vec<u8>);

/// Runs a fresh store as [`run_in`] does.
fn run(
    program: &Program<()>,
    n: Option<NonZeroU64>,
    mut switch: Option<VersionSwitch>,
) -> Result<Ran, InstantiateError> {
    if let Some(switch) = &mut switch {
        switch.add_version(&program.modules[0]).unwrap();
    }
    run_in(Store::new(&program.engine, ()), program, n, switch)
}

/// Runs with a debugger that stops at every operator and changes nothing. Also says
/// how often it stopped.
fn run_debugged(program: &Program<()>) -> (Result<Ran, InstantiateError>, u64) {
    let stops = Arc::new(AtomicU64::new(0));
    let mut store = Store::new(&program.engine, ());
    let module = &program.modules[0];
    store.set_breakpoints(module, &everywhere(module)).unwrap();
    let counted = stops.clone();
    store.set_debug_handler(Some(Box::new(move |frame| {
        counted.fetch_add(1, Ordering::Relaxed);
        let before = frame.frame();
        for (local, value) in (0..).zip(&before.locals) {
            let value = value.expect("a local that no code has lost");
            frame.set_local(local, value).unwrap();
        }
        assert_eq!(frame.frame(), before);
        DebugAction::Continue
    })));
    let result = run_in(store, program, None, None);
    (result, stops.load(Ordering::Relaxed))
}

/// Runs the start function, then every export.
fn run_in(
    mut store: Store<()>,
    program: &Program<()>,
    n: Option<NonZeroU64>,
    mut switch: Option<VersionSwitch>,
) -> Result<Ran, InstantiateError> {
    let module = &program.modules[0];
    let instance = program.linker.instantiate(&mut store, module)?;
    let exports = instance.exports(&store);
    let mut results = Vec::new();
    store.set_freeze_every(n);
    let started = instance.start(&mut store);
    let (mut store, result) = finish(program, store, n, &mut switch, started);
    results.push(result);
    for (name, export) in exports {
        if export.into_func().is_none() {
            continue;
        }
        // A thawed store is another store, so handles are looked up anew.
        let instance = store.instances().next().unwrap();
        let ty = instance.get_func(&store, &name).unwrap().ty(&store);
        let args: Vec<_> = ty.params.iter().copied().map(argument).collect();
        store.set_freeze_every(n);
        let called = call(&mut store, instance, &name, &args);
        let result;
        (store, result) = finish(program, store, n, &mut switch, called);
        results.push(format!("{name}: {result}"));
    }
    let image = store.capture().unwrap().to_bytes();
    Ok((results, image))
}

#[test]
fn random_programs_run_alike_frozen_or_not() {
    let mut programs = 0;
    for seed in 0..MODULES {
        let Some(program) = program(seed) else {
            continue;
        };
        let Ok((plain, plain_image)) = run(&program, None, None) else {
            continue;
        };
        programs += 1;
        for n in [1, 3] {
            let (frozen, frozen_image) = run(&program, NonZeroU64::new(n), None).unwrap();
            assert_eq!(frozen, plain, "seed {seed}, freezing every {n}");
            assert!(frozen_image == plain_image, "seed {seed}, every {n}");
        }
        let switch = Some(VersionSwitch::new(seed));
        let (moved, moved_image) = run(&program, Some(NonZeroU64::MIN), switch).unwrap();
        assert_eq!(moved, plain, "seed {seed}, in two versions");
        assert!(moved_image == plain_image, "seed {seed}, in two versions");
    }
    assert!(programs >= MODULES / 4, "only {programs} programs ran");
}

#[test]
fn random_programs_run_alike_with_a_breakpoint_at_every_operator() {
    let mut stops = 0;
    for seed in 0..MODULES {
        let Some(program) = program(seed) else {
            continue;
        };
        let Ok(plain) = run(&program, None, None) else {
            continue;
        };
        let (debugged, stopped) = run_debugged(&program);
        stops += stopped;
        assert!(debugged.unwrap() == plain, "seed {seed}");
    }
    assert!(stops > 10_000, "only {stops} stops");
}

//! Modules that are compiled once, written out, and loaded as often as one likes.

use crate::debug::everywhere;
use crate::harness::{Program, call, engine, module, trapped};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use woodfrog::abi::{CpuFeatures, TrapCode, Val};
use woodfrog::compile::{CompileOptions, RegisterCache};
use woodfrog::image::RawImage;
use woodfrog::module::WasmFeatures;
use woodfrog::runtime::{
    Config, DebugAction, Engine, Linker, Module, ModuleError, Outcome, PrecompiledError, Store,
};
use woodfrog_cli::LinuxPlatform;

/// Direct, indirect, host and tail calls, loops, and operands that wait in between.
const TEXT: &str = r#"(module
    (type $unary (func (param i64) (result i64)))
    (type $other (func (param i32) (result i64)))
    (import "host" "twice" (func $twice (type $unary)))
    (memory 1) (table 3 funcref) (elem (i32.const 0) $square $tail $twice)
    (data (i32.const 8) "\02\00\00\00\00\00\00\00") (data $passive "\05")
    (func $square (type $unary) (i64.mul (local.get 0) (local.get 0)))
    (func $tail (type $unary)
        (return_call_indirect (type $unary) (local.get 0) (i32.const 2)))
    (func (export "run") (param i32) (result i64) (local $sum i64)
        (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 1))
        (loop $again
            (local.set $sum (i64.add
                (i64.add (local.get $sum) (i64.load (i32.const 8)))
                (i64.add
                    (call $twice (i64.extend_i32_u (local.get 0)))
                    (call_indirect (type $unary) (i64.load (i32.const 0))
                        (i32.and (local.get 0) (i32.const 1))))))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get $sum))
    (func (export "mismatch") (result i64)
        (call_indirect (type $other) (i32.const 1) (i32.const 0)))
    (func (export "crash") (param i32) (result i32)
        (i32.div_u (i32.const 1) (local.get 0))))"#;

fn linker() -> Linker<()> {
    let mut linker = Linker::new();
    linker.func_wrap("host", "twice", |x: i64| 2 * x);
    linker
}

#[expect(unsafe_code, reason = "the bytes are those that were just written")]
fn load(engine: &Engine, bytes: &[u8]) -> Result<Module, PrecompiledError> {
    // SAFETY: the bytes are those that a test has written, or are refused.
    unsafe { Module::deserialize(engine, bytes) }
}

/// The program compiled, and loaded by another engine that knows types by other numbers.
fn compiled_and_loaded() -> [Program<()>; 2] {
    let compiled = engine();
    let modules = vec![module(&compiled, TEXT)];
    let bytes = modules[0].serialize();
    let loading = engine();
    module(
        &loading,
        "(module (type (func (param f32))) (type (func (param f64))))",
    );
    let loaded = load(&loading, &bytes).unwrap();
    assert_eq!(loaded.serialize(), bytes);
    assert_eq!(loaded.hash(), modules[0].hash());
    let program = |engine, modules| Program {
        engine,
        linker: linker(),
        modules,
    };
    [program(compiled, modules), program(loading, vec![loaded])]
}

/// An image at every suspend point of a run, and its result.
fn images(program: &Program<()>) -> (Vec<Vec<u8>>, Outcome) {
    let mut store = Store::new(&program.engine, ());
    let instance = program.linker.instantiate(&mut store, &program.modules[0]);
    let instance = instance.unwrap();
    store.set_freeze_every(NonZeroU64::new(1));
    let mut outcome = call(&mut store, instance, "run", &[Val::I32(5)]).unwrap();
    let mut images = Vec::new();
    while outcome == Outcome::Suspended {
        images.push(store.capture().unwrap().to_bytes());
        outcome = store.resume().unwrap();
    }
    (images, outcome)
}

#[test]
fn a_loaded_module_runs_frozen_at_every_point_as_the_compiled_one() {
    let [compiled, loaded] = compiled_and_loaded();
    let (_, expected) = images(&compiled);
    let Outcome::Returned(expected) = expected else {
        unreachable!("it ran to its end");
    };
    loaded.check((), "run", &[Val::I32(5)], &expected);
}

#[test]
fn images_go_from_compiled_to_loaded_modules_and_back() {
    let programs = compiled_and_loaded();
    let [(compiled, expected), (loaded, same)] = programs.each_ref().map(images);
    assert!(compiled.len() > 10 && compiled == loaded && expected == same);
    for (images, program) in [(&compiled, &programs[1]), (&loaded, &programs[0])] {
        let inert = [program.modules[0].inner()];
        for bytes in images {
            let image = RawImage::parse(bytes).unwrap().validate(&inert).unwrap();
            let store = Store::restore(
                &program.engine,
                (),
                &program.linker,
                &program.modules,
                &image,
            );
            let mut store = store.unwrap();
            assert!(store.capture().unwrap().to_bytes() == *bytes);
            assert_eq!(store.resume().unwrap(), expected);
        }
    }
}

#[test]
fn traps_of_a_loaded_module_are_found_with_their_frames() {
    let [_, loaded] = compiled_and_loaded();
    let zero = [Val::I32(0)];
    for (name, args, code) in [
        ("crash", &zero[..], TrapCode::IntegerDivideByZero),
        ("mismatch", &[], TrapCode::IndirectCallTypeMismatch),
    ] {
        let (result, ..) = loaded.run_frozen((), name, args, None);
        let trap = trapped(result);
        assert_eq!(trap.code, code);
        assert_eq!(trap.backtrace.frames.len(), 1, "{name}");
    }
}

#[test]
fn a_loaded_module_has_further_versions_and_breakpoints() {
    let [compiled, loaded] = compiled_and_loaded();
    let module = &loaded.modules[0];
    let options = CompileOptions {
        cache: RegisterCache::Nothing,
        ..CompileOptions::default()
    };
    let other = module.add_version(&options).unwrap();
    let mut store = Store::new(&loaded.engine, ());
    let instance = loaded.linker.instantiate(&mut store, module).unwrap();
    store.set_freeze_every(NonZeroU64::new(1));
    let mut outcome = call(&mut store, instance, "run", &[Val::I32(5)]).unwrap();
    while outcome == Outcome::Suspended {
        store.move_frames(|_| other).unwrap();
        outcome = store.resume().unwrap();
    }
    assert_eq!(outcome, images(&compiled).1);

    store.set_freeze_every(None);
    store.set_breakpoints(module, &everywhere(module)).unwrap();
    let stops = Arc::new(AtomicUsize::new(0));
    let counted = stops.clone();
    store.set_debug_handler(Some(Box::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        DebugAction::Continue
    })));
    let outcome = call(&mut store, instance, "run", &[Val::I32(5)]).unwrap();
    assert_eq!(outcome, images(&compiled).1);
    assert!(stops.load(Ordering::Relaxed) > 100);
}

#[test]
fn precompiling_without_running_gives_the_same_bytes() {
    let engine = engine();
    let wasm = wat::parse_str(TEXT).unwrap();
    let module = Module::new(&engine, &wasm).unwrap();
    let bytes = engine.precompile_module(&wasm).unwrap();
    assert_eq!(bytes, module.serialize());
    assert!(Module::is_precompiled(&bytes) && !Module::is_precompiled(&wasm));
    assert!(matches!(
        engine.precompile_module(b"\0asm"),
        Err(ModuleError::Decode(_))
    ));
}

fn engine_for(features: CpuFeatures, wasm_features: WasmFeatures) -> Engine {
    let config = Config {
        features,
        wasm_features,
        ..Config::default()
    };
    Engine::new(Arc::new(LinuxPlatform::new()), config)
}

#[test]
fn an_engine_that_is_compatible_loads_and_another_one_refuses() {
    let wasm = wat::parse_str(TEXT).unwrap();
    let all = WasmFeatures::ALL;
    let baseline = engine_for(CpuFeatures::BASELINE, all);
    let same = engine_for(CpuFeatures::BASELINE, all);
    let detected = engine_for(CpuFeatures::detect(), all);
    let plain = engine_for(CpuFeatures::BASELINE, WasmFeatures::V2);
    let hash = Engine::precompile_compatibility_hash;
    assert_eq!(hash(&baseline), hash(&same));
    assert_ne!(hash(&baseline), hash(&detected));
    assert_ne!(hash(&baseline), hash(&plain));

    let bytes = baseline.precompile_module(&wasm).unwrap();
    load(&same, &bytes).unwrap();
    // Code for less runs where there is more.
    load(&detected, &bytes).unwrap();
    assert!(matches!(
        load(&plain, &bytes),
        Err(PrecompiledError::DisallowedWasmFeatures(_))
    ));
    let bytes = detected.precompile_module(&wasm).unwrap();
    assert!(matches!(
        load(&baseline, &bytes),
        Err(PrecompiledError::DisallowedCpuFeatures(_))
    ));
    // To compile for a processor needs none.
    let bytes = engine_for(CpuFeatures::ALL, all).precompile_module(&wasm);
    bytes.unwrap();
}

#[test]
fn what_is_stale_or_cut_off_is_refused() {
    let engine = engine();
    let wasm = wat::parse_str(TEXT).unwrap();
    let bytes = engine.precompile_module(&wasm).unwrap();
    let mut stale = bytes.clone();
    stale[16] ^= 1;
    assert!(matches!(
        load(&engine, &stale),
        Err(PrecompiledError::Compiler { .. })
    ));
    let cut = &bytes[..bytes.len() / 2];
    assert!(matches!(
        load(&engine, cut),
        Err(PrecompiledError::Length { .. })
    ));
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    assert!(matches!(
        load(&engine, &damaged),
        Err(PrecompiledError::Checksum { .. })
    ));
    assert!(matches!(
        load(&engine, &wasm),
        Err(PrecompiledError::Magic { .. } | PrecompiledError::TooShort { .. })
    ));
}

//! Several code versions of a module, and frames that move from one to another.

use crate::harness::{Program, call, engine, instance, module, returned, trapped};
use std::num::NonZeroU64;
use std::sync::Arc;
use woodfrog::abi::{CpuFeatures, FuncType, TrapCode, Val};
use woodfrog::compile::{CompileOptions, RegisterCache};
use woodfrog::frame::RebuildError;
use woodfrog::runtime::{
    AsContext, AsContextMut, CallError, Caller, Config, Engine, Instance, Linker, Module,
    ModuleError, MoveError, Outcome, Store, SuspendedFrame, UnknownVersion, VersionId,
};
use woodfrog_cli::LinuxPlatform;

const OTHER: VersionId = VersionId(1);

/// The version that shares the least with the first: everything in the frame.
fn in_frame() -> CompileOptions {
    CompileOptions {
        cache: RegisterCache::Nothing,
        ..CompileOptions::default()
    }
}

fn add_other(module: &Module) {
    assert_eq!(module.add_version(&in_frame()).unwrap(), OTHER);
}

fn swapped(version: Option<VersionId>) -> VersionId {
    match version {
        Some(VersionId::FIRST) => OTHER,
        _ => VersionId::FIRST,
    }
}

fn versions<T: 'static>(store: &Store<T>) -> Vec<VersionId> {
    let frames = store.suspended_frames().unwrap().into_iter();
    frames.map(|frame| frame.version.unwrap()).collect()
}

/// Moves frames as chosen; nothing that an image can tell changes.
fn move_frames<T: 'static>(
    store: &mut Store<T>,
    mut choose: impl FnMut(&SuspendedFrame) -> VersionId,
) {
    let chosen: Vec<_> = store
        .suspended_frames()
        .unwrap()
        .iter()
        .map(&mut choose)
        .collect();
    let before = store.capture().unwrap().to_bytes();
    store.move_frames(|frame| chosen[frame.number]).unwrap();
    assert_eq!(versions(store), chosen);
    assert!(store.capture().unwrap().to_bytes() == before);
}

const FIB: &str = r#"(module
  (type $fib (func (param i32) (result i32)))
  (table 1 funcref) (elem (i32.const 0) $fib)
  (func $fib (export "fib") (type $fib) (local $sum i32) (local $n i32)
    local.get 0 local.set $n
    local.get $n i32.const 2 i32.lt_s
    if (result i32) local.get $n
    else
      local.get $n i32.const 1 i32.sub call $fib local.set $sum
      local.get $sum
      local.get $n i32.const 2 i32.sub i32.const 0 call_indirect (type $fib)
      i32.add
    end))"#;

#[test]
fn a_call_that_changes_version_at_every_point_returns_the_same() {
    let (mut store, fib) = instance(FIB);
    add_other(&fib.module(&store));
    store.set_freeze_every(NonZeroU64::new(1));
    let mut outcome = call(&mut store, fib, "fib", &[Val::I32(8)]).unwrap();
    let mut moves = 0;
    while outcome == Outcome::Suspended {
        moves += 1;
        move_frames(&mut store, |frame| match (moves + frame.number) % 3 {
            0 => VersionId::FIRST,
            1 => OTHER,
            _ => swapped(frame.version),
        });
        outcome = store.resume().unwrap();
    }
    assert_eq!(outcome, returned(&[Val::I32(21)]));
    assert!(moves > 60, "{moves} moves");
}

#[test]
fn images_thaw_in_any_version() {
    let program = Program::new(FIB);
    add_other(&program.modules[0]);
    let mut store = Store::new(&program.engine, ());
    let fib = program
        .linker
        .instantiate(&mut store, &program.modules[0])
        .unwrap();
    let every = NonZeroU64::new(1);
    store.set_freeze_every(every);
    let mut outcome = call(&mut store, fib, "fib", &[Val::I32(7)]).unwrap();
    while outcome == Outcome::Suspended {
        let versions = versions(&store);
        let image = store.capture().unwrap();
        let bytes = image.to_bytes();
        let image = image.validate(&[program.modules[0].inner()]).unwrap();
        let mut thawed = Store::restore_in_versions(
            &program.engine,
            (),
            &program.linker,
            &program.modules,
            &image,
            |frame| {
                assert_eq!(frame.version, None);
                swapped(Some(versions[frame.number]))
            },
        )
        .unwrap();
        assert!(thawed.capture().unwrap().to_bytes() == bytes);
        thawed.set_freeze_every(every);
        outcome = thawed.resume().unwrap();
        store = thawed;
    }
    assert_eq!(outcome, returned(&[Val::I32(13)]));
}

#[test]
fn calls_enter_the_version_that_the_instance_is_set_to() {
    let (mut store, fib) = instance(FIB);
    add_other(&fib.module(&store));
    store.set_freeze_every(NonZeroU64::new(1));
    assert_eq!(fib.version(&store), VersionId::FIRST);
    fib.set_version(&mut store, OTHER).unwrap();
    assert_eq!(fib.version(&store), OTHER);
    let mut outcome = call(&mut store, fib, "fib", &[Val::I32(4)]).unwrap();
    assert_eq!(versions(&store), [OTHER]);
    // A direct call stays in its version, an indirect one does not.
    fib.set_version(&mut store, VersionId::FIRST).unwrap();
    let mut seen = Vec::new();
    while outcome == Outcome::Suspended {
        seen.push(versions(&store));
        outcome = store.resume().unwrap();
    }
    assert_eq!(outcome, returned(&[Val::I32(3)]));
    assert!(seen.contains(&vec![OTHER; 4]));
    assert!(seen.contains(&vec![VersionId::FIRST, OTHER]));
    let unknown = fib.set_version(&mut store, VersionId(2));
    assert_eq!(unknown, Err(UnknownVersion(VersionId(2))));
}

/// Loops at the bottom of a recursion with values in registers of all callers, then traps.
const DEEP: &str = r#"(module
  (func $f (export "f") (param $n i32) (param $stop i32) (result i64)
    (local $a i64) (local $b f64) (local $c i32)
    local.get $n i64.extend_i32_u i64.const 3 i64.mul local.set $a
    local.get $n f64.convert_i32_u local.set $b
    local.get $n
    if (result i64)
      loop $again
        local.get $c i32.const 1 i32.add local.tee $c i32.const 2 i32.lt_u br_if $again
      end
      local.get $a
      local.get $n i32.const 1 i32.sub local.get $stop call $f
      i64.add
      local.get $b i64.trunc_f64_s i64.add
      local.get $c i64.extend_i32_u i64.add
    else
      local.get $a
      loop $again (param i64) (result i64)
        local.get $c i32.const 1 i32.add local.tee $c i32.const 3 i32.lt_u br_if $again
      end
      i32.const 100 local.get $stop i32.div_u i64.extend_i32_u i64.add
    end))"#;

/// Calls `f`, lets a suspension at its very bottom mix all frames, and goes on.
fn run_mixed(store: &mut Store<()>, f: Instance, n: i32, stop: i32) -> Result<Outcome, CallError> {
    let points = 3 * n as u64 + 3;
    store.set_freeze_every(NonZeroU64::new(points));
    let outcome = call(store, f, "f", &[Val::I32(n), Val::I32(stop)])?;
    assert_eq!(outcome, Outcome::Suspended);
    store.set_freeze_every(None);
    move_frames(store, |frame| {
        VersionId((frame.number as u32 / 3 + frame.number as u32) % 2)
    });
    assert_eq!(versions(store).len(), n as usize + 1);
    store.resume()
}

#[test]
fn deep_recursion_returns_through_frames_of_both_versions() {
    let (mut store, f) = instance(DEEP);
    add_other(&f.module(&store));
    let n = 5000;
    let outcome = run_mixed(&mut store, f, n, 4).unwrap();
    let sum = i64::from(n) * i64::from(n + 1) / 2;
    assert_eq!(
        outcome,
        returned(&[Val::I64(4 * sum + 2 * i64::from(n) + 25)])
    );
}

#[test]
fn a_trap_below_frames_of_both_versions_has_exact_offsets_and_values() {
    let plain = {
        let (mut store, f) = instance(DEEP);
        trapped(call(&mut store, f, "f", &[Val::I32(30), Val::I32(0)]))
    };
    assert_eq!(plain.code, TrapCode::IntegerDivideByZero);
    assert_eq!(plain.backtrace.frames.len(), 31);
    let (mut store, f) = instance(DEEP);
    add_other(&f.module(&store));
    for entered in [VersionId::FIRST, OTHER] {
        f.set_version(&mut store, entered).unwrap();
        let mixed = trapped(run_mixed(&mut store, f, 30, 0));
        assert_eq!(mixed, plain);
    }
}

#[test]
fn memory_faults_and_overflows_are_traps_in_every_version() {
    let (mut store, instance) = instance(
        r#"(module (memory 1)
          (func (export "load") (result i32) i32.const -1 i32.load)
          (func $down (export "down") call $down))"#,
    );
    add_other(&instance.module(&store));
    instance.set_version(&mut store, OTHER).unwrap();
    let trap = trapped(call(&mut store, instance, "load", &[]));
    assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
    let trap = trapped(call(&mut store, instance, "down", &[]));
    assert_eq!(trap.code, TrapCode::CallStackExhausted);
}

#[test]
fn frames_that_become_too_large_stay_where_they_are() {
    let (mut store, instance) = instance(
        r#"(module (func $down (export "down") (param i32) (result i32) (local i32 i32)
          loop
            local.get 1 i32.const 1 i32.add local.tee 1 i32.const 2 i32.lt_u br_if 0
          end
          local.get 2 i32.const 1 i32.add local.set 2
          local.get 0
          if (result i32) local.get 0 i32.const 1 i32.sub call $down
          else i32.const 6 end
          local.get 2 i32.add))"#,
    );
    add_other(&instance.module(&store));
    // As deep as the first version's frames allow, and still in a loop there.
    let mut deepest = 0;
    for n in (1..).map(|n| 500 * n) {
        match call(&mut store, instance, "down", &[Val::I32(n)]) {
            Ok(_) => deepest = n,
            Err(_) => break,
        }
    }
    store.set_freeze_every(NonZeroU64::new(3 * deepest as u64 + 2));
    let outcome = call(&mut store, instance, "down", &[Val::I32(deepest)]).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
    store.set_freeze_every(None);
    let before = store.capture().unwrap().to_bytes();
    let error = store.move_frames(|_| OTHER).unwrap_err();
    assert!(
        matches!(
            error,
            MoveError::Rebuild(RebuildError::StackTooSmall { .. })
        ),
        "{error}"
    );
    assert!(store.capture().unwrap().to_bytes() == before);
    assert!(
        versions(&store)
            .iter()
            .all(|&version| version == VersionId::FIRST)
    );
    let expected = 6 + deepest + 1;
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(expected)]));
}

#[test]
fn moves_are_refused_unless_the_store_is_suspended() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module (import "" "host" (func $host)) (func (export "run") call $host))"#,
    );
    add_other(&module);
    let mut linker = Linker::new();
    linker.func_new(
        "",
        "host",
        FuncType::new([], []),
        |mut caller: Caller<'_, bool>, _, _| {
            let refusal = caller.as_context_mut().move_frames(|_| OTHER);
            assert!(matches!(refusal, Err(MoveError::Running)));
            // What the next call enters can be changed at any time.
            let instance = caller.instance().unwrap();
            instance.set_version(&mut caller, OTHER).unwrap();
            *caller.data_mut() = true;
            Ok(())
        },
    );
    let mut store = Store::new(&engine, false);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let refusal = store.move_frames(|_| OTHER);
    assert!(matches!(refusal, Err(MoveError::NotSuspended)));
    assert!(matches!(
        store.suspended_frames(),
        Err(MoveError::NotSuspended)
    ));
    call(&mut store, instance, "run", &[]).unwrap();
    assert!(*store.data());
    assert_eq!(instance.version(store.as_context()), OTHER);
    store.set_freeze_every(NonZeroU64::new(1));
    assert_eq!(
        call(&mut store, instance, "run", &[]).unwrap(),
        Outcome::Suspended
    );
    assert_eq!(versions(&store), [OTHER]);
    let error = store.move_frames(|_| VersionId(7)).unwrap_err();
    let expected = UnknownVersion(VersionId(7));
    assert!(
        matches!(error, MoveError::UnknownVersion { frame: 0, unknown } if unknown == expected)
    );
}

#[test]
fn results_of_a_host_function_move_with_the_frame_that_waits_for_them() {
    let engine = engine();
    let module = module(
        &engine,
        r#"(module
          (import "" "pair" (func $pair (param i32 i32 i32 i32 i32 i32 i32) (result i64 f64 i32)))
          (func (export "run") (param i64) (result i64 f64 i32 i64)
            i32.const 1 i32.const 2 i32.const 3 i32.const 4 i32.const 5 i32.const 6 i32.const 7
            call $pair
            local.get 0))"#,
    );
    add_other(&module);
    let ty = module.inner().function_type(0).clone();
    let mut linker = Linker::new();
    linker.func_new("", "pair", ty, |_: Caller<'_, ()>, args, results| {
        results.copy_from_slice(&[Val::I64(-7), Val::F64(0x7ff0_0000_dead_beef), args[6]]);
        Ok(())
    });
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).unwrap();
    store.set_freeze_every(NonZeroU64::new(1));
    let mut outcome = call(&mut store, instance, "run", &[Val::I64(9)]).unwrap();
    while outcome == Outcome::Suspended {
        move_frames(&mut store, |frame| swapped(frame.version));
        outcome = store.resume().unwrap();
    }
    let expected = [
        Val::I64(-7),
        Val::F64(0x7ff0_0000_dead_beef),
        Val::I32(7),
        Val::I64(9),
    ];
    assert_eq!(outcome, returned(&expected));
}

#[test]
fn code_for_features_that_the_processor_lacks_is_refused() {
    let missing = CpuFeatures::ALL.without(CpuFeatures::detect());
    if missing == CpuFeatures::BASELINE {
        return;
    }
    let module = module(&engine(), "(module)");
    let options = CompileOptions {
        features: CpuFeatures::ALL,
        ..CompileOptions::default()
    };
    let refused = module.add_version(&options).unwrap_err();
    assert!(matches!(refused, ModuleError::MissingFeatures(features) if features == missing));
    assert_eq!(module.versions().count(), 1);
    let config = Config {
        features: CpuFeatures::ALL,
        ..Config::default()
    };
    let engine = Engine::new(Arc::new(LinuxPlatform::new()), config);
    assert!(matches!(
        Module::new(&engine, b"\0asm\x01\0\0\0"),
        Err(ModuleError::MissingFeatures(_))
    ));
}

#[test]
fn versions_say_what_they_were_compiled_with() {
    let module = module(&engine(), FIB);
    add_other(&module);
    let [first, other] = [VersionId::FIRST, OTHER].map(|id| module.version(id).unwrap());
    assert_eq!(*other.options(), in_frame());
    assert_eq!(other.state().features, CpuFeatures::BASELINE);
    assert_eq!(first.options().features, CpuFeatures::detect());
    assert_ne!(first.code(), other.code());
    assert!(module.version(VersionId(2)).is_err());
}

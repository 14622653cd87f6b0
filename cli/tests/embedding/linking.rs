//! Instances that share what they import and export, and what a linker, a module and an instance say
//! of themselves.

use crate::harness::{Program, call, engine, instance, module, returned};
use std::num::NonZeroU64;
use woodfrog::abi::{FuncType, Val, ValType};
use woodfrog::module::{ExternType, MemoryType};
use woodfrog::runtime::{
    AsContext, CallError, Caller, Extern, Func, Instance, InstantiateError, Linker, Memory, Module,
    Outcome, Store, Table, TableError, UnknownImport,
};

/// Has everything that there is to share.
const LIBRARY: &str = r#"(module $library
    (memory (export "memory") 1)
    (table (export "table") 4 funcref)
    (global (export "count") (mut i64) (i64.const 0))
    (func $store (export "store") (param i32 i32)
        (i32.store (local.get 0) (local.get 1)))
    (func $double (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
    (elem (i32.const 1) $double))"#;

/// Puts a function of its own into the library's table.
const MIDDLE: &str = r#"(module
    (import "library" "table" (table 1 funcref))
    (import "library" "count" (global $count (mut i64)))
    (import "host" "step" (func $step (result i32)))
    (func $counted (param i32) (result i32)
        (global.set $count (i64.add (global.get $count) (i64.const 1)))
        (i32.add (local.get 0) (call $step)))
    (elem (i32.const 2) $counted))"#;

/// Uses both through the table, and leaves its results in the library's memory.
const PROGRAM: &str = r#"(module
    (import "library" "memory" (memory 1))
    (import "library" "table" (table 3 funcref))
    (import "library" "count" (global $count (mut i64)))
    (import "library" "store" (func $store (param i32 i32)))
    (type $unary (func (param i32) (result i32)))
    (func (export "run") (param $n i32) (result i32) (local $i i32) (local $sum i32)
        (loop $again
            (call $store (i32.shl (local.get $i) (i32.const 2))
                (call_indirect (type $unary)
                    (call_indirect (type $unary) (local.get $i) (i32.const 1))
                    (i32.const 2)))
            (local.set $sum (i32.add (local.get $sum)
                (i32.load (i32.shl (local.get $i) (i32.const 2)))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
        (i32.add (local.get $sum) (i32.wrap_i64 (global.get $count)))))"#;

/// Instances of all three in one store, each linked to the ones before.
fn linked(program: &Program<u32>) -> (Store<u32>, Instance) {
    let mut linker = program.linker.clone();
    let mut store = Store::new(&program.engine, 0);
    let [run, library, middle] = &program.modules[..] else {
        panic!("three modules");
    };
    let library = linker.instantiate(&mut store, library).unwrap();
    linker.instance(&store, "library", library);
    linker.instantiate(&mut store, middle).unwrap();
    let run = linker.instantiate(&mut store, run).unwrap();
    (store, run)
}

fn step(mut caller: Caller<'_, u32>) -> i32 {
    *caller.data_mut() += 1;
    10
}

#[test]
fn instances_share_what_they_import_however_often_they_are_frozen() {
    let engine = engine();
    let modules = [PROGRAM, LIBRARY, MIDDLE].map(|text| module(&engine, text));
    let mut linker = Linker::new();
    linker.func_wrap("host", "step", step);
    let program = Program {
        engine,
        linker,
        modules: modules.into(),
    };
    let n = 5;
    let sum: i32 = (0..n).map(|i| 2 * i + 10).sum::<i32>() + n;
    for every in [0, 1, 3] {
        let (mut store, instance) = linked(&program);
        store.set_freeze_every(NonZeroU64::new(every));
        let mut outcome = call(&mut store, instance, "run", &[Val::I32(n)]).unwrap();
        let mut freezes = 0;
        while outcome == Outcome::Suspended {
            freezes += 1;
            store = program.freeze_and_thaw(store);
            store.set_freeze_every(NonZeroU64::new(every));
            outcome = store.resume().unwrap();
        }
        assert_eq!(outcome, returned(&[Val::I32(sum)]), "every {every}");
        assert_eq!(freezes > 0, every > 0);
        assert_eq!(*store.data(), n as u32);
        let instances: Vec<_> = store.instances().collect();
        assert_eq!(instances.len(), 3);
        let library = instances[0];
        let count = library.get_global(&store, "count").unwrap();
        assert_eq!(count.get(&store).unwrap_i64(), i64::from(n));
        let memory = library.get_memory(&store, "memory").unwrap();
        assert_eq!(memory.data(&store)[4..8], 12_i32.to_le_bytes());
    }
}

#[test]
fn a_linker_tells_what_is_under_a_name_and_gives_it_others() {
    let engine = engine();
    let mut store = Store::new(&engine, 0);
    let mut linker = Linker::new();
    linker.func_wrap("host", "step", step);
    let library = linker
        .instantiate(&mut store, &module(&engine, LIBRARY))
        .unwrap();
    linker.instance(&store, "library", library);
    linker.alias("host", "step", "environment", "next").unwrap();
    linker
        .alias("library", "memory", "environment", "memory")
        .unwrap();

    let get = |store: &mut Store<u32>, module, name| linker.get(store, module, name).unwrap();
    assert_eq!(get(&mut store, "library", "nothing"), None);
    assert_eq!(
        get(&mut store, "environment", "memory"),
        library.get_export(&store, "memory")
    );
    let next = get(&mut store, "environment", "next").unwrap();
    assert_eq!(get(&mut store, "environment", "next").unwrap(), next);
    let next = next.into_func().unwrap();
    assert_eq!(next.ty(&store), FuncType::new([], [ValType::I32]));
    assert_eq!(
        next.call(&mut store, &[]).unwrap(),
        returned(&[Val::I32(10)])
    );
    assert_eq!(*store.data(), 1);

    let missing = linker.alias("host", "stop", "a", "b").err();
    assert_eq!(
        missing,
        Some(UnknownImport {
            module: "host".into(),
            name: "stop".into()
        })
    );
}

#[test]
#[should_panic = "another store"]
fn a_linker_gives_nothing_of_one_store_to_another() {
    let (store, instance) = instance(LIBRARY);
    let mut linker = Linker::new();
    linker.instance(&store, "library", instance);
    let _ = linker.get(Store::new(store.engine(), ()), "library", "memory");
}

#[test]
fn unknown_imports_can_be_left_to_trap_when_they_are_called() {
    let engine = engine();
    let text = r#"(module
        (import "no" "such" (func $such (param i32) (result i64)))
        (func (export "safe") (result i32) (i32.const 1))
        (func (export "unsafe") (drop (call $such (i32.const 1)))))"#;
    let module = module(&engine, text);
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new();
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert!(
        matches!(error, InstantiateError::UnknownImport { .. }),
        "{error}"
    );
    linker.define_unknown_imports_as_traps(&module);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let outcome = call(&mut store, instance, "safe", &[]).unwrap();
    assert_eq!(outcome, returned(&[Val::I32(1)]));
    let CallError::Host(error) = call(&mut store, instance, "unsafe", &[]).unwrap_err() else {
        panic!("no error of the host");
    };
    let unknown = error.downcast::<UnknownImport>().unwrap();
    assert_eq!(unknown.to_string(), r#"unknown import: "no" "such""#);
}

#[test]
fn a_module_tells_its_name_imports_and_exports() {
    let engine = engine();
    let library = module(&engine, LIBRARY);
    assert_eq!(library.name(), Some("library"));
    let exports: Vec<_> = library.exports().map(|export| export.name()).collect();
    assert_eq!(exports, ["memory", "table", "count", "store"]);
    let ty = FuncType::new([ValType::I32; 2], []);
    assert_eq!(library.get_export("store"), Some(ExternType::Func(ty)));
    assert_eq!(library.get_export("nothing"), None);
    let memory = library.exports().next().unwrap().ty();
    assert!(
        matches!(
            memory,
            ExternType::Memory(MemoryType {
                minimum: 1,
                maximum: None,
                ..
            })
        ),
        "{memory:?}"
    );

    let program = module(&engine, PROGRAM);
    assert_eq!(program.name(), None);
    let imports: Vec<_> = program.imports().map(|i| (i.module(), i.name())).collect();
    let names = ["memory", "table", "count", "store"];
    assert_eq!(imports, names.map(|name| ("library", name)));
    assert!(matches!(program.imports().len(), 4));

    // A precompiled one tells the same.
    // SAFETY: these bytes were just made here.
    #[expect(unsafe_code, reason = "loads machine code")]
    let loaded = unsafe { Module::deserialize(&engine, &library.serialize()) }.unwrap();
    assert_eq!(loaded.name(), Some("library"));
    assert_eq!(loaded.exports().len(), 4);
}

#[test]
fn bytes_can_be_validated_alone() {
    let engine = engine();
    let bytes = wat::parse_str(LIBRARY).unwrap();
    Module::validate(&engine, &bytes).unwrap();
    Module::validate(&engine, &bytes[..bytes.len() - 1]).unwrap_err();
}

#[test]
fn tables_are_filled_and_copied_by_the_host() {
    let (mut store, instance) = instance(LIBRARY);
    let table = instance.get_table(&store, "table").unwrap();
    let double = table.get(&store, 1).unwrap();
    let null = Val::FuncRef(None);
    let elements = |store: &Store<()>, table: Table| -> Vec<bool> {
        let elements = (0..).map_while(|index| table.get(store, index));
        elements.map(|element| element == double).collect()
    };
    table.fill(&mut store, 2, double, 2).unwrap();
    assert_eq!(elements(&store, table), [false, true, true, true]);
    let ty = table.ty(&store);
    let other = Table::new(&mut store, ty, null).unwrap();
    Table::copy(&mut store, &other, 0, &table, 1, 2).unwrap();
    assert_eq!(elements(&store, other), [true, true, false, false]);
    Table::copy(&mut store, &other, 1, &other, 0, 3).unwrap();
    assert_eq!(elements(&store, other), [true, true, true, false]);
    other.fill(&mut store, 4, null, 0).unwrap();

    for refused in [
        other.fill(&mut store, 3, double, 2),
        Table::copy(&mut store, &other, 3, &table, 0, 2),
        Table::copy(&mut store, &table, 0, &other, 3, 2),
        other.fill(&mut store, u64::MAX, double, 2),
    ] {
        let error = refused.unwrap_err();
        assert!(
            matches!(error, TableError::OutOfBounds { len: 4, .. }),
            "{error}"
        );
    }
    let error = other
        .fill(&mut store, 0, Val::ExternRef(None), 1)
        .unwrap_err();
    assert!(matches!(error, TableError::Type { .. }), "{error}");
    assert_eq!(elements(&store, other), [true, true, true, false]);
}

#[test]
fn a_memory_and_the_data_of_its_store_are_had_at_once() {
    let engine = engine();
    let mut store = Store::new(&engine, vec![1, 2, 3]);
    let instance = Linker::new()
        .instantiate(&mut store, &module(&engine, LIBRARY))
        .unwrap();
    let memory: Memory = instance.get_memory(&store, "memory").unwrap();
    assert_eq!(memory.data_size(&store), 65536);
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    bytes[8..11].copy_from_slice(data);
    data.clear();
    assert_eq!(memory.data(&store)[7..12], [0, 1, 2, 3, 0]);
    assert_eq!(store.as_context().data().len(), 0);
}

#[test]
fn values_go_to_rust_and_back() {
    assert_eq!(Val::from(-1).i32(), Some(-1));
    assert_eq!(Val::from(-1_i64).i32(), None);
    assert_eq!(Val::from(1.5_f32), Val::F32(1.5_f32.to_bits()));
    assert_eq!(Val::from(2.5).unwrap_f64(), 2.5);
    assert_eq!(Val::from(7_u128).v128(), Some(7));
    assert_eq!(Val::FuncRef(None).func_ref(), Some(None));
}

#[test]
fn an_export_is_had_by_name_and_kind() {
    let (mut store, instance) = instance(LIBRARY);
    let func: Func = instance.get_func(&store, "store").unwrap();
    assert_eq!(
        instance.get_export(&store, "store"),
        Some(Extern::Func(func))
    );
    assert_eq!(instance.get_func(&store, "memory"), None);
    assert_eq!(instance.get_global(&store, "store"), None);
    let store_at = instance
        .get_typed_func::<(i32, i32), ()>(&store, "store")
        .unwrap();
    store_at.call(&mut store, (4, 9)).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let mut bytes = [0; 2];
    memory.read(&store, 4, &mut bytes).unwrap();
    assert_eq!(bytes, [9, 0]);
}

#[test]
fn instances_are_made_of_what_is_given_for_their_imports() {
    let (mut store, library) = instance(LIBRARY);
    let program = module(store.engine(), PROGRAM);
    let imports = ["memory", "table", "count", "store"];
    let imports = imports.map(|name| library.get_export(&store, name).unwrap());
    let made = Instance::new(&mut store, &program, &imports).unwrap();
    let table = library.get_table(&store, "table").unwrap();
    let double = table.get(&store, 1).unwrap();
    table.set(&mut store, 2, double).unwrap();
    let outcome = call(&mut store, made, "run", &[Val::I32(3)]).unwrap();
    assert_eq!(outcome, returned(&[Val::I32(4 + 8)]));

    let error = Instance::new(&mut store, &program, &imports[1..]).unwrap_err();
    assert_eq!(error.to_string(), "3 imports given to a module of 4");
    let mut others = imports;
    others.swap(0, 1);
    let error = Instance::new(&mut store, &program, &others).unwrap_err();
    assert!(
        matches!(error, InstantiateError::IncompatibleImport { .. }),
        "{error}"
    );
    assert_eq!(store.instances().count(), 2);
}

//! What a store may take of its host: asked whoever grows something, and when an image is thawed.

use crate::harness::{call, engine, module, returned, trapped};
use std::num::NonZeroU64;
use woodfrog::abi::{TrapCode, Val};
use woodfrog::image::RawImage;
use woodfrog::module::{AddressType, MemoryType};
use woodfrog::runtime::{
    CallError, Counted, Engine, GrowFailed, HostError, HostPart, HostParts, Instance,
    InstantiateError, LimitError, Linker, Memory, MemoryError, Module, Outcome, ResourceLimiter,
    RestoreError, Store, StoreLimits, StoreLimitsBuilder, TableError, ThawError,
};

const PAGE: usize = 65536;

/// Grows by what it is told, and says how large it is.
const WAT: &str = r#"(module
    (memory (export "memory") 1 100)
    (table $table (export "table") 10 1000 funcref)
    (table $other (export "other") 10 funcref)
    (func (export "grow_memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "memory_size") (result i32) (memory.size))
    (func (export "grow_table") (param i32) (result i32)
        (table.grow $table (ref.null func) (local.get 0)))
    (func (export "grow_other") (param i32) (result i32)
        (table.grow $other (ref.null func) (local.get 0)))
    (func (export "grow_all") (result i32)
        (loop $again
            (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
        (loop $again
            (br_if $again (i32.ne (table.grow $table (ref.null func) (i32.const 1)) (i32.const -1))))
        (i32.mul (memory.size) (table.size $table))))"#;

/// The store's data: limits alone.
struct Data {
    limits: StoreLimits,
}

impl HostParts for Data {
    fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        Vec::new()
    }
}

fn limited(engine: &Engine, limits: StoreLimitsBuilder) -> Store<Data> {
    let limits = limits.build();
    let mut store = Store::new(engine, Data { limits });
    store.limiter(|data| &mut data.limits);
    store
}

fn limits() -> StoreLimitsBuilder {
    StoreLimitsBuilder::new()
}

fn instance(limits: StoreLimitsBuilder) -> (Store<Data>, Instance) {
    let engine = engine();
    let mut store = limited(&engine, limits);
    let module = module(&engine, WAT);
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    (store, instance)
}

fn grow(store: &mut Store<Data>, instance: Instance, name: &str, delta: i32) -> i32 {
    match call(store, instance, name, &[Val::I32(delta)]).unwrap() {
        Outcome::Returned(values) => match values[..] {
            [Val::I32(old)] => old,
            _ => panic!("{values:?}"),
        },
        Outcome::Suspended => panic!("nobody asked for a suspension"),
    }
}

#[test]
fn a_memory_grows_to_its_limit_and_no_further() {
    let (mut store, instance) = instance(limits().memory_size(5 * PAGE));
    assert_eq!(grow(&mut store, instance, "grow_memory", 5), -1);
    assert_eq!(grow(&mut store, instance, "grow_memory", 3), 1);
    assert_eq!(grow(&mut store, instance, "grow_memory", -1), -1);
    assert_eq!(grow(&mut store, instance, "grow_memory", 0), 4);
    assert_eq!(grow(&mut store, instance, "grow_memory", 1), 4);
    assert_eq!(grow(&mut store, instance, "grow_memory", 1), -1);
    let memory = instance.get_memory(&store, "memory").unwrap();
    let refused = memory.grow(&mut store, 1).unwrap_err();
    let limit = 6 * PAGE;
    assert!(
        matches!(refused, MemoryError::Limit(LimitError::MemorySize(size)) if size == limit),
        "{refused}"
    );
    assert_eq!(memory.size(&store), 5);
}

#[test]
fn tables_grow_to_their_limits_and_no_further() {
    let limits = limits().table_elements(50).total_table_elements(70);
    let (mut store, instance) = instance(limits);
    assert_eq!(grow(&mut store, instance, "grow_table", 41), -1);
    assert_eq!(grow(&mut store, instance, "grow_table", 40), 10);
    assert_eq!(grow(&mut store, instance, "grow_table", 1), -1);
    // 60 elements there are: the other table may have ten more.
    assert_eq!(grow(&mut store, instance, "grow_other", 11), -1);
    assert_eq!(grow(&mut store, instance, "grow_other", 10), 10);
    let table = instance.get_table(&store, "other").unwrap();
    let refused = table.grow(&mut store, 1, Val::FuncRef(None)).unwrap_err();
    assert!(
        matches!(refused, TableError::Limit(LimitError::TableSize(21))),
        "{refused}"
    );
    assert_eq!(table.size(&store), 20);
}

#[test]
fn what_a_type_forbids_takes_nothing_of_the_limit() {
    let (mut store, instance) = instance(limits().total_table_elements(1020));
    assert_eq!(grow(&mut store, instance, "grow_table", 991), -1);
    // No table has so many elements, but this one's type does not say so.
    let beyond = woodfrog::limits::MAX_TABLE_ELEMENTS as i32;
    assert_eq!(grow(&mut store, instance, "grow_other", beyond), -1);
    assert_eq!(grow(&mut store, instance, "grow_table", 990), 10);
    assert_eq!(grow(&mut store, instance, "grow_other", 10), 10);
    assert_eq!(grow(&mut store, instance, "grow_other", 1), -1);
}

#[test]
fn failing_to_grow_ends_the_call_if_that_is_wanted() {
    let limits = limits().memory_size(2 * PAGE).table_elements(20);
    let (mut store, instance) = instance(limits.trap_on_grow_failure(true));
    for (name, delta, expected) in [
        ("grow_memory", 2, GrowFailed::Memory(3 * PAGE)),
        ("grow_memory", 100, GrowFailed::Memory(101 * PAGE)),
        ("grow_table", 11, GrowFailed::Table(21)),
    ] {
        let error = call(&mut store, instance, name, &[Val::I32(delta)]).unwrap_err();
        let CallError::Host(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error.downcast::<GrowFailed>().unwrap(), expected);
        assert!(!store.is_suspended());
    }
    assert_eq!(grow(&mut store, instance, "grow_memory", 1), 1);
    let size = call(&mut store, instance, "memory_size", &[]).unwrap();
    assert_eq!(size, returned(&[Val::I32(2)]));
}

#[test]
fn instances_are_refused_what_their_modules_begin_with() {
    let engine = engine();
    let module = module(&engine, WAT);
    let refused = |limits| {
        let mut store = limited(&engine, limits);
        let error = Linker::new().instantiate(&mut store, &module).unwrap_err();
        assert_eq!(store.instances().count(), 0);
        match error {
            InstantiateError::Limit(error) => error,
            error => panic!("{error}"),
        }
    };
    let count = |limits, expected, most| {
        let error = refused(limits);
        assert!(
            matches!(error, LimitError::Count { counted, limit }
                if (counted, limit) == (expected, most)),
            "{error}"
        );
    };
    count(limits().instances(0), Counted::Instances, 0);
    count(limits().tables(1), Counted::Tables, 1);
    count(limits().memories(0), Counted::Memories, 0);
    let error = refused(limits().memory_size(PAGE - 1));
    assert!(matches!(error, LimitError::MemorySize(PAGE)), "{error}");
    let error = refused(limits().total_table_elements(19));
    assert!(matches!(error, LimitError::TableSize(10)), "{error}");
    assert_eq!(
        error.to_string(),
        "the store's limiter refuses a table of 10 elements"
    );
}

#[test]
fn each_instance_counts() {
    let engine = engine();
    let module = module(&engine, WAT);
    let mut store = limited(&engine, limits().instances(3));
    let linker = Linker::new();
    for _ in 0..3 {
        linker.instantiate(&mut store, &module).unwrap();
    }
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert_eq!(error.to_string(), "the store's limiter admits 3 instances");
    let ty = MemoryType {
        address: AddressType::I32,
        minimum: 1,
        maximum: None,
    };
    Memory::new(&mut store, ty).expect("a memory is no instance");
}

/// A store that was frozen while it was about to grow: of what it has then, and of nothing.
fn frozen(engine: &Engine, module: &Module) -> Vec<u8> {
    let mut store = limited(engine, limits());
    let instance = Linker::new().instantiate(&mut store, module).unwrap();
    assert_eq!(grow(&mut store, instance, "grow_memory", 1), 1);
    assert_eq!(grow(&mut store, instance, "grow_table", 5), 10);
    store.set_freeze_every(NonZeroU64::new(1));
    let outcome = call(&mut store, instance, "grow_all", &[]).unwrap();
    assert_eq!(outcome, Outcome::Suspended);
    store.freeze().unwrap().to_bytes()
}

#[test]
fn an_image_is_thawed_within_limits_or_not_at_all() {
    let engine = engine();
    let module = module(&engine, WAT);
    let bytes = frozen(&engine, &module);
    let thaw = |limits| {
        let image = RawImage::parse(&bytes).unwrap();
        limited(&engine, limits).thaw(image, &Linker::new())
    };
    let fits = || {
        limits()
            .memory_size(2 * PAGE)
            .table_elements(15)
            .total_table_elements(25)
            .instances(1)
            .tables(2)
            .memories(1)
    };
    for (limits, told) in [
        (fits().memory_size(2 * PAGE - 1), "a memory of 131072 bytes"),
        (fits().table_elements(14), "a table of 15 elements"),
        (fits().total_table_elements(24), "a table of 10 elements"),
        (fits().instances(0), "0 instances"),
        (fits().tables(1), "1 tables"),
        (fits().memories(0), "0 memories"),
    ] {
        match thaw(limits).err() {
            Some(ThawError::Restore(RestoreError::Limit(error))) => {
                assert!(error.to_string().ends_with(told), "{error}");
            }
            other => panic!("{told}: {other:?}"),
        }
    }
    let mut store = thaw(fits()).unwrap();
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(2 * 15)]));

    // Limits go on to count from what the image has.
    let mut store = thaw(limits().memory_size(3 * PAGE).total_table_elements(27)).unwrap();
    assert_eq!(store.resume().unwrap(), returned(&[Val::I32(3 * 17)]));
}

#[test]
#[should_panic = "in use"]
fn nothing_is_thawed_into_a_store_that_is_in_use() {
    let engine = engine();
    let module = module(&engine, WAT);
    let bytes = frozen(&engine, &module);
    let mut store = limited(&engine, limits());
    Linker::new().instantiate(&mut store, &module).unwrap();
    let _ = store.thaw(RawImage::parse(&bytes).unwrap(), &Linker::new());
}

/// Notes what it is asked.
#[derive(Default)]
struct Notes {
    asked: Vec<(usize, usize, Option<usize>)>,
    failed: Vec<String>,
}

impl ResourceLimiter for Notes {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError> {
        self.asked.push((current, desired, maximum));
        match desired > 200 * PAGE {
            true => Err(HostError::new(std::fmt::Error)),
            false => Ok(true),
        }
    }

    fn memory_grow_failed(&mut self, error: &MemoryError) -> Result<(), HostError> {
        self.failed.push(error.to_string());
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, HostError> {
        self.asked.push((current, desired, maximum));
        Ok(true)
    }
}

#[test]
fn a_limiter_is_asked_in_bytes_and_elements_and_hears_of_failures() {
    let engine = engine();
    let mut store = Store::new(&engine, Notes::default());
    store.limiter(|notes| notes);
    let module = module(&engine, WAT);
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let mut grow = |name, delta: i32| call(&mut store, instance, name, &[Val::I32(delta)]);
    assert_eq!(grow("grow_memory", 2).unwrap(), returned(&[Val::I32(1)]));
    assert_eq!(grow("grow_memory", 100).unwrap(), returned(&[Val::I32(-1)]));
    assert_eq!(grow("grow_table", 7).unwrap(), returned(&[Val::I32(10)]));
    let error = grow("grow_memory", 300).unwrap_err();
    assert!(matches!(error, CallError::Host(_)), "{error}");
    let notes = store.data();
    let maximum = Some(100 * PAGE);
    assert_eq!(
        notes.asked,
        [
            (0, 10, Some(1000)),
            (0, 10, None),
            (0, PAGE, maximum),
            (PAGE, 3 * PAGE, maximum),
            (3 * PAGE, 103 * PAGE, maximum),
            (10, 17, Some(1000)),
            (3 * PAGE, 303 * PAGE, maximum),
        ]
    );
    assert_eq!(notes.failed, ["103 pages of at most 100"]);
}

#[test]
fn a_refusal_is_seen_by_the_program_alone() {
    let engine = engine();
    let text = r#"(module (memory (export "memory") 1)
        (func (export "run") (result i32)
            (drop (memory.grow (i32.const 9)))
            (i32.load (i32.const 65536))))"#;
    let module = module(&engine, text);
    let mut store = limited(&engine, limits().memory_size(PAGE));
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    let trap = trapped(call(&mut store, instance, "run", &[]));
    assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
}

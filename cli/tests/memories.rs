//! Memories of every kind at their limits: accesses at the edge of the memory, of the
//! guard behind it, of 32 bits and of 64, and sizes that cannot be had.

use std::fmt::Write as _;
use std::sync::Arc;
use woodfrog::abi::{TrapCode, Val};
use woodfrog::limits::{
    MAX_MEMORY_PAGES, MAX_MEMORY64_BYTES, MAX_MEMORY64_PAGES, MAX_TABLE_ELEMENTS,
    MEMORY64_RESERVATION, WASM_PAGE,
};
use woodfrog::module::{AddressType, MemoryType};
use woodfrog::runtime::{
    CallError, Config, Engine, Instance, InstantiateError, Linker, Memory, MemoryError, Module,
    Outcome, Store, TableError,
};
use woodfrog_cli::LinuxPlatform;

/// Loads: result type, and how many bytes they read.
const LOADS: [(&str, &str, u64); 17] = [
    ("i32.load8_s", "i32", 1),
    ("i32.load8_u", "i32", 1),
    ("i32.load16_s", "i32", 2),
    ("i32.load16_u", "i32", 2),
    ("i32.load", "i32", 4),
    ("i64.load8_s", "i64", 1),
    ("i64.load8_u", "i64", 1),
    ("i64.load16_s", "i64", 2),
    ("i64.load16_u", "i64", 2),
    ("i64.load32_s", "i64", 4),
    ("i64.load32_u", "i64", 4),
    ("i64.load", "i64", 8),
    ("f32.load", "f32", 4),
    ("f64.load", "f64", 8),
    ("v128.load", "v128", 16),
    ("v128.load8x8_s", "v128", 8),
    ("v128.load32_splat", "v128", 4),
];

/// Stores: what they store, and how many bytes.
const STORES: [(&str, &str, u64); 10] = [
    ("i32.store8", "i32.const 0", 1),
    ("i32.store16", "i32.const 0", 2),
    ("i32.store", "i32.const 0", 4),
    ("i64.store8", "i64.const 0", 1),
    ("i64.store16", "i64.const 0", 2),
    ("i64.store32", "i64.const 0", 4),
    ("i64.store", "i64.const 0", 8),
    ("f32.store", "f32.const 0", 4),
    ("f64.store", "f64.const 0", 8),
    ("v128.store", "v128.const i64x2 0 0", 16),
];

/// Pages of a memory to begin with, and after it has grown.
const SIZES: [u64; 2] = [1, 3];

#[derive(Clone, Copy, Debug)]
struct Kind {
    is_64: bool,
    memory: u32,
}

const KINDS: [Kind; 4] = [
    Kind {
        is_64: false,
        memory: 0,
    },
    Kind {
        is_64: false,
        memory: 2,
    },
    Kind {
        is_64: true,
        memory: 0,
    },
    Kind {
        is_64: true,
        memory: 2,
    },
];

impl Kind {
    fn ty(self) -> &'static str {
        if self.is_64 { "i64" } else { "i32" }
    }

    fn max(self) -> u64 {
        if self.is_64 {
            u64::MAX
        } else {
            u32::MAX.into()
        }
    }

    fn value(self, index: u64) -> Val {
        if self.is_64 {
            Val::I64(index as i64)
        } else {
            Val::I32(index as i32)
        }
    }

    /// Static offsets around every limit.
    fn offsets(self) -> Vec<u64> {
        let limits = [
            0,
            WASM_PAGE,
            1 << 31,
            u32::MAX.into(),
            1 << 33,
            MAX_MEMORY64_BYTES,
            MEMORY64_RESERVATION,
            1 << 63,
            u64::MAX,
        ];
        self.around(limits.into_iter())
    }

    /// Indices at which accesses of `bytes` bytes begin to be out of bounds, and around other limits.
    fn indices(self, offset: u64, bytes: u64) -> Vec<u64> {
        let edges = SIZES.map(|pages| (pages * WASM_PAGE).wrapping_sub(offset).wrapping_sub(bytes));
        let limits = [
            0,
            WASM_PAGE,
            1 << 31,
            u32::MAX.into(),
            MAX_MEMORY64_BYTES,
            MAX_MEMORY64_BYTES.wrapping_sub(offset),
            MEMORY64_RESERVATION,
            1 << 63,
            u64::MAX,
            0u64.wrapping_sub(offset),
        ];
        self.around(edges.into_iter().chain(limits))
    }

    /// These numbers and their neighbours, as far as the address type has them.
    fn around(self, numbers: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut numbers: Vec<u64> = numbers
            .flat_map(|n| [n.wrapping_sub(1), n, n.wrapping_add(1)])
            .filter(|&n| n <= self.max())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// A function for each instruction, of the index; `index` is how it gets there.
fn module(kind: Kind, offset: u64, index: &str, parameter: &str) -> String {
    let Kind { memory, .. } = kind;
    let mut text = String::from("(module");
    for number in 0..=memory {
        let ty = if number == memory { kind.ty() } else { "i32" };
        let _ = write!(
            text,
            " (memory {ty} {})",
            if number == memory { SIZES[0] } else { 0 }
        );
    }
    for (name, result, _) in LOADS {
        let _ = write!(
            text,
            "(func (export \"{name}\") {parameter} (result {result}) ({name} {memory} offset={offset} {index}))"
        );
    }
    for (name, value, _) in STORES {
        let _ = write!(
            text,
            "(func (export \"{name}\") {parameter} ({name} {memory} offset={offset} {index} ({value})))"
        );
    }
    let ty = kind.ty();
    let _ = write!(
        text,
        "(func (export \"grow\") (param {ty}) (result {ty}) (memory.grow {memory} (local.get 0))))"
    );
    text
}

fn instructions() -> impl Iterator<Item = (&'static str, u64)> {
    let loads = LOADS.iter().map(|&(name, _, bytes)| (name, bytes));
    loads.chain(STORES.iter().map(|&(name, _, bytes)| (name, bytes)))
}

struct Guest {
    store: Store<()>,
    instance: Instance,
}

impl Guest {
    fn new(engine: &Engine, text: &str) -> Self {
        let mut store = Store::new(engine, ());
        let instance = instantiate(&mut store, text).unwrap();
        Self { store, instance }
    }

    fn call(&mut self, name: &str, args: &[Val]) -> Result<Vec<Val>, TrapCode> {
        let func = self.instance.get_func(&self.store, name).unwrap();
        match func.call(&mut self.store, args) {
            Ok(Outcome::Returned(values)) => Ok(values),
            Ok(_) => panic!("{name} was suspended"),
            Err(CallError::Trap(trap)) => Err(trap.code),
            Err(error) => panic!("{name}: {error}"),
        }
    }

    fn grow(&mut self, kind: Kind) {
        let old = self.call("grow", &[kind.value(SIZES[1] - SIZES[0])]);
        assert_eq!(old, Ok(vec![kind.value(SIZES[0])]));
    }

    /// Asserts that an access traps if, and only if, it is out of bounds.
    fn assert_bounds(&mut self, name: &str, args: &[Val], end: u128, size: u64, what: &str) {
        let expected = if end <= u128::from(size) {
            Ok(())
        } else {
            Err(TrapCode::MemoryOutOfBounds)
        };
        let found = self.call(name, args).map(drop);
        assert_eq!(found, expected, "{name} {what}, {size} bytes");
    }
}

fn engine() -> Engine {
    Engine::new(Arc::new(LinuxPlatform::new()), Config::default())
}

fn instantiate(store: &mut Store<()>, text: &str) -> Result<Instance, InstantiateError> {
    let module = Module::new(store.engine(), &wat::parse_str(text).unwrap()).unwrap();
    Linker::new().instantiate(store, &module)
}

fn end(index: u64, offset: u64, bytes: u64) -> u128 {
    u128::from(index) + u128::from(offset) + u128::from(bytes)
}

#[test]
fn accesses_trap_exactly_beyond_the_memory() {
    let engine = engine();
    for kind in KINDS {
        let parameter = format!("(param {})", kind.ty());
        for offset in kind.offsets() {
            let mut guest = Guest::new(&engine, &module(kind, offset, "(local.get 0)", &parameter));
            for pages in SIZES {
                if pages != SIZES[0] {
                    guest.grow(kind);
                }
                for (name, bytes) in instructions() {
                    for index in kind.indices(offset, bytes) {
                        let end = end(index, offset, bytes);
                        let what = format!("at {index:#x} + {offset:#x} of {kind:?}");
                        let args = [kind.value(index)];
                        guest.assert_bounds(name, &args, end, pages * WASM_PAGE, &what);
                    }
                }
            }
        }
    }
}

#[test]
fn accesses_at_constant_indices_trap_exactly_beyond_the_memory() {
    let engine = engine();
    for kind in KINDS {
        for offset in kind.offsets() {
            // The widest access that fits, and limits; other widths fit or not around it.
            for index in kind.indices(offset, 16) {
                let constant = format!("({}.const {index})", kind.ty());
                let mut guest = Guest::new(&engine, &module(kind, offset, &constant, ""));
                for (name, bytes) in instructions() {
                    let end = end(index, offset, bytes);
                    let what = format!("at constant {index:#x} + {offset:#x} of {kind:?}");
                    guest.assert_bounds(name, &[], end, SIZES[0] * WASM_PAGE, &what);
                }
            }
        }
    }
}

#[test]
fn the_state_at_a_trap_is_the_same_whatever_found_it() {
    // A fault at the access, the check of the index, its carry, and a constant index.
    let accesses = [
        ("(local.get $index)", 0, WASM_PAGE),
        ("(local.get $index)", 0, MAX_MEMORY64_BYTES),
        ("(local.get $index)", 1_u64 << 32, MAX_MEMORY64_BYTES - 5),
        ("(local.get $index)", 1_u64 << 32, u64::MAX),
        ("(i64.const -1)", 0, 9),
    ];
    for (index, offset, value) in accesses {
        let text = format!(
            "(module (memory i64 1)
               (func (export \"f\") (param $index i64) (param $f f64) (result i64) (local $i i32)
                 (local.set $i (i32.const 5))
                 (i64.sub
                   (i64.add (local.get $index) (i64.const 3))
                   (select (i64.const 1) (i64.load offset={offset} {index}) (local.get $i)))))"
        );
        let mut guest = Guest::new(&engine(), &text);
        let func = guest.instance.get_func(&guest.store, "f").unwrap();
        let args = [Val::I64(value as i64), Val::F64(7)];
        let error = func.call(&mut guest.store, &args).unwrap_err();
        let CallError::Trap(trap) = error else {
            panic!("{error}");
        };
        assert_eq!(trap.code, TrapCode::MemoryOutOfBounds);
        let frame = &trap.backtrace.frames[0];
        let stack = [Val::I64(value.wrapping_add(3) as i64), Val::I64(1)];
        assert_eq!(frame.stack, stack.map(Some), "{index} + {offset:#x}");
        let locals = [args[0], args[1], Val::I32(5)];
        assert_eq!(frame.locals, locals.map(Some), "{index} + {offset:#x}");
    }
}

#[test]
fn minima_beyond_what_the_engine_has_are_refused() {
    let mut store = Store::new(&engine(), ());
    for wanted in [MAX_MEMORY64_PAGES + 1, 1 << 32, 1 << 48] {
        let text = format!("(module (memory i64 {wanted}))");
        let error = instantiate(&mut store, &text).unwrap_err();
        let maximum = MAX_MEMORY64_PAGES;
        assert!(
            matches!(error, InstantiateError::Memory(MemoryError::TooLarge { wanted: w, maximum: m })
                if (w, m) == (wanted, maximum)),
            "{error}"
        );
    }
    for wanted in [MAX_TABLE_ELEMENTS + 1, 1 << 32, u64::MAX] {
        let text = format!("(module (table i64 {wanted} funcref))");
        let error = instantiate(&mut store, &text).unwrap_err();
        let maximum = MAX_TABLE_ELEMENTS;
        assert!(
            matches!(error, InstantiateError::Table(TableError::TooLarge { wanted: w, maximum: m })
                if (w, m) == (wanted, maximum)),
            "{error}"
        );
    }
    let text =
        "(module (memory i64 0 0x1_0000_0000_0000) (table i64 0 0xffff_ffff_ffff_ffff funcref))";
    instantiate(&mut store, text).expect("a maximum promises nothing");
}

#[test]
fn memories_grow_to_the_limit_of_their_address_type() {
    let mut store = Store::new(&engine(), ());
    for (address, limit) in [
        (AddressType::I32, MAX_MEMORY_PAGES),
        (AddressType::I64, MAX_MEMORY64_PAGES),
    ] {
        let ty = MemoryType {
            address,
            minimum: 1,
            maximum: None,
        };
        let memory = Memory::new(&mut store, ty).unwrap();
        let refused = memory.grow(&mut store, limit).unwrap_err();
        assert!(
            matches!(refused, MemoryError::TooLarge { wanted, maximum }
                if (wanted, maximum) == (limit + 1, limit)),
            "{refused}"
        );
        assert_eq!(memory.grow(&mut store, u64::MAX).ok(), None);
        assert_eq!(memory.grow(&mut store, limit - 1).unwrap(), 1);
        let last = limit * 65536 - 1;
        memory.write(&mut store, last, &[7]).unwrap();
        assert!(memory.write(&mut store, last, &[7, 7]).is_err());
        assert_eq!(memory.size(&store), limit);
    }
}

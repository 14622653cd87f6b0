//! Hostile images against the whole engine: those that pass every check run
//! on as some guest or other, without harm to the host.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use woodfrog::abi::{ExternRef, FuncAddr, FuncType, Val, ValType};
use woodfrog::frame::{ExecutionStateImage, HostCall, PendingHostCall};
use woodfrog::image::{ImageError, InstanceImage, MemoryContents, RawImage, TableElements};
use woodfrog::runtime::{Config, Engine, Linker, Module, Outcome, Pending, Store};
use woodfrog_cli::LinuxPlatform;

/// Calls in all ways, with operands kept across them; loops; bulk operations.
const LIBRARY: &str = r#"(module
    (type $step (func (param i32 i64) (result i64)))
    (import "host" "tick" (func $tick (param i32) (result i64)))
    (table $table (export "table") 4 8 funcref)
    (memory (export "memory") 1 4)
    (global $counter (export "counter") (mut i64) (i64.const 5))
    (elem $passive func $add $work)
    (elem (i32.const 0) $recurse $recurse $add $recurse)
    (data $bytes "passive data")
    (func $add (type $step)
        (i64.add (local.get 1) (i64.add (call $tick (local.get 0)) (global.get $counter))))
    (func $recurse (type $step)
        (if (result i64) (i32.eqz (local.get 0))
            (then (local.get 1))
            (else (i64.add
                (i64.mul (local.get 1) (i64.const 3))
                (call_indirect (type $step)
                    (i32.sub (local.get 0) (i32.const 1))
                    (i64.add (local.get 1) (i64.const 1))
                    (i32.and (local.get 0) (i32.const 3)))))))
    (func $work (export "work") (type $step) (local $f f64) (local $g f32)
        (loop $again
            (local.set $f (f64.add (local.get $f) (f64.const 1.5)))
            (local.set $g (f32.add (local.get $g) (f32.const 0.5)))
            (i64.store (i32.mul (local.get 0) (i32.const 4096)) (local.get 1))
            (memory.copy (i32.const 64) (i32.const 4096) (i32.const 300))
            (global.set $counter (i64.add (global.get $counter) (i64.const 1)))
            (local.set 1 (i64.add
                (i64.trunc_sat_f64_s (local.get $f))
                (call $recurse (local.get 0) (local.get 1))))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))"#;

const PROGRAM: &str = r#"(module
    (import "library" "work" (func $work (param i32 i64) (result i64)))
    (import "library" "table" (table $table 4 funcref))
    (import "library" "memory" (memory 1 4))
    (import "library" "counter" (global (mut i64)))
    (table $objects 3 externref)
    (global $reference (mut funcref) (ref.null func))
    (elem declare func $main)
    (func $main (export "main") (param externref) (result i64)
        (global.set $reference (ref.func $main))
        (table.set $objects (i32.const 1) (local.get 0))
        (i64.sub (call $work (i32.const 5) (i64.const 7)) (i64.load (i32.const 4096)))))"#;

/// How many suspend points a thawed store is let run for.
const STEPS: usize = 12;

/// A small deterministic generator (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn index<T>(&mut self, items: &[T]) -> usize {
        self.below(items.len())
    }
}

struct Host {
    engine: Engine,
    linker: Linker<()>,
    modules: [Module; 2],
}

/// A linker that knows the host's functions. Each call of them is pending once.
fn linker() -> Linker<()> {
    let mut linker = Linker::new();
    let tick = FuncType::new([ValType::I32], [ValType::I64]);
    let is_answered = AtomicBool::new(true);
    linker.func_new("host", "tick", tick, move |_, args, results| {
        if is_answered.fetch_xor(true, Ordering::Relaxed) {
            return Err(Pending.into());
        }
        let Val::I32(number) = args[0] else {
            unreachable!("the engine checks types");
        };
        results[0] = Val::I64(i64::from(number) << 3);
        Ok(())
    });
    linker
}

/// How an image fared.
#[derive(Debug, Default)]
struct Counts {
    malformed: usize,
    invalid: usize,
    refused: usize,
    ran: usize,
}

impl Host {
    fn new() -> Self {
        let engine = Engine::new(Arc::new(LinuxPlatform::new()), Config::default());
        let module = |text| Module::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
        let modules = [module(LIBRARY), module(PROGRAM)];
        Self {
            engine,
            linker: linker(),
            modules,
        }
    }

    /// Images of the program at its first suspend points, and the result of the whole.
    fn images(&self) -> (Vec<Vec<u8>>, Outcome) {
        let mut store = Store::new(&self.engine, ());
        let mut linker = linker();
        let library = linker.instantiate(&mut store, &self.modules[0]).unwrap();
        linker.instance(&store, "library", library);
        let program = linker.instantiate(&mut store, &self.modules[1]).unwrap();
        store.set_freeze_every(NonZeroU64::new(1));
        let main = program.get_func(&store, "main").unwrap();
        let object = Val::ExternRef(Some(ExternRef(77)));
        let mut outcome = main.call(&mut store, &[object]).unwrap();
        let mut images = Vec::new();
        while outcome == Outcome::Suspended {
            images.push(store.capture().unwrap().to_bytes());
            outcome = store.resume().unwrap();
        }
        images.push(store.capture().unwrap().to_bytes());
        (images, outcome)
    }

    /// Checks an image and lets it run, if it passes, up to a number of suspend points.
    fn try_image(&self, bytes: &[u8], counts: &mut Counts) {
        let raw = match RawImage::parse(bytes) {
            Ok(raw) => raw,
            Err(error) => {
                assert!(!matches!(error, ImageError::Checksum { .. }));
                counts.malformed += 1;
                return;
            }
        };
        let inert = self.modules.each_ref().map(Module::inner);
        let Ok(image) = raw.validate(&inert) else {
            counts.invalid += 1;
            return;
        };
        let store = Store::restore(&self.engine, (), &self.linker, &self.modules, &image);
        let Ok(mut store) = store else {
            counts.refused += 1;
            return;
        };
        counts.ran += 1;
        store.set_freeze_every(NonZeroU64::new(1));
        for _ in 0..STEPS {
            store.capture().unwrap().to_bytes();
            match store.resume() {
                Ok(Outcome::Suspended) => {}
                _ => break,
            }
        }
    }
}

#[test]
fn the_whole_store_survives_at_every_suspend_point() {
    let host = Host::new();
    let (images, expected) = host.images();
    assert!(images.len() > 20, "{}", images.len());
    let inert = host.modules.each_ref().map(Module::inner);
    for (number, bytes) in images[..images.len() - 1].iter().enumerate() {
        let image = RawImage::parse(bytes).unwrap().validate(&inert).unwrap();
        let restored = Store::restore(&host.engine, (), &host.linker, &host.modules, &image);
        let mut store = restored.unwrap_or_else(|error| panic!("image {number}: {error}"));
        assert!(
            store.capture().unwrap().to_bytes() == *bytes,
            "image {number}"
        );
        let mut outcome = store.resume().unwrap();
        while store.pending_call().is_some() {
            outcome = store.resume().unwrap();
        }
        assert_eq!(outcome, expected, "image {number}");
        let end = store.capture().unwrap().to_bytes();
        assert!(end == *images.last().unwrap(), "image {number}");
    }
}

/// Changes metadata bytes, keeping lengths and checksum right.
fn mutate_bytes(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    const HEADER: usize = 40;
    const PAGE: usize = 4096;
    let len = u64::from_le_bytes(bytes[24..32].try_into().unwrap()) as usize;
    let pages = &bytes[(HEADER + len).next_multiple_of(PAGE)..bytes.len() - 4];
    let mut metadata = bytes[HEADER..HEADER + len].to_vec();
    // The first 66 bytes are the modules' hashes, to be spared.
    for _ in 0..=random.below(2) {
        let at = 66 + random.below(metadata.len() - 66);
        match random.below(6) {
            0 => metadata[at] ^= 1 << random.below(8),
            1 => metadata[at] = random.next() as u8,
            2 => metadata[at] = metadata[at].wrapping_add(1),
            3 => metadata[at] = metadata[at].wrapping_sub(1),
            4 => metadata.insert(at, random.next() as u8),
            _ => {
                metadata.remove(at);
            }
        }
    }
    let mut mutated = bytes[..HEADER].to_vec();
    mutated.extend(&metadata);
    mutated.resize(mutated.len().next_multiple_of(PAGE), 0);
    mutated.extend(pages);
    let total = mutated.len() as u64 + 4;
    mutated[16..24].copy_from_slice(&total.to_le_bytes());
    mutated[24..32].copy_from_slice(&(metadata.len() as u64).to_le_bytes());
    let checksum = crc32fast::hash(&mutated);
    mutated.extend(checksum.to_le_bytes());
    mutated
}

#[test]
fn images_with_mutated_bytes_do_no_harm() {
    const SEED: u64 = 0x5eed_0007;
    let host = Host::new();
    let (images, _) = host.images();
    let mut random = Random(SEED);
    let mut counts = Counts::default();
    for _ in 0..10_000 {
        let bytes = &images[random.index(&images)];
        host.try_image(&mutate_bytes(bytes, &mut random), &mut counts);
    }
    let Counts {
        malformed,
        invalid,
        refused,
        ran,
    } = counts;
    let are_all_reached = malformed > 500 && invalid > 500 && refused > 500 && ran > 500;
    assert!(are_all_reached, "seed {SEED:#x}: {counts:?}");
}

fn random_value(random: &mut Random) -> Val {
    let bits = match random.below(3) {
        0 => random.next(),
        1 => random.below(8) as u64,
        _ => 0u64.wrapping_sub(random.below(70_000) as u64),
    };
    match random.below(7) {
        0 => Val::I32(bits as i32),
        1 => Val::I64(bits as i64),
        2 => Val::F32(bits as u32),
        3 => Val::F64(bits),
        4 => Val::V128(u128::from(bits) << random.below(65)),
        5 => Val::FuncRef((random.below(2) == 0).then_some(FuncAddr(bits as u32))),
        _ => Val::ExternRef((random.below(2) == 0).then_some(ExternRef(bits as u32))),
    }
}

/// A value of the same type, as machine code might least expect it.
fn other_value(value: Val, random: &mut Random) -> Val {
    loop {
        let other = random_value(random);
        if other.ty() == value.ty() {
            return other;
        }
    }
}

/// Changes frames in ways that keep them plausible. `others` are frames of other images.
fn mutate_frames(image: &mut InstanceImage<'_>, others: &InstanceImage<'_>, random: &mut Random) {
    let (Some(state), Some(other)) = (&mut image.execution_state, &others.execution_state) else {
        return;
    };
    let at = random.index(&state.frames);
    let other_frame = &other.frames[random.index(&other.frames)];
    if state.frames.is_empty() {
        state.frames.push(other_frame.clone());
    }
    let frame = &mut state.frames[at];
    match random.below(14) {
        0 => frame.wasm_inst_offset = other_frame.wasm_inst_offset,
        1 => *frame = other_frame.clone(),
        2 => state.frames.insert(at, other_frame.clone()),
        3 => {
            state.frames.remove(at);
        }
        4 => state.frames.truncate(at),
        5 => frame.local_function_id = random.below(6) as u32,
        6 => frame.instance = random.below(3) as u32,
        7 => frame.wasm_inst_offset = usize::MAX,
        8 => {
            frame.wasm_inst_offset = frame
                .wasm_inst_offset
                .wrapping_sub(4)
                .wrapping_add(random.below(9))
        }
        9 => state.host_call.clone_from(&other.host_call),
        10 => mutate_host_call(state, random),
        11 => {
            let value = (random.below(4) > 0).then(|| random_value(random));
            frame.stack.push(value);
        }
        _ => {
            let values = [&mut frame.stack, &mut frame.locals][random.below(2)]
                .iter_mut()
                .flatten();
            for value in values {
                *value = other_value(*value, random);
            }
        }
    }
}

/// Changes what is said of the host call at which the innermost frame stands.
fn mutate_host_call(state: &mut ExecutionStateImage, random: &mut Random) {
    let call = match &mut state.host_call {
        Some(HostCall::Pending(call)) => call,
        Some(HostCall::Returned(results)) if random.below(2) == 0 => {
            return results.push(random_value(random));
        }
        host_call => {
            let argument = random_value(random);
            return *host_call = Some(HostCall::Pending(PendingHostCall {
                function: FuncAddr(random.below(3) as u32),
                instance: random.below(2) as u32,
                arguments: vec![argument; random.below(3)],
            }));
        }
    };
    match random.below(4) {
        0 => call.function = FuncAddr(random.below(8) as u32),
        1 => call.instance = random.below(4) as u32,
        2 => call.arguments.push(random_value(random)),
        _ => {
            for argument in &mut call.arguments {
                *argument = random_value(random);
            }
        }
    }
}

/// Changes what the store has.
fn mutate_store(image: &mut InstanceImage<'_>, random: &mut Random) {
    let number = random.below(5) as u32;
    let instances = image.instances.len();
    let instance = &mut image.instances[random.below(instances)];
    match random.below(10) {
        0 => instance.module = number,
        1 => {
            let at = random.index(&instance.functions);
            instance.functions[at] = FuncAddr(number);
        }
        2 => instance.tables[0] = number,
        3 => instance.memories[0] = number,
        4 => instance.globals[0] = number,
        5 => instance
            .dropped_data
            .iter_mut()
            .for_each(|flag| *flag ^= true),
        6 => {
            let at = random.index(&image.functions);
            image.functions.swap(at, 0);
        }
        7 => match &mut image.tables[0].elements {
            TableElements::Func(elements) => {
                elements.resize(random.below(10), Some(FuncAddr(number)));
            }
            TableElements::Extern(elements) => elements.clear(),
        },
        8 => {
            let at = random.index(&image.globals);
            image.globals[at].value = other_value(image.globals[at].value, random);
        }
        _ => {
            image.memories[0].size_pages = u64::from(number);
            image.memories[0].contents = MemoryContents::Pages {
                runs: vec![],
                data: &[],
            };
        }
    }
}

#[test]
fn images_with_mutated_state_do_no_harm() {
    const SEED: u64 = 0x5eed_0008;
    let host = Host::new();
    let (images, _) = host.images();
    let mut random = Random(SEED);
    let mut counts = Counts::default();
    for _ in 0..15_000 {
        let raw = RawImage::parse(&images[random.index(&images)]).unwrap();
        let other = RawImage::parse(&images[random.index(&images)]).unwrap();
        let mut image = raw.unverified().clone();
        for _ in 0..=random.below(2) {
            match random.below(3) {
                0 => mutate_store(&mut image, &mut random),
                _ => mutate_frames(&mut image, other.unverified(), &mut random),
            }
        }
        host.try_image(&image.to_bytes(), &mut counts);
    }
    let Counts {
        invalid,
        refused,
        ran,
        ..
    } = counts;
    let are_all_reached = invalid > 1000 && refused > 1000 && ran > 1000;
    assert!(are_all_reached, "seed {SEED:#x}: {counts:?}");
}

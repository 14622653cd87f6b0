//! Damaged images.

use crate::bytes;
use crate::guest::{Ending, Host, TEXT, Thawed};
use crate::random::Random;
use std::collections::BTreeMap;
use std::path::Path;
use woodfrog::abi::{FuncAddr, Value};
use woodfrog::frame::WasmFunctionStateDump;
use woodfrog::image::{InstanceImage, RawImage};

/// Programs that import nothing; between them, code of every shape.
const PROGRAMS: [&str; 13] = [
    "br_table.wat",
    "calls_arguments.wat",
    "calls_results.wat",
    "call_indirect.wat",
    "ifs.wat",
    "loops.wat",
    "memory_bulk.wat",
    "program_floats.wat",
    "program_lists.wat",
    "recursion.wat",
    "references.wat",
    "stack_deep.wat",
    "stack_trees.wat",
];

/// How many images of one program are damaged.
const MAX_IMAGES: usize = 40;

#[test]
fn undamaged_images_end_as_the_program_does() {
    let mut host = Host::new(TEXT);
    let (images, values) = host.images("run", &[Value::I32(4)], 1);
    assert!(images.len() > 30, "{} images", images.len());
    let right = Thawed::Ran(Ending::Returned(values));
    for image in &images {
        assert_eq!(host.thaw(image), right);
    }
}

#[test]
fn damage_that_the_checksum_covers_is_refused() {
    let mut host = Host::new(TEXT);
    let (images, _) = host.images("run", &[Value::I32(4)], 9);
    for seed in 0..4000 {
        let mut random = Random(seed);
        let image = random.pick(&images);
        let mut damaged = image.clone();
        let len = damaged.len();
        bytes::damage(&mut damaged, len, true, &mut random);
        if damaged != *image {
            assert_eq!(host.thaw(&damaged), Thawed::Refused("parse"), "seed {seed}");
        }
    }
}

#[test]
fn changed_stores_of_all_programs_are_refused_or_run() {
    let mut counts = BTreeMap::new();
    for (number, file) in PROGRAMS.into_iter().enumerate() {
        let (host, images) = frozen(file);
        for seed in 0..800 {
            let mut random = Random((number as u64) << 32 | seed);
            let bytes = random.pick(&images);
            let raw = RawImage::parse(bytes).expect("undamaged");
            let mut image = raw.unverified().clone();
            for _ in 0..=random.below(2) {
                change(&mut image, &mut random);
            }
            // Shown if the test is killed by a crash and run with --nocapture.
            println!("{file} seed {seed}");
            count(&mut counts, host.thaw(&image.to_bytes()));
        }
    }
    let are_all_reached = ["refused at validate", "refused at restore", "ran"]
        .iter()
        .all(|&what| counts.get(what).is_some_and(|&count| count > 500));
    assert!(are_all_reached, "{counts:?}");
}

/// Images of all invocations of a program.
fn frozen(file: &str) -> (Host, Vec<Vec<u8>>) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs");
    let text = std::fs::read_to_string(directory.join(file)).expect("a program");
    let mut host = Host::new(&text);
    let mut images = Vec::new();
    for line in text
        .lines()
        .filter_map(|line| line.strip_prefix(";; invoke:"))
    {
        let mut words = line.split_whitespace();
        let name = words.next().expect("a function");
        let texts: Vec<_> = words.collect();
        let args = host.arguments(name, &texts);
        images.extend(host.images(name, &args, 1).0.into_iter().take(MAX_IMAGES));
    }
    let step = images.len().div_ceil(MAX_IMAGES).max(1);
    (host, images.into_iter().step_by(step).collect())
}

fn count(counts: &mut BTreeMap<String, u32>, thawed: Thawed) {
    let what = match thawed {
        Thawed::Refused(stage) => format!("refused at {stage}"),
        Thawed::Ran(_) => "ran".to_owned(),
    };
    *counts.entry(what).or_default() += 1;
}

/// Changes one thing about a store, keeping it an image that can be written.
fn change(image: &mut InstanceImage<'_>, random: &mut Random) {
    let functions = image.functions.len();
    match random.below(12) {
        0 => swap(&mut image.globals, random),
        1 => swap(&mut image.tables, random),
        2 => {
            if let Some(memory) = image.memories.first_mut() {
                memory.size_pages = random.below(6) as u64;
            }
        }
        3 => swap(&mut image.functions, random),
        4 => {
            let instance = &mut image.instances[0];
            let at = random.below(instance.functions.len());
            instance.functions[at] = FuncAddr(random.below(functions + 2) as u32);
        }
        5 => {
            if let Some(global) = image.globals.last_mut() {
                global.value = value(random);
            }
        }
        6 => image.execution_state = None,
        7 => {
            let Some(state) = &mut image.execution_state else {
                return;
            };
            match state.pending_results.pop() {
                Some(_) if random.below(2) == 0 => {}
                Some(_) => state.pending_results.push(value(random)),
                None => state.pending_results = vec![value(random); 1 + random.below(3)],
            }
        }
        _ => {
            let Some(state) = &mut image.execution_state else {
                return;
            };
            change_frames(&mut state.frames, random);
        }
    }
}

fn swap<T>(list: &mut [T], random: &mut Random) {
    if !list.is_empty() {
        list.swap(random.below(list.len()), random.below(list.len()));
    }
}

fn change_frames(frames: &mut Vec<WasmFunctionStateDump>, random: &mut Random) {
    let Some(len) = frames.len().checked_sub(1) else {
        return;
    };
    let at = random.below(len + 1);
    match random.below(11) {
        0 => {
            frames.remove(at);
        }
        1 => {
            let copy = frames[random.below(len + 1)].clone();
            frames.insert(at, copy);
        }
        2 => frames.swap(at, random.below(len + 1)),
        3 => frames[at].local_function_id = random.below(8) as u32,
        4 => frames[at].instance = random.below(3) as u32,
        5 => frames[at].wasm_inst_offset = frames[random.below(len + 1)].wasm_inst_offset,
        6 => {
            let offset = frames[at].wasm_inst_offset;
            frames[at].wasm_inst_offset = match random.below(4) {
                0 => usize::MAX,
                1 => random.bits() as usize,
                _ => offset.wrapping_add(random.below(16)).wrapping_sub(8),
            };
        }
        7 => change_values(&mut frames[at].locals, random),
        8 => change_values(&mut frames[at].stack, random),
        9 => {
            let count = 1 + random.below(3000);
            let copies = vec![frames[at].clone(); count];
            frames.splice(at..at, copies);
        }
        _ => frames.truncate(at),
    }
}

fn change_values(values: &mut Vec<Option<Value>>, random: &mut Random) {
    let new = if random.below(5) == 0 {
        None
    } else {
        Some(value(random))
    };
    match (random.below(5), values.is_empty()) {
        (0, _) => values.push(new),
        (1, _) => {
            values.pop();
        }
        (_, true) => {}
        (_, false) => {
            let at = random.below(values.len());
            values[at] = new;
        }
    }
}

/// A value that may be of any type, with bits that may be any.
fn value(random: &mut Random) -> Value {
    let bits = match random.below(4) {
        0 => 0,
        1 => u64::MAX,
        2 => random.below(10) as u64,
        _ => random.bits(),
    };
    match random.below(6) {
        0 => Value::I32(bits as i32),
        1 => Value::I64(bits as i64),
        2 => Value::F32(bits as u32),
        3 => Value::F64(bits),
        4 => Value::FuncRef((bits % 3 != 0).then_some(FuncAddr(bits as u32 % 7))),
        _ => Value::ExternRef(None),
    }
}

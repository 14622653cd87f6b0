//! Damaged images.

use crate::host;
use fuzz_common::damage::{bytes, image};
use fuzz_common::guest::{Ending, Host, TEXT, Thawed};
use fuzz_common::random::Random;
use std::collections::BTreeMap;
use std::path::Path;
use woodfrog::abi::Val;
use woodfrog::image::RawImage;

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
    let mut host = host(TEXT);
    let (images, values) = host.images("run", &[Val::I32(4)], 1);
    assert!(images.len() > 30, "{} images", images.len());
    let right = Thawed::Ran(Ending::Returned(values));
    for image in &images {
        assert_eq!(host.thaw(image), right);
    }
}

#[test]
fn damage_that_the_checksum_covers_is_refused() {
    let mut host = host(TEXT);
    let (images, _) = host.images("run", &[Val::I32(4)], 9);
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
                image::change(&mut image, &mut random);
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
    let mut host = host(&text);
    let images = host.images_of_invocations(&text, MAX_IMAGES);
    (host, images)
}

fn count(counts: &mut BTreeMap<String, u32>, thawed: Thawed) {
    let what = match thawed {
        Thawed::Refused(stage) => format!("refused at {stage}"),
        Thawed::Ran(_) => "ran".to_owned(),
    };
    *counts.entry(what).or_default() += 1;
}

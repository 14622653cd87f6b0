//! Hostile images: refused with a typed error, or stores that run within wasm's rules.
//!
//! The first byte says what the others are: an image as it is, edits of the metadata of a
//! good one (lengths and checksum are set right), or the seed of changes to its meaning.

#![no_main]

use fuzz_common::damage::image;
use fuzz_common::random::{Random, hash};
use libfuzzer_sys::fuzz_target;
use woodfrog::image::RawImage;
use woodfrog_fuzz::{FROZEN, edit, pick};

fuzz_target!(|data: &[u8]| {
    let &[kind, program, which, ref rest @ ..] = data else {
        return;
    };
    let frozen = pick(&FROZEN, program);
    let good = pick(&frozen.images, which);
    let bytes = match kind % 4 {
        0 => rest.to_vec(),
        1 | 2 => {
            let mut metadata = image::metadata(good).to_vec();
            edit(&mut metadata, rest);
            image::with_metadata(good, &metadata)
        }
        _ => {
            let raw = RawImage::parse(good).expect("undamaged");
            let mut store = raw.unverified().clone();
            let mut random = Random(hash(rest));
            for _ in 0..=random.below(3) {
                image::change(&mut store, &mut random);
            }
            store.to_bytes()
        }
    };
    let _ = frozen.host.thaw(&bytes);
});

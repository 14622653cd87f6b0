//! Damaged precompiled modules, whose checksums are right.

use crate::host;
use fuzz_common::damage::bytes;
use fuzz_common::guest::TEXT;
use fuzz_common::random::Random;
use woodfrog::abi::Val;
use woodfrog::image::RawImage;
use woodfrog::runtime::{Engine, Module, Store};

/// Bytes of a precompiled module's header, and where in it the lengths of its parts are.
const HEADER: usize = 96;
const LENGTHS: usize = 32;

/// Loads a module, whose code is not to be run.
#[expect(unsafe_code, reason = "the code is not run")]
fn load(engine: &Engine, bytes: &[u8]) -> Option<Module> {
    // SAFETY: the caller runs nothing of it.
    unsafe { Module::deserialize(engine, bytes) }.ok()
}

#[test]
fn stacks_under_damaged_state_maps_are_refused_or_laid_down_and_read() {
    let mut host = host(TEXT);
    let (images, _) = host.images("run", &[Val::I32(4)], 3);
    let good = host.modules[0].serialize();
    let length = |index: usize| {
        let at = LENGTHS + 8 * index;
        u64::from_le_bytes(good[at..at + 8].try_into().expect("8 bytes")) as usize
    };
    let tables = HEADER + length(0) + length(1);
    let (mut refused, mut laid_down) = (0, 0);
    for seed in 0..3000 {
        let mut random = Random(5 << 32 | seed);
        println!("seed {seed}");
        let mut damaged = good[tables..good.len() - 4].to_vec();
        let len = damaged.len();
        bytes::damage(&mut damaged, len, false, &mut random);
        let mut bytes = good[..tables].to_vec();
        bytes.extend(damaged);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        let Some(module) = load(&host.engine, &bytes) else {
            refused += 1;
            continue;
        };
        let image: &Vec<u8> = random.pick(&images);
        let raw = RawImage::parse(image).expect("undamaged");
        let image = raw.validate(&[module.inner()]).expect("of this module");
        let restored = Store::restore(&host.engine, (), &host.linker, &[module], &image);
        if let Ok(store) = restored {
            laid_down += 1;
            // What was written need not be what is read, but both is without harm.
            let _ = store.capture().map(|image| image.to_bytes());
        }
    }
    assert!(refused > 500 && laid_down > 50, "{refused}, {laid_down}");
}

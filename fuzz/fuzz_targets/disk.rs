//! Hostile checkpoint disks: refused with a typed error, or what was written thaws.
//!
//! The first byte says whether the others are a disk as it is, or edits of a good one; and
//! whether the checksums of the records in its first sectors are set right afterwards.

#![no_main]

use fuzz_common::damage::image;
use fuzz_common::disk::{BLOCK, Disk, boot};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use woodfrog::two_slots::{Guest, format, required_size};
use woodfrog_fuzz::{FROZEN, edit};

/// Sectors whose checksums may be set right: the disk's own records.
const RECORDS: usize = 64;

/// Where in a sector its checksum is.
const CHECKSUM_OFFSET: usize = BLOCK - 4;

/// A disk with two checkpoints.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let frozen = &FROZEN[0];
    let guest = Guest {
        module: frozen.wasm.clone(),
        args: vec![b"guest".to_vec()],
        envs: Vec::new(),
    };
    let longest = frozen.images.iter().map(Vec::len).max();
    let longest = longest.expect("some images") as u64;
    let len = required_size(BLOCK, &guest, longest) as usize;
    let mut store = format(Disk(vec![0; len]), &guest).expect("large enough");
    for image in &frozen.images[..2] {
        store.write_bytes(image).expect("large enough");
    }
    store.into_device().0
});

fuzz_target!(|data: &[u8]| {
    let &[kind, ref rest @ ..] = data else {
        return;
    };
    let mut bytes = match kind % 4 {
        0 => rest.to_vec(),
        _ => {
            let mut bytes = GOOD.clone();
            edit(&mut bytes, rest);
            bytes
        }
    };
    if kind % 4 > 1 {
        for sector in bytes.chunks_exact_mut(BLOCK).take(RECORDS) {
            let (body, stored) = sector.split_at_mut(CHECKSUM_OFFSET);
            if body.iter().any(|&byte| byte != 0) {
                stored.copy_from_slice(&image::checksum(body).to_le_bytes());
            }
        }
    }
    let _ = boot(&FROZEN[0].host, Disk(bytes));
});

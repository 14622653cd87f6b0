//! Hostile checkpoint disks: refused with a typed error, or what was written thaws.
//!
//! The first byte says whether the others are a disk as it is, or edits of a good one. The store
//! is built without its checks of checksums (`--cfg fuzzing`), so that edits get to where they
//! would be forgeries; whether the checksums of headers and commit records, which are checked all the
//! same, are set right afterwards, the first byte says too.

#![no_main]

use fuzz_common::disk::{BLOCK, Disk, boot, seal, with_images};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use woodfrog_fuzz::FROZEN;

/// Bytes from one record to the next.
const UNIT: usize = 4096;

/// How many records there are at the disk's start, and at its end.
const RECORDS: usize = 33;

/// A disk with two generations.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let frozen = &FROZEN[0];
    with_images(frozen.wasm.clone(), &frozen.images[..2]).0
});

/// The units of it that are not all zeros, and how many bytes of each are not the zeros at its end.
static USED: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
    let units = GOOD.chunks_exact(UNIT).enumerate();
    let used = units.filter_map(|(unit, bytes)| {
        let last = bytes.iter().rposition(|&byte| byte != 0)?;
        Some((unit, last + 1))
    });
    used.collect()
});

/// Edits bytes that are in use: unit, offset (two bytes), how, and with what.
fn edit(disk: &mut [u8], edits: &[u8]) {
    for edit in edits.as_chunks::<5>().0 {
        let [unit, low, high, how, value] = *edit;
        let (unit, len) = USED[usize::from(unit) % USED.len()];
        let at = unit * UNIT + usize::from(u16::from_le_bytes([low, high])) % len;
        match how % 4 {
            0 => disk[at] = value,
            1 => disk[at] ^= 1 << (value % 8),
            2 => disk[at] = disk[at].wrapping_add(value),
            // Everything behind it moves by one.
            _ => {
                disk[at..(unit + 1) * UNIT].rotate_right(1);
                disk[at] = value;
            }
        }
    }
}

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
        let units = bytes.len() / UNIT;
        let records = (0..RECORDS).chain(units.saturating_sub(RECORDS)..units);
        for unit in records.filter(|&unit| unit < units) {
            let sector = &mut bytes[unit * UNIT..][..BLOCK];
            if sector.iter().any(|&byte| byte != 0) {
                seal(sector);
            }
        }
    }
    bytes.truncate(bytes.len() / BLOCK * BLOCK);
    let _ = boot(&FROZEN[0].host, Disk(bytes));
});

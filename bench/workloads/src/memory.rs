//! Copies and fills, which become `memory.copy` and `memory.fill`.

use crate::random::{Random, mix};

/// Moves and fills stretches of one MiB, from bytes to hundreds of KiB, `size` times.
pub fn bulk_memory(size: u32) -> u64 {
    const MIB: u32 = 1 << 20;
    let mut random = Random::new(17);
    let mut bytes: Vec<u8> = (0..MIB).map(|index| (index * 7) as u8).collect();
    for _ in 0..size {
        let length = 1 << random.below(19);
        let length = length + random.below(length);
        let from = random.below(MIB - length) as usize;
        let to = random.below(MIB - length) as usize;
        bytes.copy_within(from..from + length as usize, to);
        let start = random.below(MIB - length / 4) as usize;
        let value = random.bits() as u8;
        bytes[start..start + length as usize / 4].fill(value);
    }
    let sampled = bytes.iter().step_by(61);
    sampled.fold(size.into(), |sum, &byte| mix(sum, byte.into()))
}

//! Damage to bytes that knows nothing of what they mean.

use crate::random::Random;

/// Numbers at which things break.
const EDGES: [u64; 12] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// Damages up to `len` leading bytes in one of several ways. Only the first
/// way, and that only if `can_resize`, changes the number of bytes.
pub fn damage(bytes: &mut Vec<u8>, len: usize, can_resize: bool, random: &mut Random) {
    let len = len.min(bytes.len());
    if len == 0 {
        return;
    }
    match random.below(if can_resize { 8 } else { 6 }) {
        0 => bytes[random.below(len)] = random.bits() as u8,
        1 | 2 => {
            for _ in 0..=random.below(4) {
                bytes[random.below(len)] ^= 1 << random.below(8);
            }
        }
        3 => {
            let edge = random.pick(&EDGES).to_le_bytes();
            overwrite(bytes, random.below(len), &edge[..1 + random.below(8)]);
        }
        4 => {
            let from = random.below(len);
            let piece: Vec<_> = bytes[from..]
                .iter()
                .take(1 + random.below(32))
                .copied()
                .collect();
            overwrite(bytes, random.below(len), &piece);
        }
        5 => {
            let at = random.below(len);
            let end = (at + 1 + random.below(64)).min(bytes.len());
            bytes[at..end].fill(if random.below(2) == 0 { 0 } else { 0xff });
        }
        6 => bytes.truncate(random.below(len)),
        _ => {
            let at = random.below(len);
            let inserted = (0..1 + random.below(16)).map(|_| random.bits() as u8);
            let inserted: Vec<_> = inserted.collect();
            bytes.splice(at..at, inserted);
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (to, &from) in bytes[at..].iter_mut().zip(with) {
        *to = from;
    }
}

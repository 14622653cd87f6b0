//! SHA-256, BLAKE2b and a hash table of strings.

use crate::random::{Random, mix};

const SHA256_ROUNDS: [u32; 64] = round_constants();

/// The fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2),
/// found by integer bisection.
const fn round_constants() -> [u32; 64] {
    let mut constants = [0; 64];
    let mut found = 0;
    let mut candidate: u128 = 2;
    while found < 64 {
        if is_prime(candidate) {
            // The cube root of the prime, scaled by 2^32.
            let target = candidate << 96;
            let (mut low, mut high): (u128, u128) = (0, 1 << 36);
            while high - low > 1 {
                let middle = (low + high) / 2;
                if middle * middle * middle <= target {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            constants[found] = low as u32;
            found += 1;
        }
        candidate += 1;
    }
    constants
}

const fn is_prime(number: u128) -> bool {
    let mut divisor = 2;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 1;
    }
    true
}

const SHA256_INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

fn sha256_block(state: &mut [u32; 8], block: &[u8; 64]) {
    let mut words = [0u32; 64];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    for t in 16..64 {
        let (a, b) = (words[t - 15], words[t - 2]);
        let small0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
        let small1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
        words[t] = words[t - 16]
            .wrapping_add(small0)
            .wrapping_add(words[t - 7])
            .wrapping_add(small1);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (word, constant) in words.iter().zip(&SHA256_ROUNDS) {
        let big1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let first = h
            .wrapping_add(big1)
            .wrapping_add(choice)
            .wrapping_add(*constant)
            .wrapping_add(*word);
        let big0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        let second = big0.wrapping_add(majority);
        (h, g, f, e) = (g, f, e, d.wrapping_add(first));
        (d, c, b, a) = (c, b, a, first.wrapping_add(second));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(add);
    }
}

/// Hashes `size` blocks of 64 bytes with SHA-256's compression function (FIPS 180-4).
pub fn sha256(size: u32) -> u64 {
    let mut state = SHA256_INITIAL;
    let mut block = [0u8; 64];
    for count in 0..size {
        block[..4].copy_from_slice(&count.to_le_bytes());
        sha256_block(&mut state, &block);
        block[32 + (count % 32) as usize] = state[0] as u8;
    }
    state.iter().fold(0, |sum, &word| mix(sum, word.into()))
}

const BLAKE2B_INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// The message schedule (RFC 7693, section 2.7).
const SIGMA: [[u8; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

fn blake2b_mix(v: &mut [u64; 16], [a, b, c, d]: [usize; 4], x: u64, y: u64) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

fn blake2b_block(state: &mut [u64; 8], message: &[u64; 16], count: u64, is_last: bool) {
    let mut v = [0u64; 16];
    v[..8].copy_from_slice(state);
    v[8..].copy_from_slice(&BLAKE2B_INITIAL);
    v[12] ^= count;
    if is_last {
        v[14] = !v[14];
    }
    for round in 0..12 {
        let m = |index: usize| message[usize::from(SIGMA[round % 10][index])];
        for column in 0..4 {
            let lanes = [column, column + 4, column + 8, column + 12];
            blake2b_mix(&mut v, lanes, m(2 * column), m(2 * column + 1));
        }
        for diagonal in 0..4 {
            let lanes = [
                diagonal,
                4 + (diagonal + 1) % 4,
                8 + (diagonal + 2) % 4,
                12 + (diagonal + 3) % 4,
            ];
            blake2b_mix(&mut v, lanes, m(2 * diagonal + 8), m(2 * diagonal + 9));
        }
    }
    for index in 0..8 {
        state[index] ^= v[index] ^ v[index + 8];
    }
}

/// Hashes `size` blocks of 128 bytes with BLAKE2b's compression function (RFC 7693).
pub fn blake2b(size: u32) -> u64 {
    let mut state = BLAKE2B_INITIAL;
    let mut message = [0u64; 16];
    for count in 0..u64::from(size) {
        message[(count % 16) as usize] = count ^ state[0];
        blake2b_block(
            &mut state,
            &message,
            128 * (count + 1),
            count + 1 == u64::from(size),
        );
    }
    state.iter().fold(0, |sum, &word| mix(sum, word))
}

/// FNV-1a (Fowler, Noll, Vo).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Counts `size` words of varying length in a hash table with open addressing.
pub fn string_hash(size: u32) -> u64 {
    let mut random = Random::new(7);
    let mut table: Vec<Option<(Vec<u8>, u32)>> =
        vec![None; (size as usize * 2).next_power_of_two()];
    let mask = table.len() - 1;
    for _ in 0..size {
        let length = 3 + random.below(20) as usize;
        let distinct = random.below(size / 2 + 1);
        let word: Vec<u8> = (0..length as u32)
            .map(|index| b'a' + (distinct.wrapping_mul(index * 2 + 1) >> 3) as u8 % 26)
            .collect();
        let mut slot = fnv1a(&word) as usize & mask;
        loop {
            match &mut table[slot] {
                Some((known, count)) if *known == word => {
                    *count += 1;
                    break;
                }
                Some(_) => slot = (slot + 1) & mask,
                empty => {
                    *empty = Some((word, 1));
                    break;
                }
            }
        }
    }
    table.iter().flatten().fold(0, |sum, (word, count)| {
        mix(sum, fnv1a(word).wrapping_add(u64::from(*count)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc_is_that_of_the_standard() {
        let mut block = [0u8; 64];
        block[..4].copy_from_slice(&[b'a', b'b', b'c', 0x80]);
        block[63] = 24;
        let mut state = SHA256_INITIAL;
        sha256_block(&mut state, &block);
        assert_eq!((state[0], state[7]), (0xba78_16bf, 0xf200_15ad));
    }

    #[test]
    fn blake2b_of_abc_is_that_of_the_rfc() {
        let mut state = BLAKE2B_INITIAL;
        state[0] ^= 0x0101_0040;
        let mut message = [0u64; 16];
        message[0] = 0x63_6261;
        blake2b_block(&mut state, &message, 3, true);
        assert_eq!(state[0].to_le_bytes()[..4], [0xba, 0x80, 0xa5, 0x3f]);
    }
}

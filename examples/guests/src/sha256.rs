//! SHA-256 (FIPS 180-4), as a running hash.
//!
//! Written out here so that the guest has no dependency: it is also a good
//! load for a compiler, being 64 rounds of 32-bit rotates and additions.

const ROUND_CONSTANTS: [u32; 64] = constants();

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
const fn constants() -> [u32; 64] {
    let mut table = [0; 64];
    let mut found = 0;
    let mut candidate: u128 = 2;
    while found < table.len() {
        if is_prime(candidate) {
            table[found] = fractional_bits_of_root(candidate, 3);
            found += 1;
        }
        candidate += 1;
    }
    table
}

/// The first 32 bits of the fractional parts of the square roots of the first 8 primes.
const INITIAL: [u32; 8] = {
    let primes = [2, 3, 5, 7, 11, 13, 17, 19];
    let mut state = [0; 8];
    let mut i = 0;
    while i < state.len() {
        state[i] = fractional_bits_of_root(primes[i], 2);
        i += 1;
    }
    state
};

const fn is_prime(n: u128) -> bool {
    let mut divisor = 2;
    while divisor * divisor <= n {
        if n % divisor == 0 {
            return false;
        }
        divisor += 1;
    }
    true
}

/// floor(2^32 * n^(1/degree)) modulo 2^32, by bisection; n below 2^9.
const fn fractional_bits_of_root(n: u128, degree: u32) -> u32 {
    let target = n << (32 * degree);
    let (mut low, mut high) = (0u128, 1u128 << 37);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if middle.pow(degree) <= target {
            low = middle;
        } else {
            high = middle;
        }
    }
    low as u32
}

/// A hash in the making.
pub struct Sha256 {
    state: [u32; 8],
    block: [u8; 64],
    length_bytes: u64,
}

impl Sha256 {
    /// The hash of nothing yet.
    pub fn new() -> Self {
        Self {
            state: INITIAL,
            block: [0; 64],
            length_bytes: 0,
        }
    }

    /// Appends bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let at = (self.length_bytes % 64) as usize;
            self.block[at] = byte;
            self.length_bytes += 1;
            if at == 63 {
                self.compress();
            }
        }
    }

    /// The digest of all bytes so far.
    pub fn finish(mut self) -> [u8; 32] {
        let length_bits = self.length_bytes * 8;
        self.update(&[0x80]);
        while self.length_bytes % 64 != 56 {
            self.update(&[0]);
        }
        self.update(&length_bits.to_be_bytes());
        let mut digest = [0; 32];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }

    fn compress(&mut self) {
        let mut schedule = [0u32; 64];
        for (word, bytes) in schedule.iter_mut().zip(self.block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for t in 16..64 {
            let (x, y) = (schedule[t - 15], schedule[t - 2]);
            let s0 = x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3);
            let s1 = y.rotate_right(17) ^ y.rotate_right(19) ^ (y >> 10);
            schedule[t] = schedule[t - 16]
                .wrapping_add(s0)
                .wrapping_add(schedule[t - 7])
                .wrapping_add(s1);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = self.state;
        for (k, w) in ROUND_CONSTANTS.iter().zip(schedule) {
            let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & f) ^ (!e & g);
            let t1 = h
                .wrapping_add(s1)
                .wrapping_add(choice)
                .wrapping_add(*k)
                .wrapping_add(w);
            let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let majority = (a & b) ^ (a & c) ^ (b & c);
            let t2 = s0.wrapping_add(majority);
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
        }
        for (word, new) in self.state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(bytes);
        hash.finish()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn gives_the_standards_digests() {
        assert_eq!(
            hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}

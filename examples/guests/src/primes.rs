//! Prime numbers by two ways that must agree: a sieve (memory work) and the
//! Miller-Rabin test (64-bit integer work).

/// A sieve of Eratosthenes over the numbers below a bound.
pub struct Sieve {
    composite: Vec<u64>,
    bound: u32,
}

impl Sieve {
    /// Sieves the numbers below `bound`.
    pub fn new(bound: u32) -> Self {
        let mut sieve = Self {
            composite: vec![0; bound as usize / 64 + 1],
            bound,
        };
        let mut n = 2;
        while n * n < bound {
            if sieve.is_prime(n) {
                for multiple in (n * n..bound).step_by(n as usize) {
                    sieve.composite[multiple as usize / 64] |= 1 << (multiple % 64);
                }
            }
            n += 1;
        }
        sieve
    }

    /// Whether `n` (at least 2, below the bound) is prime.
    pub fn is_prime(&self, n: u32) -> bool {
        self.composite[n as usize / 64] >> (n % 64) & 1 == 0
    }

    /// All primes below the bound, in order.
    pub fn primes(&self) -> impl Iterator<Item = u32> + '_ {
        (2..self.bound).filter(|&n| self.is_prime(n))
    }
}

/// Whether `n` is prime, by strong tests to bases that suffice for 32 bits.
pub fn is_prime(n: u32) -> bool {
    const BASES: [u32; 3] = [2, 7, 61];
    if n < 2 {
        return false;
    }
    if let Some(&base) = BASES.iter().find(|&&base| n % base == 0) {
        return n == base;
    }
    BASES.iter().all(|&base| passes(n, base))
}

/// The strong probable-prime test of an odd `n` to one base.
fn passes(n: u32, base: u32) -> bool {
    let n = u64::from(n);
    let twos = (n - 1).trailing_zeros();
    let mut power = modular_power(u64::from(base), (n - 1) >> twos, n);
    if power == 1 || power == n - 1 {
        return true;
    }
    for _ in 1..twos {
        power = power * power % n;
        if power == n - 1 {
            return true;
        }
    }
    false
}

fn modular_power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % modulus;
        }
        base = base * base % modulus;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sieve_and_test_agree() {
        let sieve = Sieve::new(10_000);
        assert!((2..10_000).all(|n| sieve.is_prime(n) == is_prime(n)));
        assert_eq!(sieve.primes().count(), 1229);
    }
}

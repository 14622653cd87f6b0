//! What the campaigns share: how long they are, and random numbers whose seed is printed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A number that an environment variable has, or the default.
pub fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is no number")),
        Err(_) => default,
    }
}

/// Random numbers: SplitMix64.
pub struct Random(u64);

impl Random {
    /// Begins with the seed that SEED has, or another one each time, and prints it.
    pub fn new(campaign: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seed = number("SEED", now.map_or(0, |now| now.as_nanos() as u64));
        println!("{campaign}: SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number less than `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A time span shorter than `end`.
    pub fn duration(&mut self, end: Duration) -> Duration {
        Duration::from_micros(self.below(end.as_micros() as u64))
    }
}

//! When calls are frozen.

use crate::spectest::HostFunctions;
use alloc::vec::Vec;
use core::num::NonZeroU64;
use woodfrog::runtime::{Module, ModuleError, MoveError, Store, VersionId};

/// What is to become of a suspended call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It goes on.
    GoOn,
    /// It is frozen, and thawed: its frames, innermost first, in these code versions, or in
    /// the first if there is none for them.
    FreezeAndThaw(Vec<VersionId>),
}

/// Decides when a script's calls are suspended, and what becomes of them then.
pub trait Freezer {
    /// A module of the script has been compiled.
    ///
    /// # Errors
    ///
    /// [`ModuleError`].
    fn compiled(&mut self, _: &Module) -> Result<(), ModuleError> {
        Ok(())
    }

    /// A call, also of a start function, is about to begin.
    fn begin(&mut self, store: &mut Store<()>);

    /// The call has been suspended. Unless said otherwise, it is frozen and thawed.
    ///
    /// # Errors
    ///
    /// [`MoveError`].
    fn suspended(&mut self, _: &mut Store<()>) -> Result<Next, MoveError> {
        Ok(Next::FreezeAndThaw(Vec::new()))
    }

    /// The call that was suspended, and perhaps frozen and thawed, is about to go on.
    fn thawed(&mut self, store: &mut Store<()>);

    /// The call is over.
    fn end(&mut self, store: &mut Store<()>);

    /// What host functions do.
    fn host_functions(&self) -> HostFunctions {
        HostFunctions::Return
    }
}

/// Never freezes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Never;

impl Freezer for Never {
    fn begin(&mut self, _: &mut Store<()>) {}
    fn thawed(&mut self, _: &mut Store<()>) {}
    fn end(&mut self, _: &mut Store<()>) {}
}

/// Never freezes, and counts the suspend points that each call passes.
#[derive(Clone, Debug, Default)]
pub struct Counting {
    /// Of each call that is over.
    pub points: Vec<u64>,
}

impl Freezer for Counting {
    fn begin(&mut self, store: &mut Store<()>) {
        store.set_freeze_every(Some(NonZeroU64::MAX));
    }

    fn thawed(&mut self, _: &mut Store<()>) {}

    fn end(&mut self, store: &mut Store<()>) {
        self.points.push(store.points_passed());
    }
}

/// A call that passes more points than this is not frozen at each of them.
pub const MAX_POINTS_OF_SHORT_CALL: u64 = 10_000;

/// At so many points a long call is frozen before that becomes random.
pub const FREEZES_BEFORE_RANDOM: u64 = 1000;

/// At about so many of its other points a long call is frozen.
const RANDOM_FREEZES: u64 = 250;

/// Freezes at every suspend point, or every Nth. Calls that pass more than
/// [`MAX_POINTS_OF_SHORT_CALL`] points are frozen like that for the first
/// [`FREEZES_BEFORE_RANDOM`] times, and then at random.
#[derive(Clone, Debug)]
pub struct EveryPoint {
    every: NonZeroU64,
    /// How many points each call passes.
    points: Vec<u64>,
    /// Index of the call.
    call: usize,
    freezes: u64,
    random: Random,
}

impl EveryPoint {
    /// Freezes calls that pass so many `points`, in order, at every `every`th.
    pub fn new(every: NonZeroU64, points: Vec<u64>, seed: u64) -> Self {
        Self {
            every,
            points,
            call: 0,
            freezes: 0,
            random: Random::new(seed),
        }
    }

    /// How many points to pass to the next freeze.
    fn distance(&mut self) -> NonZeroU64 {
        let points = self.points.get(self.call).copied().unwrap_or(0);
        if points <= MAX_POINTS_OF_SHORT_CALL || self.freezes < FREEZES_BEFORE_RANDOM {
            return self.every;
        }
        let rest = (points / self.every).saturating_sub(FREEZES_BEFORE_RANDOM);
        let mean = rest / RANDOM_FREEZES;
        self.every
            .saturating_mul(self.random.up_to(mean.saturating_mul(2)))
    }
}

impl Freezer for EveryPoint {
    fn begin(&mut self, store: &mut Store<()>) {
        self.freezes = 0;
        store.set_freeze_every(Some(self.every));
    }

    fn thawed(&mut self, store: &mut Store<()>) {
        self.freezes += 1;
        store.set_freeze_every(Some(self.distance()));
    }

    fn end(&mut self, _: &mut Store<()>) {
        self.call += 1;
    }
}

/// A sequence of random numbers that follows from its seed (SplitMix64).
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number from 1 to `max`, or 1.
    pub fn up_to(&mut self, max: u64) -> NonZeroU64 {
        NonZeroU64::MIN.saturating_add(self.any() % max.max(1))
    }

    /// The next number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// At which of its `points` suspend points a call is frozen.
    fn frozen_points(points: u64, every: u64, seed: u64) -> Vec<u64> {
        let every = NonZeroU64::new(every).expect("not zero");
        let mut freezer = EveryPoint::new(every, vec![points], seed);
        let mut frozen = Vec::new();
        let mut point = every.get();
        while point <= points {
            frozen.push(point);
            freezer.freezes += 1;
            point += freezer.distance().get();
        }
        frozen
    }

    #[test]
    fn a_short_call_is_frozen_at_every_point() {
        let all: Vec<_> = (1..=MAX_POINTS_OF_SHORT_CALL).collect();
        assert_eq!(frozen_points(MAX_POINTS_OF_SHORT_CALL, 1, 7), all);
        assert_eq!(frozen_points(10, 3, 7), [3, 6, 9]);
    }

    #[test]
    fn a_long_call_is_frozen_at_the_first_points_and_at_random_ones() {
        let points = 1_000_000;
        let frozen = frozen_points(points, 1, 7);
        let (first, rest) = frozen.split_at(FREEZES_BEFORE_RANDOM as usize);
        assert!(first.iter().copied().eq(1..=FREEZES_BEFORE_RANDOM));
        let expected = RANDOM_FREEZES as usize;
        assert!((expected / 2..expected * 2).contains(&rest.len()));
        assert!(rest.last().is_some_and(|&last| last > points * 9 / 10));
        assert_eq!(frozen, frozen_points(points, 1, 7), "the seed decides");
        assert_ne!(frozen, frozen_points(points, 1, 8));
    }
}

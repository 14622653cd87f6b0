//! How many frames have been promised.
//!
//! Pages are backed when they are touched, often in the middle of guest code or of the
//! engine's own, where a missing frame could not be reported. So `commit` promises
//! frames, page tables included, and fails when there are none to promise; a
//! touch of a committed page then always finds one.

use super::TABLE;
use crate::platform::PAGE_SIZE;
use alloc::collections::BTreeMap;
use core::ops::Range;

/// Bytes that one page directory maps (Intel SDM volume 3A, section 4.5).
const DIRECTORY: usize = 512 * TABLE;

/// Frames promised to reservations.
pub(super) struct Budget {
    left: usize,
    /// Frames promised to each reservation, by its start.
    promised: BTreeMap<usize, usize>,
}

impl Budget {
    pub(super) fn new(frames: usize) -> Self {
        Self {
            left: frames,
            promised: BTreeMap::new(),
        }
    }

    /// Promises frames for a new reservation's upper page tables; false if there are
    /// not enough.
    pub(super) fn reserve(&mut self, range: &Range<usize>) -> bool {
        // Both ends may lie in the middle of what a table maps.
        let upper_tables = range.len().div_ceil(DIRECTORY) + 4;
        self.take(range.start, upper_tables)
    }

    /// Promises frames for pages and page tables of a range within the reservation
    /// that starts at `reservation`; false if there are not enough. `is_joined`: the
    /// range continues a committed one, whose last page table it shares.
    pub(super) fn commit(
        &mut self,
        reservation: usize,
        range: &Range<usize>,
        is_joined: bool,
    ) -> bool {
        let first = match is_joined {
            true => range.start.div_ceil(TABLE),
            false => range.start / TABLE,
        };
        let tables = range.end.div_ceil(TABLE) - first;
        self.take(reservation, range.len() / PAGE_SIZE + tables)
    }

    /// Promises a frame to a page whose own one is lent; false if there is none.
    pub(super) fn lend(&mut self) -> bool {
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Takes so many promises of [`Self::lend`] back.
    pub(super) fn take_back(&mut self, frames: usize) {
        self.left += frames;
    }

    /// Takes the promises to a reservation back.
    pub(super) fn release(&mut self, reservation: usize) {
        self.left += self.promised.remove(&reservation).unwrap_or(0);
    }

    fn take(&mut self, reservation: usize, frames: usize) -> bool {
        let Some(left) = self.left.checked_sub(frames) else {
            return false;
        };
        self.left = left;
        *self.promised.entry(reservation).or_default() += frames;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_cover_pages_and_tables_and_come_back() {
        let mut budget = Budget::new(600);
        let start = 1 << 40;
        assert!(budget.reserve(&(start..start + DIRECTORY)));
        assert!(budget.commit(start, &(start..start + TABLE), false));
        assert_eq!(budget.left, 600 - 5 - 512 - 1);
        // The rest does not suffice for another table's pages, and nothing is taken.
        assert!(!budget.commit(start, &(start + TABLE..start + 2 * TABLE), true));
        assert_eq!(budget.left, 82);
        budget.release(start);
        assert_eq!(budget.left, 600);
    }

    #[test]
    fn lent_frames_are_promised_as_far_as_there_are_any() {
        let mut budget = Budget::new(5);
        assert!((0..5).all(|_| budget.lend()));
        assert!(!budget.lend());
        assert!(!budget.reserve(&(0..TABLE)));
        budget.take_back(5);
        assert!(budget.reserve(&(0..TABLE)));
    }

    #[test]
    fn growing_step_by_step_costs_what_growing_at_once_does() {
        let start = 1 << 40;
        let whole = {
            let mut budget = Budget::new(10_000);
            assert!(budget.commit(start, &(start..start + 8 * TABLE), false));
            budget.left
        };
        let mut budget = Budget::new(10_000);
        let step = 16 * PAGE_SIZE;
        for at in (start..start + 8 * TABLE).step_by(step) {
            assert!(budget.commit(start, &(at..at + step), at > start));
        }
        assert_eq!(budget.left, whole);
    }
}

//! Which addresses are reserved, which of them are committed, and as what.
//!
//! Plain bookkeeping without pages: it also answers, in the page fault
//! handler, whether a missing page ought to be there. Look-ups do not allocate.

use super::TABLE;
use crate::platform::{PAGE_SIZE, Protection};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

/// A range of addresses handed out in reservations.
pub(super) struct Regions {
    addresses: Range<usize>,
    /// Reservations: start to end.
    reserved: BTreeMap<usize, usize>,
    /// Committed ranges, disjoint, within reservations: start to region.
    committed: BTreeMap<usize, Region>,
}

/// A committed range of one protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) end: usize,
    pub(super) protection: Protection,
}

/// Unreserved addresses between two reservations, so that running off the end
/// of one never reaches the next.
const GAP: usize = PAGE_SIZE;

impl Regions {
    pub(super) fn new(addresses: Range<usize>) -> Self {
        assert_page_range(&addresses);
        Self {
            addresses,
            reserved: BTreeMap::new(),
            committed: BTreeMap::new(),
        }
    }

    /// Reserves the lowest free range of `size` bytes. A large one shares no page table with
    /// what lies below it.
    pub(super) fn reserve(&mut self, size: usize) -> Option<usize> {
        let align = if size < TABLE { PAGE_SIZE } else { TABLE };
        let mut start = self.addresses.start.checked_next_multiple_of(align)?;
        for (&other_start, &other_end) in &self.reserved {
            if start.checked_add(size)?.checked_add(GAP)? <= other_start {
                break;
            }
            let behind = other_end.checked_add(GAP)?;
            start = start.max(behind.checked_next_multiple_of(align)?);
        }
        let end = start.checked_add(size)?;
        if end > self.addresses.end {
            return None;
        }
        assert_page_range(&(start..end));
        self.reserved.insert(start, end);
        Some(start)
    }

    /// Takes back what was committed of a reservation, which stays, and returns it.
    pub(super) fn uncommit(&mut self, range: Range<usize>) -> Vec<(usize, Region)> {
        self.assert_reserved(&range);
        let committed: Vec<_> = self
            .committed
            .range(range)
            .map(|(&start, &region)| (start, region))
            .collect();
        for (start, _) in &committed {
            self.committed.remove(start);
        }
        committed
    }

    /// Forgets a reservation of which nothing is committed.
    pub(super) fn release(&mut self, range: Range<usize>) {
        self.assert_reserved(&range);
        assert!(
            self.first_overlap(&range).is_none(),
            "release of {range:#x?}, which is committed"
        );
        self.reserved.remove(&range.start);
    }

    fn assert_reserved(&self, range: &Range<usize>) {
        let end = self.reserved.get(&range.start);
        assert_eq!(end, Some(&range.end), "release of {range:#x?}");
    }

    /// Start of the reservation that a range lies in.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    pub(super) fn reservation_of(&self, range: &Range<usize>) -> usize {
        match self.reservation_around(range.start) {
            Some((start, end)) if range.end <= end => start,
            _ => panic!("{range:#x?} is not reserved"),
        }
    }

    /// Start of the reservation that an address lies in.
    pub(super) fn reservation_at(&self, address: usize) -> Option<usize> {
        Some(self.reservation_around(address)?.0)
    }

    fn reservation_around(&self, address: usize) -> Option<(usize, usize)> {
        let (&start, &end) = self.reserved.range(..=address).next_back()?;
        (address < end).then_some((start, end))
    }

    /// Commits a range as data. It joins a region that ends where it starts.
    pub(super) fn commit(&mut self, range: Range<usize>) {
        assert_page_range(&range);
        self.reservation_of(&range);
        assert!(
            self.first_overlap(&range).is_none(),
            "commit of {range:#x?}, which is committed"
        );
        let protection = Protection::ReadWrite;
        match self.committed.range_mut(..range.start).next_back() {
            Some((_, before)) if before.end == range.start && before.protection == protection => {
                before.end = range.end;
            }
            _ => {
                let end = range.end;
                self.committed
                    .insert(range.start, Region { end, protection });
            }
        }
    }

    /// Changes the protection of a range, all of which must be committed.
    pub(super) fn protect(&mut self, range: Range<usize>, protection: Protection) {
        assert_page_range(&range);
        let mut start = range.start;
        while start < range.end {
            let (region_start, region) = self.region_at(start).unwrap_or_else(|| {
                panic!("protect of {range:#x?}: {start:#x} is not committed");
            });
            let end = region.end.min(range.end);
            self.committed.remove(&region_start);
            self.insert_part(region_start..start, region.protection);
            self.insert_part(start..end, protection);
            self.insert_part(end..region.end, region.protection);
            start = end;
        }
        // Pages that are withheld and supplied piece by piece do not stay pieces.
        self.join_at(range.start);
        self.join_at(range.end);
    }

    /// Makes one region of two that meet at an address and are alike.
    fn join_at(&mut self, address: usize) {
        let Some(&behind) = self.committed.get(&address) else {
            return;
        };
        if let Some((_, before)) = self.committed.range_mut(..address).next_back()
            && before.end == address
            && before.protection == behind.protection
        {
            before.end = behind.end;
            self.committed.remove(&address);
        }
    }

    /// The protection of a committed address; None if it is not committed.
    pub(super) fn protection_at(&self, address: usize) -> Option<Protection> {
        Some(self.region_at(address)?.1.protection)
    }

    fn region_at(&self, address: usize) -> Option<(usize, Region)> {
        let (&start, &region) = self.committed.range(..=address).next_back()?;
        (address < region.end).then_some((start, region))
    }

    fn first_overlap(&self, range: &Range<usize>) -> Option<usize> {
        let (&start, region) = self.committed.range(..range.end).next_back()?;
        (region.end > range.start).then_some(start)
    }

    fn insert_part(&mut self, range: Range<usize>, protection: Protection) {
        if !range.is_empty() {
            let end = range.end;
            self.committed
                .insert(range.start, Region { end, protection });
        }
    }
}

fn assert_page_range(range: &Range<usize>) {
    assert!(
        range.start.is_multiple_of(PAGE_SIZE)
            && range.end.is_multiple_of(PAGE_SIZE)
            && !range.is_empty(),
        "{range:#x?} is not a range of pages"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const P: usize = PAGE_SIZE;

    fn regions() -> Regions {
        Regions::new(100 * P..200 * P)
    }

    #[test]
    fn reservations_have_a_gap_between_them() {
        let mut regions = regions();
        assert_eq!(regions.reserve(10 * P), Some(100 * P));
        assert_eq!(regions.reserve(10 * P), Some(111 * P));
    }

    #[test]
    fn a_released_range_is_reserved_again() {
        let mut regions = regions();
        regions.reserve(10 * P);
        regions.reserve(10 * P);
        regions.release(100 * P..110 * P);
        assert_eq!(regions.reserve(11 * P), Some(122 * P), "it does not fit");
        assert_eq!(regions.reserve(10 * P), Some(100 * P));
    }

    #[test]
    fn a_large_range_begins_with_a_page_table() {
        let mut regions = Regions::new(TABLE + P..8 * TABLE);
        assert_eq!(regions.reserve(P), Some(TABLE + P));
        assert_eq!(regions.reserve(2 * TABLE), Some(2 * TABLE));
        assert_eq!(regions.reserve(P), Some(TABLE + 3 * P), "the gap is used");
        assert_eq!(regions.reserve(TABLE), Some(5 * TABLE));
        assert_eq!(regions.reserve(2 * TABLE + 1), None);
        assert_eq!(regions.reservation_at(4 * TABLE - 1), Some(2 * TABLE));
        assert_eq!(regions.reservation_at(4 * TABLE), None);
    }

    #[test]
    fn a_range_that_does_not_fit_is_refused() {
        let mut regions = regions();
        assert_eq!(regions.reserve(101 * P), None);
        assert_eq!(regions.reserve(usize::MAX - P + 1), None);
        assert_eq!(regions.reserve(100 * P), Some(100 * P));
        assert_eq!(regions.reserve(P), None);
    }

    #[test]
    fn growing_commits_become_one_region() {
        let mut regions = regions();
        regions.reserve(10 * P);
        regions.commit(100 * P..101 * P);
        regions.commit(101 * P..104 * P);
        assert_eq!(
            regions.protection_at(104 * P - 1),
            Some(Protection::ReadWrite)
        );
        assert_eq!(regions.protection_at(104 * P), None);
        let region = Region {
            end: 104 * P,
            protection: Protection::ReadWrite,
        };
        assert_eq!(regions.uncommit(100 * P..110 * P), vec![(100 * P, region)]);
        assert_eq!(regions.protection_at(100 * P), None);
        regions.release(100 * P..110 * P);
    }

    #[test]
    fn protection_splits_a_region() {
        let mut regions = regions();
        regions.reserve(10 * P);
        regions.commit(100 * P..110 * P);
        regions.protect(103 * P..105 * P, Protection::ReadExecute);
        regions.protect(104 * P..106 * P, Protection::None);
        let at = |page: usize| regions.protection_at(page * P);
        assert_eq!(at(102), Some(Protection::ReadWrite));
        assert_eq!(at(103), Some(Protection::ReadExecute));
        assert_eq!(at(104), Some(Protection::None));
        assert_eq!(at(105), Some(Protection::None));
        assert_eq!(at(106), Some(Protection::ReadWrite));
        assert_eq!(regions.uncommit(100 * P..110 * P).len(), 5);
    }

    #[test]
    fn protecting_piece_by_piece_leaves_one_region() {
        let mut regions = regions();
        regions.reserve(10 * P);
        regions.commit(100 * P..110 * P);
        regions.protect(100 * P..110 * P, Protection::None);
        for page in [103, 100, 101, 109, 104, 102, 107, 106, 105, 108] {
            regions.protect(page * P..(page + 1) * P, Protection::ReadWrite);
        }
        assert_eq!(regions.uncommit(100 * P..110 * P).len(), 1);
    }

    #[test]
    #[should_panic(expected = "not reserved")]
    fn a_commit_outside_of_reservations_is_our_bug() {
        regions().commit(100 * P..101 * P);
    }

    #[test]
    fn addresses_stay_reserved_while_they_are_uncommitted() {
        let mut regions = regions();
        regions.reserve(100 * P);
        regions.commit(100 * P..105 * P);
        regions.uncommit(100 * P..200 * P);
        assert_eq!(regions.reserve(P), None);
        regions.release(100 * P..200 * P);
        assert_eq!(regions.reserve(P), Some(100 * P));
    }

    #[test]
    #[should_panic(expected = "which is committed")]
    fn a_second_commit_is_our_bug() {
        let mut regions = regions();
        regions.reserve(10 * P);
        regions.commit(100 * P..105 * P);
        regions.commit(104 * P..106 * P);
    }
}

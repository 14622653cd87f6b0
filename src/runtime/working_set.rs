//! What a program needs first after a thaw, as a checkpoint disk keeps it.
//!
//! Soon after a lazy thaw its host has it recorded; at the next thaw these pages are read before
//! the program runs, in large requests. It is a hint: one that is wrong costs time, nothing else.

use super::{PageError, Store};
use crate::checkpoint::{PAGE, PageRange};
use alloc::vec::Vec;
use core::ops::Range;

/// Most pages of a working set: 64 MiB.
const MAX_PAGES: u64 = 16 << 10;

impl<T: 'static> Store<T> {
    /// Reads the pages of a working set ([`CheckpointStore::working_set`]) that the store does not
    /// have yet.
    ///
    /// # Errors
    ///
    /// [`PageError`]; those before it are there. A store that needs the page says so again.
    ///
    /// [`CheckpointStore::working_set`]: crate::checkpoint::CheckpointStore::working_set
    pub fn load_working_set(&mut self, recorded: &[PageRange]) -> Result<(), PageError> {
        let mut ranges = recorded.iter();
        ranges.try_for_each(|range| self.load_range(range.memory, bytes_of(range)))
    }

    /// The working set to be recorded ([`CheckpointStore::set_working_set`]): what the store has
    /// needed since it was thawed, beside what was recorded before; without that, if it would be
    /// too much. None: the store has needed nothing that is not recorded, or all too much.
    ///
    /// [`CheckpointStore::set_working_set`]: crate::checkpoint::CheckpointStore::set_working_set
    pub fn working_set(&self, recorded: &[PageRange]) -> Option<Vec<PageRange>> {
        let needed: Vec<PageRange> = self.demanded_pages().into_iter().map(range_of).collect();
        if needed.is_empty() {
            return None;
        }
        bounded(joined(recorded, &needed)).or_else(|| bounded(needed))
    }
}

/// Two sets as one, ascending.
fn joined(one: &[PageRange], other: &[PageRange]) -> Vec<PageRange> {
    let mut all: Vec<PageRange> = one.iter().chain(other).copied().collect();
    all.sort_unstable_by_key(|range| (range.memory, range.first));
    all.dedup_by(|next, range| {
        let end = range.first.saturating_add(range.count);
        let meets = next.memory == range.memory && next.first <= end;
        if meets {
            range.count = end.max(next.first.saturating_add(next.count)) - range.first;
        }
        meets
    });
    all
}

fn bounded(pages: Vec<PageRange>) -> Option<Vec<PageRange>> {
    let mut counts = pages.iter().map(|range| range.count);
    let count = counts.try_fold(0, u64::checked_add)?;
    (count <= MAX_PAGES).then_some(pages)
}

fn bytes_of(range: &PageRange) -> Range<usize> {
    let start = range.first.saturating_mul(PAGE as u64);
    let len = range.count.saturating_mul(PAGE as u64);
    start as usize..start.saturating_add(len) as usize
}

fn range_of((memory, bytes): (u32, Range<usize>)) -> PageRange {
    PageRange {
        memory,
        first: (bytes.start / PAGE) as u64,
        count: (bytes.len() / PAGE) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(memory: u32, first: u64, count: u64) -> PageRange {
        PageRange {
            memory,
            first,
            count,
        }
    }

    #[test]
    fn sets_are_joined_where_they_meet() {
        let one = [range(0, 10, 5), range(1, 0, 2), range(1, 100, 1)];
        let other = [range(0, 0, 10), range(0, 12, 20), range(1, 3, 1)];
        let all = [
            range(0, 0, 32),
            range(1, 0, 2),
            range(1, 3, 1),
            range(1, 100, 1),
        ];
        assert_eq!(joined(&one, &other), all);
    }

    #[test]
    fn what_a_disk_says_may_be_anything() {
        let wild = [range(0, u64::MAX - 1, u64::MAX), range(7, 5, u64::MAX)];
        let all = joined(&wild, &[range(7, 6, 1)]);
        assert_eq!(all.len(), 2);
        assert_eq!(bounded(all), None);
        assert_eq!(bytes_of(&wild[0]), usize::MAX..usize::MAX);
    }
}

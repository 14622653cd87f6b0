//! Contents of linear memories: what of them is not zero, and where.

use super::IMAGE_PAGE;
use crate::platform::is_zero;
use alloc::vec::Vec;
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// A run of memory pages of [`IMAGE_PAGE`] bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRun {
    /// Index of the first page in its memory.
    pub first: u32,
    /// How many pages.
    pub count: u32,
}

impl PageRun {
    /// Index of the page after the last.
    pub fn end(self) -> u64 {
        u64::from(self.first) + u64::from(self.count)
    }

    /// Its size in bytes.
    pub fn len_bytes(self) -> usize {
        self.count as usize * IMAGE_PAGE
    }

    /// Its address in the memory.
    pub fn address(self) -> usize {
        self.first as usize * IMAGE_PAGE
    }
}

/// The contents of a linear memory.
#[derive(Clone, Debug)]
pub enum MemoryContents<'a> {
    /// All of it, in place.
    Linear(&'a [u8]),
    /// All of it, in place, and where it may be something else than zero: ranges of whole
    /// pages, in ascending order.
    Sparse {
        /// The whole memory.
        bytes: &'a [u8],
        /// What of it is worth a look.
        touched: Vec<Range<usize>>,
    },
    /// What is not zero.
    Pages {
        /// Where it is, in ascending order.
        runs: Vec<PageRun>,
        /// The bytes of the runs, one run after the other.
        data: &'a [u8],
    },
    /// Not here: whoever restores the image makes all of it zeros, and then fills it from
    /// wherever the contents are.
    Elsewhere,
}

impl<'a> MemoryContents<'a> {
    /// The runs of pages that are not known to be zero, in ascending order.
    pub fn page_runs(&self) -> Vec<PageRun> {
        match self {
            Self::Linear(bytes) => non_zero_runs(bytes, core::slice::from_ref(&(0..bytes.len()))),
            Self::Sparse { bytes, touched } => non_zero_runs(bytes, touched),
            Self::Pages { runs, .. } => runs.clone(),
            Self::Elsewhere => Vec::new(),
        }
    }

    /// Address and bytes of everything that is not known to be zero, in ascending
    /// order. Whoever writes these into a zeroed memory has restored it.
    pub fn chunks(&self) -> impl Iterator<Item = (u64, &'a [u8])> {
        self.chunks_of(&self.page_runs())
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The same, for runs that are known already.
    pub(super) fn chunks_of(&self, runs: &[PageRun]) -> impl Iterator<Item = (u64, &'a [u8])> {
        let (bytes, is_dense) = match *self {
            Self::Linear(bytes) | Self::Sparse { bytes, .. } => (bytes, false),
            Self::Pages { data, .. } => (data, true),
            Self::Elsewhere => (&[][..], true),
        };
        let mut consumed = 0;
        runs.iter().map(move |run| {
            let offset = if is_dense { consumed } else { run.address() };
            consumed += run.len_bytes();
            (run.address() as u64, &bytes[offset..][..run.len_bytes()])
        })
    }
}

/// The runs of pages of a linear memory that have a byte other than zero, all of which are
/// within these ranges.
///
/// # Panics
///
/// Panics if the ranges do not consist of whole pages of the memory.
fn non_zero_runs(bytes: &[u8], touched: &[Range<usize>]) -> Vec<PageRun> {
    let mut runs: Vec<PageRun> = Vec::new();
    for range in touched {
        assert!(range.start.is_multiple_of(IMAGE_PAGE) && range.end.is_multiple_of(IMAGE_PAGE));
        let pages = bytes[range.clone()].chunks_exact(IMAGE_PAGE);
        let pages = (range.start / IMAGE_PAGE..).zip(pages);
        for (index, _) in pages.filter(|(_, page)| !is_zero(page)) {
            let index = u32::try_from(index).expect("a memory has at most 2^32 pages");
            match runs.last_mut() {
                Some(run) if run.end() == u64::from(index) => run.count += 1,
                _ => runs.push(PageRun {
                    first: index,
                    count: 1,
                }),
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn runs_cover_exactly_the_pages_that_are_not_zero() {
        let mut memory = vec![0; 16 * IMAGE_PAGE];
        memory[2 * IMAGE_PAGE] = 1;
        memory[4 * IMAGE_PAGE - 1] = 1;
        memory[16 * IMAGE_PAGE - 1] = 1;
        let contents = MemoryContents::Linear(&memory);
        assert_eq!(
            contents.page_runs(),
            [
                PageRun { first: 2, count: 2 },
                PageRun {
                    first: 15,
                    count: 1
                }
            ]
        );
    }

    #[test]
    fn runs_are_looked_for_where_a_memory_was_touched() {
        let mut bytes = vec![0; 16 * IMAGE_PAGE];
        bytes[2 * IMAGE_PAGE] = 1;
        bytes[3 * IMAGE_PAGE] = 1;
        bytes[9 * IMAGE_PAGE] = 1;
        let pages = |range: Range<usize>| range.start * IMAGE_PAGE..range.end * IMAGE_PAGE;
        let touched = vec![pages(1..3), pages(3..5), pages(8..9)];
        let contents = MemoryContents::Sparse {
            bytes: &bytes,
            touched,
        };
        assert_eq!(contents.page_runs(), [PageRun { first: 2, count: 2 }]);
    }

    #[test]
    fn chunks_restore_the_memory_from_either_form() {
        let mut memory = vec![0; 8 * IMAGE_PAGE];
        memory[5] = 7;
        memory[6 * IMAGE_PAGE + 9] = 8;
        let linear = MemoryContents::Linear(&memory);
        let data: Vec<u8> = linear
            .chunks()
            .flat_map(|(_, bytes)| bytes.to_vec())
            .collect();
        let pages = MemoryContents::Pages {
            runs: linear.page_runs(),
            data: &data,
        };
        for contents in [linear, pages] {
            let mut restored = vec![0; memory.len()];
            for (address, bytes) in contents.chunks() {
                restored[address as usize..][..bytes.len()].copy_from_slice(bytes);
            }
            assert_eq!(restored, memory);
        }
    }
}

//! Which parts of a tracked range have been protected once.
//!
//! A region is what one page table covers. All of its pages are protected at once, the first time
//! that any of them is found to have been touched, and from then on each write to one is
//! noticed. Nobody has touched a page of any other region, as far as is known, so it holds
//! zeros, and no work is done for it, however large the memory is.

use std::ops::Range;
use woodfrog::platform::tracking::Bits;

/// Pages of a region.
pub const REGION: usize = 512;

/// The regions of a range.
pub struct Regions {
    /// By their number.
    protected: Bits,
    /// Pages of the range.
    pages: usize,
}

impl Regions {
    /// Those of a range of so many pages.
    pub fn new(pages: usize) -> Self {
        Self {
            protected: Bits::default(),
            pages,
        }
    }

    /// Whether a page is in a region that has been protected.
    pub fn has_protected(&self, page: usize) -> bool {
        self.protected.contains(page / REGION)
    }

    /// The runs of pages, of whole regions that have not been protected, among those that have any of the
    /// first `pages` pages.
    pub fn new_runs(&self, pages: usize) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for region in 0..pages.min(self.pages).div_ceil(REGION) {
            if !self.protected.contains(region) {
                push(&mut runs, self.pages_of(region));
            }
        }
        runs
    }

    /// The runs of pages, of whole regions that have not been protected, that have pages of these
    /// ascending runs.
    pub fn new_around(&self, touched: &[Range<usize>]) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = Vec::new();
        let mut next = 0;
        for run in touched {
            for region in (run.start / REGION).max(next)..run.end.div_ceil(REGION) {
                if !self.protected.contains(region) {
                    push(&mut runs, self.pages_of(region));
                }
                next = region + 1;
            }
        }
        runs
    }

    /// Notes that a run of whole regions has been protected, or is about to be.
    pub fn add(&mut self, pages: &Range<usize>) {
        let regions = pages.start / REGION..pages.end.div_ceil(REGION);
        self.protected.grow(regions.end);
        regions.for_each(|region| self.protected.insert(region));
    }

    fn pages_of(&self, region: usize) -> Range<usize> {
        region * REGION..((region + 1) * REGION).min(self.pages)
    }
}

/// Adds a run behind others.
fn push(runs: &mut Vec<Range<usize>>, run: Range<usize>) {
    match runs.last_mut() {
        Some(last) if last.end == run.start => last.end = run.end,
        _ => runs.push(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vec_of<T>(one: T) -> Vec<T> {
        Vec::from([one])
    }

    #[test]
    fn only_regions_that_have_not_been_protected_are_new() {
        const PAGES: usize = 5 * REGION + 7;
        let mut regions = Regions::new(PAGES);
        assert_eq!(regions.new_runs(0), []);
        assert_eq!(regions.new_runs(1), vec_of(0..REGION));
        assert_eq!(regions.new_runs(usize::MAX), vec_of(0..PAGES));
        let touched = [
            3..4,
            9..REGION + 1,
            REGION + 8..REGION + 9,
            PAGES - 1..PAGES,
        ];
        assert_eq!(
            regions.new_around(&touched),
            [0..2 * REGION, 5 * REGION..PAGES]
        );
        regions.add(&(REGION..2 * REGION));
        regions.add(&(5 * REGION..PAGES));
        assert_eq!(regions.new_around(&touched), vec_of(0..REGION));
        assert_eq!(
            regions.new_runs(usize::MAX),
            [0..REGION, 2 * REGION..5 * REGION]
        );
        let protected = |page| regions.has_protected(page);
        assert_eq!(
            [0, REGION, 2 * REGION - 1, 2 * REGION, PAGES - 1].map(protected),
            [false, true, true, false, true]
        );
    }
}

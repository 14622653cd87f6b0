//! Cuts of tracked memory, on whatever platform: they give exactly what was written to, as
//! it was at the cut.

#![expect(unsafe_code, reason = "commits pages and writes to them")]

use crate::freezing::Random;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use woodfrog::platform::tracking::{CutEnd, Loan, TrackError, Tracker};
use woodfrog::platform::{PAGE_SIZE, Platform};

/// Three page tables and a bit, at first.
const PAGES: usize = 3 * 512 + 7;
/// So many pages come to them in the end.
const MOST_PAGES: usize = PAGES + 600;
const RESERVED: usize = 4 * PAGES * PAGE_SIZE;
const SPARES: usize = 16;
const ROUNDS: u64 = 40;
/// What writers change that is on loan is kept in memory that is not endless.
const MOST_LOANS: usize = 20;

/// Holds cuts of memory against a model; returns how many pages were due in them.
///
/// # Panics
///
/// Panics if a cut gives something else than what was written to, as it was at the cut.
pub fn check(platform: &Arc<dyn Platform>) -> usize {
    let due_counts = [Memory::new(platform), Memory::withheld(platform)].map(|mut memory| {
        for round in 0..ROUNDS {
            memory.round(round);
        }
        memory.untracked_pages_can_be_written();
        memory.a_new_tracker_takes_everything();
        memory.release();
        // All is gone but what is on loan.
        while !memory.loans.is_empty() {
            memory.take_loan_back();
        }
        memory.due_count
    });
    a_tracker_outlives_its_range(platform);
    due_counts.into_iter().sum()
}

/// Pages on loan, and what each of them should hold.
type Loans = Vec<(Box<dyn Loan>, Vec<(usize, u64)>)>;

/// Tracked memory of one number a page, beside what it should hold.
struct Memory<'p> {
    platform: &'p Arc<dyn Platform>,
    start: *mut u64,
    /// How many are committed.
    pages: usize,
    tracker: Option<Arc<dyn Tracker>>,
    expected: Vec<u64>,
    is_dirty: Vec<bool>,
    /// Not there yet.
    is_withheld: Vec<bool>,
    /// May be of earlier cuts.
    loans: Loans,
    /// Came to a cut though nobody had written to it, which may be once.
    is_read_in: Vec<bool>,
    random: Random,
    due_count: usize,
}

impl<'p> Memory<'p> {
    fn new(platform: &'p Arc<dyn Platform>) -> Self {
        let start = platform.reserve(RESERVED).expect("addresses");
        // SAFETY: the range was just reserved, is this test's alone, and stays so.
        unsafe { platform.commit(start, PAGES * PAGE_SIZE) }.expect("frames");
        // SAFETY: as above.
        let tracker = unsafe { platform.track(start, RESERVED, SPARES) };
        Self {
            platform,
            start: start.cast(),
            pages: PAGES,
            tracker,
            expected: vec![0; MOST_PAGES],
            is_dirty: vec![false; MOST_PAGES],
            is_withheld: vec![false; MOST_PAGES],
            is_read_in: vec![false; MOST_PAGES],
            loans: Vec::new(),
            random: Random::new(1),
            due_count: 0,
        }
    }

    /// Memory whose pages come when they are needed, of which every third holds zeros.
    fn withheld(platform: &'p Arc<dyn Platform>) -> Self {
        let mut memory = Self::new(platform);
        // SAFETY: nobody has touched the range.
        unsafe { platform.withhold(memory.start.cast(), PAGES * PAGE_SIZE) };
        memory.is_withheld[..PAGES].fill(true);
        for (page, value) in memory.expected[..PAGES].iter_mut().enumerate() {
            *value = (page % 3 * page) as u64;
        }
        memory
    }

    /// Supplies a page and some behind it, if it is not there.
    fn supply(&mut self, page: usize) {
        let start = self.start.wrapping_add(page * PAGE_SIZE / 8);
        if self.is_withheld[page] && self.expected[page] == 0 && self.random.any().is_multiple_of(2)
        {
            self.is_withheld[page] = false;
            // SAFETY: the page has been withheld until now.
            unsafe { self.platform.supply_zeros(start.cast(), PAGE_SIZE) }.expect("memory");
            return;
        }
        let behind = self.is_withheld[page..].iter();
        let count = behind
            .take(9)
            .take_while(|is_withheld| **is_withheld)
            .count();
        let mut bytes = vec![0; count * PAGE_SIZE];
        for (page, bytes) in (page..).zip(bytes.chunks_mut(PAGE_SIZE)) {
            self.is_withheld[page] = false;
            for word in bytes.as_chunks_mut::<8>().0 {
                *word = self.expected[page].to_le_bytes();
            }
        }
        // SAFETY: the pages have been withheld until now.
        unsafe { self.platform.supply(start.cast(), &bytes) }.expect("memory");
    }

    fn size(&self) -> usize {
        self.pages * PAGE_SIZE
    }

    /// Commits some pages behind the others.
    fn grow(&mut self) {
        let more = (self.random.any() as usize % 50).min(MOST_PAGES - self.pages);
        let end = self.start.wrapping_add(self.size() / 8);
        // SAFETY: the pages lie in the reserved range, and were never committed.
        unsafe { self.platform.commit(end.cast(), more * PAGE_SIZE) }.expect("frames");
        self.pages += more;
    }

    /// Writes, cuts, and takes what is due while writing on.
    fn round(&mut self, round: u64) {
        self.grow();
        for _ in 0..self.random.any() % 300 {
            self.write();
        }
        for _ in 0..self.random.any() % 50 {
            self.read();
        }
        let tracker = self.tracker.clone().expect("the platform tracks");
        if round % 5 == 4 {
            tracker.forget(self.size()).expect("the range is there");
            self.is_dirty.fill(false);
        }
        if round.is_multiple_of(2) {
            tracker.prepare();
            self.grow();
            self.write();
        }
        tracker.cut(self.size()).expect("the range is there");
        let due: Vec<usize> = (0..self.pages)
            .filter(|&page| self.is_dirty[page])
            .collect();
        let snapshot = self.expected.clone();
        self.is_dirty.fill(false);
        // Every third cut is lost half-way, or before anything was taken.
        let is_lost = round % 3 == 2;
        let mut left = match is_lost {
            true => self.random.any() as usize % (due.len() + 1),
            false => usize::MAX,
        };
        let mut taken = Vec::new();
        let mut buffer = vec![0; PAGE_SIZE * (1 + round as usize % 7)];
        while left > 0 {
            for _ in 0..self.random.any() % 40 {
                self.write();
                self.read();
            }
            let pages = match round % 4 {
                0 => copy(&*tracker, &mut buffer, &snapshot),
                1 => self.visit(&*tracker, &snapshot),
                _ => self.lend(&*tracker, &snapshot),
            };
            let Some(pages) = pages else { break };
            left = left.saturating_sub(pages.len());
            taken.extend(pages);
            if self.loans.len() > MOST_LOANS || self.random.any().is_multiple_of(4) {
                self.take_loan_back();
            }
        }
        self.due_count += taken.len();
        if is_lost {
            taken.sort_unstable();
            let is_due = |page: &usize| due.binary_search(page).is_ok() || snapshot[*page] == 0;
            assert!(taken.is_sorted_by(|a, b| a < b) && taken.iter().all(is_due));
            tracker.end(CutEnd::Abandoned);
            for page in due {
                self.is_dirty[page] = true;
            }
        } else {
            // Pages that were only read, or are near to others, may count as written to once, with
            // zeros.
            taken.retain(|&page| {
                let is_due = due.contains(&page) || snapshot[page] != 0;
                is_due || core::mem::replace(&mut self.is_read_in[page], true)
            });
            taken.sort_unstable();
            assert!(taken == due, "round {round}: {taken:?} instead of {due:?}");
            tracker.end(CutEnd::Kept);
        }
    }

    /// Borrows due pages; returns which. None: there are no more.
    fn lend(&mut self, tracker: &dyn Tracker, snapshot: &[u64]) -> Option<Vec<usize>> {
        let most = 1 + self.random.any() as usize % 20;
        let loan = tracker.lend_due(most).expect("room")?;
        let runs = loan.runs().into_iter();
        let runs = runs.map(|(start, bytes)| start / PAGE_SIZE..(start + bytes.len()) / PAGE_SIZE);
        let pages: Vec<usize> = runs.flatten().collect();
        assert!(pages.len() <= most);
        let values = pages.iter().map(|&page| (page, snapshot[page])).collect();
        assert_lent(&*loan, &values);
        self.loans.push((loan, values));
        Some(pages)
    }

    /// Is shown due pages; returns which. None: there are no more.
    fn visit(&mut self, tracker: &dyn Tracker, snapshot: &[u64]) -> Option<Vec<usize>> {
        let most = 1 + self.random.any() as usize % 20;
        let mut pages = Vec::new();
        let visited = tracker.visit_due(most, &mut |runs| {
            for &(start, bytes) in runs {
                for (page, bytes) in (start / PAGE_SIZE..).zip(bytes.chunks(PAGE_SIZE)) {
                    assert_holds(page, bytes, snapshot[page]);
                    pages.push(page);
                }
            }
        });
        assert!(pages.len() <= most);
        visited.expect("room").then_some(pages)
    }

    /// Gives one of the loans back.
    fn take_loan_back(&mut self) {
        if let Some(last) = self.loans.len().checked_sub(1) {
            let index = self.random.any() as usize % (last + 1);
            let (loan, values) = self.loans.swap_remove(index);
            assert_lent(&*loan, &values);
        }
    }

    /// Writes a number to both ends of a page.
    fn write(&mut self) {
        let page = self.random.any() as usize % self.pages;
        let value = self.random.any();
        self.supply(page);
        for word in [0, 511] {
            let word = self.start.wrapping_add(page * PAGE_SIZE / 8 + word);
            // SAFETY: the page is committed, and this test's alone.
            unsafe { word.write_volatile(value) };
        }
        self.expected[page] = value;
        self.is_dirty[page] = true;
    }

    fn read(&mut self) {
        let page = self.random.any() as usize % self.pages;
        self.supply(page);
        let word = self.start.wrapping_add(page * PAGE_SIZE / 8);
        // SAFETY: as in `write`.
        assert_eq!(unsafe { word.read_volatile() }, self.expected[page]);
    }

    fn untracked_pages_can_be_written(&mut self) {
        let tracker = self.tracker.take().expect("it is tracked");
        (0..300).for_each(|_| self.write());
        tracker.cut(self.size()).expect("the range is there");
        let snapshot = self.expected.clone();
        for _ in 0..10 {
            self.lend(&*tracker, &snapshot).expect("some are due");
        }
        drop(tracker);
        for _ in 0..1000 {
            self.write();
            self.read();
        }
    }

    fn a_new_tracker_takes_everything(&mut self) {
        // SAFETY: the range is this test's alone; its tracker is gone.
        let tracker = unsafe { self.platform.track(self.start.cast(), RESERVED, SPARES) };
        let tracker = tracker.expect("it was tracked before");
        tracker.cut(self.size()).expect("the range is there");
        let mut was_due = vec![false; self.pages];
        let snapshot = self.expected.clone();
        for _ in 0..10 {
            let pages = self.lend(&*tracker, &snapshot).expect("all are due");
            for page in pages {
                was_due[page] = true;
            }
        }
        let mut buffer = vec![0; 16 * PAGE_SIZE];
        while let Some(range) = tracker.take_due(&mut buffer).expect("the range is there") {
            was_due[range.start / PAGE_SIZE..range.end / PAGE_SIZE].fill(true);
        }
        (0..100).for_each(|_| self.write());
        for (page, value) in snapshot[..self.pages].iter().enumerate() {
            let is_there = *value != 0 && !self.is_withheld[page];
            assert!(was_due[page] || !is_there, "page {page} is missing");
        }
    }

    fn release(&self) {
        // SAFETY: the range is a whole reservation, and is not used again.
        unsafe { self.platform.release(self.start.cast(), RESERVED) };
    }
}

/// Copies due pages; returns which. None: there are no more.
fn copy(tracker: &dyn Tracker, buffer: &mut [u8], snapshot: &[u64]) -> Option<Vec<usize>> {
    let run = tracker.take_due(buffer).expect("room")?;
    let pages = run.start / PAGE_SIZE..run.end / PAGE_SIZE;
    for (page, bytes) in pages.clone().zip(buffer.chunks(PAGE_SIZE)) {
        assert_holds(page, bytes, snapshot[page]);
    }
    Some(pages.collect())
}

fn assert_holds(page: usize, bytes: &[u8], value: u64) {
    let words = bytes.as_chunks::<8>().0;
    assert_eq!(u64::from_le_bytes(words[0]), value, "page {page}");
    assert_eq!(u64::from_le_bytes(words[511]), value, "page {page}");
}

/// Holds pages on loan against what they should hold.
fn assert_lent(loan: &dyn Loan, values: &Vec<(usize, u64)>) {
    let mut lent = Vec::new();
    for (start, bytes) in loan.runs() {
        for (page, bytes) in (start / PAGE_SIZE..).zip(bytes.chunks(PAGE_SIZE)) {
            let value = values[lent.len()].1;
            assert_holds(page, bytes, value);
            lent.push((page, value));
        }
    }
    assert_eq!(&lent, values);
}

fn a_tracker_outlives_its_range(platform: &Arc<dyn Platform>) {
    let start = platform.reserve(RESERVED).expect("addresses");
    // SAFETY: the range was just reserved.
    let old = unsafe { platform.track(start, RESERVED, SPARES) }.expect("it tracks");
    // SAFETY: nothing uses the range.
    unsafe { platform.release(start, RESERVED) };
    assert_eq!(old.cut(PAGE_SIZE), Err(TrackError::Gone));
    // On bare metal at the same address.
    let again = platform.reserve(RESERVED).expect("addresses");
    // SAFETY: the range was just reserved.
    let new = unsafe { platform.track(again, RESERVED, SPARES) }.expect("it tracks");
    assert_eq!(old.cut(PAGE_SIZE), Err(TrackError::Gone));
    drop(old);
    assert_eq!(new.cut(PAGE_SIZE), Ok(()));
}

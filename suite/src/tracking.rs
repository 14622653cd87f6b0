//! Cuts of tracked memory, on whatever platform: they give exactly what was written to, as
//! it was at the cut.

#![expect(unsafe_code, reason = "commits pages and writes to them")]

use crate::freezing::Random;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use woodfrog::platform::tracking::{CutEnd, TrackError, Tracker};
use woodfrog::platform::{PAGE_SIZE, Platform};

/// Three page tables and a bit.
const PAGES: usize = 3 * 512 + 7;
const SIZE: usize = PAGES * PAGE_SIZE;
const RESERVED: usize = 4 * SIZE;
const SPARES: usize = 16;
const ROUNDS: u64 = 40;

/// Holds cuts of memory against a model; returns how many pages were due in them.
///
/// # Panics
///
/// Panics if a cut gives something else than what was written to, as it was at the cut.
pub fn check(platform: &Arc<dyn Platform>) -> usize {
    let mut memory = Memory::new(platform);
    for round in 0..ROUNDS {
        memory.round(round);
    }
    memory.untracked_pages_can_be_written();
    memory.a_new_tracker_takes_everything(platform);
    memory.release(platform);
    a_tracker_outlives_its_range(platform);
    memory.due_count
}

/// Tracked memory of one number a page, beside what it should hold.
struct Memory {
    start: *mut u64,
    tracker: Option<Arc<dyn Tracker>>,
    expected: Vec<u64>,
    is_dirty: Vec<bool>,
    random: Random,
    due_count: usize,
}

impl Memory {
    fn new(platform: &Arc<dyn Platform>) -> Self {
        let start = platform.reserve(RESERVED).expect("addresses");
        // SAFETY: the range was just reserved, is this test's alone, and stays so.
        unsafe { platform.commit(start, SIZE) }.expect("frames");
        // SAFETY: as above.
        let tracker = unsafe { platform.track(start, RESERVED, SPARES) };
        Self {
            start: start.cast(),
            tracker,
            expected: vec![0; PAGES],
            is_dirty: vec![false; PAGES],
            random: Random::new(1),
            due_count: 0,
        }
    }

    /// Writes, cuts, and takes what is due while writing on.
    fn round(&mut self, round: u64) {
        for _ in 0..self.random.any() % 300 {
            self.write();
        }
        for _ in 0..self.random.any() % 50 {
            self.read();
        }
        let tracker = self.tracker.clone().expect("the platform tracks");
        if round % 5 == 4 {
            tracker.forget(SIZE).expect("the range is there");
            self.is_dirty.fill(false);
        }
        if round.is_multiple_of(2) {
            tracker.prepare();
            self.write();
        }
        tracker.cut(SIZE).expect("the range is there");
        let due: Vec<usize> = (0..PAGES).filter(|&page| self.is_dirty[page]).collect();
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
            let run = tracker.take_due(&mut buffer).expect("room");
            let Some(run) = run else { break };
            if run.is_empty() {
                continue;
            }
            for (page, bytes) in (run.start / PAGE_SIZE..).zip(buffer.chunks(PAGE_SIZE)) {
                if page < run.end / PAGE_SIZE {
                    let words = bytes.as_chunks::<8>().0;
                    assert_eq!(u64::from_le_bytes(words[0]), snapshot[page], "page {page}");
                    assert_eq!(u64::from_le_bytes(words[511]), snapshot[page]);
                    taken.push(page);
                }
            }
            left = left.saturating_sub(run.len() / PAGE_SIZE);
        }
        self.due_count += taken.len();
        if is_lost {
            taken.sort_unstable();
            let is_due = |page: &usize| due.binary_search(page).is_ok();
            assert!(taken.is_sorted_by(|a, b| a < b) && taken.iter().all(is_due));
            tracker.end(CutEnd::Abandoned);
            for page in due {
                self.is_dirty[page] = true;
            }
        } else {
            if round == 0 {
                // Pages that were only read may count as written to once, with zeros.
                taken.retain(|page| due.contains(page) || snapshot[*page] != 0);
            }
            taken.sort_unstable();
            assert!(taken == due, "round {round}: {taken:?} instead of {due:?}");
            tracker.end(CutEnd::Kept);
        }
    }

    /// Writes a number to both ends of a page.
    fn write(&mut self) {
        let page = self.random.any() as usize % PAGES;
        let value = self.random.any();
        for word in [0, 511] {
            let word = self.start.wrapping_add(page * PAGE_SIZE / 8 + word);
            // SAFETY: the page is committed, and this test's alone.
            unsafe { word.write_volatile(value) };
        }
        self.expected[page] = value;
        self.is_dirty[page] = true;
    }

    fn read(&mut self) {
        let page = self.random.any() as usize % PAGES;
        let word = self.start.wrapping_add(page * PAGE_SIZE / 8);
        // SAFETY: as in `write`.
        assert_eq!(unsafe { word.read_volatile() }, self.expected[page]);
    }

    fn untracked_pages_can_be_written(&mut self) {
        let tracker = self.tracker.take().expect("it is tracked");
        tracker.cut(SIZE).expect("the range is there");
        drop(tracker);
        for _ in 0..1000 {
            self.write();
            self.read();
        }
    }

    fn a_new_tracker_takes_everything(&self, platform: &Arc<dyn Platform>) {
        // SAFETY: the range is this test's alone; its tracker is gone.
        let tracker = unsafe { platform.track(self.start.cast(), RESERVED, SPARES) };
        let tracker = tracker.expect("it was tracked before");
        tracker.cut(SIZE).expect("the range is there");
        let mut was_due = vec![false; PAGES];
        let mut buffer = vec![0; 16 * PAGE_SIZE];
        while let Some(range) = tracker.take_due(&mut buffer).expect("the range is there") {
            was_due[range.start / PAGE_SIZE..range.end / PAGE_SIZE].fill(true);
        }
        for (page, value) in self.expected.iter().enumerate() {
            assert!(was_due[page] || *value == 0, "page {page} is missing");
        }
    }

    fn release(&self, platform: &Arc<dyn Platform>) {
        // SAFETY: the range is a whole reservation, and is not used again.
        unsafe { platform.release(self.start.cast(), RESERVED) };
    }
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

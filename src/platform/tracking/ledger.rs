//! Which pages are due, and what those held that have been written to since.
//!
//! Plain bookkeeping, used by every platform's tracker.

use super::{Bits, CutEnd, TrackError};
use crate::platform::PAGE_SIZE;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Pages that can be kept beyond the spare pages by all ledgers together, for writers that cannot
/// wait: 8 MiB, far more than code writes to between two points at which it can stop.
pub const OVERDRAFT: usize = 2048;

/// How many are.
static OVERDRAWN: AtomicUsize = AtomicUsize::new(0);

/// All spare pages are in use, and whoever writes is to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all spare pages are in use")]
pub struct NoRoom;

/// May memory beyond the spare pages be used for a page that is to be kept?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// No: whoever writes can wait.
    Spare,
    /// Yes, within [`OVERDRAFT`]: whoever writes cannot.
    Any,
}

/// The pages of a tracked range, by their number in it.
///
/// ```text
///          mark            keep (first write)
///   clean -----> due, in place -----> due, in a spare page
///                     | take               | take
///                     +-------> taken <----+ - - give_back - -> a spare page again
///                                 | close: clean again, or carried to the next cut
/// ```
#[derive(Debug, Default)]
pub struct Ledger {
    /// Due, and not written to since the cut.
    in_place: Bits,
    /// All that was due in this cut, wherever it is now.
    marked: Bits,
    /// Was due in a cut whose pages were lost.
    carried: Bits,
    /// Due and written to since: the page, and what it held. In ascending order.
    kept: VecDeque<(usize, Vec<u8>)>,
    spares: Vec<Vec<u8>>,
    spare_limit: usize,
    /// How many pages were kept, and taken, and have not been given back.
    out: usize,
    /// How many of the kept pages, or those that are out, are no spare ones.
    overdrawn: usize,
    /// Pages in front of this one have been taken.
    cursor: usize,
    /// Whether what a due page held has been lost.
    has_overrun: bool,
}

impl Ledger {
    /// A ledger that keeps at most `spare_limit` pages for writers that can wait.
    pub fn new(spare_limit: usize) -> Self {
        let mut ledger = Self::default();
        ledger.spare_limit = spare_limit;
        ledger
    }

    /// Makes room for cuts of so many pages, which then open sooner.
    pub fn grow(&mut self, pages: usize) {
        for bits in [&mut self.in_place, &mut self.marked, &mut self.carried] {
            bits.grow(pages);
        }
    }

    /// Opens a cut of a range of `pages` pages, none of which is due yet. Allocates what
    /// [`Self::keep`] will need, so that fault handlers need not.
    pub fn open(&mut self, pages: usize) {
        self.grow(pages);
        self.cursor = 0;
        self.has_overrun = false;
        let room = self
            .spare_limit
            .saturating_sub(self.spares.len() + self.out);
        if self.kept.try_reserve(self.spare_limit).is_err()
            || self.spares.try_reserve(room + self.out).is_err()
        {
            return;
        }
        for _ in 0..room {
            let mut spare = Vec::new();
            if spare.try_reserve_exact(PAGE_SIZE).is_err() {
                return;
            }
            self.spares.push(spare);
        }
    }

    /// Pages that were due in a cut whose pages were lost, and so are due in the next one.
    pub fn carried(&self) -> &Bits {
        &self.carried
    }

    /// Notes that a page is due.
    ///
    /// # Panics
    ///
    /// Panics if it is beyond those that the cut was opened with.
    pub fn mark(&mut self, page: usize) {
        self.in_place.insert(page);
        self.marked.insert(page);
    }

    /// Notes that all these pages are due.
    ///
    /// # Panics
    ///
    /// Panics if one is beyond those that the cut was opened with.
    pub fn mark_all(&mut self, pages: &Bits) {
        self.in_place.add_all(pages);
        self.marked.add_all(pages);
    }

    /// Notes that all pages are due again that were due in a cut whose pages were lost.
    pub fn mark_carried(&mut self) {
        self.in_place.add_all(&self.carried);
        self.marked.add_all(&self.carried);
    }

    /// Whether a page is due and nowhere but in its place.
    pub fn is_in_place(&self, page: usize) -> bool {
        self.in_place.contains(page)
    }

    /// Keeps the contents of a page that is due, in its place, and about to be written to.
    /// If there is no memory for what cannot wait, the cut has overrun: its pages can be had
    /// no more.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with [`Room::Spare`] only; the page is then as it was.
    ///
    /// # Panics
    ///
    /// Panics if it is not due in its place.
    pub fn keep(&mut self, page: usize, contents: &[u8], room: Room) -> Result<(), NoRoom> {
        assert!(self.is_in_place(page), "page {page} is not due");
        let spare = match (self.spares.pop(), room) {
            (None, Room::Spare) => return Err(NoRoom),
            (None, Room::Any) => self.overdraw(),
            (spare, _) => spare,
        };
        let Some(mut spare) = spare.filter(|_| self.kept.try_reserve(1).is_ok()) else {
            self.has_overrun = true;
            return Ok(());
        };
        spare.extend_from_slice(contents);
        self.in_place.remove(page);
        let at = self.kept.partition_point(|&(other, _)| other < page);
        self.kept.insert(at, (page, spare));
        Ok(())
    }

    /// Room for a page beyond the spare ones.
    fn overdraw(&mut self) -> Option<Vec<u8>> {
        let mut page = Vec::new();
        page.try_reserve_exact(PAGE_SIZE).ok()?;
        let more = |count| (count < OVERDRAFT).then_some(count + 1);
        let relaxed = Ordering::Relaxed;
        OVERDRAWN.fetch_update(relaxed, relaxed, more).ok()?;
        self.overdrawn += 1;
        Some(page)
    }

    /// Takes back what a page was kept in that has been taken.
    ///
    /// # Panics
    ///
    /// Panics if there is none.
    pub fn give_back(&mut self, page: Vec<u8>) {
        self.out = self.out.checked_sub(1).expect("a page that was taken");
        self.spare(page);
    }

    fn spare(&mut self, mut page: Vec<u8>) {
        if self.overdrawn > 0 {
            self.overdrawn -= 1;
            OVERDRAWN.fetch_sub(1, Ordering::Relaxed);
        } else {
            page.clear();
            self.spares.push(page);
        }
    }

    /// Whether few spare pages are left, so that who can had better not write.
    pub fn is_short(&self) -> bool {
        let in_use = self.kept.len() + self.out;
        in_use > 0 && self.spares.len() <= self.spare_limit / 4
    }

    /// Whether pages that take spare ones are taken first, because these are short.
    pub fn takes_kept_first(&self) -> bool {
        !self.kept.is_empty() && self.is_short()
    }

    /// The first due page that has not been taken, whether in its place or not.
    pub fn first_due(&self) -> Option<usize> {
        self.next_due(self.cursor)
    }

    /// The due pages to [take](Self::take) next: the first one, or, while spare pages are short, the first one
    /// that takes one, and as many adjacent ones as there are, at most `most`. None: all have been taken.
    ///
    /// # Errors
    ///
    /// [`TrackError::Overrun`].
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0.
    pub fn next_run(&mut self, most: usize) -> Result<Option<Range<usize>>, TrackError> {
        assert!(most > 0, "no room for a page");
        if self.has_overrun {
            return Err(TrackError::Overrun);
        }
        if self.takes_kept_first() {
            let (first, _) = self.kept[0];
            let numbers = self.kept.iter().map(|&(page, _)| page);
            let adjacent = numbers.zip(first..).take_while(|(page, next)| page == next);
            return Ok(Some(first..first + adjacent.count().min(most)));
        }
        let Some(first) = self.first_due() else {
            return Ok(None);
        };
        self.cursor = first;
        let adjacent = (first + 1..first + most).take_while(|&page| self.is_due(page));
        Ok(Some(first..first + 1 + adjacent.count()))
    }

    /// Takes a due page. Returns what it was kept in, with what it held at the cut, which is to be
    /// [given back](Self::give_back); None: it has not been written to since.
    ///
    /// # Panics
    ///
    /// Panics if it is not due.
    pub fn take(&mut self, page: usize) -> Option<Vec<u8>> {
        if self.in_place.remove(page) {
            return None;
        }
        let at = self.kept.binary_search_by_key(&page, |&(page, _)| page);
        let kept = self.kept.remove(at.expect("the page is due"));
        self.out += 1;
        kept.map(|(_, kept)| kept)
    }

    /// Takes the [next](Self::next_run) due pages, and copies what they held, at most as many as fit, to the
    /// beginning of `buffer`. `read` copies a page, by its number, that is still in its place.
    /// Returns where they lie, in bytes; None: all have been taken.
    ///
    /// # Errors
    ///
    /// [`TrackError::Overrun`].
    ///
    /// # Panics
    ///
    /// Panics if `buffer` has no room for a page.
    pub fn copy_run(
        &mut self,
        buffer: &mut [u8],
        read: impl Fn(usize, &mut [u8]),
    ) -> Result<Option<Range<usize>>, TrackError> {
        let Some(run) = self.next_run(buffer.len() / PAGE_SIZE)? else {
            return Ok(None);
        };
        for (page, buffer) in run.clone().zip(buffer.chunks_exact_mut(PAGE_SIZE)) {
            match self.take(page) {
                None => read(page, buffer),
                Some(kept) => {
                    buffer.copy_from_slice(&kept);
                    self.give_back(kept);
                }
            }
        }
        Ok(Some(run.start * PAGE_SIZE..run.end * PAGE_SIZE))
    }

    fn is_due(&self, page: usize) -> bool {
        let in_kept = || self.kept.binary_search_by_key(&page, |&(page, _)| page);
        self.is_in_place(page) || in_kept().is_ok()
    }

    fn next_due(&self, from: usize) -> Option<usize> {
        let at = self.kept.partition_point(|&(page, _)| page < from);
        let kept = self.kept.get(at).map(|&(page, _)| page);
        let in_place = self.in_place.next(from);
        kept.into_iter().chain(in_place).min()
    }

    /// Closes the cut. If its pages are not safe they are carried to the next one.
    pub fn close(&mut self, end: CutEnd) {
        if end == CutEnd::Kept && !self.has_overrun {
            self.carried.clear();
        } else {
            self.carried.add_all(&self.marked);
        }
        self.in_place.clear();
        self.marked.clear();
        // Keeps its room.
        let mut kept = core::mem::take(&mut self.kept);
        for (_, page) in kept.drain(..) {
            self.spare(page);
        }
        self.kept = kept;
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        OVERDRAWN.fetch_sub(self.overdrawn, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec;
    use proptest::prelude::*;

    const PAGES: usize = 200;
    const SPARES: usize = 8;

    /// What happens to a page.
    #[derive(Clone, Debug)]
    enum Event {
        Write(usize),
        Copy,
        /// Takes up to so many pages, and gives them back at another time.
        Take(usize),
        GiveBack,
        Cut(CutEnd),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            6 => (0..PAGES).prop_map(Event::Write),
            2 => Just(Event::Copy),
            2 => (1..6_usize).prop_map(Event::Take),
            1 => Just(Event::GiveBack),
            1 => prop_oneof![Just(CutEnd::Kept), Just(CutEnd::Abandoned)].prop_map(Event::Cut),
        ];
        prop::collection::vec(event, 1..400)
    }

    /// Memory of one number a page, with a ledger and what that should come to.
    struct Model {
        ledger: Ledger,
        memory: Vec<u8>,
        /// Written to since the last cut.
        dirty: Vec<bool>,
        /// What is still to be taken.
        due: BTreeMap<usize, u8>,
        /// All that was due in this cut.
        marked: Vec<usize>,
        /// What pages were kept in that have been taken.
        out: Vec<Vec<u8>>,
        next_value: u8,
    }

    impl Model {
        fn write(&mut self, page: usize) {
            if self.ledger.is_in_place(page) {
                let contents = vec![self.memory[page]; PAGE_SIZE];
                if self.ledger.keep(page, &contents, Room::Spare).is_err() {
                    assert!(self.ledger.spares.is_empty());
                    self.ledger.keep(page, &contents, Room::Any).unwrap();
                }
            }
            self.next_value = self.next_value.wrapping_add(1);
            self.memory[page] = self.next_value;
            self.dirty[page] = true;
        }

        fn copy(&mut self) {
            let (memory, mut buffer) = (&self.memory, vec![0; PAGE_SIZE]);
            let is_short = self.ledger.takes_kept_first();
            let read = |page: usize, buffer: &mut [u8]| buffer.fill(memory[page]);
            let run = self.ledger.copy_run(&mut buffer, read);
            let run = run.expect("there is memory");
            self.is_due(is_short, run.map(|run| run.start / PAGE_SIZE), &[&buffer]);
        }

        fn take(&mut self, most: usize) {
            let is_short = self.ledger.takes_kept_first();
            let run = self.ledger.next_run(most).expect("there is memory");
            let pages = run.clone().unwrap_or_default();
            assert!(pages.len() <= most);
            let contents = pages.map(|page| match self.ledger.take(page) {
                Some(kept) => {
                    self.out.push(kept.clone());
                    kept
                }
                None => vec![self.memory[page]; PAGE_SIZE],
            });
            let contents: Vec<Vec<u8>> = contents.collect();
            self.is_due(is_short, run.map(|run| run.start), &contents);
        }

        /// Holds what was taken against what was due.
        fn is_due(&mut self, is_short: bool, first: Option<usize>, contents: &[impl AsRef<[u8]>]) {
            let Some(first) = first else {
                return assert_eq!(self.due, BTreeMap::new());
            };
            assert!(is_short || self.due.keys().next() == Some(&first));
            for (page, contents) in (first..).zip(contents) {
                let value = self.due.remove(&page).expect("it is due");
                assert!(contents.as_ref().iter().all(|&byte| byte == value));
            }
        }

        fn give_back(&mut self) {
            self.out
                .drain(..)
                .for_each(|page| self.ledger.give_back(page));
        }

        fn cut(&mut self, end: CutEnd) {
            self.ledger.close(end);
            if end == CutEnd::Abandoned {
                for page in self.marked.drain(..) {
                    self.dirty[page] = true;
                }
            }
            self.ledger.open(PAGES);
            let mut due = Bits::default();
            due.grow(PAGES);
            for page in (0..PAGES).filter(|&page| self.dirty[page]) {
                due.insert(page);
            }
            self.ledger.mark_all(&due);
            self.marked = (0..PAGES).filter(|&page| self.dirty[page]).collect();
            let pages = self.marked.iter();
            self.due = pages.map(|&page| (page, self.memory[page])).collect();
            self.dirty.fill(false);
        }
    }

    proptest! {
        #[test]
        fn due_pages_are_taken_as_they_were_at_the_cut(events in events()) {
            let mut model = Model {
                ledger: Ledger::new(SPARES),
                memory: vec![0; PAGES],
                dirty: vec![false; PAGES],
                due: BTreeMap::new(),
                marked: Vec::new(),
                out: Vec::new(),
                next_value: 0,
            };
            model.cut(CutEnd::Kept);
            for event in events {
                match event {
                    Event::Write(page) => model.write(page),
                    Event::Copy => model.copy(),
                    Event::Take(most) => model.take(most),
                    Event::GiveBack => model.give_back(),
                    Event::Cut(end) => model.cut(end),
                }
                prop_assert!(model.ledger.spares.len() + model.out.len() <= SPARES + model.ledger.overdrawn);
            }
            model.give_back();
            model.ledger.close(CutEnd::Kept);
            prop_assert_eq!(model.ledger.overdrawn, 0);
            prop_assert!(model.ledger.spares.len() <= SPARES);
        }
    }

    #[test]
    fn what_takes_spare_pages_is_taken_first_when_they_are_short() {
        let mut ledger = Ledger::new(4);
        ledger.open(100);
        (10..60).for_each(|page| ledger.mark(page));
        let write = |ledger: &mut Ledger, page| {
            ledger.keep(page, &[1; PAGE_SIZE], Room::Spare).unwrap();
        };
        let mut buffer = vec![0; 8 * PAGE_SIZE];
        let mut take = |ledger: &mut Ledger| {
            let run = ledger.copy_run(&mut buffer, |_, _| {}).unwrap().unwrap();
            run.start / PAGE_SIZE..run.end / PAGE_SIZE
        };
        (40..42).for_each(|page| write(&mut ledger, page));
        assert!(!ledger.is_short());
        write(&mut ledger, 50);
        assert!(ledger.is_short());
        assert_eq!(take(&mut ledger), 40..42);
        assert!(!ledger.is_short());
        assert_eq!(take(&mut ledger), 10..18);
    }

    #[test]
    fn spare_pages_are_short_until_those_that_were_taken_come_back() {
        let mut ledger = Ledger::new(4);
        ledger.open(100);
        (10..60).for_each(|page| ledger.mark(page));
        for page in 20..24 {
            ledger.keep(page, &[1; PAGE_SIZE], Room::Spare).unwrap();
        }
        assert_eq!(ledger.next_run(100), Ok(Some(20..24)));
        let taken: Vec<_> = (20..24).filter_map(|page| ledger.take(page)).collect();
        assert!(ledger.is_short());
        let next = ledger.next_run(2);
        assert_eq!(next, Ok(Some(10..12)), "others are taken meanwhile");
        let kept = ledger.keep(30, &[1; PAGE_SIZE], Room::Spare);
        assert_eq!(kept, Err(NoRoom));
        taken.into_iter().for_each(|page| ledger.give_back(page));
        assert!(!ledger.is_short());
        ledger.keep(30, &[1; PAGE_SIZE], Room::Spare).unwrap();
    }

    #[test]
    fn writers_that_cannot_wait_lose_a_cut_rather_than_take_all_memory() {
        const PAGES: usize = OVERDRAFT + 10;
        let mut ledger = Ledger::new(1);
        ledger.open(PAGES);
        (0..PAGES).for_each(|page| ledger.mark(page));
        for page in 0..PAGES {
            ledger.keep(page, &[1; PAGE_SIZE], Room::Any).unwrap();
        }
        // Other tests may have some at the same time.
        assert!((OVERDRAFT / 2..=OVERDRAFT + 1).contains(&ledger.kept.len()));
        let taken = ledger.copy_run(&mut [0; PAGE_SIZE], |_, _| {});
        assert_eq!(taken, Err(TrackError::Overrun));
        ledger.close(CutEnd::Abandoned);
        assert!((0..PAGES).all(|page| ledger.carried().contains(page)));
    }

    #[test]
    fn lost_pages_are_carried_until_a_cut_is_safe() {
        let mut ledger = Ledger::new(0);
        ledger.open(100);
        ledger.mark(70);
        ledger.close(CutEnd::Abandoned);
        assert!(ledger.carried().contains(70));
        ledger.open(100);
        assert_eq!(ledger.next_due(0), None, "only the platform marks");
        ledger.close(CutEnd::Abandoned);
        assert!(ledger.carried().contains(70));
        ledger.open(100);
        ledger.close(CutEnd::Kept);
        assert_eq!(ledger.carried().next(0), None);
    }
}

//! Which pages are due, and what those held that have been written to since.
//!
//! Plain bookkeeping, used by every platform's tracker.

use super::{Bits, CutEnd, TrackError};
use crate::platform::PAGE_SIZE;
use alloc::vec::Vec;
use core::ops::Range;

/// All spare pages are in use, and whoever writes is to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all spare pages are in use")]
pub struct NoRoom;

/// May memory beyond the spare pages be used for a page that is to be kept?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// No: whoever writes can wait.
    Spare,
    /// Yes: whoever writes cannot.
    Any,
}

/// The pages of a tracked range, by their number in it.
///
/// ```text
///          mark            keep (first write)
///   clean -----> due, in place -----> due, in a spare page
///                     | take               | take
///                     +-------> taken <----+
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
    kept: Vec<(usize, Vec<u8>)>,
    spares: Vec<Vec<u8>>,
    spare_limit: usize,
    /// Pages in front of this one have been taken.
    cursor: usize,
    /// Whether what a due page held has been lost.
    has_overrun: bool,
}

impl Ledger {
    /// A ledger that keeps at most `spare_limit` pages for writers that can wait.
    pub fn new(spare_limit: usize) -> Self {
        Self {
            spare_limit,
            ..Self::default()
        }
    }

    /// Opens a cut of a range of `pages` pages, none of which is due yet. Allocates what
    /// [`Self::keep`] will need, so that fault handlers need not.
    pub fn open(&mut self, pages: usize) {
        for bits in [&mut self.in_place, &mut self.marked, &mut self.carried] {
            bits.grow(pages);
        }
        self.cursor = 0;
        self.has_overrun = false;
        self.kept.reserve(self.spare_limit);
        self.spares.reserve(self.spare_limit);
        while self.spares.len() < self.spare_limit {
            self.spares.push(Vec::with_capacity(PAGE_SIZE));
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
        let mut spare = match (self.spares.pop(), room) {
            (Some(spare), _) => spare,
            (None, Room::Spare) => return Err(NoRoom),
            (None, Room::Any) => Vec::new(),
        };
        let has_memory = spare.try_reserve_exact(contents.len()).is_ok();
        if !has_memory || self.kept.try_reserve(1).is_err() {
            self.has_overrun = true;
            return Ok(());
        }
        spare.extend_from_slice(contents);
        self.in_place.remove(page);
        let at = self.kept.partition_point(|&(other, _)| other < page);
        self.kept.insert(at, (page, spare));
        Ok(())
    }

    /// The first due page that has not been taken, whether in its place or not.
    pub fn first_due(&self) -> Option<usize> {
        self.next_due(self.cursor)
    }

    /// Takes due pages: what the first one held, and as many adjacent ones as fit, goes to the
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
    pub fn take_run(
        &mut self,
        buffer: &mut [u8],
        read: impl Fn(usize, &mut [u8]),
    ) -> Result<Option<Range<usize>>, TrackError> {
        assert!(buffer.len() >= PAGE_SIZE, "no room for a page");
        if self.has_overrun {
            return Err(TrackError::Overrun);
        }
        let Some(first) = self.first_due() else {
            return Ok(None);
        };
        self.cursor = first;
        for buffer in buffer.chunks_exact_mut(PAGE_SIZE) {
            let page = self.cursor;
            if self.first_due() != Some(page) {
                break;
            }
            self.take(page, buffer, |buffer| read(page, buffer));
            self.cursor = page + 1;
        }
        Ok(Some(first * PAGE_SIZE..self.cursor * PAGE_SIZE))
    }

    fn next_due(&self, from: usize) -> Option<usize> {
        let at = self.kept.partition_point(|&(page, _)| page < from);
        let kept = self.kept.get(at).map(|&(page, _)| page);
        let in_place = self.in_place.next(from);
        kept.into_iter().chain(in_place).min()
    }

    /// Takes one due page.
    fn take(&mut self, page: usize, buffer: &mut [u8], read: impl FnOnce(&mut [u8])) {
        if self.in_place.remove(page) {
            return read(buffer);
        }
        let at = self.kept.binary_search_by_key(&page, |&(page, _)| page);
        let (_, mut spare) = self.kept.remove(at.expect("the page is due"));
        buffer.copy_from_slice(&spare);
        if self.spares.len() < self.spare_limit {
            spare.clear();
            self.spares.push(spare);
        }
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
        for (_, mut spare) in core::mem::take(&mut self.kept) {
            if self.spares.len() < self.spare_limit {
                spare.clear();
                self.spares.push(spare);
            }
        }
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
        Take,
        Cut(CutEnd),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            6 => (0..PAGES).prop_map(Event::Write),
            3 => Just(Event::Take),
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

        fn take(&mut self) {
            let page = self.ledger.next_due(0);
            let expected = self.due.pop_first();
            assert_eq!(page, expected.map(|(page, _)| page));
            if let Some((page, value)) = expected {
                let mut buffer = vec![0; PAGE_SIZE];
                let memory = &self.memory;
                self.ledger
                    .take(page, &mut buffer, |buffer| buffer.fill(memory[page]));
                assert!(buffer.iter().all(|&byte| byte == value));
            }
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
                next_value: 0,
            };
            model.cut(CutEnd::Kept);
            for event in events {
                match event {
                    Event::Write(page) => model.write(page),
                    Event::Take => model.take(),
                    Event::Cut(end) => model.cut(end),
                }
                prop_assert!(model.ledger.spares.len() <= SPARES);
            }
        }
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

//! A tracked range, and what is known of its pages.
//!
//! A page of a region that has been protected ([`Regions`]) is protected itself, or listed as
//! exposed, and then it is dirty. Of all others it is only known at a cut whether they have been
//! touched.

use super::Userfault;
use super::regions::Regions;
use super::requests::Writes;
use crate::pagemap;
use std::ops::Range;
use std::ptr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use woodfrog::platform::PAGE_SIZE;
use woodfrog::platform::tracking::{Bits, CutEnd, Ledger, Room, TrackError};

/// A tracked range.
pub struct TrackedRange {
    /// Its first address.
    pub start: usize,
    /// In bytes.
    pub size: usize,
    state: Mutex<State>,
    /// For those who wait for spare pages, or for pages that are being protected.
    has_changed: Condvar,
}

impl TrackedRange {
    /// A range none of whose pages has been protected.
    pub fn new(start: usize, size: usize, spare_pages: usize) -> Self {
        Self {
            start,
            size,
            state: Mutex::new(State::new(size / PAGE_SIZE, spare_pages)),
            has_changed: Condvar::new(),
        }
    }

    /// What is known of its pages. Somebody may be protecting some of them.
    pub fn state(&self) -> MutexGuard<'_, State> {
        // A panic of another thread leaves nothing half-done that would matter more than its message.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Self::state`], when nobody is protecting pages, to which those who do give way, and nobody
    /// reads any in their place.
    ///
    /// # Panics
    ///
    /// Panics if the thread itself does.
    pub fn settled_state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.assert_not_reader();
        state.waiting += 1;
        while state.is_preparing || state.in_use.is_some() {
            state = self.wait(state);
        }
        state.waiting -= 1;
        if state.waiting == 0 {
            // Who wants to read pages in their place has let the others go first.
            self.notify();
        }
        state
    }

    /// As [`Self::state`], when nobody reads pages in their place, or waits until nobody does.
    ///
    /// # Panics
    ///
    /// Panics if the thread itself does.
    pub fn unused_state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.assert_not_reader();
        while state.in_use.is_some() || state.waiting > 0 {
            state = self.wait(state);
        }
        state
    }

    /// Waits until something has changed.
    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let state = self.has_changed.wait(state);
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that something has changed that others may wait for.
    pub fn notify(&self) {
        self.has_changed.notify_all();
    }

    /// What pages hold.
    ///
    /// # Safety
    ///
    /// They are mapped, and nothing writes to them while the slice is used.
    pub unsafe fn contents(&self, pages: &Range<usize>) -> &[u8] {
        let bytes = bytes_of(pages);
        let start = ptr::with_exposed_provenance(self.start + bytes.start);
        // SAFETY: the caller's.
        unsafe { std::slice::from_raw_parts(start, bytes.len()) }
    }

    /// Lets a protected page be written to. Waits until there is a spare page, if one is needed, and while somebody
    /// reads the page in its place.
    pub fn before_write(&self, faults: &Userfault, page: usize) {
        let mut state = self.state();
        while state.try_before_write(faults, self, page).is_err() {
            state = self.wait(state);
        }
    }

    /// The runs of pages among these that have been touched.
    pub fn touched(&self, pages: &Range<usize>) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        pagemap::visit_touched(self.addresses(pages), &mut |run| {
            runs.push(self.pages(&run));
        });
        runs
    }

    /// As [`Self::touched`], in a time that does not grow with the pages that have not been; None:
    /// this kernel cannot.
    pub fn touched_quickly(&self, pages: &Range<usize>) -> Option<Vec<Range<usize>>> {
        let mut runs = Vec::new();
        let is_done = pagemap::visit_touched_quickly(self.addresses(pages), &mut |run| {
            runs.push(self.pages(&run));
        });
        is_done.then_some(runs)
    }

    fn addresses(&self, pages: &Range<usize>) -> Range<usize> {
        let bytes = bytes_of(pages);
        self.start + bytes.start..self.start + bytes.end
    }

    fn pages(&self, addresses: &Range<usize>) -> Range<usize> {
        let page = |address| (address - self.start) / PAGE_SIZE;
        page(addresses.start)..page(addresses.end)
    }
}

/// Whoever writes to a page has to wait.
struct MustWait;

/// Due pages that have been taken.
pub enum Taken {
    /// Adjacent ones in their place, to which nobody writes until they are given back.
    InPlace(Range<usize>),
    /// One that has been written to since the cut, and what it held.
    Kept(usize, Vec<u8>),
}

impl Taken {
    fn in_place(&self) -> Option<Range<usize>> {
        match self {
            Self::InPlace(run) => Some(run.clone()),
            Self::Kept(..) => None,
        }
    }
}

/// Due pages that a thread reads in their place.
struct InUse {
    /// In ascending order.
    runs: Vec<Range<usize>>,
    reader: u32,
}

/// What is known of a range.
pub struct State {
    /// The pages that are due.
    pub ledger: Ledger,
    /// Those of which it is noticed when they are written to.
    pub regions: Regions,
    /// How many pages there are in front of the end of those.
    known_pages: usize,
    /// Written to since the last cut, or maybe written to.
    dirty: Bits,
    /// Those of them that can be written to without a fault.
    pub exposed: Vec<usize>,
    /// The thread that takes due pages. It must not wait for itself.
    pub taker: u32,
    /// Due pages that somebody reads in their place.
    in_use: Option<InUse>,
    /// Whether pages are being protected that are neither exposed nor in new regions any more.
    pub is_preparing: bool,
    /// How many threads wait until none are.
    pub waiting: usize,
    /// Whether the range is not tracked any more.
    pub is_gone: bool,
}

impl State {
    fn new(pages: usize, spare_pages: usize) -> Self {
        let mut ledger = Ledger::new(spare_pages);
        // Spare pages are made now, which takes longer than a cut.
        ledger.open(0);
        Self {
            ledger,
            regions: Regions::new(pages),
            known_pages: 0,
            dirty: Bits::default(),
            exposed: Vec::new(),
            taker: 0,
            in_use: None,
            is_preparing: false,
            waiting: 0,
            is_gone: false,
        }
    }

    /// Forgets all, because the range is not tracked any more.
    pub fn forget(&mut self) {
        *self = Self {
            is_gone: true,
            waiting: self.waiting,
            ..Self::new(0, 0)
        };
    }

    /// Takes due pages, at most `most`, which stay as they are until they are
    /// [given back](Self::give_back). None: all have been taken.
    pub fn take_due(&mut self, most: usize) -> Result<Option<Vec<Taken>>, TrackError> {
        self.taker = this_thread();
        let (mut taken, mut count) = (Vec::new(), 0);
        while count < most
            && let Some(run) = self.ledger.next_run(most - count)?
        {
            count += run.len();
            for page in run {
                match (self.ledger.take(page), taken.last_mut()) {
                    (Some(contents), _) => taken.push(Taken::Kept(page, contents)),
                    (None, Some(Taken::InPlace(last))) if last.end == page => last.end += 1,
                    (None, _) => taken.push(Taken::InPlace(page..page + 1)),
                }
            }
        }
        let mut runs: Vec<Range<usize>> = taken.iter().filter_map(Taken::in_place).collect();
        runs.sort_unstable_by_key(|run| run.start);
        let reader = self.taker;
        self.in_use = (!runs.is_empty()).then_some(InUse { runs, reader });
        Ok((count > 0).then_some(taken))
    }

    /// Takes back what has been taken.
    pub fn give_back(&mut self, taken: Vec<Taken>) {
        if taken.iter().any(|taken| taken.in_place().is_some()) {
            self.in_use = None;
        }
        for taken in taken {
            if let Taken::Kept(_, contents) = taken {
                self.ledger.give_back(contents);
            }
        }
    }

    /// Whether somebody reads a page in its place.
    fn is_in_use(&self, page: usize) -> bool {
        self.in_use.as_ref().is_some_and(|in_use| {
            let next = in_use.runs.partition_point(|run| run.end <= page);
            in_use.runs.get(next).is_some_and(|run| run.contains(&page))
        })
    }

    /// Panics if it is the thread itself that reads pages in their place, for which it is about to wait.
    fn assert_not_reader(&self) {
        let in_use = self.in_use.as_ref();
        assert!(
            in_use.is_none_or(|in_use| in_use.reader != this_thread()),
            "tracked memory is used by the thread that reads it in its place"
        );
    }

    /// Lets a protected page be written to, unless it is due and there is no spare page, or somebody reads it
    /// in its place.
    fn try_before_write(
        &mut self,
        faults: &Userfault,
        range: &TrackedRange,
        page: usize,
    ) -> Result<(), MustWait> {
        if self.is_gone {
            return Ok(());
        }
        if self.is_in_use(page) {
            self.assert_not_reader();
            return Err(MustWait);
        }
        // Else a tracker before this one has protected it.
        if self.regions.has_protected(page) {
            self.keep_if_due(range, page)?;
            self.dirty.insert(page);
            self.exposed.push(page);
        }
        let bytes = bytes_of(&(page..page + 1));
        faults.requests.protect(range, bytes, Writes::Pass);
        Ok(())
    }

    fn keep_if_due(&mut self, range: &TrackedRange, page: usize) -> Result<(), MustWait> {
        if !self.ledger.is_in_place(page) {
            return Ok(());
        }
        let room = match this_thread() == self.taker {
            true => Room::Any,
            false => Room::Spare,
        };
        // SAFETY: a due page is mapped, and protected while its contents are kept.
        let contents = unsafe { range.contents(&(page..page + 1)) };
        let kept = self.ledger.keep(page, contents, room);
        kept.map_err(|_| MustWait)
    }

    /// Notes that whole regions are being protected, whose pages `dirty` may have been written to.
    pub fn add_regions(&mut self, pages: &Range<usize>, dirty: impl Iterator<Item = usize>) {
        self.regions.add(pages);
        self.known_pages = self.known_pages.max(pages.end);
        self.dirty.grow(self.known_pages);
        self.ledger.grow(self.known_pages);
        dirty.for_each(|page| self.dirty.insert(page));
    }

    /// Notes that pages have been withheld: they are protected when they are supplied.
    pub fn withhold(&mut self, faults: &Userfault, range: &TrackedRange, withheld: Range<usize>) {
        for run in self.regions.new_around(std::slice::from_ref(&withheld)) {
            let others = [
                run.start..withheld.start.max(run.start),
                withheld.end.min(run.end)..run.end,
            ];
            self.add_regions(&run, others.iter().cloned().flatten());
            for pages in others.iter().filter(|pages| !pages.is_empty()) {
                faults
                    .requests
                    .protect(range, bytes_of(pages), Writes::Fault);
            }
        }
    }

    /// Draws a line behind which nothing has been written to the range.
    pub fn cut(&mut self, faults: &Userfault, range: &TrackedRange, size: usize) {
        self.close(range, CutEnd::Abandoned);
        let pages = size / PAGE_SIZE;
        self.protect_new(faults, range, pages);
        protect_near(faults, range, self.exposed.drain(..).collect());
        self.taker = this_thread();
        // Nobody can have written to pages that are not there yet, though they are in dirty regions.
        self.dirty.remove_from(pages);
        self.ledger.open(self.known_pages);
        self.ledger.mark_all(&self.dirty);
        self.ledger.mark_carried();
        self.dirty.clear();
    }

    /// Protects the regions that have been touched for the first time since the last cut. Nobody may
    /// write to them meanwhile.
    fn protect_new(&mut self, faults: &Userfault, range: &TrackedRange, pages: usize) {
        for run in self.regions.new_runs(pages) {
            // First, for a protected page looks like a touched one.
            let touched = range.touched(&run);
            for regions in self.regions.new_around(&touched) {
                let first = touched.partition_point(|run| run.end <= regions.start);
                let here = touched[first..].iter();
                let here = here.take_while(|run| run.start < regions.end);
                self.add_regions(&regions, here.cloned().flatten());
                faults
                    .requests
                    .protect(range, bytes_of(&regions), Writes::Fault);
            }
        }
    }

    /// Ends the cut, if there is one.
    pub fn close(&mut self, range: &TrackedRange, end: CutEnd) {
        self.ledger.close(end);
        range.notify();
    }
}

/// Pages so near to each other are protected in one request, with all that lies between. A
/// request interrupts all processors that the process runs on, and takes as long as some
/// thousand page table entries do.
const NEAR: usize = 512;

/// Protects pages, none of which is among the exposed ones any more.
pub fn protect_near(faults: &Userfault, range: &TrackedRange, mut pages: Vec<usize>) {
    pages.sort_unstable();
    // All pages in between are protected already, or will be soon.
    for run in pages.chunk_by(|page, next| next - page <= NEAR) {
        let run = run[0]..run[run.len() - 1] + 1;
        faults
            .requests
            .protect(range, bytes_of(&run), Writes::Fault);
    }
}

/// Where pages lie in their range.
pub fn bytes_of(pages: &Range<usize>) -> Range<usize> {
    pages.start * PAGE_SIZE..pages.end * PAGE_SIZE
}

/// The calling thread.
pub fn this_thread() -> u32 {
    // SAFETY: the call has no preconditions.
    unsafe { libc::gettid() as u32 }
}

//! Memories whose pages come when they are needed.
//!
//! A store that is thawed lazily has memories without pages: the platform withholds them
//! ([`Platform::withhold`](crate::platform::Platform::withhold)). Whoever needs one has it and some
//! of its neighbours read from the store's [`PageSource`] first: machine code by a fault, at which it
//! is held (see `fault`), the runtime and host functions before they touch a range.
//!
//! Only a store that is borrowed exclusively, or whose code runs, could be used by two at a time, and
//! stores are not `Sync`: cells are enough for what shared borrows change here.

use super::code_memory::Reservation;
use super::context::{AsContext, AsContextMut};
use super::memory::MemoryEntry;
use super::store_core::StoreCore;
use super::{HostError, Store};
use crate::platform::PAGE_SIZE;
use crate::platform::tracking::Bits;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::ops::Range;
use spin::Mutex;

/// Where the pages of a store's memories are until they are needed.
pub trait PageSource: Send {
    /// Fills `buffer`, which is of whole pages of [`PAGE_SIZE`] bytes, with what the store's
    /// memory number `memory` holds from `address` on, a multiple of the page's size. It is
    /// called on the stack of whoever runs the store, in the middle of its code, and must not use
    /// the store.
    ///
    /// # Errors
    ///
    /// Why it cannot be read. The store stops there, and may be asked to go on.
    fn read(&mut self, memory: u32, address: u64, buffer: &mut [u8]) -> Result<(), HostError>;

    /// How many of the next `size` bytes are known to be zeros, from the first on: these are not read when
    /// all pages are loaded. `address` and `size` are multiples of the page's size, and so is the
    /// answer. It is called as [`Self::read`] is. The default knows of none.
    ///
    /// # Errors
    ///
    /// As there.
    fn zeros(&mut self, memory: u32, address: u64, size: u64) -> Result<u64, HostError> {
        let _ = (memory, address, size);
        Ok(0)
    }
}

/// What a store is thawed from but its image.
pub struct LazyMemory {
    /// Has what the memories hold whose contents are
    /// [elsewhere](crate::image::MemoryContents::Elsewhere) than in the image.
    pub source: Box<dyn PageSource>,
    /// The number of the generation that the source reads from, if checkpoints of the store are
    /// to be written on the base of it ([`LiveCheckpoint::base`](super::LiveCheckpoint::base)).
    /// Then writes are tracked from the beginning, and no checkpoint needs a page that the
    /// store has not. A checkpoint on that base holds what the source holds of all pages that the
    /// store does not have yet, so the source may read from the newest one.
    pub base: Option<u64>,
}

/// A page that a store needs could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the page at {address:#x} of memory {memory} cannot be read: {source}")]
pub struct PageError {
    /// The memory's number in the store.
    pub memory: u32,
    /// The page's address in it.
    pub address: u64,
    /// Why, as the source or the platform says.
    pub source: Arc<HostError>,
}

/// Errors of one page are alike: sources' errors cannot be compared.
impl PartialEq for PageError {
    fn eq(&self, other: &Self) -> bool {
        (self.memory, self.address) == (other.memory, other.address)
    }
}

impl Eq for PageError {}

/// How far the pages of a store have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// Pages that have been read since the store was thawed.
    pub loaded: u64,
    /// Those that have not been.
    pub withheld: u64,
    /// How often the source was asked.
    pub reads: u64,
}

/// Pages that are read at once when nothing is known of what comes next, and when all
/// before them were needed.
const LEAST_AHEAD: usize = 16;
const MOST_AHEAD: usize = 256;

/// Pages of which the source is asked at once whether they are zeros.
const MOST_ZEROS: usize = 4096;

/// Runs of pages of which it is remembered that they were needed.
const MOST_DEMANDED: usize = 4096;

/// Why pages are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// One of them is needed.
    Demand,
    /// They may be needed.
    Ahead,
}

/// What the memories of a store have in common.
pub(super) type SharedPages = Arc<Mutex<Pages>>;

/// The source of a store's pages.
pub(super) struct Pages {
    /// None: all have been read.
    source: Option<Box<dyn PageSource>>,
    buffer: Vec<u8>,
    withheld: u64,
    loaded: u64,
    reads: u64,
    /// What was read because it was needed, in bytes of which memory, at most [`MOST_DEMANDED`].
    demanded: Vec<(u32, Range<usize>)>,
}

impl Pages {
    pub(super) fn new(source: Box<dyn PageSource>) -> SharedPages {
        Arc::new(Mutex::new(Self {
            source: Some(source),
            buffer: Vec::new(),
            withheld: 0,
            loaded: 0,
            reads: 0,
            demanded: Vec::new(),
        }))
    }
}

/// The pages that a memory does not have yet.
pub(super) struct Withheld {
    memory: u32,
    /// How many there are. All that a fault handler looks at.
    count: Cell<usize>,
    pages: RefCell<Bits>,
    /// The page behind those that were read last, and how many are read at once.
    next: Cell<usize>,
    ahead: Cell<usize>,
    shared: SharedPages,
}

impl Withheld {
    /// Withholds all pages of the first `size` bytes of a reservation, which nobody has touched.
    pub(super) fn new(
        reservation: &Reservation,
        size: usize,
        memory: u32,
        shared: &SharedPages,
    ) -> Self {
        reservation.withhold(size);
        let count = size / PAGE_SIZE;
        shared.lock().withheld += count as u64;
        let mut pages = Bits::default();
        pages.fill(count);
        Self {
            memory,
            count: Cell::new(count),
            pages: RefCell::new(pages),
            next: Cell::new(0),
            ahead: Cell::new(LEAST_AHEAD),
            shared: shared.clone(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count.get()
    }

    /// Whether the page of an offset is withheld.
    pub(super) fn has(&self, offset: usize) -> bool {
        self.pages.borrow().contains(offset / PAGE_SIZE)
    }

    /// Sees to it that a range of the memory has its pages, which is needed.
    pub(super) fn load(
        &self,
        reservation: &Reservation,
        range: Range<usize>,
    ) -> Result<(), PageError> {
        self.load_for(reservation, range, Reason::Demand)
    }

    fn load_for(
        &self,
        reservation: &Reservation,
        range: Range<usize>,
        reason: Reason,
    ) -> Result<(), PageError> {
        let end = range.end.div_ceil(PAGE_SIZE);
        let mut page = range.start / PAGE_SIZE;
        while self.count.get() > 0 {
            let next = self.pages.borrow().next(page);
            let Some(first) = next.filter(|&first| first < end) else {
                break;
            };
            if reason == Reason::Ahead {
                let run = first..self.end_of_run(first, end.min(first + MOST_ZEROS));
                let count = self.load_zeros(reservation, run)?;
                if count > 0 {
                    page = first + count;
                    continue;
                }
            }
            let run = self.run_around(first, end);
            page = run.end;
            self.read(reservation, run, reason)?;
        }
        Ok(())
    }

    /// Reads the next pages that are withheld, at most so many; returns how many.
    fn load_some(&self, reservation: &Reservation, limit: usize) -> Result<usize, PageError> {
        let Some(first) = self.pages.borrow().next(0) else {
            return Ok(0);
        };
        let run = first..self.end_of_run(first, first + limit.min(MOST_AHEAD));
        let zeros = self.load_zeros(reservation, run.clone())?;
        if zeros > 0 {
            return Ok(zeros);
        }
        let count = run.len();
        self.read(reservation, run, Reason::Ahead)?;
        Ok(count)
    }

    /// The withheld pages to read when page `first` is needed, and those up to `end`: with their
    /// neighbours, of which there are the more the longer they have been read one after the other.
    fn run_around(&self, first: usize, end: usize) -> Range<usize> {
        let is_next = first == self.next.get();
        let ahead = match is_next {
            true => (2 * self.ahead.get()).min(MOST_AHEAD),
            false => LEAST_AHEAD,
        };
        self.ahead.set(ahead);
        let window = first / LEAST_AHEAD * LEAST_AHEAD;
        let pages = self.pages.borrow();
        let before = (window..first)
            .rev()
            .take_while(|&page| pages.contains(page));
        let start = first - before.count();
        drop(pages);
        let wanted = (window + ahead).max(end).min(start + MOST_AHEAD);
        start..self.end_of_run(first, wanted)
    }

    /// Where the withheld pages from `first` on end, `limit` at the latest.
    fn end_of_run(&self, first: usize, limit: usize) -> usize {
        let pages = self.pages.borrow();
        let run = (first..limit).take_while(|&page| pages.contains(page));
        first + run.count()
    }

    /// Has those pages of a withheld run that are known to be zeros, from the first on; returns how many.
    fn load_zeros(&self, reservation: &Reservation, run: Range<usize>) -> Result<usize, PageError> {
        // So few are one read.
        if run.len() <= LEAST_AHEAD {
            return Ok(0);
        }
        let (address, size) = (run.start * PAGE_SIZE, run.len() * PAGE_SIZE);
        let failed = |error| self.failed(&run, error);
        let mut shared = self.shared.lock();
        let source = shared.source.as_mut().expect("there are pages to be read");
        let zeros = source.zeros(self.memory, address as u64, size as u64);
        let count = (zeros.map_err(failed)? as usize).min(size) / PAGE_SIZE;
        if count > 0 {
            let supplied = reservation.supply_zeros(address, count * PAGE_SIZE);
            supplied.map_err(|error| failed(HostError::new(error)))?;
            self.note_loaded(&mut shared, run.start..run.start + count);
        }
        Ok(count)
    }

    fn failed(&self, run: &Range<usize>, error: HostError) -> PageError {
        PageError {
            memory: self.memory,
            address: (run.start * PAGE_SIZE) as u64,
            source: Arc::new(error),
        }
    }

    fn read(
        &self,
        reservation: &Reservation,
        run: Range<usize>,
        reason: Reason,
    ) -> Result<(), PageError> {
        let address = (run.start * PAGE_SIZE) as u64;
        let failed = |error| self.failed(&run, error);
        let mut shared = self.shared.lock();
        let Pages { source, buffer, .. } = &mut *shared;
        let size = run.len() * PAGE_SIZE;
        buffer.resize(size.max(buffer.len()), 0);
        let bytes = &mut buffer[..size];
        let source = source.as_mut().expect("there are pages to be read");
        source.read(self.memory, address, bytes).map_err(failed)?;
        let supplied = reservation.supply(run.start * PAGE_SIZE, bytes);
        supplied.map_err(|error| failed(HostError::new(error)))?;
        if reason == Reason::Demand && shared.demanded.len() < MOST_DEMANDED {
            let bytes = run.start * PAGE_SIZE..run.end * PAGE_SIZE;
            shared.demanded.push((self.memory, bytes));
        }
        shared.reads += 1;
        self.next.set(run.end);
        self.note_loaded(&mut shared, run);
        Ok(())
    }

    /// Notes that withheld pages are there now.
    fn note_loaded(&self, shared: &mut Pages, run: Range<usize>) {
        shared.loaded += run.len() as u64;
        shared.withheld -= run.len() as u64;
        if shared.withheld == 0 {
            // It may hold on to something.
            shared.source = None;
            shared.buffer = Vec::new();
        }
        self.count.set(self.count.get() - run.len());
        let mut pages = self.pages.borrow_mut();
        for page in run {
            assert!(pages.remove(page), "page {page} was read twice");
        }
    }
}

impl StoreCore {
    /// Reads all pages that memories do not have yet.
    pub(super) fn load_pages(&self) -> Result<(), PageError> {
        let mut memories = self.memories.iter();
        memories.try_for_each(MemoryEntry::load_all)
    }

    /// Has the page read that machine code has faulted on. None: it is not withheld.
    pub(super) fn load_faulted(&self, address: u64) -> Option<Result<(), PageError>> {
        let is_it = |memory: &&MemoryEntry| memory.withholds(address);
        Some(self.memories.iter().find(is_it)?.load_address(address))
    }

    /// Whether a fault at an address can be one of a withheld page. Neither locks nor allocates.
    pub(super) fn may_withhold(&self, address: u64) -> bool {
        let mut memories = self.memories.iter();
        memories.any(|memory| memory.withheld_count() > 0 && memory.reserves(address))
    }
}

impl<T: 'static> Store<T> {
    /// How many pages of the store's memories have been read since it was thawed lazily, and how
    /// many have not been. Both are zero in other stores.
    pub fn page_counts(&self) -> PageCounts {
        let core = self.as_context().into_core();
        let shared = core.pages.as_ref().map(|pages| pages.lock());
        shared.map_or_else(PageCounts::default, |pages| PageCounts {
            loaded: pages.loaded,
            withheld: pages.withheld,
            reads: pages.reads,
        })
    }

    /// Reads all pages that the store does not have yet, so that it needs its [`PageSource`] no
    /// longer.
    ///
    /// # Errors
    ///
    /// [`PageError`]; those that have been read are there.
    pub fn load_pages(&mut self) -> Result<(), PageError> {
        self.as_context_mut().core().load_pages()
    }

    /// Reads those pages of a memory, by its number in the store, that a range in bytes touches and
    /// that the store does not have yet, in large requests. What lies outside of the memory is
    /// passed over: such ranges are guesses of what will be needed.
    ///
    /// # Errors
    ///
    /// [`PageError`]; those that have been read are there.
    pub fn load_range(&mut self, memory: u32, bytes: Range<usize>) -> Result<(), PageError> {
        let core = self.as_context_mut().into_core_mut();
        let memory = core.memories.get(memory as usize);
        memory.map_or(Ok(()), |memory| memory.load_ahead(bytes))
    }

    /// What has been read because it was needed, not ahead: ranges in bytes, each with its memory's
    /// number, ascending. Read soon after a thaw they say what to read first
    /// ([`Self::load_range`]) at the next one. Of many thousand ranges the first are told.
    pub fn demanded_pages(&self) -> Vec<(u32, Range<usize>)> {
        let core = self.as_context().into_core();
        let pages = core.pages.as_ref();
        let mut ranges = pages.map_or_else(Vec::new, |pages| pages.lock().demanded.clone());
        ranges.sort_unstable_by_key(|(memory, bytes)| (*memory, bytes.start));
        ranges.dedup_by(|next, range| {
            let goes_on = next.0 == range.0 && next.1.start == range.1.end;
            if goes_on {
                range.1.end = next.1.end;
            }
            goes_on
        });
        ranges
    }

    /// Reads some pages that the store does not have yet, at most `limit` and not more than take
    /// one request, for when there is nothing else to do. Returns how many; 0: it has all.
    ///
    /// # Errors
    ///
    /// [`PageError`]; those pages are still withheld.
    pub fn load_some_pages(&mut self, limit: usize) -> Result<usize, PageError> {
        let core = self.as_context_mut().into_core_mut();
        for memory in &core.memories {
            let count = memory.load_some(limit)?;
            if count > 0 {
                return Ok(count);
            }
        }
        Ok(0)
    }
}

impl MemoryEntry {
    /// Has the pages of a range read that it does not have yet, which may be needed.
    pub(super) fn load_ahead(&self, range: Range<usize>) -> Result<(), PageError> {
        let len = self.len() as usize;
        match &self.withheld {
            Some(withheld) if !range.is_empty() && range.start < len => {
                let range = range.start..range.end.min(len);
                withheld.load_for(&self.reservation, range, Reason::Ahead)
            }
            _ => Ok(()),
        }
    }

    /// Reads the next pages that it does not have, at most so many; returns how many.
    fn load_some(&self, limit: usize) -> Result<usize, PageError> {
        match &self.withheld {
            None => Ok(0),
            Some(withheld) => withheld.load_some(&self.reservation, limit),
        }
    }
}

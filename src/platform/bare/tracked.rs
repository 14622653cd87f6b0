//! Tracking writes by the Dirty bits of page tables.
//!
//! A cut takes the permission to write away from page directories alone, one entry for
//! 2 MiB, so it takes hardly longer for a large memory than for a small one. What the
//! entries below say is looked at later, a table at a time: when a guest writes to
//! something there, or when its pages are taken. A page whose entry is dirty (Intel SDM volume
//! 3A, section 4.8) is due: the bit is cleared, and the page loses its permission to be written
//! to, so that its contents can be kept before it changes. All other pages get theirs back when
//! something there is written to. Until then the table is *closed*: nothing below it can be
//! dirty, and the next cuts pass it over.

#![expect(unsafe_code, reason = "changes page table entries, and reads pages")]

use super::TABLE;
use super::lent::LentFrames;
use super::paging::{READ_ONLY, TABLE_FLAGS, page_flags};
use super::tables::PageTables;
use crate::platform::tracking::{Bits, CutEnd, Ledger, Room, TrackError, Waker};
use crate::platform::{PAGE_SIZE, Protection};
use alloc::vec::Vec;
use core::ops::Range;
use x86_64::VirtAddr;
use x86_64::instructions::tlb;
use x86_64::structures::paging::mapper::{MappedFrame, TranslateResult};
use x86_64::structures::paging::{Mapper, Page, PageTableFlags, PhysFrame, Size4KiB, Translate};

/// A tracked range.
pub(super) struct TrackedRange {
    start: usize,
    /// Tells this range from others that were tracked at its address before.
    pub(super) id: u64,
    ledger: Ledger,
    /// Page tables whose directory entry was made read-only by a cut, and which were not
    /// looked at since.
    unseen: Bits,
    /// Page tables whose directory entry is read-only, and below which nothing is dirty.
    closed: Bits,
    /// Pages of the range at the cut; those behind are no part of it.
    pages: usize,
    /// Most pages of any cut.
    highest_pages: usize,
    /// How many frames may be lent, and how many are.
    lent_limit: usize,
    lent: usize,
    /// Called when spare pages get short.
    waker: Option<Waker>,
}

/// Most page tables that are looked at with interrupts disabled.
const SEEN_AT_ONCE: usize = 8;

impl TrackedRange {
    /// # Panics
    ///
    /// Panics if the range shares a page table with others.
    pub(super) fn new(start: usize, id: u64, spare_pages: usize) -> Self {
        assert!(start.is_multiple_of(TABLE), "{start:#x} is within a table");
        Self {
            start,
            id,
            ledger: Ledger::new(spare_pages),
            unseen: Bits::default(),
            closed: Bits::default(),
            pages: 0,
            highest_pages: 0,
            lent_limit: spare_pages,
            lent: 0,
            waker: None,
        }
    }

    /// Draws a line.
    pub(super) fn cut<M: Mapper<Size4KiB>>(&mut self, mapper: &mut M, size: usize) {
        self.end(mapper, CutEnd::Abandoned);
        self.pages = size / PAGE_SIZE;
        self.highest_pages = self.highest_pages.max(self.pages);
        self.ledger.open(self.pages);
        let tables = size.div_ceil(TABLE);
        self.unseen.grow(tables);
        self.closed.grow(tables);
        for table in 0..tables {
            if self.closed.contains(table) && !self.has_carried(table) {
                continue;
            }
            // Where there is no table, nothing was written to.
            if self.set_directory_entry(mapper, table, PageTableFlags::PRESENT) {
                self.closed.remove(table);
                self.unseen.insert(table);
            }
        }
        tlb::flush_all();
    }

    /// Whether pages of a table are due because they were lost.
    fn has_carried(&self, table: usize) -> bool {
        self.ledger.carried().contains_any(pages_of(table))
    }

    /// Ends the cut.
    pub(super) fn end<M: Mapper<Size4KiB>>(&mut self, mapper: &mut M, end: CutEnd) {
        let mut next = 0;
        while let Some(table) = self.unseen.next(next) {
            // Its dirty pages still are, for the next cut.
            self.set_directory_entry(mapper, table, TABLE_FLAGS);
            next = table + 1;
        }
        self.unseen.clear();
        self.ledger.close(end);
        self.pages = 0;
    }

    /// Makes everything that was written to so far as if it never had been.
    pub(super) fn forget<M>(&mut self, mapper: &mut M, zero_frame: Option<PhysFrame>, size: usize)
    where
        M: PageTables,
    {
        self.cut(mapper, size);
        while let Some(table) = self.unseen.next(0) {
            self.see(mapper, zero_frame, table);
        }
        self.end(mapper, CutEnd::Kept);
    }

    /// Sets who is called when spare pages get short; returns who was before.
    pub(super) fn set_waker(&mut self, waker: Waker) -> Option<Waker> {
        self.waker.replace(waker)
    }

    /// Whether spare pages are short.
    pub(super) fn is_short(&self) -> bool {
        self.ledger.is_short()
    }

    /// Stops tracking: all pages may be written to, but for those whose frames are lent. To whoever tracks
    /// the range next they all have been.
    pub(super) fn stop<M>(
        &mut self,
        mapper: &mut M,
        zero_frame: Option<PhysFrame>,
        lent: &LentFrames,
    ) where
        M: PageTables,
    {
        self.end(mapper, CutEnd::Abandoned);
        while let Some(table) = self.closed.next(0) {
            self.closed.remove(table);
            self.set_directory_entry(mapper, table, TABLE_FLAGS);
        }
        for index in 0..self.highest_pages {
            let page = self.page(index);
            if let Some((frame, _)) = own_frame(mapper, zero_frame, page) {
                let flags = lent.flags_for(frame, Protection::ReadWrite);
                set_flags(mapper, page, flags | PageTableFlags::DIRTY);
            }
        }
        tlb::flush_all();
    }

    /// Prepares for a write to a page. False: it needs a frame first.
    pub(super) fn before_write<M>(
        &mut self,
        mapper: &mut M,
        zero_frame: Option<PhysFrame>,
        page: Page,
    ) -> bool
    where
        M: PageTables,
    {
        let index = self.index_of(page);
        self.open(mapper, zero_frame, index * PAGE_SIZE / TABLE);
        if self.ledger.is_in_place(index) {
            // SAFETY: a due page has a frame, and nothing writes to it meanwhile: the writer waits.
            let contents = unsafe { page_bytes(page) };
            // A fault handler that waited would keep its processor from taking pages.
            let kept = self.ledger.keep(index, contents, Room::Any);
            kept.expect("it is not told to wait");
            if let Some(waker) = self.waker.as_ref().filter(|_| self.ledger.is_short()) {
                waker();
            }
        }
        let has_frame = own_frame(mapper, zero_frame, page).is_some();
        if has_frame {
            set_flags(mapper, page, page_flags(Protection::ReadWrite));
            tlb::flush(page.start_address());
        }
        has_frame
    }

    /// Prepares for a page to be mapped that is read.
    pub(super) fn before_read<M>(
        &mut self,
        mapper: &mut M,
        zero_frame: Option<PhysFrame>,
        page: Page,
    ) where
        M: PageTables,
    {
        // The mapper lets all be written to above a page that it maps.
        let table = self.index_of(page) * PAGE_SIZE / TABLE;
        self.open(mapper, zero_frame, table);
    }

    /// See [`Tracker::take_due`](crate::platform::tracking::Tracker::take_due).
    pub(super) fn take<M>(
        &mut self,
        mapper: &mut M,
        zero_frame: Option<PhysFrame>,
        buffer: &mut [u8],
    ) -> Result<Option<Range<usize>>, TrackError>
    where
        M: PageTables,
    {
        if !self.look_ahead(mapper, zero_frame, buffer.len() / PAGE_SIZE) {
            return Ok(Some(0..0));
        }
        self.ledger.copy_run(buffer, |index, buffer| {
            // SAFETY: a due page has a frame, and nothing writes to it meanwhile.
            buffer.copy_from_slice(unsafe { page_bytes(page_at(self.start, index)) });
        })
    }

    /// The due pages to take next, as [`Ledger::next_run`] says. No pages: none have been found so far.
    pub(super) fn next_run<M>(
        &mut self,
        mapper: &mut M,
        zero_frame: Option<PhysFrame>,
        most: usize,
    ) -> Result<Option<Range<usize>>, TrackError>
    where
        M: PageTables,
    {
        match self.look_ahead(mapper, zero_frame, most) {
            true => self.ledger.next_run(most),
            false => Ok(Some(0..0)),
        }
    }

    /// Takes a page as [`Ledger::take`] does.
    pub(super) fn take_page(&mut self, index: usize) -> Option<Vec<u8>> {
        self.ledger.take(index)
    }

    /// Whether another frame may be lent.
    pub(super) fn may_lend(&self) -> bool {
        self.lent < self.lent_limit
    }

    /// Notes that another frame is lent.
    pub(super) fn lend(&mut self) {
        self.lent += 1;
    }

    /// Takes so many frames back, and what other taken pages were kept in.
    pub(super) fn take_back(&mut self, frames: usize, kept: impl Iterator<Item = Vec<u8>>) {
        self.lent -= frames;
        kept.for_each(|page| self.ledger.give_back(page));
    }

    /// Looks at all tables in which pages could lie that are among the next `most` adjacent due ones.
    /// False: after so many tables, no due page has been found so far.
    fn look_ahead<M>(&mut self, mapper: &mut M, zero_frame: Option<PhysFrame>, most: usize) -> bool
    where
        M: PageTables,
    {
        let mut seen = 0;
        while !self.ledger.takes_kept_first()
            && let Some(table) = self.unseen.next(0)
        {
            let unseen = table * TABLE / PAGE_SIZE;
            let first_due = self.ledger.first_due().filter(|&due| due < unseen);
            let fits_before = |due: usize| due + most <= unseen;
            if first_due.is_some_and(fits_before) {
                break;
            }
            if seen == SEEN_AT_ONCE {
                // Whatever a first one adjoins is another run.
                return first_due.is_some();
            }
            self.see(mapper, zero_frame, table);
            seen += 1;
        }
        true
    }

    /// Lets pages of a table be written to that are not due.
    fn open<M: PageTables>(&mut self, mapper: &mut M, zero_frame: Option<PhysFrame>, table: usize) {
        self.see(mapper, zero_frame, table);
        if self.closed.remove(table) {
            self.set_directory_entry(mapper, table, TABLE_FLAGS);
            // Cached translations say that nothing may be written to.
            tlb::flush_all();
        }
    }

    /// Looks at a page table, unless that was done since the cut, and closes it.
    fn see<M: PageTables>(&mut self, mapper: &mut M, zero_frame: Option<PhysFrame>, table: usize) {
        if !self.unseen.remove(table) {
            return;
        }
        let pages = pages_of(table);
        let dirty = dirty_pages(mapper, zero_frame, self.page(pages.start));
        // No translation has to be flushed, though some say that their page is dirty already: all
        // that were cached since the cut say that it may not be written to.
        for (index, is_dirty) in (pages.start..self.pages.min(pages.end)).zip(dirty) {
            let page = self.page(index);
            let is_lost = || {
                self.ledger.carried().contains(index)
                    && own_frame(mapper, zero_frame, page).is_some()
            };
            if is_dirty || is_lost() {
                set_flags(mapper, page, READ_ONLY);
                self.ledger.mark(index);
            }
        }
        let behind = self.pages.clamp(pages.start, pages.end) - pages.start;
        if dirty[behind..].contains(&true) {
            // Of a later cut that is of more pages.
            self.set_directory_entry(mapper, table, TABLE_FLAGS);
        } else {
            self.closed.insert(table);
        }
    }

    /// False if there is no page table.
    fn set_directory_entry<M: Mapper<Size4KiB>>(
        &self,
        mapper: &mut M,
        table: usize,
        flags: PageTableFlags,
    ) -> bool {
        let page = self.page(table * TABLE / PAGE_SIZE);
        // SAFETY: all pages below the entry are this range's, and whoever takes
        // permissions away here flushes the TLB.
        match unsafe { mapper.set_flags_p2_entry(page, flags) } {
            Ok(flush) => {
                flush.ignore();
                true
            }
            Err(_) => false,
        }
    }

    fn page(&self, index: usize) -> Page {
        page_at(self.start, index)
    }

    fn index_of(&self, page: Page) -> usize {
        (page.start_address().as_u64() as usize - self.start) / PAGE_SIZE
    }
}

/// The pages of a table, by their number in the range.
fn pages_of(table: usize) -> Range<usize> {
    let first = table * TABLE / PAGE_SIZE;
    first..first + TABLE / PAGE_SIZE
}

/// Which pages of a table are dirty that have frames of their own.
fn dirty_pages<M: PageTables>(
    mapper: &M,
    zero_frame: Option<PhysFrame>,
    first: Page,
) -> [bool; TABLE / PAGE_SIZE] {
    let is_dirty = PageTableFlags::PRESENT | PageTableFlags::DIRTY;
    let mut are_dirty = [false; TABLE / PAGE_SIZE];
    match mapper.last_table(first) {
        Some(table) => {
            for (entry, dirty) in table.iter().zip(&mut are_dirty) {
                *dirty = entry.flags().contains(is_dirty) && entry.frame().ok() != zero_frame;
            }
        }
        None => {
            for (index, dirty) in are_dirty.iter_mut().enumerate() {
                let page = first + index as u64;
                let own = own_frame(mapper, zero_frame, page);
                *dirty = own.is_some_and(|(_, flags)| flags.contains(is_dirty));
            }
        }
    }
    are_dirty
}

/// A page of a range, by its number there.
pub(super) fn page_at(start: usize, index: usize) -> Page {
    Page::containing_address(VirtAddr::new((start + index * PAGE_SIZE) as u64))
}

/// The frame and the flags of a page that has a frame of its own, which is present.
fn own_frame<M: Translate>(
    mapper: &M,
    zero_frame: Option<PhysFrame>,
    page: Page,
) -> Option<(PhysFrame, PageTableFlags)> {
    match mapper.translate(page.start_address()) {
        TranslateResult::Mapped {
            frame: MappedFrame::Size4KiB(frame),
            flags,
            ..
        } if Some(frame) != zero_frame => Some((frame, flags)),
        _ => None,
    }
}

/// Sets the flags of a page that has a frame. The caller flushes the TLB.
fn set_flags<M: Mapper<Size4KiB>>(mapper: &mut M, page: Page, flags: PageTableFlags) {
    // SAFETY: tracked pages hold data only, and a guest that may not write to one faults.
    match unsafe { mapper.update_flags(page, flags) } {
        Ok(flush) => flush.ignore(),
        Err(error) => panic!("cannot protect {page:?}: {error:?}"),
    }
}

/// The contents of a page.
///
/// # Safety
///
/// It has a frame and is readable, and nothing writes to it while the slice is used.
pub(super) unsafe fn page_bytes<'a>(page: Page) -> &'a [u8] {
    // SAFETY: the caller's.
    unsafe { core::slice::from_raw_parts(page.start_address().as_ptr(), PAGE_SIZE) }
}

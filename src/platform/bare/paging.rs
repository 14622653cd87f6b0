//! The platform's pages: which are backed by which frame, with what flags.

#![expect(unsafe_code, reason = "maps pages")]

use super::budget::Budget;
use super::lent::LentFrames;
use super::regions::Regions;
use super::tables::PageTables;
use super::tracked::TrackedRange;
use crate::platform::{PAGE_SIZE, PlatformError, Protection, is_zero};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;
use x86_64::VirtAddr;
use x86_64::instructions::tlb;
use x86_64::structures::paging::mapper::MapToError;
use x86_64::structures::paging::{
    FrameAllocator, FrameDeallocator, Page, PageTableFlags, PhysFrame, Size4KiB,
};

/// Pages, and the bookkeeping of what they are for. Its methods touch no lazily committed
/// page, so a fault never finds them running, unless the kernel is at fault.
pub(super) struct Memory<M, F> {
    pub(super) mapper: M,
    pub(super) frames: F,
    pub(super) regions: Regions,
    pub(super) budget: Budget,
    /// Frames that are on loan.
    pub(super) lent: LentFrames,
    /// A frame of zeros that every page is which was read but never written.
    pub(super) zero_frame: Option<PhysFrame>,
    /// Whether there is such a frame. When a page leaves it, translations to it must be
    /// forgotten, which a fault handler can do on its own processor only.
    shares_zeros: bool,
    /// Tracked ranges, by their start.
    pub(super) tracked: BTreeMap<usize, TrackedRange>,
    /// How many ranges have been tracked so far.
    tracked_count: u64,
}

/// How a page was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// Written, not read or executed.
    pub(super) is_write: bool,
    /// The page was there, but its flags forbade the access.
    pub(super) was_present: bool,
}

impl<M, F> Memory<M, F>
where
    M: PageTables,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
{
    pub(super) fn new(
        mapper: M,
        frames: F,
        frame_budget: usize,
        addresses: Range<usize>,
        shares_zeros: bool,
    ) -> Self {
        Self {
            mapper,
            frames,
            regions: Regions::new(addresses),
            // One frame is for the pages of zeros.
            budget: Budget::new(frame_budget.saturating_sub(1)),
            lent: LentFrames::default(),
            zero_frame: None,
            shares_zeros,
            tracked: BTreeMap::new(),
            tracked_count: 0,
        }
    }

    /// Reserves addresses and returns the first.
    pub(super) fn reserve(&mut self, size: usize) -> Result<usize, PlatformError> {
        let start = self.regions.reserve(size);
        let start = start.ok_or(PlatformError::OutOfAddressSpace(size))?;
        let range = start..start + size;
        if !self.budget.reserve(&range) {
            self.regions.release(range);
            return Err(PlatformError::OutOfMemory(size));
        }
        Ok(start)
    }

    /// Takes a reservation back whose pages are gone.
    pub(super) fn release(&mut self, range: Range<usize>) {
        self.budget.release(range.start);
        self.regions.release(range);
    }

    pub(super) fn commit(&mut self, range: Range<usize>) -> Result<(), PlatformError> {
        let reservation = self.regions.reservation_of(&range);
        let is_joined = self.regions.protection_at(range.start - 1).is_some();
        if !self.budget.commit(reservation, &range, is_joined) {
            return Err(PlatformError::OutOfMemory(range.len()));
        }
        self.regions.commit(range);
        Ok(())
    }

    /// Maps the page of a committed address; false if the access is not allowed, or
    /// no frame is left.
    pub(super) fn back(&mut self, address: usize, access: Access) -> bool {
        let page = Page::containing_address(VirtAddr::new_truncate(address as u64));
        match (self.regions.protection_at(address), access.is_write) {
            (Some(Protection::ReadWrite), true) => {
                let is_new = self.leave_lent_frame(page);
                self.allow_write(page) || is_new || self.back_for_writing(page, access)
            }
            (Some(protection @ (Protection::ReadWrite | Protection::ReadExecute)), false) => {
                self.back_for_reading(page, access, protection)
            }
            _ => false,
        }
    }

    /// Puts bytes into withheld pages. Those that are all zeros are backed when touched.
    pub(super) fn supply(&mut self, range: Range<usize>, bytes: &[u8]) {
        self.regions.protect(range.clone(), Protection::ReadWrite);
        let (contents, _) = bytes.as_chunks::<PAGE_SIZE>();
        for (page, contents) in pages(range).zip(contents) {
            if !is_zero(contents) {
                self.supply_page(page, contents);
            }
        }
    }

    fn supply_page(&mut self, page: Page, contents: &[u8; PAGE_SIZE]) {
        let zero_frame = self.zero_frame;
        let tracked = self.tracked_at(page);
        let is_tracked = tracked.is_some();
        if let Some((range, mapper)) = tracked {
            // What a cut still has to look at, it finds clean.
            range.before_read(mapper, zero_frame, page);
        }
        let flags = page_flags(Protection::ReadWrite);
        let frame = self.frames.allocate_frame();
        let frame = frame.expect("frames of committed pages have been promised");
        let is_mapped = self.map(page, frame, flags);
        assert!(is_mapped, "page tables have been promised");
        let start: *mut u8 = page.start_address().as_mut_ptr();
        // SAFETY: the page is mapped and writable, and nobody has seen it.
        unsafe { start.copy_from_nonoverlapping(contents.as_ptr(), PAGE_SIZE) };
        // The copy has made it dirty: to whoever tracks it later it is, but not to a tracker.
        if is_tracked {
            // SAFETY: nobody has seen the page.
            unsafe { self.set_flags(page, flags) };
        }
    }

    /// Begins to track a range; returns the number by which [`Self::tracked_by`] finds it.
    pub(super) fn track(&mut self, range: &Range<usize>, spare_pages: usize) -> u64 {
        self.regions.reservation_of(range);
        let id = self.tracked_count;
        self.tracked_count += 1;
        let tracked = TrackedRange::new(range.start, id, spare_pages);
        let before = self.tracked.insert(range.start, tracked);
        assert!(before.is_none(), "{:#x} is being tracked", range.start);
        id
    }

    /// A range that is being tracked, and what it works on; None if it is no more.
    pub(super) fn tracked_by(
        &mut self,
        start: usize,
        id: u64,
    ) -> Option<(&mut TrackedRange, &mut M, Option<PhysFrame>)> {
        let range = range_by(&mut self.tracked, start, id)?;
        Some((range, &mut self.mapper, self.zero_frame))
    }

    /// Ends the tracking of a range: its pages may be written to.
    pub(super) fn stop_tracking(&mut self, start: usize, id: u64) {
        // Another one may be tracked there now.
        if let Some(range) = range_by(&mut self.tracked, start, id) {
            range.stop(&mut self.mapper, self.zero_frame, &self.lent);
            self.tracked.remove(&start);
        }
    }

    /// Forgets the range that begins there, whose pages are to be unmapped.
    pub(super) fn untrack(&mut self, start: usize) {
        self.tracked.remove(&start);
    }

    /// The tracked range of a page, and what it works on.
    fn tracked_at(&mut self, page: Page) -> Option<(&mut TrackedRange, &mut M)> {
        let address = page.start_address().as_u64() as usize;
        let reservation = self.regions.reservation_at(address)?;
        Some((self.tracked.get_mut(&reservation)?, &mut self.mapper))
    }

    /// Lets a page that has a frame be written to, if tracking alone is why it may not.
    fn allow_write(&mut self, page: Page) -> bool {
        let zero_frame = self.zero_frame;
        self.tracked_at(page)
            .is_some_and(|(range, mapper)| range.before_write(mapper, zero_frame, page))
    }

    /// Which pages of a range have a frame of their own.
    pub(super) fn touched_pages<const PAGES: usize>(&self, range: Range<usize>) -> [bool; PAGES] {
        let mut is_touched = [false; PAGES];
        for (is_touched, page) in is_touched.iter_mut().zip(pages(range)) {
            let frame = self.mapper.translate_page(page).ok();
            *is_touched = frame.is_some() && frame != self.zero_frame;
        }
        is_touched
    }

    /// Changes the protection of the pages that are there; others are mapped when touched.
    ///
    /// # Safety
    ///
    /// Nothing relies on the old protection.
    pub(super) unsafe fn protect(&mut self, range: Range<usize>, protection: Protection) {
        for page in pages(range) {
            match self.mapper.translate_page(page) {
                Ok(frame) if Some(frame) == self.zero_frame => self.unmap(page),
                // SAFETY: the caller's.
                Ok(frame) => unsafe {
                    self.set_flags(page, self.lent.flags_for(frame, protection));
                },
                Err(_) => {}
            }
        }
    }

    /// Unmaps pages that nothing uses, and returns the frames that they had of their own.
    pub(super) fn unmap_pages(&mut self, range: Range<usize>) -> Vec<PhysFrame> {
        let mut frames = Vec::new();
        for page in pages(range) {
            let Ok(frame) = self.mapper.translate_page(page) else {
                continue;
            };
            // An inaccessible page keeps its frame in an entry that is not present, which
            // `unmap` would not take.
            // SAFETY: nothing uses the page (caller).
            unsafe { self.set_flags(page, READ_ONLY) };
            self.unmap(page);
            if Some(frame) != self.zero_frame {
                frames.push(frame);
            }
        }
        frames
    }

    /// Takes tables that serve a range of unmapped pages alone out, and returns their frames.
    pub(super) fn unlink_tables(&mut self, range: Range<usize>) -> Vec<PhysFrame> {
        let mut tables = Unlinked(Vec::new());
        let range = Page::range_inclusive(
            Page::containing_address(VirtAddr::new(range.start as u64)),
            Page::containing_address(VirtAddr::new(range.end as u64 - 1)),
        );
        // SAFETY: empty tables below this range are used by nobody; tables that also
        // serve other ranges are not empty.
        unsafe { self.mapper.clean_up_addr_range(range, &mut tables) };
        // The processor may have cached entries that point to the tables, whose frames will
        // be anybody's; any INVLPG drops them (Intel SDM volume 3A, section 4.10.4.1).
        tlb::flush(range.start.start_address());
        tables.0
    }

    /// Gives frames back, or whoever has them on loan does so later.
    pub(super) fn give_back(&mut self, frames: Vec<PhysFrame>) {
        for frame in frames {
            if self.lent.leave_page(frame) {
                continue;
            }
            // SAFETY: they were allocated here, and no page or table entry points to them.
            unsafe { self.frames.deallocate_frame(frame) };
        }
    }

    /// Gives a page a frame of its own; false if it has one that does not allow the access,
    /// or none is left.
    fn back_for_writing(&mut self, page: Page, access: Access) -> bool {
        match self.mapper.translate_page(page) {
            Ok(frame) if Some(frame) == self.zero_frame => self.unmap(page),
            // Another processor may have mapped it meanwhile.
            Ok(_) => return !access.was_present,
            Err(_) => {}
        }
        let Some(frame) = self.frames.allocate_frame() else {
            return false;
        };
        if !self.map_and_clear(page, frame) {
            // SAFETY: the frame has just been allocated and is not mapped.
            unsafe { self.frames.deallocate_frame(frame) };
            return false;
        }
        true
    }

    /// Maps the frame of zeros, to be read; false if there is a frame that does not allow the
    /// access, or none is left.
    fn back_for_reading(&mut self, page: Page, access: Access, protection: Protection) -> bool {
        if self.mapper.translate_page(page).is_ok() {
            return !access.was_present;
        }
        let zero_frame = self.zero_frame;
        if let Some((range, mapper)) = self.tracked_at(page) {
            range.before_read(mapper, zero_frame, page);
        }
        if let Some(frame) = zero_frame {
            return self.map(page, frame, READ_ONLY);
        }
        if !self.back_for_writing(page, access) {
            return false;
        }
        let mut flags = page_flags(protection);
        if self.shares_zeros {
            // The first such page clears the frame that then serves all.
            self.zero_frame = self.mapper.translate_page(page).ok();
            flags = READ_ONLY;
        }
        // SAFETY: the page was not there before, so nobody writes to it.
        unsafe { self.set_flags(page, flags) };
        true
    }

    fn map_and_clear(&mut self, page: Page, frame: PhysFrame) -> bool {
        if !self.map(page, frame, page_flags(Protection::ReadWrite)) {
            return false;
        }
        let start: *mut u8 = page.start_address().as_mut_ptr();
        // SAFETY: the page is mapped and writable, and nobody has seen it.
        unsafe { start.write_bytes(0, PAGE_SIZE) };
        true
    }

    /// Gives a page that has a frame another one, which may be written to.
    pub(super) fn change_frame(&mut self, page: Page, frame: PhysFrame) {
        let zero_frame = self.zero_frame;
        if let Some((range, mapper)) = self.tracked_at(page) {
            range.before_read(mapper, zero_frame, page);
        }
        self.unmap(page);
        let is_mapped = self.map(page, frame, page_flags(Protection::ReadWrite));
        assert!(is_mapped, "the page tables are there");
    }

    /// False if there is no memory for page tables.
    fn map(&mut self, page: Page, frame: PhysFrame, flags: PageTableFlags) -> bool {
        // SAFETY: the page is one of ours; the frame is the page's alone, or only read.
        let mapped = unsafe {
            self.mapper
                .map_to_with_table_flags(page, frame, flags, TABLE_FLAGS, &mut self.frames)
        };
        match mapped {
            Ok(flush) => {
                flush.flush();
                true
            }
            Err(MapToError::FrameAllocationFailed) => false,
            Err(error) => panic!("cannot map {page:?}: {error:?}"),
        }
    }

    /// # Safety
    ///
    /// Nothing relies on the old flags.
    unsafe fn set_flags(&mut self, page: Page, flags: PageTableFlags) {
        // SAFETY: the caller's.
        match unsafe { self.mapper.update_flags(page, flags) } {
            Ok(flush) => flush.flush(),
            Err(error) => panic!("cannot protect {page:?}: {error:?}"),
        }
    }

    /// Unmaps a page that is present.
    fn unmap(&mut self, page: Page) {
        match self.mapper.unmap(page) {
            Ok((_, flush)) => flush.flush(),
            Err(error) => panic!("cannot unmap {page:?}: {error:?}"),
        }
    }
}

/// The range that is tracked from `start` on, unless it is another one than `id` by now.
pub(super) fn range_by(
    tracked: &mut BTreeMap<usize, TrackedRange>,
    start: usize,
    id: u64,
) -> Option<&mut TrackedRange> {
    tracked.get_mut(&start).filter(|range| range.id == id)
}

/// Takes the frames of page tables instead of giving them back.
struct Unlinked(Vec<PhysFrame>);

impl FrameDeallocator<Size4KiB> for Unlinked {
    unsafe fn deallocate_frame(&mut self, frame: PhysFrame) {
        self.0.push(frame);
    }
}

/// Flags of a page of the frame of zeros.
pub(super) const READ_ONLY: PageTableFlags =
    PageTableFlags::PRESENT.union(PageTableFlags::NO_EXECUTE);

/// Flags of page tables above the last level: that one alone decides.
pub(super) const TABLE_FLAGS: PageTableFlags =
    PageTableFlags::PRESENT.union(PageTableFlags::WRITABLE);

pub(super) fn page_flags(protection: Protection) -> PageTableFlags {
    match protection {
        Protection::None => PageTableFlags::NO_EXECUTE,
        Protection::ReadWrite => {
            PageTableFlags::PRESENT | PageTableFlags::WRITABLE | PageTableFlags::NO_EXECUTE
        }
        Protection::ReadExecute => PageTableFlags::PRESENT,
    }
}

fn pages(range: Range<usize>) -> impl Iterator<Item = Page> {
    range
        .step_by(PAGE_SIZE)
        .map(|address| Page::containing_address(VirtAddr::new(address as u64)))
}

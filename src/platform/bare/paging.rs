//! [`Platform`] on page tables.

#![expect(
    unsafe_code,
    reason = "maps pages, and implements the unsafe trait Platform"
)]

use super::budget::Budget;
use super::regions::Regions;
use super::tracked::{TrackedRange, Write};
use crate::abi::VmStoreContext;
use crate::abi::vmctx::TrapFrame;
use crate::platform::tracking::{CutEnd, Room, TrackError, Tracker};
use crate::platform::{PAGE_SIZE, Platform, PlatformError, Protection};
use crate::trap::{self, FaultAction};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::ops::Range;
use core::sync::atomic::{AtomicPtr, Ordering};
use spin::Mutex;
use x86_64::VirtAddr;
use x86_64::instructions::tlb;
use x86_64::structures::paging::mapper::{CleanUp, MapToError};
use x86_64::structures::paging::{
    FrameAllocator, FrameDeallocator, Mapper, Page, PageTableFlags, PhysFrame, Size4KiB, Translate,
};

/// The platform of a kernel that runs the engine in ring 0 of one processor.
///
/// `M` changes the active page tables, `F` gives and takes 4 KiB frames.
pub struct BarePlatform<M, F> {
    memory: Arc<Mutex<Memory<M, F>>>,
    /// The activation of this, the only processor.
    activation: AtomicPtr<VmStoreContext>,
}

/// The lock's holder touches no lazily committed page, so a fault never finds
/// it taken, unless the kernel is at fault.
struct Memory<M, F> {
    mapper: M,
    frames: F,
    regions: Regions,
    budget: Budget,
    /// A frame of zeros that every page is which was read but never written.
    zero_frame: Option<PhysFrame>,
    /// Tracked ranges, by their start.
    tracked: BTreeMap<usize, TrackedRange>,
    /// How many ranges have been tracked so far.
    tracked_count: u64,
}

/// Page fault (Intel SDM volume 3A, section 6.15).
const VECTOR_PAGE_FAULT: u64 = 14;
/// Bytes of address space that are looked through at once for pages that were touched.
const TOUCHED_CHUNK: usize = 512 * PAGE_SIZE;
/// Error code bit of a page fault: the access was a write.
const IS_WRITE: u64 = 1 << 1;

impl<M, F> BarePlatform<M, F>
where
    M: Mapper<Size4KiB> + Translate + CleanUp + Send + 'static,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send + 'static,
{
    /// Makes the platform. It takes at most `frame_budget` frames, page tables included,
    /// and promises no more than that: committing beyond it fails.
    ///
    /// # Panics
    ///
    /// Panics if `addresses` is not a range of whole pages.
    ///
    /// # Safety
    ///
    /// 1. `mapper` changes the page tables that are in use on this processor, and
    ///    CR0.WP and EFER.NXE are set.
    /// 2. `frames` gives each frame to one user at a time, and has `frame_budget` of them.
    /// 3. Nothing else maps or uses `addresses`, which are canonical.
    pub unsafe fn new(mapper: M, frames: F, frame_budget: usize, addresses: Range<usize>) -> Self {
        Self {
            memory: Arc::new(Mutex::new(Memory {
                mapper,
                frames,
                regions: Regions::new(addresses),
                // One frame is for the pages of zeros.
                budget: Budget::new(frame_budget.saturating_sub(1)),
                zero_frame: None,
                tracked: BTreeMap::new(),
                tracked_count: 0,
            })),
            activation: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    /// The engine's part of an exception handler: maps a lazily committed page,
    /// or turns a guest's fault into a trap. On [`FaultAction::Handled`] the
    /// handler is to return with the registers of `frame`.
    pub fn handle_fault(&self, frame: &mut TrapFrame) -> FaultAction {
        if frame.vector == VECTOR_PAGE_FAULT {
            let access = match frame.error_code & IS_WRITE {
                0 => Access::Read,
                _ => Access::Write,
            };
            if self.back_page(frame.fault_address as usize, access) {
                return FaultAction::Handled;
            }
        }
        trap::handle_fault(frame, self.activation())
    }

    /// The activation that runs now; null for none.
    pub fn activation(&self) -> *mut VmStoreContext {
        self.activation.load(Ordering::Relaxed)
    }

    /// Maps the page of a committed address; false if the access is not allowed, or
    /// no frame is left.
    fn back_page(&self, address: usize, access: Access) -> bool {
        let Some(mut memory) = self.memory.try_lock() else {
            return false;
        };
        let page = Page::containing_address(VirtAddr::new_truncate(address as u64));
        match (memory.regions.protection_at(address), access) {
            (Some(Protection::ReadWrite), Access::Write) => {
                memory.allow_write(page) || memory.back_for_writing(page)
            }
            (Some(Protection::ReadWrite | Protection::ReadExecute), Access::Read) => {
                memory.back_for_reading(page)
            }
            _ => false,
        }
    }
}

/// How a page was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Read, or executed.
    Read,
    Write,
}

// SAFETY: `Regions` hands out disjoint ranges of addresses that are the platform's
// alone (`new`), pages get a frame of their own, zeroed before anybody can read
// it, and the flags of `page_flags`.
unsafe impl<M, F> Platform for BarePlatform<M, F>
where
    M: Mapper<Size4KiB> + Translate + CleanUp + Send + 'static,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send + 'static,
{
    fn reserve(&self, size: usize) -> Result<*mut u8, PlatformError> {
        let memory = &mut *self.memory.lock();
        let start = memory.regions.reserve(size);
        let start = start.ok_or(PlatformError::OutOfAddressSpace(size))?;
        let range = start..start + size;
        if !memory.budget.reserve(&range) {
            memory.regions.release(range);
            return Err(PlatformError::OutOfMemory(size));
        }
        Ok(core::ptr::with_exposed_provenance_mut(start))
    }

    unsafe fn release(&self, start: *mut u8, size: usize) {
        let memory = &mut *self.memory.lock();
        let range = address_range(start, size);
        memory.budget.release(range.start);
        memory.tracked.remove(&range.start);
        for (start, region) in memory.regions.release(range.clone()) {
            for page in pages(start..region.end) {
                // SAFETY: nothing uses the range any more (caller).
                unsafe { memory.release(page) };
            }
        }
        let range = Page::range_inclusive(
            Page::containing_address(VirtAddr::new(range.start as u64)),
            Page::containing_address(VirtAddr::new(range.end as u64 - 1)),
        );
        // SAFETY: empty tables below this range are used by nobody; tables that also
        // serve other ranges are not empty.
        unsafe {
            memory.mapper.clean_up_addr_range(range, &mut memory.frames);
        }
        // The processor may have cached entries that point to the tables just freed, which
        // are anybody's frames now; any INVLPG drops them (Intel SDM volume 3A, section 4.10.4.1).
        tlb::flush(range.start.start_address());
    }

    unsafe fn commit(&self, start: *mut u8, size: usize) -> Result<(), PlatformError> {
        if size == 0 {
            return Ok(());
        }
        let memory = &mut *self.memory.lock();
        let range = address_range(start, size);
        let reservation = memory.regions.reservation_of(&range);
        let is_joined = memory.regions.protection_at(range.start - 1).is_some();
        if !memory.budget.commit(reservation, &range, is_joined) {
            return Err(PlatformError::OutOfMemory(size));
        }
        memory.regions.commit(range);
        Ok(())
    }

    unsafe fn protect(&self, start: *mut u8, size: usize, protection: Protection) {
        if size == 0 {
            return;
        }
        let memory = &mut *self.memory.lock();
        let range = address_range(start, size);
        memory.regions.protect(range.clone(), protection);
        for page in pages(range) {
            // SAFETY: nothing relies on the old protection (caller).
            unsafe { memory.protect(page, protection) };
        }
    }

    fn visit_touched(&self, start: *mut u8, size: usize, visit: &mut dyn FnMut(Range<usize>)) {
        let range = address_range(start, size);
        for chunk in range.clone().step_by(TOUCHED_CHUNK) {
            let end = range.end.min(chunk + TOUCHED_CHUNK);
            let is_touched = self.memory.lock().touched_pages(chunk..end);
            // Without the lock: `visit` may touch pages.
            for (index, _) in is_touched.iter().enumerate().filter(|(_, is)| **is) {
                let offset = chunk - range.start + index * PAGE_SIZE;
                visit(offset..offset + PAGE_SIZE);
            }
        }
    }

    unsafe fn track(
        &self,
        start: *mut u8,
        size: usize,
        spare_pages: usize,
    ) -> Option<Arc<dyn Tracker>> {
        let memory = &mut *self.memory.lock();
        memory.regions.reservation_of(&address_range(start, size));
        let (start, id) = (start.addr(), memory.tracked_count);
        memory.tracked_count += 1;
        let range = TrackedRange::new(start, id, spare_pages);
        let before = memory.tracked.insert(start, range);
        assert!(before.is_none(), "{start:#x} is being tracked");
        let memory = self.memory.clone();
        Some(Arc::new(BareTracker { memory, start, id }))
    }

    fn swap_activation(&self, activation: *mut VmStoreContext) -> *mut VmStoreContext {
        self.activation.swap(activation, Ordering::Relaxed)
    }
}

/// A handle to a [`TrackedRange`].
struct BareTracker<M, F>
where
    M: Mapper<Size4KiB> + Translate,
{
    memory: Arc<Mutex<Memory<M, F>>>,
    start: usize,
    id: u64,
}

impl<M, F> BareTracker<M, F>
where
    M: Mapper<Size4KiB> + Translate,
{
    /// Runs `act` on the range, unless it is gone.
    fn with<R>(
        &self,
        act: impl FnOnce(&mut TrackedRange, &mut M, Option<PhysFrame>) -> R,
    ) -> Result<R, TrackError> {
        let memory = &mut *self.memory.lock();
        let range = memory.tracked.get_mut(&self.start);
        let range = range.filter(|range| range.id == self.id);
        let range = range.ok_or(TrackError::Gone)?;
        Ok(act(range, &mut memory.mapper, memory.zero_frame))
    }
}

impl<M, F> Tracker for BareTracker<M, F>
where
    M: Mapper<Size4KiB> + Translate + Send,
    F: Send,
{
    fn cut(&self, size: usize) -> Result<(), TrackError> {
        self.with(|range, mapper, _| range.cut(mapper, size))
    }

    fn forget(&self, size: usize) -> Result<(), TrackError> {
        self.with(|range, mapper, zero_frame| range.forget(mapper, zero_frame, size))
    }

    fn take_due(&self, buffer: &mut [u8]) -> Result<Option<Range<usize>>, TrackError> {
        assert!(buffer.len() >= PAGE_SIZE, "no room for a page");
        self.with(|range, mapper, zero_frame| range.take(mapper, zero_frame, buffer))?
            .map_err(|_| TrackError::Overrun)
    }

    fn end(&self, end: CutEnd) {
        // Nothing is left to be ended in a range that is gone.
        let _ = self.with(|range, mapper, _| range.end(mapper, end == CutEnd::Kept));
    }
}

impl<M, F> Drop for BareTracker<M, F>
where
    M: Mapper<Size4KiB> + Translate,
{
    fn drop(&mut self) {
        let is_there = self.with(|range, mapper, zero_frame| range.stop(mapper, zero_frame));
        if is_there.is_ok() {
            self.memory.lock().tracked.remove(&self.start);
        }
    }
}

impl<M, F> Memory<M, F>
where
    M: Mapper<Size4KiB> + Translate,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
{
    /// The tracked range of a page, and what it works on.
    fn tracked_at(&mut self, page: Page) -> Option<(&mut TrackedRange, &mut M)> {
        let address = page.start_address().as_u64() as usize;
        let reservation = self.regions.reservation_at(address)?;
        Some((self.tracked.get_mut(&reservation)?, &mut self.mapper))
    }

    /// Lets a page that has a frame be written to, if tracking alone is why it may not.
    fn allow_write(&mut self, page: Page) -> bool {
        let zero_frame = self.zero_frame;
        self.tracked_at(page).is_some_and(|(range, mapper)| {
            range.before_write(mapper, zero_frame, page, Room::Any) == Write::Allowed
        })
    }

    /// Which pages of a range have a frame of their own.
    fn touched_pages(&self, range: Range<usize>) -> [bool; TOUCHED_CHUNK / PAGE_SIZE] {
        let mut is_touched = [false; TOUCHED_CHUNK / PAGE_SIZE];
        for (is_touched, page) in is_touched.iter_mut().zip(pages(range)) {
            let frame = self.mapper.translate_page(page).ok();
            *is_touched = frame.is_some() && frame != self.zero_frame;
        }
        is_touched
    }

    /// Gives a page a frame of its own; false if it has one, or none is left.
    fn back_for_writing(&mut self, page: Page) -> bool {
        match self.mapper.translate_page(page) {
            Ok(frame) if Some(frame) == self.zero_frame => {
                self.unmap(page);
            }
            Ok(_) => return false,
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

    /// Maps the frame of zeros, to be read; false if there is a frame, or none is left.
    fn back_for_reading(&mut self, page: Page) -> bool {
        if self.mapper.translate_page(page).is_ok() {
            return false;
        }
        let zero_frame = self.zero_frame;
        if let Some((range, mapper)) = self.tracked_at(page) {
            range.before_read(mapper, zero_frame, page);
        }
        match self.zero_frame {
            Some(frame) => self.map(page, frame, READ_ONLY),
            None => {
                // The first such page clears the frame that then serves all.
                let is_backed = self.back_for_writing(page);
                if is_backed {
                    self.zero_frame = self.mapper.translate_page(page).ok();
                    // SAFETY: the page was not there before, so nobody writes to it.
                    unsafe { self.set_flags(page, READ_ONLY) };
                }
                is_backed
            }
        }
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

    /// Changes the protection of a page, if it is there; else it is mapped when it is touched.
    ///
    /// # Safety
    ///
    /// Nothing relies on the old protection.
    unsafe fn protect(&mut self, page: Page, protection: Protection) {
        match self.mapper.translate_page(page) {
            Ok(frame) if Some(frame) == self.zero_frame => self.unmap(page),
            // SAFETY: the caller's.
            Ok(_) => unsafe { self.set_flags(page, page_flags(protection)) },
            Err(_) => {}
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

    /// Gives a page's frame back, if it has one of its own.
    ///
    /// # Safety
    ///
    /// Nothing uses the page.
    unsafe fn release(&mut self, page: Page) {
        let Ok(frame) = self.mapper.translate_page(page) else {
            return;
        };
        // An inaccessible page keeps its frame in an entry that is not present, which
        // `unmap` would not take.
        // SAFETY: nothing uses the page (caller).
        unsafe { self.set_flags(page, READ_ONLY) };
        self.unmap(page);
        if Some(frame) != self.zero_frame {
            // SAFETY: the frame was this page's alone.
            unsafe { self.frames.deallocate_frame(frame) };
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

fn address_range(start: *mut u8, size: usize) -> Range<usize> {
    let start = start.addr();
    start..start + size
}

fn pages(range: Range<usize>) -> impl Iterator<Item = Page> {
    range
        .step_by(PAGE_SIZE)
        .map(|address| Page::containing_address(VirtAddr::new(address as u64)))
}

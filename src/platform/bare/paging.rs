//! [`Platform`] on page tables.

#![expect(
    unsafe_code,
    reason = "maps pages, and implements the unsafe trait Platform"
)]

use super::regions::{Region, Regions};
use crate::abi::VmStoreContext;
use crate::abi::vmctx::TrapFrame;
use crate::platform::{PAGE_SIZE, Platform, PlatformError, Protection};
use crate::trap::{self, FaultAction};
use core::ops::Range;
use core::sync::atomic::{AtomicPtr, Ordering};
use spin::Mutex;
use x86_64::VirtAddr;
use x86_64::structures::paging::mapper::{CleanUp, MapToError, UnmapError};
use x86_64::structures::paging::{
    FrameAllocator, FrameDeallocator, Mapper, Page, PageTableFlags, Size4KiB,
};

/// The platform of a kernel that runs the engine in ring 0 of one processor.
///
/// `M` changes the active page tables, `F` gives and takes 4 KiB frames.
pub struct BarePlatform<M, F> {
    memory: Mutex<Memory<M, F>>,
    /// The activation of this, the only processor.
    activation: AtomicPtr<VmStoreContext>,
}

/// The lock's holder touches no lazily committed page, so a fault never finds
/// it taken, unless the kernel is at fault.
struct Memory<M, F> {
    mapper: M,
    frames: F,
    regions: Regions,
}

/// Page fault (Intel SDM volume 3A, section 6.15).
const VECTOR_PAGE_FAULT: u64 = 14;
/// Error code bit of a page fault: the page was there, the access was not allowed.
const PROTECTION_VIOLATION: u64 = 1;

impl<M, F> BarePlatform<M, F>
where
    M: Mapper<Size4KiB> + CleanUp + Send,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send,
{
    /// Makes the platform.
    ///
    /// # Panics
    ///
    /// Panics if `addresses` is not a range of whole pages.
    ///
    /// # Safety
    ///
    /// 1. `mapper` changes the page tables that are in use on this processor, and
    ///    CR0.WP and EFER.NXE are set.
    /// 2. `frames` gives each frame to one user at a time.
    /// 3. Nothing else maps or uses `addresses`, which are canonical.
    pub unsafe fn new(mapper: M, frames: F, addresses: Range<usize>) -> Self {
        Self {
            memory: Mutex::new(Memory {
                mapper,
                frames,
                regions: Regions::new(addresses),
            }),
            activation: AtomicPtr::new(core::ptr::null_mut()),
        }
    }

    /// The engine's part of an exception handler: maps a lazily committed page,
    /// or turns a guest's fault into a trap. On [`FaultAction::Handled`] the
    /// handler is to return with the registers of `frame`.
    pub fn handle_fault(&self, frame: &mut TrapFrame) -> FaultAction {
        let is_page_missing =
            frame.vector == VECTOR_PAGE_FAULT && frame.error_code & PROTECTION_VIOLATION == 0;
        if is_page_missing && self.back_page(frame.fault_address as usize) {
            return FaultAction::Handled;
        }
        trap::handle_fault(frame, self.activation())
    }

    /// The activation that runs now; null for none.
    pub fn activation(&self) -> *mut VmStoreContext {
        self.activation.load(Ordering::Relaxed)
    }

    /// Maps the page of a committed address; false if it is not committed, is not
    /// accessible, or no frame is left.
    fn back_page(&self, address: usize) -> bool {
        let Some(mut memory) = self.memory.try_lock() else {
            return false;
        };
        match memory.regions.protection_at(address) {
            None | Some(Protection::None) => false,
            Some(protection) => {
                let page = Page::containing_address(VirtAddr::new_truncate(address as u64));
                memory.map_zeroed(page, protection).is_ok()
            }
        }
    }
}

// SAFETY: `Regions` hands out disjoint ranges of addresses that are the platform's
// alone (`new`), pages get a frame of their own, zeroed before anybody can read
// it, and the flags of `page_flags`.
unsafe impl<M, F> Platform for BarePlatform<M, F>
where
    M: Mapper<Size4KiB> + CleanUp + Send,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send,
{
    fn reserve(&self, size: usize) -> Result<*mut u8, PlatformError> {
        let start = self.memory.lock().regions.reserve(size);
        start
            .map(core::ptr::with_exposed_provenance_mut)
            .ok_or(PlatformError::OutOfAddressSpace(size))
    }

    unsafe fn release(&self, start: *mut u8, size: usize) {
        let memory = &mut *self.memory.lock();
        let range = address_range(start, size);
        for (start, region) in memory.regions.release(range.clone()) {
            for page in pages(start..region.end) {
                // SAFETY: nothing uses the range any more (caller).
                unsafe { memory.unmap(page, region) };
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
    }

    unsafe fn commit(&self, start: *mut u8, size: usize) -> Result<(), PlatformError> {
        if size > 0 {
            let range = address_range(start, size);
            self.memory.lock().regions.commit(range);
        }
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
            // SAFETY: nothing relies on the old protection (caller). A page that is not
            // there yet gets its flags when it is touched.
            if let Ok(flush) = unsafe { memory.mapper.update_flags(page, page_flags(protection)) } {
                flush.flush();
            }
        }
    }

    fn swap_activation(&self, activation: *mut VmStoreContext) -> *mut VmStoreContext {
        self.activation.swap(activation, Ordering::Relaxed)
    }
}

impl<M, F> Memory<M, F>
where
    M: Mapper<Size4KiB>,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB>,
{
    fn map_zeroed(
        &mut self,
        page: Page,
        protection: Protection,
    ) -> Result<(), MapToError<Size4KiB>> {
        let frame = self
            .frames
            .allocate_frame()
            .ok_or(MapToError::FrameAllocationFailed)?;
        let writable = page_flags(Protection::ReadWrite);
        // SAFETY: the frame is this page's alone, and the page is one of ours.
        let mapped = unsafe {
            self.mapper.map_to_with_table_flags(
                page,
                frame,
                writable,
                TABLE_FLAGS,
                &mut self.frames,
            )
        };
        match mapped {
            Ok(flush) => flush.flush(),
            Err(error) => {
                // SAFETY: the frame has just been allocated and is not in use.
                unsafe { self.frames.deallocate_frame(frame) };
                return Err(error);
            }
        }
        let start: *mut u8 = page.start_address().as_mut_ptr();
        // SAFETY: the page is mapped and writable, and nobody has seen it.
        unsafe { start.write_bytes(0, PAGE_SIZE) };
        if protection != Protection::ReadWrite {
            // SAFETY: nobody relies on the protection of a page that has just been made.
            match unsafe { self.mapper.update_flags(page, page_flags(protection)) } {
                Ok(flush) => flush.flush(),
                Err(error) => panic!("{page:?} has just been mapped: {error:?}"),
            }
        }
        Ok(())
    }

    /// Unmaps a page of `region`, if it was ever touched.
    ///
    /// # Safety
    ///
    /// Nothing uses the page.
    unsafe fn unmap(&mut self, page: Page, region: Region) {
        if region.protection == Protection::None {
            // An inaccessible page keeps its frame in an entry that is not present, which
            // `unmap` would not take.
            // SAFETY: nothing uses the page (caller).
            match unsafe {
                self.mapper
                    .update_flags(page, page_flags(Protection::ReadWrite))
            } {
                Ok(flush) => flush.ignore(),
                Err(_) => return,
            }
        }
        match self.mapper.unmap(page) {
            Ok((frame, flush)) => {
                flush.flush();
                // SAFETY: the frame was this page's alone.
                unsafe { self.frames.deallocate_frame(frame) };
            }
            Err(UnmapError::PageNotMapped) => {}
            Err(error) => panic!("cannot unmap {page:?}: {error:?}"),
        }
    }
}

/// Flags of page tables above the last level: that one alone decides.
const TABLE_FLAGS: PageTableFlags = PageTableFlags::PRESENT.union(PageTableFlags::WRITABLE);

fn page_flags(protection: Protection) -> PageTableFlags {
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

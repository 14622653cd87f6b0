//! [`Platform`] on page tables.

#![expect(unsafe_code, reason = "implements the unsafe trait Platform")]

use super::lock::FaultLock;
use super::paging::{Access, Memory};
use super::processor::{self, OneProcessor, ProcessorError, Processors};
use super::tables::PageTables;
use super::tracker::BareTracker;
use crate::abi::VmStoreContext;
use crate::abi::vmctx::TrapFrame;
use crate::platform::tracking::Tracker;
use crate::platform::{PAGE_SIZE, Platform, PlatformError, Protection};
use crate::trap::{self, FaultAction};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ops::Range;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use x86_64::VirtAddr;
use x86_64::instructions::interrupts::without_interrupts;
use x86_64::structures::paging::{FrameAllocator, FrameDeallocator, Size4KiB};

/// The platform of a kernel that runs the engine in ring 0.
///
/// `M` changes the active page tables ([`PageTables`]), `F` gives and takes 4 KiB frames, `P` tells the
/// processors apart.
pub struct BarePlatform<M, F, P = OneProcessor> {
    shared: Arc<Shared<M, F, P>>,
    /// What runs on each processor.
    activations: Box<[Activation]>,
}

/// What a platform shares with its trackers.
pub(super) struct Shared<M, F, P> {
    memory: FaultLock<Memory<M, F>>,
    processors: P,
}

impl<M, F, P: Processors> Shared<M, F, P> {
    /// Runs `work` on the memory, with interrupts disabled.
    pub(super) fn locked<R>(&self, work: impl FnOnce(&mut Memory<M, F>) -> R) -> R {
        self.memory.with(|| self.processors.current(), work)
    }
}

/// What runs on a processor, in a cache line of its own.
#[repr(align(64))]
struct Activation(AtomicPtr<VmStoreContext>);

/// Why a platform could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// The processor cannot run guests, or not yet.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
    /// The address range is empty, does not consist of whole pages, or not of canonical addresses.
    #[error("{0:#x?} is not a range of pages that can be mapped")]
    Addresses(Range<usize>),
}

/// Page fault (Intel SDM volume 3A, section 6.15).
const VECTOR_PAGE_FAULT: u64 = 14;
/// Bytes of address space that are looked through or changed with interrupts disabled.
const CHUNK: usize = 512 * PAGE_SIZE;
/// Bytes that are copied to pages with interrupts disabled.
const SUPPLIED: usize = 16 * PAGE_SIZE;
/// Error code bits of a page fault: the page was there; the access was a write.
const IS_PRESENT: u64 = 1 << 0;
const IS_WRITE: u64 = 1 << 1;

impl<M, F> BarePlatform<M, F>
where
    M: PageTables + Send + 'static,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send + 'static,
{
    /// Makes the platform of a kernel that uses the engine on one processor. It takes at most
    /// `frame_budget` frames, page tables included, and promises no more than that: committing
    /// beyond it fails.
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    ///
    /// # Safety
    ///
    /// 1. In ring 0, and `mapper` changes the page tables that are in use, there and whenever
    ///    the engine or a guest runs. What it says of a frame that `frames` gave
    ///    ([`PageTables::frame_address`]) is so, as long as the platform is used.
    /// 2. `frames` gives each frame to one user at a time, and has `frame_budget` of them.
    ///    It is called in the page fault handler, with interrupts disabled: a lock in it is
    ///    never held by somebody who can be interrupted.
    /// 3. Nothing else maps or uses `addresses`.
    pub unsafe fn new(
        mapper: M,
        frames: F,
        frame_budget: usize,
        addresses: Range<usize>,
    ) -> Result<Self, SetupError> {
        // SAFETY: the caller's.
        unsafe { Self::with_processors(mapper, frames, frame_budget, addresses, OneProcessor) }
    }
}

impl<M, F, P> BarePlatform<M, F, P>
where
    M: PageTables + Send + 'static,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send + 'static,
    P: Processors + 'static,
{
    /// As [`BarePlatform::new`], for a kernel that uses the engine on several processors.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    pub unsafe fn with_processors(
        mapper: M,
        frames: F,
        frame_budget: usize,
        addresses: Range<usize>,
        processors: P,
    ) -> Result<Self, SetupError> {
        processor::check()?;
        if !is_page_range(&addresses) {
            return Err(SetupError::Addresses(addresses));
        }
        let count = processors.count();
        let memory = Memory::new(mapper, frames, frame_budget, addresses, count == 1);
        Ok(Self {
            shared: Arc::new(Shared {
                memory: FaultLock::new(memory),
                processors,
            }),
            activations: (0..count)
                .map(|_| Activation(AtomicPtr::new(null_mut())))
                .collect(),
        })
    }

    /// The engine's part of an exception handler: maps a lazily committed page,
    /// or turns a guest's fault into a trap. On [`FaultAction::Handled`] the
    /// handler is to return with the registers of `frame`. Called with interrupts disabled,
    /// on the processor that the exception happened on.
    pub fn handle_fault(&self, frame: &mut TrapFrame) -> FaultAction {
        if frame.vector == VECTOR_PAGE_FAULT {
            let access = Access {
                is_write: frame.error_code & IS_WRITE != 0,
                was_present: frame.error_code & IS_PRESENT != 0,
            };
            if self.back_page(frame.fault_address as usize, access) {
                return FaultAction::Handled;
            }
        }
        trap::handle_fault(frame, self.activation())
    }

    /// The activation that runs on this processor; null for none.
    pub fn activation(&self) -> *mut VmStoreContext {
        without_interrupts(|| self.slot().load(Ordering::Relaxed))
    }

    /// Runs `work` with the mapper and the frames that the platform was made with, for a kernel
    /// that has no others: to map pages of its own. Interrupts are disabled meanwhile, and no
    /// page of a guest may be touched that has not been touched before.
    pub fn with_mapper<R>(&self, work: impl FnOnce(&mut M, &mut F) -> R) -> R {
        self.locked(|memory| work(&mut memory.mapper, &mut memory.frames))
    }

    /// Maps the page of a committed address; false if the access is not allowed, or
    /// no frame is left.
    fn back_page(&self, address: usize, access: Access) -> bool {
        let processor = || self.shared.processors.current();
        self.shared
            .memory
            .try_with(processor, |memory| memory.back(address, access))
            // The fault is of whoever works on the page tables.
            .unwrap_or(false)
    }

    fn locked<R>(&self, work: impl FnOnce(&mut Memory<M, F>) -> R) -> R {
        self.shared.locked(work)
    }

    /// To be called with interrupts disabled: else it may be another's by the time it is used.
    fn slot(&self) -> &AtomicPtr<VmStoreContext> {
        &self.activations[self.shared.processors.current()].0
    }

    /// Gives the frames of pages back that nothing uses any more.
    fn release_pages(&self, range: Range<usize>) {
        let frames = self.locked(|memory| memory.unmap_pages(range.clone()));
        if !frames.is_empty() {
            self.shared.processors.flush_others(range);
            // Nobody has a translation to them any more.
            self.locked(|memory| memory.give_back(frames));
        }
    }

    /// Gives page tables back that have become empty.
    fn release_tables(&self, range: Range<usize>) {
        let frames = self.locked(|memory| memory.unlink_tables(range.clone()));
        if !frames.is_empty() {
            self.shared.processors.flush_others(range);
            self.locked(|memory| memory.give_back(frames));
        }
    }
}

// SAFETY: `Regions` hands out disjoint ranges of addresses that are the platform's
// alone (`new`), pages get a frame of their own, zeroed before anybody can read
// it, and the flags that their protection stands for.
unsafe impl<M, F, P> Platform for BarePlatform<M, F, P>
where
    M: PageTables + Send + 'static,
    F: FrameAllocator<Size4KiB> + FrameDeallocator<Size4KiB> + Send + 'static,
    P: Processors + 'static,
{
    fn reserve(&self, size: usize) -> Result<*mut u8, PlatformError> {
        let start = self.locked(|memory| memory.reserve(size))?;
        Ok(core::ptr::with_exposed_provenance_mut(start))
    }

    unsafe fn release(&self, start: *mut u8, size: usize) {
        let range = address_range(start, size);
        // The addresses stay reserved until all is done.
        let committed = self.locked(|memory| {
            memory.untrack(range.start);
            memory.regions.uncommit(range.clone())
        });
        for (start, region) in committed {
            for chunk in chunks(start..region.end) {
                self.release_pages(chunk);
            }
        }
        self.release_tables(range.clone());
        self.locked(|memory| memory.release(range));
    }

    unsafe fn commit(&self, start: *mut u8, size: usize) -> Result<(), PlatformError> {
        if size == 0 {
            return Ok(());
        }
        self.locked(|memory| memory.commit(address_range(start, size)))
    }

    unsafe fn protect(&self, start: *mut u8, size: usize, protection: Protection) {
        if size == 0 {
            return;
        }
        let range = address_range(start, size);
        self.locked(|memory| memory.regions.protect(range.clone(), protection));
        for chunk in chunks(range.clone()) {
            // SAFETY: nothing relies on the old protection (caller).
            self.locked(|memory| unsafe { memory.protect(chunk, protection) });
        }
        self.shared.processors.flush_others(range);
    }

    unsafe fn withhold(&self, start: *mut u8, size: usize) {
        let range = address_range(start, size);
        // Pages that were never touched have no entries that would have to change.
        self.locked(|memory| memory.regions.protect(range, Protection::None));
    }

    unsafe fn supply(&self, start: *mut u8, bytes: &[u8]) -> Result<(), PlatformError> {
        let range = address_range(start, bytes.len());
        for (range, bytes) in range.step_by(SUPPLIED).zip(bytes.chunks(SUPPLIED)) {
            self.locked(|memory| memory.supply(range..range + bytes.len(), bytes));
        }
        Ok(())
    }

    unsafe fn supply_zeros(&self, start: *mut u8, size: usize) -> Result<(), PlatformError> {
        // They are backed when they are touched.
        let range = address_range(start, size);
        self.locked(|memory| memory.regions.protect(range, Protection::ReadWrite));
        Ok(())
    }

    fn visit_touched(&self, start: *mut u8, size: usize, visit: &mut dyn FnMut(Range<usize>)) {
        let range = address_range(start, size);
        for chunk in chunks(range.clone()) {
            let offset = chunk.start - range.start;
            let is_touched: [bool; CHUNK / PAGE_SIZE] =
                self.locked(|memory| memory.touched_pages(chunk));
            // Without the lock: `visit` may touch pages.
            for (index, _) in is_touched.iter().enumerate().filter(|(_, is)| **is) {
                let offset = offset + index * PAGE_SIZE;
                visit(offset..offset + PAGE_SIZE);
            }
        }
    }

    /// On one processor only: Dirty bits may be set late by others that have cached them clear.
    unsafe fn track(
        &self,
        start: *mut u8,
        size: usize,
        spare_pages: usize,
    ) -> Option<Arc<dyn Tracker>> {
        if self.shared.processors.count() > 1 {
            return None;
        }
        let range = address_range(start, size);
        let id = self.locked(|memory| memory.track(&range, spare_pages));
        Some(Arc::new(BareTracker {
            shared: self.shared.clone(),
            start: range.start,
            id,
        }))
    }

    fn swap_activation(&self, activation: *mut VmStoreContext) -> *mut VmStoreContext {
        without_interrupts(|| self.slot().swap(activation, Ordering::Relaxed))
    }
}

fn address_range(start: *mut u8, size: usize) -> Range<usize> {
    let start = start.addr();
    start..start + size
}

/// The parts of a range that are worked on at once.
fn chunks(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    range
        .clone()
        .step_by(CHUNK)
        .map(move |start| start..range.end.min(start.saturating_add(CHUNK)))
}

/// Whether these are whole pages, all canonical addresses in one half.
fn is_page_range(range: &Range<usize>) -> bool {
    let is_canonical = |address: usize| VirtAddr::try_new(address as u64).is_ok();
    range.start < range.end
        && range.start.is_multiple_of(PAGE_SIZE)
        && range.end.is_multiple_of(PAGE_SIZE)
        && is_canonical(range.start)
        && is_canonical(range.end - 1)
        && range.start >> 47 == (range.end - 1) >> 47
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn only_pages_of_one_half_can_be_mapped() {
        assert!(is_page_range(&(0x1000..0x2000)));
        assert!(is_page_range(
            &(0xffff_8000_0000_0000..0xffff_9000_0000_0000)
        ));
        assert!(is_page_range(&(0x1000..1 << 47)));
        assert!(!is_page_range(&(0x1000..0x1000)));
        assert!(!is_page_range(&(0x1000..0x2800)));
        assert!(!is_page_range(&(0x1000..(1 << 47) + 0x1000)));
        assert!(!is_page_range(&(0x1000..0xffff_9000_0000_0000)));
    }

    #[test]
    fn chunks_cover_a_range_once() {
        let parts: Vec<_> = chunks(0x1000..0x1000 + 2 * CHUNK + PAGE_SIZE).collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[0], 0x1000..0x1000 + CHUNK);
        assert_eq!(parts[2].len(), PAGE_SIZE);
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
    }
}

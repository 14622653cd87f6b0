//! Frames, the heap, and the page tables.
//!
//! Both allocators are called by the engine with interrupts disabled, frames also in the page
//! fault handler. So their locks are never held by somebody who can be interrupted.

use core::alloc::{GlobalAlloc, Layout};
use core::ops::Range;
use core::ptr::NonNull;
use linked_list_allocator::Heap;
use spin::Mutex;
use x86_64::instructions::interrupts::without_interrupts;
use x86_64::registers::control::Cr3;
use x86_64::structures::paging::{
    FrameAllocator, FrameDeallocator, OffsetPageTable, PageTable, PhysFrame, Size4KiB,
};
use x86_64::{PhysAddr, VirtAddr};

/// All memory can be reached here: at its physical address plus this.
pub const DIRECT: u64 = 0xffff_8000_0000_0000;

const FRAME: u64 = 4096;
/// Frames that can be kept account of: 1 GiB.
const MAX_FRAMES: usize = 1 << 18;
const HEAP_SIZE: u64 = 32 << 20;

/// The kernel's frames: a bit for each that is taken.
struct Bitmap {
    first: u64,
    count: usize,
    taken: [u64; MAX_FRAMES / 64],
    /// Where to look first.
    next: usize,
}

static FRAMES: Mutex<Bitmap> = Mutex::new(Bitmap {
    first: 0,
    count: 0,
    taken: [0; MAX_FRAMES / 64],
    next: 0,
});

/// A handle to the kernel's frames.
pub struct Frames;

impl Frames {
    /// How many are free.
    pub fn free(&self) -> usize {
        without_interrupts(|| {
            let frames = FRAMES.lock();
            let taken: u32 = frames.taken.iter().map(|word| word.count_ones()).sum();
            frames.count - taken as usize
        })
    }
}

// SAFETY: a frame's bit is set while somebody has it.
unsafe impl FrameAllocator<Size4KiB> for Frames {
    fn allocate_frame(&mut self) -> Option<PhysFrame> {
        without_interrupts(|| {
            let frames = &mut *FRAMES.lock();
            let (count, next) = (frames.count, frames.next);
            let index = (next..count)
                .chain(0..next)
                .find(|index| frames.taken[index / 64] & 1 << (index % 64) == 0)?;
            frames.taken[index / 64] |= 1 << (index % 64);
            frames.next = index + 1;
            let address = PhysAddr::new(frames.first + index as u64 * FRAME);
            Some(PhysFrame::containing_address(address))
        })
    }
}

impl FrameDeallocator<Size4KiB> for Frames {
    unsafe fn deallocate_frame(&mut self, frame: PhysFrame) {
        without_interrupts(|| {
            let frames = &mut *FRAMES.lock();
            let index = ((frame.start_address().as_u64() - frames.first) / FRAME) as usize;
            frames.taken[index / 64] &= !(1 << (index % 64));
        });
    }
}

struct KernelHeap(Mutex<Heap>);

#[global_allocator]
static HEAP: KernelHeap = KernelHeap(Mutex::new(Heap::empty()));

// SAFETY: `Heap` gives each piece of its memory to one user at a time.
unsafe impl GlobalAlloc for KernelHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let piece = without_interrupts(|| self.0.lock().allocate_first_fit(layout));
        piece.map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        if let Some(start) = NonNull::new(start) {
            // SAFETY: it was allocated here with this layout (caller).
            without_interrupts(|| unsafe { self.0.lock().deallocate(start, layout) });
        }
    }
}

/// Makes heap and frames of a piece of memory.
///
/// # Safety
///
/// To be called once, with memory that nothing else uses.
pub unsafe fn init(memory: Range<u64>) {
    let heap = (DIRECT + memory.start) as usize;
    // SAFETY: the memory is nobody's else (caller), and mapped there.
    unsafe {
        HEAP.0.lock().init(
            core::ptr::with_exposed_provenance_mut(heap),
            HEAP_SIZE as usize,
        );
    }
    let mut frames = FRAMES.lock();
    frames.first = (memory.start + HEAP_SIZE).next_multiple_of(FRAME);
    let count = memory.end.saturating_sub(frames.first) / FRAME;
    frames.count = (count as usize).min(MAX_FRAMES);
}

/// The page tables that are in use.
///
/// # Safety
///
/// To be called once.
pub unsafe fn page_tables() -> OffsetPageTable<'static> {
    let (frame, _) = Cr3::read();
    let address = (DIRECT + frame.start_address().as_u64()) as usize;
    let level_4: *mut PageTable = core::ptr::with_exposed_provenance_mut(address);
    // SAFETY: the table lies there; the reference is the only one (caller).
    let level_4 = unsafe { &mut *level_4 };
    // The entry code's mapping of low addresses: nothing is there any more.
    level_4[0].set_unused();
    x86_64::instructions::tlb::flush_all();
    // SAFETY: all memory is mapped at this offset.
    unsafe { OffsetPageTable::new(level_4, VirtAddr::new(DIRECT)) }
}

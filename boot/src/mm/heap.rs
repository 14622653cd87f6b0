//! The kernel's heap.

#![expect(unsafe_code, reason = "implements GlobalAlloc")]

use core::alloc::{GlobalAlloc, Layout};
use core::ops::Range;
use core::ptr::NonNull;
use linked_list_allocator::Heap;
use spin::Mutex;

/// Interrupt handlers do not allocate, so the lock is never found taken by one.
struct KernelHeap(Mutex<Heap>);

#[global_allocator]
static HEAP: KernelHeap = KernelHeap(Mutex::new(Heap::empty()));

/// Gives the heap its memory.
///
/// # Safety
///
/// To be called once, with RAM that is mapped onto itself and that nothing else uses.
pub unsafe fn init(range: Range<u64>) {
    let start = core::ptr::with_exposed_provenance_mut(range.start as usize);
    // SAFETY: the caller's.
    unsafe {
        HEAP.0
            .lock()
            .init(start, (range.end - range.start) as usize)
    };
}

/// How many bytes the heap has, and how many of them are free, in whatever pieces. None: the heap
/// is being worked on.
pub(crate) fn sizes() -> Option<(usize, usize)> {
    let heap = HEAP.0.try_lock()?;
    Some((heap.size(), heap.free()))
}

// SAFETY: `Heap` gives each piece of its memory to one user at a time.
unsafe impl GlobalAlloc for KernelHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.0.lock().allocate_first_fit(layout) {
            Ok(start) => start.as_ptr(),
            Err(()) => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        if let Some(start) = NonNull::new(start) {
            // SAFETY: it was allocated here with this layout (caller).
            unsafe { self.0.lock().deallocate(start, layout) };
        }
    }
}

//! The kernel's heap.

#![expect(unsafe_code, reason = "gives memory to an allocator")]

use core::ops::Range;
use spin::Mutex;
use talc::TalcLock;
use talc::source::Manual;

/// Interrupt handlers do not allocate, so the lock is never found taken by one.
#[global_allocator]
static HEAP: TalcLock<Mutex<()>, Manual> = TalcLock::new(Manual);

/// Gives the heap its memory.
///
/// # Safety
///
/// To be called once, with RAM that is mapped onto itself and that nothing else uses.
///
/// # Panics
///
/// Panics if that is not enough for a heap at all.
pub unsafe fn init(range: Range<u64>) {
    let start = core::ptr::with_exposed_provenance_mut(range.start as usize);
    // SAFETY: the caller's.
    let claimed = unsafe { HEAP.lock().claim(start, (range.end - range.start) as usize) };
    assert!(claimed.is_some(), "{range:x?} is too small for a heap");
}

/// How many bytes the heap has, and how many of them are free, in whatever pieces. None: the heap
/// is being worked on.
pub(crate) fn sizes() -> Option<(usize, usize)> {
    let heap = HEAP.try_lock()?;
    let counters = heap.counters();
    Some((counters.claimed_bytes, counters.available_bytes))
}

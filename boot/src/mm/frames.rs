//! Physical frames of 4 KiB.
//!
//! Ranges of memory never used yet, and a list of frames given back, linked
//! through the frames themselves.

#![expect(unsafe_code, reason = "writes links into free frames")]

use core::ops::Range;
use spin::Mutex;
use x86_64::PhysAddr;
use x86_64::structures::paging::{FrameAllocator, FrameDeallocator, PhysFrame, Size4KiB};

/// A handle to the kernel's only frame allocator.
#[derive(Clone, Copy, Debug)]
pub struct Frames;

static FRAMES: Mutex<FrameList> = Mutex::new(FrameList {
    unused: [(0, 0); MAX_RANGES],
    free: 0,
    free_count: 0,
});

const MAX_RANGES: usize = 20;
const FRAME: u64 = 4096;

struct FrameList {
    /// Starts and ends; empty ranges are free places.
    unused: [(u64, u64); MAX_RANGES],
    /// The first frame given back, whose first word is the next one; 0 ends the list.
    free: u64,
    free_count: u64,
}

impl Frames {
    /// Adds memory.
    ///
    /// # Panics
    ///
    /// Panics if there are too many ranges, or the range is not of whole frames.
    ///
    /// # Safety
    ///
    /// The range is RAM that nothing else uses, mapped onto itself by the time a
    /// frame of it is given back.
    pub unsafe fn add(&self, range: Range<u64>) {
        assert!(range.start.is_multiple_of(FRAME) && range.end.is_multiple_of(FRAME));
        if range.is_empty() {
            return;
        }
        let mut list = FRAMES.lock();
        let place = list.unused.iter_mut().find(|(start, end)| start == end);
        *place.expect("too many ranges of memory") = (range.start, range.end);
    }

    /// How many bytes are free.
    pub fn free_bytes(&self) -> u64 {
        let list = FRAMES.lock();
        let unused: u64 = list.unused.iter().map(|(start, end)| end - start).sum();
        unused + list.free_count * FRAME
    }
}

impl FrameList {
    fn take(&mut self) -> Option<u64> {
        if self.free != 0 {
            let frame = self.free;
            // SAFETY: a frame in the list is nobody's, mapped onto itself, and has its link.
            self.free = unsafe { link(frame).read() };
            self.free_count -= 1;
            return Some(frame);
        }
        let (start, _) = self.unused.iter_mut().find(|(start, end)| start != end)?;
        let frame = *start;
        *start += FRAME;
        Some(frame)
    }
}

fn link(frame: u64) -> *mut u64 {
    core::ptr::with_exposed_provenance_mut(frame as usize)
}

// SAFETY: a frame is taken out of the ranges or the list when it is given.
unsafe impl FrameAllocator<Size4KiB> for Frames {
    fn allocate_frame(&mut self) -> Option<PhysFrame> {
        let frame = FRAMES.lock().take()?;
        Some(PhysFrame::containing_address(PhysAddr::new(frame)))
    }
}

impl FrameDeallocator<Size4KiB> for Frames {
    unsafe fn deallocate_frame(&mut self, frame: PhysFrame) {
        let frame = frame.start_address().as_u64();
        let mut list = FRAMES.lock();
        // SAFETY: the frame is unused (caller) and mapped onto itself.
        unsafe { link(frame).write(list.free) };
        list.free = frame;
        list.free_count += 1;
    }
}

//! Address ranges from the platform, and machine code in them.
//!
//! [`Reservation`] gives its range back when dropped. [`CodeMemory`] is
//! written once, then made executable for good: no page is ever writable and
//! executable, and none is written again.

#![expect(
    unsafe_code,
    reason = "commits, protects and writes raw pages of the platform"
)]

use crate::platform::tracking::Tracker;
use crate::platform::{PAGE_SIZE, Platform, PlatformError, Protection};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::ptr::NonNull;

/// An address range that belongs to one owner.
pub(crate) struct Reservation {
    platform: Arc<dyn Platform>,
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: the range belongs to the reservation alone, and the platform is Send and Sync.
unsafe impl Send for Reservation {}
// SAFETY: shared access only reads the range's bounds.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `size` bytes, rounded up to whole pages.
    pub(crate) fn new(platform: &Arc<dyn Platform>, size: usize) -> Result<Self, PlatformError> {
        let size = size
            .max(1)
            .checked_next_multiple_of(PAGE_SIZE)
            .ok_or(PlatformError::OutOfAddressSpace(size))?;
        let start = platform.reserve(size)?;
        let start = NonNull::new(start).ok_or(PlatformError::OutOfAddressSpace(size))?;
        Ok(Self {
            platform: platform.clone(),
            start,
            size,
        })
    }

    /// First address.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Whether an address lies in it.
    pub(crate) fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.start.as_ptr() as u64) < self.size as u64
    }

    /// Backs `size` bytes at `offset` with zeroed memory. The range must not have been
    /// committed before.
    ///
    /// # Panics
    ///
    /// Panics if the range is not within the reservation or not of whole pages.
    pub(crate) fn commit(&self, offset: usize, size: usize) -> Result<(), PlatformError> {
        if size == 0 {
            return Ok(());
        }
        let start = self.page_range(offset, size);
        // SAFETY: the range was checked to lie within this reservation.
        unsafe { self.platform.commit(start, size) }
    }

    /// Takes the first `size` bytes, which are committed and which nobody has touched, out of use
    /// until [`Self::supply`] says what they hold.
    pub(crate) fn withhold(&self, size: usize) {
        if size > 0 {
            let start = self.page_range(0, size);
            // SAFETY: the range was checked to lie within this reservation; the rest is what
            // callers keep to.
            unsafe { self.platform.withhold(start, size) };
        }
    }

    /// Puts bytes into pages that have been withheld, and not been supplied since. After an error
    /// they still are.
    pub(crate) fn supply(&self, offset: usize, bytes: &[u8]) -> Result<(), PlatformError> {
        let start = self.page_range(offset, bytes.len());
        // SAFETY: as above.
        unsafe { self.platform.supply(start, bytes) }
    }

    /// Puts zeros into pages as [`Self::supply`] does.
    pub(crate) fn supply_zeros(&self, offset: usize, size: usize) -> Result<(), PlatformError> {
        let start = self.page_range(offset, size);
        // SAFETY: as above.
        unsafe { self.platform.supply_zeros(start, size) }
    }

    /// The ranges of the first `size` bytes, which are committed, that may hold something
    /// else than zeros, in ascending order.
    pub(crate) fn touched(&self, size: usize) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let start = self.page_range(0, size);
        self.platform
            .visit_touched(start, size, &mut |range| match ranges.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => ranges.push(range),
            });
        ranges
    }

    /// Begins to track writes to it, which must not be done twice; None: the platform cannot.
    /// Only for data.
    pub(crate) fn track(&self, spare_pages: usize) -> Option<Arc<dyn Tracker>> {
        let start = self.start.as_ptr();
        // SAFETY: the range is that of our `reserve`; the rest is what callers keep to.
        unsafe { self.platform.track(start, self.size, spare_pages) }
    }

    fn page_range(&self, offset: usize, size: usize) -> *mut u8 {
        assert!(offset.is_multiple_of(PAGE_SIZE) && size.is_multiple_of(PAGE_SIZE));
        assert!(offset <= self.size && size <= self.size - offset);
        self.start.as_ptr().wrapping_add(offset)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range is that of our `reserve`, and its one owner is being dropped.
        unsafe { self.platform.release(self.start.as_ptr(), self.size) }
    }
}

/// Executable machine code.
pub(crate) struct CodeMemory {
    reservation: Reservation,
    len: usize,
}

impl CodeMemory {
    /// Copies `code` to fresh pages and makes them executable.
    pub(crate) fn new(platform: &Arc<dyn Platform>, code: &[u8]) -> Result<Self, PlatformError> {
        let reservation = Reservation::new(platform, code.len())?;
        reservation.commit(0, reservation.size())?;
        let start = reservation.start().as_ptr();
        // SAFETY: the pages are committed, at least as long as the code, and
        // nobody else has their address yet.
        unsafe { core::ptr::copy_nonoverlapping(code.as_ptr(), start, code.len()) };
        // SAFETY: the range is committed, and nothing but the copy above used it.
        unsafe { platform.protect(start, reservation.size(), Protection::ReadExecute) };
        Ok(Self {
            reservation,
            len: code.len(),
        })
    }

    /// Address of the first byte.
    pub(crate) fn base(&self) -> *const u8 {
        self.reservation.start().as_ptr()
    }

    /// The code.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the pages are committed, readable and written by nobody any more.
        unsafe { core::slice::from_raw_parts(self.base(), self.len) }
    }
}

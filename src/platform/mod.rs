//! What an embedder gives the engine: address space, pages, and the identity
//! of the running activation.
//!
//! [`Platform`] knows nothing of wasm. The implementation for bare metal is in
//! [`bare`]; the Linux one lives in the command-line host.

#![expect(
    unsafe_code,
    reason = "the trait's methods hand out and take back raw memory"
)]

#[cfg(feature = "bare")]
pub mod bare;
pub mod tracking;

use crate::abi::VmStoreContext;
use alloc::sync::Arc;
use core::ops::Range;
use tracking::Tracker;

/// What pages may be used for. There is no writable and executable page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// No access: a touch faults.
    None,
    /// Data.
    ReadWrite,
    /// Code.
    ReadExecute,
}

/// Why the platform could not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// No address range of that size is left.
    #[error("out of address space: {0} bytes wanted")]
    OutOfAddressSpace(usize),
    /// No physical memory is left.
    #[error("out of memory: {0} bytes wanted")]
    OutOfMemory(usize),
}

/// Memory and activation services. Sizes and addresses are multiples of
/// [`PAGE_SIZE`].
///
/// # Safety
///
/// The engine puts machine code, stacks and guest memory where `reserve` says.
/// An implementation must return ranges that overlap nothing else, give them
/// the protections asked for, and fill newly committed pages with zeros.
pub unsafe trait Platform: Send + Sync {
    /// Reserves an address range of `size` bytes. A touch faults until pages are committed.
    ///
    /// # Errors
    ///
    /// [`PlatformError::OutOfAddressSpace`].
    fn reserve(&self, size: usize) -> Result<*mut u8, PlatformError>;

    /// Gives a reserved range back, with all its pages.
    ///
    /// # Safety
    ///
    /// `start` and `size` are those of one `reserve`, and nothing uses the range any more.
    unsafe fn release(&self, start: *mut u8, size: usize);

    /// Backs pages of a reserved range with zeroed memory, readable and
    /// writable. The range must not have been committed before. May be lazy.
    ///
    /// # Errors
    ///
    /// [`PlatformError::OutOfMemory`]; the range is then as it was.
    ///
    /// # Safety
    ///
    /// The range lies within one reservation.
    unsafe fn commit(&self, start: *mut u8, size: usize) -> Result<(), PlatformError>;

    /// Changes the protection of committed pages.
    ///
    /// # Safety
    ///
    /// The range is committed, and nothing relies on its old protection.
    unsafe fn protect(&self, start: *mut u8, size: usize, protection: Protection);

    /// Takes committed pages that were never touched out of use, until [`Self::supply`] says what
    /// they hold: a touch faults. Tracking, if it has begun, takes them as not written to.
    ///
    /// # Safety
    ///
    /// The range is committed and was never touched. If it is being tracked, all pages in front
    /// of it have been withheld, too, or have been part of a cut.
    unsafe fn withhold(&self, start: *mut u8, size: usize) {
        // SAFETY: nothing relies on the protection of pages that nobody has touched.
        unsafe { self.protect(start, size, Protection::None) };
    }

    /// Puts `bytes` into withheld pages, which are in use from then on: readable and writable, and
    /// to a tracker not written to.
    ///
    /// # Errors
    ///
    /// [`PlatformError::OutOfMemory`]; the pages are still withheld then.
    ///
    /// # Safety
    ///
    /// `bytes` are whole pages; those from `start` on have been withheld, and not been supplied
    /// since.
    unsafe fn supply(&self, start: *mut u8, bytes: &[u8]) -> Result<(), PlatformError> {
        // SAFETY: nobody but who supplies them uses withheld pages.
        unsafe { self.protect(start, bytes.len(), Protection::ReadWrite) };
        // SAFETY: the pages are as many as the bytes, writable now, and nobody else's yet.
        unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(())
    }

    /// As [`Self::supply`], for `size` bytes that are zeros, as committed pages are until they are
    /// touched: takes hardly longer for many than for few.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn supply_zeros(&self, start: *mut u8, size: usize) -> Result<(), PlatformError> {
        // SAFETY: nobody but who supplies them uses withheld pages.
        unsafe { self.protect(start, size, Protection::ReadWrite) };
        Ok(())
    }

    /// Calls `visit` with the runs of pages of a committed range that may hold something
    /// else than zeros, in ascending order, as offsets in bytes. A platform that backs
    /// pages lazily knows which were never touched; it makes images of large memories cheap.
    fn visit_touched(&self, start: *mut u8, size: usize, visit: &mut dyn FnMut(Range<usize>)) {
        let _ = start;
        visit(0..size);
    }

    /// Begins to track writes to a reserved range, of which any part may be committed,
    /// now or later. At most `spare_pages` pages are kept for writers that can wait. Tracking ends
    /// when the tracker is dropped, or the range is released. None: this platform cannot.
    ///
    /// # Safety
    ///
    /// The range is that of one `reserve`, holds data only, and is not being tracked.
    unsafe fn track(
        &self,
        start: *mut u8,
        size: usize,
        spare_pages: usize,
    ) -> Option<Arc<dyn Tracker>> {
        let _ = (start, size, spare_pages);
        None
    }

    /// Makes `activation` the one whose wasm code runs on this CPU (thread)
    /// and returns the one before; null for none. Trap handlers pass the current
    /// one to [`crate::trap::handle_fault`].
    fn swap_activation(&self, activation: *mut VmStoreContext) -> *mut VmStoreContext;
}

/// The page size that [`Platform`] works in, in bytes.
pub const PAGE_SIZE: usize = 4096;

/// Whether all bytes are zero. Works in words: kernels have no SSE.
pub fn is_zero(bytes: &[u8]) -> bool {
    let (lines, rest) = bytes.as_chunks::<64>();
    let is_zero_line = |line: &[u8; 64]| {
        let words = line.as_chunks::<8>().0.iter();
        words.fold(0, |bits, word| bits | u64::from_ne_bytes(*word)) == 0
    };
    lines.iter().all(is_zero_line) && rest.iter().all(|&byte| byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_anywhere_is_not_zero() {
        for len in 0..200 {
            let mut bytes = alloc::vec![0; len];
            assert!(is_zero(&bytes));
            for at in 0..len {
                bytes[at] = 1 << (at % 8);
                assert!(!is_zero(&bytes), "byte {at} of {len}");
                bytes[at] = 0;
            }
        }
    }
}

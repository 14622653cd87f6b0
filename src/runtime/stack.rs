//! The stack that wasm code runs on.
//!
//! ```text
//! start                guard, never committed          limits::STACK_GUARD
//! start + guard        reserve for leaves and thunks   limits::STACK_RESERVE
//! limit                the lowest RSP at which a function may begin
//! ...
//! top                  the first entry's arguments and frames lie below
//! ```

#![expect(unsafe_code, reason = "makes slices of the stack's pages")]

use super::code_memory::Reservation;
use crate::limits::{STACK_GUARD, STACK_RESERVE};
use crate::platform::{PAGE_SIZE, Platform, PlatformError};
use alloc::sync::Arc;

/// A wasm stack with its guard.
pub(crate) struct WasmStack {
    reservation: Reservation,
}

impl WasmStack {
    /// Reserves and commits a stack of `size` bytes, guard not included.
    pub(crate) fn new(platform: &Arc<dyn Platform>, size: u64) -> Result<Self, PlatformError> {
        let size = size
            .max(2 * STACK_RESERVE)
            .checked_next_multiple_of(PAGE_SIZE as u64)
            .filter(|&size| size < 1 << 40)
            .ok_or(PlatformError::OutOfAddressSpace(usize::MAX))?;
        let reservation = Reservation::new(platform, (size + STACK_GUARD) as usize)?;
        reservation.commit(STACK_GUARD as usize, size as usize)?;
        Ok(Self { reservation })
    }

    /// The address behind its last byte.
    pub(crate) fn top(&self) -> u64 {
        self.start() + self.reservation.size() as u64
    }

    /// The lowest RSP at which a function may begin.
    pub(crate) fn limit(&self) -> u64 {
        self.start() + STACK_GUARD + STACK_RESERVE
    }

    /// The address of its first word, behind the guard.
    pub(crate) fn base(&self) -> u64 {
        self.start() + STACK_GUARD
    }

    /// Its words, guard not included.
    pub(crate) fn words(&self) -> &[u64] {
        // SAFETY: the pages behind the guard are committed, and machine code, which
        // writes to them, does not run while the store is borrowed.
        unsafe { core::slice::from_raw_parts(self.base() as *const u64, self.len()) }
    }

    /// Its words, to change.
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        // SAFETY: as for `words`; the stack is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.base() as *mut u64, self.len()) }
    }

    /// How many words it has.
    fn len(&self) -> usize {
        (self.top() - self.base()) as usize / 8
    }

    /// Whether an address lies in the stack or its guard.
    pub(crate) fn contains(&self, address: u64) -> bool {
        self.reservation.contains(address)
    }

    fn start(&self) -> u64 {
        self.reservation.start().as_ptr() as u64
    }
}

//! The pages of a checkpoint that is resumed while they are still on the disk.

#![expect(
    unsafe_code,
    reason = "a store's source of pages can be sent elsewhere"
)]

use crate::drivers::VirtioDisk;
use alloc::rc::Rc;
use core::cell::RefCell;
use woodfrog::checkpoint::{CheckpointStore, Generation, PAGE};
use woodfrog::runtime::{HostError, PageSource};

/// The disk, for whoever writes checkpoints and whoever reads pages.
pub(crate) type SharedStore = Rc<RefCell<CheckpointStore<VirtioDisk>>>;

/// The pages of a generation, which stays on the disk for as long as this exists.
///
/// The program needs them in mid-run, so it must not run while the disk is in use.
pub struct StoredPages {
    disk: SharedStore,
    generation: Generation,
}

// SAFETY: the kernel has one processor and one thread, and no interrupt handler has a store.
unsafe impl Send for StoredPages {}

impl StoredPages {
    pub(crate) fn new(disk: SharedStore, generation: Generation) -> Self {
        Self { disk, generation }
    }
}

impl PageSource for StoredPages {
    fn read(&mut self, memory: u32, address: u64, buffer: &mut [u8]) -> Result<(), HostError> {
        let mut disk = self.disk.borrow_mut();
        let first = address / PAGE as u64;
        disk.read_pages(&mut self.generation, memory, first, buffer)
            .map_err(HostError::new)
    }

    fn zeros(&mut self, memory: u32, address: u64, size: u64) -> Result<u64, HostError> {
        let (first, most) = (address / PAGE as u64, size / PAGE as u64);
        let mut disk = self.disk.borrow_mut();
        let pages = disk.zero_pages(&mut self.generation, memory, first, most);
        pages
            .map(|pages| pages * PAGE as u64)
            .map_err(HostError::new)
    }
}

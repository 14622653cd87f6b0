//! What the processor does beside using the disk.

use super::{MAX_HALT_NS, VirtioDisk};
use crate::arch::timer;
use alloc::rc::Rc;
use core::cell::RefCell;
use virtio_drivers::transport::Transport;

/// Something that can run while the disk is in use.
pub trait Meanwhile {
    /// Runs until a device interrupts, for at most so many nanoseconds, but not at all if
    /// `is_over` already. False: there is nothing to run.
    fn run(&mut self, max_ns: u64, is_over: &dyn Fn() -> bool) -> bool;

    /// Runs for a while, unless it did a moment ago.
    fn take_turn(&mut self);
}

/// How long to run something at most while a device works that does not interrupt.
const UNINTERRUPTED_NS: u64 = 200_000;

impl<T: Transport> VirtioDisk<T> {
    /// Runs something whenever the disk is waited for, instead of halting, and between the parts of long
    /// computations that concern it; None: nothing. It must not use the disk, which is in use then.
    pub fn set_meanwhile(&mut self, meanwhile: Option<Rc<RefCell<dyn Meanwhile>>>) {
        self.meanwhile = meanwhile;
    }

    /// Runs something until the device has completed something, or for a while; false if there is
    /// nothing to run.
    pub(super) fn run_meanwhile(&self) -> bool {
        // Who waits may be what could run.
        let Some(Ok(mut meanwhile)) = self.meanwhile.as_ref().map(|it| it.try_borrow_mut()) else {
            return false;
        };
        let max_ns = match self.interrupt_count() {
            Some(_) => MAX_HALT_NS,
            None => UNINTERRUPTED_NS,
        };
        meanwhile.run(max_ns, &|| self.ring.has_completed())
    }

    /// Halts until the device has completed something, or for a while.
    pub(super) fn halt(&mut self) {
        timer::halt(MAX_HALT_NS, || {
            self.acknowledge();
            self.ring.has_completed()
        });
    }
}

//! Interrupts of devices: counted, and passed on to whoever waits for one.
//!
//! An interrupt says no more than that a device has done something: what, its driver finds in the
//! device's memory when it comes to it. So the handler touches no device and no driver.

use super::timer;
use alloc::boxed::Box;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};
use spin::Mutex;
use x86_64::instructions::interrupts;

/// Vectors for devices: one for each pin of an I/O APIC, and one for messages.
pub(crate) const VECTORS: Range<u8> = 33..58;
/// The vector of a device that sends messages.
pub(crate) const MESSAGE_VECTOR: u8 = VECTORS.end - 1;
/// How many vectors are for pins: pin n has vector `VECTORS.start + n`.
pub(crate) const PINS: u8 = MESSAGE_VECTOR - VECTORS.start;

/// What an interrupt of a device calls: it must not allocate, lock or take long.
pub type Waker = Box<dyn Fn() + Send>;

static COUNTS: [AtomicU64; VECTORS.end as usize - VECTORS.start as usize] =
    [const { AtomicU64::new(0) }; VECTORS.end as usize - VECTORS.start as usize];
static WAKER: Mutex<Option<Waker>> = Mutex::new(None);

/// Calls `waker` in each interrupt of a device: such as one that asks a guest to suspend,
/// so that the device gets its next work. Replaces the one before; None for none.
pub fn set_waker(waker: Option<Waker>) {
    // The old one is dropped after interrupts are enabled again.
    let _old = interrupts::without_interrupts(|| core::mem::replace(&mut *WAKER.lock(), waker));
}

/// How many interrupts there were of a vector for devices since boot.
pub(crate) fn count(vector: u8) -> u64 {
    COUNTS[usize::from(vector - VECTORS.start)].load(Ordering::Relaxed)
}

/// The interrupt.
pub(crate) fn handle(vector: u8) {
    COUNTS[usize::from(vector - VECTORS.start)].fetch_add(1, Ordering::Relaxed);
    // Whoever else takes the lock has interrupts disabled.
    if let Some(waker) = WAKER.lock().as_ref() {
        waker();
    }
    timer::end_interrupt();
}

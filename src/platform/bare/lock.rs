//! A lock that a page fault handler can take.
//!
//! Its holder has interrupts disabled, so whoever waits for it waits for another processor,
//! which goes on: no thread that was preempted holds it. If a fault finds it held by its own
//! processor, the fault is the holder's, and waiting would be for ever.

use core::sync::atomic::{AtomicUsize, Ordering};
use spin::Mutex;
use x86_64::instructions::interrupts::without_interrupts;

pub(super) struct FaultLock<T> {
    value: Mutex<T>,
    /// One more than the number of the processor that holds it; 0 for none.
    holder: AtomicUsize,
}

impl<T> FaultLock<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            holder: AtomicUsize::new(0),
        }
    }

    /// Runs `work` with the value. `processor` tells which processor this is, with
    /// interrupts disabled.
    ///
    /// # Panics
    ///
    /// Panics if this processor has the lock already.
    pub(super) fn with<R>(
        &self,
        processor: impl FnOnce() -> usize,
        work: impl FnOnce(&mut T) -> R,
    ) -> R {
        self.try_with(processor, work)
            .expect("the platform is used by whoever works for it")
    }

    /// As [`Self::with`], but does nothing and returns None if this processor has the lock.
    pub(super) fn try_with<R>(
        &self,
        processor: impl FnOnce() -> usize,
        work: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        without_interrupts(|| {
            let holder = processor() + 1;
            // Only this processor writes its own number, so the answer is not out of date.
            if self.holder.load(Ordering::Relaxed) == holder {
                return None;
            }
            let mut value = self.value.lock();
            self.holder.store(holder, Ordering::Relaxed);
            let result = work(&mut value);
            self.holder.store(0, Ordering::Relaxed);
            Some(result)
        })
    }
}

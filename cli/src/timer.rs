//! Stores that are to stop after a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use woodfrog::runtime::InterruptHandle;

/// Asks a store to suspend after a while; the store may change until then.
pub struct Timer {
    shared: Arc<TimerShared>,
}

struct TimerShared {
    has_expired: AtomicBool,
    handle: Mutex<InterruptHandle>,
}

impl Timer {
    /// Starts one for the store of this handle.
    pub fn start(delay: Duration, handle: InterruptHandle) -> Self {
        let shared = Arc::new(TimerShared {
            has_expired: AtomicBool::new(false),
            handle: Mutex::new(handle),
        });
        let timer = Self {
            shared: shared.clone(),
        };
        // The thread ends with the process, which does not wait for it.
        thread::spawn(move || {
            thread::sleep(delay);
            let handle = shared.handle();
            shared.has_expired.store(true, Ordering::Release);
            handle.request_suspend();
        });
        timer
    }

    /// Whether the time is over.
    pub fn has_expired(&self) -> bool {
        self.shared.has_expired.load(Ordering::Acquire)
    }

    /// Watches another store from here on.
    pub fn watch(&self, handle: InterruptHandle) {
        let mut watched = self.shared.handle();
        if self.has_expired() {
            handle.request_suspend();
        }
        *watched = handle;
    }
}

impl TimerShared {
    fn handle(&self) -> MutexGuard<'_, InterruptHandle> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

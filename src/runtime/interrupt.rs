//! Asks a store to suspend, from anywhere.

use super::vmctx::ContextList;
use alloc::sync::Arc;

/// Asks a store to suspend at its next suspend point.
///
/// Outlives the store: a request then does nothing. Dropping the last handle of a
/// dropped store frees memory, so an interrupt handler should borrow a handle,
/// not own one.
#[derive(Clone)]
pub struct InterruptHandle {
    pub(super) contexts: Arc<ContextList>,
}

impl InterruptHandle {
    /// Makes the store suspend at the next suspend point it passes, or, if
    /// it is not running now, soon after the next call begins. Lock-free and
    /// allocation-free: may be called by signal and interrupt handlers.
    pub fn request_suspend(&self) {
        self.contexts.request();
    }

    /// Whether [`Self::request_suspend`] was called and not obeyed yet.
    pub fn is_requested(&self) -> bool {
        self.contexts.is_asked()
    }

    /// Takes a request back that has not been obeyed yet. Deadlines and budgets stay.
    pub fn cancel(&self) {
        self.contexts.withdraw();
    }

    /// Says what time it is, by the clock that [`Store::set_deadline`](super::Store::set_deadline)
    /// goes by: once the deadline is reached, the store is suspended at the next suspend point.
    /// To be called by whatever comes regularly, such as a timer's interrupt: how often
    /// says how late a suspension may be. Lock-free and allocation-free, and one load and a
    /// comparison while the deadline is not reached.
    pub fn tick(&self, now_ns: u64) {
        self.contexts.tick(now_ns);
    }
}

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

    /// Whether a request has been made that was not obeyed yet.
    pub fn is_requested(&self) -> bool {
        self.contexts.is_requested()
    }

    /// Takes a request back that has not been obeyed yet.
    pub fn cancel(&self) {
        self.contexts.take_request();
    }
}

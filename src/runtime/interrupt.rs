//! Asks a store to suspend, from anywhere.

/// Asks a store to suspend at its next suspend point.
///
/// Outlives the store: a request then does nothing.
#[derive(Clone)]
pub struct InterruptHandle {}

impl InterruptHandle {
    /// Makes the store suspend at the next suspend point it passes, or, if
    /// it is not running now, soon after the next call begins. Lock-free and
    /// allocation-free: may be called by signal and interrupt handlers.
    pub fn request_suspend(&self) {
        todo!()
    }

    /// Takes a request back that has not been obeyed yet. Not for interrupt
    /// handlers that may interrupt themselves.
    pub fn cancel(&self) {
        todo!()
    }
}

//! The store: all that a running program consists of.

use super::{CallError, Engine, Instance, InterruptHandle, Outcome};
use core::num::NonZeroU64;
use core::ptr::NonNull;

/// Owns functions, tables, memories, globals, instances and one wasm stack,
/// beside the embedder's `data`.
pub struct Store<T> {
    pub(super) inner: NonNull<StoreInner<T>>,
}

pub(super) struct StoreInner<T> {
    data: T,
}

impl<T: 'static> Store<T> {
    /// Makes an empty store. Its stack is reserved with the first call.
    pub fn new(_engine: &Engine, _data: T) -> Self {
        todo!()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        todo!()
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        todo!()
    }

    /// The embedder's data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        todo!()
    }

    /// Drops the store but its data.
    pub fn into_data(self) -> T {
        todo!()
    }

    /// A handle by which interrupts, signal handlers and other threads ask
    /// the store to suspend.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        todo!()
    }

    /// Suspends the store at every `n`th suspend point it passes: polls of
    /// loops and function headers, and returns of host calls. None: only
    /// when an [`InterruptHandle`] asks for it. Sets the count back to zero.
    pub fn set_freeze_every(&mut self, _n: Option<NonZeroU64>) {
        todo!()
    }

    /// Whether the store is suspended.
    pub fn is_suspended(&self) -> bool {
        todo!()
    }

    /// Goes on where the store was suspended. The results are those of the
    /// call that was suspended.
    ///
    /// # Errors
    ///
    /// As for [`Func::call`](super::Func::call); [`CallError::NotSuspended`].
    pub fn resume(&mut self) -> Result<Outcome, CallError> {
        todo!()
    }

    /// The store's instances, in the order of their making.
    pub fn instances(&self) -> impl Iterator<Item = Instance> + '_ {
        core::iter::empty()
    }
}

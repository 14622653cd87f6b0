//! The store: all that a running program consists of.

#![expect(unsafe_code, reason = "owns what machine code holds the address of")]

use super::context::{AsContext, AsContextMut};
use super::debug::DebugHandler;
use super::host_func::HostClosure;
use super::limiter::FindLimiter;
use super::store_core::StoreCore;
use super::{Backtrace, CallError, Engine, Instance, InterruptHandle, Outcome};
use super::{activation, backtrace, debug, host_call, limiter};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::num::NonZeroU64;
use core::ptr::NonNull;

/// Owns functions, tables, memories, globals, instances and one wasm stack,
/// beside the embedder's `data`.
pub struct Store<T> {
    pub(super) inner: NonNull<StoreInner<T>>,
    owns: PhantomData<StoreInner<T>>,
}

/// What a store owns, at an address that never changes. The core comes first,
/// so that a pointer to it is one to the whole.
#[repr(C)]
pub(super) struct StoreInner<T> {
    pub(super) core: StoreCore,
    /// By index of the core's `host_funcs`.
    pub(super) closures: Vec<HostClosure<T>>,
    pub(super) debug_handler: Option<DebugHandler<T>>,
    pub(super) find_limiter: Option<Box<FindLimiter<T>>>,
    pub(super) data: T,
}

// SAFETY: a store owns all it points to; code and platform, which it shares, are Send and
// Sync, and so are host closures.
unsafe impl<T: Send> Send for Store<T> {}

impl<T: 'static> Store<T> {
    /// Makes an empty store. Its stack is reserved with the first call.
    pub fn new(engine: &Engine, data: T) -> Self {
        let inner = Box::new(StoreInner {
            core: StoreCore::new(
                engine,
                host_call::dispatch::<T>,
                debug::dispatch::<T>,
                limiter::dispatch::<T>,
            ),
            closures: Vec::new(),
            debug_handler: None,
            find_limiter: None,
            data,
        });
        let inner = NonNull::from(Box::leak(inner));
        activation::attach(inner.cast());
        Self {
            inner,
            owns: PhantomData,
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.as_context().into_core().engine
    }

    /// The embedder's data.
    pub fn data(&self) -> &T {
        self.as_context().into_data()
    }

    /// The embedder's data, to change.
    pub fn data_mut(&mut self) -> &mut T {
        self.as_context_mut().into_data_mut()
    }

    /// Drops the store but its data.
    pub fn into_data(self) -> T {
        let inner = self.inner;
        core::mem::forget(self);
        // SAFETY: the pointer came from a box in `new`, and its one owner was just forgotten.
        unsafe { Box::from_raw(inner.as_ptr()) }.data
    }

    /// A handle by which interrupts, signal handlers and other threads ask
    /// the store to suspend.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle {
            contexts: self.as_context().core().contexts.clone(),
        }
    }

    /// Suspends the store at every `n`th suspend point it passes: polls of
    /// loops and function headers, returns of host calls, and chunks of bulk
    /// operations. None: only for other [reasons](super::SuspendReason). Sets
    /// the count back to zero.
    pub fn set_freeze_every(&mut self, n: Option<NonZeroU64>) {
        let mut context = self.as_context_mut();
        let core = context.core_mut();
        core.freeze_every = n;
        core.passed = 0;
        core.contexts.forget_count();
        core.settle_counting();
    }

    /// The wasm frames of the suspended store, innermost first; none if it is idle.
    pub fn backtrace(&self) -> Backtrace {
        backtrace::of_waiting_store(self.as_context().into_core())
    }

    /// How many suspend points it has passed since [`Self::set_freeze_every`] was called
    /// or it was suspended last. They are counted only while that is set, if to a number
    /// that is never reached.
    pub fn points_passed(&self) -> u64 {
        self.as_context().core().passed
    }

    /// Whether the store is suspended.
    pub fn is_suspended(&self) -> bool {
        self.as_context().core().execution.is_suspended()
    }

    /// Goes on where the store was suspended. The results are those of the
    /// call that was suspended.
    ///
    /// # Errors
    ///
    /// As for [`Func::call`](super::Func::call); [`CallError::NotSuspended`].
    pub fn resume(&mut self) -> Result<Outcome, CallError> {
        activation::resume(self.inner.cast())
    }

    /// The store's instances, in the order of their making.
    pub fn instances(&self) -> impl Iterator<Item = Instance> + '_ {
        let core = self.as_context().into_core();
        let store = core.id;
        (0..core.instances.len() as u32).map(move |index| Instance { store, index })
    }
}

impl<T> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box in `new`, and this is its one owner.
        drop(unsafe { Box::from_raw(self.inner.as_ptr()) });
    }
}

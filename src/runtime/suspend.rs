//! What makes a store suspend: its reasons, deadlines and budgets.
//!
//! Wasmtime's counterparts are epochs and fuel. A deadline is what `Store::set_epoch_deadline`
//! sets, only that it is a time of the embedder's clock, which [`InterruptHandle::tick`] is
//! told, as `Engine::increment_epoch` counts. A budget is what `Store::set_fuel` sets, but it is
//! suspend points that are counted, not instructions. Where Wasmtime traps or yields,
//! a store is suspended, and both stay exhausted until they are set anew.
//!
//! [`InterruptHandle::tick`]: super::InterruptHandle::tick

use super::Store;
use super::context::{AsContext, AsContextMut};
use super::vmctx::{LAST_DEADLINE, NO_DEADLINE};

/// Why a store is suspended: [`Store::suspend_reason`]. If there are several reasons at one
/// point, it is the first of them, in the order given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SuspendReason {
    /// A host function has answered [`Pending`](super::Pending); whoever else has
    /// asked for a suspension has it, too.
    Pending,
    /// [`request_suspend`](super::InterruptHandle::request_suspend) was called, or a debugger asked for it.
    Requested,
    /// The deadline is past ([`Store::set_deadline`]).
    Deadline,
    /// The budget is used up ([`Store::set_budget`]).
    Budget,
    /// As many points were passed as [`Store::set_freeze_every`] says.
    FreezeEvery,
    /// A page that an instruction needs could not be read ([`CallError::Page`](super::CallError::Page)).
    /// It is no suspend point, as a rule, so the store cannot be captured there; [`Store::resume`]
    /// executes it again.
    Held,
}

impl<T: 'static> Store<T> {
    /// Why the store is suspended. None if it is not, or if it was thawed: images record no
    /// reason but a pending call.
    pub fn suspend_reason(&self) -> Option<SuspendReason> {
        let core = self.as_context().into_core();
        core.suspension().ok()?.reason
    }

    /// Suspends the store at the first suspend point after a time, in nanoseconds of a clock
    /// that is the embedder's: the one that [`InterruptHandle::tick`](super::InterruptHandle::tick)
    /// is told. None: never.
    ///
    /// The deadline stays past until this is called again: a store that is
    /// resumed without is suspended at its next suspend point. Times within the
    /// last two nanoseconds of the clock are taken as the one before these.
    pub fn set_deadline(&mut self, deadline_ns: Option<u64>) {
        let deadline = deadline_ns.map_or(NO_DEADLINE, |ns| ns.min(LAST_DEADLINE));
        self.as_context().core().contexts.set_deadline(deadline);
    }

    /// Suspends the store at the `n`th suspend point that it passes from now on, as
    /// [`Self::set_freeze_every`] counts them. None: never.
    ///
    /// The budget stays used up until this is called again: a store that is resumed
    /// without is suspended at its next suspend point, and so it is with a budget of 0.
    /// While there is a budget the runtime is called at each suspend point, which makes a
    /// program with short loops many times slower; without one it costs nothing.
    pub fn set_budget(&mut self, n: Option<u64>) {
        let mut context = self.as_context_mut();
        let core = context.core_mut();
        core.budget = n;
        core.settle_counting();
    }

    /// How many suspend points the store may pass yet, if it has a budget.
    pub fn budget(&self) -> Option<u64> {
        self.as_context().core().budget
    }
}

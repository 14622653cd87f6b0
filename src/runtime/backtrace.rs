//! Looks code addresses up, and reads the frames of a store's stack.

use super::store_core::StoreCore;
use crate::trap::Backtrace;

/// The frames of all activations of a store, innermost first.
pub(super) fn of_store(_core: &StoreCore) -> Backtrace {
    Backtrace::default()
}

/// Whether a poll at `rip` is that of a function header whose frame would reach
/// below `limit`.
pub(super) fn begins_below(_core: &StoreCore, _rip: u64, rsp: u64, limit: u64) -> bool {
    rsp < limit
}

/// Where to go on if `rip` is that of an instruction to execute again.
pub(super) fn restart_address(_core: &StoreCore, _rip: u64) -> Option<u64> {
    None
}

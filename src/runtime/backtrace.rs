//! Looks code addresses up, and reads the frames of a store's stack.

use super::Module;
use super::store_core::StoreCore;
use crate::abi::TrapCode;
use crate::limits::MAX_UNCHECKED_FRAME;
use crate::state::{FunctionStateMap, Point, PointClass, PointKind};
use crate::trap::Backtrace;

/// How machine code was stopped, and so which kind of suspend point its RIP is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// By a call out of it (poll, libcall, host call): RIP is the return address.
    Call,
    /// By a fault: RIP is the faulting instruction.
    Fault,
}

/// The frames of all activations of a store, innermost first.
pub(super) fn of_store(_core: &StoreCore, _stop: Stop) -> Backtrace {
    Backtrace::default()
}

/// Whether a poll that returns to `rip` is that of a function header whose frame would
/// reach below `limit`.
pub(super) fn begins_below(core: &StoreCore, rip: u64, rsp: u64, limit: u64) -> bool {
    let Some((_, function, point)) = lookup(core, PointClass::Poll, rip) else {
        return false;
    };
    if point.kind != PointKind::FunctionHeader {
        return false;
    }
    // Smaller frames fit into the reserve below the limit.
    let frame_size = u64::from(function.frame_slots()) * 8;
    let is_checked = frame_size > u64::from(MAX_UNCHECKED_FRAME);
    rsp < limit + if is_checked { frame_size } else { 0 }
}

/// Where to go on if `rip` is the return address of an instruction to execute again.
pub(super) fn restart_address(core: &StoreCore, rip: u64) -> Option<u64> {
    let (module, _, point) = lookup(core, PointClass::Call, rip)?;
    let activate = module.code_base() + u64::from(point.activate_offset);
    (point.kind == PointKind::Restart).then_some(activate)
}

/// The trap that an instruction may fault with. Neither locks nor allocates.
pub(super) fn trap_code(core: &StoreCore, rip: u64) -> Option<TrapCode> {
    let module = core.code.find(rip)?;
    let offset = u32::try_from(rip - module.code_base()).ok()?;
    module.state_map().trap_code(offset)
}

fn lookup(
    core: &StoreCore,
    class: PointClass,
    rip: u64,
) -> Option<(&Module, FunctionStateMap<'_>, Point)> {
    let module = core.code.find(rip)?;
    let offset = u32::try_from(rip - module.code_base()).ok()?;
    let (function, point) = module.state_map().lookup(class, offset)?;
    Some((module, function, point))
}

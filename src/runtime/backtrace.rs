//! Looks code addresses up, and reads the frames of a store's stack.

use super::Version;
use super::store_core::{InstanceEntry, StoreCore};
use crate::abi::TrapCode;
use crate::abi::vmctx::TrapFrame;
use crate::frame::{
    CodeRef, Exit, ReadError, StackDump, StackView, WalkContext, WasmFunctionStateDump, read_stack,
};
use crate::limits::{MAX_FRAME_SIZE, MAX_UNCHECKED_FRAME};
use crate::state::{FunctionStateMap, Point, PointClass, PointKind};
use crate::trap::{Backtrace, BacktraceFrame};
use alloc::borrow::ToOwned;

/// Most frames of a trap's backtrace.
const MAX_FRAMES: usize = 256;

/// The frames of a store that is suspended, or within a host function that its code
/// called; none otherwise.
pub(super) fn of_waiting_store(core: &StoreCore) -> Backtrace {
    match (core.suspension(), core.depth) {
        (Ok(suspension), _) => of_store(core, suspension.exit),
        (Err(_), 0) => Backtrace::default(),
        (Err(_), _) => of_store(core, Exit::HostCall),
    }
}

/// The frames of all activations of a store, innermost first. Frames that cannot
/// be read end it.
pub(super) fn of_store(core: &StoreCore, exit: Exit) -> Backtrace {
    let mut backtrace = Backtrace::default();
    let outer = core.outer.iter().rev().map(|outer| {
        let frame = TrapFrame {
            gpr: outer.gpr,
            rip: outer.rip,
            ..TrapFrame::ZERO
        };
        (frame, Exit::HostCall)
    });
    for (frame, exit) in core::iter::once((*core.frame(), exit)).chain(outer) {
        let room = MAX_FRAMES - backtrace.frames.len();
        // One more than wanted tells whether there are more.
        let Ok(dump) = read_activation(core, &frame, exit, room + 1) else {
            return backtrace;
        };
        let frames = dump.image.frames;
        backtrace.is_truncated = frames.len() > room;
        let frames = frames.into_iter().take(room);
        backtrace
            .frames
            .extend(frames.map(|dump| describe(core, dump)));
        if backtrace.is_truncated {
            break;
        }
    }
    backtrace
}

/// The innermost frame of a store that was left by a poll.
pub(super) fn of_poll(core: &StoreCore) -> BacktraceFrame {
    let dump = read_activation(core, core.frame(), Exit::Call, 1);
    let dump = dump.expect("a poll is a suspend point");
    let innermost = dump.image.frames.into_iter().next();
    describe(core, innermost.expect("code that runs has a frame"))
}

/// The frames of one activation, at most `max_depth`, innermost first.
pub(super) fn read_activation(
    core: &StoreCore,
    frame: &TrapFrame,
    exit: Exit,
    max_depth: usize,
) -> Result<StackDump, ReadError> {
    let stack = core.stack.as_ref().expect("wasm runs on the stack");
    let stack = StackView::new(stack.base(), stack.words());
    read_stack(core, &stack, frame, exit, max_depth)
}

impl WalkContext for StoreCore {
    fn code_at(&self, address: u64) -> Option<CodeRef<'_>> {
        // A return address may lie just behind its version's code.
        let found = self.code.find(address.wrapping_sub(1));
        let version = found.or_else(|| self.code.find(address))?;
        Some(version.code_ref())
    }

    fn instance_of(&self, vmctx: u64) -> Option<u32> {
        let is_it = |instance: &InstanceEntry| instance.vmctx.as_ptr() as u64 == vmctx;
        Some(self.instances.iter().position(is_it)? as u32)
    }

    fn is_entry(&self, return_address: u64) -> bool {
        self.entry_returns.contains(&return_address)
    }
}

fn describe(core: &StoreCore, dump: WasmFunctionStateDump) -> BacktraceFrame {
    let module = core.instances[dump.instance as usize].module.inner();
    let function = dump.local_function_id;
    let offset = if dump.wasm_inst_offset == usize::MAX {
        module.body(function).map_or(0, |body| body.first_operator)
    } else {
        dump.wasm_inst_offset
    };
    BacktraceFrame {
        instance: dump.instance,
        function,
        name: module.function_name(function).map(ToOwned::to_owned),
        offset,
        locals: dump.locals,
        stack: dump.stack,
    }
}

/// Whether a poll that returns to `rip` is that of a function header whose frame would
/// reach below `limit`.
pub(super) fn begins_below(core: &StoreCore, rip: u64, rsp: u64, limit: u64) -> bool {
    // No frame reaches that far: spares the look-up, when every poll comes here.
    if rsp >= limit + u64::from(MAX_FRAME_SIZE) {
        return false;
    }
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

/// What kind of poll returns to `rip`.
pub(super) fn poll_kind(core: &StoreCore, rip: u64) -> Option<PointKind> {
    let (_, _, point) = lookup(core, PointClass::Poll, rip)?;
    Some(point.kind)
}

/// Where to go on if `rip` is the return address of an instruction to execute again.
pub(super) fn restart_address(core: &StoreCore, rip: u64) -> Option<u64> {
    let (version, _, point) = lookup(core, PointClass::Call, rip)?;
    let activate = version.base() + u64::from(point.activate_offset);
    (point.kind == PointKind::Restart).then_some(activate)
}

/// The trap that an instruction may fault with. Neither locks nor allocates.
pub(super) fn trap_code(core: &StoreCore, rip: u64) -> Option<TrapCode> {
    let version = core.code.find(rip)?;
    let offset = u32::try_from(rip - version.base()).ok()?;
    version.state_map().trap_code(offset)
}

fn lookup(
    core: &StoreCore,
    class: PointClass,
    rip: u64,
) -> Option<(&Version, FunctionStateMap<'_>, Point)> {
    let version = core.code.find(rip)?;
    let offset = u32::try_from(rip - version.base()).ok()?;
    let (function, point) = version.state_map().lookup(class, offset)?;
    Some((version, function, point))
}

//! Machine faults in a store's code.
//!
//! A fault is a trap, or the instruction touches a page that is withheld, and is executed again
//! when the page is there. What that takes is done in [`held`], on the host's stack.
//!
//! All else here runs in trap and signal handlers: no allocation, no locks. A fault may have
//! interrupted anything, the store's own Rust code included, so only the list of code, which can
//! be read at any time, is looked at before it is known that machine code was running.

#![expect(unsafe_code, reason = "reads the store of the running activation")]

use super::activation::store_of;
use super::code_list::CodeList;
use super::entry::{self, Status};
use super::store_core::StoreCore;
use super::{CallError, PageError, SuspendReason, backtrace};
use crate::abi::vmctx::{TrapFrame, VmStoreContext};
use crate::abi::{GPR, TrapCode};
use crate::frame::Exit;
use crate::trap::{Backtrace, FaultAction};

/// Exception vectors (Intel SDM volume 3A, table 6-1).
const DIVIDE_ERROR: u64 = 0;
const INVALID_OPCODE: u64 = 6;
const PAGE_FAULT: u64 = 14;

/// See [`crate::trap::handle_fault`].
pub(crate) fn handle_fault(frame: &mut TrapFrame, activation: *mut VmStoreContext) -> FaultAction {
    if activation.is_null() {
        return FaultAction::NotOurs;
    }
    // SAFETY: the platform passes what `swap_activation` was given, whose store is alive.
    let core: *mut StoreCore = unsafe { (*activation).runtime }.cast();
    // SAFETY: only the list is borrowed, which may be read while it is being added to.
    let code: &CodeList = unsafe { &(*core).code };
    if code.find(frame.rip).is_none() {
        return FaultAction::NotOurs;
    }
    // SAFETY: machine code of this store was running, so no Rust code was using the store.
    let core = unsafe { &mut *core };
    if frame.vector == PAGE_FAULT && core.may_withhold(frame.fault_address) {
        *core.frame_mut() = *frame;
        // SAFETY: it is the running activation.
        unsafe { entry::redirect_to_held(frame, activation) };
        return FaultAction::Handled;
    }
    let Some(trap) = core.trap_of_fault(frame) else {
        return FaultAction::NotOurs;
    };
    *core.frame_mut() = *frame;
    core.set_trap(trap);
    // SAFETY: it is the running activation.
    unsafe { entry::redirect_to_exit(frame, activation, Status::Faulted) };
    FaultAction::Handled
}

/// Has the page read that code has faulted on, on the host's stack, where one may lock, allocate
/// and wait, and decides: execute the instruction again, trap, or suspend.
pub(super) extern "sysv64" fn held(vm: *mut VmStoreContext) -> u64 {
    // SAFETY: only the trampoline calls this, when `handle_fault` has made code be left.
    let store = unsafe { store_of(vm) };
    let frame = *store.frame();
    let status = match store.load_faulted(frame.fault_address) {
        Some(Ok(())) => Status::Returned,
        Some(Err(error)) => store.leave_for_page(error, Status::Held),
        None => {
            let trap = store.trap_of_fault(&frame);
            store.set_trap(trap.expect("code faulted on a page that is there"));
            Status::Faulted
        }
    };
    status as u64
}

/// See [`crate::trap::backtrace`].
pub(crate) unsafe fn backtrace(
    activation: *mut VmStoreContext,
    fault: Option<&TrapFrame>,
) -> Backtrace {
    if activation.is_null() {
        return Backtrace::default();
    }
    // SAFETY: the platform passes what `swap_activation` was given, and nothing else
    // uses the store any more (caller).
    let core = unsafe { &mut *(*activation).runtime.cast::<StoreCore>() };
    match fault {
        Some(frame) if core.code.find(frame.rip).is_some() => {
            *core.frame_mut() = *frame;
            backtrace::of_store(core, Exit::Fault)
        }
        _ => {
            // Whether a host function, a poll or a libcall runs is not recorded; the
            // wrong guess finds no frame.
            let frames = backtrace::of_store(core, Exit::HostCall);
            if frames.frames.is_empty() {
                backtrace::of_store(core, Exit::Call)
            } else {
                frames
            }
        }
    }
}

impl StoreCore {
    /// Leaves wasm because a page that it needs cannot be read: suspended, by `status`, so that
    /// it can be tried again, if that can be.
    pub(super) fn leave_for_page(&mut self, error: PageError, status: Status) -> Status {
        if !self.can_suspend() {
            return self.leave_with(CallError::Page(error).into());
        }
        self.left_for = Some(SuspendReason::Held);
        self.page_error = Some(error);
        status
    }

    /// The trap that a fault in the store's code stands for, if it is one.
    fn trap_of_fault(&self, frame: &TrapFrame) -> Option<TrapCode> {
        let address = frame.fault_address;
        let stack = self.stack.as_ref();
        // Above the guard, a page faults only if the platform has no memory left to back it.
        if frame.vector == PAGE_FAULT && stack.is_some_and(|stack| stack.contains(address)) {
            return Some(TrapCode::CallStackExhausted);
        }
        let code = backtrace::trap_code(self, frame.rip)?;
        match (frame.vector, code) {
            (DIVIDE_ERROR, TrapCode::Division) if frame.gpr[GPR::RCX as usize] == 0 => {
                Some(TrapCode::IntegerDivideByZero)
            }
            (DIVIDE_ERROR, TrapCode::Division) => Some(TrapCode::IntegerOverflow),
            (PAGE_FAULT, TrapCode::MemoryOutOfBounds) => {
                let is_guest = self.memories.iter().any(|memory| memory.reserves(address));
                is_guest.then_some(code)
            }
            (INVALID_OPCODE, TrapCode::Division) => None,
            (INVALID_OPCODE, code) => Some(code),
            _ => None,
        }
    }
}

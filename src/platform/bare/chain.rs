//! Standing before a kernel's own exception handlers.
//!
//! A kernel that has an IDT keeps it: [`chain`] puts the engine's stubs before the handlers
//! of the three exceptions that guests cause. An exception that is a guest's ends there; any
//! other goes on to the handler that was there before, which finds registers, stack and
//! interrupt flag as if the processor had called it. So it may be of any kind: a function of
//! the `x86-interrupt` ABI, or assembly.
//!
//! The stubs run on an IST stack, as a guest may fault with any RSP. For a handler without
//! one, the processor's frame is moved to where the processor would have put it: the stack
//! of the interrupted kernel code or, for user code, the one in the TSS (Intel SDM volume 3A,
//! section 6.14.2).

#![expect(
    unsafe_code,
    reason = "reads IDT entries, and lays frames down for other handlers"
)]

use super::stubs::{self, Pushed};
use crate::abi::vmctx::TrapFrame;
use crate::trap::FaultAction;
use core::arch::asm;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use x86_64::instructions::tables::sgdt;
use x86_64::structures::idt::InterruptDescriptorTable;
use x86_64::structures::tss::TaskStateSegment;

/// The exceptions that guests cause: #DE, #UD and #PF.
pub const GUEST_EXCEPTIONS: [u8; 3] = [0, 6, 14];

/// Tells whether an exception was a guest's: what calls
/// [`BarePlatform::handle_fault`](super::BarePlatform::handle_fault).
pub type GuestFault = fn(&mut TrapFrame) -> FaultAction;

/// Puts the engine before the handlers that `idt` has for [`GUEST_EXCEPTIONS`], and changes
/// nothing else. Where there is none, an exception that is not a guest's is a panic.
///
/// `stack` is the IST index (0 to 6) for handlers that have no IST stack of their own. Of a
/// handler that has one it is used. Exceptions of user code are not shown to `guest_fault`,
/// so it may use what the kernel keeps behind GS.
///
/// To be called before the table is loaded; once for each table, if processors have their
/// own, which must then have the same handlers.
///
/// # Panics
///
/// Panics if `stack` is above 6, or if another table with other handlers has been chained.
///
/// # Safety
///
/// 1. On each processor that loads the table, the TSS has a stack behind `stack` of at least
///    16 KiB, which nothing else uses that can happen while a fault is handled.
/// 2. The handlers in the table are functions that the processor can call.
pub unsafe fn chain(idt: &mut InterruptDescriptorTable, guest_fault: GuestFault, stack: u16) {
    GUEST_FAULT.store(guest_fault as usize, Ordering::Release);
    for vector in GUEST_EXCEPTIONS {
        let gate = Gate::read(idt, vector);
        // A second table may have been copied from the first.
        if gate.handler != stubs::stub_address(vector).as_u64() {
            NEXT[usize::from(vector)].set(&gate);
        }
        // SAFETY: the caller's; a gate's own stack is what its handler expects to run on.
        unsafe { stubs::set_stub(idt, vector, gate.stack.unwrap_or(stack)) };
    }
}

/// Whether a vector's stub stands before another handler.
pub(super) fn is_chained(vector: u64) -> bool {
    NEXT.get(vector as usize)
        .is_some_and(|next| next.is_chained.load(Ordering::Acquire))
}

/// Handles an exception whose stub stands before another handler. Zero if it was a guest's,
/// else the RSP to go on with, to pop RFLAGS and the other handler's address from.
///
/// # Safety
///
/// `pushed` is what the stub for the frame's vector found and pushed.
pub(super) unsafe fn handle(frame: &mut TrapFrame, pushed: *mut Pushed) -> u64 {
    let next = &NEXT[frame.vector as usize];
    // SAFETY: the stub pushed it.
    let from = unsafe { pushed.read() };
    if from.cs & 3 == 0 {
        let guest_fault = GUEST_FAULT.load(Ordering::Acquire);
        // SAFETY: a GuestFault was stored before the first handler was chained.
        let guest_fault = unsafe { core::mem::transmute::<usize, GuestFault>(guest_fault) };
        if guest_fault(frame) == FaultAction::Handled {
            return 0;
        }
    }
    let handler = next.handler.load(Ordering::Relaxed);
    assert_ne!(
        handler,
        0,
        "{} at {:#x}, which is not a guest's, and there was no handler to go on to",
        stubs::exception_name(frame.vector).unwrap_or("exception"),
        frame.rip
    );
    next.lay_down(frame, pushed, handler)
}

static GUEST_FAULT: AtomicUsize = AtomicUsize::new(0);

/// The handlers that were there before, by vector.
static NEXT: [Next; 15] = [const { Next::none() }; 15];

/// A handler that the engine stands before.
struct Next {
    /// Whether the engine stands there at all.
    is_chained: AtomicBool,
    /// Its address; zero for none.
    handler: AtomicU64,
    /// Whether it has an IST stack of its own, on which the stub runs, too.
    has_stack: AtomicBool,
    /// Whether it is entered with interrupts as they were.
    keeps_interrupts: AtomicBool,
}

/// What an IDT entry says (Intel SDM volume 3A, figure 6-8).
struct Gate {
    handler: u64,
    /// IST index from 0.
    stack: Option<u16>,
    is_trap_gate: bool,
}

impl Gate {
    /// An entry that is not present has no handler.
    fn read(idt: &InterruptDescriptorTable, vector: u8) -> Self {
        let entries: *const [u64; 2] = core::ptr::from_ref(idt).cast();
        // SAFETY: the table consists of 256 entries of 16 bytes.
        let [low, high] = unsafe { entries.add(usize::from(vector)).read() };
        let handler = low & 0xffff | low >> 32 & 0xffff_0000 | high << 32;
        Self {
            handler: if low & 1 << 47 == 0 { 0 } else { handler },
            stack: (low >> 32 & 7).checked_sub(1).map(|index| index as u16),
            is_trap_gate: low >> 40 & 1 != 0,
        }
    }
}

impl Next {
    const fn none() -> Self {
        Self {
            is_chained: AtomicBool::new(false),
            handler: AtomicU64::new(0),
            has_stack: AtomicBool::new(false),
            keeps_interrupts: AtomicBool::new(false),
        }
    }

    fn set(&self, gate: &Gate) {
        if self.is_chained.load(Ordering::Relaxed) {
            let handler = self.handler.load(Ordering::Relaxed);
            assert_eq!(handler, gate.handler, "IDTs have different handlers");
        }
        self.handler.store(gate.handler, Ordering::Relaxed);
        self.has_stack
            .store(gate.stack.is_some(), Ordering::Relaxed);
        self.keeps_interrupts
            .store(gate.is_trap_gate, Ordering::Relaxed);
        self.is_chained.store(true, Ordering::Release);
    }

    /// Puts the processor's frame, and below it the handler's address and RFLAGS, where the
    /// handler expects it. Returns the address of the lowest word.
    fn lay_down(&self, frame: &TrapFrame, pushed: *mut Pushed, handler: u64) -> u64 {
        // SAFETY: the stub pushed it (caller of `handle`).
        let words = unsafe { pushed.read() };
        let has_error_code = stubs::has_error_code(frame.vector);
        let size = match has_error_code {
            true => size_of::<Pushed>(),
            false => size_of::<Pushed>() - size_of::<u64>(),
        } as u64;
        let top = if self.has_stack.load(Ordering::Relaxed) {
            pushed.addr() as u64 + size_of::<Pushed>() as u64
        } else if words.cs & 3 == 0 {
            words.rsp & !15
        } else {
            privileged_stack() & !15
        };
        let mut at = top;
        let mut push = |word: u64| {
            at -= 8;
            let slot: *mut u64 = core::ptr::with_exposed_provenance_mut(at as usize);
            // SAFETY: the processor would have pushed its frame there; the two words below
            // are the handler's to use, or, on the stub's stack, are no longer needed.
            unsafe { slot.write(word) };
        };
        for word in [words.ss, words.rsp, words.rflags, words.cs, words.rip] {
            push(word);
        }
        if has_error_code {
            push(words.error_code);
        }
        push(handler);
        let is_enabled = self.keeps_interrupts.load(Ordering::Relaxed);
        push(if is_enabled {
            RESERVED_FLAG | words.rflags & INTERRUPT_FLAG
        } else {
            RESERVED_FLAG
        });
        debug_assert_eq!(at, top - size - 16);
        at
    }
}

/// RFLAGS: the bit that is always set, and IF (Intel SDM volume 1, section 3.4.3).
const RESERVED_FLAG: u64 = 1 << 1;
const INTERRUPT_FLAG: u64 = 1 << 9;

/// The stack that the processor switches to when user code is interrupted: RSP0 of the TSS.
fn privileged_stack() -> u64 {
    let task: u16;
    // SAFETY: reads a register.
    unsafe { asm!("str {0:x}", out(reg) task, options(nomem, nostack, preserves_flags)) };
    let descriptor: *const [u64; 2] = sgdt().base.as_ptr();
    // SAFETY: the task register has been loaded from this entry of the GDT (chain, 1).
    let [low, high] = unsafe { descriptor.byte_add(usize::from(task & !7)).read_unaligned() };
    let base = low >> 16 & 0xff_ffff | low >> 32 & 0xff00_0000 | high << 32;
    let tss: *const TaskStateSegment = core::ptr::with_exposed_provenance(base as usize);
    // SAFETY: the descriptor is of the TSS that is in use.
    let stacks = unsafe { (&raw const (*tss).privilege_stack_table).read_unaligned() };
    stacks[0].as_u64()
}

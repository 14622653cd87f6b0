//! The IDT and the kernel's handler of exceptions and interrupts.

#![expect(unsafe_code, reason = "fills and loads the IDT")]

use super::segments::{DOUBLE_FAULT_STACK, FAULT_STACK, INTERRUPT_STACK};
use super::{device_interrupts, timer};
use crate::start::KernelPlatform;
use crate::{console, info, status};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use spin::{Mutex, Once};
use woodfrog::abi::GPR;
use woodfrog::abi::vmctx::TrapFrame;
use woodfrog::platform::bare::stubs;
use woodfrog::trap::FaultAction;
use x86_64::structures::idt::InterruptDescriptorTable;

static IDT: Once<InterruptDescriptorTable> = Once::new();
static PLATFORM: Once<Arc<KernelPlatform>> = Once::new();
/// A [`Hook`]; zero for none.
static HOOK: AtomicUsize = AtomicUsize::new(0);

/// The kernel's platform; None before there is one.
pub fn platform() -> Option<&'static KernelPlatform> {
    PLATFORM.get().map(|platform| &**platform)
}

/// The exception that the kernel panics about, if it does.
pub(crate) fn fatal_exception() -> Option<TrapFrame> {
    *FATAL_EXCEPTION.try_lock()?
}

static FATAL_EXCEPTION: Mutex<Option<TrapFrame>> = Mutex::new(None);

/// Sees an exception before everybody else; true if it has dealt with it.
pub type Hook = fn(&mut TrapFrame) -> bool;

/// Loads the IDT. To be called once.
pub(crate) fn init(platform: Arc<KernelPlatform>) {
    PLATFORM.call_once(|| platform);
    stubs::set_handler(handle);
    let mut idt = InterruptDescriptorTable::new();
    // SAFETY: the handler is set; the TSS has these stacks; interrupts and exceptions
    // do not interrupt their own kind, as all gates disable interrupts and the
    // handlers do not fault while they use their stack's contents.
    unsafe { stubs::fill_idt(&mut idt, stack_of) };
    IDT.call_once(|| idt).load();
}

/// Makes `hook` see exceptions first: for kernels that use some of their own.
pub fn set_hook(hook: Hook) {
    HOOK.store(hook as usize, Ordering::Release);
}

fn stack_of(vector: u8) -> u16 {
    match vector {
        2 | 8 | 18 => DOUBLE_FAULT_STACK,
        stubs::FIRST_INTERRUPT.. => INTERRUPT_STACK,
        _ => FAULT_STACK,
    }
}

fn handle(frame: &mut TrapFrame) {
    match frame.vector as u8 {
        timer::VECTOR => timer::handle(),
        console::VECTOR => console::handle_interrupt(),
        timer::SPURIOUS_VECTOR => {}
        vector if device_interrupts::VECTORS.contains(&vector) => device_interrupts::handle(vector),
        vector if vector >= stubs::FIRST_INTERRUPT => info!("unexpected interrupt {vector}"),
        _ => handle_exception(frame),
    }
}

fn handle_exception(frame: &mut TrapFrame) {
    if run_hook(frame) {
        return;
    }
    let action = PLATFORM.get().map_or(FaultAction::NotOurs, |platform| {
        platform.handle_fault(frame)
    });
    if action == FaultAction::NotOurs {
        report(frame);
        if let Some(mut fatal) = FATAL_EXCEPTION.try_lock() {
            *fatal = Some(*frame);
        }
        panic!(
            "{} in the kernel at {:#x}",
            stubs::exception_name(frame.vector).unwrap_or("reserved exception"),
            frame.rip
        );
    }
}

fn run_hook(frame: &mut TrapFrame) -> bool {
    let hook = HOOK.load(Ordering::Acquire);
    if hook == 0 {
        return false;
    }
    // SAFETY: the only value ever stored but zero is a Hook.
    let hook = unsafe { core::mem::transmute::<usize, Hook>(hook) };
    hook(frame)
}

/// Prints all registers, and the stack of the interrupted code.
fn report(frame: &TrapFrame) {
    status!(
        "exception {}: error code {:#x}, fault address {:#x}",
        frame.vector,
        frame.error_code,
        frame.fault_address
    );
    status!("  rip {:016x} rflags {:016x}", frame.rip, frame.rflags);
    for chunk in GPR::ALL.chunks(4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|index| Register(chunk[index], frame));
        status!("  {a} {b} {c} {d}");
    }
    crate::panic::print_kernel_backtrace(frame.gpr[GPR::RBP as usize]);
}

/// A general-purpose register of a frame, to print.
struct Register<'a>(GPR, &'a TrapFrame);

impl core::fmt::Display for Register<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(register, frame) = self;
        write!(f, "{register:?} {:016x}", frame.gpr[*register as usize])
    }
}

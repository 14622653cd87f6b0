//! The kernel's panic: a message, both backtraces, and power off.

#![expect(
    unsafe_code,
    reason = "reads saved frame pointers off the stack, and a store in use"
)]

use crate::arch::{interrupts, layout};
use crate::power::{self, Status};
use crate::status;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

/// Most frames of the kernel's that a backtrace shows.
const MAX_FRAMES: usize = 24;

static IS_PANICKING: AtomicBool = AtomicBool::new(false);

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if IS_PANICKING.swap(true, Ordering::Relaxed) {
        // The backtrace went wrong: what is out already must do.
        power::off(Status::Panicked);
    }
    status!("kernel {info}");
    let frame_pointer: u64;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, rbp", out(reg) frame_pointer) };
    print_kernel_backtrace(frame_pointer);
    status!("status panicked");
    print_wasm_backtrace();
    power::off(Status::Panicked)
}

/// Prints the frames of the running guest, if one is running. It comes last, because
/// it takes the engine's state and the heap to be whole.
fn print_wasm_backtrace() {
    let Some(platform) = interrupts::platform() else {
        return;
    };
    let fault = interrupts::fatal_exception();
    // SAFETY: the platform's activation is this processor's, and nothing runs after a panic.
    let backtrace = unsafe { woodfrog::trap::backtrace(platform.activation(), fault.as_ref()) };
    if !backtrace.frames.is_empty() {
        status!("{backtrace}");
    }
}

/// Prints the return addresses of the kernel's frames, from the frame that `frame_pointer`
/// is the base of outwards. `addr2line -e` of the kernel's ELF names them.
pub(crate) fn print_kernel_backtrace(frame_pointer: u64) {
    status!("kernel backtrace:");
    let mut base = frame_pointer;
    for index in 0..MAX_FRAMES {
        let Some((caller_base, return_address)) = read_frame(base) else {
            break;
        };
        status!("  {index:2}: {return_address:#x}");
        base = caller_base;
    }
}

/// The saved RBP and return address at a frame base, if the base is on a kernel
/// stack and the address in the kernel's code.
fn read_frame(base: u64) -> Option<(u64, u64)> {
    let is_on_a_stack = base.is_multiple_of(8)
        && layout::stacks()
            .iter()
            .any(|stack| stack.contains(&base) && stack.contains(&base.saturating_add(15)));
    if !is_on_a_stack {
        return None;
    }
    let words: *const [u64; 2] = core::ptr::with_exposed_provenance(base as usize);
    // SAFETY: the 16 bytes are on one of the kernel's stacks, which are always mapped.
    let [caller_base, return_address] = unsafe { words.read_volatile() };
    layout::text()
        .contains(&return_address)
        .then_some((caller_base, return_address))
}

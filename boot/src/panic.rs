//! The kernel's panic: a message, both backtraces, and power off.

#![expect(
    unsafe_code,
    reason = "reads saved frame pointers off the stack, and a store in use"
)]

use crate::arch::{interrupts, layout};
use crate::mm::heap;
use crate::power::{self, Status};
use crate::status;
use core::fmt::{self, Write};
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
    let status = match is_out_of_memory(info) {
        true => {
            print_out_of_memory();
            Status::Failed
        }
        false => {
            status!("status panicked");
            Status::Panicked
        }
    };
    print_wasm_backtrace();
    power::off(status)
}

/// Whether an allocation that cannot fail has failed. `alloc` tells it by a panic with this message,
/// and in no other way.
fn is_out_of_memory(info: &PanicInfo<'_>) -> bool {
    let mut start = Start {
        expected: "memory allocation of ",
    };
    // It ends at the first piece that is another.
    let _ = write!(start, "{}", info.message());
    start.expected.is_empty()
}

/// Takes text for as long as it is what is expected.
struct Start {
    expected: &'static str,
}

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let len = text.len().min(self.expected.len());
        let (expected, rest) = self.expected.split_at_checked(len).ok_or(fmt::Error)?;
        if !text.starts_with(expected) {
            return Err(fmt::Error);
        }
        self.expected = rest;
        Ok(())
    }
}

/// The machine is too small for what it should do, which is no error of the kernel's.
fn print_out_of_memory() {
    let (size, free) = heap::sizes().unwrap_or_default();
    status!(
        "status failed: out of memory: the kernel's heap has {} MiB, {} KiB of them free; give the machine more memory, half of which is the heap",
        size >> 20,
        free >> 10
    );
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

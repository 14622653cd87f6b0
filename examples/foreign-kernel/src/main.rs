//! A kernel that is not Woodfrog's, and runs guests in it.
//!
//! It has an entry, memory management, a heap and exception handlers of its own, and uses the
//! library by its public interface alone. `docs/embedding.md` goes through it step by step:
//! [`boot`] gets to 64-bit mode in the upper half, [`memory`] and [`interrupts`] are what a
//! kernel has anyway, [`kernel_main`] adds the engine, and [`guests`] is what it is good for.
#![no_std]
#![no_main]

extern crate alloc;

mod boot;
mod guests;
mod interrupts;
mod memory;
mod serial;

use alloc::sync::Arc;
use core::ops::Range;
use memory::Frames;
use spin::Once;
use woodfrog::platform::bare::{BarePlatform, processor};
use woodfrog::runtime::{Config, Engine};
use x86_64::structures::paging::OffsetPageTable;

/// The engine's platform in this kernel. Fault handlers find it here.
static GUESTS: Once<Arc<Platform>> = Once::new();

type Platform = BarePlatform<OffsetPageTable<'static>, Frames>;

/// Addresses for guests' memories, stacks and code: a TiB of the kernel's half.
const GUEST_ADDRESSES: Range<usize> = 0xffff_9000_0000_0000..0xffff_9100_0000_0000;

/// Frames that stay for the kernel itself.
const KERNEL_FRAMES: usize = 1024;

/// Called by the entry code.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(start_info: u64) -> ! {
    // The kernel's own affairs.
    // SAFETY: this is the loader's address, and nothing has been written to memory yet.
    let memory = unsafe { boot::largest_memory(start_info) };
    // SAFETY: called once, and the memory is free.
    unsafe { memory::init(memory) };
    interrupts::init();

    // The engine.
    // SAFETY: nothing in this kernel needs these bits otherwise.
    unsafe { processor::enable() }.expect("a processor that guests can run on");
    // SAFETY: called once.
    let tables = unsafe { memory::page_tables() };
    let budget = Frames.free() - KERNEL_FRAMES;
    // SAFETY: these are the page tables in use; the frames' lock is never held by somebody who
    // can be interrupted; nobody else uses the addresses.
    let platform = unsafe { BarePlatform::new(tables, Frames, budget, GUEST_ADDRESSES) };
    let platform = Arc::new(platform.expect("a kernel that guests can run in"));
    GUESTS.call_once(|| platform.clone());
    let engine = Engine::new(platform, Config::default());

    interrupts::start_timer();
    match guests::run(&engine) {
        Ok(()) => println!("kernel: done"),
        Err(error) => {
            println!("kernel: failed: {error}");
            serial::exit(false)
        }
    }
    serial::exit(true)
}

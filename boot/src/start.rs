//! From the entry point to the image's main function: the order of boot.

#![expect(unsafe_code, reason = "initialises what the rest relies on, once")]

use crate::arch::{clock, interrupts, layout, segments, timer};
use crate::mm::boot_info::BootInfo;
use crate::mm::frames::Frames;
use crate::mm::{heap, paging};
use crate::{console, info, power, status};
use alloc::string::String;
use alloc::sync::Arc;
use core::ops::Range;
use woodfrog::platform::bare::{BarePlatform, processor};
use x86_64::structures::paging::OffsetPageTable;

/// The kernel's [`BarePlatform`].
pub type KernelPlatform = BarePlatform<OffsetPageTable<'static>, Frames>;

/// What an image's main function gets.
pub struct Machine {
    /// The command line as it is; [`crate::options`] reads it.
    pub command_line: String,
    /// The engine's platform.
    pub platform: Arc<KernelPlatform>,
    /// Bytes of the heap.
    pub heap_size: usize,
}

unsafe extern "Rust" {
    /// Defined by [`entry!`](crate::entry).
    safe fn woodfrog_image_main(machine: Machine) -> power::Status;
}

/// Called by the entry point with the address of the loader's start info.
pub(crate) extern "C" fn start(start_info: u64) -> ! {
    console::init();
    // SAFETY: the kernel is compiled without SSE, so nothing minds; only guests use it, and
    // AVX in 128 bits.
    if let Err(error) = unsafe { processor::enable() } {
        fail(error);
    }
    // SAFETY: this is the loader's address, and nothing has been written but the kernel itself.
    let boot_info = unsafe { BootInfo::read(start_info) };
    let heap_range = divide_memory(&boot_info);
    // SAFETY: called once, here; the frames that come first are those below 4 GiB.
    let tables = unsafe { paging::init(&boot_info) };
    // SAFETY: called once, here; `divide_memory` keeps the range for the heap.
    unsafe { heap::init(heap_range.clone()) };
    segments::init();
    // SAFETY: the tables are in use, frames come from the kernel's only allocator, whose lock
    // interrupt handlers do not take, and the addresses are set aside for this.
    let platform =
        unsafe { BarePlatform::new(tables, Frames, guest_frames(), paging::GUEST_ADDRESSES) };
    let platform = Arc::new(platform.unwrap_or_else(|error| fail(error)));
    interrupts::init(platform.clone());
    clock::init();
    timer::init();
    info!(
        "woodfrog kernel: {} MiB heap, {} MiB for guests",
        (heap_range.end - heap_range.start) >> 20,
        Frames.free_bytes() >> 20
    );
    let Some(command_line) = boot_info.command_line() else {
        panic!("the command line is not UTF-8");
    };
    let status = woodfrog_image_main(Machine {
        command_line: command_line.into(),
        platform,
        heap_size: (heap_range.end - heap_range.start) as usize,
    });
    power::off(status)
}

/// Ends a boot that cannot succeed on this machine.
fn fail(error: impl core::fmt::Display) -> ! {
    status!("status failed: {error}");
    power::off(power::Status::Failed)
}

/// How many frames guests may have: all but a few, which drivers take.
fn guest_frames() -> usize {
    const DRIVERS: usize = 256;
    (Frames.free_bytes() as usize / 4096).saturating_sub(DRIVERS)
}

/// Gives all memory behind the kernel to the frame allocator but a half of the largest
/// piece, which it returns for the heap.
fn divide_memory(boot_info: &BootInfo) -> Range<u64> {
    let kernel = layout::kernel();
    let pieces = || {
        boot_info.ram().flat_map(|ram| {
            let before = ram.start..ram.end.min(kernel.start);
            let behind = ram.start.max(kernel.end)..ram.end;
            [before, behind]
                .into_iter()
                .filter(|piece| !piece.is_empty())
        })
    };
    let largest = pieces()
        .max_by_key(|piece| piece.end - piece.start)
        .expect("memory");
    let middle = (largest.start + (largest.end - largest.start) / 2).next_multiple_of(4096);
    for piece in pieces() {
        let frames = if piece == largest {
            piece.start..middle
        } else {
            piece
        };
        // SAFETY: RAM by the loader's map, neither the kernel's nor the heap's.
        unsafe { Frames.add(frames) };
    }
    middle..largest.end
}

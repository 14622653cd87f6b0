//! Memory that devices read and write.
//!
//! Physical memory is mapped onto itself, and the heap, the kernel's stacks and its data
//! are in it, so a pointer is what a device needs. Guests' memories are mapped page by page;
//! [`append_runs`] finds out where their pages are.

#![expect(
    unsafe_code,
    reason = "implements the driver crate's unsafe trait Hal; touches guests' pages"
)]

use crate::arch::interrupts;
use crate::mm::paging::GUEST_ADDRESSES;
use alloc::alloc::{alloc_zeroed, dealloc, handle_alloc_error};
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ptr::NonNull;
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};
use x86_64::VirtAddr;
use x86_64::structures::paging::mapper::TranslateResult;
use x86_64::structures::paging::{PageTableFlags, Translate};

/// DMA by the identity mapping.
pub(super) struct IdentityDma;

// SAFETY: memory comes from the heap, page-aligned and zeroed, and is mapped onto
// itself; so are device registers, which nothing else uses.
unsafe impl Hal for IdentityDma {
    fn dma_alloc(pages: usize, _direction: BufferDirection) -> (PhysAddr, NonNull<u8>) {
        let layout = layout_of(pages);
        // SAFETY: the layout is not empty: drivers ask for at least one page.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout);
        };
        (start.addr().get() as PhysAddr, start)
    }

    unsafe fn dma_dealloc(_address: PhysAddr, start: NonNull<u8>, pages: usize) -> i32 {
        // SAFETY: it is from `dma_alloc`, with as many pages (caller).
        unsafe { dealloc(start.as_ptr(), layout_of(pages)) };
        0
    }

    unsafe fn mmio_phys_to_virt(address: PhysAddr, _size: usize) -> NonNull<u8> {
        NonNull::new(core::ptr::with_exposed_provenance_mut(address as usize))
            .expect("a device's registers at address 0")
    }

    unsafe fn share(buffer: NonNull<[u8]>, _direction: BufferDirection) -> PhysAddr {
        let start = buffer.cast::<u8>().expose_provenance().get();
        assert!(is_identity(start), "{buffer:?} is not mapped onto itself");
        start as PhysAddr
    }

    unsafe fn unshare(_address: PhysAddr, _buffer: NonNull<[u8]>, _direction: BufferDirection) {}
}

/// Memory that is contiguous for a device, by its physical address, at which it is mapped, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub start: usize,
    pub length: usize,
}

/// How many runs there may be, and of which size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Most runs.
    pub runs: usize,
    /// Most bytes of a run.
    pub run: usize,
    /// Most bytes in all.
    pub bytes: usize,
}

/// Appends the runs that `length` bytes at `start` consist of, as far as there is room in `runs`, and
/// returns how many bytes these are. None if a page is not mapped, or not writable
/// although the device `is_writer`.
///
/// # Safety
///
/// The bytes are valid to read, and if the device `is_writer`, to write.
pub(super) unsafe fn append_runs(
    runs: &mut Vec<Run>,
    room: Room,
    start: NonNull<u8>,
    length: usize,
    is_writer: bool,
) -> Option<usize> {
    let length = length.min(room.bytes);
    let first = start.expose_provenance().get();
    if is_identity(first) {
        return Some(append(runs, room, first, length));
    }
    // SAFETY: passed on to the caller.
    unsafe { touch(start, length, is_writer) };
    let platform = interrupts::platform()?;
    platform.with_mapper(|mapper, _| {
        let mut used = 0;
        while used < length {
            let address = first + used;
            let physical = translate(mapper, address, is_writer)?;
            let rest_of_page = PAGE_SIZE - address % PAGE_SIZE;
            let wanted = rest_of_page.min(length - used);
            let appended = append(runs, room, physical, wanted);
            used += appended;
            if appended < wanted {
                break;
            }
        }
        Some(used)
    })
}

/// Appends contiguous bytes as far as there is room, and returns how many.
fn append(runs: &mut Vec<Run>, room: Room, start: usize, length: usize) -> usize {
    let mut used = 0;
    while used < length {
        let next = start + used;
        let is_room = runs.len() < room.runs;
        match runs.last_mut() {
            Some(last) if last.start + last.length == next && last.length < room.run => {
                let more = (length - used).min(room.run - last.length);
                last.length += more;
                used += more;
            }
            _ if is_room => runs.push(Run {
                start: next,
                length: 0,
            }),
            _ => break,
        }
    }
    used
}

/// Makes a guest's pages be there, as they come when they are touched, which a device does not do; nor
/// does it set the Dirty bits by which writes are tracked.
///
/// # Safety
///
/// The bytes are valid to read, and if the device `is_writer`, to write.
unsafe fn touch(start: NonNull<u8>, length: usize, is_writer: bool) {
    let to_next_page = PAGE_SIZE - start.addr().get() % PAGE_SIZE;
    for offset in [0]
        .into_iter()
        .chain((to_next_page..length).step_by(PAGE_SIZE))
    {
        // SAFETY: within the bytes.
        let byte = unsafe { start.add(offset) };
        // SAFETY: the byte is valid (caller).
        let value = unsafe { byte.read_volatile() };
        if is_writer {
            // SAFETY: as above; the byte stays as it is.
            unsafe { byte.write_volatile(value) };
        }
    }
}

/// The physical address of a byte.
fn translate(mapper: &impl Translate, address: usize, is_writer: bool) -> Option<usize> {
    let address = VirtAddr::try_new(address as u64).ok()?;
    match mapper.translate(address) {
        TranslateResult::Mapped {
            frame,
            offset,
            flags,
        } if !is_writer || flags.contains(PageTableFlags::WRITABLE) => {
            Some((frame.start_address().as_u64() + offset) as usize)
        }
        _ => None,
    }
}

/// Whether an address is mapped onto itself.
fn is_identity(address: usize) -> bool {
    address < GUEST_ADDRESSES.start
}

fn layout_of(pages: usize) -> Layout {
    Layout::from_size_align(pages * PAGE_SIZE, PAGE_SIZE).expect("a size that a driver asks for")
}

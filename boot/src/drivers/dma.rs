//! Memory that devices read and write.
//!
//! Physical memory is mapped onto itself, and the heap, the kernel's stacks and its data
//! are in it, so a pointer is what a device needs. Guests' memories are not
//! ([`is_reachable`]).

#![expect(unsafe_code, reason = "implements the driver crate's unsafe trait Hal")]

use crate::mm::paging::GUEST_ADDRESSES;
use alloc::alloc::{alloc_zeroed, dealloc, handle_alloc_error};
use core::alloc::Layout;
use core::ptr::NonNull;
use virtio_drivers::{BufferDirection, Hal, PAGE_SIZE, PhysAddr};

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
        // SAFETY: the buffer is valid (caller).
        let bytes = unsafe { buffer.as_ref() };
        assert!(is_reachable(bytes), "{buffer:?} is not mapped onto itself");
        bytes.as_ptr().expose_provenance() as PhysAddr
    }

    unsafe fn unshare(_address: PhysAddr, _buffer: NonNull<[u8]>, _direction: BufferDirection) {}
}

/// Whether a device can get at the bytes by their address.
pub(super) fn is_reachable(bytes: &[u8]) -> bool {
    bytes.as_ptr_range().end.addr() <= GUEST_ADDRESSES.start
}

fn layout_of(pages: usize) -> Layout {
    Layout::from_size_align(pages * PAGE_SIZE, PAGE_SIZE).expect("a size that a driver asks for")
}

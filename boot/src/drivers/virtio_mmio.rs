//! Memory-mapped virtio devices in the fixed slots of a machine without PCI.

#![expect(unsafe_code, reason = "device registers")]

use core::ptr::NonNull;
use virtio_drivers::transport::mmio::{MmioTransport, VirtIOHeader};
use virtio_drivers::transport::{DeviceType, Transport};

/// Where the slots are, how large and how many, on the microvm machine.
const FIRST_SLOT: usize = 0xfeb0_0000;
const SLOT_SIZE: usize = 512;
const SLOT_COUNT: usize = 24;
/// The first register of a slot in use: "virt" (virtio 1.2, section 4.2.2).
const MAGIC: u32 = 0x7472_6976;

/// The first block device; None if there is none.
pub(super) fn find_block_device() -> Option<MmioTransport<'static>> {
    (0..SLOT_COUNT)
        .map(|slot| FIRST_SLOT + slot * SLOT_SIZE)
        .find_map(block_device_at)
}

fn block_device_at(address: usize) -> Option<MmioTransport<'static>> {
    let header: *mut VirtIOHeader = core::ptr::with_exposed_provenance_mut(address);
    // SAFETY: the address is mapped, and reading it has no effect whatever is there.
    let magic = unsafe { header.cast::<u32>().read_volatile() };
    if magic != MAGIC {
        return None;
    }
    // SAFETY: the slot is a virtio device's, and nothing else uses it.
    let transport = unsafe { MmioTransport::new(NonNull::new(header)?, SLOT_SIZE) }.ok()?;
    (transport.device_type() == DeviceType::Block).then_some(transport)
}

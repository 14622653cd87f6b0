//! Interrupts that a PCI device sends as messages: MSI-X (PCI local bus specification 3.0,
//! section 6.8.2).
//!
//! Line interrupts would need the firmware's tables to know where they arrive; a message is a
//! write to the local APIC, with the vector in it (Intel SDM volume 3A, section 11.11).

#![expect(unsafe_code, reason = "device registers")]

use super::pci::PortAccess;
use crate::arch::{device_interrupts, timer};
use crate::mm::paging::DEVICES_END;
use virtio_drivers::transport::pci::bus::{BarInfo, ConfigurationAccess, DeviceFunction, PciRoot};

/// Capabilities: MSI-X, and those of virtio.
const MSIX: u8 = 0x11;
const VENDOR: u8 = 0x09;
/// VIRTIO_PCI_CAP_COMMON_CFG (virtio 1.2, section 4.1.4).
const COMMON: u8 = 1;
/// In the common configuration (section 4.1.4.3): which queue, and the number of its message.
const QUEUE_SELECT: usize = 0x16;
const QUEUE_VECTOR: usize = 0x1a;
const COMMON_SIZE: usize = 0x38;

/// In the first word of the MSI-X capability.
const ENABLE: u32 = 1 << 31;
const FUNCTION_MASK: u32 = 1 << 30;
/// Bytes of an entry of its table.
const ENTRY: usize = 16;

/// Where messages to the local APIC go; its number is in bits 12 to 19.
const LOCAL_APIC: u32 = 0xfee0_0000;

/// A virtio device's messages.
pub(super) struct Messages {
    device: DeviceFunction,
    /// Offset of the MSI-X capability.
    capability: u8,
    /// Addresses of its table and of the device's common configuration.
    table: usize,
    common: usize,
}

impl Messages {
    /// The messages of a virtio device; None if it has none.
    pub(super) fn find(root: &mut PciRoot<PortAccess>, device: DeviceFunction) -> Option<Self> {
        let access = PortAccess;
        let (mut msix, mut common) = (None, None);
        for capability in root.capabilities(device) {
            let word = |offset: u8| {
                let register = capability.offset.checked_add(offset)?;
                Some(access.read_word(device, register))
            };
            match capability.id {
                MSIX => msix = Some((capability.offset, word(4)?)),
                VENDOR if (capability.private_header >> 8) as u8 == COMMON && common.is_none() => {
                    common = Some((word(4)? as u8, word(8)?));
                }
                _ => {}
            }
        }
        let (capability, table) = msix?;
        let (common_bar, common_offset) = common?;
        let table_bar = (table & 7) as u8;
        Some(Self {
            device,
            capability,
            table: address(root, device, table_bar, table & !7, ENTRY)?,
            common: address(root, device, common_bar, common_offset, COMMON_SIZE)?,
        })
    }

    /// Lets queue 0 send messages, before the queue is set up; whether that succeeded.
    pub(super) fn enable(&self) -> bool {
        let vector = u32::from(device_interrupts::MESSAGE_VECTOR);
        let entry = [LOCAL_APIC | timer::local_apic_id() << 12, 0, vector, 0];
        for (index, word) in entry.into_iter().enumerate() {
            let register: *mut u32 = core::ptr::with_exposed_provenance_mut(self.table + 4 * index);
            // SAFETY: the device's table, which is mapped and affects no memory.
            unsafe { register.write_volatile(word) };
        }
        let control = PortAccess.read_word(self.device, self.capability);
        let enabled = control & !FUNCTION_MASK | ENABLE;
        PortAccess.write_word(self.device, self.capability, enabled);
        let register =
            |offset| -> *mut u16 { core::ptr::with_exposed_provenance_mut(self.common + offset) };
        // SAFETY: the device's configuration, as above.
        unsafe { register(QUEUE_SELECT).write_volatile(0) };
        // SAFETY: as above.
        unsafe { register(QUEUE_VECTOR).write_volatile(0) };
        // A device without room for it says NO_VECTOR.
        // SAFETY: as above.
        let is_accepted = unsafe { register(QUEUE_VECTOR).read_volatile() } == 0;
        if !is_accepted {
            PortAccess.write_word(self.device, self.capability, control & !ENABLE);
        }
        is_accepted
    }
}

/// The address of `size` bytes at an offset in a BAR, if they are in it and mapped.
fn address(
    root: &mut PciRoot<PortAccess>,
    device: DeviceFunction,
    bar: u8,
    offset: u32,
    size: usize,
) -> Option<usize> {
    if bar > 5 {
        return None;
    }
    let BarInfo::Memory {
        address,
        size: room,
        ..
    } = root.bar_info(device, bar).ok()??
    else {
        return None;
    };
    let end = u64::from(offset).checked_add(size as u64)?;
    let is_mapped = end <= room && address != 0 && address.checked_add(end)? <= DEVICES_END;
    is_mapped.then(|| address as usize + offset as usize)
}

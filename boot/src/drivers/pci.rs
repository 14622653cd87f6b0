//! PCI configuration space by ports 0xcf8 and 0xcfc, and the virtio block device on it.

use super::dma::IdentityDma;
use super::messages::Messages;
use crate::arch::port;
use virtio_drivers::transport::DeviceType;
use virtio_drivers::transport::pci::bus::{Command, ConfigurationAccess, DeviceFunction, PciRoot};
use virtio_drivers::transport::pci::{PciTransport, VirtioPciError, virtio_device_type};

const ADDRESS: u16 = 0xcf8;
const DATA: u16 = 0xcfc;
const ENABLE: u32 = 1 << 31;
/// What reading a device gives that is not there.
const ABSENT: u32 = u32::MAX;

/// Configuration mechanism 1 (PCI local bus specification 3.0, section 3.2.2.3.2).
pub(super) struct PortAccess;

impl PortAccess {
    fn select(device: DeviceFunction, register: u8) {
        let address = ENABLE
            | u32::from(device.bus) << 16
            | u32::from(device.device) << 11
            | u32::from(device.function) << 8
            | u32::from(register & !3);
        port::write_u32(ADDRESS, address);
    }
}

impl ConfigurationAccess for PortAccess {
    fn read_word(&self, device: DeviceFunction, register: u8) -> u32 {
        Self::select(device, register);
        port::read_u32(DATA)
    }

    fn write_word(&mut self, device: DeviceFunction, register: u8, data: u32) {
        Self::select(device, register);
        port::write_u32(DATA, data);
    }

    #[expect(unsafe_code, reason = "implements the driver crate's trait")]
    unsafe fn unsafe_clone(&self) -> Self {
        Self
    }
}

/// The first virtio block device on bus 0, and its messages if it has some; None if there is
/// none or no PCI.
pub(super) fn find_block_device() -> Option<Result<(PciTransport, Option<Messages>), VirtioPciError>>
{
    let host_bridge = DeviceFunction {
        bus: 0,
        device: 0,
        function: 0,
    };
    if PortAccess.read_word(host_bridge, 0) == ABSENT {
        return None;
    }
    let mut root = PciRoot::new(PortAccess);
    let (device, _) = root
        .enumerate_bus(host_bridge.bus)
        .find(|(_, info)| virtio_device_type(info) == Some(DeviceType::Block))?;
    // The firmware has assigned the addresses; reading and writing memory is left to drivers.
    root.set_command(device, Command::MEMORY_SPACE | Command::BUS_MASTER);
    let messages = Messages::find(&mut root, device);
    let transport = PciTransport::new::<IdentityDma, _>(&mut root, device);
    Some(transport.map(|transport| (transport, messages)))
}

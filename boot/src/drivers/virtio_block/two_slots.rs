//! The disk, for the store of two slots.

use super::VirtioDisk;
use woodfrog::checkpoint::{BlockDevice, DeviceError};
use woodfrog::two_slots;

impl two_slots::BlockDevice for VirtioDisk {
    fn block_size(&self) -> usize {
        BlockDevice::block_size(self)
    }

    fn block_count(&self) -> u64 {
        BlockDevice::block_count(self)
    }

    fn has_flush(&self) -> bool {
        BlockDevice::has_flush(self)
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), two_slots::DeviceError> {
        BlockDevice::read_blocks(self, first, buffer).map_err(device_error)
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), two_slots::DeviceError> {
        BlockDevice::write_blocks(self, first, data).map_err(device_error)
    }

    fn flush(&mut self) -> Result<(), two_slots::DeviceError> {
        BlockDevice::flush(self).map_err(device_error)
    }
}

fn device_error(error: DeviceError) -> two_slots::DeviceError {
    match error {
        DeviceError::Transient { code } => two_slots::DeviceError::Transient { code },
        DeviceError::Failed { code } => two_slots::DeviceError::Failed { code },
        DeviceError::OutOfRange { first, count } => {
            two_slots::DeviceError::OutOfRange { first, count }
        }
    }
}

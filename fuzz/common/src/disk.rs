//! A checkpoint disk in memory, and the way from it to a running store.

use crate::guest::{Host, Thawed};
use woodfrog::two_slots::{BlockDevice, CheckpointStore, DeviceError};

/// Its block size in bytes.
pub const BLOCK: usize = 512;

/// A disk in memory.
#[derive(Clone)]
pub struct Disk(pub Vec<u8>);

impl BlockDevice for Disk {
    fn block_size(&self) -> usize {
        BLOCK
    }

    fn block_count(&self) -> u64 {
        (self.0.len() / BLOCK) as u64
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        let start = first as usize * BLOCK;
        buffer.copy_from_slice(&self.0[start..start + buffer.len()]);
        Ok(())
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        let start = first as usize * BLOCK;
        self.0[start..start + data.len()].copy_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// What a machine that boots from a disk comes to.
///
/// # Errors
///
/// At which stage the disk was refused.
pub fn boot(host: &Host, disk: Disk) -> Result<Thawed, &'static str> {
    let mut store = CheckpointStore::open(disk).map_err(|_| "open")?;
    let guest = store.guest().map_err(|_| "guest")?;
    let module = woodfrog::module::Module::decode(guest.module).map_err(|_| "module")?;
    if module.hash != host.modules[0].inner().hash {
        return Err("another module");
    }
    let latest = store
        .latest()
        .map_err(|_| "latest")?
        .ok_or("no checkpoint")?;
    Ok(host.thaw(&latest.bytes))
}

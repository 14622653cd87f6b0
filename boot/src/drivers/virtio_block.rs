//! The disk: a virtio block device, polled, one request at a time.

use super::dma::IdentityDma;
use super::{dma, pci, virtio_mmio};
use alloc::vec::Vec;
use virtio_drivers::Error;
use virtio_drivers::device::blk::{SECTOR_SIZE, VirtIOBlk};
use virtio_drivers::transport::pci::VirtioPciError;
use virtio_drivers::transport::{SomeTransport, Transport};
use woodfrog::two_slots::{BlockDevice, DeviceError};

/// VIRTIO_BLK_F_FLUSH (virtio 1.2, section 5.2.3).
const FEATURE_FLUSH: u64 = 1 << 9;
/// Most bytes of one request.
const MAX_REQUEST: usize = 1 << 20;

/// The machine's first virtio block device.
pub struct VirtioDisk {
    device: VirtIOBlk<IdentityDma, SomeTransport<'static>>,
    has_flush: bool,
    /// Where data goes by that lies in a guest's memory.
    bounce: Vec<u8>,
}

/// Why there is no disk.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// There is no virtio block device.
    #[error("no virtio block device")]
    NotFound,
    /// The PCI device is not one of virtio 1.0 or later.
    #[error("the virtio block device cannot be used: {0}")]
    Pci(VirtioPciError),
    /// The device did not start.
    #[error("the virtio block device does not start: {0}")]
    Start(Error),
}

impl VirtioDisk {
    /// Finds and starts the device, over PCI if there is one, else memory-mapped.
    ///
    /// # Errors
    ///
    /// [`DiskError`].
    pub fn find() -> Result<Self, DiskError> {
        let mut transport = match pci::find_block_device() {
            Some(transport) => SomeTransport::from(transport.map_err(DiskError::Pci)?),
            None => virtio_mmio::find_block_device()
                .ok_or(DiskError::NotFound)?
                .into(),
        };
        let has_flush = transport.read_device_features() & FEATURE_FLUSH != 0;
        let device = VirtIOBlk::new(transport).map_err(DiskError::Start)?;
        Ok(Self {
            device,
            has_flush,
            bounce: Vec::new(),
        })
    }

    fn check_range(&self, first: u64, length: usize) -> Result<(), DeviceError> {
        let count = (length / SECTOR_SIZE) as u64;
        match first.checked_add(count) {
            Some(end) if end <= self.device.capacity() => Ok(()),
            _ => Err(DeviceError::OutOfRange { first, count }),
        }
    }
}

impl BlockDevice for VirtioDisk {
    fn block_size(&self) -> usize {
        SECTOR_SIZE
    }

    fn block_count(&self) -> u64 {
        self.device.capacity()
    }

    fn has_flush(&self) -> bool {
        self.has_flush
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        self.check_range(first, buffer.len())?;
        let mut block = first as usize;
        for chunk in buffer.chunks_mut(MAX_REQUEST) {
            let result = if dma::is_reachable(chunk) {
                self.device.read_blocks(block, chunk)
            } else {
                self.bounce.resize(chunk.len(), 0);
                let result = self.device.read_blocks(block, &mut self.bounce);
                chunk.copy_from_slice(&self.bounce);
                result
            };
            result.map_err(device_error)?;
            block += chunk.len() / SECTOR_SIZE;
        }
        Ok(())
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.check_range(first, data.len())?;
        let mut block = first as usize;
        for chunk in data.chunks(MAX_REQUEST) {
            let chunk = if dma::is_reachable(chunk) {
                chunk
            } else {
                self.bounce.clear();
                self.bounce.extend_from_slice(chunk);
                &self.bounce
            };
            let result = self.device.write_blocks(block, chunk);
            result.map_err(device_error)?;
            block += chunk.len() / SECTOR_SIZE;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        self.device.flush().map_err(device_error)
    }
}

/// Codes of [`DeviceError`]: the order of the driver crate's errors, from 1.
fn device_error(error: Error) -> DeviceError {
    match error {
        Error::QueueFull => DeviceError::Transient { code: 1 },
        Error::NotReady => DeviceError::Transient { code: 2 },
        Error::WrongToken => DeviceError::Failed { code: 3 },
        Error::AlreadyUsed => DeviceError::Failed { code: 4 },
        Error::InvalidParam => DeviceError::Failed { code: 5 },
        Error::DmaError => DeviceError::Failed { code: 6 },
        Error::IoError => DeviceError::Failed { code: 7 },
        Error::Unsupported => DeviceError::Failed { code: 8 },
        _ => DeviceError::Failed { code: 9 },
    }
}

//! A device behind the retry policy, addressed in the disk's own units.

use super::device::RETRIES;
use super::{BlockDevice, DeviceError, ReadError};
use alloc::vec;
use alloc::vec::Vec;
use crc32fast::Hasher;

/// Most bytes of one request to the device, which bounds a driver's bounce buffers.
pub(super) const MAX_REQUEST: usize = 256 * 1024;

/// Smallest unit of the layout: the alignment that disks and page caches favour.
const MIN_UNIT: usize = 4096;

/// Bytes of a record: the largest piece that no device tears.
pub(super) const SECTOR: usize = 512;

/// Whether a device's block size is one that this format can use.
pub(super) fn is_supported_block_size(size: usize) -> bool {
    size.is_power_of_two() && (512..=65536).contains(&size)
}

/// Bytes of a unit on a device with this block size.
pub(super) fn unit_bytes(block_size: usize) -> usize {
    block_size.max(MIN_UNIT)
}

/// The device, and how long a unit of the disk is.
pub(super) struct Blocks<D> {
    pub device: D,
    pub unit_bytes: usize,
}

impl<D: BlockDevice> Blocks<D> {
    pub fn block_size(&self) -> usize {
        self.device.block_size()
    }

    /// Number of the first block of a unit.
    fn block_of(&self, unit: u64) -> u64 {
        unit * (self.unit_bytes / self.block_size()) as u64
    }

    /// Repeats a request as the retry policy says.
    fn retry(
        &mut self,
        mut request: impl FnMut(&mut D) -> Result<(), DeviceError>,
    ) -> Result<(), DeviceError> {
        let mut attempt = 0;
        loop {
            match request(&mut self.device) {
                Err(DeviceError::Transient { .. }) if attempt < RETRIES => attempt += 1,
                result => return result,
            }
        }
    }

    /// Writes whole blocks, `offset` blocks behind the start of a unit.
    pub fn write(&mut self, unit: u64, offset: u64, data: &[u8]) -> Result<(), DeviceError> {
        let block_size = self.block_size();
        assert!(data.len().is_multiple_of(block_size));
        let mut first = self.block_of(unit) + offset;
        for request in data.chunks(MAX_REQUEST) {
            self.retry(|device| device.write_blocks(first, request))?;
            first += (request.len() / block_size) as u64;
        }
        Ok(())
    }

    /// Makes all writes durable; see [`RETRIES`] for why it is not repeated.
    pub fn flush(&mut self) -> Result<(), DeviceError> {
        self.device.flush()
    }

    /// Reads the record at the start of a unit.
    pub fn read_record(&mut self, unit: u64) -> Result<[u8; SECTOR], DeviceError> {
        let first = self.block_of(unit);
        let mut block = vec![0; self.block_size()];
        self.retry(|device| device.read_blocks(first, &mut block))?;
        Ok(block[..SECTOR].try_into().expect("a block has a sector"))
    }

    /// Writes a record to the start of a unit, in one block.
    pub fn write_record(&mut self, unit: u64, record: &[u8; SECTOR]) -> Result<(), DeviceError> {
        let mut block = vec![0; self.block_size()];
        block[..SECTOR].copy_from_slice(record);
        self.write(unit, 0, &block)
    }

    /// Reads `len` bytes from the start of a unit, and hands them on piece by piece.
    fn read_pieces(
        &mut self,
        unit: u64,
        len: u64,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), DeviceError> {
        let block_size = self.block_size();
        let mut first = self.block_of(unit);
        let mut rest = len;
        let whole = usize::try_from(len).unwrap_or(usize::MAX).min(MAX_REQUEST);
        let mut buffer = vec![0; whole.next_multiple_of(block_size)];
        while rest > 0 {
            let piece = usize::try_from(rest).unwrap_or(usize::MAX).min(MAX_REQUEST);
            let blocks = &mut buffer[..piece.next_multiple_of(block_size)];
            self.retry(|device| device.read_blocks(first, blocks))?;
            take(&blocks[..piece]);
            first += (blocks.len() / block_size) as u64;
            rest -= piece as u64;
        }
        Ok(())
    }

    /// The checksum of `len` bytes from the start of a unit.
    pub fn checksum(&mut self, unit: u64, len: u64) -> Result<u32, DeviceError> {
        let mut hasher = Hasher::new();
        self.read_pieces(unit, len, |piece| hasher.update(piece))?;
        Ok(hasher.finalize())
    }

    /// Reads `len` bytes from the start of a unit; returns them with their checksum.
    pub fn read(&mut self, unit: u64, len: u64) -> Result<(Vec<u8>, u32), ReadError> {
        let no_memory = ReadError::OutOfMemory { len_bytes: len };
        let mut bytes = Vec::new();
        let capacity = usize::try_from(len).map_err(|_| no_memory)?;
        bytes.try_reserve_exact(capacity).map_err(|_| no_memory)?;
        let mut hasher = Hasher::new();
        self.read_pieces(unit, len, |piece| {
            hasher.update(piece);
            bytes.extend_from_slice(piece);
        })?;
        Ok((bytes, hasher.finalize()))
    }
}

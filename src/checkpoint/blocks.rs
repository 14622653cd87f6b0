//! A device behind the retry policy, addressed in the disk's own units.

use super::device::RETRIES;
use super::{BlockDevice, DeviceError, ReadRequest, WriteRequest};
use alloc::vec;
use alloc::vec::Vec;

/// Most bytes of one request to the device, which bounds a driver's bounce buffers.
pub(super) const MAX_REQUEST: usize = 1 << 20;

/// Smallest unit of the layout: that of pages, which disks and page caches favour too.
pub(super) const MIN_UNIT: usize = 4096;

/// Bytes of a record: the largest piece that no device tears.
pub(super) const SECTOR: usize = 512;

/// Whether a device's block size is one that this format can use.
pub(super) fn is_supported_block_size(size: usize) -> bool {
    size.is_power_of_two() && (512..=65536).contains(&size)
}

/// The device, and how long a unit of the disk is.
pub(super) struct Blocks<D> {
    pub device: D,
    pub unit_bytes: usize,
    /// Whether a write or flush has failed, if only once: nobody knows what of it the device may still
    /// do.
    pub has_failed: bool,
}

impl<D: BlockDevice> Blocks<D> {
    pub fn new(device: D, unit_bytes: usize) -> Self {
        Self {
            device,
            unit_bytes,
            has_failed: false,
        }
    }

    pub fn block_size(&self) -> usize {
        self.device.block_size()
    }

    fn blocks_per_unit(&self) -> u64 {
        (self.unit_bytes / self.block_size()) as u64
    }

    /// How many units these bytes take.
    pub fn units(&self, len_bytes: u64) -> u64 {
        len_bytes.div_ceil(self.unit_bytes as u64)
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

    /// Writes pieces, each a multiple of the block size, to units.
    pub fn write_batch(&mut self, pieces: &[(u64, &[u8])]) -> Result<(), DeviceError> {
        let (block_size, per_unit) = (self.block_size(), self.blocks_per_unit());
        let mut requests = Vec::with_capacity(pieces.len());
        for (unit, data) in pieces {
            assert!(data.len().is_multiple_of(block_size), "part of a block");
            let mut first = unit * per_unit;
            for data in data.chunks(MAX_REQUEST) {
                requests.push(WriteRequest { first, data });
                first += (data.len() / block_size) as u64;
            }
        }
        let mut has_failed = false;
        let result = self.retry(|device| {
            let result = match requests.as_slice() {
                [] => Ok(()),
                [one] => device.write_blocks(one.first, one.data),
                several => device.write_batch(several),
            };
            has_failed |= result.is_err();
            result
        });
        self.has_failed |= has_failed;
        result
    }

    /// Writes whole blocks to the start of a unit.
    pub fn write(&mut self, unit: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.write_batch(&[(unit, data)])
    }

    /// Makes all writes durable; see [`RETRIES`] for why it is not repeated.
    pub fn flush(&mut self) -> Result<(), DeviceError> {
        let result = self.device.flush();
        self.has_failed |= result.is_err();
        result
    }

    /// Writes a record to the start of a unit, in one block.
    pub fn write_record(&mut self, unit: u64, record: &[u8; SECTOR]) -> Result<(), DeviceError> {
        let mut block = vec![0; self.block_size()];
        block[..SECTOR].copy_from_slice(record);
        self.write(unit, &block)
    }

    /// Reads whole blocks from the start of a unit.
    pub fn read(&mut self, unit: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        let block_size = self.block_size();
        assert!(buffer.len().is_multiple_of(block_size), "part of a block");
        let mut first = unit * self.blocks_per_unit();
        let mut requests = Vec::new();
        for buffer in buffer.chunks_mut(MAX_REQUEST) {
            let count = (buffer.len() / block_size) as u64;
            requests.push(ReadRequest { first, buffer });
            first += count;
        }
        match requests.as_mut_slice() {
            [] => Ok(()),
            [one] => self.retry(|device| device.read_blocks(one.first, one.buffer)),
            several => self.retry(|device| device.read_batch(several)),
        }
    }

    /// Reads the record at the start of a unit.
    pub fn read_record(&mut self, unit: u64) -> Result<[u8; SECTOR], DeviceError> {
        let mut block = vec![0; self.block_size()];
        self.read(unit, &mut block)?;
        Ok(block[..SECTOR].try_into().expect("a block has a sector"))
    }

    /// Reads `len` bytes, `offset` bytes behind the start of a unit, whatever blocks they lie in.
    pub fn read_bytes(
        &mut self,
        unit: u64,
        offset: u64,
        len: usize,
    ) -> Result<Vec<u8>, DeviceError> {
        let block_size = self.block_size() as u64;
        let start = unit * self.unit_bytes as u64 + offset;
        let first = start / block_size;
        let end = (start + len as u64).div_ceil(block_size);
        let mut blocks = vec![0; ((end - first) * block_size) as usize];
        self.retry(|device| device.read_blocks(first, &mut blocks))?;
        let skipped = (start - first * block_size) as usize;
        blocks.drain(..skipped);
        blocks.truncate(len);
        Ok(blocks)
    }
}

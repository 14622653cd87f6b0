//! Devices in memory: an honest one, and one that loses power, and worse.

use super::blocks::SECTOR;
use super::{BlockDevice, DeviceError};
use alloc::vec;
use alloc::vec::Vec;

/// The error of a device without power.
pub(super) const NO_POWER: DeviceError = DeviceError::Failed { code: -1 };

/// A small deterministic generator (xorshift64*).
pub(super) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn is_one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

/// A device that does what it says.
#[derive(Clone)]
pub(crate) struct MemoryDevice {
    pub bytes: Vec<u8>,
    pub block_size: usize,
    pub has_flush: bool,
    pub written_bytes: u64,
    /// How often something else could have run.
    pub yields: u64,
    pub flushes: u64,
}

impl MemoryDevice {
    pub fn new(block_size: usize, size_bytes: usize) -> Self {
        Self {
            bytes: vec![0; size_bytes],
            block_size,
            has_flush: true,
            written_bytes: 0,
            yields: 0,
            flushes: 0,
        }
    }

    /// The bytes of a request.
    pub fn range(&mut self, first: u64, len: usize) -> Result<&mut [u8], DeviceError> {
        assert!(len.is_multiple_of(self.block_size), "part of a block");
        let start = usize::try_from(first)
            .ok()
            .and_then(|first| first.checked_mul(self.block_size));
        let range = start.and_then(|start| self.bytes.get_mut(start..start.checked_add(len)?));
        range.ok_or(DeviceError::OutOfRange {
            first,
            count: (len / self.block_size) as u64,
        })
    }
}

impl BlockDevice for MemoryDevice {
    fn block_size(&self) -> usize {
        self.block_size
    }

    fn block_count(&self) -> u64 {
        (self.bytes.len() / self.block_size) as u64
    }

    fn has_flush(&self) -> bool {
        self.has_flush
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        buffer.copy_from_slice(self.range(first, buffer.len())?);
        Ok(())
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.range(first, data.len())?.copy_from_slice(data);
        self.written_bytes += data.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        self.flushes += 1;
        Ok(())
    }

    fn yield_now(&mut self) {
        self.yields += 1;
    }
}

/// A device with a cache, whose power goes after a number of writes and flushes.
pub(super) struct FaultyDevice {
    /// What reads see.
    cached: MemoryDevice,
    /// What survives for certain.
    durable: MemoryDevice,
    /// Sectors written since the last flush: offset and contents.
    unflushed: Vec<(usize, Vec<u8>)>,
    /// How many writes and flushes are still done.
    pub operations_left: u64,
    /// Of how many writes one is lost, and one goes astray; 0: none.
    pub lies_one_in: usize,
    random: Random,
}

impl FaultyDevice {
    /// A device with these contents, all of them durable.
    pub fn new(device: MemoryDevice, operations_left: u64, seed: u64) -> Self {
        Self {
            cached: device.clone(),
            durable: device,
            unflushed: Vec::new(),
            operations_left,
            lies_one_in: 0,
            random: Random(seed),
        }
    }

    /// What is there when power comes back: of the sectors not flushed, any of
    /// those written, in any order.
    pub fn after_power_loss(mut self) -> MemoryDevice {
        while !self.unflushed.is_empty() {
            let index = self.random.below(self.unflushed.len());
            let (offset, contents) = self.unflushed.swap_remove(index);
            if self.random.is_one_in(2) {
                self.durable.bytes[offset..][..SECTOR].copy_from_slice(&contents);
            }
        }
        self.durable
    }

    /// Uses up an operation; false if the power goes with it.
    fn use_operation(&mut self) -> Result<bool, DeviceError> {
        self.operations_left = self.operations_left.checked_sub(1).ok_or(NO_POWER)?;
        Ok(self.operations_left > 0)
    }
}

impl BlockDevice for FaultyDevice {
    fn block_size(&self) -> usize {
        self.cached.block_size()
    }

    fn block_count(&self) -> u64 {
        self.cached.block_count()
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        self.cached.read_blocks(first, buffer)
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        let is_powered = self.use_operation()?;
        let mut first = first;
        if self.lies_one_in != 0 {
            if self.random.is_one_in(self.lies_one_in) {
                return Ok(());
            }
            if self.random.is_one_in(self.lies_one_in) {
                let blocks = self.cached.block_count() as usize - data.len() / self.block_size();
                first = self.random.below(blocks + 1) as u64;
            }
        }
        self.cached.write_blocks(first, data)?;
        let start = first as usize * self.cached.block_size;
        for (index, sector) in data.chunks(SECTOR).enumerate() {
            self.unflushed
                .push((start + index * SECTOR, sector.to_vec()));
        }
        if is_powered { Ok(()) } else { Err(NO_POWER) }
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        if !self.use_operation()? {
            return Err(NO_POWER);
        }
        for (offset, contents) in self.unflushed.drain(..) {
            self.durable.bytes[offset..][..SECTOR].copy_from_slice(&contents);
        }
        Ok(())
    }
}

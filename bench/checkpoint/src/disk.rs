//! Disks in files, and what a device can do at best.

use anyhow::{Result, ensure};
use spin::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use woodfrog::checkpoint::{
    self, BlockDevice, CheckpointStore, DeviceError, FormatOptions, Guest, GuestId, Owner,
    ReadRequest, WriteRequest,
};
use woodfrog::runtime::LiveCheckpoint;
use woodfrog_cli::disk::{self, FileDevice};

use crate::guest::PAGE;

/// A device that counts what is written to it.
pub struct Counting<D> {
    device: D,
    written_bytes: u64,
}

impl<D: BlockDevice> BlockDevice for Counting<D> {
    fn block_size(&self) -> usize {
        self.device.block_size()
    }

    fn block_count(&self) -> u64 {
        self.device.block_count()
    }

    fn has_flush(&self) -> bool {
        self.device.has_flush()
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        self.device.read_blocks(first, buffer)
    }

    fn read_batch(&mut self, requests: &mut [ReadRequest<'_>]) -> Result<(), DeviceError> {
        self.device.read_batch(requests)
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.written_bytes += data.len() as u64;
        self.device.write_blocks(first, data)
    }

    fn write_batch(&mut self, requests: &[WriteRequest<'_>]) -> Result<(), DeviceError> {
        let lengths = requests.iter().map(|request| request.data.len() as u64);
        self.written_bytes += lengths.sum::<u64>();
        self.device.write_batch(requests)
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        self.device.flush()
    }
}

/// A disk with one guest.
pub struct Disk {
    store: CheckpointStore<Counting<FileDevice>>,
    guest: GuestId,
}

/// A disk that several parts of a program use.
pub type SharedDisk = Arc<Mutex<CheckpointStore<Counting<FileDevice>>>>;

/// What was written of a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// Its number.
    pub number: u64,
    /// Bytes of the pages that were due, and of the state that is not memory.
    pub dirty_bytes: u64,
    /// Bytes that the device got.
    pub device_bytes: u64,
}

impl Disk {
    /// Makes a disk in a file.
    pub fn create(path: &Path, size_bytes: u64, wasm: &[u8]) -> Result<Self> {
        let device = Counting {
            device: FileDevice::create(path, size_bytes)?,
            written_bytes: 0,
        };
        Self::format(device, wasm)
    }

    /// Makes a disk in a file that has room on its file system for all of it.
    pub fn create_filled(path: &Path, size_bytes: u64, wasm: &[u8]) -> Result<Self> {
        let mut device = FileDevice::create(path, size_bytes)?;
        fill(&mut device, size_bytes)?;
        let written_bytes = 0;
        Self::format(
            Counting {
                device,
                written_bytes,
            },
            wasm,
        )
    }

    fn format(device: Counting<FileDevice>, wasm: &[u8]) -> Result<Self> {
        let options = FormatOptions {
            disk_id: [7; 16],
            owner: Owner([1; 32]),
            key: None,
        };
        let mut store = checkpoint::format(device, &options)?;
        let guest = store.add_guest(&Guest {
            name: "guest".into(),
            module: wasm.to_vec(),
            ..Guest::default()
        })?;
        Ok(Self { store, guest })
    }

    /// The disk for others, and the guest's number on it.
    pub fn into_shared(self) -> (SharedDisk, GuestId) {
        (Arc::new(Mutex::new(self.store)), self.guest)
    }

    /// Writes a checkpoint out, and makes it durable.
    pub fn write(&mut self, checkpoint: LiveCheckpoint) -> Result<Written> {
        let before = self.store.device_mut().written_bytes;
        let metadata = checkpoint.metadata().len() as u64;
        let written = disk::write_checkpoint(&mut self.store, self.guest, checkpoint, 0, KEPT)?;
        Ok(Written {
            number: written.number,
            dirty_bytes: metadata + written.pages * PAGE,
            device_bytes: self.store.device_mut().written_bytes - before,
        })
    }
}

/// Checkpoints that a disk keeps.
const KEPT: usize = 2;

/// Room for as many checkpoints of a whole memory as there can be at a time, and for the rest.
pub fn disk_bytes(mib: u64) -> u64 {
    ((KEPT as u64 + 1) * mib + 64) << 20
}

/// A file beside a disk, to see what the device can do.
pub struct Floor {
    device: FileDevice,
    size_bytes: u64,
    position: u64,
}

impl Floor {
    /// Makes the file, with room on its file system for all of it.
    pub fn create(path: &Path, size_bytes: u64) -> Result<Self> {
        let mut device = FileDevice::create(path, size_bytes)?;
        fill(&mut device, size_bytes)?;
        Ok(Self {
            device,
            size_bytes,
            position: 0,
        })
    }

    /// How long it takes to write these bytes in large requests, and to make them durable.
    pub fn write(&mut self, data: &[u8]) -> Result<Duration> {
        let bytes = data.len() as u64;
        ensure!(bytes <= self.size_bytes, "the file is too small");
        if self.position + bytes > self.size_bytes {
            self.position = 0;
        }
        let start = Instant::now();
        write(&mut self.device, self.position, data.chunks(REQUEST))?;
        self.position += bytes;
        Ok(start.elapsed())
    }
}

/// Bytes of a large request.
const REQUEST: usize = 1 << 20;

/// Writes something to the first bytes of a device, and makes it durable.
fn fill(device: &mut FileDevice, bytes: u64) -> Result<()> {
    let data = vec![0xa5; REQUEST];
    let lens = (0..bytes).step_by(REQUEST).map(|start| bytes - start);
    let parts = lens.map(|len| &data[..len.min(REQUEST as u64) as usize]);
    write(device, 0, parts)
}

/// Writes to a device from an offset on, and makes that durable.
fn write<'a>(
    device: &mut FileDevice,
    start: u64,
    parts: impl Iterator<Item = &'a [u8]>,
) -> Result<()> {
    let block_size = device.block_size() as u64;
    let mut offset = start;
    for part in parts {
        device.write_blocks(offset / block_size, part)?;
        offset += part.len() as u64;
    }
    Ok(device.flush()?)
}

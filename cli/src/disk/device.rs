//! A file as a block device.

use super::DiskError;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use woodfrog::checkpoint::{BlockDevice, DeviceError};

/// Bytes of a block: those of the virtio-blk devices that the file will be.
const BLOCK_SIZE: usize = 512;

/// A file, or a block device of the host, of fixed size. A flush is an `fdatasync`.
#[derive(Debug)]
pub struct FileDevice {
    file: File,
    block_count: u64,
}

impl FileDevice {
    /// Opens a file as a device of the size it has.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`].
    pub fn open(path: &Path, is_writable: bool) -> Result<Self, DiskError> {
        let file = OpenOptions::new().read(true).write(is_writable).open(path);
        let file = file.map_err(|error| DiskError::io(path, error))?;
        Self::new(file).map_err(|error| DiskError::io(path, error))
    }

    /// Makes a file of this size, whatever it was before. A block device
    /// keeps its size and contents.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`].
    pub fn create(path: &Path, size_bytes: u64) -> Result<Self, DiskError> {
        let make = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let file = options.open(path)?;
            if file.metadata()?.is_file() {
                file.set_len(0)?;
                file.set_len(size_bytes)?;
            }
            Self::new(file)
        };
        make().map_err(|error| DiskError::io(path, error))
    }

    /// Whether it has no block.
    pub fn is_empty(&self) -> bool {
        self.block_count == 0
    }

    fn new(mut file: File) -> io::Result<Self> {
        // Block devices have no length in their metadata, but an end.
        let block_count = file.seek(SeekFrom::End(0))? / BLOCK_SIZE as u64;
        Ok(Self { file, block_count })
    }

    /// The offset of a request in the file.
    fn offset(&self, first: u64, len: usize) -> Result<u64, DeviceError> {
        let count = (len / BLOCK_SIZE) as u64;
        let end = first.checked_add(count);
        match end.is_some_and(|end| end <= self.block_count) {
            true => Ok(first * BLOCK_SIZE as u64),
            false => Err(DeviceError::OutOfRange { first, count }),
        }
    }
}

impl BlockDevice for FileDevice {
    fn block_size(&self) -> usize {
        BLOCK_SIZE
    }

    fn block_count(&self) -> u64 {
        self.block_count
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        let offset = self.offset(first, buffer.len())?;
        let result = self.file.read_exact_at(buffer, offset);
        result.map_err(|error| device_error(&error))
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        let offset = self.offset(first, data.len())?;
        let result = self.file.write_all_at(data, offset);
        result.map_err(|error| device_error(&error))
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        self.file.sync_data().map_err(|error| device_error(&error))
    }
}

/// The host's error as a device's: its code is the `errno`.
fn device_error(error: &io::Error) -> DeviceError {
    DeviceError::Failed {
        code: error.raw_os_error().unwrap_or(0),
    }
}

//! A file as a block device.

use super::DiskError;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use woodfrog::checkpoint::{BlockDevice, DeviceError, WriteRequest};

/// Bytes of a block: those of the virtio-blk devices that the file will be.
const BLOCK_SIZE: usize = 512;

/// Most pieces of memory that Linux writes at once (`IOV_MAX`).
const MAX_SLICES: usize = 1024;

/// Bytes written one behind the other that the system is told to begin with: enough for the device to be busy
/// with, and few enough to be told of seldom.
const LARGE_WRITE: u64 = 4 << 20;

/// Bytes that it is told to begin with where nothing comes behind them.
const WORTHWHILE_WRITE: u64 = 256 << 10;

/// A file, or a block device of the host, of fixed size. A flush is an `fdatasync`.
#[derive(Debug)]
pub struct FileDevice {
    file: File,
    block_count: u64,
    /// Where in the file was written last, one behind the other, and the system has not begun with it.
    waiting: Range<u64>,
    /// None: nothing large has been written so far.
    starter: Option<Starter>,
}

/// A thread that has the system begin to write parts of a file to the device. To tell the device of them takes a
/// processor a tenth as long as to write them to the file, which the writer need not wait for.
#[derive(Debug)]
struct Starter {
    /// None: it is to end.
    ranges: Option<Sender<Range<u64>>>,
    thread: Option<JoinHandle<()>>,
}

impl Starter {
    /// None: there are no more threads, or files. The system begins by itself, if later.
    fn new(file: &File) -> Option<Self> {
        let file = file.try_clone().ok()?;
        let (ranges, to_start) = mpsc::channel::<Range<u64>>();
        let start_all = move || {
            for range in to_start {
                start_writing(&file, &range);
            }
        };
        let thread = thread::Builder::new().name("disk writeback".into());
        Some(Self {
            ranges: Some(ranges),
            thread: Some(thread.spawn(start_all).ok()?),
        })
    }

    fn start(&self, range: Range<u64>) {
        let ranges = self.ranges.as_ref().expect("it is not to end");
        ranges.send(range).expect("the thread waits for more");
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        self.ranges = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the thread does not panic");
        }
    }
}

/// Has the system begin to write a part of a file to the device.
fn start_writing(file: &File, range: &Range<u64>) {
    let (offset, len) = (
        range.start as libc::off64_t,
        (range.end - range.start) as libc::off64_t,
    );
    // If it does not, the flush does, and says what went wrong.
    #[expect(unsafe_code, reason = "a system call that no safe crate has")]
    // SAFETY: the descriptor is open, and the call touches no memory of the process.
    let _ = unsafe {
        libc::sync_file_range(file.as_raw_fd(), offset, len, libc::SYNC_FILE_RANGE_WRITE)
    };
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
            if i64::try_from(size_bytes).is_err() {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
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
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // Block devices have no length in their metadata, but an end.
        let block_count = file.seek(SeekFrom::End(0))? / BLOCK_SIZE as u64;
        Ok(Self {
            file,
            block_count,
            waiting: 0..0,
            starter: None,
        })
    }

    /// Writes the data of requests of which each goes on where the one before ends.
    fn write_run(&mut self, run: &[WriteRequest<'_>]) -> Result<(), DeviceError> {
        let len = run.iter().map(|request| request.data.len()).sum();
        let start = self.offset(run[0].first, len)?;
        let mut offset = start;
        let slices = run.iter().map(|request| IoSlice::new(request.data));
        let mut slices: Vec<IoSlice<'_>> = slices.collect();
        let mut rest = &mut slices[..];
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match rustix::io::pwritev(&self.file, rest, offset) {
                Ok(written) if written > 0 => {
                    offset += written as u64;
                    IoSlice::advance_slices(&mut rest, written);
                }
                Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Err(device_error(&io::ErrorKind::WriteZero.into())),
                Err(error) => return Err(device_error(&error.into())),
            }
        }
        self.begin_write(start, len);
        Ok(())
    }

    /// Has the system begin with what has been written when that is much, so that a flush finds most of it
    /// done.
    fn begin_write(&mut self, offset: u64, len: usize) {
        if offset != self.waiting.end {
            self.start_waiting(WORTHWHILE_WRITE);
            self.waiting = offset..offset;
        }
        self.waiting.end += len as u64;
        self.start_waiting(LARGE_WRITE);
    }

    /// Has the system begin with what waits, if it is so much.
    fn start_waiting(&mut self, least: u64) {
        let range = self.waiting.clone();
        if range.end - range.start < least {
            return;
        }
        self.waiting.start = range.end;
        if self.starter.is_none() {
            self.starter = Starter::new(&self.file);
        }
        if let Some(starter) = &self.starter {
            starter.start(range);
        }
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
        result.map_err(|error| device_error(&error))?;
        self.begin_write(offset, data.len());
        Ok(())
    }

    fn write_batch(&mut self, requests: &[WriteRequest<'_>]) -> Result<(), DeviceError> {
        let end = |request: &WriteRequest<'_>| {
            let count = (request.data.len() / BLOCK_SIZE) as u64;
            request.first.checked_add(count)
        };
        for run in requests.chunk_by(|request, next| end(request) == Some(next.first)) {
            for run in run.chunks(MAX_SLICES) {
                self.write_run(run)?;
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKS: u64 = 3000;

    #[test]
    fn a_batch_leaves_what_single_writes_would() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut device = FileDevice::create(&directory.path().join("disk"), BLOCKS * 512).unwrap();
        let pieces: Vec<Vec<u8>> = (0..2100).map(|n| vec![n as u8; 512]).collect();
        // Two runs, the first of more pieces than can be written at once.
        let first = |n: usize| n as u64 + if n < 2000 { 3 } else { 500 };
        let requests: Vec<_> = pieces
            .iter()
            .enumerate()
            .map(|(n, data)| WriteRequest {
                first: first(n),
                data,
            })
            .collect();
        device.write_batch(&requests).unwrap();
        let mut block = [0; 512];
        for request in &requests {
            device.read_blocks(request.first, &mut block).unwrap();
            assert_eq!(block, request.data);
        }
        device.read_blocks(2500, &mut block).unwrap();
        assert_eq!(block, [2000_usize as u8; 512]);
        device.read_blocks(2, &mut block).unwrap();
        assert_eq!(block, [0; 512]);
    }

    #[test]
    fn a_batch_beyond_the_end_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut device = FileDevice::create(&directory.path().join("disk"), 8 * 512).unwrap();
        let requests = [6, 7, 8].map(|first| WriteRequest {
            first,
            data: &[1; 512],
        });
        let out_of_range = Err(DeviceError::OutOfRange { first: 6, count: 3 });
        assert_eq!(device.write_batch(&requests), out_of_range);
    }
}

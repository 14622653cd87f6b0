//! The outside world of a program in the kernel: serial port, clocks, RDRAND.

use crate::arch::{clock, random};
use crate::console;
use woodfrog::runtime::{StoreLimits, StoreLimitsBuilder};
use woodfrog::wasi::{Errno, OutputStream, WasiHost};

/// Both output streams are the serial port; standard input is at its end.
#[derive(Clone, Debug)]
pub struct KernelHost {
    /// What a program may take of the kernel's heap.
    pub limits: StoreLimits,
}

impl KernelHost {
    /// The host of a program in a kernel whose heap has so many bytes. Memories take frames,
    /// which the platform counts, but tables take heap: as long as they grow up to 24 bytes an
    /// element, so that they take three eighths of it at most.
    pub fn new(heap_size: usize) -> Self {
        let limits = StoreLimitsBuilder::new().total_table_elements(heap_size / 64);
        Self {
            limits: limits.build(),
        }
    }
}

impl WasiHost for KernelHost {
    fn write(&mut self, _stream: OutputStream, bytes: &[u8]) -> Result<usize, Errno> {
        console::write_serial(bytes);
        Ok(bytes.len())
    }

    fn read_stdin(&mut self, _position: u64, _buffer: &mut [u8]) -> Result<usize, Errno> {
        Ok(0)
    }

    fn realtime_ns(&mut self) -> u64 {
        clock::realtime_ns()
    }

    fn monotonic_ns(&mut self) -> u64 {
        clock::monotonic_ns()
    }

    fn fill_random(&mut self, buffer: &mut [u8]) -> Result<(), Errno> {
        random::fill(buffer).ok_or(Errno::Io)
    }
}

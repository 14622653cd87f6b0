//! The outside world of a program in the kernel: serial port, clocks, RDRAND, and files in memory.

use crate::arch::{clock, random, timer};
use crate::console;
use crate::options::StdinUse;
use alloc::vec::Vec;
use woodfrog::runtime::{HostPart, StoreLimits, StoreLimitsBuilder};
use woodfrog::wasi::memory_files::{MemoryFiles, MemoryLimits};
use woodfrog::wasi::{Errno, FileKind, FileSystem, OutputStream, Wait, Waited, WasiHost};

/// The name of the directory that programs are given.
pub const DIRECTORY: &str = "/";

/// Of the heap, files can have this part: to freeze them takes copies of them.
const HEAP_PART: u64 = 8;

/// Most files, directories and links.
const MAX_INODES: u64 = 1 << 20;

/// What a program that waits does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitUse {
    /// It halts the processor.
    Halt,
    /// It is suspended, because there is other work for the processor.
    Suspend,
}

/// Both output streams are the serial port.
#[derive(Debug)]
pub struct KernelHost {
    /// What a program may take of the kernel's heap.
    pub limits: StoreLimits,
    /// What the program does when it waits.
    pub wait_use: WaitUse,
    /// The program's files, if it has any.
    pub files: Option<MemoryFiles>,
    stdin: StdinUse,
}

impl KernelHost {
    /// The host of a program in a kernel whose heap has so many bytes, with these files, if
    /// any. Standard input is at its end, or the serial port. Memories take frames,
    /// which the platform counts, but tables take heap: as long as they grow up to 24 bytes an
    /// element, so that they take three eighths of it at most.
    pub fn new(heap_size: usize, stdin: StdinUse, files: Option<MemoryFiles>) -> Self {
        if stdin == StdinUse::Console {
            console::listen();
        }
        let limits = StoreLimitsBuilder::new().total_table_elements(heap_size / 64);
        Self {
            limits: limits.build(),
            wait_use: WaitUse::Halt,
            files,
            stdin,
        }
    }
}

/// Files with nothing in them, which may take their part of a heap of so many bytes.
pub fn new_files(heap_size: usize) -> MemoryFiles {
    let limits = MemoryLimits {
        bytes: heap_size as u64 / HEAP_PART,
        inodes: MAX_INODES,
    };
    MemoryFiles::new(limits, clock::realtime_ns)
}

impl WasiHost for KernelHost {
    fn write(&mut self, _stream: OutputStream, bytes: &[u8]) -> Result<usize, Errno> {
        console::write_serial(bytes);
        Ok(bytes.len())
    }

    fn read_stdin(&mut self, _position: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        match self.stdin {
            StdinUse::None => Ok(0),
            StdinUse::Console => Ok(console::read_serial(buffer)),
        }
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

    fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        let files = self.files.as_mut();
        files.map(|files| files as _).into_iter().collect()
    }

    fn files(&mut self) -> Option<&mut dyn FileSystem> {
        self.files.as_mut().map(|files| files as _)
    }

    /// Halts the processor, unless there is other work for it. What comes as an interrupt ends
    /// that: the time, a byte on the serial port, the alarm that freezes the program, and any other.
    fn wait(&mut self, wait: Wait) -> Waited {
        if self.wait_use == WaitUse::Suspend {
            return Waited::Suspend;
        }
        let now_ns = clock::monotonic_ns();
        let deadline_ns = wait.duration_ns.map(|ns| now_ns.saturating_add(ns));
        timer::halt_until(deadline_ns, || wait.stdin && console::has_input());
        Waited::Awhile
    }

    fn is_stdin_ready(&mut self, _position: u64) -> bool {
        match self.stdin {
            StdinUse::None => true,
            StdinUse::Console => console::has_input(),
        }
    }

    fn stream_kind(&mut self, descriptor: u32) -> FileKind {
        match (descriptor, self.stdin) {
            // What is no terminal is what programs take for nothing special.
            (0, StdinUse::None) => FileKind::Unknown,
            _ => FileKind::CharacterDevice,
        }
    }
}

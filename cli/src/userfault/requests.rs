//! The requests that are made of userfaultfd (Linux, include/uapi/linux/userfaultfd.h).

use super::range::TrackedRange;
use linux_raw_sys::general as raw;
use linux_raw_sys::ioctl;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd};

/// What is asked of userfaultfd: signals, and faults of pages never touched before.
const FEATURES: u32 = raw::UFFD_FEATURE_PAGEFAULT_FLAG_WP
    | raw::UFFD_FEATURE_WP_UNPOPULATED
    | raw::UFFD_FEATURE_SIGBUS;

/// `UFFDIO_COPY_MODE_WP`.
const COPY_PROTECTED: u64 = 2;

/// What becomes of writes to pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// They fault.
    Fault = 1,
    /// They are done.
    Pass = 0,
}

/// The system has no memory for pages.
#[derive(Debug)]
pub struct NoMemory;

/// A userfaultfd.
pub struct Requests {
    file: File,
}

impl Requests {
    /// Opens one; None if the process cannot have one.
    pub fn open() -> Option<Self> {
        // SAFETY: the call makes a file descriptor, and touches no memory.
        let descriptor = unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) };
        let descriptor = i32::try_from(descriptor).ok().filter(|&fd| fd >= 0)?;
        // SAFETY: the descriptor is new, and nobody else's.
        let file = unsafe { File::from_raw_fd(descriptor) };
        let mut api = raw::uffdio_api {
            api: u64::from(raw::UFFD_API),
            features: u64::from(FEATURES),
            ioctls: 0,
        };
        let requests = Self { file };
        requests
            .make(ioctl::UFFDIO_API, &mut api)
            .then_some(requests)
    }

    /// Has writes to a range noticed where it is protected; None if that cannot be.
    pub fn register(&self, range: &TrackedRange) -> Option<()> {
        let mut register = raw::uffdio_register {
            range: addresses(range, 0..range.size),
            mode: u64::from(raw::UFFDIO_REGISTER_MODE_WP),
            ioctls: 0,
        };
        self.make(ioctl::UFFDIO_REGISTER, &mut register)
            .then_some(())
    }

    /// Ends that.
    pub fn unregister(&self, range: &TrackedRange) {
        let mut bytes = addresses(range, 0..range.size);
        let is_done = self.make(ioctl::UFFDIO_UNREGISTER, &mut bytes);
        assert!(is_done, "a tracked range is registered");
    }

    /// Says what becomes of writes to pages of a range, which is given in bytes.
    pub fn protect(&self, range: &TrackedRange, bytes: Range<usize>, writes: Writes) {
        #[cfg(test)]
        super::tests::count_protected(&bytes, writes);
        let mut protect = raw::uffdio_writeprotect {
            range: addresses(range, bytes),
            mode: writes as u64,
        };
        while !self.make(ioctl::UFFDIO_WRITEPROTECT, &mut protect) {
            let error = io::Error::last_os_error();
            // The address space was changing (userfaultfd(2)).
            if error.raw_os_error() != Some(libc::EAGAIN) {
                // Whoever went on would take pages for protected that are not.
                eprintln!("cannot protect tracked pages: {error}");
                std::process::abort();
            }
        }
    }

    /// Makes protected pages that hold what is at `source`.
    ///
    /// # Errors
    ///
    /// [`NoMemory`].
    pub fn copy(
        &self,
        range: &TrackedRange,
        bytes: Range<usize>,
        source: *const u8,
    ) -> Result<(), NoMemory> {
        let mut done = 0;
        while done < bytes.len() {
            let mut copy = raw::uffdio_copy {
                dst: (range.start + bytes.start + done) as u64,
                src: source.addr() as u64 + done as u64,
                len: (bytes.len() - done) as u64,
                mode: COPY_PROTECTED,
                copy: 0,
            };
            let is_done = self.make(ioctl::UFFDIO_COPY, &mut copy);
            let error = io::Error::last_os_error();
            // Of a copy that was interrupted, it says how far it came.
            done += usize::try_from(copy.copy).unwrap_or(0);
            match error.raw_os_error() {
                _ if is_done => {}
                Some(libc::EAGAIN) => {}
                Some(libc::ENOMEM) => return Err(NoMemory),
                _ => panic!("cannot supply tracked pages: {error}"),
            }
        }
        Ok(())
    }

    /// Makes a request. False: it failed.
    fn make<T>(&self, request: u32, argument: &mut T) -> bool {
        let (file, request) = (self.file.as_raw_fd(), libc::c_ulong::from(request));
        // SAFETY: each request is made with its own structure, which lives as long as the call;
        // those that change protections do so in ranges that are registered.
        unsafe { libc::ioctl(file, request, argument) == 0 }
    }
}

fn addresses(range: &TrackedRange, bytes: Range<usize>) -> raw::uffdio_range {
    raw::uffdio_range {
        start: (range.start + bytes.start) as u64,
        len: bytes.len() as u64,
    }
}

//! The WASI preview 1 host, its state part of the image.
//!
//! What a guest can tell apart before and after a freeze is in [`WasiCtx`], which
//! is serialised with the store; the outside world, which is not, is behind
//! [`WasiHost`]. [`add_to_linker`] joins the two under the import module names
//! `wasi_snapshot_preview1` and `wasi_unstable` (preview 0, of older programs).
//!
//! A program is more than a store: it has modules yet to be instantiated and an
//! entry point. [`HostState`] holds that together with the WASI state, and
//! [`step`] goes through it, so that an image made on one host goes on under any
//! other that uses the two.
//!
//! Guest pointers are checked against the memory exported as `memory`; one that
//! is out of bounds is EFAULT, never a fault of the host.
//!
//! # Examples
//!
//! A program with a host of one's own, frozen as soon as it runs:
//!
#![doc = include_str!("examples/program.md")]

mod args;
mod attach;
mod clock;
mod ctx;
mod descriptors;
mod errno;
mod fd;
mod files;
mod guest;
mod io;
mod linker;
pub mod memory_files;
mod path;
mod poll;
mod preview;
mod process;
mod program;
mod random;
mod readdir;
mod rights;
mod state;
#[cfg(test)]
mod tests;

pub use attach::AttachError;
pub use ctx::{Random, WasiCtx};
pub use descriptors::MAX_DESCRIPTORS;
pub use errno::Errno;
pub use files::{
    DirEntry, FileId, FileKind, FileStat, FileSystem, OpenOptions, Place, SetTimes, Sync,
};
pub use linker::{MODULE_NAME, PREVIEW_0_MODULE_NAME, add_to_linker};
pub use poll::MAX_SUBSCRIPTIONS;
pub use program::{HostData, ProgramError, Progress, step};
pub use readdir::MAX_LISTING;
pub use state::{Entry, HostState, MAX_STATE_SIZE, PlannedModule, SECTION, Stage, StateError};

use crate::runtime::HostPart;
use alloc::vec::Vec;

/// The two streams a guest can write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

/// What a guest waits for, which ends with whatever of it comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Nanoseconds from now on; None if there is no such limit.
    pub duration_ns: Option<u64>,
    /// Whether standard input is waited for.
    pub stdin: bool,
}

/// What came of [`WasiHost::wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Some time has gone by, or something has happened.
    Awhile,
    /// The host has something else to do. The store is suspended with the waiting call
    /// pending, and is to be resumed when the wait may be over; sooner is no error.
    Suspend,
}

/// The outside world of a WASI program.
pub trait WasiHost {
    /// Writes some of `bytes`, at least one if there is one, and returns how many.
    ///
    /// # Errors
    ///
    /// The error number for the guest; nothing has been written then.
    fn write(&mut self, stream: OutputStream, bytes: &[u8]) -> Result<usize, Errno>;

    /// Reads from standard input, of which the guest has read `position` bytes
    /// so far (before a thaw, too), and returns how many bytes; 0 is the end of file.
    ///
    /// # Errors
    ///
    /// The error number for the guest.
    fn read_stdin(&mut self, position: u64, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Nanoseconds since 1970-01-01 UTC, without leap seconds.
    fn realtime_ns(&mut self) -> u64;

    /// Nanoseconds since any fixed moment. Must not go backwards while the host lives.
    fn monotonic_ns(&mut self) -> u64;

    /// Fills a buffer with unpredictable bytes.
    ///
    /// # Errors
    ///
    /// The error number for the guest, if there is no source of entropy.
    fn fill_random(&mut self, buffer: &mut [u8]) -> Result<(), Errno>;

    /// What of the host is frozen with the program, such as files that only it has
    /// ([`MemoryFiles`](memory_files::MemoryFiles)).
    fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        Vec::new()
    }

    /// The host's directories; None if it has none to give.
    fn files(&mut self) -> Option<&mut dyn FileSystem> {
        None
    }

    /// Waits for a while, or leaves the waiting to whoever runs the store: the guest can do
    /// nothing else. Is asked again and again until what is waited for has come about.
    ///
    /// A request to suspend is looked for between two calls, so a call should not take longer
    /// than some milliseconds.
    fn wait(&mut self, wait: Wait) -> Waited {
        let _ = wait;
        core::hint::spin_loop();
        Waited::Awhile
    }

    /// How fine the host's clocks are, in nanoseconds.
    fn clock_resolution_ns(&mut self) -> u64 {
        1
    }

    /// Whether standard input has something to read, or is at its end, so that reading
    /// does not wait. `position` is as for [`Self::read_stdin`].
    fn is_stdin_ready(&mut self, position: u64) -> bool {
        let _ = position;
        true
    }

    /// What the guest's descriptor 0, 1 or 2 is when the program begins.
    fn stream_kind(&mut self, descriptor: u32) -> FileKind {
        let _ = descriptor;
        FileKind::CharacterDevice
    }
}

/// The two sides of a WASI program, borrowed for one call.
pub struct Wasi<'a> {
    /// The program's own state.
    pub ctx: &'a mut WasiCtx,
    /// The outside world.
    pub host: &'a mut dyn WasiHost,
}

/// The guest called `proc_exit` with this status: the error that ends the call,
/// inside a [`HostError`](crate::runtime::HostError).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program exited with status {0}")]
pub struct Exit(pub u32);

//! Why a disk could not be made, read or written.

use std::io;
use std::path::{Path, PathBuf};
use woodfrog::two_slots::{FormatError, OpenError, ReadError, WriteError};

/// Why `woodfrog disk` failed. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The file cannot be opened.
    #[error("{}: {source}", path.display())]
    Io {
        /// The disk.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be made a checkpoint disk.
    #[error("{}: {source}", path.display())]
    Format {
        /// The disk.
        path: PathBuf,
        /// Why.
        source: FormatError,
    },
    /// It is not a checkpoint disk.
    #[error("{}: {source}", path.display())]
    Open {
        /// The disk.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// Something on it cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The disk.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// A checkpoint cannot be written to it.
    #[error("{}: {source}", path.display())]
    Write {
        /// The disk.
        path: PathBuf,
        /// Why.
        source: WriteError,
    },
    /// There is no module on it.
    #[error("{}: there is no module on this disk", .0.display())]
    NoGuest(PathBuf),
    /// There is no such complete checkpoint on it.
    #[error("{}: there is no such checkpoint on this disk{}", path.display(), numbered(*number))]
    NoCheckpoint {
        /// The disk.
        path: PathBuf,
        /// The one asked for; None: any.
        number: Option<u64>,
    },
    /// A file to be overwritten is something else.
    #[error("{} exists and is not a checkpoint disk; --force overwrites it", .0.display())]
    NotOurs(PathBuf),
    /// An image is of another module than the disk's.
    #[error("{}: this image is not of the module on the disk", .0.display())]
    OtherModule(PathBuf),
}

fn numbered(number: Option<u64>) -> String {
    number.map_or(String::new(), |number| format!(": number {number}"))
}

impl DiskError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { path, source }
    }

    pub(super) fn format(path: &Path, source: FormatError) -> Self {
        let path = path.to_owned();
        Self::Format { path, source }
    }

    pub(super) fn open(path: &Path, source: OpenError) -> Self {
        let path = path.to_owned();
        Self::Open { path, source }
    }

    pub(super) fn read(path: &Path, source: ReadError) -> Self {
        let path = path.to_owned();
        Self::Read { path, source }
    }

    pub(super) fn write(path: &Path, source: WriteError) -> Self {
        let path = path.to_owned();
        Self::Write { path, source }
    }

    pub(super) fn no_guest(path: &Path) -> Self {
        Self::NoGuest(path.to_owned())
    }

    pub(super) fn no_checkpoint(path: &Path, number: Option<u64>) -> Self {
        let path = path.to_owned();
        Self::NoCheckpoint { path, number }
    }
}

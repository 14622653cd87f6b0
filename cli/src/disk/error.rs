//! Why a disk could not be made, read or written.

use super::opened::now_ms;
use std::io;
use std::path::{Path, PathBuf};
use woodfrog::checkpoint::{
    DeviceError, FormatError, LeaseError, OpenError, ReadError, WriteError,
};
use woodfrog::image::{GenerationError, RawImage};
use woodfrog::runtime::{PageError, PrecompiledError};

/// Why `woodfrog disk` failed. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// A precompiled module on a disk is not whole.
    #[error("the precompiled module on the disk: {0}")]
    Precompiled(PrecompiledError),
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
    #[error("{}: {source}{}", path.display(), open_advice(source))]
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
    /// Something cannot be written to it.
    #[error("{}: {source}", path.display())]
    Write {
        /// The disk.
        path: PathBuf,
        /// Why.
        source: WriteError,
    },
    /// Its lease cannot be had.
    #[error("{}: {}", path.display(), lease_text(source))]
    Lease {
        /// The disk.
        path: PathBuf,
        /// Why.
        source: LeaseError,
    },
    /// A checkpoint on it cannot be read.
    #[error("{}: checkpoint {number}: {source}", path.display())]
    Generation {
        /// The disk.
        path: PathBuf,
        /// The checkpoint's number.
        number: u64,
        /// Why.
        source: GenerationError,
    },
    /// A page that a program needed, which had gone on from a checkpoint, cannot be read.
    #[error(
        "{}: checkpoint {number} cannot be read on: {source}; the program has stopped, and the \
         disk's checkpoints are as they were (`woodfrog disk fsck` finds what is damaged, \
         --number goes on from another checkpoint)", path.display()
    )]
    Page {
        /// The disk.
        path: PathBuf,
        /// The checkpoint's number.
        number: u64,
        /// Why.
        source: PageError,
    },
    /// A file is no key.
    #[error("{}: a key is 32 bytes, or 64 hexadecimal digits", .0.display())]
    Key(PathBuf),
    /// There is no program on it.
    #[error("{}: there is no program on this disk", .0.display())]
    NoGuest(PathBuf),
    /// There is no program of this name on it.
    #[error("{}: there is no program \"{name}\" on this disk", path.display())]
    NoGuestNamed {
        /// The disk.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// There are several programs on it, and none was chosen.
    #[error("{}: there are several programs on this disk; --guest chooses one of {}", path.display(), names.join(", "))]
    SeveralGuests {
        /// The disk.
        path: PathBuf,
        /// Their names.
        names: Vec<String>,
    },
    /// There is a program of this name already.
    #[error("{}: there is a program \"{name}\" on this disk already; --replace takes its place, --name gives another name", path.display())]
    GuestExists {
        /// The disk.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A program is to be copied to where there is one of this name already.
    #[error("{}: there is a program \"{name}\" on this disk already; --name gives another name", path.display())]
    CopyExists {
        /// The disk.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// There is no such checkpoint on it.
    #[error("{}: there is no such checkpoint on this disk{}", path.display(), numbered(*number))]
    NoCheckpoint {
        /// The disk.
        path: PathBuf,
        /// The one asked for; None: any.
        number: Option<u64>,
    },
    /// A file to be overwritten is a checkpoint disk.
    #[error("{} is a checkpoint disk already; --force overwrites it and all that is on it", .0.display())]
    DiskExists(PathBuf),
    /// A file to be overwritten is something else.
    #[error("{} exists and is not a checkpoint disk; --force overwrites it", .0.display())]
    NotOurs(PathBuf),
    /// An image is of another module than the program's.
    #[error("{}: this image is not of the program's module", .0.display())]
    OtherModule(PathBuf),
}

fn numbered(number: Option<u64>) -> String {
    number.map_or(String::new(), |number| format!(": number {number}"))
}

/// What to do with something that is no disk, but is known.
fn open_advice(source: &OpenError) -> &'static str {
    let OpenError::Magic { found } = source else {
        return "";
    };
    match found {
        [0, b'a', b's', b'm', ..] => {
            "; it is a module, and `woodfrog disk create DISK --module FILE` makes a disk with it"
        }
        found if RawImage::is_image(found) => {
            "; it is an image, and `woodfrog disk add DISK --image FILE` puts it on a disk"
        }
        _ => "",
    }
}

/// Why a lease cannot be had, and what to do if another machine has it.
fn lease_text(source: &LeaseError) -> String {
    match source {
        LeaseError::Held {
            owner,
            expires_ms: Some(expires_ms),
        } => {
            let rest_s = expires_ms.saturating_sub(now_ms()).div_ceil(1000);
            format!(
                "{owner} has the lease, which ends in {rest_s} s if that was killed; --take-over \
                 takes it away at once"
            )
        }
        LeaseError::Held { .. } => format!("{source}; --take-over takes it away"),
        _ => source.to_string(),
    }
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

    pub(super) fn lease(path: &Path, source: LeaseError) -> Self {
        let path = path.to_owned();
        Self::Lease { path, source }
    }

    pub(super) fn generation(path: &Path, number: u64, source: GenerationError) -> Self {
        let path = path.to_owned();
        Self::Generation {
            path,
            number,
            source,
        }
    }

    pub(super) fn device(path: &Path, source: DeviceError) -> Self {
        Self::read(path, source.into())
    }
}

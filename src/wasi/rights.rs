//! What may be done with a descriptor (`witx` types `rights`, `fdflags`, `oflags`, ...).

use super::Errno;
use core::ops::{BitAnd, BitOr};
use serde::{Deserialize, Serialize};

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rights(pub(super) u64);

impl Rights {
    pub(super) const NONE: Self = Self(0);
    pub(super) const FD_DATASYNC: Self = Self(1 << 0);
    pub(super) const FD_READ: Self = Self(1 << 1);
    pub(super) const FD_SEEK: Self = Self(1 << 2);
    pub(super) const FD_FDSTAT_SET_FLAGS: Self = Self(1 << 3);
    pub(super) const FD_SYNC: Self = Self(1 << 4);
    pub(super) const FD_TELL: Self = Self(1 << 5);
    pub(super) const FD_WRITE: Self = Self(1 << 6);
    pub(super) const FD_ADVISE: Self = Self(1 << 7);
    pub(super) const FD_ALLOCATE: Self = Self(1 << 8);
    pub(super) const PATH_CREATE_DIRECTORY: Self = Self(1 << 9);
    pub(super) const PATH_CREATE_FILE: Self = Self(1 << 10);
    pub(super) const PATH_LINK_SOURCE: Self = Self(1 << 11);
    pub(super) const PATH_LINK_TARGET: Self = Self(1 << 12);
    pub(super) const PATH_OPEN: Self = Self(1 << 13);
    pub(super) const FD_READDIR: Self = Self(1 << 14);
    pub(super) const PATH_READLINK: Self = Self(1 << 15);
    pub(super) const PATH_RENAME_SOURCE: Self = Self(1 << 16);
    pub(super) const PATH_RENAME_TARGET: Self = Self(1 << 17);
    pub(super) const PATH_FILESTAT_GET: Self = Self(1 << 18);
    pub(super) const PATH_FILESTAT_SET_SIZE: Self = Self(1 << 19);
    pub(super) const PATH_FILESTAT_SET_TIMES: Self = Self(1 << 20);
    pub(super) const FD_FILESTAT_GET: Self = Self(1 << 21);
    pub(super) const FD_FILESTAT_SET_SIZE: Self = Self(1 << 22);
    pub(super) const FD_FILESTAT_SET_TIMES: Self = Self(1 << 23);
    pub(super) const PATH_SYMLINK: Self = Self(1 << 24);
    pub(super) const PATH_REMOVE_DIRECTORY: Self = Self(1 << 25);
    pub(super) const PATH_UNLINK_FILE: Self = Self(1 << 26);
    pub(super) const POLL_FD_READWRITE: Self = Self(1 << 27);

    /// What has a meaning for a stream that cannot seek.
    pub(super) const STREAM: Self = Self(
        Self::FD_DATASYNC.0
            | Self::FD_READ.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_SYNC.0
            | Self::FD_WRITE.0
            | Self::FD_FILESTAT_GET.0
            | Self::FD_FILESTAT_SET_TIMES.0
            | Self::POLL_FD_READWRITE.0,
    );

    /// What has a meaning for a file.
    pub(super) const FILE: Self = Self(
        Self::STREAM.0
            | Self::FD_SEEK.0
            | Self::FD_TELL.0
            | Self::FD_ADVISE.0
            | Self::FD_ALLOCATE.0
            | Self::FD_FILESTAT_SET_SIZE.0,
    );

    /// What has a meaning for a directory.
    pub(super) const DIRECTORY: Self = Self(
        Self::FD_DATASYNC.0
            | Self::FD_FDSTAT_SET_FLAGS.0
            | Self::FD_SYNC.0
            | Self::PATH_CREATE_DIRECTORY.0
            | Self::PATH_CREATE_FILE.0
            | Self::PATH_LINK_SOURCE.0
            | Self::PATH_LINK_TARGET.0
            | Self::PATH_OPEN.0
            | Self::FD_READDIR.0
            | Self::PATH_READLINK.0
            | Self::PATH_RENAME_SOURCE.0
            | Self::PATH_RENAME_TARGET.0
            | Self::PATH_FILESTAT_GET.0
            | Self::PATH_FILESTAT_SET_SIZE.0
            | Self::PATH_FILESTAT_SET_TIMES.0
            | Self::FD_FILESTAT_GET.0
            | Self::FD_FILESTAT_SET_TIMES.0
            | Self::PATH_SYMLINK.0
            | Self::PATH_REMOVE_DIRECTORY.0
            | Self::PATH_UNLINK_FILE.0
            | Self::POLL_FD_READWRITE.0,
    );

    /// What can come from a directory: to itself, and to what is opened in it.
    pub(super) const INHERITABLE: Self = Self(Self::FILE.0 | Self::DIRECTORY.0);

    pub(super) fn contains(self, other: Self) -> bool {
        self & other == other
    }

    pub(super) fn intersects(self, other: Self) -> bool {
        self & other != Self::NONE
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Rights {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// A set of flags that a guest gives as an integer: EINVAL if there are others among them.
macro_rules! flags {
    ($(#[$doc:meta])* $name:ident: $bits:ty { $($flag:ident = $bit:literal),* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub(super) struct $name($bits);

        impl $name {
            $(pub(super) const $flag: Self = Self(1 << $bit);)*
            const ALL: $bits = $(1 << $bit)|*;

            pub(super) fn from_guest(bits: u32) -> Result<Self, Errno> {
                match <$bits>::try_from(bits) {
                    Ok(bits) if bits & !Self::ALL == 0 => Ok(Self(bits)),
                    _ => Err(Errno::Invalid),
                }
            }

            pub(super) fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }
        }

        impl BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    };
}

flags!(
    /// How a descriptor transfers data (`witx` type `fdflags`).
    FdFlags: u16 { APPEND = 0, DSYNC = 1, NONBLOCK = 2, RSYNC = 3, SYNC = 4 }
);

impl FdFlags {
    pub(super) const ANY_SYNC: Self = Self(Self::DSYNC.0 | Self::RSYNC.0 | Self::SYNC.0);

    pub(super) fn bits(self) -> u16 {
        self.0
    }

    /// Whether there are only flags that exist.
    pub(super) fn is_valid(self) -> bool {
        self.0 & !Self::ALL == 0
    }
}

flags!(
    /// How a path is opened (`witx` type `oflags`).
    OFlags: u16 { CREAT = 0, DIRECTORY = 1, EXCL = 2, TRUNC = 3 }
);

flags!(
    /// How a path is looked up (`witx` type `lookupflags`).
    LookupFlags: u32 { SYMLINK_FOLLOW = 0 }
);

flags!(
    /// Which times to set (`witx` type `fstflags`).
    FstFlags: u16 { ATIM = 0, ATIM_NOW = 1, MTIM = 2, MTIM_NOW = 3 }
);

flags!(
    /// What a clock subscription's time-out is (`witx` type `subclockflags`).
    SubClockFlags: u16 { ABSTIME = 0 }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_flags_are_refused() {
        assert_eq!(OFlags::from_guest(9), Ok(OFlags::CREAT | OFlags::TRUNC));
        assert_eq!(OFlags::from_guest(16), Err(Errno::Invalid));
        assert_eq!(OFlags::from_guest(1 << 16), Err(Errno::Invalid));
        assert_eq!(LookupFlags::from_guest(2), Err(Errno::Invalid));
    }

    #[test]
    fn a_directory_gives_rights_that_only_files_have() {
        assert!(!Rights::DIRECTORY.intersects(Rights::FD_READ | Rights::FD_SEEK));
        assert!(Rights::INHERITABLE.contains(Rights::DIRECTORY));
        assert!(Rights::INHERITABLE.contains(Rights::FD_READ | Rights::FD_SEEK));
    }
}

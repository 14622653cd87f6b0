//! What Linux knows about files, as WASI says it, and the reverse.

use cap_fs_ext::SystemTimeSpec;
use cap_std::fs::{Metadata, MetadataExt};
use rustix::fs::{FileType, Timespec, Timestamps, UTIME_OMIT};
use std::time::{Duration, SystemTime};
use woodfrog::wasi::{FileKind, FileStat, SetTimes};

const NS_PER_SECOND: u64 = 1_000_000_000;

/// What a file is.
pub fn kind(metadata: &Metadata) -> FileKind {
    match FileType::from_raw_mode(metadata.mode()) {
        FileType::RegularFile => FileKind::RegularFile,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::SymbolicLink,
        FileType::CharacterDevice => FileKind::CharacterDevice,
        FileType::BlockDevice => FileKind::BlockDevice,
        FileType::Socket => FileKind::SocketStream,
        FileType::Fifo | FileType::Unknown => FileKind::Unknown,
    }
}

/// All that WASI asks about a file.
pub fn file_stat(metadata: &Metadata) -> FileStat {
    FileStat {
        device: metadata.dev(),
        inode: metadata.ino(),
        kind: kind(metadata),
        links: metadata.nlink(),
        size: metadata.len(),
        accessed_ns: time_ns(metadata.atime(), metadata.atime_nsec()),
        modified_ns: time_ns(metadata.mtime(), metadata.mtime_nsec()),
        changed_ns: time_ns(metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// A time of a file; 0 for one before 1970, which WASI cannot say.
pub(crate) fn time_ns(seconds: i64, nanoseconds: i64) -> u64 {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or(0);
    seconds
        .saturating_mul(NS_PER_SECOND)
        .saturating_add(nanoseconds)
}

/// Times to be set on an open file.
pub fn timestamps(times: SetTimes) -> Timestamps {
    let timespec = |time: Option<u64>| match time {
        Some(ns) => Timespec {
            tv_sec: (ns / NS_PER_SECOND) as i64,
            tv_nsec: (ns % NS_PER_SECOND) as i64,
        },
        None => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
    };
    Timestamps {
        last_access: timespec(times.accessed_ns),
        last_modification: timespec(times.modified_ns),
    }
}

/// A time to be set on what a path names.
pub fn time_spec(time: Option<u64>) -> Option<SystemTimeSpec> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(time?);
    Some(SystemTimeSpec::from(cap_std::time::SystemTime::from_std(
        time,
    )))
}

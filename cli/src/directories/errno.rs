//! Errors of Linux to error numbers of WASI.

use rustix::io::Errno as Linux;
use std::io;
use woodfrog::wasi::Errno;

/// The guest's number for an error. One that has no number of Linux is cap-std's own: a path
/// that leads out of its directory.
pub fn errno(error: &io::Error) -> Errno {
    match (Linux::from_io_error(error), error.kind()) {
        (Some(linux), _) => of_linux(linux),
        (None, io::ErrorKind::PermissionDenied) => Errno::NotPermitted,
        (None, io::ErrorKind::InvalidInput) => Errno::Invalid,
        (None, io::ErrorKind::WriteZero) => Errno::NoSpace,
        (None, _) => Errno::Io,
    }
}

/// The number with the same name; EIO for those that WASI has not.
fn of_linux(linux: Linux) -> Errno {
    match linux {
        Linux::TOOBIG => Errno::TooBig,
        Linux::ACCESS => Errno::Access,
        Linux::AGAIN => Errno::Again,
        Linux::BADF => Errno::BadFd,
        Linux::BUSY => Errno::Busy,
        Linux::CANCELED => Errno::Canceled,
        Linux::DEADLK => Errno::Deadlock,
        Linux::DQUOT => Errno::Quota,
        Linux::EXIST => Errno::Exists,
        Linux::FAULT => Errno::Fault,
        Linux::FBIG => Errno::FileTooLarge,
        Linux::ILSEQ => Errno::IllegalSequence,
        Linux::INTR => Errno::Interrupted,
        Linux::INVAL => Errno::Invalid,
        Linux::ISDIR => Errno::IsDirectory,
        Linux::LOOP => Errno::Loop,
        Linux::MFILE => Errno::TooManyFiles,
        Linux::MLINK => Errno::TooManyLinks,
        Linux::NAMETOOLONG => Errno::NameTooLong,
        Linux::NFILE => Errno::TooManyFilesInSystem,
        Linux::NODEV => Errno::NoDevice,
        Linux::NOENT => Errno::NoEntry,
        Linux::NOLCK => Errno::NoLock,
        Linux::NOMEM => Errno::NoMemory,
        Linux::NOSPC => Errno::NoSpace,
        Linux::NOSYS => Errno::NotImplemented,
        Linux::NOTDIR => Errno::NotDirectory,
        Linux::NOTEMPTY => Errno::NotEmpty,
        // The same number as OPNOTSUPP.
        Linux::NOTSUP => Errno::NotSupported,
        Linux::NOTTY => Errno::NotTerminal,
        Linux::NXIO => Errno::NoSuchDevice,
        Linux::OVERFLOW => Errno::Overflow,
        Linux::PERM => Errno::NotPermitted,
        Linux::PIPE => Errno::Pipe,
        Linux::RANGE => Errno::Range,
        Linux::ROFS => Errno::ReadOnly,
        Linux::SPIPE => Errno::NoSeek,
        Linux::STALE => Errno::Stale,
        Linux::TIMEDOUT => Errno::TimedOut,
        Linux::TXTBSY => Errno::TextBusy,
        Linux::XDEV => Errno::CrossDevice,
        _ => Errno::Io,
    }
}

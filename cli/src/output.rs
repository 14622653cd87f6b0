//! Files that are written whole or not at all.
//!
//! What is to become a file is written beside it, under another name, and takes its place when
//! it is complete and on the disk: neither a full disk nor a power cut leaves half of it, or
//! half of what was there before.

use crate::error::Failure;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Writes a whole file.
///
/// # Errors
///
/// [`Failure::Write`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_with(path, |file| file.write_all(bytes))
}

/// Finds out early whether a file can be written, before a program runs that is to be written there.
///
/// # Errors
///
/// [`Failure::Write`].
pub fn check(path: &Path) -> Result<(), Failure> {
    try_check(path).map_err(|source| Failure::write(path, source))
}

fn try_check(path: &Path) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        // The system says why that is impossible.
        Ok(existing) if existing.is_dir() => File::options().write(true).open(target).map(drop),
        Ok(existing) if !existing.is_file() => Ok(()),
        _ if is_stream(path) => Ok(()),
        _ => new_file_beside(&target).map(drop),
    }
}

/// Writes what `contents` writes to a file, which replaces one that is there when it is
/// whole. A pipe or a device is written to as it is.
///
/// # Errors
///
/// [`Failure::Write`].
pub fn write_with(
    path: &Path,
    contents: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), Failure> {
    try_write(path, contents).map_err(|source| Failure::write(path, source))
}

fn try_write(path: &Path, contents: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    // A link stays, and the file that it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let existing = fs::metadata(&target).ok();
    let is_file = existing.as_ref().is_none_or(Metadata::is_file);
    if !is_file || is_stream(path) {
        return contents(&mut File::options().write(true).open(path)?);
    }
    let mut new = new_file_beside(&target)?;
    contents(new.as_file_mut())?;
    if let Some(existing) = existing {
        new.as_file().set_permissions(existing.permissions())?;
    }
    new.as_file().sync_all()?;
    new.persist(&target)?;
    Ok(())
}

/// Whether a path names one of the process's open files, such as `/dev/stdout`, which may have
/// been opened for appending: nothing to be replaced.
fn is_stream(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

/// A file with a name of its own, which goes away unless it is given another.
fn new_file_beside(target: &Path) -> io::Result<NamedTempFile> {
    let directory = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut failure = None;
    let open = |path: &Path| {
        let file = File::options().write(true).create_new(true).open(path);
        file.inspect_err(|error| failure = error.raw_os_error())
    };
    let new = tempfile::Builder::new()
        .prefix(".woodfrog-")
        .make_in(directory, open);
    // The error would tell a name that nobody has heard of.
    new.map_err(|error| failure.map_or(error, io::Error::from_raw_os_error))
}

//! Listing directories.

use super::descriptors::Object;
use super::files::{DirEntry, FileId, FileKind};
use super::guest::{Call, files};
use super::rights::Rights;
use super::{Errno, WasiHost};
use alloc::vec::Vec;

/// Most entries of a directory that can be listed; then ENOMEM. They are part of the image
/// while the directory is open.
pub const MAX_LISTING: usize = 1 << 20;

/// Bytes of a `dirent`, which the name follows.
const DIRENT_SIZE: usize = 24;

/// `fd_readdir(fd, buf, buf_len, cookie, bufused)`
///
/// A cookie is a position in what the directory held when it was last listed from the
/// beginning, so that names that come and go meanwhile, or a freeze, make none be left out
/// or come twice.
pub(super) fn readdir(
    call: &mut Call<'_>,
    fd: u32,
    (buffer, len): (u32, u32),
    cookie: u64,
    result: u32,
) -> Result<(), Errno> {
    call.guest.bytes(result, 4)?;
    call.guest.bytes(buffer, len)?;
    let descriptor = call.ctx.descriptors.get(fd)?;
    let directory = descriptor.directory(Rights::FD_READDIR)?;
    let fresh = match &directory.listing {
        Some(_) if cookie != 0 => None,
        _ => Some(list(call.host, directory.source.id)?),
    };
    let Object::Directory(directory) = &mut call.ctx.descriptors.get_mut(fd)?.object else {
        return Err(Errno::NotDirectory);
    };
    if fresh.is_some() {
        directory.listing = fresh;
    }
    let entries = directory.listing.as_deref().unwrap_or_default();
    let buffer = call.guest.bytes_mut(buffer, len)?;
    let used = fill(buffer, entries, cookie);
    call.guest.write_u32(result, used as u32)
}

/// All entries, `.` and `..` first.
fn list(host: &mut dyn WasiHost, dir: FileId) -> Result<Vec<DirEntry>, Errno> {
    let files = files(host)?;
    let inode = files.stat(dir)?.inode;
    let found = files.list(dir)?;
    if found.len() > MAX_LISTING {
        return Err(Errno::NoMemory);
    }
    // What is above a directory is not the guest's to know.
    let own = [".", ".."].map(|name| DirEntry {
        name: name.into(),
        inode,
        kind: FileKind::Directory,
    });
    Ok(own.into_iter().chain(found).collect())
}

/// Writes entries from a position on until the buffer is full, the last one perhaps in part,
/// and returns how many bytes that are.
fn fill(buffer: &mut [u8], entries: &[DirEntry], cookie: u64) -> usize {
    let first = usize::try_from(cookie).unwrap_or(usize::MAX);
    let mut used = 0;
    for (index, entry) in entries.iter().enumerate().skip(first) {
        let mut header = [0; DIRENT_SIZE];
        header[..8].copy_from_slice(&(index as u64 + 1).to_le_bytes());
        header[8..16].copy_from_slice(&entry.inode.to_le_bytes());
        header[16..20].copy_from_slice(&(entry.name.len() as u32).to_le_bytes());
        header[20] = entry.kind as u8;
        for part in [&header[..], entry.name.as_bytes()] {
            let len = part.len().min(buffer.len() - used);
            buffer[used..used + len].copy_from_slice(&part[..len]);
            used += len;
        }
        if used == buffer.len() {
            break;
        }
    }
    used
}

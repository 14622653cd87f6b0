//! Reading and writing.

use super::descriptors::{Object, StreamEnd};
use super::files::{FileId, Sync};
use super::guest::{Call, Guest, IoVec, Stop, files};
use super::rights::{FdFlags, Rights};
use super::{Errno, OutputStream, Wait};

/// Where a list of buffers is, and where to store how many bytes of them were moved.
#[derive(Clone, Copy)]
pub(super) struct Buffers {
    pub(super) list: u32,
    pub(super) count: u32,
    pub(super) result: u32,
}

/// What a descriptor transfers to or from.
enum End {
    Stream(StreamEnd),
    /// A file, from this offset on.
    File(FileId, u64),
}

/// `fd_read(fd, iovs, iovs_len, nread)`
pub(super) fn read(call: &mut Call<'_>, fd: u32, buffers: Buffers) -> Result<(), Stop> {
    buffers.check(&call.guest)?;
    match end(call, fd, Rights::FD_READ)? {
        End::Stream(_) => read_stdin(call, fd, buffers),
        End::File(id, offset) => {
            let read = read_file(call, id, offset, buffers)?;
            set_offset(call, fd, offset + u64::from(read));
            Ok(())
        }
    }
}

/// `fd_pread(fd, iovs, iovs_len, offset, nread)`
pub(super) fn pread(
    call: &mut Call<'_>,
    fd: u32,
    buffers: Buffers,
    offset: u64,
) -> Result<(), Errno> {
    buffers.check(&call.guest)?;
    let id = positioned(call, fd, Rights::FD_READ, offset)?;
    read_file(call, id, offset, buffers)?;
    Ok(())
}

/// `fd_write(fd, iovs, iovs_len, nwritten)`
pub(super) fn write(call: &mut Call<'_>, fd: u32, buffers: Buffers) -> Result<(), Errno> {
    buffers.check(&call.guest)?;
    match end(call, fd, Rights::FD_WRITE)? {
        End::Stream(end) => write_stream(call, end.output().ok_or(Errno::BadFd)?, buffers),
        End::File(id, offset) => {
            let is_append = call
                .ctx
                .descriptors
                .get(fd)?
                .flags
                .intersects(FdFlags::APPEND);
            let offset = match is_append {
                true => append_file(call, id, offset, buffers)?,
                false => offset + u64::from(write_file(call, id, offset, buffers)?),
            };
            set_offset(call, fd, offset);
            sync_written(call, fd, id)
        }
    }
}

/// `fd_pwrite(fd, iovs, iovs_len, offset, nwritten)`: writes there even if the descriptor
/// appends, as POSIX has it.
pub(super) fn pwrite(
    call: &mut Call<'_>,
    fd: u32,
    buffers: Buffers,
    offset: u64,
) -> Result<(), Errno> {
    buffers.check(&call.guest)?;
    let id = positioned(call, fd, Rights::FD_WRITE, offset)?;
    write_file(call, id, offset, buffers)?;
    sync_written(call, fd, id)
}

/// What to transfer to or from; EBADF if it is not open for that.
fn end(call: &Call<'_>, fd: u32, transfer: Rights) -> Result<End, Errno> {
    let descriptor = call.ctx.descriptors.get(fd)?;
    if !descriptor.rights.contains(transfer) {
        return Err(Errno::BadFd);
    }
    match &descriptor.object {
        Object::Stream(stream) => Ok(End::Stream(stream.end)),
        Object::File(file) => Ok(End::File(file.source.id, file.offset)),
        Object::Directory(_) => Err(Errno::BadFd),
    }
}

/// The file to transfer to or from at an offset of its own.
fn positioned(call: &Call<'_>, fd: u32, transfer: Rights, offset: u64) -> Result<FileId, Errno> {
    let descriptor = call.ctx.descriptors.get(fd)?;
    let file = descriptor.seekable(Rights::NONE)?;
    if !descriptor.rights.contains(transfer) {
        return Err(Errno::BadFd);
    }
    descriptor.check(Rights::FD_SEEK)?;
    i64::try_from(offset).map_err(|_| Errno::Invalid)?;
    Ok(file.source.id)
}

fn set_offset(call: &mut Call<'_>, fd: u32, offset: u64) {
    let descriptor = call.ctx.descriptors.get_mut(fd);
    if let Object::File(file) = &mut descriptor.expect("it was just used").object {
        file.offset = offset;
    }
}

/// Reads what standard input has, or waits for it.
fn read_stdin(call: &mut Call<'_>, fd: u32, buffers: Buffers) -> Result<(), Stop> {
    let Call {
        ctx, host, guest, ..
    } = call;
    if buffers.are_empty(guest)? {
        return Ok(guest.write_u32(buffers.result, 0)?);
    }
    let is_nonblocking = ctx.descriptors.get(fd)?.flags.intersects(FdFlags::NONBLOCK);
    if !host.is_stdin_ready(ctx.stdin_position) {
        let wait = Wait {
            duration_ns: None,
            stdin: true,
        };
        return Err(match is_nonblocking {
            true => Errno::Again.into(),
            false => Stop::Wait(wait),
        });
    }
    buffers.transfer(guest, |guest, vec, moved| {
        if moved > 0 && !host.is_stdin_ready(ctx.stdin_position) {
            return Ok(0);
        }
        let buffer = guest.bytes_mut(vec.address, vec.len)?;
        let read = host.read_stdin(ctx.stdin_position, buffer)?;
        assert!(read <= buffer.len(), "the host read more than was asked");
        ctx.stdin_position = ctx.stdin_position.saturating_add(read as u64);
        Ok(read)
    })?;
    Ok(())
}

fn write_stream(call: &mut Call<'_>, stream: OutputStream, buffers: Buffers) -> Result<(), Errno> {
    let host = &mut *call.host;
    buffers.transfer(&mut call.guest, |guest, vec, _| {
        let bytes = guest.bytes(vec.address, vec.len)?;
        let written = host.write(stream, bytes)?;
        assert!(written <= bytes.len(), "{WROTE_MORE}");
        Ok(written)
    })?;
    Ok(())
}

fn read_file(call: &mut Call<'_>, id: FileId, offset: u64, buffers: Buffers) -> Result<u32, Errno> {
    let files = files(call.host)?;
    buffers.transfer(&mut call.guest, |guest, vec, moved| {
        let buffer = guest.bytes_mut(vec.address, vec.len)?;
        let (offset, room) = room_at(offset, moved, buffer.len());
        let read = files.read_at(id, offset, &mut buffer[..room])?;
        assert!(read <= room, "the file system read more than was asked");
        Ok(read)
    })
}

fn write_file(
    call: &mut Call<'_>,
    id: FileId,
    offset: u64,
    buffers: Buffers,
) -> Result<u32, Errno> {
    let files = files(call.host)?;
    buffers.transfer(&mut call.guest, |guest, vec, moved| {
        let bytes = guest.bytes(vec.address, vec.len)?;
        let (offset, room) = room_at(offset, moved, bytes.len());
        if room == 0 {
            return Err(Errno::FileTooLarge);
        }
        let written = files.write_at(id, offset, &bytes[..room])?;
        assert!(written <= room, "{WROTE_MORE}");
        Ok(written)
    })
}

/// Writes at the end, and returns the offset behind that.
fn append_file(
    call: &mut Call<'_>,
    id: FileId,
    offset: u64,
    buffers: Buffers,
) -> Result<u64, Errno> {
    let files = files(call.host)?;
    let mut end = offset;
    buffers.transfer(&mut call.guest, |guest, vec, _| {
        let bytes = guest.bytes(vec.address, vec.len)?;
        let (written, new_end) = files.append(id, bytes)?;
        assert!(written <= bytes.len(), "{WROTE_MORE}");
        end = new_end.min(i64::MAX as u64);
        Ok(written)
    })?;
    Ok(end)
}

const WROTE_MORE: &str = "the host wrote more than it got";

/// The offset after so many bytes, and how many of `len` can follow it.
fn room_at(offset: u64, moved: u32, len: usize) -> (u64, usize) {
    let offset = offset + u64::from(moved);
    let room = (i64::MAX as u64).saturating_sub(offset);
    (offset, len.min(usize::try_from(room).unwrap_or(usize::MAX)))
}

/// Brings what was written to the storage device, if the descriptor is to do that and the
/// host does not do it by itself.
fn sync_written(call: &mut Call<'_>, fd: u32, id: FileId) -> Result<(), Errno> {
    let descriptor = call.ctx.descriptors.get(fd)?;
    let is_synced = descriptor
        .object
        .source()
        .is_none_or(|source| source.options.sync);
    let what = match descriptor.flags {
        _ if is_synced => return Ok(()),
        flags if flags.intersects(FdFlags::SYNC) => Sync::All,
        flags if flags.intersects(FdFlags::DSYNC) => Sync::Data,
        _ => return Ok(()),
    };
    files(call.host)?.sync(id, what)
}

impl Buffers {
    /// Checks the list itself, and that the result can be stored.
    fn check(self, guest: &Guest<'_>) -> Result<(), Errno> {
        guest.io_vecs(self.list, self.count)?;
        guest.bytes(self.result, 4)?;
        Ok(())
    }

    fn are_empty(self, guest: &Guest<'_>) -> Result<bool, Errno> {
        for index in 0..self.count {
            if guest.io_vec(self.list, index)?.len > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Moves the bytes of the buffers, up to the first short transfer or error, stores their
    /// number and returns it. An error counts only if nothing has been moved before it.
    /// `move_one` is told how many bytes that were.
    fn transfer(
        self,
        guest: &mut Guest<'_>,
        mut move_one: impl FnMut(&mut Guest<'_>, IoVec, u32) -> Result<usize, Errno>,
    ) -> Result<u32, Errno> {
        let mut total = 0u32;
        for index in 0..self.count {
            let vec = guest.io_vec(self.list, index)?;
            if vec.len == 0 {
                continue;
            }
            match move_one(guest, vec, total) {
                Ok(moved) => {
                    // A list that was read over itself may count more than there is.
                    total = total.saturating_add(moved as u32);
                    if moved < vec.len as usize {
                        break;
                    }
                }
                Err(errno) if total == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        guest.write_u32(self.result, total)?;
        Ok(total)
    }
}

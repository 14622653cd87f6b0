//! What is known of descriptors, and what they do beside reading and writing.

use super::descriptors::{Descriptor, Object};
use super::files::{FileKind, FileStat, SetTimes, Sync};
use super::guest::{Call, files};
use super::preview::Whence;
use super::rights::{FdFlags, FstFlags, Rights};
use super::{Errno, WasiCtx, WasiHost};

/// `fd_close(fd)`
pub(super) fn close(call: &mut Call<'_>, fd: u32) -> Result<(), Errno> {
    let descriptor = call.ctx.descriptors.remove(fd)?;
    release(call, &descriptor);
    Ok(())
}

/// `fd_renumber(from, to)`
pub(super) fn renumber(call: &mut Call<'_>, from: u32, to: u32) -> Result<(), Errno> {
    if let Some(replaced) = call.ctx.descriptors.renumber(from, to)? {
        release(call, &replaced);
    }
    Ok(())
}

fn release(call: &mut Call<'_>, descriptor: &Descriptor) {
    if let (Some(source), Some(files)) = (descriptor.object.source(), call.host.files()) {
        files.close(source.id);
    }
}

/// `fd_advise(fd, offset, len, advice)`: no host makes use of it.
pub(super) fn advise(
    call: &mut Call<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<(), Errno> {
    const DONT_NEED_LAST_KNOWN: u32 = 5;
    call.ctx.descriptors.get(fd)?.seekable(Rights::FD_ADVISE)?;
    let end = offset.checked_add(len).map(i64::try_from);
    match (advice, end) {
        (0..=DONT_NEED_LAST_KNOWN, Some(Ok(_))) => Ok(()),
        _ => Err(Errno::Invalid),
    }
}

/// `fd_allocate(fd, offset, len)`
pub(super) fn allocate(call: &mut Call<'_>, fd: u32, offset: u64, len: u64) -> Result<(), Errno> {
    let file = call
        .ctx
        .descriptors
        .get(fd)?
        .seekable(Rights::FD_ALLOCATE)?;
    if !file.source.options.write {
        return Err(Errno::BadFd);
    }
    if len == 0 || i64::try_from(offset).is_err() || i64::try_from(len).is_err() {
        return Err(Errno::Invalid);
    }
    i64::try_from(offset + len).map_err(|_| Errno::FileTooLarge)?;
    files(call.host)?.allocate(file.source.id, offset, len)
}

/// `fd_sync(fd)` and `fd_datasync(fd)`
pub(super) fn sync(call: &mut Call<'_>, fd: u32, what: Sync) -> Result<(), Errno> {
    let right = match what {
        Sync::Data => Rights::FD_DATASYNC,
        Sync::All => Rights::FD_SYNC,
    };
    let descriptor = call.ctx.descriptors.get(fd)?;
    // Linux's answer for a terminal or pipe.
    let source = descriptor.object.source().ok_or(Errno::Invalid)?;
    descriptor.check(right)?;
    files(call.host)?.sync(source.id, what)
}

/// `fd_fdstat_get(fd, stat)`
pub(super) fn fdstat_get(call: &mut Call<'_>, fd: u32, result: u32) -> Result<(), Errno> {
    let descriptor = call.ctx.descriptors.get(fd)?;
    let mut stat = [0; 24];
    stat[0] = descriptor.object.kind() as u8;
    stat[2..4].copy_from_slice(&descriptor.flags.bits().to_le_bytes());
    stat[8..16].copy_from_slice(&descriptor.rights.0.to_le_bytes());
    stat[16..24].copy_from_slice(&descriptor.inheriting.0.to_le_bytes());
    call.guest.write(result, &stat)
}

/// `fd_fdstat_set_flags(fd, flags)`
pub(super) fn fdstat_set_flags(call: &mut Call<'_>, fd: u32, flags: u32) -> Result<(), Errno> {
    let flags = FdFlags::from_guest(flags)?;
    let descriptor = call.ctx.descriptors.get_mut(fd)?;
    descriptor.check(Rights::FD_FDSTAT_SET_FLAGS)?;
    if !matches!(descriptor.object, Object::Directory(_)) {
        descriptor.flags = flags;
    }
    Ok(())
}

/// `fd_fdstat_set_rights(fd, base, inheriting)`: they can only become fewer.
pub(super) fn fdstat_set_rights(
    call: &mut Call<'_>,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Result<(), Errno> {
    let (base, inheriting) = (Rights(base), Rights(inheriting));
    let descriptor = call.ctx.descriptors.get_mut(fd)?;
    if !descriptor.rights.contains(base) || !descriptor.inheriting.contains(inheriting) {
        return Err(Errno::NotCapable);
    }
    (descriptor.rights, descriptor.inheriting) = (base, inheriting);
    Ok(())
}

/// `fd_filestat_get(fd, stat)`
pub(super) fn filestat_get(call: &mut Call<'_>, fd: u32, result: u32) -> Result<(), Errno> {
    call.guest.bytes(result, call.preview.stat_size())?;
    let descriptor = call.ctx.descriptors.get(fd)?;
    descriptor.check(Rights::FD_FILESTAT_GET)?;
    let stat = match descriptor.object.source() {
        Some(source) => files(call.host)?.stat(source.id)?,
        None => stream_stat(descriptor.object.kind()),
    };
    call.write_stat(result, &stat)
}

/// All that is known of a stream.
fn stream_stat(kind: FileKind) -> FileStat {
    FileStat {
        device: 0,
        inode: 0,
        kind,
        links: 0,
        size: 0,
        accessed_ns: 0,
        modified_ns: 0,
        changed_ns: 0,
    }
}

/// `fd_filestat_set_size(fd, size)`
pub(super) fn filestat_set_size(call: &mut Call<'_>, fd: u32, size: u64) -> Result<(), Errno> {
    let descriptor = call.ctx.descriptors.get(fd)?;
    descriptor.check(Rights::FD_FILESTAT_SET_SIZE)?;
    let file = descriptor.seekable(Rights::NONE)?;
    if !file.source.options.write {
        return Err(Errno::BadFd);
    }
    i64::try_from(size).map_err(|_| Errno::Invalid)?;
    files(call.host)?.set_size(file.source.id, size)
}

/// `fd_filestat_set_times(fd, atim, mtim, flags)`
pub(super) fn filestat_set_times(
    call: &mut Call<'_>,
    fd: u32,
    accessed_ns: u64,
    modified_ns: u64,
    flags: u32,
) -> Result<(), Errno> {
    let descriptor = call.ctx.descriptors.get(fd)?;
    descriptor.check(Rights::FD_FILESTAT_SET_TIMES)?;
    let times = times(call.host, accessed_ns, modified_ns, flags)?;
    let source = descriptor.object.source().ok_or(Errno::BadFd)?;
    files(call.host)?.set_times(source.id, times)
}

/// Which times a guest wants set; EINVAL if one is to be two things.
pub(super) fn times(
    host: &mut dyn WasiHost,
    accessed_ns: u64,
    modified_ns: u64,
    flags: u32,
) -> Result<SetTimes, Errno> {
    let flags = FstFlags::from_guest(flags)?;
    let mut time = |given_ns, given, now| match (flags.intersects(given), flags.intersects(now)) {
        (false, false) => Ok(None),
        (true, false) => Ok(Some(given_ns)),
        (false, true) => Ok(Some(host.realtime_ns())),
        (true, true) => Err(Errno::Invalid),
    };
    Ok(SetTimes {
        accessed_ns: time(accessed_ns, FstFlags::ATIM, FstFlags::ATIM_NOW)?,
        modified_ns: time(modified_ns, FstFlags::MTIM, FstFlags::MTIM_NOW)?,
    })
}

/// `fd_seek(fd, offset, whence, newoffset)`
pub(super) fn seek(
    call: &mut Call<'_>,
    fd: u32,
    offset: i64,
    whence: u32,
    result: u32,
) -> Result<(), Errno> {
    let whence = call.preview.whence(whence);
    seek_from(call, fd, offset, whence, result)
}

fn seek_from(
    call: &mut Call<'_>,
    fd: u32,
    offset: i64,
    whence: Option<Whence>,
    result: u32,
) -> Result<(), Errno> {
    call.guest.bytes(result, 8)?;
    let descriptor = call.ctx.descriptors.get(fd)?;
    let file = descriptor.seekable(Rights::NONE)?;
    let is_tell = offset == 0 && whence == Some(Whence::Current);
    if !(is_tell && descriptor.rights.contains(Rights::FD_TELL)) {
        descriptor.check(Rights::FD_SEEK)?;
    }
    if file.kind != FileKind::RegularFile && file.kind != FileKind::BlockDevice {
        return Err(Errno::NoSeek);
    }
    let base = match whence {
        Some(Whence::Start) => 0,
        Some(Whence::Current) => file.offset,
        Some(Whence::End) => files(call.host)?.stat(file.source.id)?.size,
        None => return Err(Errno::Invalid),
    };
    let new = base.checked_add_signed(offset).ok_or(Errno::Invalid)?;
    i64::try_from(new).map_err(|_| Errno::Invalid)?;
    if let Object::File(file) = &mut call.ctx.descriptors.get_mut(fd)?.object {
        file.offset = new;
    }
    call.guest.write_u64(result, new)
}

/// `fd_tell(fd, offset)`
pub(super) fn tell(call: &mut Call<'_>, fd: u32, result: u32) -> Result<(), Errno> {
    seek_from(call, fd, 0, Some(Whence::Current), result)
}

/// `fd_prestat_get(fd, prestat)`
pub(super) fn prestat_get(call: &mut Call<'_>, fd: u32, result: u32) -> Result<(), Errno> {
    let name = preopen(call.ctx, fd)?;
    let mut stat = [0; 8];
    stat[4..8].copy_from_slice(&(name.len() as u32).to_le_bytes());
    call.guest.write(result, &stat)
}

/// `fd_prestat_dir_name(fd, path, path_len)`
pub(super) fn prestat_dir_name(
    call: &mut Call<'_>,
    fd: u32,
    buffer: u32,
    len: u32,
) -> Result<(), Errno> {
    let name = preopen(call.ctx, fd)?;
    if name.len() > len as usize {
        return Err(Errno::NameTooLong);
    }
    call.guest.write(buffer, name.as_bytes())
}

/// The name of a directory that the program began with. All else is EBADF, by which a guest
/// knows that it has found all of them.
fn preopen(ctx: &WasiCtx, fd: u32) -> Result<&str, Errno> {
    match &ctx.descriptors.get(fd)?.object {
        Object::Directory(directory) => directory.preopen.as_deref().ok_or(Errno::BadFd),
        _ => Err(Errno::BadFd),
    }
}

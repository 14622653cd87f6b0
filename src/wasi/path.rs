//! Calls that name something by a path in an open directory.

use super::descriptors::{Descriptor, Directory, File, Object, Source};
use super::fd;
use super::files::{FileId, FileKind, OpenOptions};
use super::guest::{Call, Guest, files};
use super::rights::{FdFlags, LookupFlags, OFlags, Rights};
use super::{Errno, WasiCtx};

/// A path of the guest, and the descriptor of the directory that it begins at.
#[derive(Clone, Copy)]
pub(super) struct PathAt(pub(super) u32, pub(super) u32, pub(super) u32);

impl PathAt {
    /// The directory, if it has these rights, and the path.
    fn get<'a>(
        self,
        ctx: &WasiCtx,
        guest: &'a Guest<'_>,
        rights: Rights,
    ) -> Result<(FileId, &'a str), Errno> {
        let Self(fd, address, len) = self;
        let directory = ctx.descriptors.get(fd)?.directory(rights)?;
        Ok((directory.source.id, guest.path(address, len)?))
    }
}

/// How a guest wants a path opened.
#[derive(Clone, Copy)]
pub(super) struct OpenArgs {
    pub(super) lookup: u32,
    pub(super) oflags: u32,
    pub(super) rights: u64,
    pub(super) inheriting: u64,
    pub(super) fdflags: u32,
}

/// `path_open(fd, dirflags, path, path_len, oflags, rights_base, rights_inheriting, fdflags,
/// opened_fd)`
pub(super) fn open(
    call: &mut Call<'_>,
    at: PathAt,
    args: OpenArgs,
    result: u32,
) -> Result<(), Errno> {
    let Call {
        ctx, host, guest, ..
    } = call;
    guest.bytes(result, 4)?;
    let wanted = Wanted::from_guest(args)?;
    let (dir, path) = at.get(ctx, guest, wanted.rights_of_directory())?;
    wanted.check(ctx.descriptors.get(at.0)?.inheriting)?;
    let fd = ctx.descriptors.free_number()?;
    let id = ctx.descriptors.new_file();
    let files = files(*host)?;
    let kind = files.open(id, dir, path, wanted.options())?;
    if kind == FileKind::Directory && wanted.options().write {
        files.close(id);
        return Err(Errno::IsDirectory);
    }
    ctx.descriptors.insert(fd, wanted.descriptor(id, kind));
    guest.write_u32(result, fd)
}

/// What `path_open` is asked for.
#[derive(Clone, Copy)]
struct Wanted {
    lookup: LookupFlags,
    oflags: OFlags,
    rights: Rights,
    inheriting: Rights,
    fdflags: FdFlags,
}

impl Wanted {
    fn from_guest(args: OpenArgs) -> Result<Self, Errno> {
        let oflags = OFlags::from_guest(args.oflags)?;
        let makes_file = oflags.intersects(OFlags::CREAT | OFlags::EXCL | OFlags::TRUNC);
        if oflags.intersects(OFlags::DIRECTORY) && makes_file {
            return Err(Errno::Invalid);
        }
        Ok(Self {
            lookup: LookupFlags::from_guest(args.lookup)?,
            oflags,
            // Guests ask for all rights that there may ever be.
            rights: Rights(args.rights) & Rights::INHERITABLE,
            inheriting: Rights(args.inheriting) & Rights::INHERITABLE,
            fdflags: FdFlags::from_guest(args.fdflags)?,
        })
    }

    /// What the directory must have the right to.
    fn rights_of_directory(self) -> Rights {
        let mut rights = Rights::PATH_OPEN;
        if self.oflags.intersects(OFlags::CREAT) {
            rights = rights | Rights::PATH_CREATE_FILE;
        }
        if self.oflags.intersects(OFlags::TRUNC) {
            rights = rights | Rights::PATH_FILESTAT_SET_SIZE;
        }
        rights
    }

    /// ENOTCAPABLE if the directory does not pass on what is asked for.
    fn check(self, passed_on: Rights) -> Result<(), Errno> {
        let may_sync = match self.fdflags {
            flags if flags.intersects(FdFlags::SYNC | FdFlags::RSYNC) => {
                passed_on.contains(Rights::FD_SYNC)
            }
            flags if flags.intersects(FdFlags::DSYNC) => {
                passed_on.intersects(Rights::FD_DATASYNC | Rights::FD_SYNC)
            }
            _ => true,
        };
        match passed_on.contains(self.rights | self.inheriting) && may_sync {
            true => Ok(()),
            false => Err(Errno::NotCapable),
        }
    }

    fn options(self) -> OpenOptions {
        let is_created = self.oflags.intersects(OFlags::CREAT);
        let is_truncated = self.oflags.intersects(OFlags::TRUNC);
        OpenOptions {
            read: self.rights.contains(Rights::FD_READ),
            write: self.rights.contains(Rights::FD_WRITE) || is_truncated,
            create: is_created,
            exclusive: is_created && self.oflags.intersects(OFlags::EXCL),
            truncate: is_truncated,
            directory: self.oflags.intersects(OFlags::DIRECTORY),
            follow: self.lookup.intersects(LookupFlags::SYMLINK_FOLLOW),
            sync: self.fdflags.intersects(FdFlags::ANY_SYNC),
        }
    }

    /// What was opened. Rights that mean nothing for it are not had.
    fn descriptor(self, id: FileId, kind: FileKind) -> Descriptor {
        let source = Source {
            id,
            options: OpenOptions {
                create: false,
                exclusive: false,
                truncate: false,
                follow: false,
                directory: kind == FileKind::Directory,
                ..self.options()
            },
            anchor: None,
        };
        let meaningful = match kind {
            FileKind::Directory => Rights::DIRECTORY,
            FileKind::RegularFile | FileKind::BlockDevice => Rights::FILE,
            _ => Rights::STREAM,
        };
        let rights = self.rights & meaningful;
        match kind {
            FileKind::Directory => Descriptor {
                object: Object::Directory(Directory {
                    source,
                    preopen: None,
                    listing: None,
                }),
                rights,
                inheriting: self.inheriting,
                flags: FdFlags::default(),
            },
            _ => Descriptor {
                object: Object::File(File {
                    source,
                    kind,
                    offset: 0,
                }),
                rights,
                inheriting: Rights::NONE,
                flags: self.fdflags,
            },
        }
    }
}

/// `path_create_directory(fd, path, path_len)`
pub(super) fn create_directory(call: &mut Call<'_>, at: PathAt) -> Result<(), Errno> {
    let (dir, path) = at.get(call.ctx, &call.guest, Rights::PATH_CREATE_DIRECTORY)?;
    files(call.host)?.create_dir(dir, path)
}

/// `path_filestat_get(fd, flags, path, path_len, stat)`
pub(super) fn filestat_get(
    call: &mut Call<'_>,
    at: PathAt,
    lookup: u32,
    result: u32,
) -> Result<(), Errno> {
    call.guest.bytes(result, call.preview.stat_size())?;
    let lookup = LookupFlags::from_guest(lookup)?;
    let (dir, path) = at.get(call.ctx, &call.guest, Rights::PATH_FILESTAT_GET)?;
    let follow = lookup.intersects(LookupFlags::SYMLINK_FOLLOW);
    let stat = files(call.host)?.stat_at(dir, path, follow)?;
    call.write_stat(result, &stat)
}

/// `path_filestat_set_times(fd, flags, path, path_len, atim, mtim, fst_flags)`
pub(super) fn filestat_set_times(
    call: &mut Call<'_>,
    at: PathAt,
    lookup: u32,
    (accessed_ns, modified_ns): (u64, u64),
    flags: u32,
) -> Result<(), Errno> {
    let lookup = LookupFlags::from_guest(lookup)?;
    let (dir, path) = at.get(call.ctx, &call.guest, Rights::PATH_FILESTAT_SET_TIMES)?;
    let times = fd::times(call.host, accessed_ns, modified_ns, flags)?;
    let follow = lookup.intersects(LookupFlags::SYMLINK_FOLLOW);
    files(call.host)?.set_times_at(dir, path, follow, times)
}

/// `path_link(old_fd, old_flags, old_path, old_path_len, new_fd, new_path, new_path_len)`:
/// symbolic links are not followed (EINVAL).
pub(super) fn link(
    call: &mut Call<'_>,
    old: PathAt,
    lookup: u32,
    new: PathAt,
) -> Result<(), Errno> {
    let lookup = LookupFlags::from_guest(lookup)?;
    let (old_dir, old_path) = old.get(call.ctx, &call.guest, Rights::PATH_LINK_SOURCE)?;
    let (new_dir, new_path) = new.get(call.ctx, &call.guest, Rights::PATH_LINK_TARGET)?;
    if lookup.intersects(LookupFlags::SYMLINK_FOLLOW) {
        return Err(Errno::Invalid);
    }
    files(call.host)?.link(old_dir, old_path, new_dir, new_path)
}

/// `path_readlink(fd, path, path_len, buf, buf_len, bufused)`: what does not fit is left out.
pub(super) fn readlink(
    call: &mut Call<'_>,
    at: PathAt,
    (buffer, len): (u32, u32),
    result: u32,
) -> Result<(), Errno> {
    call.guest.bytes(result, 4)?;
    call.guest.bytes(buffer, len)?;
    let (dir, path) = at.get(call.ctx, &call.guest, Rights::PATH_READLINK)?;
    let target = files(call.host)?.read_link(dir, path)?;
    let used = target.len().min(len as usize);
    call.guest.write(buffer, &target.as_bytes()[..used])?;
    call.guest.write_u32(result, used as u32)
}

/// `path_remove_directory(fd, path, path_len)`
pub(super) fn remove_directory(call: &mut Call<'_>, at: PathAt) -> Result<(), Errno> {
    let (dir, path) = at.get(call.ctx, &call.guest, Rights::PATH_REMOVE_DIRECTORY)?;
    files(call.host)?.remove_dir(dir, path)
}

/// `path_rename(fd, old_path, old_path_len, new_fd, new_path, new_path_len)`
pub(super) fn rename(call: &mut Call<'_>, old: PathAt, new: PathAt) -> Result<(), Errno> {
    let (old_dir, old_path) = old.get(call.ctx, &call.guest, Rights::PATH_RENAME_SOURCE)?;
    let (new_dir, new_path) = new.get(call.ctx, &call.guest, Rights::PATH_RENAME_TARGET)?;
    files(call.host)?.rename(old_dir, old_path, new_dir, new_path)
}

/// `path_symlink(old_path, old_path_len, fd, new_path, new_path_len)`
pub(super) fn symlink(
    call: &mut Call<'_>,
    (target, target_len): (u32, u32),
    at: PathAt,
) -> Result<(), Errno> {
    let (dir, path) = at.get(call.ctx, &call.guest, Rights::PATH_SYMLINK)?;
    let target = call.guest.path(target, target_len)?;
    files(call.host)?.symlink(target, dir, path)
}

/// `path_unlink_file(fd, path, path_len)`
pub(super) fn unlink_file(call: &mut Call<'_>, at: PathAt) -> Result<(), Errno> {
    let (dir, path) = at.get(call.ctx, &call.guest, Rights::PATH_UNLINK_FILE)?;
    files(call.host)?.unlink(dir, path)
}

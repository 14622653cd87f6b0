//! Files and directories as a host offers them: capabilities, not names.
//!
//! A [`FileSystem`] is asked for nothing but what an open directory leads to: each path
//! is relative to a [`FileId`], and an implementation resolves it so that neither
//! `..` nor a symbolic link leaves the directory that the guest was given. What is
//! open can be frozen because the program's own state knows by which name: a
//! [`Place`], from which [`FileSystem::attach`] opens it again.
//!
//! Offsets, flags, rights and directory cursors are the descriptors', in
//! [`WasiCtx`](super::WasiCtx); an implementation keeps none.

use super::Errno;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What an open file or directory is called between a program's state and a
/// [`FileSystem`]. The program chooses it and does not use it again while it is open;
/// it is not the guest's descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u64);

/// Where an open file or directory was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The preopened directory, by the name that the guest knows it by.
    pub preopen: String,
    /// The path in it, relative; empty for the preopened directory itself.
    pub path: String,
}

/// How a path is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOptions {
    /// The file is to be read.
    pub read: bool,
    /// The file is to be written.
    pub write: bool,
    /// Make an empty file if there is none.
    pub create: bool,
    /// Fail if there is something by that name. Only with `create`.
    pub exclusive: bool,
    /// Make the file empty.
    pub truncate: bool,
    /// Fail unless it is a directory.
    pub directory: bool,
    /// Follow a symbolic link that is the path's last component; otherwise ELOOP.
    pub follow: bool,
    /// Writes reach the storage device before they return.
    pub sync: bool,
}

/// Type of a file (`witx` type `filetype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum FileKind {
    /// None of the others.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device, such as a terminal.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDatagram = 5,
    /// A byte-stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

/// What is known about a file (`witx` type `filestat`). Times are nanoseconds since
/// 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// The device that it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// What it is.
    pub kind: FileKind,
    /// How many names it has; 0 once the last one is gone while it is open.
    pub links: u64,
    /// Bytes of a file, or of a symbolic link's path.
    pub size: u64,
    /// When it was last read.
    pub accessed_ns: u64,
    /// When its contents last changed.
    pub modified_ns: u64,
    /// When anything about it last changed.
    pub changed_ns: u64,
}

/// Which times of a file to set, and to what; None leaves one as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetTimes {
    /// When it was last read.
    pub accessed_ns: Option<u64>,
    /// When its contents last changed.
    pub modified_ns: Option<u64>,
}

/// What of a file is to reach the storage device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Its contents.
    Data,
    /// What is known about it, too.
    All,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirEntry {
    /// Its name.
    pub name: String,
    /// The number of the file on its device.
    pub inode: u64,
    /// What the file is.
    pub kind: FileKind,
}

/// Directories of a host.
///
/// Paths are UTF-8, not empty, relative, and have no zero byte: the caller has
/// checked that. `dir` stands for an open directory; ENOTDIR otherwise. Paths may have `.`,
/// `..` and several slashes in a row; with a trailing slash they stand for a
/// directory only. A path that leads out of what the program was given is EPERM.
///
/// # Errors
///
/// Every function returns the error number for the guest, and has changed nothing then.
pub trait FileSystem {
    /// Opens what `place` names as `file`: each preopened directory before a program
    /// begins, and all that was open after a thaw. `options` are those that it was opened
    /// with, but nothing is created, emptied or followed. A file that is open already stays
    /// so: a file system whose state is part of the image knows what was open.
    ///
    /// The error number is told to the user with the place, not to the guest.
    fn attach(
        &mut self,
        file: FileId,
        place: &Place,
        options: OpenOptions,
    ) -> Result<FileKind, Errno>;

    /// Where an open file or directory is now, whatever it was called when it was opened, so
    /// that [`Self::attach`] finds it there. None if it has no name any more, or none in a
    /// directory that the program was given; a file system that knows after a thaw what was
    /// open has a place for that all the same.
    fn place(&mut self, file: FileId) -> Option<Place>;

    /// Makes one thing that has no name, and opens it as each of `files`: after a thaw, what
    /// had lost its last name while it was open. It is a regular file with these contents, or a
    /// directory, in which nothing can be made (ENOENT), and then `contents` is empty.
    ///
    /// The error number is told to the user, not to the guest.
    fn attach_unnamed(
        &mut self,
        files: &[(FileId, OpenOptions)],
        kind: FileKind,
        contents: &[u8],
    ) -> Result<(), Errno> {
        let _ = (files, kind, contents);
        Err(Errno::NotSupported)
    }

    /// Opens a path as `file`, and tells what it is. A directory that is to be written, made
    /// or emptied is EISDIR; to make or empty a file that is to be a directory is EINVAL.
    fn open(
        &mut self,
        file: FileId,
        dir: FileId,
        path: &str,
        options: OpenOptions,
    ) -> Result<FileKind, Errno>;

    /// Closes what was opened as `file`.
    fn close(&mut self, file: FileId);

    /// Reads from a file at `offset` and returns how many bytes; 0 at its end.
    fn read_at(&mut self, file: FileId, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Writes to a file at `offset` and returns how many bytes, at least one if there is one.
    fn write_at(&mut self, file: FileId, offset: u64, bytes: &[u8]) -> Result<usize, Errno>;

    /// Writes behind a file's end; returns how many bytes, and where the end is now.
    fn append(&mut self, file: FileId, bytes: &[u8]) -> Result<(usize, u64), Errno>;

    /// What is known about an open file.
    fn stat(&mut self, file: FileId) -> Result<FileStat, Errno>;

    /// Cuts a file, or lengthens it with zeros.
    fn set_size(&mut self, file: FileId, size: u64) -> Result<(), Errno>;

    /// Makes sure that there is room for these bytes, and lengthens the file to hold them.
    fn allocate(&mut self, file: FileId, offset: u64, len: u64) -> Result<(), Errno>;

    /// Sets times of an open file.
    fn set_times(&mut self, file: FileId, times: SetTimes) -> Result<(), Errno>;

    /// Waits until a file is on its storage device.
    fn sync(&mut self, file: FileId, what: Sync) -> Result<(), Errno>;

    /// The entries of a directory, without `.` and `..`, in any order.
    fn list(&mut self, dir: FileId) -> Result<Vec<DirEntry>, Errno>;

    /// What is known about what a path names.
    fn stat_at(&mut self, dir: FileId, path: &str, follow: bool) -> Result<FileStat, Errno>;

    /// Sets times of what a path names.
    fn set_times_at(
        &mut self,
        dir: FileId,
        path: &str,
        follow: bool,
        times: SetTimes,
    ) -> Result<(), Errno>;

    /// Makes a directory.
    fn create_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno>;

    /// Removes an empty directory.
    fn remove_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno>;

    /// Removes the name of something that is no directory. What is open stays open.
    fn unlink(&mut self, dir: FileId, path: &str) -> Result<(), Errno>;

    /// Gives something another name, in place of what has that now: a file's for a file,
    /// an empty directory's for a directory.
    fn rename(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno>;

    /// Gives a file, or a symbolic link itself, one more name.
    fn link(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno>;

    /// Makes a symbolic link. `target` is relative, and may lead nowhere.
    fn symlink(&mut self, target: &str, dir: FileId, path: &str) -> Result<(), Errno>;

    /// The path in a symbolic link.
    fn read_link(&mut self, dir: FileId, path: &str) -> Result<String, Errno>;
}

//! Directories of Linux for a program: `--dir`.
//!
//! All access goes through cap-std, which resolves paths beneath an open directory, so
//! that neither `..` nor an absolute path nor a symbolic link, whoever makes it and
//! whenever, leads out of the directories that the program was given. Such a path is EPERM.
//!
//! A file that is open is known by where it is now, not by how it was opened:
//! [`Directories::place`](FileSystem::place) asks Linux, so that a file that was renamed
//! while it was open, or found by way of a symbolic link, is found again after a thaw.

mod errno;
mod metadata;
mod names;
mod open;

pub use errno::errno;
pub(crate) use metadata::time_ns;

use crate::guest_buffer;
use cap_fs_ext::DirExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, FileExt, MetadataExt};
use rustix::fs::FallocateFlags;
use rustix::io::ReadWriteFlags;
use std::collections::HashMap;
use std::fs;
use std::io::{self, IoSlice, Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use woodfrog::wasi::{
    DirEntry, Errno, FileId, FileKind, FileStat, FileSystem, OpenOptions, Place, SetTimes, Sync,
};

/// Directories that a program was given, and what it has open in them.
#[derive(Debug, Default)]
pub struct Directories {
    preopens: Vec<Preopen>,
    open: HashMap<FileId, Open>,
}

/// A directory under the name that the program knows it by.
#[derive(Debug)]
struct Preopen {
    guest: String,
    dir: Dir,
}

#[derive(Debug)]
enum Open {
    File(File),
    Directory(Dir),
}

impl Directories {
    /// No directories.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the program a directory under a name, which no other directory has.
    ///
    /// # Errors
    ///
    /// Those of opening it: it does not exist, or is no directory.
    pub fn add(&mut self, host: &Path, guest: &str) -> io::Result<()> {
        let dir = Dir::open_ambient_dir(host, ambient_authority())?;
        let guest = guest.to_owned();
        self.preopens.push(Preopen { guest, dir });
        Ok(())
    }

    /// The names of the directories, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.preopens.iter().map(|preopen| preopen.guest.as_str())
    }

    /// Closes all that is open: what a program has after a thaw is to be attached anew.
    pub fn close_all(&mut self) {
        self.open.clear();
    }

    fn directory(&self, dir: FileId) -> Result<&Dir, Errno> {
        match self.open.get(&dir) {
            Some(Open::Directory(dir)) => Ok(dir),
            Some(Open::File(_)) => Err(Errno::NotDirectory),
            None => Err(Errno::BadFd),
        }
    }

    fn file(&self, file: FileId) -> Result<&File, Errno> {
        match self.open.get(&file) {
            Some(Open::File(file)) => Ok(file),
            Some(Open::Directory(_)) => Err(Errno::IsDirectory),
            None => Err(Errno::BadFd),
        }
    }

    fn any(&self, file: FileId) -> Result<&Open, Errno> {
        self.open.get(&file).ok_or(Errno::BadFd)
    }

    fn insert(&mut self, file: FileId, open: Open) -> Result<FileKind, Errno> {
        let kind = metadata::kind(&open.metadata().map_err(to_errno)?);
        self.open.insert(file, open);
        Ok(kind)
    }
}

impl Open {
    /// Makes a file or directory that has no name.
    fn unnamed(kind: FileKind, contents: &[u8]) -> io::Result<Self> {
        if kind == FileKind::Directory {
            // Its name goes when it is dropped.
            let named = tempfile::tempdir()?;
            let dir = fs::File::open(named.path())?;
            return Ok(Self::Directory(Dir::from_std_file(dir)));
        }
        let mut file = tempfile::tempfile()?;
        file.write_all(contents)?;
        Ok(Self::File(File::from_std(file)))
    }

    /// The same file or directory once more.
    fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::File(file) => Self::File(file.try_clone()?),
            Self::Directory(dir) => Self::Directory(dir.try_clone()?),
        })
    }

    fn metadata(&self) -> io::Result<cap_std::fs::Metadata> {
        match self {
            Self::File(file) => file.metadata(),
            Self::Directory(dir) => dir.dir_metadata(),
        }
    }
}

impl AsFd for Open {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Self::File(file) => file.as_fd(),
            Self::Directory(dir) => dir.as_fd(),
        }
    }
}

impl FileSystem for Directories {
    fn attach(
        &mut self,
        file: FileId,
        place: &Place,
        options: OpenOptions,
    ) -> Result<FileKind, Errno> {
        if let Some(open) = self.open.get(&file) {
            return Ok(metadata::kind(&open.metadata().map_err(to_errno)?));
        }
        let preopen = self
            .preopens
            .iter()
            .find(|preopen| preopen.guest == place.preopen)
            .ok_or(Errno::NoEntry)?;
        let options = OpenOptions {
            create: false,
            exclusive: false,
            truncate: false,
            follow: false,
            ..options
        };
        let path = if place.path.is_empty() {
            "."
        } else {
            &place.path
        };
        let open = open::open(&preopen.dir, path, options).map_err(to_errno)?;
        self.insert(file, open)
    }

    fn place(&mut self, file: FileId) -> Option<Place> {
        let open = self.open.get(&file)?;
        let metadata = open.metadata().ok()?;
        if metadata.nlink() == 0 {
            return None;
        }
        let path = path_of(open)?;
        let in_preopens = self.preopens.iter().filter_map(|preopen| {
            let path = path.strip_prefix(path_of(&preopen.dir)?).ok()?;
            names::leads_to(&preopen.dir, path, &metadata).then_some(())?;
            Some(Place {
                preopen: preopen.guest.clone(),
                path: path.to_str()?.to_owned(),
            })
        });
        // The innermost of several directories is the one that a user would name.
        let place = in_preopens.min_by_key(|place| place.path.len());
        place.or_else(|| names::other_name(&self.preopens, &metadata))
    }

    fn attach_unnamed(
        &mut self,
        files: &[(FileId, OpenOptions)],
        kind: FileKind,
        contents: &[u8],
    ) -> Result<(), Errno> {
        for &(file, _) in files {
            self.open.remove(&file);
        }
        let made = Open::unnamed(kind, contents).map_err(to_errno)?;
        for &(file, _) in files {
            let open = made.try_clone().map_err(to_errno)?;
            self.open.insert(file, open);
        }
        Ok(())
    }

    fn open(
        &mut self,
        file: FileId,
        dir: FileId,
        path: &str,
        options: OpenOptions,
    ) -> Result<FileKind, Errno> {
        let open = open::open(self.directory(dir)?, path, options).map_err(to_errno)?;
        self.insert(file, open)
    }

    fn close(&mut self, file: FileId) {
        self.open.remove(&file);
    }

    fn read_at(&mut self, file: FileId, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut file = self.file(file)?;
        let read = |file: &File, buffer: &mut [u8]| {
            guest_buffer::read_all(buffer, |part, done| {
                retry(|| file.read_at(part, offset.saturating_add(done as u64)))
            })
        };
        match read(file, buffer) {
            // A pipe or terminal has no positions.
            Err(Errno::NoSeek) => guest_buffer::read_some(buffer, |part| retry(|| file.read(part))),
            // Only the program's state asks for what the program may not read.
            Err(Errno::BadFd) => {
                let file = reopen(file).map_err(to_errno)?;
                read(&File::from_std(file), buffer)
            }
            result => result,
        }
    }

    fn write_at(&mut self, file: FileId, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        let mut file = self.file(file)?;
        match retry(|| file.write_at(bytes, offset)) {
            Err(Errno::NoSeek) => retry(|| file.write(bytes)),
            result => result,
        }
    }

    fn append(&mut self, file: FileId, bytes: &[u8]) -> Result<(usize, u64), Errno> {
        let mut file = self.file(file)?;
        // The file's own offset, which nothing else uses, tells where its end is then.
        let len = retry(|| {
            let bytes = [IoSlice::new(bytes)];
            let at_own_offset = u64::MAX;
            let len = rustix::io::pwritev2(file, &bytes, at_own_offset, ReadWriteFlags::APPEND)?;
            Ok(len)
        })?;
        Ok((len, retry(|| file.stream_position())?))
    }

    fn stat(&mut self, file: FileId) -> Result<FileStat, Errno> {
        let metadata = self.any(file)?.metadata().map_err(to_errno)?;
        Ok(metadata::file_stat(&metadata))
    }

    fn set_size(&mut self, file: FileId, size: u64) -> Result<(), Errno> {
        let file = self.file(file)?;
        retry(|| file.set_len(size))
    }

    fn allocate(&mut self, file: FileId, offset: u64, len: u64) -> Result<(), Errno> {
        let file = self.file(file)?;
        let end = offset.checked_add(len).ok_or(Errno::FileTooLarge)?;
        let result = retry(|| {
            Ok(rustix::fs::fallocate(
                file,
                FallocateFlags::empty(),
                offset,
                len,
            )?)
        });
        match result {
            // As POSIX's function does where the file system cannot reserve: the length is all
            // that is left to be had.
            Err(Errno::NotSupported) => match file.metadata().map_err(to_errno)?.len() {
                size if size < end => retry(|| file.set_len(end)),
                _ => Ok(()),
            },
            result => result,
        }
    }

    fn set_times(&mut self, file: FileId, times: SetTimes) -> Result<(), Errno> {
        let open = self.any(file)?;
        retry(|| {
            Ok(rustix::fs::futimens(
                open.as_fd(),
                &metadata::timestamps(times),
            )?)
        })
    }

    fn sync(&mut self, file: FileId, what: Sync) -> Result<(), Errno> {
        let open = self.any(file)?;
        retry(|| {
            match what {
                Sync::Data => rustix::fs::fdatasync(open.as_fd())?,
                Sync::All => rustix::fs::fsync(open.as_fd())?,
            }
            Ok(())
        })
    }

    fn list(&mut self, dir: FileId) -> Result<Vec<DirEntry>, Errno> {
        let entries = self.directory(dir)?.entries().map_err(to_errno)?;
        entries
            .map(|entry| {
                let entry = entry.map_err(to_errno)?;
                let name = entry.file_name().into_string();
                let metadata = entry.metadata().map_err(to_errno)?;
                Ok(DirEntry {
                    name: name.map_err(|_| Errno::IllegalSequence)?,
                    inode: metadata::file_stat(&metadata).inode,
                    kind: metadata::kind(&metadata),
                })
            })
            .collect()
    }

    fn stat_at(&mut self, dir: FileId, path: &str, follow: bool) -> Result<FileStat, Errno> {
        let dir = self.directory(dir)?;
        let metadata = match follows(path, follow) {
            true => dir.metadata(path),
            false => dir.symlink_metadata(path),
        };
        Ok(metadata::file_stat(&metadata.map_err(to_errno)?))
    }

    fn set_times_at(
        &mut self,
        dir: FileId,
        path: &str,
        follow: bool,
        times: SetTimes,
    ) -> Result<(), Errno> {
        if times == SetTimes::default() {
            // Linux does not even look at the path then.
            return self.stat_at(dir, path, follow).map(|_| ());
        }
        let dir = self.directory(dir)?;
        let accessed = metadata::time_spec(times.accessed_ns);
        let modified = metadata::time_spec(times.modified_ns);
        let result = match follows(path, follow) {
            true => DirExt::set_times(dir, path, accessed, modified),
            false => dir.set_symlink_times(path, accessed, modified),
        };
        result.map_err(to_errno)
    }

    fn create_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        self.directory(dir)?.create_dir(path).map_err(to_errno)
    }

    fn remove_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        let dir = self.directory(dir)?;
        // cap-std takes a slash behind the name for a `.` behind that, which is EINVAL.
        let path = match path.trim_end_matches('/') {
            "" => path,
            name => name,
        };
        dir.remove_dir(path).map_err(to_errno)
    }

    fn unlink(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        self.directory(dir)?.remove_file(path).map_err(to_errno)
    }

    fn rename(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno> {
        let (old_dir, new_dir) = (self.directory(old_dir)?, self.directory(new_dir)?);
        if new_path.ends_with('/') {
            let renamed = old_dir.symlink_metadata(old_path.trim_end_matches('/'));
            if renamed.is_ok_and(|renamed| !renamed.is_dir()) {
                return Err(Errno::NotDirectory);
            }
        }
        old_dir
            .rename(old_path, new_dir, new_path)
            .map_err(to_errno)
    }

    fn link(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno> {
        let (old_dir, new_dir) = (self.directory(old_dir)?, self.directory(new_dir)?);
        old_dir
            .hard_link(old_path, new_dir, new_path)
            .map_err(to_errno)
    }

    fn symlink(&mut self, target: &str, dir: FileId, path: &str) -> Result<(), Errno> {
        self.directory(dir)?.symlink(target, path).map_err(to_errno)
    }

    fn read_link(&mut self, dir: FileId, path: &str) -> Result<String, Errno> {
        let target = self.directory(dir)?.read_link(path).map_err(to_errno)?;
        let target = target.into_os_string().into_string();
        target.map_err(|_| Errno::IllegalSequence)
    }
}

/// An open file once more, for reading, whatever it was opened for and whether it has a name.
fn reopen(file: &File) -> io::Result<fs::File> {
    fs::File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Where an open file or directory is now.
fn path_of(open: &impl AsFd) -> Option<PathBuf> {
    fs::read_link(format!("/proc/self/fd/{}", open.as_fd().as_raw_fd())).ok()
}

/// With a slash behind it, a path stands for what a link leads to in any case.
fn follows(path: &str, follow: bool) -> bool {
    follow || path.ends_with('/')
}

fn to_errno(error: io::Error) -> Errno {
    errno(&error)
}

/// Does again what a signal has interrupted.
fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> Result<T, Errno> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(to_errno),
        }
    }
}

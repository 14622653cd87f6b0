//! Files of a program: directories of Linux (`--dir`), and files in memory (`--tar`), which
//! are part of its image.
//!
//! To the program the two are different devices: what it cannot do from one to another (EXDEV),
//! it cannot do from one to the other.

use crate::directories::Directories;
use crate::error::Failure;
use std::time::{SystemTime, UNIX_EPOCH};
use woodfrog::image::InstanceImage;
use woodfrog::runtime::HostPart;
use woodfrog::wasi::memory_files::{FilesError, MemoryFiles, MemoryLimits};
use woodfrog::wasi::{
    DirEntry, Errno, FileId, FileKind, FileStat, FileSystem, OpenOptions, Place, SetTimes, Sync,
};

/// How much files in memory may be: what fits into an image that can be read again.
pub const MEMORY_LIMITS: MemoryLimits = MemoryLimits {
    bytes: 2 << 30,
    inodes: 1 << 20,
};

/// Files in memory with nothing in them.
pub fn new_memory_files() -> MemoryFiles {
    MemoryFiles::new(MEMORY_LIMITS, realtime_ns)
}

/// Files in memory as an image has them, if it has any.
///
/// # Errors
///
/// [`FilesError`].
pub fn memory_files_of(image: &InstanceImage<'_>) -> Result<Option<MemoryFiles>, FilesError> {
    MemoryFiles::of_image(image, MEMORY_LIMITS, realtime_ns)
}

/// The files that an image has, as a tar archive.
///
/// # Errors
///
/// [`Failure::NoFiles`], [`Failure::Files`], [`Failure::Pack`].
pub fn archive_of(image: &InstanceImage<'_>) -> Result<Vec<u8>, Failure> {
    let files = memory_files_of(image)?.ok_or(Failure::NoFiles)?;
    Ok(files.pack()?)
}

/// Nanoseconds since 1970-01-01 UTC.
pub fn realtime_ns() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |duration| duration.as_nanos() as u64)
}

/// What a program can reach.
#[derive(Debug, Default)]
pub struct Files {
    /// Directories of Linux.
    pub directories: Directories,
    /// Files in memory.
    pub memory: Option<MemoryFiles>,
}

impl Files {
    /// The names of all directories that the program is given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let in_memory = self.memory.iter().flat_map(MemoryFiles::names);
        self.directories.names().chain(in_memory)
    }

    /// What of them is frozen with the program.
    pub fn parts(&mut self) -> Vec<&mut dyn HostPart> {
        let memory = self.memory.as_mut();
        memory.map(|memory| memory as _).into_iter().collect()
    }

    /// The file system in which something is open.
    fn of(&mut self, file: FileId) -> &mut dyn FileSystem {
        match &mut self.memory {
            Some(memory) if memory.is_open(file) => memory,
            _ => &mut self.directories,
        }
    }

    /// The file system in which both are open.
    fn of_both(&mut self, one: FileId, other: FileId) -> Result<&mut dyn FileSystem, Errno> {
        let is_open = |file| {
            self.memory
                .as_ref()
                .is_some_and(|memory| memory.is_open(file))
        };
        match is_open(one) == is_open(other) {
            true => Ok(self.of(one)),
            false => Err(Errno::CrossDevice),
        }
    }
}

impl FileSystem for Files {
    fn attach(
        &mut self,
        file: FileId,
        place: &Place,
        options: OpenOptions,
    ) -> Result<FileKind, Errno> {
        match &mut self.memory {
            Some(memory) if memory.names().any(|name| name == place.preopen) => {
                memory.attach(file, place, options)
            }
            _ => self.directories.attach(file, place, options),
        }
    }

    fn place(&mut self, file: FileId) -> Option<Place> {
        self.of(file).place(file)
    }

    fn attach_unnamed(
        &mut self,
        files: &[(FileId, OpenOptions)],
        kind: FileKind,
        contents: &[u8],
    ) -> Result<(), Errno> {
        // What is in memory has a place, whether it has a name or not.
        self.directories.attach_unnamed(files, kind, contents)
    }

    fn open(
        &mut self,
        file: FileId,
        dir: FileId,
        path: &str,
        options: OpenOptions,
    ) -> Result<FileKind, Errno> {
        self.of(dir).open(file, dir, path, options)
    }

    fn close(&mut self, file: FileId) {
        self.of(file).close(file);
    }

    fn read_at(&mut self, file: FileId, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        self.of(file).read_at(file, offset, buffer)
    }

    fn write_at(&mut self, file: FileId, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        self.of(file).write_at(file, offset, bytes)
    }

    fn append(&mut self, file: FileId, bytes: &[u8]) -> Result<(usize, u64), Errno> {
        self.of(file).append(file, bytes)
    }

    fn stat(&mut self, file: FileId) -> Result<FileStat, Errno> {
        self.of(file).stat(file)
    }

    fn set_size(&mut self, file: FileId, size: u64) -> Result<(), Errno> {
        self.of(file).set_size(file, size)
    }

    fn allocate(&mut self, file: FileId, offset: u64, len: u64) -> Result<(), Errno> {
        self.of(file).allocate(file, offset, len)
    }

    fn set_times(&mut self, file: FileId, times: SetTimes) -> Result<(), Errno> {
        self.of(file).set_times(file, times)
    }

    fn sync(&mut self, file: FileId, what: Sync) -> Result<(), Errno> {
        self.of(file).sync(file, what)
    }

    fn list(&mut self, dir: FileId) -> Result<Vec<DirEntry>, Errno> {
        self.of(dir).list(dir)
    }

    fn stat_at(&mut self, dir: FileId, path: &str, follow: bool) -> Result<FileStat, Errno> {
        self.of(dir).stat_at(dir, path, follow)
    }

    fn set_times_at(
        &mut self,
        dir: FileId,
        path: &str,
        follow: bool,
        times: SetTimes,
    ) -> Result<(), Errno> {
        self.of(dir).set_times_at(dir, path, follow, times)
    }

    fn create_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        self.of(dir).create_dir(dir, path)
    }

    fn remove_dir(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        self.of(dir).remove_dir(dir, path)
    }

    fn unlink(&mut self, dir: FileId, path: &str) -> Result<(), Errno> {
        self.of(dir).unlink(dir, path)
    }

    fn rename(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno> {
        let files = self.of_both(old_dir, new_dir)?;
        files.rename(old_dir, old_path, new_dir, new_path)
    }

    fn link(
        &mut self,
        old_dir: FileId,
        old_path: &str,
        new_dir: FileId,
        new_path: &str,
    ) -> Result<(), Errno> {
        let files = self.of_both(old_dir, new_dir)?;
        files.link(old_dir, old_path, new_dir, new_path)
    }

    fn symlink(&mut self, target: &str, dir: FileId, path: &str) -> Result<(), Errno> {
        self.of(dir).symlink(target, dir, path)
    }

    fn read_link(&mut self, dir: FileId, path: &str) -> Result<String, Errno> {
        self.of(dir).read_link(dir, path)
    }
}

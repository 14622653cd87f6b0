//! Directories in memory: a [`FileSystem`](super::FileSystem) for hosts without one, kernels above all.
//!
//! [`MemoryFiles`] holds a tree of directories, files and symbolic links that behaves as
//! POSIX says: hard links, files that are open without a name, renames in place of what is
//! there. It is filled from a tar archive ([`MemoryFiles::unpack`]), and can be part of
//! an image ([`MemoryFiles::to_bytes`]), what is open included, so that inode numbers, times and
//! what has no name are after a thaw what they were before.
//!
//! * `contents`: a file's bytes, in chunks; what is zero takes no room.
//! * `tree`: inodes, and the names that they have in directories.
//! * `resolve`: paths to inodes.
//! * `system`: the trait.
//! * `image`: the tree as bytes, and the validation of bytes that claim to be one.
//! * `archive`, `pack`: from and to tar archives.
//! * `walk`: all that there is, for those who copy it elsewhere.
//!
//! **Limits.** The embedder says how many bytes and inodes there may be
//! ([`MemoryLimits`]); names and inodes count towards the bytes. What would exceed them is
//! ENOSPC for the guest. There are no permissions and no devices.

mod archive;
mod contents;
mod image;
mod pack;
mod resolve;
mod system;
mod tree;
mod walk;

#[cfg(test)]
mod tests;

pub use archive::ArchiveError;
pub use image::{FilesError, SECTION};
pub use pack::{ArchiveWriter, PackError};
pub use walk::{Entry, EntryContents};

use super::{Errno, FileId};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use tree::{Directory, Inode, Node};

/// How much there may be in a [`MemoryFiles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Bytes of contents, names and inodes.
    pub bytes: u64,
    /// Files, directories and symbolic links.
    pub inodes: u64,
}

/// Directories in memory. See the [module](self).
#[derive(Debug)]
pub struct MemoryFiles {
    budget: Budget,
    max_inodes: u64,
    clock: fn() -> u64,
    inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    /// The directories that the program is given, by the names that it knows them by.
    preopens: Vec<(String, u64)>,
    open: BTreeMap<FileId, u64>,
    changes: u64,
}

/// The inode of the outermost directory.
const ROOT: u64 = 1;

/// Most bytes of a name (Linux's NAME_MAX).
const MAX_NAME: usize = 255;

/// Most bytes of a path (Linux's PATH_MAX, less the terminator).
const MAX_PATH: usize = 4095;

/// Most symbolic links on a path, as on Linux.
const MAX_LINKS_FOLLOWED: u32 = 40;

/// Most bytes of a file: what an offset in POSIX can say.
const MAX_FILE_SIZE: u64 = i64::MAX as u64;

/// Most files that can be open at a time.
const MAX_OPEN: usize = 1 << 16;

impl MemoryFiles {
    /// An empty directory. `clock` tells the time for the files: nanoseconds since
    /// 1970-01-01 UTC. The program is given nothing before [`Self::preopen`].
    pub fn new(limits: MemoryLimits, clock: fn() -> u64) -> Self {
        let root = Inode::new(Node::Directory(Directory::new(ROOT)), 1, clock());
        Self {
            budget: Budget {
                limit: limits.bytes,
                used: 0,
            },
            max_inodes: limits.inodes,
            clock,
            inodes: BTreeMap::from([(ROOT, root)]),
            next_inode: ROOT + 1,
            preopens: Vec::new(),
            open: BTreeMap::new(),
            changes: 0,
        }
    }

    /// Gives the program the directory at `path`, which is relative to the outermost one and
    /// may be empty, under a name that no other has.
    ///
    /// # Errors
    ///
    /// ENOENT or ENOTDIR if there is no such directory, EEXIST if the name is taken.
    pub fn preopen(&mut self, name: &str, path: &str) -> Result<(), Errno> {
        if self.names().any(|other| other == name) {
            return Err(Errno::Exists);
        }
        let directory = match path {
            "" => ROOT,
            path => self.directory_at(ROOT, path)?,
        };
        self.preopens.push((name.into(), directory));
        Ok(())
    }

    /// The names of the directories that the program is given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.preopens.iter().map(|(name, _)| name.as_str())
    }

    /// Whether this is the name of something that is open.
    pub fn is_open(&self, file: FileId) -> bool {
        self.open.contains_key(&file)
    }

    /// Bytes that count towards the limit.
    pub fn used_bytes(&self) -> u64 {
        self.budget.used
    }

    /// How often anything has been changed since these files were made or came from an image:
    /// contents, names and times, but not the times at which files were read.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    fn now(&self) -> u64 {
        (self.clock)()
    }
}

/// How many bytes there may be, and are.
#[derive(Clone, Copy, Debug)]
struct Budget {
    limit: u64,
    used: u64,
}

impl Budget {
    fn take(&mut self, bytes: u64) -> Result<(), Errno> {
        if !self.has(bytes) {
            return Err(Errno::NoSpace);
        }
        self.used += bytes;
        Ok(())
    }

    fn has(&self, bytes: u64) -> bool {
        let used = self.used.checked_add(bytes);
        used.is_some_and(|used| used <= self.limit)
    }

    fn give_back(&mut self, bytes: u64) {
        assert!(bytes <= self.used, "what is given back was taken");
        self.used -= bytes;
    }
}

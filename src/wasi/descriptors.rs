//! The descriptors of a program: what it has open, and how far it has come in it.
//!
//! All of it is plain data and part of the image. What is behind a descriptor is the
//! host's, under a [`FileId`]; `attach` tells how the two come together again after a thaw.

use super::attach::Anchor;
use super::files::{DirEntry, FileId, FileKind, OpenOptions};
use super::rights::{FdFlags, Rights};
use super::{Errno, OutputStream};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most descriptors of one program, as Linux allows by default; then EMFILE.
pub const MAX_DESCRIPTORS: usize = 1024;

/// The numbers of descriptors, and what they stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Descriptors {
    table: Vec<Option<Descriptor>>,
    /// Larger than every [`FileId`] that is in use.
    next_file: u64,
}

/// What a program has open under one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Descriptor {
    pub(super) object: Object,
    /// What may be done with it.
    pub(super) rights: Rights,
    /// What may be done with what is opened in it.
    pub(super) inheriting: Rights,
    pub(super) flags: FdFlags,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Object {
    Stream(Stream),
    File(File),
    Directory(Directory),
}

/// One of the streams that a program begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stream {
    pub(super) end: StreamEnd,
    /// What it was when the program began; None until it does.
    pub(super) kind: Option<FileKind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StreamEnd {
    Stdin,
    Stdout,
    Stderr,
}

/// Anything that was opened by a path and is no directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) source: Source,
    pub(super) kind: FileKind,
    /// Where the next transfer begins; at most `i64::MAX`.
    pub(super) offset: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Directory {
    pub(super) source: Source,
    /// The name that the guest knows it by, if it was there from the beginning.
    pub(super) preopen: Option<String>,
    /// What `fd_readdir` gave when it was last asked from the beginning. Its cookies are
    /// positions in here.
    pub(super) listing: Option<Vec<DirEntry>>,
}

/// What the host has to know of an open file or directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) id: FileId,
    pub(super) options: OpenOptions,
    /// Where to find it after a thaw; None while the program runs.
    pub(super) anchor: Option<Anchor>,
}

impl Default for Descriptors {
    /// The three streams.
    fn default() -> Self {
        let ends = [StreamEnd::Stdin, StreamEnd::Stdout, StreamEnd::Stderr];
        Self {
            table: ends.into_iter().map(Descriptor::stream).map(Some).collect(),
            next_file: 0,
        }
    }
}

impl Descriptors {
    /// What a number stands for.
    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        let slot = self.table.get(fd as usize);
        slot.and_then(Option::as_ref).ok_or(Errno::BadFd)
    }

    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        let slot = self.table.get_mut(fd as usize);
        slot.and_then(Option::as_mut).ok_or(Errno::BadFd)
    }

    /// The lowest number that is free.
    pub(super) fn free_number(&self) -> Result<u32, Errno> {
        let free = self.table.iter().position(Option::is_none);
        match free.unwrap_or(self.table.len()) {
            MAX_DESCRIPTORS.. => Err(Errno::TooManyFiles),
            fd => Ok(fd as u32),
        }
    }

    /// A name for something to be opened.
    pub(super) fn new_file(&mut self) -> FileId {
        let id = FileId(self.next_file);
        self.next_file += 1;
        id
    }

    /// Puts a descriptor under a number that [`Self::free_number`] has given.
    pub(super) fn insert(&mut self, fd: u32, descriptor: Descriptor) {
        let index = fd as usize;
        assert!(index <= self.table.len(), "{fd} is not the lowest number");
        if index == self.table.len() {
            self.table.push(None);
        }
        self.table[index] = Some(descriptor);
    }

    /// Frees a number, and returns what it stood for.
    pub(super) fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let slot = self.table.get_mut(fd as usize).ok_or(Errno::BadFd)?;
        slot.take().ok_or(Errno::BadFd)
    }

    /// Gives `from` the number `to`, and returns what had that.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        self.get(from)?;
        self.get(to)?;
        if from == to {
            return Ok(None);
        }
        let moved = self.table[from as usize].take();
        Ok(core::mem::replace(&mut self.table[to as usize], moved))
    }

    /// All that is open.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Descriptor> {
        self.table.iter().flatten()
    }

    /// All that is open, by number.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Descriptor)> {
        let numbered = (0..).zip(&mut self.table);
        numbered.filter_map(|(fd, slot)| Some((fd, slot.as_mut()?)))
    }

    /// Checks what comes from an image. What is to be found again by an anchor must have one.
    pub(super) fn is_valid(&self, unnamed: usize) -> bool {
        let mut ids = Vec::new();
        ids.extend(
            self.iter()
                .filter_map(|open| Some(open.object.source()?.id)),
        );
        ids.sort_unstable();
        let are_distinct = ids.windows(2).all(|pair| pair[0] < pair[1]);
        let are_used = ids.last().is_none_or(|last| last.0 < self.next_file);
        // Never reached by counting.
        let can_count = self.next_file <= u64::MAX / 2;
        self.table.len() <= MAX_DESCRIPTORS
            && are_distinct
            && are_used
            && can_count
            && self.iter().all(|descriptor| descriptor.is_valid(unnamed))
    }
}

impl Descriptor {
    fn stream(end: StreamEnd) -> Self {
        let transfer = match end {
            StreamEnd::Stdin => Rights::FD_READ,
            StreamEnd::Stdout | StreamEnd::Stderr => Rights::FD_WRITE,
        };
        Self {
            object: Object::Stream(Stream { end, kind: None }),
            rights: transfer
                | Rights::FD_FDSTAT_SET_FLAGS
                | Rights::FD_FILESTAT_GET
                | Rights::POLL_FD_READWRITE,
            inheriting: Rights::NONE,
            flags: FdFlags::default(),
        }
    }

    /// A directory that the program has from the beginning.
    pub(super) fn preopen(name: &str, source: Source) -> Self {
        Self {
            object: Object::Directory(Directory {
                source,
                preopen: Some(name.into()),
                listing: None,
            }),
            rights: Rights::DIRECTORY,
            inheriting: Rights::INHERITABLE,
            flags: FdFlags::default(),
        }
    }

    /// ENOTCAPABLE if it has not all of these rights.
    pub(super) fn check(&self, rights: Rights) -> Result<&Self, Errno> {
        match self.rights.contains(rights) {
            true => Ok(self),
            false => Err(Errno::NotCapable),
        }
    }

    /// The directory that it stands for; ENOTDIR.
    pub(super) fn directory(&self, rights: Rights) -> Result<&Directory, Errno> {
        match &self.object {
            Object::Directory(directory) => self.check(rights).map(|_| directory),
            _ => Err(Errno::NotDirectory),
        }
    }

    /// The file that it stands for, which has offsets; ESPIPE if it has none.
    pub(super) fn seekable(&self, rights: Rights) -> Result<&File, Errno> {
        match &self.object {
            Object::File(file) => self.check(rights).map(|_| file),
            Object::Stream(_) => Err(Errno::NoSeek),
            Object::Directory(_) => Err(Errno::BadFd),
        }
    }

    fn is_valid(&self, unnamed: usize) -> bool {
        let is_object_valid = match &self.object {
            Object::Stream(_) => true,
            Object::File(file) => {
                file.kind != FileKind::Directory && i64::try_from(file.offset).is_ok()
            }
            Object::Directory(directory) => directory
                .preopen
                .as_ref()
                .is_none_or(|name| !name.contains('\0')),
        };
        let has_anchor = match self.object.source() {
            Some(source) => source
                .anchor
                .as_ref()
                .is_some_and(|anchor| anchor.is_valid(unnamed)),
            None => true,
        };
        is_object_valid && has_anchor && self.flags.is_valid()
    }
}

impl Object {
    /// What the host has opened for it; None for streams.
    pub(super) fn source(&self) -> Option<&Source> {
        match self {
            Self::Stream(_) => None,
            Self::File(File { source, .. }) | Self::Directory(Directory { source, .. }) => {
                Some(source)
            }
        }
    }

    pub(super) fn source_mut(&mut self) -> Option<&mut Source> {
        match self {
            Self::Stream(_) => None,
            Self::File(File { source, .. }) | Self::Directory(Directory { source, .. }) => {
                Some(source)
            }
        }
    }

    pub(super) fn kind(&self) -> FileKind {
        match self {
            Self::Stream(stream) => stream.kind.unwrap_or(FileKind::Unknown),
            Self::File(file) => file.kind,
            Self::Directory(_) => FileKind::Directory,
        }
    }
}

impl StreamEnd {
    /// The descriptor that stands for it when a program begins.
    pub(super) fn first_number(self) -> u32 {
        self as u32
    }

    /// The stream to write to; None for standard input.
    pub(super) fn output(self) -> Option<OutputStream> {
        match self {
            Self::Stdin => None,
            Self::Stdout => Some(OutputStream::Stdout),
            Self::Stderr => Some(OutputStream::Stderr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_number_is_taken_up_to_a_limit() {
        let mut descriptors = Descriptors::default();
        assert_eq!(descriptors.free_number(), Ok(3));
        let stdout = descriptors.remove(1).unwrap();
        assert_eq!(descriptors.free_number(), Ok(1));
        descriptors.insert(1, stdout.clone());
        for fd in 3..MAX_DESCRIPTORS as u32 {
            assert_eq!(descriptors.free_number(), Ok(fd));
            descriptors.insert(fd, stdout.clone());
        }
        assert_eq!(descriptors.free_number(), Err(Errno::TooManyFiles));
        descriptors.remove(700).unwrap();
        assert_eq!(descriptors.free_number(), Ok(700));
    }

    #[test]
    fn renumbering_needs_two_open_numbers_and_frees_one() {
        let mut descriptors = Descriptors::default();
        assert_eq!(descriptors.renumber(1, 3), Err(Errno::BadFd));
        assert_eq!(descriptors.renumber(3, 1), Err(Errno::BadFd));
        assert_eq!(descriptors.renumber(1, 1), Ok(None));
        let stdin = descriptors.get(0).unwrap().clone();
        assert_eq!(descriptors.renumber(2, 0), Ok(Some(stdin)));
        assert_eq!(descriptors.get(2), Err(Errno::BadFd));
        let Object::Stream(stream) = &descriptors.get(0).unwrap().object else {
            panic!("a stream");
        };
        assert_eq!(stream.end, StreamEnd::Stderr);
    }
}

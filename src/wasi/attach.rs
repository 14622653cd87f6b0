//! How descriptors and what the host has open come together: when a program begins, and
//! after a thaw.
//!
//! A frozen program remembers each open file and directory by its [`Place`], where it is
//! found again. One that has no name any more is kept itself, contents and all.
//! Nothing of the program runs before everything is there.

use super::descriptors::{Descriptor, Object, Source};
use super::files::{FileId, FileKind, FileStat, FileSystem, OpenOptions, Place, SetTimes};
use super::{Errno, StateError, WasiCtx, WasiHost};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most bytes of all files without a name that an image can hold.
pub(super) const MAX_UNNAMED_SIZE: usize = 16 << 20;

/// Where to find what a descriptor stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Anchor {
    Place(Place),
    /// It has no name; this is its index among those without one.
    Unnamed(u32),
}

/// A file or directory without a name, while the program that has it open is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unnamed {
    kind: FileKind,
    contents: Vec<u8>,
    accessed_ns: u64,
    modified_ns: u64,
}

/// Why a program cannot begin, or go on: something is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// A directory that it was given.
    #[error("the program's directory \"{name}\" is not to be had here: {errno}")]
    Directory {
        /// The name by which the program knows it.
        name: String,
        /// What the host says.
        errno: Errno,
    },
    /// A file or directory that it has open.
    #[error(
        "the program has \"{}\" open, in its directory \"{}\", which cannot be opened again: {errno}",
        place.path,
        place.preopen
    )]
    Open {
        /// Where it was when the program was frozen.
        place: Place,
        /// What the host says.
        errno: Errno,
    },
    /// A file or directory that it has open and that had no name any more.
    #[error("the program has a file without a name open, which the host cannot make: {errno}")]
    Unnamed {
        /// What the host says.
        errno: Errno,
    },
}

impl Anchor {
    /// Checks one that comes from an image with so many things without a name.
    pub(super) fn is_valid(&self, unnamed: usize) -> bool {
        match self {
            Self::Unnamed(index) => (*index as usize) < unnamed,
            Self::Place(Place { preopen, path }) => {
                !preopen.contains('\0') && !path.contains('\0') && !path.starts_with('/')
            }
        }
    }
}

impl WasiCtx {
    /// Gives a program that has not begun a directory, under the name that it is to know it
    /// by. Its descriptors are 3 and so on. The host must offer it under that name.
    ///
    /// # Errors
    ///
    /// [`StateError::NulInString`], [`StateError::TooManyDescriptors`].
    pub fn preopen(&mut self, name: &str) -> Result<(), StateError> {
        if name.contains('\0') {
            return Err(StateError::NulInString);
        }
        let fd = self.descriptors.free_number();
        let fd = fd.map_err(|_| StateError::TooManyDescriptors)?;
        let source = Source {
            id: self.descriptors.new_file(),
            options: OpenOptions {
                read: true,
                directory: true,
                ..OpenOptions::default()
            },
            anchor: Some(Anchor::Place(Place {
                preopen: name.into(),
                path: String::new(),
            })),
        };
        self.descriptors
            .insert(fd, Descriptor::preopen(name, source));
        Ok(())
    }

    /// Brings the program together with a host: starts its clock, and opens again what it
    /// has open. Does nothing if that has been done. [`step`](super::step) does it by itself,
    /// and so does the first call that the program makes, but that is late.
    ///
    /// # Errors
    ///
    /// [`AttachError`]; it can be tried again then.
    pub fn attach(&mut self, host: &mut dyn WasiHost) -> Result<(), AttachError> {
        if self.is_attached {
            return Ok(());
        }
        for (_, descriptor) in self.descriptors.iter_mut() {
            if let Object::Stream(stream) = &mut descriptor.object {
                let fd = stream.end.first_number();
                stream.kind.get_or_insert_with(|| host.stream_kind(fd));
            }
        }
        self.attach_places(host)?;
        self.attach_unnamed(host)?;
        self.unnamed.clear();
        self.clock.start(host);
        self.is_attached = true;
        Ok(())
    }

    fn attach_places(&mut self, host: &mut dyn WasiHost) -> Result<(), AttachError> {
        for descriptor in self.descriptors.iter() {
            let expected = descriptor.object.kind();
            let Some(source) = descriptor.object.source() else {
                continue;
            };
            let Some(Anchor::Place(place)) = &source.anchor else {
                continue;
            };
            let result = match host.files() {
                Some(files) => open_again(files, source, place, expected),
                None => Err(Errno::NotSupported),
            };
            result.map_err(|errno| match place.path.is_empty() {
                true => AttachError::Directory {
                    name: place.preopen.clone(),
                    errno,
                },
                false => AttachError::Open {
                    place: place.clone(),
                    errno,
                },
            })?;
        }
        Ok(())
    }

    fn attach_unnamed(&mut self, host: &mut dyn WasiHost) -> Result<(), AttachError> {
        for (index, unnamed) in self.unnamed.iter().enumerate() {
            let anchor = Anchor::Unnamed(index as u32);
            let sources = self
                .descriptors
                .iter()
                .filter_map(|open| open.object.source());
            let sources = sources.filter(|source| source.anchor.as_ref() == Some(&anchor));
            let ids: Vec<_> = sources.map(|source| (source.id, source.options)).collect();
            make_again(host, &ids, unnamed).map_err(|errno| AttachError::Unnamed { errno })?;
        }
        Ok(())
    }

    /// Writes down where everything is that is open, for serialisation.
    pub(super) fn settle_files(&mut self, host: &mut dyn WasiHost) -> Result<(), StateError> {
        if !self.is_attached {
            return Ok(());
        }
        let mut unnamed = UnnamedFiles::default();
        for (fd, descriptor) in self.descriptors.iter_mut() {
            let Some(source) = descriptor.object.source_mut() else {
                continue;
            };
            let files = host.files().expect("a host that has opened files has them");
            source.anchor = Some(match files.place(source.id) {
                Some(place) => Anchor::Place(place),
                None => unnamed.keep(files, source.id, fd)?,
            });
        }
        self.unnamed = unnamed.files;
        Ok(())
    }
}

fn open_again(
    files: &mut dyn FileSystem,
    source: &Source,
    place: &Place,
    expected: FileKind,
) -> Result<(), Errno> {
    let kind = files.attach(source.id, place, source.options)?;
    match (expected, kind) {
        (FileKind::Directory, FileKind::Directory) => Ok(()),
        (FileKind::Directory, _) => Err(Errno::NotDirectory),
        (_, FileKind::Directory) => Err(Errno::IsDirectory),
        _ => Ok(()),
    }
}

fn make_again(
    host: &mut dyn WasiHost,
    ids: &[(FileId, OpenOptions)],
    unnamed: &Unnamed,
) -> Result<(), Errno> {
    let files = host.files().ok_or(Errno::NotSupported)?;
    let Some(&(first, _)) = ids.first() else {
        return Ok(());
    };
    files.attach_unnamed(ids, unnamed.kind, &unnamed.contents)?;
    let times = SetTimes {
        accessed_ns: Some(unnamed.accessed_ns),
        modified_ns: Some(unnamed.modified_ns),
    };
    files.set_times(first, times)
}

/// What is found to have no name while descriptors are gone through.
#[derive(Default)]
struct UnnamedFiles {
    files: Vec<Unnamed>,
    /// Device and number of each.
    identities: Vec<(u64, u64)>,
    size: usize,
}

impl UnnamedFiles {
    fn keep(
        &mut self,
        files: &mut dyn FileSystem,
        id: FileId,
        fd: u32,
    ) -> Result<Anchor, StateError> {
        let lost = |errno| StateError::UnnamedFile { fd, errno };
        let stat = files.stat(id).map_err(lost)?;
        let identity = (stat.device, stat.inode);
        let known = self.identities.iter().position(|&known| known == identity);
        let index = match known {
            Some(index) => index,
            None => {
                let contents = self.contents(files, id, &stat, fd)?;
                self.identities.push(identity);
                self.files.push(Unnamed {
                    kind: stat.kind,
                    contents,
                    accessed_ns: stat.accessed_ns,
                    modified_ns: stat.modified_ns,
                });
                self.files.len() - 1
            }
        };
        Ok(Anchor::Unnamed(index as u32))
    }

    fn contents(
        &mut self,
        files: &mut dyn FileSystem,
        id: FileId,
        stat: &FileStat,
        fd: u32,
    ) -> Result<Vec<u8>, StateError> {
        let lost = |errno| StateError::UnnamedFile { fd, errno };
        match stat.kind {
            FileKind::Directory => return Ok(Vec::new()),
            FileKind::RegularFile => {}
            _ => return Err(lost(Errno::NotSupported)),
        }
        let size = usize::try_from(stat.size).unwrap_or(usize::MAX);
        self.size = self.size.saturating_add(size);
        if self.size > MAX_UNNAMED_SIZE {
            return Err(StateError::UnnamedTooLarge(self.size));
        }
        let mut contents = alloc::vec![0; size];
        let mut filled = 0;
        while filled < size {
            match files.read_at(id, filled as u64, &mut contents[filled..]) {
                Ok(0) => break,
                Ok(len) => filled += len,
                Err(errno) => return Err(lost(errno)),
            }
        }
        contents.truncate(filled);
        Ok(contents)
    }
}

//! Tar archives into the tree: POSIX (ustar and pax) and GNU.
//!
//! Paths are taken as relative to the outermost directory, whether a slash is in front or
//! not, and through no symbolic link, so that a path of the archive cannot lead elsewhere
//! than it says. An archive is read to its end mark, or to the end of its bytes at an entry.

use super::contents::{CHUNK, Contents};
use super::image::is_name;
use super::tree::{Directory, Node};
use super::{Errno, MAX_PATH, MemoryFiles, ROOT};
use crate::platform::is_zero;
use crate::wasi::SetTimes;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use tar_core::parse::{Limits, ParseError, ParseEvent, ParsedEntry, Parser};
use tar_core::{EntryType, PAX_MTIME, PaxExtensions, SparseEntry};

/// Bytes of a tar archive's blocks.
const BLOCK: usize = 512;

pub(super) const NS_PER_SECOND: u64 = 1_000_000_000;

/// Why an archive was not unpacked. What came before in it has been.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no tar archive, or damaged.
    #[error("tar archive, byte {offset}: {source}")]
    Format {
        /// Where.
        offset: usize,
        /// What is wrong.
        source: ParseError,
    },
    /// It ends within an entry.
    #[error("tar archive ends within the entry at byte {offset}")]
    Truncated {
        /// Where the entry begins.
        offset: usize,
    },
    /// A path is not one that can be in the tree: it has `..` in it, a component that is too
    /// long, or is not UTF-8.
    #[error("tar archive: {path:?} is no path that files can have here")]
    Path {
        /// The path; what is not UTF-8 in it is replaced.
        path: String,
    },
    /// A path leads through something that is no directory, or a directory and something else
    /// have the same path.
    #[error("tar archive: {path:?} and an entry before it exclude each other")]
    Conflict {
        /// The path.
        path: String,
    },
    /// A hard link is to something that is no file of the archive before it.
    #[error("tar archive: {path:?} is a link to {target:?}, which is no file before it")]
    LinkTarget {
        /// The link.
        path: String,
        /// To what.
        target: String,
    },
    /// An entry is none of file, directory, hard and symbolic link.
    #[error("tar archive: {path:?} is a {kind}, which cannot be had here")]
    Kind {
        /// Its path.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// There is no room for an entry.
    #[error("tar archive: no room for {path:?} within the limits of files in memory")]
    NoSpace {
        /// Its path.
        path: String,
    },
}

impl MemoryFiles {
    /// Adds all that is in a tar archive; no bytes are an archive with nothing in it. Later
    /// entries replace earlier ones of the same path. `directory` is where its paths begin,
    /// relative to the outermost directory; it is made if it is not there, and may be empty.
    ///
    /// # Errors
    ///
    /// [`ArchiveError`].
    pub fn unpack(&mut self, directory: &str, archive: &[u8]) -> Result<(), ArchiveError> {
        let path = Path::parse(directory.as_bytes())?;
        let root = self.add_directories(ROOT, &path, &path.components)?;
        let usual = Limits::default();
        let chunks = (self.budget.limit / CHUNK as u64) as usize;
        let limits = Limits {
            max_path_len: Some(MAX_PATH as u32),
            max_sparse_entries: usual.max_sparse_entries.max(chunks),
            ..usual
        };
        let mut parser = Parser::new(limits);
        let mut offset = 0;
        // What is put into a directory changes its times, which are set when all is there.
        let mut directories = Vec::new();
        while offset < archive.len() {
            let rest = &archive[offset..];
            let event = parser.parse(rest);
            let event = event.map_err(|source| ArchiveError::Format { offset, source })?;
            let (entry, consumed, pieces) = match event {
                ParseEvent::End { .. } => break,
                // One block of zeros at the end is less than it should be, but enough.
                ParseEvent::NeedData { .. } if is_zero(rest) => break,
                ParseEvent::NeedData { .. } => return Err(ArchiveError::Truncated { offset }),
                ParseEvent::GlobalExtensions { consumed, .. } => {
                    offset += consumed;
                    continue;
                }
                ParseEvent::Entry { consumed, entry } => (entry, consumed, None),
                ParseEvent::SparseEntry {
                    consumed,
                    entry,
                    sparse_map,
                    real_size,
                } => (entry, consumed, Some((sparse_map, real_size))),
            };
            let truncated = ArchiveError::Truncated { offset };
            let Some(contents) = contents_of(&entry, &rest[consumed..]) else {
                return Err(truncated);
            };
            let end = consumed + contents.len().next_multiple_of(BLOCK);
            let number = self.add_entry(root, &entry, contents, pieces)?;
            let times = times(&entry);
            self.set_times_of(number, times);
            if self.inode(number).is_directory() {
                directories.push((number, times));
            }
            offset += end;
        }
        for (number, times) in directories {
            self.set_times_of(number, times);
        }
        Ok(())
    }

    fn add_entry(
        &mut self,
        root: u64,
        entry: &ParsedEntry<'_>,
        contents: &[u8],
        sparse: Option<(Vec<SparseEntry>, u64)>,
    ) -> Result<u64, ArchiveError> {
        let path = Path::parse(&entry.path)?;
        // Old archives mark directories by a slash alone.
        let is_directory = entry.is_dir() || (entry.is_file() && entry.path.ends_with(b"/"));
        let number = match entry.entry_type {
            _ if is_directory => self.add_directories(root, &path, &path.components)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GnuSparse => {
                let number = self.add_new(root, &path, Node::File(Contents::default()))?;
                let (pieces, size) = match sparse {
                    Some((map, size)) => (map.iter().map(|p| (p.offset, p.length)).collect(), size),
                    None => (Vec::from([(0, entry.size)]), entry.size),
                };
                self.fill(&path, number, contents, &pieces, size)?;
                number
            }
            EntryType::Symlink => {
                let target = entry.link_target.as_deref().unwrap_or_default();
                let target = core::str::from_utf8(target).ok().filter(|target| {
                    (1..=MAX_PATH).contains(&target.len()) && !target.contains('\0')
                });
                let target = target.ok_or_else(|| path.error())?;
                self.add_new(root, &path, Node::SymbolicLink(target.into()))?
            }
            EntryType::Link => return self.add_link(root, &path, entry),
            kind => {
                return Err(ArchiveError::Kind {
                    path: path.text,
                    kind: kind_name(kind),
                });
            }
        };
        Ok(number)
    }

    /// Writes the pieces of a file that the archive has, one behind the other.
    fn fill(
        &mut self,
        path: &Path,
        number: u64,
        mut contents: &[u8],
        pieces: &[(u64, u64)],
        size: u64,
    ) -> Result<(), ArchiveError> {
        let Node::File(file) = &mut self.inodes.get_mut(&number).expect("just made").node else {
            unreachable!("just made as a file");
        };
        for &(offset, len) in pieces {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let piece = contents.split_off(..len).ok_or_else(|| path.error())?;
            match file.write_at(&mut self.budget, offset, piece) {
                Ok(written) if written == piece.len() => {}
                _ => return Err(path.no_space()),
            }
        }
        if size < file.size() || size > super::MAX_FILE_SIZE {
            return Err(path.error());
        }
        file.set_size(&mut self.budget, size);
        Ok(())
    }

    /// Makes something under a path, in place of what is there.
    fn add_new(&mut self, root: u64, path: &Path, node: Node) -> Result<u64, ArchiveError> {
        let (dir, name) = self.make_way(root, path)?;
        let created = self.create_at(dir, name, node);
        created.map_err(|_| path.no_space())
    }

    fn add_link(
        &mut self,
        root: u64,
        path: &Path,
        entry: &ParsedEntry<'_>,
    ) -> Result<u64, ArchiveError> {
        let target = Path::parse(entry.link_target.as_deref().unwrap_or_default())?;
        let found = self.find(root, &target.components);
        let found = found.filter(|&number| !self.inode(number).is_directory());
        let number = found.ok_or_else(|| ArchiveError::LinkTarget {
            path: path.text.clone(),
            target: target.text.clone(),
        })?;
        if self.find(root, &path.components) == Some(number) {
            return Ok(number);
        }
        let (dir, name) = self.make_way(root, path)?;
        let added = self.add_name(dir, name, number);
        added.map(|()| number).map_err(|_| path.no_space())
    }

    /// The directory and the name for something new; what was there before is gone then.
    fn make_way<'p>(&mut self, root: u64, path: &'p Path) -> Result<(u64, &'p str), ArchiveError> {
        let (name, dirs) = path.components.split_last().ok_or_else(|| path.error())?;
        let dir = self.add_directories(root, path, dirs)?;
        match self.entry(dir, name) {
            Ok(number) if self.inode(number).is_directory() => Err(path.conflict()),
            Ok(_) => match self.remove_name(dir, name) {
                Ok(()) => Ok((dir, name)),
                Err(_) => Err(path.conflict()),
            },
            Err(_) => Ok((dir, name)),
        }
    }

    /// The directory of these components, made as far as it is not there.
    fn add_directories(
        &mut self,
        root: u64,
        path: &Path,
        components: &[String],
    ) -> Result<u64, ArchiveError> {
        components
            .iter()
            .try_fold(root, |dir, name| match self.entry(dir, name) {
                Ok(number) if self.inode(number).is_directory() => Ok(number),
                Ok(_) => Err(path.conflict()),
                Err(_) => {
                    let node = Node::Directory(Directory::new(dir));
                    let created = self.create_at(dir, name, node);
                    created.map_err(|error| match error {
                        Errno::NoSpace => path.no_space(),
                        _ => path.conflict(),
                    })
                }
            })
    }

    /// What is at these components.
    fn find(&self, root: u64, components: &[String]) -> Option<u64> {
        let mut components = components.iter();
        components.try_fold(root, |dir, name| self.entry(dir, name).ok())
    }
}

/// A path of an archive, taken apart.
struct Path {
    text: String,
    components: Vec<String>,
}

impl Path {
    fn parse(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let components = text.split('/').filter(|name| !matches!(*name, "" | "."));
        let components: Vec<String> = components.map(ToString::to_string).collect();
        let is_path = core::str::from_utf8(bytes).is_ok()
            && text.len() <= MAX_PATH
            && components.iter().all(|name| is_name(name));
        match is_path {
            true => Ok(Self { text, components }),
            false => Err(ArchiveError::Path { path: text }),
        }
    }

    fn error(&self) -> ArchiveError {
        ArchiveError::Path {
            path: self.text.clone(),
        }
    }

    fn conflict(&self) -> ArchiveError {
        ArchiveError::Conflict {
            path: self.text.clone(),
        }
    }

    fn no_space(&self) -> ArchiveError {
        ArchiveError::NoSpace {
            path: self.text.clone(),
        }
    }
}

/// The bytes that belong to an entry, of those behind its header; None if there are too few.
fn contents_of<'a>(entry: &ParsedEntry<'_>, rest: &'a [u8]) -> Option<&'a [u8]> {
    // Links have none, whatever their size says; some writers give that of the file.
    let size = match entry.entry_type {
        EntryType::Link | EntryType::Symlink => 0,
        _ => usize::try_from(entry.size).ok()?,
    };
    rest.get(..size)
}

/// When something was last changed, which counts as when it was last read, too. Pax archives
/// say it to the nanosecond.
fn times(entry: &ParsedEntry<'_>) -> SetTimes {
    let text = entry
        .pax
        .and_then(|pax| PaxExtensions::new(pax).get(PAX_MTIME));
    let fraction = text.and_then(|text| text.split_once('.'));
    let fraction_ns = fraction.map_or(0, |(_, digits)| {
        let digits = digits.bytes().chain(core::iter::repeat(b'0')).take(9);
        digits.fold(0, |ns, digit| {
            ns * 10 + u64::from(digit.wrapping_sub(b'0').min(9))
        })
    });
    let seconds_ns = entry.mtime.saturating_mul(NS_PER_SECOND);
    let modified_ns = Some(seconds_ns.saturating_add(fraction_ns));
    SetTimes {
        accessed_ns: modified_ns,
        modified_ns,
    }
}

fn kind_name(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Char => "character device",
        EntryType::Block => "block device",
        EntryType::Fifo => "named pipe",
        _ => "thing of an unknown kind",
    }
}

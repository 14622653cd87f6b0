//! The tree as bytes for an image, and bytes that claim to be one.
//!
//! ```text
//! postcard of `Wire` | chunks, each of CHUNK bytes, in the order of `Wire`
//! ```
//!
//! What follows from something else is not in there: link counts and parents follow from
//! names. Chunks are copied as they are, and those that are zero are left out.

use super::contents::{CHUNK, Contents};
use super::tree::{Directory, Inode, Node, name_cost};
use super::{
    Budget, FileId, MAX_FILE_SIZE, MAX_NAME, MAX_OPEN, MAX_PATH, MemoryFiles, MemoryLimits, ROOT,
};
use crate::image::InstanceImage;
use crate::runtime::{HostError, HostPart, UnsupportedVersion};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The section of an image that holds files.
pub const SECTION: &str = "files";

/// The version of the encoding, which is the section's.
const VERSION: u32 = 1;

/// Why bytes are not those of a [`MemoryFiles`], or not of one that fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// They were made by another version.
    #[error("files in memory of version {0}, not {VERSION}")]
    Version(u32),
    /// They are no encoding of a tree.
    #[error("files in memory are malformed")]
    Malformed,
    /// There is more or less behind the tree than its files have.
    #[error("{found} bytes of files' contents, not {expected}")]
    ContentsLength {
        /// How many bytes the tree says.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// Inodes are not in order, or beyond the last one.
    #[error("inode {0} is out of order")]
    Order(u64),
    /// The outermost directory is missing, or is none.
    #[error("there is no outermost directory")]
    NoRoot,
    /// A file's contents are not what a file can have.
    #[error("file {0} has contents beyond its end or out of order")]
    Contents(u64),
    /// A symbolic link's path is not one.
    #[error("symbolic link {0} has no path")]
    Target(u64),
    /// A directory has a name that is none, or names out of order.
    #[error("directory {0} has a name that cannot be there")]
    Name(u64),
    /// A name is of something that there is not.
    #[error("directory {directory} names inode {inode}, which there is not")]
    NoSuchInode {
        /// The directory.
        directory: u64,
        /// What it names.
        inode: u64,
    },
    /// A directory has several names, or is within itself.
    #[error("directory {0} is in several places, or within itself")]
    Tangled(u64),
    /// An inode has no name, and nothing else keeps it.
    #[error("nothing leads to inode {0}")]
    Unreachable(u64),
    /// A directory that the program is given is none, or has another's name.
    #[error("the program is given {0:?}, which is no directory, or given twice")]
    Preopen(String),
    /// What is open cannot be.
    #[error("inode {0} is open, but is nothing that can be")]
    Open(u64),
    /// It exceeds the limits.
    #[error("files in memory take {bytes} bytes and {inodes} inodes, but may only {limits:?}")]
    TooLarge {
        /// What they take.
        bytes: u64,
        /// How many files, directories and links.
        inodes: u64,
        /// What they may take.
        limits: MemoryLimits,
    },
}

#[derive(Serialize, Deserialize)]
struct Wire {
    next_inode: u64,
    preopens: Vec<(String, u64)>,
    open: Vec<(FileId, u64)>,
    inodes: Vec<WireInode>,
}

#[derive(Serialize, Deserialize)]
struct WireInode {
    number: u64,
    accessed_ns: u64,
    modified_ns: u64,
    changed_ns: u64,
    node: WireNode,
}

#[derive(Serialize, Deserialize)]
enum WireNode {
    File { size: u64, chunks: Vec<u64> },
    Directory(Vec<(String, u64)>),
    SymbolicLink(String),
}

impl MemoryFiles {
    /// The whole tree, with what is open.
    pub fn to_bytes(&self) -> Vec<u8> {
        let wire = Wire {
            next_inode: self.next_inode,
            preopens: self.preopens.clone(),
            open: self
                .open
                .iter()
                .map(|(&file, &number)| (file, number))
                .collect(),
            inodes: self.inodes.iter().map(WireInode::new).collect(),
        };
        let mut bytes = postcard::to_allocvec(&wire)
            .expect("the tree's types have an encoding, and a Vec grows");
        for inode in self.inodes.values() {
            if let Node::File(contents) = &inode.node {
                contents
                    .chunks()
                    .for_each(|(_, chunk)| bytes.extend_from_slice(chunk));
            }
        }
        bytes
    }

    /// The tree that [`Self::to_bytes`] has encoded. `clock` is as for [`Self::new`].
    ///
    /// # Errors
    ///
    /// [`FilesError`].
    pub fn from_bytes(
        bytes: &[u8],
        limits: MemoryLimits,
        clock: fn() -> u64,
    ) -> Result<Self, FilesError> {
        let (wire, contents): (Wire, _) =
            postcard::take_from_bytes(bytes).map_err(|_| FilesError::Malformed)?;
        wire.check_contents_length(contents.len() as u64)?;
        let mut files = Self {
            budget: Budget {
                limit: limits.bytes,
                used: 0,
            },
            max_inodes: limits.inodes,
            clock,
            inodes: wire.inodes(contents)?,
            next_inode: wire.next_inode,
            preopens: wire.preopens,
            open: BTreeMap::new(),
            changes: 0,
        };
        files.count_names()?;
        files.take_open(wire.open)?;
        files.check_preopens()?;
        files.check_tree()?;
        files.charge(limits)?;
        Ok(files)
    }

    /// The tree that an image has in its section [`SECTION`]; None if it has no files.
    ///
    /// # Errors
    ///
    /// [`FilesError`].
    pub fn of_image(
        image: &InstanceImage<'_>,
        limits: MemoryLimits,
        clock: fn() -> u64,
    ) -> Result<Option<Self>, FilesError> {
        match image.host_section(SECTION) {
            None => Ok(None),
            Some(section) if section.version == VERSION => {
                Self::from_bytes(&section.bytes, limits, clock).map(Some)
            }
            Some(section) => Err(FilesError::Version(section.version)),
        }
    }

    /// Counts the names of all inodes, and finds the parents of directories.
    fn count_names(&mut self) -> Result<(), FilesError> {
        let mut names = Vec::new();
        for (&directory, inode) in &self.inodes {
            if let Node::Directory(entries) = &inode.node {
                names.extend(entries.entries.values().map(|&number| (directory, number)));
            }
        }
        for (directory, number) in names {
            let missing = FilesError::NoSuchInode {
                directory,
                inode: number,
            };
            let inode = self.inodes.get_mut(&number).ok_or(missing)?;
            inode.links += 1;
            if let Node::Directory(child) = &mut inode.node {
                if inode.links > 1 {
                    return Err(FilesError::Tangled(number));
                }
                child.parent = directory;
            }
        }
        Ok(())
    }

    fn take_open(&mut self, open: Vec<(FileId, u64)>) -> Result<(), FilesError> {
        for (file, number) in open {
            let inode = self.inodes.get_mut(&number);
            let inode = inode.filter(|inode| !matches!(inode.node, Node::SymbolicLink(_)));
            inode.ok_or(FilesError::Open(number))?.opens += 1;
            if self.open.insert(file, number).is_some() || self.open.len() > MAX_OPEN {
                return Err(FilesError::Open(number));
            }
        }
        Ok(())
    }

    fn check_preopens(&self) -> Result<(), FilesError> {
        for (index, (name, number)) in self.preopens.iter().enumerate() {
            let is_directory = self.inodes.get(number).is_some_and(Inode::is_directory);
            let is_first = self.names().position(|other| other == name) == Some(index);
            if !is_directory || !is_first {
                return Err(FilesError::Preopen(name.clone()));
            }
        }
        Ok(())
    }

    /// Checks that all is in the tree, or is kept by being open or given to the program.
    fn check_tree(&self) -> Result<(), FilesError> {
        let mut reachable = 0;
        let mut pending = Vec::from([ROOT]);
        while let Some(number) = pending.pop() {
            reachable += 1;
            let directory = self.directory(number).map_err(|_| FilesError::NoRoot)?;
            let children = directory.entries.values().copied();
            pending.extend(children.filter(|&child| self.inode(child).is_directory()));
        }
        let mut with_names = 0;
        for (&number, inode) in &self.inodes {
            with_names += u64::from(inode.is_directory() && inode.links > 0);
            if inode.links > 0 {
                continue;
            }
            let is_given = self.preopens.iter().any(|(_, given)| *given == number);
            let has_entries =
                matches!(&inode.node, Node::Directory(directory) if !directory.entries.is_empty());
            if (inode.opens == 0 && !is_given) || has_entries {
                return Err(FilesError::Unreachable(number));
            }
        }
        // Each directory has one name, so those that nothing leads to are within themselves.
        match reachable == with_names {
            true => Ok(()),
            false => Err(FilesError::Tangled(ROOT)),
        }
    }

    /// Counts all that there is towards the limits.
    fn charge(&mut self, limits: MemoryLimits) -> Result<(), FilesError> {
        let mut bytes: u64 = 0;
        for (&number, inode) in &self.inodes {
            // The outermost directory comes with the tree.
            bytes += if number == ROOT { 0 } else { inode.cost() };
            if let Node::Directory(directory) = &inode.node {
                bytes += directory
                    .entries
                    .keys()
                    .map(|name| name_cost(name))
                    .sum::<u64>();
            }
        }
        let inodes = self.inodes.len() as u64;
        if bytes > limits.bytes || inodes > limits.inodes {
            return Err(FilesError::TooLarge {
                bytes,
                inodes,
                limits,
            });
        }
        self.budget.used = bytes;
        Ok(())
    }
}

impl HostPart for MemoryFiles {
    fn name(&self) -> &str {
        SECTION
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn save(&mut self) -> Result<Vec<u8>, HostError> {
        Ok(self.to_bytes())
    }

    fn restore(&mut self, version: u32, bytes: &[u8]) -> Result<(), HostError> {
        if version != VERSION {
            return Err(UnsupportedVersion.into());
        }
        let limits = MemoryLimits {
            bytes: self.budget.limit,
            inodes: self.max_inodes,
        };
        *self = Self::from_bytes(bytes, limits, self.clock).map_err(HostError::new)?;
        Ok(())
    }
}

impl WireInode {
    fn new((&number, inode): (&u64, &Inode)) -> Self {
        Self {
            number,
            accessed_ns: inode.accessed_ns,
            modified_ns: inode.modified_ns,
            changed_ns: inode.changed_ns,
            node: match &inode.node {
                Node::File(contents) => WireNode::File {
                    size: contents.size(),
                    chunks: contents.chunks().map(|(number, _)| number).collect(),
                },
                Node::Directory(directory) => {
                    let entries = directory.entries.iter();
                    let entries = entries.map(|(name, &number)| (name.clone(), number));
                    WireNode::Directory(entries.collect())
                }
                Node::SymbolicLink(target) => WireNode::SymbolicLink(target.clone()),
            },
        }
    }
}

impl Wire {
    fn check_contents_length(&self, found: u64) -> Result<(), FilesError> {
        let chunks = self.inodes.iter().map(|inode| match &inode.node {
            WireNode::File { chunks, .. } => chunks.len() as u64,
            _ => 0,
        });
        let expected = chunks.sum::<u64>() * CHUNK as u64;
        match expected == found {
            true => Ok(()),
            false => Err(FilesError::ContentsLength { expected, found }),
        }
    }

    /// The inodes, each checked by itself, with no names counted yet.
    fn inodes(&self, contents: &[u8]) -> Result<BTreeMap<u64, Inode>, FilesError> {
        let mut inodes = BTreeMap::new();
        let mut chunks = contents.chunks_exact(CHUNK);
        let mut last = 0;
        for wire in &self.inodes {
            let number = wire.number;
            if number <= last || number >= self.next_inode {
                return Err(FilesError::Order(number));
            }
            last = number;
            let node = match &wire.node {
                WireNode::File {
                    size,
                    chunks: numbers,
                } => Node::File(
                    file(*size, numbers, &mut chunks).ok_or(FilesError::Contents(number))?,
                ),
                WireNode::Directory(entries) => {
                    Node::Directory(directory(entries).ok_or(FilesError::Name(number))?)
                }
                WireNode::SymbolicLink(target) => {
                    let is_path = (1..=MAX_PATH).contains(&target.len()) && !target.contains('\0');
                    Node::SymbolicLink(match is_path {
                        true => target.clone(),
                        false => return Err(FilesError::Target(number)),
                    })
                }
            };
            let inode = Inode {
                accessed_ns: wire.accessed_ns,
                modified_ns: wire.modified_ns,
                changed_ns: wire.changed_ns,
                ..Inode::new(node, u32::from(number == ROOT), 0)
            };
            inodes.insert(number, inode);
        }
        match inodes.get(&ROOT).is_some_and(Inode::is_directory) {
            true => Ok(inodes),
            false => Err(FilesError::NoRoot),
        }
    }
}

/// A file with these chunks; None if it cannot have them.
fn file<'a>(
    size: u64,
    numbers: &[u64],
    chunks: &mut impl Iterator<Item = &'a [u8]>,
) -> Option<Contents> {
    let is_ordered = numbers.is_sorted_by(|a, b| a < b);
    if size > MAX_FILE_SIZE || !is_ordered {
        return None;
    }
    let mut contents = Contents::of_size(size);
    let mut numbers = numbers.iter();
    numbers
        .all(|&number| contents.put_chunk(number, chunks.next().expect("they were counted")))
        .then_some(contents)
}

/// A directory with these entries; None if it cannot have them.
fn directory(entries: &[(String, u64)]) -> Option<Directory> {
    let is_ordered = entries.is_sorted_by(|(a, _), (b, _)| a < b);
    let are_names = entries.iter().all(|(name, _)| is_name(name));
    (is_ordered && are_names).then(|| Directory {
        parent: ROOT,
        entries: entries.iter().cloned().collect(),
    })
}

/// Whether something can have this name.
pub(super) fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME && !name.contains(['/', '\0'])
}

//! What can go wrong with a checkpoint disk: one enum per operation, and damage by place.

use super::{DeviceError, GuestId, Owner};
use core::fmt;

/// Why a disk could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The device has no flush, so nothing on it can be made durable.
    #[error("the device has no flush")]
    NoFlush,
    /// The device's block size is not a power of two from 512 to 65536.
    #[error("the device has blocks of {0} bytes")]
    BlockSize(usize),
    /// The device is too small for anything.
    #[error("the device has {size_bytes} bytes, at least {needed_bytes} are needed")]
    TooSmall {
        /// Size of the device.
        size_bytes: u64,
        /// Smallest size that would do.
        needed_bytes: u64,
    },
    /// There is not enough memory to keep account of the device's space.
    #[error("no memory to keep account of {units} units")]
    OutOfMemory {
        /// Units of the device.
        units: u64,
    },
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Why a device could not be opened as a checkpoint disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The device has no flush, so nothing on it can be made durable.
    #[error("the device has no flush")]
    NoFlush,
    /// The device's block size is not a power of two from 512 to 65536.
    #[error("the device has blocks of {0} bytes")]
    BlockSize(usize),
    /// The device has not even a header.
    #[error("too small for a checkpoint disk: there is not one block")]
    Empty,
    /// There is no header.
    #[error("not a checkpoint disk: the magic number is {found:02x?}")]
    Magic {
        /// The bytes in its place.
        found: [u8; 8],
    },
    /// Both headers are damaged.
    #[error("the disk's header is damaged, and so is its copy at the end")]
    Header,
    /// The format's version is unknown.
    #[error(
        "disk format version {found} is unknown; this engine reads version {supported}: make the disk anew, or use the engine that made it"
    )]
    Version {
        /// The disk's version.
        found: u32,
        /// The version that is read.
        supported: u32,
    },
    /// The disk's unit is not a multiple of the device's blocks.
    #[error(
        "the disk is laid out in units of {unit_bytes} bytes, the device has blocks of {block_size}"
    )]
    Unit {
        /// Bytes of a unit, as the header says.
        unit_bytes: u32,
        /// The device's block size.
        block_size: usize,
    },
    /// The disk was made for a larger device, or its header says nonsense.
    #[error(
        "the disk has {unit_count} units of {unit_bytes} bytes, the device {block_count} blocks of {block_size}"
    )]
    Size {
        /// Units of the disk, as the header says.
        unit_count: u64,
        /// Bytes of a unit.
        unit_bytes: u32,
        /// Blocks of the device.
        block_count: u64,
        /// Bytes of a block.
        block_size: usize,
    },
    /// The disk was made with a key, and none was given.
    #[error("the disk was made with a key, and can be opened with that key only")]
    KeyNeeded,
    /// A key was given, and the disk was made without one.
    #[error("the disk was made without a key, so nothing vouches for what is on it")]
    NotKeyed,
    /// The disk was made with another key, or forged.
    #[error("the disk was not made with this key")]
    WrongKey,
    /// No commit record is whole.
    #[error("no commit record is whole")]
    NoCommit,
    /// The newest commit is older than the embedder remembers.
    #[error("the disk is at commit {found}, and was at commit {expected} before: an old copy")]
    RolledBack {
        /// The disk's newest commit.
        found: u64,
        /// The least that was expected.
        expected: u64,
    },
    /// What lists the guests is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// What a disk consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A header: 0 the first, 1 the copy at the end.
    Header(u8),
    /// A commit record.
    Commit {
        /// Its unit.
        unit: u64,
    },
    /// The root.
    Root,
    /// The tree that finds guests by number.
    GuestTree,
    /// A guest's record.
    Guest {
        /// The guest.
        guest: GuestId,
    },
    /// A part of a guest's program.
    Program {
        /// The guest.
        guest: GuestId,
        /// `settings`, `module` or `files`.
        part: &'static str,
    },
    /// A guest's working set.
    WorkingSet {
        /// The guest.
        guest: GuestId,
    },
    /// A generation's record.
    Generation {
        /// The guest.
        guest: GuestId,
        /// The generation's number.
        generation: u64,
    },
    /// A generation's metadata.
    Metadata {
        /// The guest.
        guest: GuestId,
        /// The generation's number.
        generation: u64,
    },
    /// Pages of a generation that only a list of changes knows.
    Segment {
        /// The guest.
        guest: GuestId,
        /// The generation's number.
        generation: u64,
    },
    /// A part of a memory's page map.
    PageMap {
        /// The guest.
        guest: GuestId,
        /// The generation's number.
        generation: u64,
        /// The memory.
        memory: u32,
        /// The first page that it maps.
        first_page: u64,
    },
    /// A page of a memory.
    Page {
        /// The guest.
        guest: GuestId,
        /// The generation's number.
        generation: u64,
        /// The memory.
        memory: u32,
        /// The page.
        page: u64,
    },
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(0) => write!(f, "header"),
            Self::Header(_) => write!(f, "header's copy"),
            Self::Commit { unit } => write!(f, "commit record in unit {unit}"),
            Self::Root => write!(f, "root"),
            Self::GuestTree => write!(f, "guest tree"),
            Self::Guest { guest } => write!(f, "guest {guest}"),
            Self::Program { guest, part } => write!(f, "guest {guest}, {part}"),
            Self::WorkingSet { guest } => write!(f, "guest {guest}, working set"),
            Self::Generation { guest, generation } => {
                write!(f, "guest {guest}, checkpoint {generation}")
            }
            Self::Metadata { guest, generation } => {
                write!(f, "guest {guest}, checkpoint {generation}, metadata")
            }
            Self::Segment { guest, generation } => {
                write!(f, "guest {guest}, checkpoint {generation}, changes")
            }
            Self::PageMap {
                guest,
                generation,
                memory,
                first_page,
            } => write!(
                f,
                "guest {guest}, checkpoint {generation}, memory {memory}, page map from page {first_page}"
            ),
            Self::Page {
                guest,
                generation,
                memory,
                page,
            } => write!(
                f,
                "guest {guest}, checkpoint {generation}, memory {memory}, page {page}"
            ),
        }
    }
}

/// What is wrong with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its bytes are not those that were written.
    #[error("not what was written")]
    Tag,
    /// Its bytes do not mean anything.
    #[error("malformed")]
    Malformed,
    /// Its pages are compressed.
    #[error("compressed, which this build cannot read: it lacks the feature lz4")]
    Compressed,
    /// It is said to be where nothing can be.
    #[error("at unit {unit}, which is no place for it")]
    Place {
        /// The unit.
        unit: u64,
    },
    /// It shares its place with something else.
    #[error("at unit {unit}, where something else is")]
    Overlap {
        /// The unit.
        unit: u64,
    },
    /// The device cannot read it.
    #[error("unreadable: {0}")]
    Unreadable(DeviceError),
}

/// A part of the disk, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {fault}")]
pub struct Damage {
    /// What is damaged.
    pub part: Part,
    /// How.
    pub fault: Fault,
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is not enough memory to read it into.
    #[error("no memory for {len_bytes} bytes")]
    OutOfMemory {
        /// How long it is.
        len_bytes: u64,
    },
    /// A page is compressed.
    #[error("pages are compressed, which this build cannot read: it lacks the feature lz4")]
    Compressed,
    /// There is no such guest.
    #[error("there is no guest {0}")]
    NoGuest(GuestId),
    /// The guest has no such generation (any more).
    #[error("guest {guest} has no checkpoint {generation}")]
    NoGeneration {
        /// The guest.
        guest: GuestId,
        /// The generation's number.
        generation: u64,
    },
    /// The generation has no such page.
    #[error("there is no page {page} in memory {memory}")]
    NoPage {
        /// The memory.
        memory: u32,
        /// The page.
        page: u64,
    },
    /// It is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// The device failed in a way that may go away: the part may well be whole.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Why something could not be written. All generations until then are still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The disk is full; dropping generations makes room.
    #[error(
        "the disk is full: {needed_units} units are needed, {free_units} are free and {quarantined_units} more may still be written by the lease's former owner"
    )]
    Full {
        /// What did not fit.
        needed_units: u64,
        /// How much is free; what is scattered or reserved included.
        free_units: u64,
        /// How much is out of use until other machines are known to have stopped.
        quarantined_units: u64,
    },
    /// Another machine has the lease: this one must stop the guests that it runs from here.
    #[error("another machine has taken over")]
    Fenced,
    /// The lease has not been acquired.
    #[error("the disk is open for reading only: its lease has not been acquired")]
    NoLease,
    /// There is no such guest.
    #[error("there is no guest {0}")]
    NoGuest(GuestId),
    /// The guest has no such generation.
    #[error("guest {guest} has no checkpoint {generation}")]
    NoGeneration {
        /// The guest.
        guest: GuestId,
        /// The generation's number.
        generation: u64,
    },
    /// The generation is being read.
    #[error("checkpoint {generation} of guest {guest} is in use")]
    InUse {
        /// The guest.
        guest: GuestId,
        /// The generation's number.
        generation: u64,
    },
    /// There is a guest of this name.
    #[error("there is a guest of this name already")]
    NameTaken,
    /// A guest's name is empty, or longer than 255 bytes.
    #[error("a guest's name has 1 to 255 bytes")]
    Name,
    /// A memory is smaller than in the base.
    #[error("memory {memory} is smaller than in the base")]
    Shrunk {
        /// The memory.
        memory: u32,
    },
    /// A page is beyond the end of its memory.
    #[error("there is no page {page} in memory {memory}")]
    NoPage {
        /// The memory.
        memory: u32,
        /// The page.
        page: u64,
    },
    /// The number of something is at its limit.
    #[error("no more than {limit} {what}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The most that there can be.
        limit: u64,
    },
    /// Something that has to be read for it could not be.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The device failed before the commit: nothing has changed.
    #[error("before the commit: {0}")]
    Device(#[from] DeviceError),
    /// The device failed at the commit: after a loss of power it may turn out to have happened
    /// or not. The store has to be opened anew.
    #[error("at the commit: {0}")]
    Commit(DeviceError),
    /// The commit record was written, and is not there: the device lost it. The store has to be
    /// opened anew.
    #[error("the device lost the commit record")]
    CommitLost,
}

/// Why the lease could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Another machine has it.
    #[error("{owner} has the lease{}", until(*expires_ms))]
    Held {
        /// Who.
        owner: Owner,
        /// Until when, in milliseconds of the embedder's clock; None: until it is released.
        expires_ms: Option<u64>,
    },
    /// Other machines try to acquire it at the same moment.
    #[error("other machines try to acquire the lease at the same moment")]
    Contended,
    /// The numbers of leases are used up: the disk was tampered with.
    #[error("no lease number is left")]
    Exhausted,
    /// What the other machine has written cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The lease could not be written down.
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn until(expires_ms: Option<u64>) -> Until {
    Until(expires_ms)
}

struct Until(Option<u64>);

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(expires_ms) => write!(f, " until {expires_ms} ms"),
            None => Ok(()),
        }
    }
}

impl From<DeviceError> for LeaseError {
    fn from(error: DeviceError) -> Self {
        Self::Open(error.into())
    }
}

impl From<ReadError> for LeaseError {
    fn from(error: ReadError) -> Self {
        Self::Open(error.into())
    }
}

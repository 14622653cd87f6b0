//! Generations of guests, durable on a raw block device.
//!
//! A checkpoint disk holds any number of guests: each a program, and generations of its state.
//! A generation is a metadata blob and the pages of some memories. It is written on the base of
//! an older one, and then takes the room and the time of what changed.
//!
//! Nothing that a generation needs is ever overwritten: whatever is new goes to free space, is
//! flushed, and then one sector is written that names the new root. Every parent holds its
//! children's tags, everything but page data and metadata blobs is stored twice, and whatever is
//! found wrong is named.
//!
//! * [`BlockDevice`]: what an embedder implements. Devices without a flush are refused.
//! * [`format()`] makes a disk; [`CheckpointStore`] uses one.
//! * [`CheckpointStore::acquire`]: the lease. Only its owner writes, whoever else tries.
//! * [`PendingGeneration`]: a generation being written, step by step.
//! * [`Generation`]: one to be read, page by page.
//!
//! ```text
//! header   commit records      guest tree       generations      page map
//! (unit 0) (two per lease)     by guest number  of a guest       of a memory
//!             |                                                    leaf -> pages
//!             +--> root --> [inner] --> guest --> generation --> [inner] --> leaf -> pages
//!                                         |            +--> segments (what changed since) -> pages
//!                                         +--> program +--> metadata
//! ```
//!
//! This module sees pages and bytes only: what they mean is for [`crate::image`] to say.
//! The format is in `docs/disk-format.md`.

mod blob;
mod blocks;
mod check;
mod commit;
mod device;
mod error;
mod fold;
mod format;
mod guests;
mod leaf;
mod lease;
mod map;
mod mark;
mod nodes;
mod open;
mod pack;
mod place;
mod read;
mod slots;
mod space;
mod store;
mod tag;
mod tree;
mod write;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use check::{CheckReport, Finding};
pub use device::{BlockDevice, DeviceError, RETRIES, ReadRequest, WriteRequest};
pub use error::{Damage, Fault, FormatError, LeaseError, OpenError, Part, ReadError, WriteError};
pub use format::{FormatOptions, format, is_checkpoint_disk};
pub use guests::{GenerationInfo, GuestInfo};
pub use lease::{Lease, Owner};
pub use open::OpenOptions;
pub use read::Generation;
pub use store::{CheckpointStore, Compression, Usage};
pub use tag::Key;
pub use write::{MemoryPages, PendingGeneration};

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Bytes of a page of a memory.
pub const PAGE: usize = 4096;

/// A program whose checkpoints a disk can hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guest {
    /// Its name on the disk, which no other guest there has.
    pub name: String,
    /// The wasm module's bytes.
    pub module: Vec<u8>,
    /// Its arguments, the program's name first.
    pub args: Vec<Vec<u8>>,
    /// Its environment, each variable as `NAME=VALUE`.
    pub envs: Vec<Vec<u8>>,
    /// Its files: a tar archive, or nothing.
    pub files: Vec<u8>,
}

/// Number of a guest on its disk. A number is not used again while a generation or a record
/// of its guest may still be about.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct GuestId(pub u32);

impl fmt::Display for GuestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Pages of a memory, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageRange {
    /// Which of the generation's memories.
    pub memory: u32,
    /// Index of the first page.
    pub first: u64,
    /// How many pages.
    pub count: u64,
}

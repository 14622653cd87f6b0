//! Tags: what tells bytes that were written from those that were not.
//!
//! Without a key, tags are checksums (XXH3-64: scalar code runs at several bytes a cycle, and
//! kernel code has no SSE). With one, they are keyed BLAKE3: nobody without the key can make
//! bytes and a tag that match. Parents hold their children's tags, and the commit record, whose
//! own tag is 32 bytes long, that of the root; so one sector vouches for the whole disk.
//!
//! Tags below the root have 8 bytes, because every page costs one in the page map: a forger
//! without the key succeeds with a chance of 2^-64 per attempt, and each attempt has to be loaded.

use core::fmt;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

/// The secret of a keyed disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// The key that 64 hexadecimal digits stand for; None if they are none.
    pub fn from_hex(digits: &str) -> Option<Self> {
        let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            for &digit in pair {
                *byte = *byte << 4 | char::from(digit).to_digit(16)? as u8;
            }
        }
        Some(Self(bytes))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A tag of something below the root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Tag(pub [u8; 8]);

/// Bytes of a seal.
pub(super) const SEAL_LEN: usize = 32;

/// What bytes are meant to be: the same bytes have another tag as something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page of a memory, as it is stored.
    Page = 1,
    /// The root.
    Root = 2,
    /// An inner node of a tree.
    Inner = 3,
    /// A guest's record.
    Guest = 4,
    /// A generation's record.
    Generation = 5,
    /// A leaf of a page map.
    Leaf = 6,
    /// A segment of a page map.
    Segment = 7,
    /// A blob: a part of a guest's program, a generation's metadata, or a working set.
    Blob = 8,
}

/// How a disk's tags are made.
#[derive(Clone, Debug)]
pub(super) enum Tagger {
    /// As checksums.
    Checksum,
    /// With a key.
    Keyed(Key),
}

impl Tagger {
    pub fn new(key: Option<Key>) -> Self {
        key.map_or(Self::Checksum, Self::Keyed)
    }

    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Checksum => None,
            Self::Keyed(key) => Some(*key),
        }
    }

    pub fn is_keyed(&self) -> bool {
        matches!(self, Self::Keyed(_))
    }

    /// The tag of these bytes.
    pub fn tag(&self, kind: Kind, bytes: &[u8]) -> Tag {
        match self {
            Self::Checksum => Tag(xxh3_64_with_seed(bytes, kind as u64).to_le_bytes()),
            Self::Keyed(key) => {
                let mut hasher = blake3::Hasher::new_keyed(&key.0);
                // The kind comes last, lest it displace a page's bytes in the hash's blocks.
                hasher.update(bytes).update(&[kind as u8]);
                let hash = hasher.finalize();
                Tag(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
            }
        }
    }

    /// Whether bytes are those that this tag was made of. A fuzzer gets past it, as if it could forge
    /// tags.
    pub fn is_right(&self, kind: Kind, bytes: &[u8], tag: Tag) -> bool {
        cfg!(fuzzing) || self.tag(kind, bytes) == tag
    }

    /// The seal of a record that has no parent.
    pub fn seal(&self, bytes: &[u8]) -> [u8; SEAL_LEN] {
        match self {
            Self::Checksum => {
                let mut seal = [0; SEAL_LEN];
                seal[..16].copy_from_slice(&xxh3_128(bytes).to_le_bytes());
                seal
            }
            Self::Keyed(key) => *blake3::keyed_hash(&key.0, bytes).as_bytes(),
        }
    }
}

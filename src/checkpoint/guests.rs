//! The records of the directory: root, guests, generations.

use super::blob::Blob;
use super::map::{Delta, MemoryMap};
use super::nodes::NodeRef;
use super::tree::Tree;
use super::{GuestId, PageRange};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most guests of a disk.
pub(super) const MAX_GUESTS: u64 = 128 * 128;

/// Most generations of a guest, so that its record fits a node.
pub(super) const MAX_GENERATIONS: usize = 1024;

/// Longest name of a guest in bytes.
pub(super) const MAX_NAME: usize = 255;

/// The root of a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RootRecord {
    /// References to the guests' records, by number.
    pub guests: Tree,
}

/// A guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GuestRecord {
    pub id: u32,
    pub name: String,
    /// Arguments and environment.
    pub settings: Blob,
    pub module: Blob,
    pub files: Blob,
    /// The number that the next generation gets.
    pub next_number: u64,
    /// How often the guest went on from another generation than its newest.
    pub line: u32,
    pub exit_status: Option<i32>,
    /// [`PageRange`]s: what was touched first after the last thaw.
    pub working_set: Option<Blob>,
    /// Ascending.
    pub generations: Vec<GenerationSummary>,
}

/// What a guest's record says of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GenerationSummary {
    pub number: u64,
    /// The generation it was written on the base of; 0: none.
    pub base: u64,
    /// The guest's line when it was written: generations of one line descend from one another.
    pub line: u32,
    pub time_ms: u64,
    pub written_bytes: u64,
    pub record: NodeRef,
}

/// A generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GenerationRecord {
    pub guest: u32,
    pub number: u64,
    pub metadata: Blob,
    pub memories: Vec<MemoryMap>,
    /// Lists of pages that are not in the trees yet, oldest first.
    pub segments: Vec<NodeRef>,
    /// The same, for the newest and few.
    pub recent: Vec<Delta>,
}

/// Arguments and environment, as they are stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    pub args: Vec<Vec<u8>>,
    pub envs: Vec<Vec<u8>>,
}

/// A working set, as it is stored.
pub(super) type WorkingSet = Vec<PageRange>;

impl GuestRecord {
    pub fn guest_id(&self) -> GuestId {
        GuestId(self.id)
    }

    pub fn generation(&self, number: u64) -> Option<&GenerationSummary> {
        self.generations
            .iter()
            .find(|generation| generation.number == number)
    }

    /// Whether all generations there are descend from the oldest of them, each from the one before.
    pub fn is_one_line(&self) -> bool {
        let mut lines = self.generations.iter().map(|generation| generation.line);
        let first = lines.next();
        lines.all(|line| Some(line) == first)
    }

    /// Whether numbers ascend, and all is within limits.
    pub fn is_sound(&self) -> bool {
        let numbers = self.generations.iter().map(|generation| generation.number);
        (1..=MAX_NAME).contains(&self.name.len())
            && self.generations.len() <= MAX_GENERATIONS
            && numbers
                .clone()
                .zip(numbers.clone().skip(1))
                .all(|(a, b)| a < b)
            && self.next_number > 0
            && numbers
                .clone()
                .all(|number| number > 0 && number < self.next_number)
    }

    pub fn info(&self) -> GuestInfo {
        GuestInfo {
            id: self.guest_id(),
            name: self.name.clone(),
            module_bytes: self.module.len_bytes,
            files_bytes: self.files.len_bytes,
            exit_status: self.exit_status,
            generations: self
                .generations
                .iter()
                .map(GenerationSummary::info)
                .collect(),
        }
    }
}

impl GenerationSummary {
    fn info(&self) -> GenerationInfo {
        GenerationInfo {
            number: self.number,
            base: (self.base > 0).then_some(self.base),
            time_ms: self.time_ms,
            written_bytes: self.written_bytes,
        }
    }
}

/// A guest of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestInfo {
    /// Its number.
    pub id: GuestId,
    /// Its name.
    pub name: String,
    /// Length of its module.
    pub module_bytes: u64,
    /// Length of its files' archive.
    pub files_bytes: u64,
    /// The exit status that was recorded for it.
    pub exit_status: Option<i32>,
    /// Its generations, oldest first.
    pub generations: Vec<GenerationInfo>,
}

/// A generation of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationInfo {
    /// Its number: a guest's generations are numbered from 1.
    pub number: u64,
    /// The generation on the base of which it was written; None: it shares nothing.
    pub base: Option<u64>,
    /// When, in milliseconds of the embedder's clock.
    pub time_ms: u64,
    /// How many bytes were written for it, metadata and page map included.
    pub written_bytes: u64,
}

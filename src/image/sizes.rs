//! Where the bytes of an image go.

use super::encode::record;
use super::wire::{CHECKSUM_LEN, HEADER_LEN};
use super::{IMAGE_PAGE, InstanceImage};
use alloc::vec::Vec;
use postcard::ser_flavors::Size;
use postcard::serialize_with_flavor;
use serde::Serialize;

/// Sizes in bytes of an image's parts. Together they are the image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageSizes {
    /// The list of modules.
    pub modules: u64,
    /// The instances: which entities of the store are theirs.
    pub instances: u64,
    /// The functions of the store.
    pub functions: u64,
    /// The tables with their elements.
    pub tables: u64,
    /// The types and sizes of memories, and which of their pages are there.
    pub memories: u64,
    /// The globals.
    pub globals: u64,
    /// The frames with their locals and operands.
    pub frames: u64,
    /// The embedder's own state.
    pub host: u64,
    /// The contents of each memory.
    pub pages: Vec<u64>,
    /// Header, checksum, and zeros that align the pages.
    pub overhead: u64,
}

impl ImageSizes {
    /// The size of the image.
    pub fn total(&self) -> u64 {
        self.metadata() + self.pages.iter().sum::<u64>() + self.overhead
    }

    fn metadata(&self) -> u64 {
        let store = self.functions + self.tables + self.memories + self.globals;
        self.modules + self.instances + store + self.frames + self.host
    }
}

impl InstanceImage<'_> {
    /// Where the bytes of the image go.
    ///
    /// # Panics
    ///
    /// As for [`Self::encode`].
    pub fn sizes(&self) -> ImageSizes {
        let records: Vec<_> = self.memories.iter().map(record).collect();
        let pages = records.iter().map(|memory| {
            let runs = memory.runs.iter();
            runs.map(|run| run.len_bytes() as u64).sum()
        });
        let mut sizes = ImageSizes {
            modules: encoded_len(&self.modules),
            instances: encoded_len(&self.instances),
            functions: encoded_len(&self.functions),
            tables: encoded_len(&self.tables),
            memories: encoded_len(&records),
            globals: encoded_len(&self.globals),
            frames: encoded_len(&self.execution_state),
            host: encoded_len(&self.host),
            pages: pages.collect(),
            overhead: 0,
        };
        let start = HEADER_LEN as u64 + sizes.metadata();
        let padding = start.next_multiple_of(IMAGE_PAGE as u64) - start;
        sizes.overhead = (HEADER_LEN + CHECKSUM_LEN) as u64 + padding;
        sizes
    }
}

/// Bytes of a field of the metadata, whose fields follow one another without anything between.
fn encoded_len(field: &impl Serialize) -> u64 {
    let len = serialize_with_flavor::<_, Size, usize>(field, Size::default());
    len.expect("all of these types can be serialized") as u64
}

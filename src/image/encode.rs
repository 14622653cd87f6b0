//! Image to bytes. Memory contents go from the running store's memory to the
//! sink in one copy; only the structured part is built up first.

use super::wire::{CHECKSUM_LEN, HEADER_LEN, Header, MemoryRecord, MetadataRef};
use super::{IMAGE_PAGE, InstanceImage, MemoryContents, MemoryState};
use crate::limits::WASM_PAGE;
use alloc::vec::Vec;
use core::convert::Infallible;
use crc32fast::Hasher;

/// Most bytes that are written at once: few enough to be in the processor's cache still
/// when they are summed up. Copying comes first, for it is what streams memory best.
const BLOCK: usize = 64 << 10;

/// Where an image is written to, front to back.
pub trait ImageSink {
    /// Why a write failed.
    type Error;

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// The sink's own.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

impl ImageSink for Vec<u8> {
    type Error = Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// An image ready to be written: its length is known, its memories are still in place.
pub struct EncodedImage<'i> {
    header: Header,
    metadata: Vec<u8>,
    memories: Vec<MemoryRecord>,
    contents: Vec<&'i MemoryContents<'i>>,
}

impl<'a> InstanceImage<'a> {
    /// Finds the pages to write and encodes everything else.
    ///
    /// # Panics
    ///
    /// Panics if the contents of a memory are not as long as its size says, or
    /// [`MemoryContents::Elsewhere`].
    pub fn encode<'i>(&'i self) -> EncodedImage<'i>
    where
        'a: 'i,
    {
        let memories: Vec<MemoryRecord> = self.memories.iter().map(record).collect();
        let metadata = self.encode_metadata(&memories);
        let runs = memories.iter().flat_map(|memory| &memory.runs);
        let mut header = Header {
            total_len: 0,
            metadata_len: metadata.len() as u64,
            page_count: runs.map(|run| u64::from(run.count)).sum(),
        };
        header.total_len = header
            .implied_len()
            .expect("what fits in memory has a length");
        EncodedImage {
            header,
            metadata,
            memories,
            contents: self.memories.iter().map(|m| &m.contents).collect(),
        }
    }

    /// Encodes everything but pages.
    pub(super) fn encode_metadata(&self, memories: &[MemoryRecord]) -> Vec<u8> {
        postcard::to_allocvec(&MetadataRef {
            modules: &self.modules,
            instances: &self.instances,
            functions: &self.functions,
            tables: &self.tables,
            memories,
            globals: &self.globals,
            execution_state: &self.execution_state,
            host: &self.host,
        })
        .expect("all of these types can be serialized")
    }

    /// The image's bytes.
    ///
    /// # Panics
    ///
    /// As for [`Self::encode`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoded = self.encode();
        let mut bytes = Vec::with_capacity(encoded.len_bytes() as usize);
        let Ok(()) = encoded.write_to(&mut bytes);
        bytes
    }

    /// Writes the image's bytes to a sink.
    ///
    /// # Errors
    ///
    /// The sink's.
    ///
    /// # Panics
    ///
    /// As for [`Self::encode`].
    pub fn write_to<S: ImageSink>(&self, sink: &mut S) -> Result<(), S::Error> {
        self.encode().write_to(sink)
    }
}

impl EncodedImage<'_> {
    /// How many bytes [`Self::write_to`] writes.
    pub fn len_bytes(&self) -> u64 {
        self.header.total_len
    }

    /// Writes the image's bytes to a sink.
    ///
    /// # Errors
    ///
    /// The sink's.
    pub fn write_to<S: ImageSink>(&self, sink: &mut S) -> Result<(), S::Error> {
        let mut sink = Checksummed {
            sink,
            hasher: Hasher::new(),
            written: 0,
        };
        sink.write(&self.header.to_bytes())?;
        sink.write(&self.metadata)?;
        let unaligned = HEADER_LEN + self.metadata.len();
        sink.write(&[0; IMAGE_PAGE][..unaligned.next_multiple_of(IMAGE_PAGE) - unaligned])?;
        for (memory, contents) in self.memories.iter().zip(&self.contents) {
            for (_, bytes) in contents.chunks_of(&memory.runs) {
                sink.write(bytes)?;
            }
        }
        assert_eq!(sink.written + CHECKSUM_LEN as u64, self.header.total_len);
        let checksum = sink.hasher.finalize();
        sink.sink.write(&checksum.to_le_bytes())
    }
}

/// Counts and sums up what goes to a sink.
struct Checksummed<'s, S> {
    sink: &'s mut S,
    hasher: Hasher,
    written: u64,
}

impl<S: ImageSink> Checksummed<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), S::Error> {
        for block in bytes.chunks(BLOCK) {
            self.sink.write(block)?;
            self.hasher.update(block);
        }
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// The structured part of a memory.
pub(super) fn record(memory: &MemoryState<'_>) -> MemoryRecord {
    if let MemoryContents::Linear(bytes) | MemoryContents::Sparse { bytes, .. } = memory.contents {
        assert_eq!(bytes.len() as u64, memory.size_pages * WASM_PAGE);
    }
    let is_here = !matches!(memory.contents, MemoryContents::Elsewhere);
    assert!(is_here, "the contents of a memory are missing");
    MemoryRecord {
        ty: memory.ty,
        size_pages: memory.size_pages,
        runs: memory.contents.page_runs(),
    }
}

//! Whole images to generations of a checkpoint disk, and back.
//!
//! A generation's metadata is that of the image ([`InstanceImage::metadata_bytes`]), and its pages
//! are those of the image's memories, memory by memory under their store addresses.

use super::{IMAGE_PAGE, ImageError, InstanceImage, MemoryContents, PageRun, RawImage};
use crate::checkpoint::{
    BlockDevice, CheckpointStore, Generation, GuestId, MemoryPages, PAGE, ReadError, WriteError,
};
use alloc::vec::Vec;

const _: () = assert!(IMAGE_PAGE == PAGE);

/// Most bytes that are written or read at once: enough for several large requests, and few
/// enough for somebody who watches to see it go on.
const BATCH: usize = 4 << 20;

/// Why a generation is not an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenerationError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its metadata are not those of an image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Its memories are not those that its metadata speak of.
    #[error("the generation's memories are not as many or as large as its metadata say")]
    Memories,
}

impl InstanceImage<'_> {
    /// Writes the image as a new generation of a guest, which shares nothing with others, and
    /// returns its number. Of the guest's older generations the newest `keep - 1` stay.
    /// `on_progress` learns how many bytes of memory have been written.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the guest's generations are as they were.
    pub fn write_generation<D: BlockDevice>(
        &self,
        disk: &mut CheckpointStore<D>,
        guest: GuestId,
        time_ms: u64,
        keep: usize,
        on_progress: &mut dyn FnMut(u64),
    ) -> Result<u64, WriteError> {
        let mut pending = disk.begin(guest, None, &self.page_counts(), time_ms)?;
        let mut done = 0;
        for (memory, state) in (0..).zip(&self.memories) {
            for (address, bytes) in state.contents.chunks() {
                let first = address / PAGE as u64;
                for (first, bytes) in (first..).step_by(BATCH / PAGE).zip(bytes.chunks(BATCH)) {
                    let pages = MemoryPages {
                        memory,
                        first,
                        bytes,
                    };
                    disk.write_pages(&mut pending, &[pages])?;
                    done += bytes.len() as u64;
                    on_progress(done);
                }
            }
        }
        disk.commit(pending, &self.metadata_bytes(), keep)
    }
}

/// A generation that has been read as a whole.
#[derive(Clone, Debug)]
pub struct StoredImage {
    metadata: RawImage<'static>,
    memories: Vec<StoredMemory>,
}

/// The contents of a memory.
#[derive(Clone, Debug, Default)]
struct StoredMemory {
    runs: Vec<PageRun>,
    data: Vec<u8>,
}

impl StoredImage {
    /// Reads a generation. `on_progress` learns how many bytes of memory of how many have been
    /// read.
    ///
    /// # Errors
    ///
    /// [`GenerationError`].
    pub fn read<D: BlockDevice>(
        disk: &mut CheckpointStore<D>,
        generation: &mut Generation,
        on_progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, GenerationError> {
        let metadata = RawImage::read_metadata_of(disk, generation)?;
        let mut memories = Vec::new();
        for memory in 0..metadata.unverified().memories.len() as u32 {
            let ranges = disk.page_ranges(generation, memory)?;
            let runs = ranges.iter().map(|range| PageRun {
                first: range.first as u32,
                count: range.count as u32,
            });
            memories.push(StoredMemory {
                runs: runs.collect(),
                data: Vec::new(),
            });
        }
        let total = memories.iter().map(StoredMemory::len_bytes).sum();
        let mut done = 0;
        for (memory, contents) in (0..).zip(&mut memories) {
            contents.read(disk, generation, memory, &mut |len| {
                done += len;
                on_progress(done, total);
            })?;
        }
        Ok(Self { metadata, memories })
    }

    /// The image, whose meaning has not been checked against any module yet.
    pub fn image(&self) -> RawImage<'_> {
        let mut image = self.metadata.unverified().clone();
        for (memory, contents) in image.memories.iter_mut().zip(&self.memories) {
            memory.contents = MemoryContents::Pages {
                runs: contents.runs.clone(),
                data: &contents.data,
            };
        }
        RawImage::new(image)
    }
}

impl RawImage<'static> {
    /// The image that a generation holds, with the contents of all memories
    /// [`MemoryContents::Elsewhere`]: in the generation, which has been checked to have memories
    /// of these sizes.
    ///
    /// # Errors
    ///
    /// [`GenerationError`].
    pub fn read_metadata_of<D: BlockDevice>(
        disk: &mut CheckpointStore<D>,
        generation: &Generation,
    ) -> Result<Self, GenerationError> {
        let image = Self::parse_metadata(&disk.read_metadata(generation)?)?;
        if image.unverified().page_counts() != generation.page_counts() {
            return Err(GenerationError::Memories);
        }
        Ok(image)
    }
}

impl StoredMemory {
    fn len_bytes(&self) -> u64 {
        self.runs.iter().map(|run| run.len_bytes() as u64).sum()
    }

    fn read<D: BlockDevice>(
        &mut self,
        disk: &mut CheckpointStore<D>,
        generation: &mut Generation,
        memory: u32,
        on_read: &mut dyn FnMut(u64),
    ) -> Result<(), ReadError> {
        let len_bytes = self.len_bytes();
        let no_memory = ReadError::OutOfMemory { len_bytes };
        let len = usize::try_from(len_bytes).map_err(|_| no_memory)?;
        self.data.try_reserve_exact(len).map_err(|_| no_memory)?;
        for run in &self.runs {
            let end = self.data.len() + run.len_bytes();
            let mut first = u64::from(run.first);
            while self.data.len() < end {
                let start = self.data.len();
                self.data.resize(end.min(start + BATCH), 0);
                let bytes = &mut self.data[start..];
                disk.read_pages(generation, memory, first, bytes)?;
                first += (bytes.len() / PAGE) as u64;
                on_read(bytes.len() as u64);
            }
        }
        Ok(())
    }
}

//! Where the pages of a whole image are, for a store that has them when it needs them.

use super::{
    IMAGE_PAGE, ImageError, InstanceImage, MemoryContents, MemoryState, PageRun, RawImage,
};
use alloc::vec::Vec;

/// The bytes of an image, and where in them each page of its memories is.
#[derive(Clone, Debug)]
pub struct ImagePages<B> {
    bytes: B,
    memories: Vec<Vec<StoredRun>>,
}

/// A run of pages, and where it is in the bytes.
#[derive(Clone, Copy, Debug)]
struct StoredRun {
    run: PageRun,
    offset: usize,
}

impl StoredRun {
    fn start(&self) -> u64 {
        self.run.address() as u64
    }

    fn end(&self) -> u64 {
        self.start() + self.run.len_bytes() as u64
    }
}

impl<B: AsRef<[u8]>> ImagePages<B> {
    /// Parses the bytes of an image, as [`RawImage::parse`] does. The image that is returned has the
    /// contents of all memories [elsewhere](MemoryContents::Elsewhere): in the pages.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn parse(bytes: B) -> Result<(RawImage<'static>, Self), ImageError> {
        let whole = RawImage::parse(bytes.as_ref())?;
        let image = whole.unverified();
        let start = bytes.as_ref().as_ptr().addr();
        let index = |memory: &MemoryState<'_>| {
            let runs = memory.contents.page_runs();
            let chunks = memory.contents.chunks_of(&runs);
            let offsets = chunks.map(|(_, chunk)| chunk.as_ptr().addr() - start);
            let stored = runs.iter().zip(offsets);
            stored
                .map(|(&run, offset)| StoredRun { run, offset })
                .collect()
        };
        let memories = image.memories.iter().map(index).collect();
        let metadata = RawImage::new(without_contents(image));
        Ok((metadata, Self { bytes, memories }))
    }

    /// Fills `buffer` with what a memory of the image holds from `address` on, zeros where it holds
    /// nothing.
    ///
    /// # Panics
    ///
    /// Panics if there is no such memory, or if address and buffer are not of whole pages.
    pub fn read(&self, memory: u32, address: u64, buffer: &mut [u8]) {
        assert!(buffer.len().is_multiple_of(IMAGE_PAGE), "part of a page");
        assert!(address.is_multiple_of(IMAGE_PAGE as u64), "part of a page");
        buffer.fill(0);
        let end = address + buffer.len() as u64;
        let runs = self.runs_from(memory, address).iter();
        for stored in runs.take_while(|run| run.start() < end) {
            let from = stored.start().max(address);
            let to = stored.end().min(end);
            let source = stored.offset + (from - stored.start()) as usize;
            let len = (to - from) as usize;
            buffer[(from - address) as usize..][..len]
                .copy_from_slice(&self.bytes.as_ref()[source..source + len]);
        }
    }

    /// How many of the `size` bytes of a memory from `address` on the image has nothing of, from the
    /// first on: they are zeros.
    ///
    /// # Panics
    ///
    /// Panics if there is no such memory.
    pub fn zeros(&self, memory: u32, address: u64, size: u64) -> u64 {
        let next = self.runs_from(memory, address).first();
        next.map_or(size, |run| run.start().saturating_sub(address).min(size))
    }

    /// The runs of a memory that do not end in front of an address.
    fn runs_from(&self, memory: u32, address: u64) -> &[StoredRun] {
        let runs = &self.memories[memory as usize];
        &runs[runs.partition_point(|run| run.end() <= address)..]
    }
}

fn without_contents(image: &InstanceImage<'_>) -> InstanceImage<'static> {
    let memory = |memory: &MemoryState<'_>| MemoryState {
        ty: memory.ty,
        size_pages: memory.size_pages,
        contents: MemoryContents::Elsewhere,
    };
    InstanceImage {
        modules: image.modules.clone(),
        instances: image.instances.clone(),
        functions: image.functions.clone(),
        tables: image.tables.clone(),
        memories: image.memories.iter().map(memory).collect(),
        globals: image.globals.clone(),
        execution_state: image.execution_state.clone(),
        host: image.host.clone(),
    }
}

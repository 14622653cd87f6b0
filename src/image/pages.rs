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
        let runs = &self.memories[memory as usize];
        let end = address + buffer.len() as u64;
        let start_of = |stored: &StoredRun| stored.run.address() as u64;
        let end_of = |stored: &StoredRun| start_of(stored) + stored.run.len_bytes() as u64;
        let first = runs.partition_point(|stored| end_of(stored) <= address);
        for stored in runs[first..].iter().take_while(|run| start_of(run) < end) {
            let from = start_of(stored).max(address);
            let to = end_of(stored).min(end);
            let source = stored.offset + (from - start_of(stored)) as usize;
            let len = (to - from) as usize;
            buffer[(from - address) as usize..][..len]
                .copy_from_slice(&self.bytes.as_ref()[source..source + len]);
        }
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

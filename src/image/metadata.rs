//! An image without its memories' contents, for whoever keeps these elsewhere.
//!
//! A checkpoint store holds memories page by page, with a map of its own that says where each page
//! is. What is left of an image is its metadata: a header of 16 bytes (magic, version, zeros) and
//! the same postcard `Metadata` as in a whole image, in which no memory has pages.

use super::decode::{assemble, read_metadata, split_version};
use super::wire::{METADATA_HEADER_LEN, METADATA_MAGIC, MemoryRecord, VERSION};
use super::{IMAGE_PAGE, ImageError, InstanceImage, MemoryContents, RawImage};
use crate::limits::WASM_PAGE;
use alloc::vec::Vec;

impl InstanceImage<'_> {
    /// The image's bytes without the contents of its memories.
    pub fn metadata_bytes(&self) -> Vec<u8> {
        let memories = self.memories.iter().map(|memory| MemoryRecord {
            ty: memory.ty,
            size_pages: memory.size_pages,
            runs: Vec::new(),
        });
        let mut bytes = Vec::from(METADATA_MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.resize(METADATA_HEADER_LEN, 0);
        bytes.extend(self.encode_metadata(&memories.collect::<Vec<_>>()));
        bytes
    }

    /// The length of each memory in pages of [`IMAGE_PAGE`] bytes.
    pub fn page_counts(&self) -> Vec<u64> {
        let memories = self.memories.iter();
        memories
            .map(|memory| memory.size_pages * (WASM_PAGE / IMAGE_PAGE as u64))
            .collect()
    }
}

impl RawImage<'static> {
    /// Reads what [`InstanceImage::metadata_bytes`] wrote. The contents of all memories are
    /// [`MemoryContents::Elsewhere`]. The bytes have no checksum of their own.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong and where.
    pub fn parse_metadata(bytes: &[u8]) -> Result<Self, ImageError> {
        let header = split_version::<METADATA_HEADER_LEN>(bytes, METADATA_MAGIC)?;
        if let Some(index) = header[12..].iter().position(|&byte| byte != 0) {
            return Err(ImageError::Reserved { offset: 12 + index });
        }
        let metadata = read_metadata(bytes, METADATA_HEADER_LEN)?;
        assemble(metadata, 0, |_| MemoryContents::Elsewhere).map(Self::new)
    }
}

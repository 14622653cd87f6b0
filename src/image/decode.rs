//! Bytes to image, as far as the bytes alone can tell.
//!
//! Nothing is allocated in proportion to a number that the bytes merely claim:
//! lists grow as their elements are read, and memory pages stay where they
//! are in the input.

use super::wire::{CHECKSUM_LEN, HEADER_LEN, Header, MAGIC, MemoryRecord, Metadata, VERSION};
use super::{
    HostSection, IMAGE_PAGE, ImageError, InstanceImage, MemoryContents, MemoryState, PageRun,
    ValidateError, ValidatedImage,
};
use crate::limits::{MAX_IMAGE_FRAMES, WASM_PAGE};
use crate::module::{Module, ModuleHash};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Bytes that are well-formed and undamaged, but whose meaning has not been
/// checked against any module yet.
#[derive(Clone, Debug)]
pub struct RawImage<'a> {
    image: InstanceImage<'a>,
}

impl<'a> RawImage<'a> {
    /// Checks magic, version, length and checksum, and decodes the rest.
    ///
    /// # Errors
    ///
    /// [`ImageError`] says what is wrong and where.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let header = read_header(bytes)?;
        verify_checksum(bytes)?;
        // The lengths are within the input now, so that they fit usize.
        let metadata_end = HEADER_LEN + header.metadata_len as usize;
        let pages_start = metadata_end.next_multiple_of(IMAGE_PAGE);
        let padding = &bytes[metadata_end..pages_start];
        if let Some(index) = padding.iter().position(|&byte| byte != 0) {
            let offset = metadata_end + index;
            return Err(ImageError::Reserved { offset });
        }
        let metadata = read_metadata(&bytes[..metadata_end], HEADER_LEN)?;
        let mut pages = &bytes[pages_start..bytes.len() - CHECKSUM_LEN];
        let page_count = (pages.len() / IMAGE_PAGE) as u64;
        let image = assemble(metadata, page_count, |runs| {
            let len = runs.iter().map(|run| run.len_bytes()).sum();
            let (data, rest) = pages.split_at(len);
            pages = rest;
            MemoryContents::Pages { runs, data }
        })?;
        Ok(Self { image })
    }

    pub(super) fn new(image: InstanceImage<'a>) -> Self {
        Self { image }
    }

    /// Whether `start` begins as images do, of whatever version.
    pub fn is_image(start: &[u8]) -> bool {
        start.starts_with(&MAGIC)
    }

    /// The length in bytes of the image that begins with `start`, as its header says, for whoever
    /// reads one and has not got it whole yet.
    ///
    /// # Errors
    ///
    /// [`ImageError::TooShort`], [`ImageError::Magic`] and [`ImageError::Version`].
    pub fn total_len(start: &[u8]) -> Result<u64, ImageError> {
        Ok(split_header(start)?.1.total_len)
    }

    /// The modules that the image needs.
    pub fn modules(&self) -> &[ModuleHash] {
        &self.image.modules
    }

    /// The image before any check of its meaning: to be looked at, not to be run.
    pub fn unverified(&self) -> &InstanceImage<'a> {
        &self.image
    }

    /// Checks the store against the modules it claims to run; see
    /// [`InstanceImage::validate`].
    ///
    /// # Errors
    ///
    /// [`ValidateError`] names the entity and the reason.
    pub fn validate(self, modules: &[&Module]) -> Result<ValidatedImage<'a>, ValidateError> {
        self.image.validate(modules)
    }
}

/// The header of this length, whose magic and version it checks.
pub(super) fn split_version<const LEN: usize>(
    bytes: &[u8],
    magic: [u8; 8],
) -> Result<&[u8; LEN], ImageError> {
    let Some(header) = bytes.first_chunk::<LEN>() else {
        return Err(ImageError::TooShort { len: bytes.len() });
    };
    let found: [u8; 8] = header[..8].try_into().expect("8 bytes");
    if found != magic {
        return Err(ImageError::Magic { found });
    }
    let found = u32_at(header, 8);
    if found != VERSION {
        return Err(ImageError::Version {
            found,
            supported: VERSION,
        });
    }
    Ok(header)
}

/// The bytes of the header, and what they say. Checks magic and version.
fn split_header(bytes: &[u8]) -> Result<(&[u8; HEADER_LEN], Header), ImageError> {
    let start = split_version::<HEADER_LEN>(bytes, MAGIC)?;
    let header = Header {
        total_len: u64_at(start, 16),
        metadata_len: u64_at(start, 24),
        page_count: u64_at(start, 32),
    };
    Ok((start, header))
}

/// Reads the header and checks its lengths against the input's.
fn read_header(bytes: &[u8]) -> Result<Header, ImageError> {
    let (start, header) = split_header(bytes)?;
    let found = bytes.len() as u64;
    if header.total_len != found {
        return Err(ImageError::Length {
            expected: header.total_len,
            found,
        });
    }
    if header.implied_len() != Some(header.total_len) {
        return Err(ImageError::Layout {
            metadata_len: header.metadata_len,
            page_count: header.page_count,
            total_len: header.total_len,
        });
    }
    match start[12..16].iter().position(|&byte| byte != 0) {
        Some(index) => Err(ImageError::Reserved { offset: 12 + index }),
        None => Ok(header),
    }
}

/// Compares the checksum at the end with that of the bytes before it.
fn verify_checksum(bytes: &[u8]) -> Result<(), ImageError> {
    let (body, stored) = bytes.split_at(bytes.len() - CHECKSUM_LEN);
    let found = u32_at(stored, 0);
    let computed = crc32fast::hash(body);
    if found == computed {
        Ok(())
    } else {
        Err(ImageError::Checksum { found, computed })
    }
}

/// Decodes the metadata, which begins at `start` and ends where `bytes` end.
pub(super) fn read_metadata(bytes: &[u8], start: usize) -> Result<Metadata, ImageError> {
    let mut deserializer = postcard::Deserializer::from_bytes(&bytes[start..]);
    let result = serde::Deserialize::deserialize(&mut deserializer);
    let rest = deserializer.finalize().map_or(0, <[u8]>::len);
    let offset = bytes.len() - rest;
    match result {
        Err(_) => Err(ImageError::Metadata { offset }),
        Ok(_) if rest != 0 => Err(ImageError::TrailingMetadata { offset }),
        Ok(metadata) => Ok(metadata),
    }
}

/// Checks what the metadata alone can tell, and that memories claim so many pages in all; then
/// `contents` gives every memory its share of them.
pub(super) fn assemble<'a>(
    metadata: Metadata,
    present: u64,
    mut contents: impl FnMut(Vec<PageRun>) -> MemoryContents<'a>,
) -> Result<InstanceImage<'a>, ImageError> {
    let frames = metadata.execution_state.as_ref();
    let found = frames.map_or(0, |state| state.frames.len());
    if found > MAX_IMAGE_FRAMES {
        return Err(ImageError::TooManyFrames {
            found,
            maximum: MAX_IMAGE_FRAMES,
        });
    }
    check_host(&metadata.host)?;
    let mut claimed: u64 = 0;
    for (memory, record) in metadata.memories.iter().enumerate() {
        claimed += check_memory(memory, record)?;
    }
    if claimed != present {
        return Err(ImageError::PageCount { claimed, present });
    }
    let memories = metadata.memories.into_iter().map(|record| MemoryState {
        ty: record.ty,
        size_pages: record.size_pages,
        contents: contents(record.runs),
    });
    Ok(InstanceImage {
        memories: memories.collect::<Vec<_>>(),
        modules: metadata.modules,
        instances: metadata.instances,
        functions: metadata.functions,
        tables: metadata.tables,
        globals: metadata.globals,
        execution_state: metadata.execution_state,
        host: metadata.host,
    })
}

/// Checks that no two sections have one name.
fn check_host(sections: &[HostSection]) -> Result<(), ImageError> {
    let mut seen = BTreeSet::new();
    let mut names = sections.iter().map(|section| section.name.as_str());
    match names.position(|name| !seen.insert(name)) {
        None => Ok(()),
        Some(section) => Err(ImageError::DuplicateHostSection { section }),
    }
}

/// Checks size and runs of a memory; returns how many pages it claims.
fn check_memory(memory: usize, record: &MemoryRecord) -> Result<u64, ImageError> {
    let size_pages = record.size_pages;
    if size_pages > record.ty.address.max_pages() {
        return Err(ImageError::MemorySize { memory, size_pages });
    }
    let end = size_pages * (WASM_PAGE / IMAGE_PAGE as u64);
    let (mut next, mut claimed) = (0, 0);
    for (index, run) in record.runs.iter().enumerate() {
        if run.count == 0 || u64::from(run.first) < next || run.end() > end {
            return Err(ImageError::PageRun {
                memory,
                run: index,
                first: run.first,
                count: run.count,
            });
        }
        next = run.end();
        claimed += u64::from(run.count);
    }
    Ok(claimed)
}

/// The little-endian u32 at `offset` of a header whose length is known.
fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes[offset..][..4].try_into().expect("4 bytes"))
}

/// The little-endian u64 at `offset` of a header whose length is known.
fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..][..8].try_into().expect("8 bytes"))
}

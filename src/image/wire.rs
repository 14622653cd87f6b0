//! The byte layout of an image: header, structured part, pages, checksum.
//!
//! ```text
//! 0        header, 40 bytes (little-endian)
//! 40       metadata: a postcard `Metadata`
//! ...      zero bytes up to the next multiple of 4096
//! ...      memory pages of 4096 bytes
//! len - 4  CRC-32 of everything before it
//! ```

use super::{
    FunctionState, GlobalState, HostSection, IMAGE_PAGE, InstanceState, PageRun, TableState,
};
use crate::frame::ExecutionStateImage;
use crate::module::{MemoryType, ModuleHash};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The first bytes of every image. The high bit and line ends of both kinds
/// show at once when a file went through a text conversion.
pub(super) const MAGIC: [u8; 8] = *b"\x89WFIMG\r\n";

/// The format's version; raised by every incompatible change.
pub(super) const VERSION: u32 = 4;

/// The first bytes of metadata that stand alone.
pub(super) const METADATA_MAGIC: [u8; 8] = *b"\x89WFMET\r\n";

/// Bytes of the header of metadata that stand alone: magic, version, zeros.
pub(super) const METADATA_HEADER_LEN: usize = 16;

/// Bytes of the header.
pub(super) const HEADER_LEN: usize = 40;

/// Bytes of the checksum at the end.
pub(super) const CHECKSUM_LEN: usize = 4;

/// The header after magic and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Length of the whole image in bytes.
    pub total_len: u64,
    /// Length of the metadata in bytes.
    pub metadata_len: u64,
    /// How many pages of [`IMAGE_PAGE`] bytes follow the metadata.
    pub page_count: u64,
}

impl Header {
    /// Offset of the first page.
    pub fn pages_offset(&self) -> Option<u64> {
        (HEADER_LEN as u64)
            .checked_add(self.metadata_len)?
            .checked_next_multiple_of(IMAGE_PAGE as u64)
    }

    /// The total length that the other two fields imply.
    pub fn implied_len(&self) -> Option<u64> {
        let pages = self.page_count.checked_mul(IMAGE_PAGE as u64)?;
        self.pages_offset()?
            .checked_add(pages)?
            .checked_add(CHECKSUM_LEN as u64)
    }

    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        // 12..16: reserved, zero.
        bytes[16..24].copy_from_slice(&self.total_len.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.metadata_len.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.page_count.to_le_bytes());
        bytes
    }
}

/// The structured part, as it is read.
#[derive(Deserialize)]
pub(super) struct Metadata {
    pub modules: Vec<ModuleHash>,
    pub instances: Vec<InstanceState>,
    pub functions: Vec<FunctionState>,
    pub tables: Vec<TableState>,
    pub memories: Vec<MemoryRecord>,
    pub globals: Vec<GlobalState>,
    pub execution_state: Option<ExecutionStateImage>,
    pub host: Vec<HostSection>,
}

/// The structured part, as it is written: the fields of [`Metadata`], borrowed.
#[derive(Serialize)]
pub(super) struct MetadataRef<'a> {
    pub modules: &'a [ModuleHash],
    pub instances: &'a [InstanceState],
    pub functions: &'a [FunctionState],
    pub tables: &'a [TableState],
    pub memories: &'a [MemoryRecord],
    pub globals: &'a [GlobalState],
    pub execution_state: &'a Option<ExecutionStateImage>,
    pub host: &'a [HostSection],
}

/// A memory in the structured part: its pages are elsewhere.
#[derive(Serialize, Deserialize)]
pub(super) struct MemoryRecord {
    pub ty: MemoryType,
    pub size_pages: u64,
    /// Which pages are present; their bytes follow those of the memories before.
    pub runs: Vec<PageRun>,
}

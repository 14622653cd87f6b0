//! Tar archives of files: POSIX's (pax), with nothing in them that the files do not have.
//!
//! The same files in the same order are the same bytes. Times are to the nanosecond; owners
//! and permissions, which files have none of here, are root's and the usual ones.

use super::MemoryFiles;
use super::archive::NS_PER_SECOND;
use super::contents::CHUNK;
use super::tree::Node;
use super::walk::EntryContents;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use tar_core::{EntryBuilder, EntryType, HeaderError, PAX_MTIME, SparseEntry};

/// Bytes of a tar archive's blocks.
const BLOCK: usize = 512;

/// The latest time that a header can say by itself.
const MAX_SECONDS: u64 = 0o77_777_777_777;

/// Files of which less is missing, because it is zero, are written whole: not all that reads
/// archives knows sparse files.
const LEAST_HOLES: u64 = 1 << 20;

/// A tar archive that is being written.
#[derive(Debug, Default)]
pub struct ArchiveWriter {
    bytes: Vec<u8>,
}

/// Something cannot be in a tar archive.
#[derive(Debug, thiserror::Error)]
#[error("{path:?} cannot be in a tar archive: {source}")]
pub struct PackError {
    /// Its path.
    pub path: String,
    /// Why.
    pub source: HeaderError,
}

impl ArchiveWriter {
    /// An archive with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something. Paths are relative, directories come before what is in them, and the
    /// target of a hard link before the link. `contents` are those of a file, else empty;
    /// `modified_ns` is since 1970-01-01 UTC.
    ///
    /// # Errors
    ///
    /// [`PackError`]; nothing has been added then.
    pub fn add(
        &mut self,
        path: &str,
        what: &EntryContents,
        modified_ns: u64,
        contents: &[u8],
    ) -> Result<(), PackError> {
        let size = contents.len() as u64;
        self.add_header(path, header(path, what, modified_ns, size))?;
        self.bytes.extend_from_slice(contents);
        self.pad();
        Ok(())
    }

    fn add_header(
        &mut self,
        path: &str,
        header: Result<EntryBuilder, HeaderError>,
    ) -> Result<(), PackError> {
        let mut header = header.map_err(|source| PackError {
            path: path.into(),
            source,
        })?;
        self.bytes.extend(header.finish_bytes());
        Ok(())
    }

    fn pad(&mut self) {
        let len = self.bytes.len().next_multiple_of(BLOCK);
        self.bytes.resize(len, 0);
    }

    /// The whole archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend([0; 2 * BLOCK]);
        self.bytes
    }
}

impl MemoryFiles {
    /// All that has a name, as a tar archive, which [`Self::unpack`] makes the same files of.
    /// Files with large holes are sparse in it, so it is not much larger than what the files hold.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn pack(&self) -> Result<Vec<u8>, PackError> {
        let mut archive = ArchiveWriter::new();
        for entry in self.entries() {
            let (size, mut pieces) = match entry.contents {
                EntryContents::File => (entry.stat.size, self.pieces(entry.stat.inode)),
                _ => (0, Vec::new()),
            };
            let mut stored = pieces.iter().map(|piece| piece.length).sum();
            let is_sparse = size - stored >= LEAST_HOLES;
            if !is_sparse {
                stored = size;
                pieces = Vec::from([whole(size)]);
            }
            let modified_ns = entry.stat.modified_ns;
            let mut header = header(&entry.path, &entry.contents, modified_ns, stored);
            if let Ok(header) = &mut header
                && is_sparse
            {
                header.sparse(&pieces, size);
            }
            archive.add_header(&entry.path, header)?;
            for piece in pieces {
                let start = archive.bytes.len();
                archive.bytes.resize(start + piece.length as usize, 0);
                self.read(entry.stat.inode, piece.offset, &mut archive.bytes[start..]);
            }
            archive.pad();
        }
        Ok(archive.finish())
    }

    /// Where a file has something else than zeros, and its end.
    fn pieces(&self, inode: u64) -> Vec<SparseEntry> {
        let Node::File(contents) = &self.inode(inode).node else {
            return Vec::new();
        };
        let size = contents.size();
        let mut pieces: Vec<SparseEntry> = Vec::new();
        for (number, _) in contents.chunks() {
            let offset = number * CHUNK as u64;
            let length = (size - offset).min(CHUNK as u64);
            match pieces.last_mut() {
                Some(last) if last.offset + last.length == offset => last.length += length,
                _ => pieces.push(SparseEntry { offset, length }),
            }
        }
        // GNU's tar takes the size from the last piece.
        pieces.push(SparseEntry {
            offset: size,
            length: 0,
        });
        pieces
    }
}

fn whole(size: u64) -> SparseEntry {
    SparseEntry {
        offset: 0,
        length: size,
    }
}

fn header(
    path: &str,
    what: &EntryContents,
    modified_ns: u64,
    size: u64,
) -> Result<EntryBuilder, HeaderError> {
    let mut builder = EntryBuilder::new_ustar();
    let (kind, mode) = match what {
        EntryContents::File => (EntryType::Regular, 0o644),
        EntryContents::HardLink(_) => (EntryType::Link, 0o644),
        EntryContents::Directory => (EntryType::Directory, 0o755),
        EntryContents::SymbolicLink(_) => (EntryType::Symlink, 0o777),
    };
    match what {
        EntryContents::Directory => builder.path(format!("{path}/")),
        _ => builder.path(path),
    };
    if let EntryContents::HardLink(target) | EntryContents::SymbolicLink(target) = what {
        builder.link_name(target);
    }
    builder
        .entry_type(kind)
        .mode(mode)?
        .uid(0)?
        .gid(0)?
        .size(size)?;
    let (seconds, fraction_ns) = (modified_ns / NS_PER_SECOND, modified_ns % NS_PER_SECOND);
    builder.mtime(seconds.min(MAX_SECONDS))?;
    if fraction_ns > 0 || seconds > MAX_SECONDS {
        builder.add_pax(PAX_MTIME, format!("{seconds}.{fraction_ns:09}"));
    }
    Ok(builder)
}

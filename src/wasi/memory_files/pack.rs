//! Tar archives of files: POSIX's (pax), with nothing in them that the files do not have.
//!
//! The same files in the same order are the same bytes. Times are to the nanosecond; owners
//! and permissions, which files have none of here, are root's and the usual ones.

use super::MemoryFiles;
use super::archive::NS_PER_SECOND;
use super::walk::EntryContents;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use tar_core::{EntryBuilder, EntryType, HeaderError, PAX_MTIME};

/// Bytes of a tar archive's blocks.
const BLOCK: usize = 512;

/// The latest time that a header can say by itself.
const MAX_SECONDS: u64 = 0o77_777_777_777;

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
        let header = header(path, what, modified_ns, contents.len() as u64);
        let header = header.map_err(|source| PackError {
            path: path.into(),
            source,
        })?;
        self.bytes.extend(header);
        self.bytes.extend_from_slice(contents);
        let len = self.bytes.len().next_multiple_of(BLOCK);
        self.bytes.resize(len, 0);
        Ok(())
    }

    /// The whole archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend([0; 2 * BLOCK]);
        self.bytes
    }
}

impl MemoryFiles {
    /// All that has a name, as a tar archive, which [`Self::unpack`] makes the same files of.
    ///
    /// # Errors
    ///
    /// [`PackError`].
    pub fn pack(&self) -> Result<Vec<u8>, PackError> {
        let mut archive = ArchiveWriter::new();
        for entry in self.entries() {
            let size = match entry.contents {
                EntryContents::File => entry.stat.size as usize,
                _ => 0,
            };
            let mut contents = vec![0; size];
            self.read(entry.stat.inode, 0, &mut contents);
            let modified_ns = entry.stat.modified_ns;
            archive.add(&entry.path, &entry.contents, modified_ns, &contents)?;
        }
        Ok(archive.finish())
    }
}

fn header(
    path: &str,
    what: &EntryContents,
    modified_ns: u64,
    size: u64,
) -> Result<Vec<u8>, HeaderError> {
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
    Ok(builder.finish_bytes())
}

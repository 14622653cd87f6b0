//! Directories of Linux as tar archives: the same files are the same bytes, whoever has them
//! and in whatever order Linux lists them.

use crate::directories::time_ns;
use crate::error::Failure;
use std::collections::HashMap;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use woodfrog::wasi::memory_files::{ArchiveWriter, EntryContents};

/// An archive of all that is in a directory: files, directories and symbolic links, which are
/// not followed, sorted by name, with the times when they were last changed. Files with
/// several names in it are hard links.
///
/// # Errors
///
/// [`Failure`] names what cannot be read or be in an archive for a program.
pub fn of_directory(root: &Path) -> Result<Vec<u8>, Failure> {
    let mut archive = Archive {
        root,
        writer: ArchiveWriter::new(),
        names: HashMap::new(),
    };
    archive.add_entries("")?;
    Ok(archive.writer.finish())
}

struct Archive<'r> {
    root: &'r Path,
    writer: ArchiveWriter,
    /// The first name of each file that has several, by device and inode.
    names: HashMap<(u64, u64), String>,
}

impl Archive<'_> {
    /// Adds what is in a directory. Paths are relative to the root, which is the empty one.
    fn add_entries(&mut self, directory: &str) -> Result<(), Failure> {
        let path = self.root.join(directory);
        let entries = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.map_err(|source| Failure::read(&path, source))?;
        let names = entries.into_iter().map(|entry| {
            let name = entry.file_name().into_string();
            name.map_err(|_| not_for_programs(entry.path(), "its name is not UTF-8"))
        });
        let mut names = names.collect::<Result<Vec<_>, _>>()?;
        names.sort_unstable();
        for name in names {
            match directory {
                "" => self.add(&name)?,
                directory => self.add(&format!("{directory}/{name}"))?,
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str) -> Result<(), Failure> {
        let source = self.root.join(path);
        let unreadable = |error| Failure::read(&source, error);
        let metadata = fs::symlink_metadata(&source).map_err(unreadable)?;
        let what = self.contents(path, &source, &metadata)?;
        let bytes = match what {
            EntryContents::File => fs::read(&source).map_err(unreadable)?,
            _ => Vec::new(),
        };
        let modified_ns = time_ns(metadata.mtime(), metadata.mtime_nsec());
        let added = self.writer.add(path, &what, modified_ns, &bytes);
        added.map_err(|error| not_for_programs(source, &error.source.to_string()))?;
        match what {
            EntryContents::Directory => self.add_entries(path),
            _ => Ok(()),
        }
    }

    fn contents(
        &mut self,
        path: &str,
        source: &Path,
        metadata: &Metadata,
    ) -> Result<EntryContents, Failure> {
        let kind = metadata.file_type();
        if kind.is_dir() {
            return Ok(EntryContents::Directory);
        }
        if kind.is_symlink() {
            let target = fs::read_link(source).map_err(|error| Failure::read(source, error))?;
            let target = target.into_os_string().into_string();
            let not_utf8 = |_| not_for_programs(source, "what it leads to is not UTF-8");
            return target.map(EntryContents::SymbolicLink).map_err(not_utf8);
        }
        if !kind.is_file() {
            return Err(not_for_programs(source, kind_name(kind)));
        }
        if metadata.nlink() > 1 {
            let identity = (metadata.dev(), metadata.ino());
            if let Some(first) = self.names.get(&identity) {
                return Ok(EntryContents::HardLink(first.clone()));
            }
            self.names.insert(identity, path.to_owned());
        }
        Ok(EntryContents::File)
    }
}

fn not_for_programs(path: impl Into<PathBuf>, reason: &str) -> Failure {
    Failure::NotForPrograms {
        path: path.into(),
        reason: reason.to_owned(),
    }
}

fn kind_name(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        kind if kind.is_fifo() => "it is a named pipe",
        kind if kind.is_socket() => "it is a socket",
        _ => "it is a device",
    }
}

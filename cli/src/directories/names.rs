//! Names of what is open.

use super::Preopen;
use cap_std::fs::{Dir, Metadata, MetadataExt};
use std::path::{Path, PathBuf};
use woodfrog::wasi::Place;

/// Most entries that are looked at to find a name.
const MAX_LOOKED_AT: usize = 1 << 20;

/// Whether a path in a directory leads to this very file; a symbolic link is none.
pub(super) fn leads_to(dir: &Dir, path: &Path, file: &Metadata) -> bool {
    let found = match path.as_os_str().is_empty() {
        true => dir.dir_metadata(),
        false => dir.symlink_metadata(path),
    };
    found.is_ok_and(|found| is_same(&found, file))
}

/// Another name than the one that a file was opened by, which it has lost: looks through all
/// directories, because Linux does not tell.
pub(super) fn other_name(preopens: &[Preopen], file: &Metadata) -> Option<Place> {
    let mut looked_at = 0;
    for preopen in preopens {
        let mut rest = vec![PathBuf::new()];
        while let Some(path) = rest.pop() {
            let entries = match path.as_os_str().is_empty() {
                true => preopen.dir.entries(),
                false => preopen.dir.read_dir(&path),
            };
            for entry in entries.into_iter().flatten().flatten() {
                looked_at += 1;
                if looked_at > MAX_LOOKED_AT {
                    return None;
                }
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                let path = path.join(entry.file_name());
                if is_same(&metadata, file) {
                    return Some(Place {
                        preopen: preopen.guest.clone(),
                        path: path.to_str()?.to_owned(),
                    });
                }
                if metadata.is_dir() {
                    rest.push(path);
                }
            }
        }
    }
    None
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

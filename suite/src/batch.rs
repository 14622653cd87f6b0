//! Scripts on a disk, for whoever has no files.
//!
//! ```text
//! offset  size
//!      0     8  magic
//!      8     8  length of the entries in bytes, little endian
//!     16        entries, one after the other, in postcard's encoding
//! ```

use crate::script::Script;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a batch begins with.
const MAGIC: [u8; 8] = *b"WFSUITE1";

/// Bytes before the entries.
pub const HEADER_LEN: usize = 16;

/// A script and how it is to be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Features of WebAssembly that modules may use, as `WasmFeatures` reads them.
    pub features: String,
    /// Whether calls are to be frozen.
    pub is_frozen: bool,
    /// What random numbers follow from.
    pub seed: u64,
    /// The script.
    pub script: Script,
}

/// Why bytes are no batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// They do not begin as one.
    #[error("no batch of scripts")]
    Header,
    /// An entry cannot be read.
    #[error("bad entry in a batch of scripts: {0}")]
    Entry(#[from] postcard::Error),
}

/// Writes a batch.
///
/// # Errors
///
/// [`BatchError::Entry`].
pub fn write(entries: &[Entry]) -> Result<Vec<u8>, BatchError> {
    let mut bytes = Vec::from(MAGIC);
    bytes.extend([0; HEADER_LEN - MAGIC.len()]);
    for entry in entries {
        bytes = postcard::to_extend(entry, bytes)?;
    }
    let len = (bytes.len() - HEADER_LEN) as u64;
    bytes[MAGIC.len()..HEADER_LEN].copy_from_slice(&len.to_le_bytes());
    Ok(bytes)
}

/// How many bytes of entries follow a header.
///
/// # Errors
///
/// [`BatchError::Header`].
pub fn entries_len(header: &[u8; HEADER_LEN]) -> Result<u64, BatchError> {
    let (magic, len) = header.split_at(MAGIC.len());
    match len.try_into() {
        Ok(len) if magic == MAGIC => Ok(u64::from_le_bytes(len)),
        _ => Err(BatchError::Header),
    }
}

/// Reads the entry that `bytes` begin with, and returns what is left.
///
/// # Errors
///
/// [`BatchError::Entry`].
pub fn take_entry(bytes: &[u8]) -> Result<(Entry, &[u8]), BatchError> {
    Ok(postcard::take_from_bytes(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;
    use crate::script::{Action, Command, Directive, Expected, Source};
    use alloc::borrow::ToOwned;
    use woodfrog::abi::Val;

    fn entry(line: u32) -> Entry {
        let action = Action::Invoke {
            instance: None,
            name: "f".to_owned(),
            args: Vec::from([Val::V128(u128::MAX), Val::F32(0x7fa0_0000)]),
        };
        let directives = [
            Directive::Module {
                name: Some("m".to_owned()),
                module: Source::Binary(Vec::from(*b"\0asm")),
            },
            Directive::Assert {
                action,
                expected: Expected::Return(Vec::from([Pattern::Null(None)])),
            },
        ];
        let commands = directives.map(|directive| Command { line, directive });
        Entry {
            features: "v1".to_owned(),
            is_frozen: line == 1,
            seed: 3,
            script: Script {
                commands: commands.into(),
            },
        }
    }

    #[test]
    fn a_batch_reads_back_as_it_was_written() {
        let entries = [entry(1), entry(2)];
        let bytes = write(&entries).expect("a batch");
        let (header, mut rest) = bytes.split_first_chunk().expect("a header");
        assert_eq!(entries_len(header), Ok(rest.len() as u64));
        for expected in entries {
            let (found, after) = take_entry(rest).expect("an entry");
            assert_eq!(found, expected);
            rest = after;
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        assert_eq!(entries_len(&[0; HEADER_LEN]), Err(BatchError::Header));
        assert!(matches!(take_entry(&[9, 9]), Err(BatchError::Entry(_))));
    }
}

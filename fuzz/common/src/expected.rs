//! The file of expected results: what the oracle made of the programs of the first seeds.
//!
//! ```text
//! "woodfrog seeds 1\n"     magic and version of this format
//! per seed, from 0 on:     u32  fingerprint of the program   (little-endian)
//!                          u64  digest of its transcript
//! ```

use crate::program::Program;
use crate::transcript::Transcript;

const MAGIC: &[u8] = b"woodfrog seeds 1\n";
const ENTRY: usize = 12;

/// How many seeds have results.
pub const SEEDS: u64 = 3200;

/// What is expected of one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// [`Program::fingerprint`].
    pub program: u32,
    /// [`Transcript::digest`].
    pub transcript: u64,
}

impl Expected {
    /// What a run amounts to.
    pub fn of(program: &Program, transcript: &Transcript) -> Self {
        Self {
            program: program.fingerprint(),
            transcript: transcript.digest(),
        }
    }
}

/// Results as the contents of a file.
pub fn to_bytes(all: &[Expected]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for expected in all {
        bytes.extend(expected.program.to_le_bytes());
        bytes.extend(expected.transcript.to_le_bytes());
    }
    bytes
}

/// The results in a file; None if it is not such a file.
pub fn from_bytes(bytes: &[u8]) -> Option<Vec<Expected>> {
    let entries = bytes.strip_prefix(MAGIC)?.chunks_exact(ENTRY);
    let entry = |entry: &[u8]| {
        let (program, transcript) = entry.split_at(4);
        Some(Expected {
            program: u32::from_le_bytes(program.try_into().ok()?),
            transcript: u64::from_le_bytes(transcript.try_into().ok()?),
        })
    };
    entries.map(entry).collect()
}

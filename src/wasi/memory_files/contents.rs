//! A file's bytes, in chunks of one size by their position. Chunks that are not there are
//! zero, so that a file can be large and hold little, and grow without being moved.

use super::{Budget, Errno, MAX_FILE_SIZE};
use crate::platform::is_zero;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;

/// Bytes of a chunk.
pub(super) const CHUNK: usize = 4096;

const CHUNK_U64: u64 = CHUNK as u64;

/// The bytes of a file. Behind its end all that there is in the last chunk is zero.
#[derive(Debug, Default)]
pub(super) struct Contents {
    size: u64,
    chunks: BTreeMap<u64, Box<[u8]>>,
}

impl Contents {
    /// Zeros.
    pub fn of_size(size: u64) -> Self {
        Self {
            size,
            chunks: BTreeMap::new(),
        }
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of the budget that it takes.
    pub fn cost(&self) -> u64 {
        self.chunks.len() as u64 * CHUNK_U64
    }

    /// The chunks that are not all zero, by their number.
    pub fn chunks(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let chunks = self.chunks.iter();
        let chunks = chunks.map(|(&number, chunk)| (number, &chunk[..]));
        chunks.filter(|(_, chunk)| !is_zero(chunk))
    }

    /// Puts a chunk of a file that is being read from an image; false if it does not lie in the
    /// file, or has something behind its end.
    pub fn put_chunk(&mut self, number: u64, bytes: &[u8]) -> bool {
        let start = number.checked_mul(CHUNK_U64);
        let Some(start) = start.filter(|&start| start < self.size) else {
            return false;
        };
        let len = (self.size - start).min(CHUNK_U64) as usize;
        self.chunks.insert(number, bytes.into());
        is_zero(&bytes[len..])
    }

    /// Reads from `offset` and returns how many bytes; 0 at the end.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let rest = self.size.saturating_sub(offset);
        let len = usize::try_from(rest)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        for (number, start, piece) in pieces(offset, &mut buffer[..len]) {
            match self.chunks.get(&number) {
                Some(chunk) => piece.copy_from_slice(&chunk[start..start + piece.len()]),
                None => piece.fill(0),
            }
        }
        len
    }

    /// Writes at `offset` and returns how many bytes there was room for.
    pub fn write_at(
        &mut self,
        budget: &mut Budget,
        offset: u64,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        let end = offset.checked_add(bytes.len() as u64);
        if end.is_none_or(|end| end > MAX_FILE_SIZE) {
            return Err(Errno::FileTooLarge);
        }
        let mut written = 0;
        while written < bytes.len() {
            let position = offset + written as u64;
            let start = (position % CHUNK_U64) as usize;
            let len = (CHUNK - start).min(bytes.len() - written);
            let piece = &bytes[written..written + len];
            match self.chunk_mut(budget, position / CHUNK_U64, is_zero(piece)) {
                Ok(Some(chunk)) => chunk[start..start + len].copy_from_slice(piece),
                Ok(None) => {}
                Err(_) if written > 0 => break,
                Err(error) => return Err(error),
            }
            written += len;
        }
        self.size = self.size.max(offset + written as u64);
        Ok(written)
    }

    /// A chunk to be written to; None if it is not there and is to be zero anyway.
    fn chunk_mut(
        &mut self,
        budget: &mut Budget,
        number: u64,
        is_zero: bool,
    ) -> Result<Option<&mut [u8]>, Errno> {
        match self.chunks.entry(number) {
            Entry::Occupied(chunk) => Ok(Some(chunk.into_mut())),
            Entry::Vacant(_) if is_zero => Ok(None),
            Entry::Vacant(place) => {
                let mut chunk = Vec::new();
                let reserved = chunk.try_reserve_exact(CHUNK);
                reserved.map_err(|_| Errno::NoSpace)?;
                budget.take(CHUNK_U64)?;
                chunk.resize(CHUNK, 0);
                Ok(Some(place.insert(chunk.into_boxed_slice())))
            }
        }
    }

    /// Cuts the file, or lengthens it with zeros.
    pub fn set_size(&mut self, budget: &mut Budget, size: u64) {
        if size < self.size {
            let cut = self.chunks.split_off(&size.div_ceil(CHUNK_U64));
            budget.give_back(cut.len() as u64 * CHUNK_U64);
            if let Some(chunk) = self.chunks.get_mut(&(size / CHUNK_U64)) {
                chunk[(size % CHUNK_U64) as usize..].fill(0);
            }
        }
        self.size = size;
    }

    /// Bytes of the budget that it would take to write all from `offset` to `end`.
    pub fn cost_of_filling(&self, offset: u64, end: u64) -> u64 {
        let numbers = offset / CHUNK_U64..end.div_ceil(CHUNK_U64);
        let there = self.chunks.range(numbers.clone()).count() as u64;
        (numbers.end - numbers.start - there).saturating_mul(CHUNK_U64)
    }
}

/// Divides a buffer for the bytes from `offset` up into chunks: each chunk's number, the
/// position in it, and the piece.
fn pieces(mut offset: u64, mut buffer: &mut [u8]) -> impl Iterator<Item = (u64, usize, &mut [u8])> {
    core::iter::from_fn(move || {
        if buffer.is_empty() {
            return None;
        }
        let (number, start) = (offset / CHUNK_U64, (offset % CHUNK_U64) as usize);
        let len = (CHUNK - start).min(buffer.len());
        let (piece, rest) = core::mem::take(&mut buffer).split_at_mut(len);
        buffer = rest;
        offset += len as u64;
        Some((number, start, piece))
    })
}

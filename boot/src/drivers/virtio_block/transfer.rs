//! Blocks that are side by side on the device, and where in memory they come from or go to.

#![expect(
    unsafe_code,
    reason = "holds pointers to what a device reads and writes"
)]

use super::error::RequestError;
use super::limits::{Limits, SECTOR};
use crate::drivers::dma::{self, Room, Run};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ptr::NonNull;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    Write,
    Flush,
}

/// Bytes in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub start: NonNull<u8>,
    pub length: usize,
}

/// A row of blocks, of which some have not been asked for yet.
#[derive(Debug)]
pub(super) struct Transfer {
    pub operation: Operation,
    /// The group of requests that it belongs to.
    pub group: u64,
    /// The next sector to ask for, and the one behind the last.
    next: u64,
    end: u64,
    /// Where the rest comes from or goes to.
    pieces: VecDeque<Piece>,
}

// SAFETY: nothing about the pieces, of which `new` says more, depends on the processor.
unsafe impl Send for Transfer {}

/// A request to make.
#[derive(Debug)]
pub(super) struct Request {
    pub operation: Operation,
    pub group: u64,
    pub sector: u64,
    pub bytes: usize,
    /// Where the bytes are.
    pub runs: Vec<Run>,
}

impl Transfer {
    /// A transfer from or to `sector` on, of nothing yet.
    ///
    /// # Safety
    ///
    /// Until all its requests are done, its pieces are valid to read; and if it reads from the
    /// device, to write, and nobody else uses them.
    pub(super) unsafe fn new(operation: Operation, group: u64, sector: u64) -> Self {
        Self {
            operation,
            group,
            next: sector,
            end: sector,
            pieces: VecDeque::new(),
        }
    }

    /// Adds a piece for the blocks from `sector` on, if these are the next; else false.
    pub(super) fn append(&mut self, sector: u64, piece: Piece) -> bool {
        if sector != self.end {
            return false;
        }
        self.end += piece.length as u64 / SECTOR;
        self.pieces.push_back(piece);
        true
    }

    /// Whether there is nothing left to ask for.
    pub(super) fn is_over(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The next request, as large as the limits allow. Of a flush, the only one.
    pub(super) fn next_request(&mut self, limits: &Limits) -> Result<Request, RequestError> {
        let mut runs = self.next_runs(limits)?;
        let mut bytes: usize = runs.iter().map(|run| run.length).sum();
        // Whole blocks only: the last runs may end within one.
        let mut excess = bytes % limits.block;
        bytes -= excess;
        while let Some(last) = runs.last_mut().filter(|_| excess > 0) {
            let cut = excess.min(last.length);
            last.length -= cut;
            excess -= cut;
            if last.length == 0 {
                runs.pop();
            }
        }
        if bytes == 0 && self.operation != Operation::Flush {
            return Err(RequestError::TooScattered);
        }
        let sector = self.next;
        self.advance(bytes);
        Ok(Request {
            operation: self.operation,
            group: self.group,
            sector,
            bytes,
            runs,
        })
    }

    /// The runs that are next in memory, as many as the limits allow.
    fn next_runs(&self, limits: &Limits) -> Result<Vec<Run>, RequestError> {
        let mut runs = Vec::new();
        let mut room = Room {
            runs: limits.segments,
            run: limits.segment,
            bytes: limits.request,
        };
        let is_writer = self.operation == Operation::Read;
        for piece in &self.pieces {
            // SAFETY: the piece is valid as long as the transfer is not over (`new`).
            let used =
                unsafe { dma::append_runs(&mut runs, room, piece.start, piece.length, is_writer) };
            let used = used.ok_or(RequestError::NotMapped)?;
            room.bytes -= used;
            if used < piece.length {
                break;
            }
        }
        Ok(runs)
    }

    fn advance(&mut self, mut bytes: usize) {
        self.next += bytes as u64 / SECTOR;
        while bytes > 0 {
            let piece = self.pieces.front_mut().expect("runs are of pieces");
            let used = bytes.min(piece.length);
            bytes -= used;
            piece.length -= used;
            // SAFETY: within the piece, or just behind it.
            piece.start = unsafe { piece.start.add(used) };
            if piece.length == 0 {
                self.pieces.pop_front();
            }
        }
    }
}

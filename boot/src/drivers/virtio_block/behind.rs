//! Writes that go on while something else runs.
//!
//! Whoever writes pages on loan, which the disk can keep, need not wait for the device
//! ([`VirtioDisk::share`]): the write returns when it has begun, and the device reads the pages where
//! they are. How it went is known when it is waited for, at the latest by the next flush; whatever would
//! read or overwrite the same blocks waits first.

#![expect(unsafe_code, reason = "gives a device memory that it shares")]

use super::error::RequestError;
use super::transfer::Operation;
use super::{DeviceError, Transport, VirtioDisk, WriteRequest};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::ptr::NonNull;
use woodfrog::runtime::LentBatch;

/// What is written behind.
#[derive(Default)]
pub(super) struct Behind {
    /// What of is written to the disk without being waited for.
    shared: Option<Arc<LentBatch>>,
    writes: Vec<Write>,
    /// What went wrong first since somebody was told.
    error: Option<RequestError>,
}

/// A group of requests that nobody waits for.
struct Write {
    group: u64,
    blocks: Vec<Range<u64>>,
    /// What is written, on loan until the group is finished.
    pages: Arc<LentBatch>,
}

impl<T: Transport> VirtioDisk<T> {
    /// Shares pages on loan with the disk: from now on, a write of bytes that lie in them returns when it
    /// has begun, and the disk keeps them until it is done. None: no pages; what has begun
    /// goes on.
    pub fn share(&mut self, pages: Option<Arc<LentBatch>>) {
        self.behind.shared = pages;
    }

    /// How many batches of pages the disk keeps.
    pub fn kept_batches(&self) -> usize {
        let writes = &self.behind.writes;
        let is_same = |one: &Write, next: &Write| Arc::ptr_eq(&one.pages, &next.pages);
        writes.chunk_by(is_same).count()
    }

    /// Waits until everything that was begun is done. It is durable after a flush.
    ///
    /// # Errors
    ///
    /// [`DeviceError`], if any write failed since the last call or flush.
    pub fn finish_behind(&mut self) -> Result<(), DeviceError> {
        while !self.behind.writes.is_empty() {
            self.finish_oldest_behind();
        }
        self.take_behind_error()
    }

    /// Waits until what was begun first is done, if there is anything; how that went is told later.
    pub fn finish_oldest_behind(&mut self) {
        if let Some(write) = self.behind.writes.first() {
            self.wait_behind(write.group);
        }
    }

    /// The shared pages, if all of these bytes are of them.
    pub(super) fn shared_by(&self, requests: &[WriteRequest<'_>]) -> Option<Arc<LentBatch>> {
        let shared = self.behind.shared.as_ref()?;
        let runs = shared.runs().into_iter();
        let mut runs: Vec<_> = runs.map(|(.., bytes)| bytes.as_ptr_range()).collect();
        runs.sort_unstable_by_key(|run| run.start);
        let is_of_it = |request: &WriteRequest<'_>| {
            let data = request.data.as_ptr_range();
            let behind = runs.partition_point(|run| run.start <= data.start);
            behind > 0 && data.end <= runs[behind - 1].end
        };
        requests.iter().all(is_of_it).then(|| Arc::clone(shared))
    }

    /// Begins to write what lies in shared pages. After a failure there is nothing to begin, until
    /// somebody was told.
    pub(super) fn write_behind(
        &mut self,
        requests: &[WriteRequest<'_>],
        pages: Arc<LentBatch>,
    ) -> Result<(), DeviceError> {
        if let Some(error) = self.behind.error {
            return Err(error.into());
        }
        let pieces = requests.iter();
        let pieces = pieces.map(|request| (request.first, NonNull::from(request.data)));
        // SAFETY: the pages on loan, which stay where and as they are, are kept until the group is finished,
        // or the disk is dropped.
        let group = unsafe { self.begin(Operation::Write, pieces) };
        let blocks = requests
            .iter()
            .map(|request| self.blocks_of(request.first, request.data.len()));
        let blocks = blocks.collect();
        let write = Write {
            group,
            blocks,
            pages,
        };
        self.behind.writes.push(write);
        self.advance();
        Ok(())
    }

    /// Waits for writes to any of these blocks.
    pub(super) fn settle(&mut self, blocks: &Range<u64>) {
        let overlaps = |other: &Range<u64>| other.start < blocks.end && blocks.start < other.end;
        let is_in_the_way = |write: &&Write| write.blocks.iter().any(overlaps);
        while let Some(group) = self
            .behind
            .writes
            .iter()
            .find(is_in_the_way)
            .map(|write| write.group)
        {
            self.wait_behind(group);
        }
    }

    /// Forgets what is done.
    pub(super) fn reap(&mut self) {
        let mut index = 0;
        while let Some(write) = self.behind.writes.get(index) {
            let group = write.group;
            match self.entry(group).unfinished {
                0 => self.note_finished(group),
                _ => index += 1,
            }
        }
    }

    /// What went wrong first since it was last asked for.
    pub(super) fn take_behind_error(&mut self) -> Result<(), DeviceError> {
        let error = self.behind.error.take();
        error.map_or(Ok(()), |error| Err(error.into()))
    }

    fn wait_behind(&mut self, group: u64) {
        // What is finished is forgotten by whoever advances.
        while self.behind.writes.iter().any(|write| write.group == group) {
            self.advance();
            if self.groups.contains_key(&group) {
                self.idle();
            }
        }
    }

    fn note_finished(&mut self, group: u64) {
        let result = self.take_result(group);
        self.behind.writes.retain(|write| write.group != group);
        if let Err(error) = result {
            self.behind.error.get_or_insert(error);
        }
    }

    pub(super) fn blocks_of(&self, first: u64, length: usize) -> Range<u64> {
        first..first + (length / self.limits.block) as u64
    }
}

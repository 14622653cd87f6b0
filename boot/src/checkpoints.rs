//! Checkpoints of a running program, written out while it runs on.
//!
//! The program stops while a checkpoint is begun: what is not memory is copied, and a line is
//! drawn in its memory. From then on it has half of the processor, and all of it while the
//! device works, until the checkpoint is durable. The other half makes pages' tags. The device reads the
//! pages, as they were at the line, where they are: they are on loan to it, and if the program writes to
//! one meanwhile, it goes on with a copy.

use crate::arch::clock;
use crate::guest_disk::GuestDisk;
use crate::program::Failure;
use crate::runner::{Runner, Stop};
use crate::status;
use alloc::rc::Rc;
use core::cell::RefCell;
use woodfrog::checkpoint::{ReadError, WriteError};
use woodfrog::platform::tracking::TrackError;
use woodfrog::runtime::{CaptureError, CheckpointError, LiveCheckpoint};

/// Pages that are taken at once, for which the program stops.
const BATCH: usize = 64;
/// Batches that the device can have at a time.
const BATCHES: usize = 4;

/// What the program does while a checkpoint is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meantime {
    /// It runs on.
    Runs,
    /// It stops.
    Stops,
}

/// A checkpoint on the disk.
pub(crate) struct Written {
    pub(crate) number: u64,
    /// The disk's commit number with it.
    pub(crate) commit: u64,
    /// How long the program stopped for it to begin.
    pub(crate) pause_ns: u64,
    /// The longest stop after that.
    pub(crate) longest_stop_ns: u64,
    /// From when it was begun until it was durable.
    pub(crate) total_ns: u64,
    /// Pages that were due.
    pub(crate) pages: u64,
    /// How often the program waited for spare pages.
    pub(crate) shortages: u64,
    /// Bytes that were written, and those of them that were neither pages nor the page map.
    pub(crate) bytes: u64,
    pub(crate) metadata: u64,
}

/// Why a checkpoint was not written.
enum Lost {
    Write(WriteError),
    Track(TrackError),
    /// The program has ended.
    Ended,
}

impl From<WriteError> for Lost {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<TrackError> for Lost {
    fn from(error: TrackError) -> Self {
        Self::Track(error)
    }
}

/// Writes checkpoints of a program to its disk.
pub(crate) struct Checkpoints<'a> {
    disk: &'a GuestDisk,
    runner: Rc<RefCell<Runner>>,
    /// The program has written to more at once than can be kept.
    has_overrun: bool,
    /// How often files had been changed that are on the disk.
    kept_changes: u64,
}

impl<'a> Checkpoints<'a> {
    /// For a program that has not run yet.
    pub(crate) fn new(disk: &'a GuestDisk, runner: Rc<RefCell<Runner>>) -> Self {
        let kept_changes = runner.borrow_mut().file_changes();
        Self {
            disk,
            runner,
            has_overrun: false,
            kept_changes,
        }
    }

    /// Whether the program has changed files since they were written to the disk.
    pub(crate) fn lack_files(&self) -> bool {
        self.runner.borrow_mut().file_changes() != self.kept_changes
    }

    /// Writes a checkpoint of the program, which is idle or suspended. None if there is no room,
    /// the device failed or the program has ended meanwhile; the next checkpoint has what this one
    /// would have had.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the program must not go on.
    pub(crate) fn write(&mut self, meantime: Meantime) -> Result<Option<Written>, Failure> {
        let meantime = match core::mem::take(&mut self.has_overrun) {
            true => Meantime::Stops,
            false => meantime,
        };
        let begin_ns = clock::monotonic_ns();
        let mut checkpoint = match self.begin() {
            Ok(checkpoint) => checkpoint,
            // It goes on without them for as long as it does not need them.
            Err(CheckpointError::Capture(CaptureError::Page(error))) => {
                status!("status not-checkpointed reason={error}");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let file_changes = self.runner.borrow_mut().file_changes();
        let pause_ns = (meantime == Meantime::Runs).then(|| {
            let mut runner = self.runner.borrow_mut();
            runner.run_in_turn();
            runner.take_longest_stop_ns()
        });
        if meantime == Meantime::Runs && !self.runner.borrow().lacks_pages() {
            let runner = self.runner.clone();
            self.disk.device().set_meanwhile(Some(runner));
        }
        let result = self.write_out(&mut checkpoint, meantime);
        // Nothing of a lost checkpoint is written any more when its space is used again.
        let finished = self.disk.device().finish_behind();
        self.disk.device().set_meanwhile(None);
        let metadata = checkpoint.metadata().len() as u64;
        match result {
            Ok((number, pages, bytes)) => {
                debug_assert!(finished.is_ok(), "a commit flushes");
                checkpoint.keep(number);
                self.kept_changes = file_changes;
                let mut runner = self.runner.borrow_mut();
                let total_ns = clock::monotonic_ns() - begin_ns;
                Ok(Some(Written {
                    number,
                    commit: self.disk.commit_number(),
                    // Who stops does so until all is written.
                    pause_ns: pause_ns.unwrap_or(total_ns),
                    longest_stop_ns: runner.take_longest_stop_ns(),
                    total_ns,
                    pages,
                    shortages: runner.take_shortages(),
                    bytes,
                    metadata,
                }))
            }
            Err(lost) => {
                drop(checkpoint);
                self.go_on_without(lost).map(|()| None)
            }
        }
    }

    fn begin(&mut self) -> Result<LiveCheckpoint, CheckpointError> {
        let mut runner = self.runner.borrow_mut();
        runner.take_longest_stop_ns();
        runner.store().begin_checkpoint()
    }

    /// Writes a checkpoint; returns its number, how many pages it took, and how many bytes.
    fn write_out(
        &mut self,
        checkpoint: &mut LiveCheckpoint,
        meantime: Meantime,
    ) -> Result<(u64, u64, u64), Lost> {
        let mut pending = self.disk.begin(checkpoint)?;
        let mut pages = 0;
        loop {
            self.make_room();
            let batch = checkpoint.lend_batch(BATCH)?;
            pages += batch.pages() as u64;
            let is_last = batch.is_last();
            self.disk.write(&mut pending, batch)?;
            if is_last {
                break;
            }
            if meantime == Meantime::Runs && self.runner.borrow_mut().run_in_turn() == Stop::Ended {
                return Err(Lost::Ended);
            }
        }
        self.disk
            .device()
            .finish_behind()
            .map_err(WriteError::from)?;
        let (number, bytes) = self.disk.commit(pending, checkpoint.metadata())?;
        Ok((number, pages, bytes))
    }

    /// Waits until the device can have another batch.
    fn make_room(&self) {
        let mut device = self.disk.device();
        device.advance();
        while device.kept_batches() >= BATCHES {
            device.finish_oldest_behind();
        }
    }

    /// Says why a checkpoint was not written, if the program can go on.
    fn go_on_without(&mut self, lost: Lost) -> Result<(), Failure> {
        match lost {
            Lost::Ended => {}
            Lost::Track(error) => {
                status!("status not-checkpointed reason={error}");
                // What happened once would happen again, while it runs.
                self.has_overrun = true;
            }
            Lost::Write(error @ (WriteError::Full { .. } | WriteError::Device(_))) => {
                status!("status not-checkpointed reason={error}");
            }
            Lost::Write(
                error @ (WriteError::Read(ReadError::Damaged(_)) | WriteError::NoGeneration { .. }),
            ) => {
                status!("status not-checkpointed reason={error}");
                // The one that it was to be based on is of no use.
                self.runner.borrow_mut().store().clear_checkpoint_base()?;
            }
            Lost::Write(WriteError::Read(ReadError::Device(error))) => {
                status!("status not-checkpointed reason={error}");
            }
            Lost::Write(error) => return Err(error.into()),
        }
        Ok(())
    }
}

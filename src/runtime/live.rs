//! Checkpoints of a store that runs on while it is written out.
//!
//! [`Store::begin_checkpoint`] takes everything but memory contents as metadata and draws a line
//! in each memory ([`Tracker::cut`]). What was written to since the checkpoint before is then
//! taken from the [`LiveCheckpoint`], as it was at the line, while the store runs. How that ended
//! decides what the next checkpoint has to take: what was not kept is due again.

use super::context::{AsContext, AsContextMut};
use super::host_parts::{self, HostParts, HostStateError};
use super::memory::MemoryEntry;
use super::{CaptureError, Store};
use crate::image::InstanceImage;
use crate::platform::PAGE_SIZE;
use crate::platform::tracking::{CutEnd, Loan, TrackError, Tracker};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use spin::Mutex;

/// Why a checkpoint could not be begun. The store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The store cannot be captured.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The host's state cannot be saved.
    #[error(transparent)]
    Host(#[from] HostStateError),
    /// The platform cannot track writes; [`Store::freeze`] needs no tracking.
    #[error("this platform cannot track writes to memory: freeze the store instead")]
    CannotTrack,
    /// The checkpoint before has not ended.
    #[error("another checkpoint of the store is still being written")]
    InProgress,
    /// The memory is no longer tracked.
    #[error(transparent)]
    Track(#[from] TrackError),
}

/// The generation that trackers count from: what was written to since is due.
#[derive(Debug, Default)]
pub(super) struct Base(Mutex<Option<u64>>);

impl Base {
    /// Sets the generation.
    pub(super) fn set(&self, number: Option<u64>) {
        *self.0.lock() = number;
    }
}

/// A checkpoint that is being written out, while its store may run. Dropping it abandons it.
pub struct LiveCheckpoint {
    metadata: Vec<u8>,
    page_counts: Vec<u64>,
    /// Of all memories; of none when it has ended.
    trackers: Vec<Arc<dyn Tracker>>,
    /// Memories in front of this one have been taken.
    memory: usize,
    base: Arc<Base>,
}

/// Pages on loan from a [`LiveCheckpoint`], as they were when it began. Dropping it gives them back.
#[derive(Default)]
pub struct LentBatch {
    /// With the memory that each is of.
    loans: Vec<(u32, Box<dyn Loan>)>,
    pages: usize,
    is_last: bool,
}

impl LentBatch {
    /// How many pages there are.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// Whether there are no more: all have been taken.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Adjacent pages: the memory, where in it they begin, in bytes, and their bytes, which stay
    /// where they are, as they are, for as long as the batch is there.
    pub fn runs(&self) -> Vec<(u32, usize, &[u8])> {
        let loans = self.loans.iter();
        let runs = loans.flat_map(|(memory, loan)| {
            let runs = loan.runs().into_iter();
            runs.map(|(start, bytes)| (*memory, start, bytes))
        });
        runs.collect()
    }
}

/// Prepares checkpoints of a store, also while it runs: [`Store::checkpoint_preparer`].
#[derive(Clone)]
pub struct CheckpointPreparer {
    trackers: Vec<Arc<dyn Tracker>>,
}

impl CheckpointPreparer {
    /// Does what the next checkpoint would else do while the store stands still, as far as it can
    /// be done before ([`Tracker::prepare`]): on Linux, it protects most of what was
    /// written to, and before the first checkpoint all that there is, which takes some 15 ms for each
    /// GiB that was touched. To be called right before the store is asked to suspend; what is written to
    /// afterwards is for [`Store::begin_checkpoint`].
    pub fn prepare(&self) {
        for tracker in &self.trackers {
            tracker.prepare();
        }
    }
}

impl<T: HostParts + 'static> Store<T> {
    /// What prepares checkpoints of the store, for its memories so far. It may be used by
    /// another thread while the store runs, and outlives it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::CannotTrack`].
    pub fn checkpoint_preparer(&mut self) -> Result<CheckpointPreparer, CheckpointError> {
        let trackers = self.trackers()?;
        Ok(CheckpointPreparer { trackers })
    }

    /// Begins a checkpoint of the store, which is idle or suspended at a suspend point, and can run on as soon as
    /// this returns. It takes no longer for a large memory than the platform needs to draw a
    /// line ([`Tracker::cut`]).
    ///
    /// The first checkpoint of a store is of all that its memories hold, each one behind it
    /// of what has changed since the last that was kept ([`LiveCheckpoint::base`]). Writers
    /// find at most [`Config::spare_pages`](super::Config::spare_pages) pages; see
    /// [`Self::is_short_of_spare_pages`].
    ///
    /// # Errors
    ///
    /// [`CheckpointError`].
    pub fn begin_checkpoint(&mut self) -> Result<LiveCheckpoint, CheckpointError> {
        let base = self.unused_base()?;
        self.load_for_first_checkpoint(&base)?;
        let host = host_parts::save(self.as_context_mut().into_data_mut())?;
        let image = InstanceImage {
            host,
            ..self.capture_metadata()?
        };
        let (metadata, page_counts) = (image.metadata_bytes(), image.page_counts());
        let mut checkpoint = LiveCheckpoint {
            metadata,
            page_counts,
            trackers: self.trackers()?,
            memory: 0,
            base,
        };
        checkpoint.cut()?;
        Ok(checkpoint)
    }

    /// Says that the store's memories hold exactly what generation `number` does, because
    /// the store has just been thawed from it: the next checkpoint is of what changes from now on. Of one that
    /// was thawed lazily, with [no base](super::LazyMemory::base), all pages are read for that.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`]; the next checkpoint is then one of everything.
    pub fn set_checkpoint_base(&mut self, number: u64) -> Result<(), CheckpointError> {
        let base = self.unused_base()?;
        self.load_for_first_checkpoint(&base)?;
        let trackers = self.trackers()?;
        let core = self.as_context_mut().into_core_mut();
        for (tracker, memory) in trackers.iter().zip(&core.memories) {
            tracker.forget(memory.len() as usize)?;
        }
        base.set(Some(number));
        Ok(())
    }

    /// Makes the next checkpoint one of everything, because the generation that it would be based on
    /// cannot be read any more.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::InProgress`].
    pub fn clear_checkpoint_base(&mut self) -> Result<(), CheckpointError> {
        let base = self.unused_base()?;
        let core = self.as_context_mut().into_core_mut();
        core.memories.iter_mut().for_each(MemoryEntry::untrack);
        base.set(None);
        Ok(())
    }

    /// A checkpoint without a base is of all pages: reads those that the store does not have yet, and
    /// has trackers count from nothing, which did not know of these when they were made.
    fn load_for_first_checkpoint(&mut self, base: &Base) -> Result<(), CaptureError> {
        if base.0.lock().is_some() {
            return Ok(());
        }
        let core = self.as_context_mut().into_core_mut();
        if core.memories.iter().any(|m| m.withheld_count() > 0) {
            core.load_pages()?;
            core.memories.iter_mut().for_each(MemoryEntry::untrack);
        }
        Ok(())
    }

    /// The base, if no checkpoint is being written that would change it.
    fn unused_base(&self) -> Result<Arc<Base>, CheckpointError> {
        let base = self.as_context().core().base.clone();
        match Arc::strong_count(&base) > 2 {
            true => Err(CheckpointError::InProgress),
            false => Ok(base),
        }
    }
}

impl<T: 'static> Store<T> {
    /// The trackers of all memories, of which new ones have none yet.
    pub(super) fn trackers(&mut self) -> Result<Vec<Arc<dyn Tracker>>, CheckpointError> {
        let interrupt = self.interrupt_handle();
        let core = self.as_context_mut().into_core_mut();
        // Some memories may come later.
        let spare_pages = core.engine.config().spare_pages / core.memories.len().max(1);
        let memories = core.memories.iter_mut();
        let trackers = memories.map(|memory| memory.tracker(spare_pages, &interrupt));
        trackers
            .collect::<Option<_>>()
            .ok_or(CheckpointError::CannotTrack)
    }
}

impl<T: 'static> Store<T> {
    /// Whether few spare pages are left for what the store writes to while a checkpoint of it is
    /// written out. It is suspended at the next suspend point when they get short
    /// ([`SuspendReason::Requested`](super::SuspendReason::Requested)), and had better not be resumed
    /// before [`LiveCheckpoint::take_pages`] has made more, or the checkpoint has ended: if it is, it
    /// takes other memory, within [`OVERDRAFT`](crate::platform::tracking::OVERDRAFT), and then the
    /// checkpoint is lost. Never so where writers wait by themselves, as on Linux.
    pub fn is_short_of_spare_pages(&self) -> bool {
        let core = self.as_context().into_core();
        core.memories.iter().any(MemoryEntry::is_short)
    }
}

impl LiveCheckpoint {
    fn cut(&mut self) -> Result<(), TrackError> {
        for (tracker, &pages) in self.trackers.iter().zip(&self.page_counts) {
            tracker.cut(pages as usize * PAGE_SIZE)?;
        }
        Ok(())
    }

    /// The store without the contents of its memories, as
    /// [`InstanceImage::metadata_bytes`] has it.
    pub fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    /// The length of each memory in pages of [`PAGE_SIZE`] bytes.
    pub fn page_counts(&self) -> &[u64] {
        &self.page_counts
    }

    /// The generation that this one is to be written on the base of: pages that are not taken
    /// hold what they do there. None: they are zeros.
    pub fn base(&self) -> Option<u64> {
        *self.base.0.lock()
    }

    /// Copies pages as they were when the checkpoint began to the beginning of `buffer`: the next
    /// ones, as many adjacent ones as fit. Returns the memory and where in it they lie, in bytes;
    /// None: all have been taken.
    ///
    /// # Errors
    ///
    /// [`TrackError`]; the checkpoint is to be dropped then.
    ///
    /// # Panics
    ///
    /// Panics if `buffer` has no room for a page.
    pub fn take_pages(
        &mut self,
        buffer: &mut [u8],
    ) -> Result<Option<(u32, Range<usize>)>, TrackError> {
        loop {
            match self.next_of_trackers(|tracker| tracker.take_due(buffer))? {
                Some((_, range)) if range.is_empty() => {}
                taken => return Ok(taken),
            }
        }
    }

    /// Lends pages as they were when the checkpoint began, at most `most`, wherever they lie: where the
    /// platform can, they are the very memory that the store's is made of, and whoever writes to it goes on with a
    /// copy ([`Tracker::lend_due`]). Returns fewer if it takes long to find more. Loans may be given back in any order, also after the checkpoint has ended; the
    /// store's spare pages are the fewer for as long as they are out.
    ///
    /// # Errors
    ///
    /// [`TrackError`]; the checkpoint is to be dropped then.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0.
    pub fn lend_batch(&mut self, most: usize) -> Result<LentBatch, TrackError> {
        assert!(most > 0, "no room for a page");
        let mut batch = LentBatch::default();
        while batch.pages < most {
            let left = most - batch.pages;
            match self.next_of_trackers(|tracker| tracker.lend_due(left))? {
                None => {
                    batch.is_last = true;
                    break;
                }
                Some((memory, loan)) => {
                    let bytes: usize = loan.runs().iter().map(|(_, bytes)| bytes.len()).sum();
                    if bytes == 0 {
                        break;
                    }
                    batch.pages += bytes / PAGE_SIZE;
                    batch.loans.push((memory, loan));
                }
            }
        }
        Ok(batch)
    }

    /// Shows `visit` pages as they were when the checkpoint began, at most `most`, wherever they lie: adjacent ones
    /// with their memory, where in that they begin, in bytes, and their bytes. Returns what it does; None: all
    /// have been taken, and it was not called. There may be no pages, if it takes long to find more.
    ///
    /// Where the platform can, the pages are shown in their place, and the store waits if it writes to
    /// one of them meanwhile ([`Tracker::visit_due`]); else they are lent, or copied.
    ///
    /// # Errors
    ///
    /// [`TrackError`]; the checkpoint is to be dropped then.
    ///
    /// # Panics
    ///
    /// Panics if `most` is 0, and may if `visit` uses the store.
    pub fn visit_pages<R>(
        &mut self,
        most: usize,
        mut visit: impl FnMut(&[(u32, usize, &[u8])]) -> R,
    ) -> Result<Option<R>, TrackError> {
        while let Some(tracker) = self.trackers.get(self.memory) {
            let mut result = None;
            tracker.visit_due(most, &mut |runs| {
                let runs = runs.iter();
                let runs = runs.map(|&(start, bytes)| (self.memory as u32, start, bytes));
                result = Some(visit(&runs.collect::<Vec<_>>()));
            })?;
            if result.is_some() {
                return Ok(result);
            }
            self.memory += 1;
        }
        Ok(None)
    }

    /// What the next tracker has, of all whose pages have not been taken, and which memory that is.
    fn next_of_trackers<R>(
        &mut self,
        mut take: impl FnMut(&dyn Tracker) -> Result<Option<R>, TrackError>,
    ) -> Result<Option<(u32, R)>, TrackError> {
        while let Some(tracker) = self.trackers.get(self.memory) {
            if let Some(taken) = take(&**tracker)? {
                return Ok(Some((self.memory as u32, taken)));
            }
            self.memory += 1;
        }
        Ok(None)
    }

    /// Ends the checkpoint, which has become generation `number`: the next one is of
    /// what was written to since.
    ///
    /// # Panics
    ///
    /// Panics if [`Self::take_pages`] has not said that all pages have been taken: a generation
    /// without them is not what the store was.
    pub fn keep(mut self, number: u64) {
        assert!(
            self.memory == self.trackers.len(),
            "a checkpoint was kept of which pages are missing"
        );
        for tracker in core::mem::take(&mut self.trackers) {
            tracker.end(CutEnd::Kept);
        }
        self.base.set(Some(number));
    }
}

impl Drop for LiveCheckpoint {
    fn drop(&mut self) {
        for tracker in &self.trackers {
            tracker.end(CutEnd::Abandoned);
        }
    }
}

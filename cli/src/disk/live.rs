//! Checkpoints that are written out while their store may run.

use std::time::{Duration, Instant};
use woodfrog::checkpoint::{BlockDevice, CheckpointStore, GuestId, MemoryPages, PAGE, WriteError};
use woodfrog::platform::tracking::TrackError;
use woodfrog::runtime::LiveCheckpoint;

/// Pages that are written at once: enough for a device, and few enough to be in a processor's cache until
/// their tags have been made. A guest that writes to one of them waits as long as that takes.
const BATCH: usize = 256;

/// A checkpoint on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The generation's number.
    pub number: u64,
    /// Pages that were due.
    pub pages: u64,
}

/// Why a checkpoint was not written. The disk's generations are as they were, and what was due is due in
/// the next one.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// What was due could not be had.
    #[error(transparent)]
    Track(#[from] TrackError),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Longer than a batch takes to be written where a copy of it would cost much. A guest waits for it once, and
/// then the pages are copied first, until batches are written faster again.
const SLOW: Duration = Duration::from_millis(2);

/// Writes a checkpoint to a disk, of whose generations so many are kept, and ends it. Pages are written
/// from where they lie, and a guest that writes to one meanwhile waits; from copies, where writes take long.
///
/// # Errors
///
/// [`LiveError`].
pub fn write_checkpoint<D: BlockDevice>(
    disk: &mut CheckpointStore<D>,
    guest: GuestId,
    mut checkpoint: LiveCheckpoint,
    time_ms: u64,
    keep: usize,
) -> Result<Written, LiveError> {
    let counts = checkpoint.page_counts().to_vec();
    let mut pending = disk.begin(guest, checkpoint.base(), &counts, time_ms)?;
    let (mut is_slow, mut is_last, mut pages) = (false, false, 0);
    while !is_last {
        let was_slow = is_slow;
        let mut write = |runs: &[(u32, usize, &[u8])]| {
            let runs = MemoryPages::lent(runs);
            let lengths = runs.iter().map(|run| run.bytes.len() / PAGE);
            pages += lengths.sum::<usize>() as u64;
            let start = Instant::now();
            let written = disk.write_pages(&mut pending, &runs);
            is_slow = start.elapsed() > SLOW;
            written
        };
        if was_slow {
            let batch = checkpoint.lend_batch(BATCH)?;
            write(&batch.runs())?;
            is_last = batch.is_last();
        } else {
            let written = checkpoint.visit_pages(BATCH, write)?;
            is_last = written.is_none();
            written.unwrap_or(Ok(()))?;
        }
    }
    let number = disk.commit(pending, checkpoint.metadata(), keep)?;
    checkpoint.keep(number);
    Ok(Written { number, pages })
}

//! Checkpoints that are written out while their store may run.

use std::ops::Range;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use woodfrog::checkpoint::{
    BlockDevice, CheckpointStore, GuestId, MemoryPages, PAGE, PageTagger, PageTags,
    PendingGeneration, WriteError,
};
use woodfrog::platform::tracking::TrackError;
use woodfrog::runtime::LiveCheckpoint;

/// Bytes that are taken from a checkpoint at once: much for a device, and little enough to be in a cache
/// when it is written.
const BATCH: usize = 2 << 20;

/// Batches that are taken before the first of them has been written.
const BATCHES: usize = 4;

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

/// Pages on their way from a checkpoint to a disk.
struct Batch {
    buffer: Vec<u8>,
    /// What is in the buffer, from its start on.
    runs: Vec<(u32, Range<usize>)>,
    tags: PageTags,
    /// Whether it has the last due pages.
    is_last: bool,
}

impl Batch {
    fn new() -> Self {
        Self {
            buffer: vec![0; BATCH],
            runs: Vec::new(),
            tags: PageTags::default(),
            is_last: false,
        }
    }

    fn take(
        &mut self,
        checkpoint: &mut LiveCheckpoint,
        tagger: &PageTagger,
    ) -> Result<(), TrackError> {
        self.runs.clear();
        self.is_last = checkpoint.take_batch(&mut self.buffer, &mut self.runs)?;
        self.tags = tagger.tag(&self.pages());
        Ok(())
    }

    fn pages(&self) -> Vec<MemoryPages<'_>> {
        MemoryPages::side_by_side(&self.runs, &self.buffer)
    }

    /// Writes it; returns how many pages it has.
    fn write<D: BlockDevice>(
        &self,
        disk: &mut CheckpointStore<D>,
        pending: &mut PendingGeneration,
    ) -> Result<u64, WriteError> {
        disk.write_tagged_pages(pending, &self.pages(), &self.tags)?;
        let lengths = self.runs.iter().map(|(_, range)| range.len() / PAGE);
        Ok(lengths.sum::<usize>() as u64)
    }
}

/// Writes a checkpoint to a disk, of whose generations so many are kept, and ends it. If there are many
/// pages, a thread of its own takes them and makes their tags, while others are written.
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
    let mut first = Batch::new();
    first.take(&mut checkpoint, &disk.page_tagger())?;
    let mut pages = first.write(disk, &mut pending)?;
    if !first.is_last {
        pages += write_rest(disk, &mut pending, &mut checkpoint, first)?;
    }
    let number = disk.commit(pending, checkpoint.metadata(), keep)?;
    checkpoint.keep(number);
    Ok(Written { number, pages })
}

fn write_rest<D: BlockDevice>(
    disk: &mut CheckpointStore<D>,
    pending: &mut PendingGeneration,
    checkpoint: &mut LiveCheckpoint,
    first: Batch,
) -> Result<u64, LiveError> {
    let (to_fill, empty) = mpsc::channel();
    let (to_write, filled) = mpsc::channel();
    let others = (1..BATCHES).map(|_| Batch::new());
    for batch in others.chain([first]) {
        to_fill.send(batch).expect("the receiver is here");
    }
    let tagger = disk.page_tagger();
    // All channels are the closure's: if a write fails, they end before the other thread is waited for.
    thread::scope(move |scope| {
        let taker = scope.spawn(move || take_rest(checkpoint, &tagger, empty, to_write));
        let mut pages = 0;
        for batch in filled {
            pages += batch.write(disk, pending)?;
            // Nobody takes more if that was the last.
            let _ = to_fill.send(batch);
        }
        taker.join().expect("pages are taken without panicking")?;
        Ok(pages)
    })
}

/// Takes pages until there are no more, or nobody wants them.
fn take_rest(
    checkpoint: &mut LiveCheckpoint,
    tagger: &PageTagger,
    empty: Receiver<Batch>,
    to_write: Sender<Batch>,
) -> Result<(), TrackError> {
    for mut batch in empty {
        batch.take(checkpoint, tagger)?;
        let is_last = batch.is_last;
        if to_write.send(batch).is_err() || is_last {
            break;
        }
    }
    Ok(())
}

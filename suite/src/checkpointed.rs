//! Guests of a scheduler that are checkpointed while they, and others, take their turns.

use crate::guests::{Data, image};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use woodfrog::checkpoint::{
    self, BlockDevice, CheckpointStore, DeviceError, FormatOptions, MemoryPages, Owner,
    PendingGeneration,
};
use woodfrog::image::StoredImage;
use woodfrog::platform::tracking::TrackError;
use woodfrog::runtime::{CheckpointError, LentBatch, LiveCheckpoint, Store};
use woodfrog::scheduler::GuestId;

/// Room for some generations of some dozen guests.
const DISK_BYTES: usize = 8 << 20;
const SECTOR: usize = 512;

/// A disk in memory.
struct MemoryDisk(Vec<u8>);

impl BlockDevice for MemoryDisk {
    fn block_size(&self) -> usize {
        SECTOR
    }

    fn block_count(&self) -> u64 {
        (self.0.len() / SECTOR) as u64
    }

    fn has_flush(&self) -> bool {
        true
    }

    fn read_blocks(&mut self, first: u64, buffer: &mut [u8]) -> Result<(), DeviceError> {
        buffer.copy_from_slice(&self.0[first as usize * SECTOR..][..buffer.len()]);
        Ok(())
    }

    fn write_blocks(&mut self, first: u64, data: &[u8]) -> Result<(), DeviceError> {
        self.0[first as usize * SECTOR..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

/// Checkpoints guests, one at a time, a page at a time.
pub(crate) struct Checkpointer {
    disk: CheckpointStore<MemoryDisk>,
    /// By their number in the scheduler.
    guests: BTreeMap<GuestId, checkpoint::GuestId>,
    current: Option<Writing>,
    /// How many checkpoints were written.
    pub written: u64,
}

/// A checkpoint that is being written out.
struct Writing {
    checkpoint: LiveCheckpoint,
    pending: PendingGeneration,
    guest: checkpoint::GuestId,
    /// Pages that are still to be written.
    lent: Option<LentBatch>,
    /// The guest's image when it began.
    image: Vec<u8>,
}

/// Pages that are written at once.
const BATCH: usize = 3;

impl Checkpointer {
    pub(crate) fn new() -> Self {
        let options = FormatOptions {
            disk_id: [1; 16],
            owner: Owner([2; 32]),
            key: None,
        };
        let device = MemoryDisk(vec![0; DISK_BYTES]);
        Self {
            disk: checkpoint::format(device, &options).expect("a disk"),
            guests: BTreeMap::new(),
            current: None,
            written: 0,
        }
    }

    /// Begins a checkpoint of a guest that does not run, unless one is being written. False: this
    /// system cannot track writes.
    pub(crate) fn begin(&mut self, number: GuestId, store: &mut Store<Data>) -> bool {
        if self.current.is_some() {
            return true;
        }
        let image = image(store);
        let checkpoint = match store.begin_checkpoint() {
            Err(CheckpointError::CannotTrack) => return false,
            begun => begun.expect("the guest can be captured"),
        };
        let disk = &mut self.disk;
        let guest = *self.guests.entry(number).or_insert_with(|| {
            let guest = checkpoint::Guest {
                name: format!("{}", number.0),
                ..checkpoint::Guest::default()
            };
            disk.add_guest(&guest).expect("room for a guest")
        });
        let pending = self
            .disk
            .begin(guest, checkpoint.base(), checkpoint.page_counts(), 1)
            .expect("the base is there");
        self.current = Some(Writing {
            checkpoint,
            pending,
            guest,
            lent: None,
            image,
        });
        true
    }

    /// Writes pages of the checkpoint, if there is one: those that were lent before the guests ran last,
    /// as a device would read them in the meantime.
    ///
    /// # Panics
    ///
    /// Panics if what has been written is something else than the guest when it began.
    pub(crate) fn step(&mut self) {
        let Some(mut current) = self.current.take() else {
            return;
        };
        if let Some(batch) = current.lent.take() {
            let pages = MemoryPages::lent(&batch.runs());
            let written = self.disk.write_pages(&mut current.pending, &pages);
            written.expect("room for pages");
            if batch.is_last() {
                return self.finish(current);
            }
        }
        match current.checkpoint.lend_batch(BATCH) {
            // The guest has ended or was parked.
            Err(TrackError::Gone) => {}
            Err(error) => panic!("{error}"),
            Ok(batch) => {
                current.lent = Some(batch);
                self.current = Some(current);
            }
        }
    }

    fn finish(&mut self, writing: Writing) {
        let metadata = writing.checkpoint.metadata();
        let number = self.disk.commit(writing.pending, metadata, 1);
        let number = number.expect("room for the metadata");
        writing.checkpoint.keep(number);
        let generation = self.disk.open_generation(writing.guest, number);
        let mut generation = generation.expect("it was written");
        let stored = StoredImage::read(&mut self.disk, &mut generation, &mut |_, _| {});
        let stored = stored.expect("it can be read");
        let bytes = stored.image().unverified().to_bytes();
        assert!(bytes == writing.image, "a checkpoint is of another moment");
        self.written += 1;
    }
}

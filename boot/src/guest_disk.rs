//! The program on the machine's disk: its lease, its generations, its end.

use crate::arch::clock;
use crate::drivers::{DiskError, VirtioDisk};
use crate::options::{CheckpointUse, LeaseUse, Options, ThawUse};
use crate::stored_pages::{SharedStore, StoredPages};
use crate::{info, status};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{RefCell, RefMut};
use woodfrog::checkpoint::{
    CheckpointStore, Guest, GuestId, GuestInfo, LeaseError, MemoryPages, OpenError, OpenOptions,
    Owner, PageRange, PendingGeneration, ReadError, WriteError,
};
use woodfrog::image::{GenerationError, RawImage, StoredImage};
use woodfrog::runtime::{LentBatch, LiveCheckpoint};

/// Why the disk or its program cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the variants say which stage failed")]
pub enum GuestDiskError {
    #[error("{0}")]
    Disk(#[from] DiskError),
    #[error("cannot open the disk: {0}")]
    Open(#[from] OpenError),
    #[error("cannot get the disk's lease: {0}")]
    Lease(#[from] LeaseError),
    #[error("there is no program on the disk")]
    Empty,
    #[error("there is no program \"{0}\" on the disk")]
    NoGuest(String),
    #[error("there are several programs on the disk; the option guest=NAME chooses one of {0:?}")]
    SeveralGuests(Vec<String>),
    #[error("cannot read the disk: {0}")]
    Read(#[from] ReadError),
    #[error("checkpoint {number} cannot be read: {error}")]
    Generation { number: u64, error: GenerationError },
    #[error("there is no checkpoint {0} on the disk")]
    NoCheckpoint(u64),
    #[error("cannot write to the disk: {0}")]
    Write(#[from] WriteError),
}

/// A program on a disk that this machine has the lease of.
pub struct GuestDisk {
    disk: SharedStore,
    guest: GuestId,
    /// How many checkpoints are kept.
    keep: usize,
}

/// A checkpoint that can be resumed.
pub enum StoredCheckpoint {
    /// It has been read as a whole.
    Whole(StoredImage),
    /// Its pages are still on the disk.
    Lazy(RawImage<'static>, Box<StoredPages>),
}

impl GuestDisk {
    /// Finds the machine's disk, gets its lease, and chooses the program.
    ///
    /// # Errors
    ///
    /// [`GuestDiskError`].
    pub fn open(options: &Options) -> Result<Self, GuestDiskError> {
        let open = OpenOptions {
            key: options.key,
            expect_commit: options.expect_commit,
        };
        let mut disk = CheckpointStore::open(VirtioDisk::find()?, &open)?;
        // What cannot be run need not be leased.
        choose(&disk, options)?;
        disk.set_compression(options.compression);
        let owner = Owner::new(&options.owner);
        match options.lease {
            LeaseUse::Acquire => disk.acquire(owner, now_ms(), options.lease_ms)?,
            LeaseUse::TakeOver => disk.take_over(owner, now_ms(), options.lease_ms)?,
        }
        // The lease's former owner may have changed what there is.
        let guest = choose(&disk, options)?;
        if options.checkpoint == CheckpointUse::Discard {
            disk.reset_guest(guest)?;
        }
        let keep = options.keep;
        let disk = Rc::new(RefCell::new(disk));
        Ok(Self { disk, guest, keep })
    }

    /// The program's exit status, if it has ended.
    pub fn exit_status(&self) -> Option<i32> {
        self.info().exit_status
    }

    fn info(&self) -> GuestInfo {
        let guest = self.disk.borrow().guest(self.guest);
        guest.expect("whoever has the lease alone removes guests")
    }

    /// The program.
    ///
    /// # Errors
    ///
    /// [`GuestDiskError::Read`].
    pub fn program(&self) -> Result<Guest, GuestDiskError> {
        Ok(self.disk.borrow_mut().read_guest(self.guest)?)
    }

    /// The checkpoint to go on from and its number: the newest that is whole, as far as it is
    /// read, or that which was asked for.
    ///
    /// # Errors
    ///
    /// [`GuestDiskError`]. Where others are damaged or cannot be read the first error is returned
    /// if no older one is whole either.
    pub fn checkpoint(
        &self,
        wanted: CheckpointUse,
        thaw: ThawUse,
    ) -> Result<Option<(u64, StoredCheckpoint)>, GuestDiskError> {
        if let CheckpointUse::Number(number) = wanted {
            let mut generations = self.info().generations.into_iter();
            if !generations.any(|generation| generation.number == number) {
                return Err(GuestDiskError::NoCheckpoint(number));
            }
            return self.read(number, thaw).map(|stored| Some((number, stored)));
        }
        let mut first_error = None;
        for generation in self.info().generations.into_iter().rev() {
            let number = generation.number;
            match self.read(number, thaw) {
                Ok(stored) => return Ok(Some((number, stored))),
                // What may be readable again must not send the program back in time.
                Err(
                    error @ GuestDiskError::Generation {
                        error: GenerationError::Read(ReadError::Damaged(_)),
                        ..
                    },
                ) => {
                    status!("status damaged checkpoint={number} reason={error}");
                    first_error = first_error.or(Some(error));
                }
                Err(error) => return Err(error),
            }
        }
        first_error.map_or(Ok(None), Err)
    }

    fn read(&self, number: u64, thaw: ThawUse) -> Result<StoredCheckpoint, GuestDiskError> {
        let read = || -> Result<StoredCheckpoint, GenerationError> {
            let mut disk = self.disk.borrow_mut();
            let mut generation = disk.open_generation(self.guest, number)?;
            Ok(match thaw {
                ThawUse::Lazy => {
                    let metadata = RawImage::read_metadata_of(&mut disk, &generation)?;
                    let pages = Box::new(StoredPages::new(self.disk.clone(), generation));
                    StoredCheckpoint::Lazy(metadata, pages)
                }
                ThawUse::Eager => {
                    let no_progress = &mut |_, _| {};
                    let image = StoredImage::read(&mut disk, &mut generation, no_progress)?;
                    StoredCheckpoint::Whole(image)
                }
            })
        };
        read().map_err(|error| GuestDiskError::Generation { number, error })
    }

    /// What the program needed first after its last thaw. It is a hint: one that cannot be read is
    /// none.
    pub fn working_set(&self) -> Vec<PageRange> {
        match self.disk.borrow_mut().working_set(self.guest) {
            Ok(pages) => pages.unwrap_or_default(),
            Err(error) => {
                info!("what the program needs first is not known: {error}");
                Vec::new()
            }
        }
    }

    /// Records what the program needed first after a thaw.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn set_working_set(&self, pages: &[PageRange]) -> Result<(), WriteError> {
        let mut disk = self.disk.borrow_mut();
        disk.set_working_set(self.guest, pages)
    }

    /// Begins to write a checkpoint.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn begin(&self, checkpoint: &LiveCheckpoint) -> Result<PendingGeneration, WriteError> {
        let counts = checkpoint.page_counts();
        let (guest, base) = (self.guest, checkpoint.base());
        let mut disk = self.disk.borrow_mut();
        disk.begin(guest, base, counts, now_ms())
    }

    /// Writes pages of a checkpoint straight from where they are. May return when the device has begun, which
    /// keeps them on loan until it is done.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn write(
        &self,
        pending: &mut PendingGeneration,
        batch: LentBatch,
    ) -> Result<(), WriteError> {
        let batch = Arc::new(batch);
        let pages = MemoryPages::lent(&batch.runs());
        let mut disk = self.disk.borrow_mut();
        disk.device_mut().share(Some(batch.clone()));
        let result = disk.write_pages(pending, &pages);
        disk.device_mut().share(None);
        result
    }

    /// Makes a checkpoint of which all pages have been written durable, and returns its number and how
    /// many bytes were written for it.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. All older checkpoints are there still.
    pub fn commit(
        &self,
        pending: PendingGeneration,
        metadata: &[u8],
    ) -> Result<(u64, u64), WriteError> {
        let committed = self.disk.borrow_mut().commit(pending, metadata, self.keep);
        let number = committed?;
        let newest = self.info().generations.pop();
        Ok((number, newest.expect("it was committed").written_bytes))
    }

    /// How often the disk has changed: what `expect_commit` can be next time.
    pub fn commit_number(&self) -> u64 {
        self.disk.borrow().commit_number()
    }

    /// The device. Nobody else uses the disk meanwhile.
    pub fn device(&self) -> RefMut<'_, VirtioDisk> {
        RefMut::map(self.disk.borrow_mut(), CheckpointStore::device_mut)
    }

    /// Records the program's exit status.
    ///
    /// # Errors
    ///
    /// [`GuestDiskError::Write`].
    pub fn write_exit_status(&self, status: i32) -> Result<(), GuestDiskError> {
        let mut disk = self.disk.borrow_mut();
        Ok(disk.set_exit_status(self.guest, Some(status))?)
    }

    /// Gives the lease back, so that another machine need not wait for its end.
    pub fn release(self) {
        if let Err(error) = self.disk.borrow_mut().release() {
            info!("the disk's lease was not given back: {error}");
        }
    }
}

/// The program that the options choose.
fn choose(
    disk: &CheckpointStore<VirtioDisk>,
    options: &Options,
) -> Result<GuestId, GuestDiskError> {
    if let Some(name) = &options.guest {
        let guest = disk.guest_named(name);
        let missing = || GuestDiskError::NoGuest(name.clone());
        return Ok(guest.ok_or_else(missing)?.id);
    }
    match &disk.guests()[..] {
        [] => Err(GuestDiskError::Empty),
        [guest] => Ok(guest.id),
        several => {
            let names = several.iter().map(|guest| guest.name.clone());
            Err(GuestDiskError::SeveralGuests(names.collect()))
        }
    }
}

/// Unix time in milliseconds: the clock of leases and generations.
fn now_ms() -> u64 {
    clock::realtime_ns() / 1_000_000
}

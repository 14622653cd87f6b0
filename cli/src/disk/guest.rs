//! A program on a disk that goes on from a checkpoint there.
//!
//! Its pages are read when it needs them, if the disk's lease can be had, so that nobody removes
//! them meanwhile. Else all of them are read before it runs, and the disk is left alone.

use super::args::WritableDisk;
use super::extract::read_generation;
use super::opened::{
    Disk, LEASE_MS, acquire, find_generation, find_guest, now_ms, open, open_file,
};
use super::{DiskError, LiveError, memory_bytes, read_program, write_checkpoint};
use crate::args::{CheckpointArgs, ResumeDiskArgs};
use crate::error::Failure;
use crate::progress::Progress;
use crate::session::Data;
use crate::{frames, report};
use spin::Mutex;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use woodfrog::checkpoint::{GuestId, LeaseError, PageRange, WriteError};
use woodfrog::image::{GenerationError, RawImage, StoredImage};
use woodfrog::module::Module;
use woodfrog::runtime::{
    BacktraceFrame, CheckpointError, GenerationPages, LazyMemory, LiveCheckpoint, PageError, Store,
};

/// A program on a disk.
#[derive(Clone)]
pub struct DiskGuest {
    path: PathBuf,
    disk: Arc<Mutex<Disk>>,
    guest: GuestId,
    /// The checkpoint that it goes on from.
    number: u64,
    access: Access,
}

/// What the command may do with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Read it, while others may write to it.
    Read,
    /// It has the lease.
    Leased,
}

/// A checkpoint of a program.
pub enum Checkpoint {
    /// It has been read as a whole.
    Whole {
        /// The checkpoint.
        stored: StoredImage,
        /// Its number, if the next one is to be based on it.
        base: Option<u64>,
    },
    /// Its pages are on the disk.
    Lazy(RawImage<'static>, LazyMemory),
}

impl DiskGuest {
    /// Finds a program on a disk. With `write_after_ms` a checkpoint is to be written to the disk so
    /// long after.
    ///
    /// # Errors
    ///
    /// [`Failure`].
    pub fn open(
        path: &Path,
        args: &ResumeDiskArgs,
        write_after_ms: Option<u64>,
    ) -> Result<Self, Failure> {
        let writable = WritableDisk {
            path: args.checkpoint.of_disk(path),
            take_over: args.take_over,
        };
        let is_lease_needed = write_after_ms.is_some() || args.take_over;
        let lease_ms = LEASE_MS.saturating_add(write_after_ms.unwrap_or(0));
        let (mut disk, access) = match args.eager && !is_lease_needed {
            true => (open(&writable.path)?, Access::Read),
            false => match lease(&writable, lease_ms) {
                Err(failure) if !is_lease_needed && is_read_only(&failure) => {
                    (open(&writable.path)?, Access::Read)
                }
                result => (result?, Access::Leased),
            },
        };
        match choose(&disk, path, &args.checkpoint) {
            Ok((guest, number)) => Ok(Self {
                path: path.to_owned(),
                disk: Arc::new(Mutex::new(disk)),
                guest,
                number,
                access,
            }),
            Err(error) => {
                release(&mut disk, access);
                Err(error.into())
            }
        }
    }

    /// The program's module, as it is on the disk: in wasm, or precompiled.
    ///
    /// # Errors
    ///
    /// [`DiskError::Read`].
    pub fn module(&self) -> Result<Vec<u8>, DiskError> {
        Ok(read_program(&mut self.disk.lock(), &self.path, self.guest)?.module)
    }

    /// The checkpoint. It is read as a whole if that is wanted, or if its pages could be gone
    /// before they are needed. `base` says that the next checkpoint is to be based on it.
    ///
    /// # Errors
    ///
    /// [`DiskError::Generation`].
    pub fn checkpoint(&self, is_eager: bool, is_base: bool) -> Result<Checkpoint, DiskError> {
        let mut disk = self.disk.lock();
        let base = is_base.then_some(self.number);
        if is_eager || self.access == Access::Read {
            let stored = read_generation(&mut disk, &self.path, self.guest, self.number)?;
            return Ok(Checkpoint::Whole { stored, base });
        }
        let open = || -> Result<_, GenerationError> {
            let generation = disk.open_generation(self.guest, self.number)?;
            let image = RawImage::read_metadata_of(&mut disk, &generation)?;
            Ok((generation, image))
        };
        let (generation, image) =
            { open }().map_err(|error| DiskError::generation(&self.path, self.number, error))?;
        let memory = LazyMemory {
            source: Box::new(GenerationPages::new(self.disk.clone(), generation)),
            base,
        };
        Ok(Checkpoint::Lazy(image, memory))
    }

    /// What the program needed first after its last thaw. A hint: one that cannot be read is none.
    pub fn working_set(&self) -> Vec<PageRange> {
        let read = self.disk.lock().working_set(self.guest);
        read.ok().flatten().unwrap_or_default()
    }

    /// Records what the program needed first after this thaw.
    ///
    /// # Errors
    ///
    /// [`DiskError::Write`], if another machine has the lease now. That it cannot be recorded
    /// otherwise is none.
    pub fn set_working_set(&self, pages: &[PageRange]) -> Result<(), DiskError> {
        match self.disk.lock().set_working_set(self.guest, pages) {
            Err(error @ WriteError::Fenced) => Err(DiskError::write(&self.path, error)),
            _ => Ok(()),
        }
    }

    /// Writes a checkpoint of the program, which is suspended, to the disk; returns its frames. Of
    /// a store that is based on another one only what has changed is written.
    ///
    /// # Errors
    ///
    /// [`Failure`]. The disk's checkpoints are as they were.
    pub fn write(
        &self,
        store: &mut Store<Data>,
        modules: &[&Module],
    ) -> Result<Vec<BacktraceFrame>, Failure> {
        match store.begin_checkpoint() {
            Ok(checkpoint) => {
                let metadata = RawImage::parse_metadata(checkpoint.metadata());
                let metadata = metadata.expect("it was encoded just now");
                self.write_changes(checkpoint)?;
                Ok(frames::of_image(metadata.unverified(), modules))
            }
            Err(CheckpointError::CannotTrack) => self.write_whole(store, modules),
            Err(error) => Err(error.into()),
        }
    }

    fn write_changes(&self, checkpoint: LiveCheckpoint) -> Result<(), Failure> {
        let disk = &mut self.disk.lock();
        match write_checkpoint(disk, self.guest, checkpoint, now_ms(), usize::MAX) {
            Ok(_) => Ok(()),
            Err(LiveError::Track(error)) => Err(CheckpointError::from(error).into()),
            Err(LiveError::Write(error)) => Err(DiskError::write(&self.path, error).into()),
        }
    }

    fn write_whole(
        &self,
        store: &mut Store<Data>,
        modules: &[&Module],
    ) -> Result<Vec<BacktraceFrame>, Failure> {
        let image = store.freeze()?;
        let total = memory_bytes(&image);
        let mut progress = Progress::new(format!("writing {}", self.path.display()));
        let on_progress = &mut |done| progress.set(done, total);
        let disk = &mut self.disk.lock();
        let written = image.write_generation(disk, self.guest, now_ms(), usize::MAX, on_progress);
        written.map_err(|error| DiskError::write(&self.path, error))?;
        Ok(frames::of_image(&image, modules))
    }

    /// Gives the lease back, if the command has it.
    pub fn release(&self) {
        release(&mut self.disk.lock(), self.access);
    }

    /// That a page of the checkpoint could not be read.
    pub fn page_failure(&self, source: PageError) -> DiskError {
        DiskError::Page {
            path: self.path.clone(),
            number: self.number,
            source,
        }
    }
}

/// The program and its checkpoint that options choose.
fn choose(disk: &Disk, path: &Path, args: &CheckpointArgs) -> Result<(GuestId, u64), DiskError> {
    let guest = find_guest(disk, path, args.guest.as_deref())?;
    let found = find_generation(&guest, path, args.number)?;
    if let Some(status) = guest.exit_status {
        report::note(&format!(
            "the program on this disk has ended, with status {status}; this is how it was before"
        ));
    }
    Ok(found)
}

/// Gives a lease back. That another machine has taken it over meanwhile changes nothing any more.
fn release(disk: &mut Disk, access: Access) {
    if access == Access::Leased {
        let _ = disk.release();
    }
}

/// Opens a disk and gets its lease.
fn lease(disk: &WritableDisk, lease_ms: u64) -> Result<Disk, Failure> {
    let mut opened = open_file(&disk.path, true)?;
    acquire(&mut opened, disk, lease_ms)?;
    Ok(opened)
}

/// Whether a disk can be read, but not be had for oneself.
fn is_read_only(failure: &Failure) -> bool {
    match failure {
        Failure::Disk(DiskError::Io { source, .. }) => matches!(
            source.kind(),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
        ),
        Failure::Disk(DiskError::Lease { source, .. }) => matches!(source, LeaseError::Held { .. }),
        _ => false,
    }
}

//! `woodfrog disk extract`: from a disk to files.

use super::args::ExtractArgs;
use super::opened::{Disk, find_generation, find_guest, open};
use super::{DiskError, read_program, wasm};
use crate::args::CheckpointArgs;
use crate::error::Failure;
use crate::files::archive_of;
use crate::progress::Progress;
use crate::{freeze, output};
use std::path::Path;
use woodfrog::checkpoint::GuestId;
use woodfrog::image::StoredImage;

/// Writes what was asked for to files.
///
/// # Errors
///
/// [`Failure`].
pub(super) fn extract(args: &ExtractArgs) -> Result<(), Failure> {
    let mut disk = open(&args.disk)?;
    let path = &args.disk.disk;
    let guest = find_guest(&disk, path, args.guest.as_deref())?;
    if let Some(file) = &args.module {
        let program = read_program(&mut disk, path, guest.id)?;
        output::write(file, wasm(&program.module)?)?;
    }
    let is_before_checkpoints = guest.generations.is_empty() && args.number.is_none();
    let mut files = args.files.as_deref();
    if let Some(file) = files.take_if(|_| is_before_checkpoints) {
        output::write(file, &read_program(&mut disk, path, guest.id)?.files)?;
    }
    if args.image.is_none() && files.is_none() {
        return Ok(());
    }
    let (guest, number) = find_generation(&guest, path, args.number)?;
    let stored = read_generation(&mut disk, path, guest, number)?;
    let image = stored.image();
    if let Some(file) = &args.image {
        freeze::write_image(image.unverified(), file)?;
    }
    if let Some(file) = files {
        output::write(file, &archive_of(image.unverified())?)?;
    }
    Ok(())
}

/// Reads a checkpoint and its program's module.
///
/// # Errors
///
/// [`Failure`] names the disk.
pub fn read_checkpoint(
    path: &Path,
    args: &CheckpointArgs,
) -> Result<(StoredImage, Vec<u8>), Failure> {
    let mut disk = open(&args.of_disk(path))?;
    let guest = find_guest(&disk, path, args.guest.as_deref())?;
    let (guest, number) = find_generation(&guest, path, args.number)?;
    let stored = read_generation(&mut disk, path, guest, number)?;
    Ok((stored, read_program(&mut disk, path, guest)?.module))
}

/// Reads a generation, with a progress bar.
pub(super) fn read_generation(
    disk: &mut Disk,
    path: &Path,
    guest: GuestId,
    number: u64,
) -> Result<StoredImage, DiskError> {
    let mut progress = Progress::new(format!("reading checkpoint {number}"));
    let on_progress = &mut |done, total| progress.set(done, total);
    let stored = disk
        .open_generation(guest, number)
        .map_err(Into::into)
        .and_then(|mut generation| StoredImage::read(disk, &mut generation, on_progress));
    stored.map_err(|error| DiskError::generation(path, number, error))
}

//! `woodfrog disk extract`: from a disk to files.

use super::args::ExtractArgs;
use super::opened::{Disk, find_generation, find_guest, open};
use super::{DiskError, read_program};
use crate::error::Failure;
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
        output::write(file, &read_program(&mut disk, path, guest.id)?.module)?;
    }
    if let Some(file) = &args.image {
        let (guest, number) = find_generation(&guest, path, args.number)?;
        let stored = read_generation(&mut disk, path, guest, number)?;
        let image = stored.image();
        freeze::write_image(image.unverified(), file)?;
    }
    Ok(())
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

//! `woodfrog disk fsck`: whether all that is on a disk is whole and makes sense.

use super::list::slot_line;
use super::{Access, Disk, DiskError, open};
use crate::error::Failure;
use crate::report;
use std::path::Path;
use woodfrog::image::RawImage;
use woodfrog::module::Module;
use woodfrog::two_slots::{Slot, SlotState};

/// Exit code for a damaged disk.
const EXIT_DAMAGED: u8 = 1;

/// Checks a disk, tells what it finds, and returns the exit code.
///
/// # Errors
///
/// [`Failure`], if not even the superblock is readable, or the device fails.
pub(super) fn check(path: &Path) -> Result<u8, Failure> {
    let mut disk = open(path, Access::Read)?;
    let mut text = String::from("superblock: good\n");
    let module = check_guest(&mut disk, &mut text);
    let mut is_good = module.is_ok();
    for slot in Slot::ALL {
        let state = disk.slot_state(slot);
        let state = state.map_err(|error| DiskError::read(path, error.into()))?;
        text += &slot_line(slot, &state);
        is_good &= match state {
            SlotState::Empty => true,
            SlotState::Damaged(_) => false,
            SlotState::Valid { .. } => {
                let module = module.as_ref().ok().and_then(Option::as_ref);
                check_image(&mut disk, path, slot, module, &mut text)?
            }
        };
    }
    text += if is_good { "good\n" } else { "damaged\n" };
    report::print_text(&text)?;
    Ok(if is_good { 0 } else { EXIT_DAMAGED })
}

/// The guest is there but damaged.
struct DamagedGuest;

/// Checks the guest; returns its module, if there is one.
fn check_guest(disk: &mut Disk, text: &mut String) -> Result<Option<Module>, DamagedGuest> {
    let guest = disk.guest().map_err(|error| {
        *text += &format!("module: {error}\n");
        DamagedGuest
    })?;
    if guest.module.is_empty() {
        *text += "module: none\n";
        return Ok(None);
    }
    match Module::decode(guest.module) {
        Ok(module) => {
            *text += "module: good\n";
            Ok(Some(module))
        }
        Err(error) => {
            *text += &format!("module: {error}\n");
            Err(DamagedGuest)
        }
    }
}

/// Checks that a slot's checkpoint is an image of the disk's module.
fn check_image(
    disk: &mut Disk,
    path: &Path,
    slot: Slot,
    module: Option<&Module>,
    text: &mut String,
) -> Result<bool, DiskError> {
    let found = disk.checkpoint(slot);
    let found = found.map_err(|error| DiskError::read(path, error))?;
    let Some(found) = found else {
        return Ok(false);
    };
    let fault = match (RawImage::parse(&found.bytes), module) {
        (Err(error), _) => error.to_string(),
        (Ok(_), None) => return Ok(true),
        (Ok(image), Some(module)) => match image.validate(&[module]) {
            Ok(_) => return Ok(true),
            Err(error) => error.to_string(),
        },
    };
    *text += &format!("slot {slot:?}: bad image: {fault}\n");
    Ok(false)
}

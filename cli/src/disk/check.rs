//! `woodfrog disk fsck`: whether all that is on a disk is whole and makes sense.

use super::args::DiskPath;
use super::opened::{Disk, open};
use super::{DiskError, read_program, wasm};
use crate::error::Failure;
use crate::files::new_memory_files;
use crate::progress::Progress;
use crate::report;
use std::path::Path;
use woodfrog::checkpoint::{GuestInfo, ReadError};
use woodfrog::image::{GenerationError, RawImage};
use woodfrog::module::Module;

/// Exit code for a damaged disk.
const EXIT_DAMAGED: u8 = 1;

/// Checks a disk, tells what it finds, and returns the exit code.
///
/// # Errors
///
/// [`Failure`], if the disk cannot even be opened, or the device fails.
pub(super) fn check(args: &DiskPath) -> Result<u8, Failure> {
    let mut disk = open(args)?;
    let path = &args.disk;
    let mut text = String::new();
    let mut progress = Progress::new(format!("checking {}", path.display()));
    let checked = disk.check(&mut |done, total| progress.set(done, total));
    let checked = checked.map_err(|error| DiskError::device(path, error))?;
    drop(progress);
    let mut is_good = checked.is_clean();
    for finding in &checked.findings {
        text += &match finding.is_harmless {
            true => format!("damaged, but there is another copy: {}\n", finding.damage),
            false => format!("damaged: {}\n", finding.damage),
        };
    }
    for guest in disk.guests() {
        is_good &= check_guest(&mut disk, path, &guest, &mut text)?;
    }
    text += &format!(
        "checked {} programs, {} checkpoints, {} pages\n",
        disk.guests().len(),
        checked.generations,
        checked.pages
    );
    text += if is_good { "good\n" } else { "damaged\n" };
    report::print_text(&text)?;
    Ok(if is_good { 0 } else { EXIT_DAMAGED })
}

/// Checks that a guest's module and files are valid, and that its generations are of it. What cannot be
/// read at all has been told before.
fn check_guest(
    disk: &mut Disk,
    path: &Path,
    guest: &GuestInfo,
    text: &mut String,
) -> Result<bool, DiskError> {
    let program = match read_program(disk, path, guest.id) {
        Ok(program) => program,
        Err(DiskError::Read {
            source: ReadError::Damaged(_),
            ..
        }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let name = &guest.name;
    let wasm = wasm(&program.module).map_err(|error| error.to_string());
    let decoded = wasm.and_then(|wasm| Module::decode(wasm).map_err(|error| error.to_string()));
    let module = match decoded {
        Ok(module) => module,
        Err(error) => {
            *text += &format!("{name}: bad module: {error}\n");
            return Ok(false);
        }
    };
    if let Err(error) = new_memory_files().unpack("", &program.files) {
        *text += &format!("{name}: bad files: {error}\n");
        return Ok(false);
    }
    let mut is_good = true;
    for generation in &guest.generations {
        let number = generation.number;
        let image = disk
            .open_generation(guest.id, number)
            .map_err(Into::into)
            .and_then(|generation| RawImage::read_metadata_of(disk, &generation));
        let fault = match image {
            Ok(image) => match image.validate(&[&module]) {
                Ok(_) => continue,
                Err(error) => error.to_string(),
            },
            Err(GenerationError::Read(ReadError::Damaged(_))) => {
                is_good = false;
                continue;
            }
            Err(GenerationError::Read(error)) => return Err(DiskError::read(path, error)),
            Err(error) => error.to_string(),
        };
        *text += &format!("{name}, checkpoint {number}: bad image: {fault}\n");
        is_good = false;
    }
    Ok(is_good)
}

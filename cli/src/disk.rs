//! `woodfrog disk`: makes and reads checkpoint disks in files.

mod args;
mod check;
mod device;
mod error;
mod list;

pub use args::DiskArgs;
pub use device::FileDevice;
pub use error::DiskError;

use crate::error::Failure;
use crate::{input, load, output, report};
use args::{AddArgs, CreateArgs, DiskCommand, ExtractArgs, GuestArgs};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use woodfrog::module::{Module, ModuleHash};
use woodfrog::two_slots::{self as checkpoint, CheckpointStore, Guest, Slot};

/// A disk in a file.
type Disk = CheckpointStore<FileDevice>;

/// Does what was asked for and returns the exit code.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn run(args: &DiskArgs) -> Result<u8, Failure> {
    match &args.command {
        DiskCommand::Create(args) => create(args),
        DiskCommand::Add(args) => add(args),
        DiskCommand::Ls(args) => report::print_text(&list::list(&args.disk)?).map(|()| 0),
        DiskCommand::Fsck(args) => check::check(&args.disk),
        DiskCommand::Extract(args) => extract(args),
    }
}

fn create(args: &CreateArgs) -> Result<u8, Failure> {
    let guest = read_guest(&args.guest)?.unwrap_or_default();
    let is_new = !args.disk.exists();
    if !is_new && !args.force {
        refuse_other_files(&args.disk)?;
    }
    let device = FileDevice::create(&args.disk, args.size)?;
    let result = checkpoint::format(device, &guest)
        .map_err(|error| DiskError::format(&args.disk, error).into())
        .and_then(|mut disk| match &args.guest.image {
            Some(image) => put_image(&mut disk, &args.disk, image),
            None => Ok(()),
        });
    if result.is_err() && is_new {
        // What is left of it would only be in the way.
        let _ = std::fs::remove_file(&args.disk);
    }
    result.map(|()| 0)
}

fn add(args: &AddArgs) -> Result<u8, Failure> {
    let mut disk = open(&args.disk, Access::Write)?;
    if let Some(guest) = read_guest(&args.guest)? {
        let device = disk.into_device();
        let formatted = checkpoint::format(device, &guest);
        disk = formatted.map_err(|error| DiskError::format(&args.disk, error))?;
    }
    if let Some(image) = &args.guest.image {
        put_image(&mut disk, &args.disk, image)?;
    }
    Ok(0)
}

fn extract(args: &ExtractArgs) -> Result<u8, Failure> {
    let mut disk = open(&args.disk, Access::Read)?;
    if let Some(path) = &args.module {
        let guest = read_disk_guest(&mut disk, &args.disk)?;
        if guest.module.is_empty() {
            return Err(DiskError::no_guest(&args.disk).into());
        }
        output::write(path, &guest.module)?;
    }
    if let Some(path) = &args.image {
        let found = match args.number {
            None => disk.latest(),
            Some(number) => checkpoint_numbered(&mut disk, number),
        };
        let found = found.map_err(|error| DiskError::read(&args.disk, error))?;
        let missing = || DiskError::no_checkpoint(&args.disk, args.number);
        output::write(path, &found.ok_or_else(missing)?.bytes)?;
    }
    Ok(0)
}

/// The complete checkpoint with this number.
fn checkpoint_numbered(
    disk: &mut Disk,
    number: u64,
) -> Result<Option<checkpoint::Checkpoint>, checkpoint::ReadError> {
    for slot in Slot::ALL {
        let found = disk.checkpoint(slot)?;
        if let Some(found) = found.filter(|found| found.sequence == number) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What a disk is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

fn open(path: &Path, access: Access) -> Result<Disk, DiskError> {
    let device = FileDevice::open(path, access == Access::Write)?;
    CheckpointStore::open(device).map_err(|error| DiskError::open(path, error))
}

fn read_disk_guest(disk: &mut Disk, path: &Path) -> Result<Guest, DiskError> {
    disk.guest().map_err(|error| DiskError::read(path, error))
}

/// Keeps `create` from overwriting a file that is neither empty nor a checkpoint disk.
fn refuse_other_files(path: &Path) -> Result<(), DiskError> {
    let device = FileDevice::open(path, false)?;
    if device.is_empty() || CheckpointStore::open(device).is_ok() {
        return Ok(());
    }
    Err(DiskError::NotOurs(path.to_owned()))
}

/// The guest that the options describe; None without a module.
fn read_guest(args: &GuestArgs) -> Result<Option<Guest>, Failure> {
    let Some(path) = &args.module else {
        return Ok(None);
    };
    let module = load::decode(path)?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let program_args = args.arg.iter().map(OsString::as_os_str);
    let argv = std::iter::once(name).chain(program_args);
    let envs = args.env.iter().map(|variable| {
        if !variable.contains('=') {
            return Err(Failure::MalformedOption {
                option: "--env",
                value: variable.clone(),
                expected: "NAME=VALUE",
            });
        }
        Ok(variable.clone().into_bytes())
    });
    Ok(Some(Guest {
        module: module.bytes.to_vec(),
        args: argv.map(|arg| arg.as_bytes().to_vec()).collect(),
        envs: envs.collect::<Result<_, _>>()?,
    }))
}

/// Writes an image file to a disk as its newest checkpoint.
fn put_image(disk: &mut Disk, disk_path: &Path, path: &Path) -> Result<(), Failure> {
    let guest = read_disk_guest(disk, disk_path)?;
    let bytes = input::read_image(path)?;
    let image = input::parse_image(path, &bytes)?;
    let is_of_guest = module_hash(&guest).is_some_and(|hash| image.modules().contains(&hash));
    if !is_of_guest {
        return Err(DiskError::OtherModule(path.to_owned()).into());
    }
    let written = disk.write_bytes(&bytes);
    written.map_err(|error| DiskError::write(disk_path, error))?;
    Ok(())
}

/// The identity of a disk's module; None if there is none, or it is invalid.
fn module_hash(guest: &Guest) -> Option<ModuleHash> {
    let module = Module::decode(guest.module.as_slice()).ok()?;
    Some(module.hash)
}

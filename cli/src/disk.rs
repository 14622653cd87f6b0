//! `woodfrog disk`: makes and reads checkpoint disks in files.

mod args;
mod check;
mod copy;
mod device;
mod error;
mod extract;
mod guest;
mod list;
mod live;
mod opened;

pub use args::DiskArgs;
pub use device::FileDevice;
pub use error::DiskError;
pub use extract::read_checkpoint;
pub use guest::{Checkpoint, DiskGuest};
pub use live::{LiveError, Written, write_checkpoint};

use crate::error::Failure;
use crate::progress::Progress;
use crate::{archive, input, load, report, run};
use args::{AddArgs, CreateArgs, DiskCommand, GcArgs, ProgramArgs, RmArgs};
use opened::{Disk, find_guest, now_ms, owner, read_key, with_lease};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use woodfrog::checkpoint::{self, Compression, FormatOptions, Guest, GuestId, Key};
use woodfrog::image::{InstanceImage, MemoryContents};
use woodfrog::module::{Module, ModuleHash};

/// Does what was asked for and returns the exit code.
///
/// # Errors
///
/// [`Failure`]; the exit code is then 1.
pub fn run(args: &DiskArgs) -> Result<u8, Failure> {
    match &args.command {
        DiskCommand::Create(args) => create(args).map(|()| 0),
        DiskCommand::Add(args) => add(args).map(|()| 0),
        DiskCommand::Ls(args) => report::print_text(&list::list(args)?).map(|()| 0),
        DiskCommand::Fsck(args) => check::check(args),
        DiskCommand::Extract(args) => extract::extract(args).map(|()| 0),
        DiskCommand::Gc(args) => gc(args).map(|()| 0),
        DiskCommand::Rm(args) => remove(args).map(|()| 0),
        DiskCommand::Copy(args) => copy::copy(args).map(|()| 0),
    }
}

fn create(args: &CreateArgs) -> Result<(), Failure> {
    let guest = read_guest(&args.program)?;
    let key = args.key.as_deref().map(read_key).transpose()?;
    let is_new = !args.disk.exists();
    if !is_new && !args.force {
        refuse_overwriting(&args.disk)?;
    }
    let result = format(args, key, guest.as_ref());
    if result.is_err() && is_new {
        // What is left of it would only be in the way.
        let _ = std::fs::remove_file(&args.disk);
    }
    result
}

/// Makes a new disk, with what is to be on it.
fn format(args: &CreateArgs, key: Option<Key>, guest: Option<&Guest>) -> Result<(), Failure> {
    let path = &args.disk;
    let device = FileDevice::create(path, args.size)?;
    let options = FormatOptions {
        disk_id: random_id().map_err(|source| DiskError::io(path, source))?,
        owner: owner(),
        key,
    };
    let formatted = checkpoint::format(device, &options);
    let mut disk = formatted.map_err(|error| DiskError::format(path, error))?;
    if let Some(guest) = guest {
        let id = add_guest(&mut disk, path, guest, false)?;
        if let Some(image) = &args.image {
            disk.set_compression(compression(args.compress));
            put_image(&mut disk, path, id, image)?;
        }
    }
    let released = disk.release();
    Ok(released.map_err(|error| DiskError::write(path, error))?)
}

fn random_id() -> std::io::Result<[u8; 16]> {
    let mut id = [0; 16];
    let mut filled = 0;
    while filled < id.len() {
        let flags = rustix::rand::GetRandomFlags::empty();
        filled += rustix::rand::getrandom(&mut id[filled..], flags)?;
    }
    Ok(id)
}

/// Keeps `create` from overwriting anything.
fn refuse_overwriting(path: &Path) -> Result<(), DiskError> {
    let device = FileDevice::open(path, false)?;
    if device.is_empty() {
        return Ok(());
    }
    let is_disk = checkpoint::is_checkpoint_disk(device);
    let path = path.to_owned();
    Err(match is_disk.unwrap_or(false) {
        true => DiskError::DiskExists(path),
        false => DiskError::NotOurs(path),
    })
}

fn add(args: &AddArgs) -> Result<(), Failure> {
    let guest = read_guest(&args.program)?;
    let path = &args.disk.path.disk;
    with_lease(&args.disk, |disk| {
        let id = match &guest {
            Some(guest) => add_guest(disk, path, guest, args.replace)?,
            None => find_guest(disk, path, args.guest.as_deref())?.id,
        };
        disk.set_compression(compression(args.compress));
        match &args.image {
            Some(image) => put_image(disk, path, id, image),
            None => Ok(()),
        }
    })
}

fn add_guest(
    disk: &mut Disk,
    path: &Path,
    guest: &Guest,
    may_replace: bool,
) -> Result<GuestId, DiskError> {
    let result = match disk.guest_named(&guest.name) {
        Some(old) if may_replace => disk.replace_guest(old.id, guest).map(|()| old.id),
        Some(_) => {
            return Err(DiskError::GuestExists {
                path: path.to_owned(),
                name: guest.name.clone(),
            });
        }
        None => disk.add_guest(guest),
    };
    result.map_err(|error| DiskError::write(path, error))
}

/// What `--compress` chooses.
fn compression(is_wanted: bool) -> Compression {
    match is_wanted {
        true => Compression::Lz4,
        false => Compression::None,
    }
}

fn gc(args: &GcArgs) -> Result<(), Failure> {
    let path = &args.disk.path.disk;
    let text = with_lease(&args.disk, |disk| {
        let guests = match &args.guest {
            Some(name) => vec![find_guest(disk, path, Some(name))?],
            None => disk.guests(),
        };
        let mut text = String::new();
        for guest in guests {
            let dropped = guest.generations.len().saturating_sub(args.keep);
            let result = disk.keep_newest(guest.id, args.keep);
            result.map_err(|error| DiskError::write(path, error))?;
            if dropped > 0 {
                text += &format!("{}: {dropped} checkpoints removed\n", guest.name);
            }
        }
        text += &list::usage_line(disk, path)?;
        Ok(text)
    })?;
    report::print_text(&text)
}

fn remove(args: &RmArgs) -> Result<(), Failure> {
    let path = &args.disk.path.disk;
    with_lease(&args.disk, |disk| {
        let guest = find_guest(disk, path, Some(&args.guest))?;
        let result = disk.remove_guest(guest.id);
        Ok(result.map_err(|error| DiskError::write(path, error))?)
    })
}

/// The guest that the options describe; None without a module.
fn read_guest(args: &ProgramArgs) -> Result<Option<Guest>, Failure> {
    let Some(path) = &args.module else {
        return Ok(None);
    };
    let module = load::decode(path)?;
    if !run::has_entry(&module) {
        report::note("the module exports no _start, so there is nothing to run for the kernel");
    }
    let program = path.file_name().unwrap_or(path.as_os_str());
    let program_args = args.arg.iter().map(OsString::as_os_str);
    let argv = std::iter::once(program).chain(program_args);
    let files = match (&args.dir, &args.tar) {
        (Some(dir), _) => archive::of_directory(dir)?,
        (None, Some(tar)) => load::archive(tar)?,
        (None, None) => Vec::new(),
    };
    let bytes = match args.precompile {
        true => load::precompile(path, args.cpu)?,
        false => module.bytes.to_vec(),
    };
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    let stem = || stem.to_string_lossy().into_owned();
    Ok(Some(Guest {
        name: args.name.clone().unwrap_or_else(stem),
        module: bytes,
        args: argv.map(|arg| arg.as_bytes().to_vec()).collect(),
        envs: load::environment(&args.env)?,
        files,
    }))
}

/// Writes an image file to a disk as the newest generation of a guest.
fn put_image(
    disk: &mut Disk,
    disk_path: &Path,
    guest: GuestId,
    path: &Path,
) -> Result<(), Failure> {
    let bytes = input::read_image(path)?;
    let image = input::parse_image(path, &bytes)?;
    let program = read_program(disk, disk_path, guest)?;
    if !module_hash(&program).is_some_and(|hash| image.modules().contains(&hash)) {
        return Err(DiskError::OtherModule(path.to_owned()).into());
    }
    let image = image.unverified();
    let total = memory_bytes(image);
    let mut progress = Progress::new(format!("writing {}", disk_path.display()));
    let on_progress = &mut |done| progress.set(done, total);
    let written = image.write_generation(disk, guest, now_ms(), usize::MAX, on_progress);
    written.map_err(|error| DiskError::write(disk_path, error))?;
    Ok(())
}

/// Bytes of an image's pages.
fn memory_bytes(image: &InstanceImage<'_>) -> u64 {
    let contents = image.memories.iter().map(|memory| &memory.contents);
    let runs = contents.flat_map(MemoryContents::page_runs);
    runs.map(|run| run.len_bytes() as u64).sum()
}

fn read_program(disk: &mut Disk, path: &Path, guest: GuestId) -> Result<Guest, DiskError> {
    let guest = disk.read_guest(guest);
    guest.map_err(|error| DiskError::read(path, error))
}

/// The identity of a guest's module; None if it is invalid.
fn module_hash(guest: &Guest) -> Option<ModuleHash> {
    let module = Module::decode(wasm(&guest.module).ok()?).ok()?;
    Some(module.hash)
}

/// The wasm of a module, which may be precompiled.
///
/// # Errors
///
/// [`DiskError::Precompiled`].
pub fn wasm(module: &[u8]) -> Result<&[u8], DiskError> {
    match woodfrog::runtime::Module::is_precompiled(module) {
        true => {
            woodfrog::runtime::Module::wasm_of_precompiled(module).map_err(DiskError::Precompiled)
        }
        false => Ok(module),
    }
}

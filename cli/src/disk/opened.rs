//! Disks that are open: for reading, or with their lease for writing.

use super::args::{DiskPath, WritableDisk};
use super::{DiskError, FileDevice};
use crate::error::Failure;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use woodfrog::checkpoint::{
    CheckpointStore, GuestId, GuestInfo, Key, LeaseError, OpenOptions, Owner,
};

/// A disk in a file.
pub(super) type Disk = CheckpointStore<FileDevice>;

/// How long the lease of this command lasts after its last commit: what is killed does not keep
/// others away for longer.
pub(super) const LEASE_MS: u64 = 60_000;

/// How much is read of a key's file: more than any has.
const MAX_KEY_FILE: u64 = 1024;

/// Opens a disk for reading.
pub(super) fn open(path: &DiskPath) -> Result<Disk, Failure> {
    open_file(path, false)
}

/// Opens a disk, does something with it that may write, and gives its lease back.
pub(super) fn with_lease<T>(
    disk: &WritableDisk,
    what: impl FnOnce(&mut Disk) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut opened = open_file(&disk.path, true)?;
    acquire(&mut opened, disk, LEASE_MS)?;
    let result = what(&mut opened);
    let released = opened.release();
    let result = result?;
    released.map_err(|error| DiskError::write(&disk.path.disk, error))?;
    Ok(result)
}

/// Gets the lease of a disk, for as long.
pub(super) fn acquire(
    opened: &mut Disk,
    disk: &WritableDisk,
    lease_ms: u64,
) -> Result<(), DiskError> {
    let path = &disk.path.disk;
    let claimed = match disk.take_over {
        true => opened.take_over(owner(), now_ms(), Some(lease_ms)),
        false => opened.acquire(owner(), now_ms(), Some(lease_ms)),
    };
    claimed.map_err(|error| match error {
        LeaseError::Open(error) => DiskError::open(path, error),
        error => DiskError::lease(path, error),
    })
}

pub(super) fn open_file(path: &DiskPath, is_writable: bool) -> Result<Disk, Failure> {
    let options = OpenOptions {
        key: path.key.as_deref().map(read_key).transpose()?,
        expect_commit: path.expect_commit,
    };
    let device = FileDevice::open(&path.disk, is_writable)?;
    let opened = CheckpointStore::open(device, &options);
    Ok(opened.map_err(|error| DiskError::open(&path.disk, error))?)
}

/// Reads a key's file.
pub(super) fn read_key(path: &Path) -> Result<Key, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_KEY_FILE).read_to_end(&mut bytes));
    read.map_err(|source| Failure::read(path, source))?;
    let raw = <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Key);
    let hex = || Key::from_hex(std::str::from_utf8(&bytes).ok()?.trim());
    let key = raw.or_else(hex);
    Ok(key.ok_or_else(|| DiskError::Key(path.to_owned()))?)
}

/// Who this process is among those that use a disk.
pub(super) fn owner() -> Owner {
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy();
    // The process comes first, lest a long name push it out.
    Owner::new(&format!("woodfrog {} {host}", std::process::id()))
}

/// Unix time in milliseconds: the clock of leases and generations.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

/// The guest of this name, or the only one.
pub(super) fn find_guest(
    disk: &Disk,
    path: &Path,
    name: Option<&str>,
) -> Result<GuestInfo, DiskError> {
    let path = path.to_owned();
    if let Some(name) = name {
        let missing = || DiskError::NoGuestNamed {
            path,
            name: name.to_owned(),
        };
        return disk.guest_named(name).ok_or_else(missing);
    }
    let mut guests = disk.guests();
    match guests.len() > 1 {
        true => Err(DiskError::SeveralGuests {
            path,
            names: guests.into_iter().map(|guest| guest.name).collect(),
        }),
        false => guests.pop().ok_or(DiskError::NoGuest(path)),
    }
}

/// The generation of this number, or the newest.
pub(super) fn find_generation(
    guest: &GuestInfo,
    path: &Path,
    number: Option<u64>,
) -> Result<(GuestId, u64), DiskError> {
    let mut numbers = guest.generations.iter().map(|generation| generation.number);
    let found = match number {
        Some(number) => numbers.find(|&found| found == number),
        None => numbers.next_back(),
    };
    let found = found.ok_or_else(|| DiskError::NoCheckpoint {
        path: path.to_owned(),
        number,
    })?;
    Ok((guest.id, found))
}

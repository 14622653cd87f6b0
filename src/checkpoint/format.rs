//! Making a disk, and its header.

use super::blocks::{Blocks, MIN_UNIT, SECTOR, is_supported_block_size};
use super::guests::RootRecord;
use super::lease::Tenure;
use super::nodes::Media;
use super::slots::SLOTS;
use super::tag::{Key, SEAL_LEN, Tagger};
use super::{BlockDevice, CheckpointStore, DeviceError, FormatError, OpenError, Owner, WriteError};
use alloc::vec;
use core::ops::Range;

/// The first bytes of a disk. The high bit and line ends of both kinds show at once when a
/// file went through a text conversion.
const MAGIC: [u8; 8] = *b"\x89WFDSK\r\n";

/// The format's version; raised by every incompatible change.
const VERSION: u32 = 3;

/// Bytes of the header before its seal.
const BODY_LEN: usize = SECTOR - SEAL_LEN;

/// Units that only dropping and the like may use, so that a full disk can be emptied.
pub(super) const RESERVED_UNITS: u64 = 48;

/// Fewest units of a disk: two headers, the slots, the reserve, and some for data.
const MIN_UNITS: u64 = 2 + 2 * SLOTS + RESERVED_UNITS + 46;

/// What a disk is made for.
#[derive(Clone, Copy, Debug)]
pub struct FormatOptions {
    /// Tells this disk from others: random bytes.
    pub disk_id: [u8; 16],
    /// Who makes it, and has its lease first.
    pub owner: Owner,
    /// The key without which nobody can write what the disk's owner would load.
    pub key: Option<Key>,
}

/// Where things are on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub disk_id: [u8; 16],
    pub unit_count: u64,
}

impl Geometry {
    /// The units of data and metadata.
    pub fn data(&self) -> Range<u64> {
        1 + SLOTS..self.unit_count - 1 - SLOTS
    }

    /// The first units of the two areas of slots.
    pub fn slot_areas(&self) -> [u64; 2] {
        [1, self.unit_count - 1 - SLOTS]
    }

    /// The units of the two headers.
    pub fn headers(&self) -> [u64; 2] {
        [0, self.unit_count - 1]
    }
}

/// Makes a device a checkpoint disk without guests. Whatever was on it is gone. The maker has
/// the lease, without an end.
///
/// # Errors
///
/// [`FormatError`]. If it is the device's, there may be neither the old disk nor the new one.
pub fn format<D: BlockDevice>(
    device: D,
    options: &FormatOptions,
) -> Result<CheckpointStore<D>, FormatError> {
    let block_size = device.block_size();
    if !is_supported_block_size(block_size) {
        return Err(FormatError::BlockSize(block_size));
    }
    if !device.has_flush() {
        return Err(FormatError::NoFlush);
    }
    let unit_bytes = block_size.max(MIN_UNIT);
    let size_bytes = u128::from(device.block_count()) * block_size as u128;
    // What the format can address: tree nodes and pages lie at u64 offsets.
    let size_bytes = u64::try_from(size_bytes).unwrap_or(u64::MAX) & (u64::MAX >> 8);
    let unit_count = size_bytes / unit_bytes as u64;
    if unit_count < MIN_UNITS {
        return Err(FormatError::TooSmall {
            size_bytes,
            needed_bytes: MIN_UNITS * unit_bytes as u64,
        });
    }
    let geometry = Geometry {
        disk_id: options.disk_id,
        unit_count,
    };
    let mut blocks = Blocks::new(device, unit_bytes);
    let tagger = Tagger::new(options.key);
    erase(&mut blocks, &geometry)?;
    let header = header_to_sector(&geometry, unit_bytes, &tagger);
    let media = Media {
        blocks,
        tagger,
        geometry,
    };
    let tenure = Tenure::first(options.owner);
    let mut store = CheckpointStore::new(media, RootRecord::default(), tenure);
    store.commit_first().map_err(|error| match error {
        WriteError::Device(error) | WriteError::Commit(error) => FormatError::Device(error),
        _ => FormatError::OutOfMemory { units: unit_count },
    })?;
    for unit in store.media.geometry.headers() {
        store.media.blocks.write_record(unit, &header)?;
    }
    store.media.blocks.flush()?;
    Ok(store)
}

/// Removes what would make an unfinished disk look like one.
fn erase<D: BlockDevice>(blocks: &mut Blocks<D>, geometry: &Geometry) -> Result<(), DeviceError> {
    for unit in geometry.headers() {
        blocks.write_record(unit, &[0; SECTOR])?;
    }
    blocks.flush()?;
    let zeros = vec![0; SLOTS as usize * blocks.unit_bytes];
    for area in geometry.slot_areas() {
        blocks.write(area, &zeros)?;
    }
    Ok(())
}

fn header_to_sector(geometry: &Geometry, unit_bytes: usize, tagger: &Tagger) -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    sector[0..8].copy_from_slice(&MAGIC);
    sector[8..12].copy_from_slice(&VERSION.to_le_bytes());
    sector[12..16].copy_from_slice(&(unit_bytes as u32).to_le_bytes());
    sector[16..32].copy_from_slice(&geometry.disk_id);
    sector[32..40].copy_from_slice(&geometry.unit_count.to_le_bytes());
    sector[40..44].copy_from_slice(&u32::from(tagger.is_keyed()).to_le_bytes());
    let seal = tagger.seal(&sector[..BODY_LEN]);
    sector[BODY_LEN..].copy_from_slice(&seal);
    sector
}

/// Whether a device has a header of a checkpoint disk, of whatever version and in whatever state.
///
/// # Errors
///
/// The device's.
pub fn is_checkpoint_disk<D: BlockDevice>(mut device: D) -> Result<bool, DeviceError> {
    let block_size = device.block_size();
    if !is_supported_block_size(block_size) || device.block_count() == 0 {
        return Ok(false);
    }
    let mut block = vec![0; block_size];
    device.read_blocks(0, &mut block)?;
    Ok(block.starts_with(&MAGIC))
}

/// Reads the header, or its copy at the end if the first is damaged.
pub(super) fn read_header<D: BlockDevice>(
    device: D,
    key: Option<Key>,
) -> Result<(Blocks<D>, Geometry), OpenError> {
    let block_size = device.block_size();
    if !is_supported_block_size(block_size) {
        return Err(OpenError::BlockSize(block_size));
    }
    if !device.has_flush() {
        return Err(OpenError::NoFlush);
    }
    if device.block_count() == 0 {
        return Err(OpenError::Empty);
    }
    let unit_bytes = block_size.max(MIN_UNIT);
    let mut blocks = Blocks::new(device, unit_bytes);
    let error = match read_header_at(&mut blocks, 0, key) {
        Ok((unit_bytes, geometry)) => {
            blocks.unit_bytes = unit_bytes;
            return Ok((blocks, geometry));
        }
        Err(error) => error,
    };
    let is_hopeless = matches!(
        error,
        OpenError::Version { .. } | OpenError::KeyNeeded | OpenError::NotKeyed
    );
    let block_count = blocks.device.block_count();
    let units = block_count / (unit_bytes / block_size) as u64;
    if units > 1
        && !is_hopeless
        && let Ok((unit_bytes, geometry)) = read_header_at(&mut blocks, units - 1, key)
    {
        blocks.unit_bytes = unit_bytes;
        return Ok((blocks, geometry));
    }
    Err(error)
}

/// Reads and checks one header; returns the disk's unit and geometry.
pub(super) fn read_header_at<D: BlockDevice>(
    blocks: &mut Blocks<D>,
    unit: u64,
    key: Option<Key>,
) -> Result<(usize, Geometry), OpenError> {
    let sector = blocks.read_record(unit)?;
    let found: [u8; 8] = *sector.first_chunk().expect("a sector has 8 bytes");
    if found != MAGIC {
        return Err(OpenError::Magic { found });
    }
    let u32_at = |at: usize| u32::from_le_bytes(*sector[at..].first_chunk().expect("4 bytes"));
    let u64_at = |at: usize| u64::from_le_bytes(*sector[at..].first_chunk().expect("8 bytes"));
    let found = u32_at(8);
    if found != VERSION {
        return Err(OpenError::Version {
            found,
            supported: VERSION,
        });
    }
    let (body, seal) = sector.split_at(BODY_LEN);
    match (u32_at(40), key) {
        (1, None) => return Err(OpenError::KeyNeeded),
        (0, Some(_)) => return Err(OpenError::NotKeyed),
        (1, Some(_)) if seal != Tagger::new(key).seal(body) => return Err(OpenError::WrongKey),
        (_, None) if seal != Tagger::new(key).seal(body) => return Err(OpenError::Header),
        (0 | 1, _) => {}
        _ => return Err(OpenError::Header),
    }
    let (unit_bytes, unit_count) = (u32_at(12), u64_at(32));
    let (block_size, block_count) = (blocks.block_size(), blocks.device.block_count());
    let unit = unit_bytes as usize;
    if !unit.is_power_of_two() || !(MIN_UNIT..=65536).contains(&unit) || unit < block_size {
        return Err(OpenError::Unit {
            unit_bytes,
            block_size,
        });
    }
    let units_there = block_count / (unit / block_size) as u64;
    if unit_count < MIN_UNITS || unit_count > units_there || unit_count > u64::MAX >> 20 {
        return Err(OpenError::Size {
            unit_count,
            unit_bytes,
            block_count,
            block_size,
        });
    }
    let disk_id = *sector[16..].first_chunk().expect("16 bytes");
    Ok((
        unit,
        Geometry {
            disk_id,
            unit_count,
        },
    ))
}

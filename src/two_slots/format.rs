//! Makes a checkpoint disk of a device.

use super::blocks::{Blocks, SECTOR, is_supported_block_size, unit_bytes};
use super::record::{
    FIRST_FREE_UNIT, MIN_SLOT_UNITS, RESULT_UNIT, Region, SUPERBLOCK_UNIT, Superblock,
};
use super::{BlockDevice, CheckpointStore, FormatError, Guest};
use alloc::vec::Vec;
use crc32fast::Hasher;

/// Makes a disk with this guest and no checkpoint; what was on the device is lost.
///
/// Module and settings get the room they need, the slots halve the rest. Until all is
/// written the device is no checkpoint disk, so an interruption leaves nothing
/// that looks like one.
///
/// # Errors
///
/// [`FormatError`]: the device has no flush or an unusual block size, is too
/// small, or fails.
pub fn format<D: BlockDevice>(device: D, guest: &Guest) -> Result<CheckpointStore<D>, FormatError> {
    let block_size = device.block_size();
    if !device.has_flush() {
        return Err(FormatError::NoFlush);
    }
    if !is_supported_block_size(block_size) {
        return Err(FormatError::BlockSize(block_size));
    }
    let mut blocks = Blocks {
        device,
        unit_bytes: unit_bytes(block_size),
    };
    let settings = settings_bytes(guest);
    let superblock = lay_out(&blocks, guest, &settings)?;

    let erased = [0; SECTOR];
    blocks.write_record(SUPERBLOCK_UNIT, &erased)?;
    blocks.flush()?;
    write_guest(
        &mut blocks,
        superblock.guest.first,
        &guest.module,
        &settings,
    )?;
    for unit in [
        RESULT_UNIT,
        superblock.slots[0].first,
        superblock.slots[1].first,
    ] {
        blocks.write_record(unit, &erased)?;
    }
    blocks.flush()?;
    blocks.write_record(SUPERBLOCK_UNIT, &superblock.to_sector())?;
    blocks.flush()?;
    Ok(CheckpointStore::new(blocks, superblock))
}

/// The smallest size in bytes of a device on which this guest can keep
/// checkpoints of up to `checkpoint_bytes` each.
pub fn required_size(block_size: usize, guest: &Guest, checkpoint_bytes: u64) -> u64 {
    let unit = unit_bytes(block_size) as u64;
    let guest_bytes = (guest.module.len() + settings_bytes(guest).len()) as u64;
    let slot_units = checkpoint_bytes.div_ceil(unit).max(1) + 1;
    (FIRST_FREE_UNIT + guest_bytes.div_ceil(unit) + 2 * slot_units) * unit
}

/// Arguments and environment as the disk has them.
fn settings_bytes(guest: &Guest) -> Vec<u8> {
    postcard::to_allocvec(&(&guest.args, &guest.envs)).expect("lists of bytes can be serialized")
}

/// Divides the device up.
fn lay_out<D: BlockDevice>(
    blocks: &Blocks<D>,
    guest: &Guest,
    settings: &[u8],
) -> Result<Superblock, FormatError> {
    let unit = blocks.unit_bytes as u64;
    let size_bytes = blocks
        .device
        .block_count()
        .saturating_mul(blocks.block_size() as u64);
    let unit_count = size_bytes / unit;
    let guest_len = (guest.module.len() + settings.len()) as u64;
    let region = Region {
        first: FIRST_FREE_UNIT,
        count: guest_len.div_ceil(unit),
    };
    let used = region.first + region.count;
    let slot_units = unit_count.saturating_sub(used) / 2;
    if slot_units < MIN_SLOT_UNITS {
        return Err(FormatError::TooSmall {
            size_bytes,
            needed_bytes: (used + 2 * MIN_SLOT_UNITS) * unit,
        });
    }
    let mut hasher = Hasher::new();
    hasher.update(&guest.module);
    hasher.update(settings);
    Ok(Superblock {
        unit_bytes: blocks.unit_bytes as u32,
        unit_count,
        guest: region,
        module_len: guest.module.len() as u64,
        settings_len: settings.len() as u64,
        guest_checksum: hasher.finalize(),
        slots: [used, used + slot_units].map(|first| Region {
            first,
            count: slot_units,
        }),
    })
}

/// Writes module and settings, one behind the other.
fn write_guest<D: BlockDevice>(
    blocks: &mut Blocks<D>,
    unit: u64,
    module: &[u8],
    settings: &[u8],
) -> Result<(), FormatError> {
    let block_size = blocks.block_size();
    let (whole, rest) = module.split_at(module.len() / block_size * block_size);
    blocks.write(unit, 0, whole)?;
    let mut tail = [rest, settings].concat();
    tail.resize(tail.len().next_multiple_of(block_size), 0);
    blocks.write(unit, (whole.len() / block_size) as u64, &tail)?;
    Ok(())
}

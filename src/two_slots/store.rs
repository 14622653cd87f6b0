//! A checkpoint disk in use: what it holds.

use super::blocks::{Blocks, is_supported_block_size};
use super::record::{
    CommitRecord, RESULT_UNIT, SUPERBLOCK_UNIT, Sector, Superblock, result_from_sector,
};
use super::{BlockDevice, DeviceError, Guest, OpenError, ReadError, SlotDamage};
use alloc::vec::Vec;

/// Which of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first one.
    A,
    /// The second one.
    B,
}

impl Slot {
    /// Both slots.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotState {
    /// No checkpoint has been committed to it.
    Empty,
    /// No complete checkpoint: one is half-written, or the medium is damaged.
    Damaged(SlotDamage),
    /// A complete checkpoint.
    Valid {
        /// Its number: checkpoints of a disk are numbered from 1.
        sequence: u64,
        /// Its length in bytes.
        len_bytes: u64,
    },
}

/// A checkpoint that was read back whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its number: checkpoints of a disk are numbered from 1.
    pub sequence: u64,
    /// What was written.
    pub bytes: Vec<u8>,
}

/// What is known of the slots without reading them again.
pub(super) enum Newest {
    /// Nothing yet.
    Unknown,
    /// Which slot holds the newest complete checkpoint, if any does.
    Known(Option<Slot>),
}

/// A checkpoint disk.
pub struct CheckpointStore<D> {
    pub(super) blocks: Blocks<D>,
    pub(super) superblock: Superblock,
    pub(super) newest: Newest,
    /// The highest number that was ever given to a checkpoint.
    pub(super) last_sequence: u64,
}

impl<D: BlockDevice> CheckpointStore<D> {
    /// The store on a disk that was just made.
    pub(super) fn new(blocks: Blocks<D>, superblock: Superblock) -> Self {
        Self {
            blocks,
            superblock,
            newest: Newest::Unknown,
            last_sequence: 0,
        }
    }

    /// Opens a disk. Reads the superblock only.
    ///
    /// # Errors
    ///
    /// [`OpenError`]: the device has no flush, is no checkpoint disk, or fails.
    pub fn open(device: D) -> Result<Self, OpenError> {
        let block_size = device.block_size();
        if !device.has_flush() {
            return Err(OpenError::NoFlush);
        }
        if !is_supported_block_size(block_size) {
            return Err(OpenError::BlockSize(block_size));
        }
        if device.block_count() == 0 {
            return Err(OpenError::Empty);
        }
        let mut blocks = Blocks {
            device,
            unit_bytes: block_size,
        };
        let superblock = Superblock::from_sector(&blocks.read_record(SUPERBLOCK_UNIT)?)?;
        let unit_bytes = superblock.unit_bytes;
        if !is_supported_block_size(unit_bytes as usize)
            || !(unit_bytes as usize).is_multiple_of(block_size)
        {
            return Err(OpenError::Unit {
                unit_bytes,
                block_size,
            });
        }
        let blocks_per_unit = u64::from(unit_bytes) / block_size as u64;
        let wanted = superblock.unit_count.checked_mul(blocks_per_unit);
        if wanted.is_none_or(|wanted| wanted > blocks.device.block_count()) {
            return Err(OpenError::Truncated {
                unit_count: superblock.unit_count,
                unit_bytes,
                block_count: blocks.device.block_count(),
                block_size,
            });
        }
        blocks.unit_bytes = unit_bytes as usize;
        Ok(Self::new(blocks, superblock))
    }

    /// The device.
    pub fn into_device(self) -> D {
        self.blocks.device
    }

    /// Most bytes of a checkpoint.
    pub fn capacity_bytes(&self) -> u64 {
        let units = self.superblock.slots.map(|slot| slot.count - 1);
        let units = units[0].min(units[1]);
        units.saturating_mul(self.blocks.unit_bytes as u64)
    }

    /// The guest.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: it is damaged, too large for the memory there is, or the device fails.
    pub fn guest(&mut self) -> Result<Guest, ReadError> {
        let superblock = &self.superblock;
        let len = superblock.guest_len().expect("checked when it was read");
        let (mut module, computed) = self.blocks.read(superblock.guest.first, len)?;
        let found = superblock.guest_checksum;
        if found != computed {
            return Err(ReadError::GuestChecksum { found, computed });
        }
        let settings = module.split_off(superblock.module_len as usize);
        match postcard::take_from_bytes(&settings) {
            Ok(((args, envs), [])) => Ok(Guest { module, args, envs }),
            _ => Err(ReadError::GuestSettings),
        }
    }

    /// The newest complete checkpoint; None if there is none.
    ///
    /// A slot whose medium is damaged counts as holding none.
    ///
    /// # Errors
    ///
    /// [`ReadError`]: there is not enough memory for it, or the device
    /// fails in a way that may go away.
    pub fn latest(&mut self) -> Result<Option<Checkpoint>, ReadError> {
        for slot in self.slots_newest_first()? {
            if let Some(checkpoint) = self.checkpoint(slot)? {
                self.newest = Newest::Known(Some(slot));
                return Ok(Some(checkpoint));
            }
        }
        self.newest = Newest::Known(None);
        Ok(None)
    }

    /// The checkpoint in a slot; None if it holds no complete one.
    ///
    /// # Errors
    ///
    /// As for [`Self::latest`].
    pub fn checkpoint(&mut self, slot: Slot) -> Result<Option<Checkpoint>, ReadError> {
        let Ok(Some(record)) = self.commit_record(slot)? else {
            return Ok(None);
        };
        let CommitRecord {
            sequence,
            len_bytes,
            checksum,
            ..
        } = record;
        match self.blocks.read(self.data_unit(slot), len_bytes) {
            Ok((bytes, computed)) if computed == checksum => {
                Ok(Some(Checkpoint { sequence, bytes }))
            }
            Ok(_) => Ok(None),
            Err(ReadError::Device(error)) => permanent(error).map(|_| None).map_err(Into::into),
            Err(error) => Err(error),
        }
    }

    /// What a slot holds, checked to the last byte.
    ///
    /// # Errors
    ///
    /// [`DeviceError`], if it may go away; else the slot counts as damaged.
    pub fn slot_state(&mut self, slot: Slot) -> Result<SlotState, DeviceError> {
        let record = match self.commit_record(slot)? {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(SlotState::Empty),
            Err(damage) => return Ok(SlotState::Damaged(damage)),
        };
        let len_bytes = record.len_bytes;
        Ok(
            match self.blocks.checksum(self.data_unit(slot), len_bytes) {
                Ok(computed) if computed == record.checksum => SlotState::Valid {
                    sequence: record.sequence,
                    len_bytes,
                },
                Ok(computed) => SlotState::Damaged(SlotDamage::Data {
                    found: record.checksum,
                    computed,
                }),
                Err(error) => SlotState::Damaged(permanent(error)?),
            },
        )
    }

    /// The exit status that was recorded with [`Self::write_result`]; None if there is none,
    /// or it is damaged.
    ///
    /// # Errors
    ///
    /// The device's.
    pub fn result(&mut self) -> Result<Option<i32>, DeviceError> {
        let sector = self.blocks.read_record(RESULT_UNIT)?;
        let guest = self.superblock.guest_checksum;
        Ok(match result_from_sector(&sector) {
            Sector::Valid((status, checksum)) if checksum == guest => Some(status),
            _ => None,
        })
    }

    /// First unit of a slot's data.
    pub(super) fn data_unit(&self, slot: Slot) -> u64 {
        self.superblock.slots[slot as usize].first + 1
    }

    /// The slots that may hold a checkpoint, the one with the higher number first.
    pub(super) fn slots_newest_first(&mut self) -> Result<Vec<Slot>, DeviceError> {
        let mut found = Vec::new();
        for slot in Slot::ALL {
            if let Ok(Some(record)) = self.commit_record(slot)? {
                self.last_sequence = self.last_sequence.max(record.sequence);
                found.push((record.sequence, slot));
            }
        }
        found.sort_by_key(|&(sequence, _)| core::cmp::Reverse(sequence));
        Ok(found.into_iter().map(|(_, slot)| slot).collect())
    }

    /// Reads a slot's commit record and checks it against the disk. None: the slot is empty.
    fn commit_record(
        &mut self,
        slot: Slot,
    ) -> Result<Result<Option<CommitRecord>, SlotDamage>, DeviceError> {
        let unit = self.superblock.slots[slot as usize].first;
        let sector = match self.blocks.read_record(unit) {
            Ok(sector) => sector,
            Err(error) => return permanent(error).map(Err),
        };
        Ok(match CommitRecord::from_sector(&sector) {
            Sector::Empty => Ok(None),
            Sector::Damaged => Err(SlotDamage::Record),
            Sector::Valid(record) if record.unit != unit => Err(SlotDamage::Misplaced {
                expected_unit: record.unit,
            }),
            Sector::Valid(record) if record.guest_checksum != self.superblock.guest_checksum => {
                Err(SlotDamage::OtherGuest)
            }
            Sector::Valid(record) if record.len_bytes > self.capacity_bytes() => {
                Err(SlotDamage::Length {
                    len_bytes: record.len_bytes,
                })
            }
            Sector::Valid(record) => Ok(Some(record)),
        })
    }
}

/// Takes a device's failure as damage of what was to be read, unless it may go away.
fn permanent(error: DeviceError) -> Result<SlotDamage, DeviceError> {
    match error {
        DeviceError::Transient { .. } => Err(error),
        error => Ok(SlotDamage::Unreadable(error)),
    }
}

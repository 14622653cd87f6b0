//! A checkpoint disk in use: writes that are complete or not there at all.

use super::blocks::{Blocks, MAX_REQUEST, SECTOR};
use super::record::{CommitRecord, RESULT_UNIT, result_to_sector};
use super::store::Newest;
use super::{BlockDevice, CheckpointStore, DeviceError, Slot, SlotState, WriteError};
use crate::image::{EncodedImage, ImageSink, InstanceImage};
use alloc::vec::Vec;
use crc32fast::Hasher;

impl<D: BlockDevice> CheckpointStore<D> {
    /// Makes an image the newest checkpoint, and returns its number. Memory goes from the
    /// running store to the device without a copy in between, where alignment allows.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; the newest checkpoint until then is still there.
    pub fn write_checkpoint(&mut self, image: &InstanceImage<'_>) -> Result<u64, WriteError> {
        self.write_encoded(&image.encode())
    }

    /// The same, for an image that is encoded already.
    ///
    /// # Errors
    ///
    /// As for [`Self::write_checkpoint`].
    pub fn write_encoded(&mut self, image: &EncodedImage<'_>) -> Result<u64, WriteError> {
        self.write_with(image.len_bytes(), |sink| image.write_to(sink))
    }

    /// The same, for an image that is bytes already.
    ///
    /// # Errors
    ///
    /// As for [`Self::write_checkpoint`].
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<u64, WriteError> {
        self.write_with(bytes.len() as u64, |sink| sink.write(bytes))
    }

    /// Removes all checkpoints and the result, so that the guest starts anew.
    ///
    /// # Errors
    ///
    /// The device's; some may then be left. The newest goes last, so that
    /// no older one takes its place.
    pub fn clear(&mut self) -> Result<(), DeviceError> {
        let newest = self.newest_slot()?.unwrap_or(Slot::A);
        self.newest = Newest::Unknown;
        for slot in [newest.other(), newest] {
            let unit = self.superblock.slots[slot as usize].first;
            self.blocks.write_record(unit, &[0; SECTOR])?;
            self.blocks.flush()?;
        }
        self.blocks.write_record(RESULT_UNIT, &[0; SECTOR])?;
        self.blocks.flush()?;
        self.newest = Newest::Known(None);
        Ok(())
    }

    /// Records the guest's exit status.
    ///
    /// # Errors
    ///
    /// The device's.
    pub fn write_result(&mut self, status: i32) -> Result<(), DeviceError> {
        let sector = result_to_sector(status, self.superblock.guest_checksum);
        self.blocks.write_record(RESULT_UNIT, &sector)?;
        self.blocks.flush()
    }

    /// Writes a checkpoint of `len_bytes` bytes, which `produce` gives.
    fn write_with(
        &mut self,
        len_bytes: u64,
        produce: impl FnOnce(&mut SlotWriter<'_, D>) -> Result<(), DeviceError>,
    ) -> Result<u64, WriteError> {
        let capacity_bytes = self.capacity_bytes();
        if len_bytes > capacity_bytes {
            return Err(WriteError::TooLarge {
                len_bytes,
                capacity_bytes,
            });
        }
        // What was read may still be in the device's cache: it must be durable
        // before the other slot, which may be all that is, is overwritten.
        self.blocks.flush()?;
        let slot = self.newest_slot()?.map_or(Slot::A, Slot::other);
        let sequence = self.last_sequence.checked_add(1);
        let sequence = sequence.ok_or(WriteError::NumbersExhausted)?;
        let checksum = self.write_data(slot, len_bytes, produce)?;
        let unit = self.superblock.slots[slot as usize].first;
        let record = CommitRecord {
            unit,
            sequence,
            len_bytes,
            checksum,
            guest_checksum: self.superblock.guest_checksum,
        };
        // From here on the number may be on the disk, so it is not given out again.
        self.last_sequence = sequence;
        let commit = self.blocks.write_record(unit, &record.to_sector());
        commit
            .and_then(|()| self.blocks.flush())
            .map_err(WriteError::Commit)?;
        self.newest = Newest::Known(Some(slot));
        Ok(sequence)
    }

    /// Writes and flushes the data of a slot; returns its checksum.
    fn write_data(
        &mut self,
        slot: Slot,
        len_bytes: u64,
        produce: impl FnOnce(&mut SlotWriter<'_, D>) -> Result<(), DeviceError>,
    ) -> Result<u32, DeviceError> {
        let unit = self.data_unit(slot);
        let mut writer = SlotWriter {
            blocks: &mut self.blocks,
            unit,
            next_block: 0,
            rest_bytes: len_bytes,
            buffer: Vec::with_capacity(MAX_REQUEST),
            hasher: Hasher::new(),
        };
        produce(&mut writer)?;
        let checksum = writer.finish()?;
        self.blocks.flush()?;
        Ok(checksum)
    }

    /// The slot of the newest complete checkpoint, from what is known or else from the disk.
    fn newest_slot(&mut self) -> Result<Option<Slot>, DeviceError> {
        if let Newest::Known(newest) = self.newest {
            return Ok(newest);
        }
        let mut newest = None;
        for slot in self.slots_newest_first()? {
            if matches!(self.slot_state(slot)?, SlotState::Valid { .. }) {
                newest = Some(slot);
                break;
            }
        }
        self.newest = Newest::Known(newest);
        Ok(newest)
    }
}

/// Writes a slot's data front to back: whole blocks as they come, pieces through a buffer.
struct SlotWriter<'b, D> {
    blocks: &'b mut Blocks<D>,
    unit: u64,
    /// Next block to write, counted from the unit's first.
    next_block: u64,
    /// How many bytes are still to come.
    rest_bytes: u64,
    buffer: Vec<u8>,
    hasher: Hasher,
}

impl<D: BlockDevice> ImageSink for SlotWriter<'_, D> {
    type Error = DeviceError;

    /// # Panics
    ///
    /// Panics if more bytes come than were announced.
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), DeviceError> {
        let rest = self.rest_bytes.checked_sub(bytes.len() as u64);
        self.rest_bytes = rest.expect("an image is as long as it says");
        self.hasher.update(bytes);
        let block_size = self.blocks.block_size();
        while !bytes.is_empty() {
            if self.buffer.len().is_multiple_of(block_size) && bytes.len() >= block_size {
                self.write_buffer()?;
                let (whole, rest) = bytes.split_at(bytes.len() / block_size * block_size);
                self.write_blocks(whole)?;
                bytes = rest;
            } else {
                let room = MAX_REQUEST - self.buffer.len();
                let aligned = self.buffer.len().next_multiple_of(block_size) - self.buffer.len();
                let room = if aligned == 0 { room } else { aligned };
                let (piece, rest) = bytes.split_at(bytes.len().min(room));
                self.buffer.extend_from_slice(piece);
                bytes = rest;
                if self.buffer.len() == MAX_REQUEST {
                    self.write_buffer()?;
                }
            }
        }
        Ok(())
    }
}

impl<D: BlockDevice> SlotWriter<'_, D> {
    fn write_blocks(&mut self, data: &[u8]) -> Result<(), DeviceError> {
        self.blocks.write(self.unit, self.next_block, data)?;
        self.next_block += (data.len() / self.blocks.block_size()) as u64;
        Ok(())
    }

    /// Writes the buffer, which holds whole blocks, and empties it.
    fn write_buffer(&mut self) -> Result<(), DeviceError> {
        let buffer = core::mem::take(&mut self.buffer);
        self.write_blocks(&buffer)?;
        self.buffer = buffer;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is left, padded to a whole block; returns the data's checksum.
    fn finish(mut self) -> Result<u32, DeviceError> {
        assert_eq!(self.rest_bytes, 0, "an image is as long as it says");
        let padded = self.buffer.len().next_multiple_of(self.blocks.block_size());
        self.buffer.resize(padded, 0);
        self.write_buffer()?;
        Ok(self.hasher.finalize())
    }
}

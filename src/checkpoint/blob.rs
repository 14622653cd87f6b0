//! Byte strings of any length: programs, metadata, working sets.

use super::nodes::Media;
use super::space::Extent;
use super::tag::{Kind, Tag};
use super::{BlockDevice, Damage, DeviceError, Fault, Part, ReadError};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Where a byte string is. What generations share is there twice, what belongs to one of them once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Blob {
    pub len_bytes: u64,
    pub tag: Tag,
    /// For each copy, the runs of units that hold it.
    pub copies: Vec<Vec<Extent>>,
}

impl<D: BlockDevice> Media<D> {
    /// Reads a blob, from whichever copy is whole.
    pub fn read_blob(&mut self, blob: &Blob, part: Part) -> Result<Vec<u8>, ReadError> {
        self.check_blob(blob, part)?;
        if blob.len_bytes == 0 {
            return Ok(Vec::new());
        }
        let mut first_fault = None;
        for copy in &blob.copies {
            match self.read_blob_copy(blob, copy)? {
                Ok(bytes) => return Ok(bytes),
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        let fault = first_fault.unwrap_or(Fault::Malformed);
        Err(Damage { part, fault }.into())
    }

    /// Checks that a blob's runs are where data can be, and hold all of it.
    pub fn check_blob(&self, blob: &Blob, part: Part) -> Result<(), Damage> {
        let units = self.blocks.units(blob.len_bytes);
        for copy in &blob.copies {
            let mut left = units;
            for extent in copy {
                let is_sound = extent.count > 0 && self.is_data(extent.first, extent.count);
                match left.checked_sub(extent.count) {
                    Some(rest) if is_sound => left = rest,
                    _ => {
                        let fault = Fault::Place { unit: extent.first };
                        return Err(Damage { part, fault });
                    }
                }
            }
            if left > 0 {
                let fault = Fault::Malformed;
                return Err(Damage { part, fault });
            }
        }
        Ok(())
    }

    /// Reads one copy of a blob whose runs have been checked.
    pub fn read_blob_copy(
        &mut self,
        blob: &Blob,
        copy: &[Extent],
    ) -> Result<Result<Vec<u8>, Fault>, ReadError> {
        let unit_bytes = self.blocks.unit_bytes;
        let no_memory = ReadError::OutOfMemory {
            len_bytes: blob.len_bytes,
        };
        let units = usize::try_from(self.blocks.units(blob.len_bytes)).map_err(|_| no_memory)?;
        let len = units.checked_mul(unit_bytes).ok_or(no_memory)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(|_| no_memory)?;
        for extent in copy {
            let start = bytes.len();
            bytes.resize(start + extent.count as usize * unit_bytes, 0);
            match self.blocks.read(extent.first, &mut bytes[start..]) {
                Ok(()) => {}
                Err(error @ DeviceError::Transient { .. }) => return Err(error.into()),
                Err(error) => return Ok(Err(Fault::Unreadable(error))),
            }
        }
        bytes.truncate(blob.len_bytes as usize);
        let is_right = self.tagger.is_right(Kind::Blob, &bytes, blob.tag);
        Ok(is_right.then_some(bytes).ok_or(Fault::Tag))
    }
}

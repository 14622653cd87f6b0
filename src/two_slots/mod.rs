//! Images made durable on a block device.
//!
//! A checkpoint disk holds one guest (its module, arguments and environment)
//! and two checkpoint slots that are used in turn. A checkpoint is written in
//! four steps: data to the slot that does not hold the newest checkpoint, flush, one
//! sector with the commit record, flush. So at every moment the newest
//! committed checkpoint lies untouched in the other slot, and whatever a loss of power
//! leaves of the unfinished one is told apart by its checksums.
//!
//! * [`BlockDevice`]: what an embedder implements. Devices without a flush are refused.
//! * [`format()`] makes a disk, [`CheckpointStore`] uses one.
//!
//! This module sees bytes only: what they mean is for [`crate::image`] to say.
//! The format is in `docs/disk-format.md`.

mod blocks;
mod device;
mod error;
mod format;
mod record;
mod store;
mod write;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use device::{BlockDevice, DeviceError, RETRIES};
pub use error::{FormatError, OpenError, ReadError, SlotDamage, WriteError};
pub use format::{format, required_size};
pub use store::{Checkpoint, CheckpointStore, Slot, SlotState};

use alloc::vec::Vec;

/// The program that a disk's checkpoints belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guest {
    /// The wasm module's bytes.
    pub module: Vec<u8>,
    /// Its arguments, the program's name first.
    pub args: Vec<Vec<u8>>,
    /// Its environment, each variable as `NAME=VALUE`.
    pub envs: Vec<Vec<u8>>,
}

//! What the device says of itself (virtio 1.2, sections 5.2.3 and 5.2.4), if it makes sense.

use super::error::DiskError;
use super::ring::max_segments;
use virtio_drivers::transport::Transport;

/// Bytes of the unit in which the device counts.
pub(super) const SECTOR: u64 = 512;

/// Features of devices.
const SIZE_MAX: u64 = 1 << 1;
const SEG_MAX: u64 = 1 << 2;
const READ_ONLY: u64 = 1 << 5;
const BLOCK_SIZE: u64 = 1 << 6;
const FLUSH: u64 = 1 << 9;
pub(super) const INDIRECT: u64 = 1 << 28;
pub(super) const VERSION_1: u64 = 1 << 32;
/// Those that the driver takes.
pub(super) const WANTED: u64 =
    SIZE_MAX | SEG_MAX | READ_ONLY | BLOCK_SIZE | FLUSH | INDIRECT | VERSION_1;

/// Fields of the configuration.
const CAPACITY: usize = 0;
const SIZE_MAX_AT: usize = 8;
const SEG_MAX_AT: usize = 12;
const BLOCK_SIZE_AT: usize = 20;

/// Most bytes of one request: enough for any device, and soon done.
const MAX_REQUEST: usize = 1 << 20;

/// What the device has and can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Sectors of 512 bytes.
    pub sectors: u64,
    /// Bytes of a block: requests are of whole ones.
    pub block: usize,
    /// Most pieces of memory of a request.
    pub segments: usize,
    /// Most bytes of such a piece.
    pub segment: usize,
    /// Most bytes of a request.
    pub request: usize,
    pub has_flush: bool,
    pub is_read_only: bool,
}

impl Limits {
    /// Reads the configuration of a device of which these features are in use.
    pub(super) fn read(transport: &impl Transport, features: u64) -> Result<Self, DiskError> {
        let word = |offset| transport.read_config_space::<u32>(offset);
        let optional = |feature, offset, default| match features & feature {
            0 => Ok(default),
            _ => word(offset).map(u64::from),
        };
        let fields = transport.read_consistent(|| {
            let capacity = [word(CAPACITY)?, word(CAPACITY + 4)?];
            Ok((
                u64::from(capacity[0]) | u64::from(capacity[1]) << 32,
                optional(SIZE_MAX, SIZE_MAX_AT, MAX_REQUEST as u64)?,
                // A device that does not say how many takes one.
                optional(SEG_MAX, SEG_MAX_AT, 1)?,
                optional(BLOCK_SIZE, BLOCK_SIZE_AT, SECTOR)?,
            ))
        });
        let (sectors, segment, segments, block) = fields.map_err(DiskError::Start)?;
        let checks = [
            ("capacity", sectors, sectors.checked_mul(SECTOR).is_some()),
            ("segment size", segment, segment >= SECTOR),
            ("number of segments", segments, segments > 0),
            (
                "block size",
                block,
                block.is_power_of_two() && (SECTOR..=1 << 16).contains(&block),
            ),
        ];
        if let Some(&(what, value, _)) = checks.iter().find(|(_, _, is_sensible)| !is_sensible) {
            return Err(DiskError::Nonsense { what, value });
        }
        Ok(Self {
            sectors,
            block: block as usize,
            segments: segments.min(max_segments(features & INDIRECT != 0) as u64) as usize,
            segment: segment.min(MAX_REQUEST as u64) as usize,
            request: MAX_REQUEST,
            has_flush: features & FLUSH != 0,
            is_read_only: features & READ_ONLY != 0,
        })
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> u64 {
        self.sectors / (self.block as u64 / SECTOR)
    }
}

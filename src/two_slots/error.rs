//! What can go wrong with a checkpoint disk: one enum per operation.

use super::DeviceError;

/// Why a disk could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The device has no flush, so nothing on it can be made durable.
    #[error("the device has no flush")]
    NoFlush,
    /// The device's block size is not a power of two from 512 to 65536.
    #[error("the device has blocks of {0} bytes")]
    BlockSize(usize),
    /// The device is too small for the guest and two slots.
    #[error("the device has {size_bytes} bytes, at least {needed_bytes} are needed")]
    TooSmall {
        /// Size of the device.
        size_bytes: u64,
        /// Smallest size that would do.
        needed_bytes: u64,
    },
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Why a device could not be opened as a checkpoint disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The device has no flush, so nothing on it can be made durable.
    #[error("the device has no flush")]
    NoFlush,
    /// The device's block size is not a power of two from 512 to 65536.
    #[error("the device has blocks of {0} bytes")]
    BlockSize(usize),
    /// The device has not even a superblock.
    #[error("the device is empty")]
    Empty,
    /// The first block is not a superblock.
    #[error("not a checkpoint disk: the magic number is {found:02x?}")]
    Magic {
        /// The bytes in its place.
        found: [u8; 8],
    },
    /// The superblock is damaged.
    #[error(
        "superblock checksum mismatch: {found:#010x} is stored, the block has {computed:#010x}"
    )]
    Checksum {
        /// The checksum in the superblock.
        found: u32,
        /// That of its bytes.
        computed: u32,
    },
    /// The format's version is unknown.
    #[error("disk format version {found} is unknown; this engine reads version {supported}")]
    Version {
        /// The disk's version.
        found: u32,
        /// The version that is read.
        supported: u32,
    },
    /// The disk's unit is not a multiple of the device's blocks.
    #[error(
        "the disk is laid out in units of {unit_bytes} bytes, the device has blocks of {block_size}"
    )]
    Unit {
        /// Bytes of a unit, as the superblock says.
        unit_bytes: u32,
        /// The device's block size.
        block_size: usize,
    },
    /// The disk was made for a larger device.
    #[error(
        "the disk has {unit_count} units of {unit_bytes} bytes, the device only {block_count} blocks of {block_size}"
    )]
    Truncated {
        /// Units of the disk, as the superblock says.
        unit_count: u64,
        /// Bytes of a unit.
        unit_bytes: u32,
        /// Blocks of the device.
        block_count: u64,
        /// Bytes of a block.
        block_size: usize,
    },
    /// The superblock's regions overlap, are out of order or out of range.
    #[error("the region at unit {first} of {count} units overlaps another or the end of the disk")]
    Region {
        /// First unit of the region.
        first: u64,
        /// How many units.
        count: u64,
    },
    /// The guest is longer than its region.
    #[error("a guest of {module_len} + {settings_len} bytes does not fit its region")]
    GuestLength {
        /// Length of the module in bytes.
        module_len: u64,
        /// Length of the settings in bytes.
        settings_len: u64,
    },
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Why the guest, a checkpoint or the result could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is not enough memory to read it into.
    #[error("no memory for {len_bytes} bytes")]
    OutOfMemory {
        /// How long it is.
        len_bytes: u64,
    },
    /// The guest is damaged.
    #[error("guest checksum mismatch: {found:#010x} is stored, its bytes have {computed:#010x}")]
    GuestChecksum {
        /// The checksum in the superblock.
        found: u32,
        /// That of the guest's bytes.
        computed: u32,
    },
    /// The guest's arguments and environment are not what the format says.
    #[error("the guest's settings are malformed")]
    GuestSettings,
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Why a checkpoint could not be written. The checkpoint before it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The checkpoint is larger than a slot; nothing has been written.
    #[error("a checkpoint of {len_bytes} bytes does not fit a slot of {capacity_bytes}")]
    TooLarge {
        /// Length of the checkpoint.
        len_bytes: u64,
        /// How much fits into a slot.
        capacity_bytes: u64,
    },
    /// The disk's checkpoint numbers are used up: it was tampered with.
    #[error("no checkpoint number is left")]
    NumbersExhausted,
    /// The device failed before the commit: the checkpoint does not exist.
    #[error("before the commit: {0}")]
    Device(#[from] DeviceError),
    /// The device failed at the commit: after a loss of power, the checkpoint
    /// may turn out to exist or not.
    #[error("at the commit: {0}")]
    Commit(DeviceError),
}

/// What is wrong with a slot that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotDamage {
    /// The commit record is torn or overwritten.
    #[error("the commit record is damaged")]
    Record,
    /// The commit record belongs elsewhere.
    #[error("the commit record belongs to unit {expected_unit}")]
    Misplaced {
        /// Where it belongs.
        expected_unit: u64,
    },
    /// The checkpoint was made of another guest.
    #[error("the checkpoint is of another guest")]
    OtherGuest,
    /// The data is longer than the slot.
    #[error("the record claims {len_bytes} bytes")]
    Length {
        /// The length in the record.
        len_bytes: u64,
    },
    /// The data is not what was committed: it is being overwritten, or damaged.
    #[error("data checksum mismatch: {found:#010x} is stored, the data has {computed:#010x}")]
    Data {
        /// The checksum in the record.
        found: u32,
        /// That of the data.
        computed: u32,
    },
    /// The device cannot read it.
    #[error("unreadable: {0}")]
    Unreadable(DeviceError),
}
